"""Hosts that die and hosts that are cut off, while citizens write. ``bench/scale_out.py`` is the long form."""

from __future__ import annotations

import time

import pytest

from tests.chaos.__main__ import settle
from tests.chaos.citizens import Crowd
from tests.chaos.spread import spread_house
from tests.journeys.house import wait_for


@pytest.mark.timeout(300)
def test_nothing_is_lost_with_a_host() -> None:
    with spread_house() as house:
        crowd = Crowd(house)
        crowd.start(per_second=6)
        wait_for(lambda: len(house.outside.all_given()) >= 5, seconds=60, of="the first answers")
        with house.holding("work-a", "decision"):
            house.lose_power("work-a")
            time.sleep(1)
            house.host("web-a").cut_off()
            time.sleep(2)
            house.host("web-a").join_again()
            sent = crowd.stop()
            proof = settle(house, sent)
        assert (proof.lost, proof.double) == ([], [])
        assert proof.messages > 20
        assert house.tend() == []
