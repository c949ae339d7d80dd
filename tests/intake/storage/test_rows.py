"""Rows as JSON, as PostgreSQL reads them again."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from intake.domain.report import State
from intake.runtime import Runtime
from intake.storage.rows import as_json

MOMENT = datetime(2026, 11, 21, 8, 0, 0, 123_456, tzinfo=ZoneInfo("Asia/Jayapura"))


def test_moments_and_enumerations_come_back_as_they_were(rt: Runtime) -> None:
    rows = as_json(
        [{"at": MOMENT, "state": State.TERTUNDA, "words": ['a"b', "ñ\n"], "deep": {"share": 0.9846}, "no": None}]
    )
    with rt.engine.connect() as connection:
        row = connection.execute(
            text("""select * from jsonb_to_recordset(cast(:rows as jsonb)) as given (
                        at timestamptz, state text, words text[], deep jsonb, no boolean)"""),
            {"rows": rows},
        ).one()
    assert row.at == MOMENT.astimezone(UTC)
    assert (row.state, row.words, row.deep, row.no) == ("tertunda", ['a"b', "ñ\n"], {"share": 0.9846}, None)


@pytest.mark.parametrize("value", [object(), 2**64, "\ud800"])
def test_what_the_database_could_not_keep_is_refused_here(value: object) -> None:
    with pytest.raises(TypeError):
        as_json([{"value": value}])
