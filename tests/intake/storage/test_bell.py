"""The bell: heard after a commit, silent after a rollback, and no harm when a connection dies."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import outbox
from intake.storage.bell import CHANNEL
from intake.storage.database import Unavailable
from intake.storage.outbox import Job


def listening(rt: Runtime) -> psycopg.Connection:
    url = rt.engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg://", "postgresql://")
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(f"listen {CHANNEL}")
    return connection


def rings(listener: psycopg.Connection, *, seconds: float) -> int:
    return len(list(listener.notifies(timeout=seconds, stop_after=1)))


def test_a_promise_rings_when_it_is_committed(rt: Runtime) -> None:
    with listening(rt) as listener:
        with rt.engine.begin() as connection:
            outbox.promise(connection, Job.PROCESS, 1)
        assert rings(listener, seconds=10) == 1


def test_a_promise_that_is_taken_back_does_not_ring(rt: Runtime) -> None:
    with listening(rt) as listener:
        with rt.engine.begin() as connection:
            outbox.promise(connection, Job.PROCESS, 1)
            connection.rollback()
        with rt.engine.begin() as connection:
            connection.execute(text("select 1"))
        assert rings(listener, seconds=0.3) == 0


def test_a_connection_that_dies_is_a_database_that_is_away_and_nothing_else(rt: Runtime) -> None:
    """An earlier bell asked the dead connection for its mark, and the relay died of the answer."""
    with pytest.raises(Unavailable), rt.engine.begin() as connection:
        connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    with rt.engine.begin() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1


def test_a_bell_that_finds_no_thread_harms_nobody_and_rings_another_time(
    rt: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(thread: threading.Thread) -> None:
        msg = "can't start new thread"  # what Python says when the system lets it have none
        raise RuntimeError(msg)

    with listening(rt) as listener:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with rt.engine.begin() as connection:
                outbox.promise(connection, Job.PROCESS, 1)
        with rt.engine.begin() as connection:
            assert outbox.due(connection) == {Job.PROCESS: 1}
            outbox.promise(connection, Job.PROCESS, 2)
        assert rings(listener, seconds=10) == 1
