"""The migrations build the tables of ``tables``, can be taken back, and may run twice or at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url

from intake.storage.database import open_engine
from intake.storage.migrate import _LOCK, config, upgrade
from intake.storage.tables import metadata
from tests.journeys.house import wait_for


def test_migrations_and_tables_agree(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def test_every_migration_can_be_taken_back(database_url: str) -> None:
    engine = open_engine(database_url)
    settings = config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
        left = connection.execute(
            text("select count(*) from information_schema.tables where table_schema = 'public'")
        ).scalar_one()
        assert left == 1  # alembic's own
    engine.dispose()


def test_several_hosts_may_release_at_once(postgres_url: str) -> None:
    admin = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("create database released_at_once"))
    url = make_url(postgres_url).set(database="released_at_once").render_as_string(hide_password=False)
    faults: list[BaseException] = []

    def release() -> None:
        try:
            upgrade(url)
        except BaseException as fault:  # noqa: BLE001 - whatever it is, it fails the test below
            faults.append(fault)

    threads = [threading.Thread(target=release) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    engine = open_engine(url)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from regency")).scalar_one() == 514
        assert connection.execute(text("select count(*) from desk")).scalar_one() == 514
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("drop database released_at_once with (force)"))
    admin.dispose()


def test_a_release_waits_for_one_that_takes_longer_than_a_lock_is_usually_waited_for(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        waiting = threading.Thread(target=upgrade, args=(database_url,))
        waiting.start()
        waits = text("select count(*) from pg_locks where locktype = 'advisory' and not granted")
        while connection.execute(waits).scalar_one() == 0:
            assert waiting.is_alive()
        # Longer than the lock_timeout of our connections: the one that waits is still there.
        connection.execute(text("select pg_sleep(5.5)"))
        assert connection.execute(waits).scalar_one() == 1
    waiting.join()
    engine.dispose()


@pytest.fixture
def behind(database_url: str) -> Iterator[Engine]:
    """A database in which the index of dispositions by report is still missing."""
    engine = open_engine(database_url)
    settings = config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "0017")
    yield engine
    engine.dispose()


def waits_for_dispositions(connection: Connection) -> bool:
    """Whether somebody waits for the table."""
    waits = text("select count(*) from pg_locks where relation = 'disposition'::regclass and not granted")
    return bool(connection.execute(waits).scalar_one())


def is_up(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text("select to_regclass('ix_disposition_report')")).scalar_one() is not None


def test_a_release_gives_way_to_who_holds_a_table_for_long_and_begins_anew(behind: Engine, database_url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with behind.begin() as connection:
            connection.execute(text("lock table disposition in row exclusive mode"))
            released = pool.submit(upgrade, database_url)
            wait_for(lambda: waits_for_dispositions(connection), of="the release that waits")
            wait_for(lambda: not waits_for_dispositions(connection), of="the release that gave way")
            assert not released.done()
        released.result()
    assert is_up(behind)


def test_a_release_that_is_ended_because_two_wait_for_each_other_begins_anew(behind: Engine, database_url: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        with behind.begin() as connection:
            connection.execute(text("set local deadlock_timeout = '60s'"))  # the other one finds out, and is ended
            connection.execute(text("lock table disposition in row exclusive mode"))
            released = pool.submit(upgrade, database_url)
            wait_for(lambda: waits_for_dispositions(connection), of="the release that waits")
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})  # which the release holds
            assert not released.done()
        released.result()
    assert is_up(behind)
