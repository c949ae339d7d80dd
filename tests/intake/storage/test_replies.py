"""Replies know how far they got, and never walk back."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import text

from channels.messages import DeliveryStatus
from intake.runtime import Runtime
from intake.storage import outbox, replies

S = DeliveryStatus


def a_reply(rt: Runtime, cause: str = "ack:1") -> int | None:
    with rt.engine.begin() as connection:
        return replies.promise_reply(
            connection, cause=cause, kind="ack", report_id=None, channel="sms_twilio", recipient="+628110000001",
            sender="+628110001708", text_="LAPOR",
        )  # fmt: skip


def state(rt: Runtime, reply_id: int) -> str:
    with rt.engine.connect() as connection:
        return replies.read(connection, reply_id).state


def note(
    rt: Runtime, reply_id: int | None, status: DeliveryStatus, code: str | None = None, external: str = "X"
) -> int | None:
    with rt.engine.begin() as connection:
        return replies.record_delivery(
            connection, channel="sms_twilio", reply_id=reply_id, external_id=external, status=status, code=code
        )


def test_one_cause_is_answered_once(rt: Runtime) -> None:
    assert a_reply(rt) is not None
    assert a_reply(rt) is None
    with rt.engine.connect() as connection:
        assert outbox.due(connection) == {"deliver": 1}


@pytest.mark.parametrize("order", list(itertools.permutations([S.ACCEPTED, S.SENT, S.DELIVERED])))
def test_receipts_in_any_order_end_at_the_highest(rt: Runtime, order: tuple[DeliveryStatus, ...]) -> None:
    reply_id = a_reply(rt)
    assert reply_id is not None
    for status in (*order, *order):
        assert note(rt, reply_id, status) == reply_id
    assert state(rt, reply_id) == "delivered"
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from delivery_report")).scalar_one() == 6


def test_a_late_sent_does_not_undo_a_failure_but_a_delivery_does(rt: Runtime) -> None:
    reply_id = a_reply(rt)
    assert reply_id is not None
    note(rt, reply_id, S.FAILED, "30005")
    note(rt, reply_id, S.SENT)
    assert state(rt, reply_id) == "failed"
    note(rt, reply_id, S.DELIVERED)
    with rt.engine.connect() as connection:
        reply = replies.read(connection, reply_id)
    assert (reply.state, reply.error_code) == ("delivered", None)


def test_a_receipt_quicker_than_our_own_settlement_is_not_undone(rt: Runtime) -> None:
    reply_id = a_reply(rt)
    assert reply_id is not None
    with rt.engine.begin() as connection:
        assert replies.begin_sending(connection, reply_id, gateway="sms_twilio")
    note(rt, reply_id, S.DELIVERED)
    with rt.engine.begin() as connection:
        replies.settle_accepted(connection, reply_id, external_id="X", segments=1, final=False)
    assert state(rt, reply_id) == "delivered"


def test_a_receipt_without_our_id_is_found_by_the_providers(rt: Runtime) -> None:
    reply_id = a_reply(rt)
    assert reply_id is not None
    with rt.engine.begin() as connection:
        replies.begin_sending(connection, reply_id, gateway="sms_twilio")
        replies.settle_accepted(connection, reply_id, external_id="SM9", segments=1, final=False)
    assert note(rt, None, S.DELIVERED, external="SM9") == reply_id
    assert note(rt, None, S.DELIVERED, external="SM10") is None
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from delivery_report")).scalar_one() == 2


def test_the_intention_to_send_is_taken_once(rt: Runtime) -> None:
    reply_id = a_reply(rt)
    assert reply_id is not None
    with rt.engine.begin() as connection:
        assert replies.begin_sending(connection, reply_id, gateway="sms_twilio")
        assert not replies.begin_sending(connection, reply_id, gateway="sms_twilio")
