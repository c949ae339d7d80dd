"""What RQ may run, over a real Valkey: wake-ups and nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest
from redis import Redis
from rq import SimpleWorker
from rq.job import Job as RQJob

from intake.embedded import temporary_valkey
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import outbox
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
    assert relay.wake_workers(rt, relay.open_queue(redis)) == 1
    worker.work(burst=True, logging_level="ERROR")
    with rt.engine.connect() as connection:
        assert outbox.due(connection) == {}
    assert len(sms.sent) == 1


def test_workers_are_not_woken_twice_for_the_same(rt: Runtime, redis: Redis) -> None:
    for _ in range(5):
        receive(rt, "sms_twilio", an_sms())
    queue = relay.open_queue(redis)
    assert relay.wake_workers(rt, queue) == 1
    assert relay.wake_workers(rt, queue) == 0


def test_a_wiped_redis_loses_nothing(rt: Runtime, redis: Redis, worker: SimpleWorker) -> None:
    receive(rt, "sms_twilio", an_sms())
    relay.wake_workers(rt, relay.open_queue(redis))
    redis.flushall()
    assert relay.wake_workers(rt, relay.open_queue(redis)) == 1
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
    relay.wake_workers(rt, queue)
    worker.work(burst=True, logging_level="CRITICAL")
    with rt.engine.connect() as connection:
        assert "process" not in outbox.due(connection)
