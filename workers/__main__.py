"""A worker: ``python -m workers``. Everything is loaded before RQ is asked for work, so that no report waits for it.

RQ's ``SimpleWorker`` runs wake-ups in this very process: its forking worker does ten jobs a second where this does
hundreds, and what the fork protects against (a crash, a leak) the outbox already survives. While Redis is away the
worker looks into the outbox itself, every second: reports go on, only a little later.
"""

from __future__ import annotations

import gc
import sys
import time
from datetime import UTC, datetime
from types import FrameType

from redis.client import Pipeline
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004 - Redis has its own two
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.worker import WorkerStatus

from channels.channel import Misconfigured
from intake import logs
from intake.active_model import classify_here
from intake.domain.calendar import WorkingCalendar
from intake.runtime import Runtime, open_runtime
from intake.storage.database import Unavailable
from intake.storage.outbox import Job
from intake.supervise import Wish
from intake.understand.locate import locate
from workers import jobs
from workers.relay import open_queue, open_redis

log = logs.get("worker")

_ALONE_EVERY_SECONDS = 1.0
_LISTENS_SECONDS = 2


class RedisAway(Exception):
    """Redis does not answer."""


class _Worker(SimpleWorker):
    """RQ's worker, silent; it tells us when it is asked to stop, and when Redis is gone.

    RQ itself would try to reach Redis for ever, inside; but reports can go on without it.
    """

    def __init__(self, rt: Runtime, wish: Wish) -> None:
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
        self._wish = wish

    @property
    def dequeue_timeout(self) -> int:
        """How long RQ waits for a wake-up before it beats again, in seconds."""
        return _LISTENS_SECONDS

    @property
    def connection_timeout(self) -> int:
        """When a Redis that says nothing is taken for dead. RQ's own would be 25 seconds without work."""
        return _LISTENS_SECONDS + 2

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self._wish.is_to_stop = True
        if self.get_state() == WorkerStatus.BUSY:
            self._stop_requested = True  # RQ's own would talk to Redis here, and break off a sending when Redis is away
        else:
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """RQ beats before each wait; its loop catches the errors of Redis, but not this one."""
        try:
            super().heartbeat(timeout, pipeline)
        except (ConnectionError, TimeoutError) as away:
            raise RedisAway from away


def run(rt: Runtime, wish: Wish) -> None:
    """Work until told to stop; with Redis as the bell, without it by looking.

    RQ's loop also ends by itself, without an error, when Redis comes back between a failed beat and its farewell, and
    on faults of its own: then it is begun anew. What is being done when we are told to stop is done to its end.
    """
    jobs.use(rt, lambda: wish.is_to_stop)
    while not wish.is_to_stop:
        try:
            _Worker(rt, wish).work(logging_level="WARNING")
        except StopRequested:
            return
        except (RedisError, RedisAway):
            log.warning("redis_unavailable")
        wish.listen()  # RQ's own handler would break off what is being done
        if not wish.is_to_stop:
            work_alone(rt, wish)
            time.sleep(_ALONE_EVERY_SECONDS)


def work_alone(rt: Runtime, wish: Wish) -> int:
    """One look into the outbox without anybody's bell. Returns how many promises were taken."""
    taken = 0
    for job in Job:
        try:
            taken += jobs.carry_out(rt, job, leaving=lambda: wish.is_to_stop)
        except Unavailable:
            log.warning("database_unavailable")
    return taken


def warm_up() -> None:
    """Load the gazetteer, the model and the holidays now, not for the first citizen.

    They stay as long as the process: taking them out of the garbage collector's sight saves a tenth of the work on a
    message, which otherwise goes into looking at them again and again.
    """
    locate("jalan rusak di Muara Enim")
    classify_here("jalan rusak")
    WorkingCalendar().nth_working_day(datetime.now(UTC).date(), 1)
    gc.collect()
    gc.freeze()


def main() -> int:
    logs.take_over()
    try:
        rt = open_runtime(by_keys=True)
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        return 2
    warm_up()
    wish = Wish()
    wish.listen()
    log.info("worker_started")
    run(rt, wish)
    rt.engine.dispose()
    log.info("worker_stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
