"""What RQ may run, over a real Valkey: wake-ups and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis
from rq import SimpleWorker
from rq.job import Job as RQJob
from sqlalchemy import text

from intake.embedded import temporary_valkey
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import outbox, replies
from intake.storage.database import open_engine
from intake.storage.outbox import Job
from tests.factories import an_sms
from tests.fakes import FakeChannel
from workers import jobs, relay
from workers.jobs import JOBS, NotAllowed, WakeUp


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with temporary_valkey() as server:
        yield server.url


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    client = relay.open_redis(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def worker(redis: Redis, rt: Runtime) -> Iterator[SimpleWorker]:
    jobs.use(rt)
    yield SimpleWorker([relay.open_queue(redis)], connection=redis, job_class=WakeUp, serializer=jobs.Serializer)
    jobs.use(None)


def test_every_kind_of_promise_has_its_function() -> None:
    assert set(JOBS) == set(Job)


def test_a_promise_wakes_a_worker_that_keeps_it_and_what_follows(
    rt: Runtime, redis: Redis, worker: SimpleWorker, sms: FakeChannel
) -> None:
    receive(rt, "sms_twilio", an_sms())
    assert relay.wake_workers(rt, relay.open_queue(redis), relay.look(rt)) == 1
    worker.work(burst=True, logging_level="ERROR")
    with rt.engine.connect() as connection:
        assert outbox.due(connection) == {}
    assert len(sms.sent) == 1


def test_workers_are_not_woken_twice_for_the_same(rt: Runtime, redis: Redis) -> None:
    for _ in range(5):
        receive(rt, "sms_twilio", an_sms())
    queue = relay.open_queue(redis)
    assert relay.wake_workers(rt, queue, relay.look(rt)) == 1
    assert relay.wake_workers(rt, queue, relay.look(rt)) == 0


def test_a_wiped_redis_loses_nothing(rt: Runtime, redis: Redis, worker: SimpleWorker) -> None:
    receive(rt, "sms_twilio", an_sms())
    relay.wake_workers(rt, relay.open_queue(redis), relay.look(rt))
    redis.flushall()
    assert relay.wake_workers(rt, relay.open_queue(redis), relay.look(rt)) == 1
    worker.work(burst=True, logging_level="ERROR")
    with rt.engine.connect() as connection:
        assert "process" not in outbox.due(connection)


@pytest.mark.parametrize(
    "payload",
    [b'["os.system", null, ["true"], {}]', b'["workers.jobs.use", null, [null], {}]', b'["wake_up", "x", [], {}]'],
)
def test_other_code_is_not_run(redis: Redis, payload: bytes) -> None:
    job = WakeUp("evil", connection=redis, serializer=jobs.Serializer)
    job.restore(
        {b"data": zlib.compress(payload), b"success_callback_name": b"os.getcwd", b"webhooks": b'[{"url": "http://x"}]'}
    )
    with pytest.raises(NotAllowed):
        _ = job.func
    assert job.success_callback is None
    assert job.webhooks == []


def test_a_forged_job_in_the_queue_fails_and_the_worker_goes_on(
    rt: Runtime, redis: Redis, worker: SimpleWorker
) -> None:
    queue = relay.open_queue(redis)
    plain = RQJob.create("os.getcwd", connection=redis, serializer=jobs.Serializer, id="evil", origin=queue.name)
    plain.save()
    redis.rpush(queue.key, "evil")
    receive(rt, "sms_twilio", an_sms())
    relay.wake_workers(rt, queue, relay.look(rt))
    worker.work(burst=True, logging_level="CRITICAL")
    with rt.engine.connect() as connection:
        assert "process" not in outbox.due(connection)


def promise_replies(rt: Runtime, count: int) -> None:
    with rt.engine.begin() as connection:
        for number in range(count):
            replies.promise_reply(
                connection, cause=f"x:{number}", kind="ack", report_id=None, channel="sms_twilio",
                recipient="+628110000001", sender="+628110001708", text_=str(number),
            )  # fmt: skip


def attempts(rt: Runtime) -> list[tuple[int, bool]]:
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select attempts, token is null as free from outbox order by subject_id"))
        return [(row.attempts, row.free) for row in rows]


def test_a_worker_that_is_to_leave_gives_back_what_it_did_not_begin(rt: Runtime, sms: FakeChannel) -> None:
    promise_replies(rt, 60)
    taken = jobs.carry_out(rt, Job.DELIVER, leaving=lambda: bool(sms.sent))
    assert len(sms.sent) == taken < 60
    # Another may have them at once, and nothing was held against them.
    assert attempts(rt) == [(0, True)] * (60 - taken)


def test_what_is_not_begun_when_the_turn_is_over_is_given_back(rt: Runtime, sms: FakeChannel) -> None:
    for _ in range(5):
        receive(rt, "sms_twilio", an_sms())
    assert jobs.carry_out(rt, Job.PROCESS, turn_seconds=0) == 1  # the first in any case: every turn gets somewhere
    with rt.engine.connect() as connection:
        assert outbox.due(connection)["process"] == 4


def test_a_worker_that_is_to_leave_takes_nothing(rt: Runtime) -> None:
    receive(rt, "sms_twilio", an_sms())
    assert jobs.carry_out(rt, Job.PROCESS, leaving=lambda: True) == 0
    assert attempts(rt) == [(0, True)]


def test_a_statement_that_took_too_long_is_tried_again_without_waiting_for_the_hold(rt: Runtime) -> None:
    promise_replies(rt, 1)
    impatient = open_engine(rt.settings.database_url, statement_timeout_ms=300)
    with rt.engine.begin() as connection:
        connection.execute(text("select 1 from reply for update"))
        jobs.carry_out(replace(rt, engine=impatient), Job.DELIVER)
    impatient.dispose()
    assert attempts(rt) == [(1, True)]


def test_without_the_database_a_wake_up_is_over_at_once(rt: Runtime) -> None:
    away = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none")
    jobs.use(replace(rt, engine=away))
    assert jobs.wake_up("process") == 0
    jobs.use(None)
    away.dispose()
