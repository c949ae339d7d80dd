"""The doors of the house: forged is refused and counted, unreadable is kept, the database's no is told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from channels.channel import Forged, Unreadable
from channels.messages import Ack, Headers, InboundMessage, InboundRequest
from intake.delivery import note_delivery
from intake.receive import receive_request, replay
from intake.runtime import Runtime
from intake.storage import quarantine
from intake.storage.database import Unavailable, open_engine
from tests.factories import OUR_NUMBER, PHONE
from tests.fakes import PROOF, FakeChannel

FIELDS = {"id": "SM1", "from": PHONE, "to": OUR_NUMBER, "text": "jalan rusak"}


def a_request(fields: dict[str, str], *, proof: str = PROOF) -> InboundRequest:
    return InboundRequest(
        "http://127.0.0.1:8080/hooks/sms_twilio",
        Headers({"X-Proof": proof, "Content-Type": "application/x-www-form-urlencoded", "Authorization": "secret"}),
        body=urlencode(fields).encode(),
        form=tuple(fields.items()),
    )


def count(rt: Runtime, table: str) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


@dataclass
class Broken(FakeChannel):
    """A channel with a fault of ours in it."""

    def parse(self, request: InboundRequest) -> InboundMessage:
        return InboundMessage(request.form[99][1], "", "", "")


def test_a_genuine_request_is_kept_and_acknowledged(rt: Runtime) -> None:
    assert receive_request(rt, "sms_twilio", a_request(FIELDS)).ack is Ack.ACCEPTED
    assert receive_request(rt, "sms_twilio", a_request(FIELDS)).ack is Ack.DUPLICATE
    assert count(rt, "message") == 1


def test_a_forged_request_is_refused_and_counted_and_nothing_is_kept(rt: Runtime) -> None:
    for _ in range(3):
        with pytest.raises(Forged):
            receive_request(rt, "sms_twilio", a_request(FIELDS, proof="guess"))
    with pytest.raises(Forged):
        note_delivery(rt, "sms_twilio", a_request({"mid": "1", "status": "sent"}, proof=""))
    with rt.engine.connect() as connection:
        assert quarantine.refusals(connection) == {("sms_twilio", "forged"): 4}
    assert (count(rt, "message"), count(rt, "quarantine"), count(rt, "delivery_report")) == (0, 0, 0)


def test_what_cannot_be_read_is_kept_as_it_came_and_acknowledged(rt: Runtime) -> None:
    unreadable = {**FIELDS, "id": ""}
    for _ in range(2):
        assert receive_request(rt, "sms_twilio", a_request(unreadable)).ack is Ack.QUARANTINED
    with rt.engine.connect() as connection:
        [kept] = quarantine.waiting(connection)
        _, _, headers, body = quarantine.raw(connection, kept.id)
    assert (kept.reason, kept.times) == ("no id", 2)
    assert b"jalan+rusak" in body
    assert "secret" not in str(headers)


def test_a_fault_of_ours_in_reading_loses_nothing_and_is_mended_by_replay(rt: Runtime) -> None:
    broken = replace(rt, channels={"sms_twilio": Broken("sms_twilio", "sms")})
    assert receive_request(broken, "sms_twilio", a_request(FIELDS)).ack is Ack.QUARANTINED
    assert count(rt, "message") == 0
    with rt.engine.connect() as connection:
        [kept] = quarantine.waiting(connection)
    assert replay(rt, kept.id).ack is Ack.ACCEPTED
    assert count(rt, "message") == 1
    with rt.engine.connect() as connection:
        assert quarantine.waiting(connection) == []


def test_what_is_still_unreadable_stays_in_quarantine(rt: Runtime) -> None:
    receive_request(rt, "sms_twilio", a_request({**FIELDS, "id": ""}))
    with rt.engine.connect() as connection:
        [kept] = quarantine.waiting(connection)
    with pytest.raises(Unreadable):
        replay(rt, kept.id)
    with rt.engine.connect() as connection:
        assert len(quarantine.waiting(connection)) == 1


def test_without_the_database_nothing_is_half_written_and_the_caller_knows(rt: Runtime) -> None:
    away = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        receive_request(replace(rt, engine=away), "sms_twilio", a_request(FIELDS))
    away.dispose()
    assert count(rt, "message") == 0


def test_a_forged_request_is_refused_also_while_the_database_is_away(rt: Runtime) -> None:
    away = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none")
    with pytest.raises(Forged):
        receive_request(replace(rt, engine=away), "sms_twilio", a_request(FIELDS, proof="guess"))
    away.dispose()
