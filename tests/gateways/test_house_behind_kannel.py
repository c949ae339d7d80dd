"""SMS through a real Kannel while the database is stopped in the middle: every one kept, every one answered once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateways.house_behind_kannel import house_behind_kannel, run

pytestmark = pytest.mark.gateways


def test_the_database_stops_for_a_while_and_nobody_notices(tmp_path: Path) -> None:
    with house_behind_kannel(tmp_path) as behind:
        run(behind, messages=150, outage_seconds=3)
        assert behind.house.figures("select count(*), count(distinct external_id) from message") == [(150, 150)]
        assert behind.house.figures("select count(*) from report") == [(150,)]
        assert set(behind.received().values()) == {1}
        assert "request_spooled" in behind.house.log("web")
