"""The spool: what an SMS gateway would drop while the database is away, kept and received in order, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
import time_machine
from sqlalchemy import Engine, text

from channels.messages import Headers, InboundRequest
from intake.runtime import Runtime
from intake.spool import Spool, SpoolFailed
from intake.storage import quarantine
from intake.storage.database import open_engine
from intake.storage.quarantine import Limits
from tests.factories import OUR_NUMBER, PHONE
from tests.fakes import PROOF


def a_request(number: int) -> InboundRequest:
    fields = {"id": f"SM{number}", "from": PHONE, "to": OUR_NUMBER, "text": f"laporan {number} \u00e9\u0000"}
    return InboundRequest(
        "http://127.0.0.1/hooks/sms_twilio", Headers({"X-Proof": PROOF}), urlencode(fields).encode(),
        form=tuple((name, value.replace("\u0000", "")) for name, value in fields.items()),
    )  # fmt: skip


@pytest.fixture
def away() -> Iterator[Engine]:
    engine = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none")
    yield engine
    engine.dispose()


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def texts(rt: Runtime) -> list[str]:
    with rt.engine.connect() as connection:
        return list(connection.execute(text("select text from message order by id")).scalars())


def test_kept_while_the_database_is_away_and_received_in_order(rt: Runtime, spool: Spool, away: Engine) -> None:
    for number in range(5):
        spool.keep("sms_twilio", "message", a_request(number))
    assert spool.receive_all(replace(rt, engine=away)) == 0
    assert len(spool.waiting()) == 5
    assert spool.receive_all(rt) == 5
    assert texts(rt) == [f"laporan {number} \u00e9" for number in range(5)]
    assert spool.waiting() == []
    assert spool.receive_all(rt) == 0


def test_a_message_keeps_the_moment_at_which_it_came(rt: Runtime, spool: Spool) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC), tick=False):
        spool.keep("sms_twilio", "message", a_request(1))
    [path] = spool.waiting()
    record = json.loads(path.read_text())
    del record["arrived_at"]
    record["form"][0] = ["id", "SM2"]  # and one as the release before wrote it
    path.with_name(f"{path.name.removesuffix('.json')}b.json").write_text(json.dumps(record))
    assert spool.receive_all(rt) == 2
    with rt.engine.connect() as connection:
        moments = connection.execute(
            text("select m.received_at, r.opened_at from message m join report r on r.id = m.id")
        ).all()
    assert moments == [(datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC),) * 2] * 2


def test_a_full_quarantine_leaves_the_file_where_a_person_finds_it(rt: Runtime, spool: Spool) -> None:
    full = replace(rt, quarantine_limits=Limits(most_requests=1))
    for number in range(3):
        spool.keep("sms_twilio", "message", replace(a_request(1), form=(), body=b"%d" % number))
    spool.receive_all(full)
    assert (spool.look().waiting, spool.look().refused) == (0, 2)
    with rt.engine.connect() as connection:
        assert len(quarantine.waiting(connection)) == 1
        assert quarantine.refusals(connection) == {("sms_twilio", "quarantine_full"): 2}


def test_received_twice_is_one_message(rt: Runtime, spool: Spool) -> None:
    spool.keep("sms_twilio", "message", a_request(1))
    [path] = spool.waiting()
    content = path.read_bytes()
    spool.receive_all(rt)
    path.write_bytes(content)  # as if we had died between the commit and the removal
    assert spool.receive_all(rt) == 1
    assert len(texts(rt)) == 1


def test_a_damaged_file_does_not_hold_the_others_up(rt: Runtime, spool: Spool) -> None:
    spool.keep("sms_twilio", "message", a_request(1))
    (spool.folder / "00000000000000000001-x.json").write_bytes(b"{half")
    spool.keep("sms_twilio", "message", a_request(2))
    spool.receive_all(rt)
    assert len(texts(rt)) == 2
    assert [path.suffix for path in spool.folder.iterdir() if path.name[0] != "."] == [".unreadable"]


def test_what_the_database_never_takes_does_not_hold_the_others_up(rt: Runtime, spool: Spool) -> None:
    poison = replace(a_request(1), form=(("id", "SM1"), ("from", PHONE), ("to", OUR_NUMBER), ("text", "a\x00b")))
    spool.keep("sms_twilio", "message", poison)
    spool.keep("sms_twilio", "message", a_request(2))
    assert spool.receive_all(rt) == 2
    assert len(texts(rt)) == 1
    with rt.engine.connect() as connection:
        assert len(quarantine.waiting(connection)) == 1


def test_one_that_takes_the_database_too_long_is_left_for_later(rt: Runtime, spool: Spool) -> None:
    for number in (1, 2):
        spool.keep("sms_twilio", "message", a_request(number))
    impatient = open_engine(rt.settings.database_url, statement_timeout_ms=300)
    with rt.engine.begin() as connection:  # somebody is writing the very same message
        receive_again = text("insert into message (id, channel, external_id, sender, recipient, text, answerable)"
                             " values (1, 'sms_twilio', 'SM1', '', '', '', false)")  # fmt: skip
        connection.execute(receive_again)
        assert spool.receive_all(replace(rt, engine=impatient)) == 1
        connection.rollback()
    impatient.dispose()
    assert len(spool.waiting()) == 1
    assert spool.receive_all(rt) == 1
    assert len(texts(rt)) == 2


def test_a_channel_that_is_gone_does_not_hold_the_others_up(rt: Runtime, spool: Spool) -> None:
    spool.keep("sms_gone", "message", a_request(1))
    spool.keep("sms_twilio", "message", a_request(2))
    assert spool.receive_all(rt) == 1
    assert [path.suffix for path in spool.folder.iterdir() if path.name[0] != "."] == [".refused"]


def test_many_at_once_are_all_kept_while_others_are_taken_out(rt: Runtime, spool: Spool) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = [pool.submit(spool.keep, "sms_twilio", "message", a_request(number)) for number in range(400)]
        received = 0
        while not all(each.done() for each in kept):
            received += spool.receive_all(rt)
    for each in kept:
        each.result()
    received += spool.receive_all(rt)
    assert received == 400
    assert len(texts(rt)) == 400


def test_a_full_spool_refuses(spool: Spool) -> None:
    small = Spool(spool.folder, most_bytes=1000)
    small.keep("sms_twilio", "message", a_request(1))

    def fill() -> None:
        for number in range(10):
            small.keep("sms_twilio", "message", a_request(number))

    with pytest.raises(SpoolFailed):
        fill()
    assert 1 <= len(small.waiting()) < 10
    assert not [path for path in small.folder.iterdir() if path.name.startswith(".") and path.name != ".lock"]


def test_a_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SpoolFailed):
        Spool(tmp_path / "file" / "spool").keep("sms_twilio", "message", a_request(1))


def test_only_its_owner_may_read_it(spool: Spool) -> None:
    spool.keep("sms_twilio", "message", a_request(1))
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    assert spool.waiting()[0].stat().st_mode & 0o777 == 0o600
