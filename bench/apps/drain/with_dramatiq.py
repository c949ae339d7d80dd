"""Dramatiq: two processes of four threads; its other middleware as it comes, but for Prometheus."""

from __future__ import annotations

import os

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.apps.drain.job import decide

broker = RedisBroker(url=os.environ["REDIS_URL"])
dramatiq.set_broker(broker)
work = dramatiq.actor(decide, actor_name="decide", max_retries=0)


def enqueue(message_ids: list[int]) -> None:
    for message_id in message_ids:
        work.send(message_id)


COMMANDS = [["-m", "dramatiq", "bench.apps.drain.with_dramatiq", "--processes", "2", "--threads", "4"]]
