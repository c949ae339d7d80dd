"""Huey on Redis: two worker processes, blocking pop, no results."""

from __future__ import annotations

import os

from huey import RedisHuey

from bench.apps.drain.job import decide

huey = RedisHuey("drain", url=os.environ["REDIS_URL"], results=False, blocking=True)
work = huey.task(name="decide")(decide)


def enqueue(message_ids: list[int]) -> None:
    for message_id in message_ids:
        work(message_id)


COMMANDS = [
    ["-c", "from huey.bin.huey_consumer import consumer_main; consumer_main()", "bench.apps.drain.with_huey.huey",
     "--workers", "2", "--worker-type", "process", "--quiet", "--no-periodic"],
]  # fmt: skip
