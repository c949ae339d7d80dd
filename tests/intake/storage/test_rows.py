"""Rows as JSON, as PostgreSQL reads them again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from intake.active_model import classify_here
from intake.domain.report import State
from intake.runtime import Runtime
from intake.storage.rows import as_json
from intake.understand.locate import locate

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


class _Pair(NamedTuple):
    one: str
    other: str


class _Share(float):
    pass


@pytest.mark.parametrize(
    "value", [object(), 2**64, "\ud800", _Pair("a", "b"), _Share(0.5), {State.TERTUNDA: 1}, {1: "a"}]
)
def test_what_is_not_plain_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        as_json([{"value": value}])


@pytest.mark.parametrize(
    "words", ["jalan rusak parah di desa Tegal Rejo kec Lawang Kidul kab Muara Enim", "", "tolong", "Bogor"]
)
def test_what_was_understood_is_plain(words: str) -> None:
    for found in (locate(words), classify_here(words)):
        assert json.loads(as_json([found.as_dict()])) == [json.loads(json.dumps(found.as_dict()))]
