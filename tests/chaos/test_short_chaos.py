"""A storm of half a minute: a crowd on every channel while everything is struck, in an order that a seed decides.

``make chaos`` is the long one.
"""

from __future__ import annotations

import random

import pytest

from tests.chaos.__main__ import settle
from tests.chaos.citizens import Crowd
from tests.chaos.house import (
    ask_a_worker_to_leave,
    cut_lines,
    fill_disks,
    flush_valkey,
    kill_a_connection,
    kill_a_worker,
    kill_relay,
    kill_the_database,
    kill_valkey,
    kill_web,
    providers_refuse,
    providers_take_and_die,
    receipts_come_backwards,
    struck_house,
)

SEED = 20_261_121
LEAST_MESSAGES = 60
BLOWS = (
    kill_a_worker, kill_web, kill_a_connection, providers_take_and_die, kill_a_worker, flush_valkey, kill_relay,
    kill_the_database, providers_refuse, kill_valkey, cut_lines, ask_a_worker_to_leave, receipts_come_backwards,
    kill_a_worker,
)  # fmt: skip


@pytest.mark.timeout(400)
def test_nothing_is_lost_and_nothing_is_said_twice() -> None:
    dice = random.Random(SEED)
    with struck_house(dice) as house:
        crowd = Crowd(house)
        crowd.start(per_second=8)
        blows = [*BLOWS, fill_disks] if house.disks else list(BLOWS)
        dice.shuffle(blows)
        for blow in blows:
            blow(house)
        crowd.wait_for(LEAST_MESSAGES)
        sent = crowd.stop()
        proof = settle(house, sent)
        assert (proof.lost, proof.double) == ([], [])
        for name, processes in house.processes.items():
            assert [process.poll() for process in processes] == [None] * len(processes), name
