"""Who is not answered, and why."""

from __future__ import annotations

from intake.runtime import Runtime
from intake.storage import people
from intake.storage.people import PersonState
from tests.factories import OTHER_PHONE, PHONE


def silence(rt: Runtime, channel: str = "sms_twilio", address: str = PHONE) -> str | None:
    with rt.engine.connect() as connection:
        return people.state_of(connection, channel, address).silence


def test_most_people_are_answered(rt: Runtime) -> None:
    with rt.engine.connect() as connection:
        assert people.state_of(connection, "sms_twilio", PHONE) == PersonState()
    assert silence(rt) is None


def test_stop_holds_for_every_gateway_of_the_kind_and_for_nothing_else(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        assert people.opt_out(connection, "sms_twilio", PHONE)
        assert not people.opt_out(connection, "sms_kannel", PHONE)
    assert silence(rt, "sms_kannel") == "opted_out"
    assert silence(rt, "whatsapp_twilio") is None
    assert silence(rt, address=OTHER_PHONE) is None
    with rt.engine.begin() as connection:
        people.opt_in(connection, "sms_kannel", PHONE)
    assert silence(rt) is None


def test_a_block_outlasts_what_the_person_asks_for(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        people.block(connection, "sms_twilio", PHONE, reason="iseng")
        people.opt_out(connection, "sms_twilio", PHONE)
        people.opt_in(connection, "sms_twilio", PHONE)
    assert silence(rt) == "blocked"
    with rt.engine.begin() as connection:
        assert people.state_of(connection, "sms_twilio", PHONE).reason == "iseng"
        people.unblock(connection, "sms_twilio", PHONE)
    assert silence(rt) is None


def test_unreachable_keeps_its_first_moment_and_code(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        people.mark_unreachable(connection, "sms_twilio", PHONE, reason="21610")
    with rt.engine.begin() as connection:
        first = people.state_of(connection, "sms_twilio", PHONE)
        people.mark_unreachable(connection, "sms_twilio", PHONE, reason="30006")
        assert people.state_of(connection, "sms_twilio", PHONE) == first
    assert (first.silence, first.reason) == ("unreachable", "21610")
