"""Bring a database to the tables of this release. Safe to run on several hosts at once: the first one works."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from intake.storage import regencies
from intake.storage.database import open_engine

_LOCK = 7_248_301  # any number of our own: pg_advisory_lock wants one


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return found


def upgrade(database_url: str) -> None:
    """Run the missing migrations and refresh the table of regencies, in one transaction under one lock."""
    engine = open_engine(database_url, pool_size=1, statement_timeout_ms=0)
    try:
        with engine.begin() as connection:
            # Another host may be at it for minutes. But a table somebody uses is waited for only as long as usual: all
            # who come later would wait behind us.
            connection.execute(text("set local lock_timeout = 0"))
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            connection.execute(text("set local lock_timeout to default"))
            run(connection)
            regencies.refresh(connection)
    finally:
        engine.dispose()


def run(connection: Connection, revision: str = "head") -> None:
    """Upgrade over a connection of the caller's."""
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, revision)
