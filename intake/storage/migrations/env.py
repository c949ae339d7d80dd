"""Alembic's entry: runs over the connection it is handed (``intake.storage.migrate``), or one from DATABASE_URL."""

from __future__ import annotations

import os

from alembic import context

from intake.storage.database import open_engine
from intake.storage.tables import metadata


def _run(connection: object) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)  # type: ignore[arg-type]
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    engine = open_engine(os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as opened:
        _run(opened)
