"""Replies sent together: each once, each with its own outcome, and none of them in another's way."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from rq.timeouts import JobTimeoutException
from sqlalchemy import text

from channels.channel import SendFailed
from channels.messages import OutboundMessage
from intake.runtime import Runtime
from intake.storage import outbox, people, replies
from intake.storage.outbox import Claim, Job
from tests.fakes import FakeChannel
from workers import jobs
from workers.deliver_together import AT_ONCE, _hands, deliver_together
from workers.left import Left

MEGABYTE = 1024 * 1024


def promise(rt: Runtime, count: int) -> list[int]:
    with rt.engine.begin() as connection:
        made = replies.promise_replies(
            connection,
            [
                replies.NewReply(f"x:{n}", "hand_over", None, "sms_twilio", phone(n), "+628110001708", str(n))
                for n in range(count)
            ],
        )
    return [made[f"x:{n}"] for n in range(count)]


def phone(number: int) -> str:
    return f"+62811000{number:04}"


def take(rt: Runtime) -> list[Claim]:
    with rt.engine.begin() as connection:
        return outbox.take(connection, Job.DELIVER, limit=100, hold=timedelta(seconds=60))


def never() -> bool:
    return False


def states(rt: Runtime) -> dict[int, str]:
    with rt.engine.connect() as connection:
        return {row.id: row.state for row in connection.execute(text("select id, state from reply"))}


def test_each_leaves_once_and_is_settled(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 3 * AT_ONCE + 1)
    assert deliver_together(rt, take(rt), stop=never) == Left([], [])
    assert Counter(message.id for message in sms.sent) == Counter(str(id_) for id_ in ids)
    assert states(rt) == dict.fromkeys(ids, "accepted")
    with rt.engine.connect() as connection:
        kept = replies.read_many(connection, ids)
        assert [(r.external_id, r.sends) for r in kept] == [(f"ext-sms_twilio-{id_}", 1) for id_ in ids]
        assert outbox.due(connection) == {}


def test_every_reply_has_an_outcome_of_its_own(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 20)

    def fails(message: OutboundMessage) -> None:
        match message.text:
            case "3":
                raise SendFailed("no such number", kind="permanent", code="21211")
            case "4":
                raise SendFailed("busy", code="503")
            case "5":
                raise SendFailed("answer took too long", uncertain=True)
            case "6":
                raise RuntimeError

    sms.fails = fails
    assert deliver_together(rt, take(rt), stop=never) == Left([], [])
    expected = {
        **dict.fromkeys(ids, "accepted"),
        ids[3]: "failed",
        ids[4]: "promised",
        ids[5]: "sending",
        ids[6]: "sending",
    }
    assert states(rt) == expected
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select subject_id, token, last_error from outbox order by subject_id")).all()
    assert [(row.subject_id, row.token, row.last_error) for row in rows] == [
        (ids[4], None, "busy"),
        (ids[5], None, "answer took too long"),
        (ids[6], None, "sending broke off"),
    ]


def test_what_is_not_ordinary_is_left_and_has_not_left(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 5)
    with rt.engine.begin() as connection:
        people.block(connection, "sms_twilio", phone(1), reason="x")
        connection.execute(text("update reply set state = 'sending' where id = :id"), {"id": ids[2]})
        connection.execute(text("update outbox set attempts = 1 where subject_id = :id"), {"id": ids[3]})
    left = deliver_together(rt, take(rt), stop=never).alone
    assert {claim.subject_id for claim in left} == {ids[1], ids[2], ids[3]}
    assert sorted(message.id for message in sms.sent) == sorted([str(ids[0]), str(ids[4])])


def test_a_promise_that_somebody_else_holds_by_now_does_not_leave(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 2)
    claims = take(rt)
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set token = gen_random_uuid() where subject_id = :id"), {"id": ids[0]})
    [left] = deliver_together(rt, claims, stop=never).alone
    assert left.subject_id == ids[0]
    assert [message.id for message in sms.sent] == [str(ids[1])]
    jobs.keep_promise(rt, left)
    assert len(sms.sent) == 1


def test_one_that_takes_long_does_not_hold_up_the_others(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 3 * AT_ONCE)
    rest_is_begun, lock, others = threading.Event(), threading.Lock(), list[str]()

    def fails(message: OutboundMessage) -> None:
        if message.id == str(ids[0]):
            assert rest_is_begun.wait(60)
            return
        with lock:
            others.append(message.id)
            if len(others) == len(ids) - 1:
                rest_is_begun.set()

    sms.fails = fails
    assert deliver_together(rt, take(rt), stop=never) == Left([], [])
    assert states(rt) == dict.fromkeys(ids, "accepted")


def test_what_left_is_a_fact_also_when_its_promise_was_lost_meanwhile(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 2)

    def fails(message: OutboundMessage) -> None:
        with rt.engine.begin() as connection:
            connection.execute(
                text("update outbox set token = gen_random_uuid() where subject_id = :id"), {"id": ids[0]}
            )

    sms.fails = fails
    deliver_together(rt, take(rt), stop=never)
    assert states(rt) == dict.fromkeys(ids, "accepted")
    with rt.engine.connect() as connection:
        assert connection.execute(text("select subject_id from outbox")).scalars().all() == [ids[0]]


def test_an_alarm_of_rq_leaves_no_hand_busy_for_the_next_turn(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, AT_ONCE)
    all_are_here, released = threading.Barrier(AT_ONCE), threading.Event()

    struck = threading.Semaphore(0)

    def strike(*_: object) -> None:
        struck.release()
        raise JobTimeoutException

    def strike_twice() -> None:
        for _ in range(2):  # once in the turn, once while what was begun is brought to its end
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGUSR1)
            assert struck.acquire(timeout=30)
        released.set()

    def fails(message: OutboundMessage) -> None:
        if all_are_here.wait(30) == 0:
            threading.Thread(target=strike_twice).start()
        assert released.wait(30)

    sms.fails = fails
    before = signal.signal(signal.SIGUSR1, strike)
    try:
        with pytest.raises(JobTimeoutException):
            deliver_together(rt, take(rt), stop=never)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert sorted(message.id for message in sms.sent) == sorted(str(id_) for id_ in ids)
    assert set(states(rt).values()) == {"sending"}  # uncertain: they come due when our hold runs out


def test_where_no_thread_can_begin_nothing_is_on_its_way(rt: Runtime, sms: FakeChannel) -> None:
    ids = promise(rt, 3)
    claims = take(rt)
    _hands.cache_clear()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    stack = threading.stack_size(16 * MEGABYTE)
    resource.setrlimit(resource.RLIMIT_AS, (used + 64 * MEGABYTE, hard))
    try:
        with pytest.raises(RuntimeError):
            deliver_together(rt, claims, stop=never)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        threading.stack_size(stack)
    assert states(rt) == dict.fromkeys(ids, "promised")
    assert deliver_together(rt, claims, stop=never) == Left([], [])
    assert sorted(message.id for message in sms.sent) == sorted(str(id_) for id_ in ids)
