"""A worker: ``python -m workers``. Everything is loaded before RQ is asked for work, so that no report waits for it.

RQ's ``SimpleWorker`` runs wake-ups in this very process: its forking worker does ten jobs a second where this does
hundreds, and what the fork protects against (a crash, a leak) the outbox already survives. While Redis is away the
worker looks into the outbox itself, every second: reports go on, only a little later.
"""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

from redis.client import Pipeline
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004 - Redis has its own two
from rq import SimpleWorker
from rq.exceptions import StopRequested

from channels.channel import Misconfigured
from intake import logs
from intake.runtime import Runtime, open_runtime
from intake.storage.database import Unavailable
from intake.storage.outbox import Job
from intake.understand.classify import classify
from intake.understand.locate import locate
from workers import jobs
from workers.relay import open_queue, open_redis

log = logs.get("worker")

_ALONE_EVERY_SECONDS = 1.0


class RedisAway(Exception):
    """Redis does not answer."""


class _Worker(SimpleWorker):
    """RQ's worker, silent; it tells us when it is asked to stop, and when Redis is gone.

    RQ itself would try to reach Redis for ever, inside; but reports can go on without it.
    """

    def __init__(self, rt: Runtime, stop: threading.Event) -> None:
        client = open_redis(rt.settings.redis_url)
        super().__init__(
            [open_queue(client)],
            connection=client,
            serializer=jobs.Serializer,
            job_class=jobs.WakeUp,
            worker_ttl=30,
            maintenance_interval=60,
            log_job_description=False,
        )
        self._stop_everything = stop

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stop_everything.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ beats before each wait; its loop catches the errors of Redis, but not this one."""
        try:
            super().heartbeat(timeout, pipeline)
        except (ConnectionError, TimeoutError) as away:
            raise RedisAway from away


def run(rt: Runtime, stop: threading.Event) -> None:
    """Work until told to stop; with Redis as the bell, without it by looking."""
    jobs.use(rt)
    while not stop.is_set():
        try:
            worker = _Worker(rt, stop)
            worker.work(logging_level="WARNING")
            return  # work() returns when the worker was asked to stop
        except StopRequested:
            return
        except (RedisError, RedisAway):
            log.warning("redis_unavailable")
            work_alone(rt)
            stop.wait(_ALONE_EVERY_SECONDS)


def work_alone(rt: Runtime) -> int:
    """One look into the outbox without anybody's bell. Returns how many promises were taken."""
    taken = 0
    for job in Job:
        try:
            taken += jobs.carry_out(rt, job)
        except Unavailable:
            log.warning("database_unavailable")
    return taken


def main() -> int:
    try:
        rt = open_runtime()
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        return 2
    locate("jalan rusak di Muara Enim")  # loads the gazetteer and the model now, not for the first citizen
    classify("jalan rusak")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    log.info("worker_started")
    run(rt, stop)
    rt.engine.dispose()
    log.info("worker_stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
