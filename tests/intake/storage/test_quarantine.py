"""What cannot be read is kept as it came, within limits, and what is given up is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner

from channels.messages import Ack, Headers, InboundRequest
from intake.cli import main
from intake.receive import quarantine_request
from intake.runtime import Runtime
from intake.storage import quarantine
from intake.storage.database import QuarantineFull
from intake.storage.quarantine import Limits
from tests.conftest import PUBLIC_URL, SECRET_KEY

IN_ALL = Limits(most_requests_in_all=3, most_bytes_in_all=1000)


def put_aside(rt: Runtime, body: bytes, channel: str = "sms_twilio") -> Ack:
    return quarantine_request(rt, channel, InboundRequest("", Headers({}), body), "no id").ack


def refused(rt: Runtime) -> dict[tuple[str, str], int]:
    with rt.engine.connect() as connection:
        return quarantine.refusals(connection)


@pytest.mark.parametrize(("bodies", "fits"), [([b"a", b"b", b"c"], b"d"), ([b"a" * 999, b"b"], b"d")])
def test_so_much_of_a_channel_lies_there_and_no_more(rt: Runtime, bodies: list[bytes], fits: bytes) -> None:
    small = replace(rt, quarantine_limits=IN_ALL)
    for body in bodies:
        put_aside(small, body)
    with pytest.raises(QuarantineFull):
        put_aside(small, fits)
    assert refused(rt) == {("sms_twilio", "quarantine_full"): 1}
    put_aside(small, fits, "email_mime")  # of another channel there is room
    assert put_aside(small, bodies[0]) is Ack.QUARANTINED  # what lies there is only counted
    with rt.engine.connect() as connection:
        assert [kept.times for kept in quarantine.waiting(connection)] == [2, *[1] * len(bodies)]


def test_what_was_read_makes_room_for_what_nobody_has_read(rt: Runtime) -> None:
    small = replace(rt, quarantine_limits=IN_ALL)
    for body in (b"a", b"b", b"c"):
        put_aside(small, body)
    with rt.engine.begin() as connection:
        [first, *others] = [kept.id for kept in quarantine.waiting(connection)]
        quarantine.mark_replayed(connection, first)
    put_aside(small, b"d")
    assert refused(rt) == {("sms_twilio", "read_and_given_up"): 1}
    with rt.engine.connect() as connection:
        assert [kept.id for kept in quarantine.waiting(connection)][:-1] == others


def test_what_nobody_will_read_is_given_up_by_hand_and_counted(rt: Runtime) -> None:
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}

    def give_up(*words: str) -> int:
        return CliRunner(env=environ).invoke(main, ["quarantine", "give-up", *words]).exit_code

    for channel in ("sms_twilio", "email_mime"):
        put_aside(rt, channel.encode(), channel)
    put_aside(rt, b"another")
    with rt.engine.connect() as connection:
        [sms, letter, other] = [kept.id for kept in quarantine.waiting(connection)]
    assert give_up() == give_up("17", "--channel", "email_mime") == give_up("--channel", "email_mime") == 2
    assert give_up(str(sms)) == 0
    assert refused(rt) == {}, "only said"
    assert give_up(str(sms), "--yes") == 0
    assert give_up("--channel", "email_mime", "--days-ago", "0", "--yes") == 0
    assert refused(rt) == {("sms_twilio", "given_up"): 1, ("email_mime", "given_up"): 1}
    with rt.engine.connect() as connection:
        assert [kept.id for kept in quarantine.waiting(connection)] == [other]
    assert letter != other
