"""The doors of the house: forged is refused and counted, unreadable is kept, the database's no is told."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from channels.channel import Forged, Unreadable
from channels.messages import Ack, DeliveryReport, Headers, InboundMessage, InboundRequest
from intake.delivery import note_delivery
from intake.receive import receive_request, replay
from intake.runtime import Runtime
from intake.storage import quarantine
from intake.storage.database import Unavailable, is_lasting, open_engine
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
        raw = quarantine.raw(connection, kept.id)
    assert (kept.reason, kept.times) == ("no id", 2)
    assert b"jalan+rusak" in raw.body
    assert "secret" not in str(raw.headers)


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


NEVER_TAKEN = [
    {**FIELDS, "text": "lubang \ud83d di jalan"},  # half of an emoji, torn by an aggregator
    {**FIELDS, "text": "a\x00b"},
    {**FIELDS, "id": "".join(secrets.token_hex(16) for _ in range(1000))},  # beyond what an index holds
]


@pytest.mark.parametrize("fields", NEVER_TAKEN)
def test_what_the_database_will_never_take_is_kept_in_quarantine(rt: Runtime, fields: dict[str, str]) -> None:
    request = replace(a_request(FIELDS), form=tuple(fields.items()))
    assert receive_request(rt, "sms_twilio", request).ack is Ack.QUARANTINED
    assert (count(rt, "message"), count(rt, "quarantine")) == (0, 1)


@dataclass
class Many(FakeChannel):
    """A gateway that sends several messages in one request."""

    def parse_all(self, request: InboundRequest) -> Sequence[InboundMessage]:
        return [InboundMessage(f"SM{n}", PHONE, OUR_NUMBER, said) for n, said in enumerate(["satu", "a\x00b", "tiga"])]

    def parse_all_deliveries(self, request: InboundRequest) -> Sequence[DeliveryReport]:
        return [self.parse_delivery(request)]


def test_of_several_messages_one_that_cannot_be_kept_takes_none_of_the_others_with_it(rt: Runtime) -> None:
    many = replace(rt, channels={"sms_many": Many("sms_many", "sms")})
    assert receive_request(many, "sms_many", a_request(FIELDS)).ack is Ack.ACCEPTED
    assert (count(rt, "message"), count(rt, "quarantine")) == (2, 1)


def test_a_query_and_headers_the_database_cannot_hold_do_not_stop_the_quarantine(rt: Runtime) -> None:
    strange = replace(
        a_request({**FIELDS, "id": ""}), url="http://127.0.0.1/hooks/sms_twilio?x=\x00\ud83d",
        headers=Headers({"X-Proof": PROOF, "X-Name": "\x00\udcff"}),
    )  # fmt: skip
    assert receive_request(rt, "sms_twilio", strange).ack is Ack.QUARANTINED


def test_an_id_beyond_all_counting_names_nothing(rt: Runtime) -> None:
    for mid in ("9" * 19, "9" * 40, "9" * 5000):
        note_delivery(rt, "sms_twilio", a_request({"mid": mid, "id": "x" * 9000, "status": "sent", "code": "\x00"}))
    assert count(rt, "delivery_report") == 3


def test_a_delivery_report_is_never_read_as_a_message(rt: Runtime) -> None:
    unknown = {"mid": "1", "id": "SM7", "from": OUR_NUMBER, "to": PHONE, "status": ""}
    note_delivery(rt, "sms_twilio", a_request(unknown))
    with rt.engine.connect() as connection:
        [kept] = quarantine.waiting(connection)
    with pytest.raises(Unreadable):
        replay(rt, kept.id)
    assert count(rt, "message") == 0


def test_a_gateway_with_a_new_word_for_on_its_way_does_not_fill_the_disk(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into quarantine (channel, digest, query, headers, body, reason)
                    select 'sms_twilio', n::text, '', '{}', '', 'delivery: x' from generate_series(1, 1000) as n""")
        )
    note_delivery(rt, "sms_twilio", a_request({"mid": "1", "status": ""}))
    assert count(rt, "quarantine") == 1000
    receive_request(rt, "sms_twilio", a_request({**FIELDS, "id": ""}))  # a message is kept all the same
    assert count(rt, "quarantine") == 1001
    with rt.engine.connect() as connection:
        assert quarantine.refusals(connection) == {("sms_twilio", "delivery_unreadable"): 1}


def test_a_flood_of_forgeries_is_counted_and_takes_no_more_than_one_connection(rt: Runtime) -> None:
    with rt.engine.begin() as connection:  # the row of today is locked: whoever writes it has to wait
        quarantine.count_refusal(connection, "sms_twilio", "forged")
        with ThreadPoolExecutor(40) as pool:
            refused = [
                pool.submit(receive_request, rt, "sms_twilio", a_request(FIELDS, proof="guess")) for _ in range(200)
            ]
            # All but the one that writes have their answer while the row is still locked.
            assert len(wait(refused, return_when=FIRST_COMPLETED, timeout=30).done) > 0
            while sum(each.done() for each in refused) < 199:
                wait([each for each in refused if not each.done()], return_when=FIRST_COMPLETED, timeout=30)
            assert rt.engine.pool.checkedout() == 2  # type: ignore[attr-defined]
            connection.commit()
    assert all(isinstance(each.exception(), Forged) for each in refused)
    with rt.engine.connect() as connection:
        assert quarantine.refusals(connection) == {("sms_twilio", "forged"): 201}


def test_a_database_that_lets_nobody_write_for_now_is_no_reason_for_quarantine(rt: Runtime) -> None:
    """A standby after a change of servers: the caller comes again, or the spool keeps it."""
    with rt.engine.begin() as connection:
        name = connection.execute(text("select current_database()")).scalar_one()
        connection.execute(text(f"alter database {name} set default_transaction_read_only = on"))
    standby = open_engine(rt.settings.database_url)
    with pytest.raises(DBAPIError) as refused:
        receive_request(replace(rt, engine=standby), "sms_twilio", a_request(FIELDS))
    standby.dispose()
    assert not is_lasting(refused.value)


def test_what_needs_more_than_postgresql_gives_to_one_value_will_never_fit(rt: Runtime) -> None:
    with (
        pytest.raises(DBAPIError, match="invalid memory alloc request size") as refused,
        rt.engine.connect() as connection,
    ):
        connection.execute(text("select to_char(now(), repeat('x', 90000000))"))
    assert is_lasting(refused.value)


def test_a_damaged_server_and_a_lack_of_memory_pass(rt: Runtime) -> None:
    with pytest.raises(DBAPIError) as refused, rt.engine.connect() as connection:
        connection.execute(text("do $$ begin raise exception using errcode = 'XX000', message = 'broken'; end $$"))
    assert not is_lasting(refused.value)
    assert not is_lasting(MemoryError())


def test_an_error_does_not_repeat_the_values_of_its_statement(rt: Runtime) -> None:
    with pytest.raises(DBAPIError) as refused, rt.engine.connect() as connection:
        connection.execute(text("select cast(:said as text), 1 / 0"), {"said": "jalan rusak"})
    assert "jalan rusak" not in str(refused.value)
