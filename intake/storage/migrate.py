"""Bring a database to the tables of this release. Safe to run on several hosts at once: the first one works."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from intake import logs
from intake.storage import regencies
from intake.storage.database import gives_way, open_engine

log = logs.get("migrate")

_LOCK = 7_248_301  # any number of our own: pg_advisory_lock wants one
_AGAIN_AFTER_SECONDS: Final = (1, 2, 4, 8, 16)


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return found


def upgrade(database_url: str) -> None:
    """Run the missing migrations and refresh the table of regencies, in one transaction under one lock.

    Others may work meanwhile: where they and it wait for each other, or one of them holds a table for long, it gives way and
    begins anew, six times in all. Raises what the database said the last time.
    """
    engine = open_engine(database_url, pool_size=1, statement_timeout_ms=0)
    try:
        for pause_seconds in _AGAIN_AFTER_SECONDS:
            try:
                _upgrade_once(engine)
            except OperationalError as fault:
                if not gives_way(fault):
                    raise
                log.warning("migration_gave_way", again_after_seconds=pause_seconds)
                time.sleep(pause_seconds)
            else:
                return
        _upgrade_once(engine)
    finally:
        engine.dispose()


def _upgrade_once(engine: Engine) -> None:
    with engine.begin() as connection:
        # Another host may be at it for minutes. But a table somebody uses is waited for only as long as usual: all who come
        # later would wait behind us.
        connection.execute(text("set local lock_timeout = 0"))
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("set local lock_timeout to default"))
        run(connection)
        regencies.refresh(connection)


def run(connection: Connection, revision: str = "head") -> None:
    """Upgrade over a connection of the caller's."""
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)
