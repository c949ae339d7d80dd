"""Hears of due promises and wakes workers: ``python -m workers.relay``.

PostgreSQL tells (``NOTIFY``) when something was promised; a look every second finds what nobody told (an alarm that
came due, a hold that ran out, a notification lost with a connection). Redis away, or the database: the relay waits and
goes on. Several relays do no harm: they wake workers that find nothing.
"""

from __future__ import annotations

import gc
import sys
import time
import uuid
from collections.abc import Mapping
from typing import Final

import psycopg
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker

from channels.channel import Misconfigured
from intake import logs
from intake.runtime import Runtime, open_runtime
from intake.storage import outbox
from intake.storage.bell import CHANNEL
from intake.storage.database import PATIENCE, Unavailable
from intake.supervise import Wish
from workers.jobs import QUEUE, WAKE_UP, Serializer, WakeUp

log = logs.get("relay")

LOOK_EVERY_SECONDS: Final = 1.0
#: A wake-up nobody took in this time is worthless: the next look makes a new one.
_TTL_SECONDS: Final = 30
_JOB_TIMEOUT_SECONDS: Final = 600
#: Between two looks, so that a flood of notifications does not become a flood of queries: this, or on a busy machine so
#: many times as long as the look took. Who has work already gains nothing from being told of more.
_BREATH_SECONDS: Final = 0.01
_BREATH_TIMES: Final = 5
#: When more is due than a worker takes at once: for so long they all have enough to do, and look for more by themselves.
_BREATH_IN_A_FLOOD_SECONDS: Final = 0.2


def open_redis(url: str) -> Redis:
    """A client that fails quickly: a dead Redis must never hold anybody up."""
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=2, retry=None)


def open_queue(client: Redis) -> Queue:
    return Queue(QUEUE, connection=client, job_class=WakeUp, serializer=Serializer)


def park_the_hopeless(rt: Runtime) -> None:
    """Put aside what killed its worker too often. It reads all that is due: once a second, not at every ring."""
    with rt.engine.begin() as connection:
        parked = outbox.park_the_hopeless(connection, max_attempts=rt.settings.max_attempts)
    if parked:
        log.error("promises_parked", count=parked)


def look(rt: Runtime) -> Mapping[str, int]:
    """How many promises of each kind are due and in nobody's hands."""
    with rt.engine.begin() as connection:
        return outbox.due(connection)


def wake_workers(rt: Runtime, queue: Queue, due: Mapping[str, int]) -> int:
    """Put wake-ups for what is due into the queue, no more than there are workers to hear them. Returns how many."""
    if not due:
        return 0
    waiting = [job_id.partition("-")[0] for job_id in queue.job_ids]
    workers = max(1, Worker.count(queue=queue))
    woken = 0
    for kind, count in due.items():
        wanted = min(workers, 1 + count // max(1, rt.settings.batch))
        for _ in range(wanted - waiting.count(kind)):
            queue.enqueue_call(
                WAKE_UP,
                args=(kind,),
                job_id=f"{kind}-{uuid.uuid4().hex}",
                timeout=_JOB_TIMEOUT_SECONDS,
                ttl=_TTL_SECONDS,
                result_ttl=0,
                failure_ttl=_TTL_SECONDS,
                description=kind,
            )
            woken += 1
    return woken


class Listener:
    """Waits for notifications on a connection of its own; reconnects by itself."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://")
        self._connection: psycopg.Connection | None = None

    def wait(self, seconds: float) -> None:
        """Return when something was promised, or after ``seconds``."""
        started = time.monotonic()
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, **PATIENCE)
                self._connection.execute(f"listen {CHANNEL}")
                return  # whatever was promised while nobody listened is found by a look
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except (psycopg.Error, OSError):  # the second: what the system refuses while we wait; a dead relay wakes nobody
            log.warning("listening_failed")
            self.close()
            time.sleep(max(0.0, min(seconds, seconds - (time.monotonic() - started))))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def run(rt: Runtime, wish: Wish) -> None:
    """Wake workers until told to stop."""
    client = open_redis(rt.settings.redis_url)
    queue = open_queue(client)
    listener = Listener(rt.settings.database_url)
    tidy_at = time.monotonic()
    log.info("relay_started")
    try:
        while not wish.is_to_stop:
            listener.wait(LOOK_EVERY_SECONDS)
            began, breath = time.monotonic(), _BREATH_SECONDS
            try:
                if time.monotonic() >= tidy_at:
                    tidy_at = time.monotonic() + LOOK_EVERY_SECONDS
                    park_the_hopeless(rt)
                due = look(rt)
                wake_workers(rt, queue, due)
                least = _BREATH_SECONDS if sum(due.values()) < rt.settings.batch else _BREATH_IN_A_FLOOD_SECONDS
                breath = min(LOOK_EVERY_SECONDS, max(least, _BREATH_TIMES * (time.monotonic() - began)))
            except RedisError:
                log.warning("redis_unavailable")
                time.sleep(LOOK_EVERY_SECONDS)
            except Unavailable:
                log.warning("database_unavailable")
                time.sleep(LOOK_EVERY_SECONDS)
            except Exception:  # whatever it is, the next look may find it gone; a dead relay wakes nobody
                log.exception("relay_failed")
                time.sleep(LOOK_EVERY_SECONDS)
            time.sleep(breath)
    finally:
        listener.close()
        client.close()
        log.info("relay_stopped")


def main() -> int:
    logs.take_over()
    try:
        rt = open_runtime(by_keys=True)
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)  # noqa: T201 - an operator reads this
        return 2
    gc.freeze()  # what was loaded stays: the collector, looking at it again and again, took two fifths of our time
    wish = Wish()
    wish.listen()
    run(rt, wish)
    rt.engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
