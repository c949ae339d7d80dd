"""procrastinate on the same PostgreSQL: two workers, four jobs at a time each, finished jobs deleted."""

from __future__ import annotations

import os

import procrastinate

from bench.apps.drain.job import decide

_URL = os.environ["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://")
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=_URL))
work = app.task(name="decide")(decide)


def enqueue(message_ids: list[int]) -> None:
    with app.replace_connector(procrastinate.SyncPsycopgConnector(conninfo=_URL)) as here, here.open() as opened:
        opened.schema_manager.apply_schema()
        opened.tasks["decide"].batch_defer(*({"message_id": message_id} for message_id in message_ids))


COMMANDS = [
    ["-m", "procrastinate", "--app", "bench.apps.drain.with_procrastinate.app", "worker", "--concurrency", "4",
     "--delete-jobs", "successful"],
] * 2  # fmt: skip
