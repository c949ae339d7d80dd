"""Celery's prefork pool, two processes, results off, JSON."""

from __future__ import annotations

import os

from celery import Celery

from bench.apps.drain.job import decide

app = Celery("drain", broker=os.environ["REDIS_URL"].replace("unix://", "redis+socket://"))
app.conf.update(
    task_ignore_result=True,
    task_serializer="json",
    worker_prefetch_multiplier=32,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
work = app.task(decide, name="decide")


def enqueue(message_ids: list[int]) -> None:
    with app.connection_for_write() as connection, connection.Producer() as producer:
        for message_id in message_ids:
            work.apply_async((message_id,), producer=producer)


COMMANDS = [
    ["-m", "celery", "-A", "bench.apps.drain.with_celery", "worker", "--concurrency", "2", "--pool", "prefork",
     "--loglevel", "error", "--without-gossip", "--without-mingle", "--without-heartbeat", "-O", "fair"],
]  # fmt: skip
