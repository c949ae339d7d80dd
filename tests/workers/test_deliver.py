"""Replies sent: once when all goes well, and in the documented gap at most once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from channels.channel import SendFailed
from channels.messages import DeliveryStatus, OutboundMessage
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import outbox, people, replies, reports
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from intake.storage.replies import Reply
from tests.factories import an_sms
from tests.fakes import AskableChannel, FakeChannel
from workers import jobs


@pytest.fixture
def reply_id(rt: Runtime) -> int:
    with rt.engine.begin() as connection:
        made = replies.promise_reply(
            connection, cause="ack:1", kind="ack", report_id=None, channel="sms_twilio", recipient="+628110000001",
            sender="+628110001708", text_="LAPOR: diterima",
        )  # fmt: skip
    assert made is not None
    return made


def reply(rt: Runtime, reply_id: int) -> Reply:
    with rt.engine.connect() as connection:
        return replies.read(connection, reply_id)


def deliver(rt: Runtime) -> None:
    jobs.carry_out(rt, Job.DELIVER)


def time_passes(rt: Runtime) -> None:
    """Every alarm has rung and every hold has run out."""
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now(), held_until = null where parked_at is null"))


def an_hour_passes(rt: Runtime) -> None:
    """By the clock of the database, the only one that counts."""
    with rt.engine.begin() as connection:
        connection.execute(text("update reply set sending_at = sending_at - interval '1 hour'"))
    time_passes(rt)


def worker_dies_after_the_intention(rt: Runtime, reply_id: int) -> None:
    with rt.engine.begin() as connection:
        outbox.take(connection, Job.DELIVER, limit=1, hold=timedelta(seconds=60))
        assert replies.begin_sending(connection, reply_id, gateway="sms_twilio")
    time_passes(rt)


def promises(rt: Runtime) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from outbox")).scalar_one())


def test_a_reply_is_sent_and_its_promise_kept(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    deliver(rt)
    [sent] = sms.sent
    assert (sent.id, sent.to, sent.sender, sent.text) == (
        str(reply_id), "+628110000001", "+628110001708", "LAPOR: diterima",
    )  # fmt: skip
    done = reply(rt, reply_id)
    assert (done.state, done.external_id, done.sends) == ("accepted", f"ext-sms_twilio-{reply_id}", 1)
    assert promises(rt) == 0


def test_a_busy_provider_gets_it_later(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    def busy(_: OutboundMessage) -> None:
        raise SendFailed("http 503")

    sms.fails = busy
    deliver(rt)
    assert (reply(rt, reply_id).state, sms.sent, promises(rt)) == ("promised", [], 1)
    sms.fails = None
    deliver(rt)
    assert sms.sent == []  # not before its time
    time_passes(rt)
    deliver(rt)
    assert len(sms.sent) == 1


def test_a_lasting_refusal_ends_it_and_is_shown(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    def never(_: OutboundMessage) -> None:
        raise SendFailed("no such number", kind="permanent", code="21211")

    sms.fails = never
    deliver(rt)
    failed = reply(rt, reply_id)
    assert (failed.state, failed.error_code, promises(rt)) == ("failed", "21211", 0)


def test_after_too_many_failures_it_is_parked_not_dropped(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    def busy(_: OutboundMessage) -> None:
        raise SendFailed("http 503")

    sms.fails = busy
    for _ in range(rt.settings.max_attempts):
        deliver(rt)
        time_passes(rt)
    with rt.engine.connect() as connection:
        [parked] = outbox.parked(connection)
    assert (parked.subject_id, parked.last_error) == (reply_id, "http 503")


def test_found_half_way_it_is_not_sent_blindly(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    worker_dies_after_the_intention(rt, reply_id)
    deliver(rt)
    assert (sms.sent, reply(rt, reply_id).state, promises(rt)) == ([], "sending", 1)


def test_a_delivery_report_settles_the_uncertain_one(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    worker_dies_after_the_intention(rt, reply_id)
    with rt.engine.begin() as connection:
        replies.record_delivery(
            connection,
            channel="sms_twilio",
            reply_id=reply_id,
            external_id="SM1",
            status=DeliveryStatus.SENT,
            code=None,
        )
    deliver(rt)
    assert (sms.sent, reply(rt, reply_id).state, promises(rt)) == ([], "sent", 0)


def test_nothing_heard_it_is_sent_once_more_and_never_a_third_time(
    rt: Runtime, sms: FakeChannel, reply_id: int
) -> None:
    worker_dies_after_the_intention(rt, reply_id)
    an_hour_passes(rt)
    deliver(rt)
    assert len(sms.sent) == 1
    assert reply(rt, reply_id).sends == 2
    with rt.engine.begin() as connection:  # and again found half way
        connection.execute(text("update reply set state = 'sending'"))
        outbox.promise(connection, Job.DELIVER, reply_id)
    an_hour_passes(rt)
    deliver(rt)
    assert len(sms.sent) == 1
    assert reply(rt, reply_id).state == "failed"


def test_a_host_whose_clock_is_wrong_sends_no_second_copy(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    worker_dies_after_the_intention(rt, reply_id)
    deliver(replace(rt, clock=lambda: datetime.now(UTC) + timedelta(days=1)))
    assert (sms.sent, reply(rt, reply_id).state) == ([], "sending")


def test_a_reply_that_is_given_up_is_shown_in_the_history(rt: Runtime, sms: FakeChannel) -> None:
    kept = receive(rt, "sms_twilio", an_sms()).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.begin() as connection:
        connection.execute(text("update reply set state = 'sending', sends = 2, sending_at = now()"))
    an_hour_passes(rt)
    deliver(rt)
    with rt.engine.connect() as connection:
        history = [(step.action, step.reason) for step in reports.history_of(connection, kept.message_id)]
    assert ("reply_failed", "uncertain") in history


def test_what_was_refused_is_not_counted_as_sent(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    """Refused twice, then uncertain: it is sent once more all the same, for only the uncertain one may have left."""
    answers = [SendFailed("http 503"), SendFailed("http 503"), SendFailed("no answer in time", uncertain=True)]

    def says(_: OutboundMessage) -> None:
        if answers:
            raise answers.pop(0)

    sms.fails = says
    for _ in range(3):
        deliver(rt)
        time_passes(rt)
    assert (reply(rt, reply_id).state, reply(rt, reply_id).sends) == ("sending", 1)
    an_hour_passes(rt)
    deliver(rt)
    assert (len(sms.sent), reply(rt, reply_id).state) == (1, "accepted")


def test_a_provider_in_a_hurry_does_not_use_up_the_attempts(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    asked: list[str] = []

    def busy(message: OutboundMessage) -> None:
        asked.append(message.id)
        raise SendFailed("http 503", retry_after=timedelta(0))

    sms.fails = busy
    deliver(rt)
    assert len(asked) == 1
    with rt.engine.connect() as connection:
        assert outbox.parked(connection) == []


def test_who_said_stop_meanwhile_gets_no_second_copy(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    worker_dies_after_the_intention(rt, reply_id)
    with rt.engine.begin() as connection:
        people.opt_out(connection, "sms_twilio", "+628110000001")
    an_hour_passes(rt)
    deliver(rt)
    assert (sms.sent, reply(rt, reply_id).state) == ([], "failed")


def test_the_yes_of_a_worker_thought_dead_is_still_a_yes(rt: Runtime, sms: FakeChannel, reply_id: int) -> None:
    """Another holds the promise by now: it must not send what has left."""

    def is_slow(_: OutboundMessage) -> None:
        time_passes(rt)
        with rt.engine.begin() as connection:
            outbox.take(connection, Job.DELIVER, limit=1, hold=timedelta(seconds=60))

    sms.fails = is_slow
    deliver(rt)
    assert (len(sms.sent), reply(rt, reply_id).state) == (1, "accepted")
    time_passes(rt)
    deliver(rt)
    assert (len(sms.sent), promises(rt)) == (1, 0)


def test_the_yes_is_written_down_when_the_database_was_away_for_a_moment(
    rt: Runtime, sms: FakeChannel, reply_id: int
) -> None:
    elsewhere = open_engine(rt.settings.database_url)

    def restart(_: OutboundMessage) -> None:
        with elsewhere.begin() as connection:  # every connection of ours dies, as when PostgreSQL is restarted
            connection.execute(
                text("""select pg_terminate_backend(pid, 5000) from pg_stat_activity
                        where datname = current_database() and pid <> pg_backend_pid()""")
            )

    sms.fails = restart
    deliver(rt)
    elsewhere.dispose()
    assert (len(sms.sent), reply(rt, reply_id).state, promises(rt)) == (1, "accepted", 0)


def test_a_provider_that_can_be_asked_is_asked(rt: Runtime, reply_id: int) -> None:
    askable = AskableChannel("sms_twilio", "sms")
    asking = replace(rt, channels={"sms_twilio": askable})
    worker_dies_after_the_intention(rt, reply_id)
    askable.sent.append(OutboundMessage(str(reply_id), "+628110000001", "+628110001708", "LAPOR: diterima"))
    deliver(asking)
    assert len(askable.sent) == 1
    assert (reply(rt, reply_id).state, promises(rt)) == ("accepted", 0)


def test_a_provider_that_has_it_not_gets_it(rt: Runtime, reply_id: int) -> None:
    askable = AskableChannel("sms_twilio", "sms")
    asking = replace(rt, channels={"sms_twilio": askable})
    worker_dies_after_the_intention(rt, reply_id)
    deliver(asking)
    assert askable.sent == []  # its list may not show at once what it took
    an_hour_passes(rt)
    deliver(asking)
    assert len(askable.sent) == 1


def test_a_provider_that_hangs_often_and_has_it_not_gets_it_in_the_end(rt: Runtime, reply_id: int) -> None:
    askable = AskableChannel("sms_twilio", "sms")
    asking = replace(rt, channels={"sms_twilio": askable})

    def hangs(_: OutboundMessage) -> None:
        raise SendFailed("no answer in time", uncertain=True)

    askable.fails = hangs
    for _ in range(4):
        deliver(asking)
        an_hour_passes(rt)
    assert reply(rt, reply_id).state == "sending"
    askable.fails = None
    deliver(asking)
    assert (len(askable.sent), reply(rt, reply_id).state) == (1, "accepted")


def test_an_answer_that_got_lost_is_asked_for_not_sent_again(rt: Runtime, reply_id: int) -> None:
    askable = AskableChannel("sms_twilio", "sms")

    def takes_it_and_hangs(message: OutboundMessage) -> None:
        askable.sent.append(message)
        raise SendFailed("no answer in time", uncertain=True)

    askable.fails = takes_it_and_hangs
    asking = replace(rt, channels={"sms_twilio": askable})
    deliver(asking)
    an_hour_passes(rt)
    deliver(asking)
    assert len(askable.sent) == 1
    assert (reply(rt, reply_id).state, promises(rt)) == ("accepted", 0)


def test_a_channel_that_is_not_configured_keeps_its_replies(rt: Runtime, reply_id: int) -> None:
    deliver(replace(rt, channels={}))
    assert (reply(rt, reply_id).state, promises(rt)) == ("promised", 1)


def test_many_replies_leave_once_each(rt: Runtime, sms: FakeChannel) -> None:
    with rt.engine.begin() as connection:
        for number in range(60):
            replies.promise_reply(
                connection, cause=f"x:{number}", kind="ack", report_id=None, channel="sms_twilio",
                recipient="+628110000001", sender="+628110001708", text_=str(number),
            )  # fmt: skip
    deliver(rt)
    assert sorted(int(message.text) for message in sms.sent) == list(range(60))
