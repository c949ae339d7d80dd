"""Tells the relay that something is due: a NOTIFY of its own, thirty times a second at most.

Not in the transaction that promises: PostgreSQL lets only one transaction with a NOTIFY commit at a time, over the whole
database, so each would wait for the others' disk writes (measured here: a third of the messages a second). Ringing is
a courtesy. A ring that is lost (we die, the connection breaks) costs at most the second until the relay looks by itself.
"""

from __future__ import annotations

import threading
import time
from typing import Final
from weakref import WeakKeyDictionary

import psycopg
from sqlalchemy import Connection, Engine, event

CHANNEL: Final = "sahut_due"  # of LISTEN and NOTIFY
_PAUSE_SECONDS: Final = 0.03
#: A ring from inside a transaction is repeated: the first may come before its commit can be seen.
_AGAIN_SECONDS: Final = 0.04
_IDLE_SECONDS: Final = 2.0
_MARK: Final = "sahut_due"


class Bell:
    """The bell of one process and database. ``ring`` returns at once; a thread rings while there is something to ring."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://")
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._ringing = False
        self._again: float | None = None

    def ring(self, *, again: bool = False) -> None:
        """Something was promised and committed; ``again``: or is about to be committed, so ring once more a bit later."""
        if again:
            self._again = time.monotonic() + _AGAIN_SECONDS
        if self._wanted.is_set():
            return  # it has not rung for the one before us yet, so it will ring for both
        self._wanted.set()
        with self._lock:
            if self._ringing:
                return
            self._ringing = True
        try:
            threading.Thread(target=self._run, name="bell", daemon=True).start()
        except RuntimeError:  # no thread to be had now: the relay looks by itself, and the next promise tries again
            self._rest()

    def _rest(self) -> None:
        with self._lock:
            self._wanted.clear()
            self._ringing = False

    def _run(self) -> None:
        try:
            with psycopg.connect(self._url, autocommit=True, connect_timeout=3) as connection:
                while True:
                    again = self._again
                    wait = _IDLE_SECONDS if again is None else max(0.0, again - time.monotonic())
                    if self._wanted.wait(wait) or again is not None:
                        if again is not None and time.monotonic() >= again:
                            self._again = None
                        self._wanted.clear()
                        connection.execute(f"notify {CHANNEL}")
                        time.sleep(_PAUSE_SECONDS)
                        continue
                    with self._lock:
                        if not self._wanted.is_set():
                            self._ringing = False
                            return
        except (psycopg.Error, OSError):  # the second: out of file descriptors, or whatever else the system refuses
            self._rest()  # the relay looks by itself; the next promise tries again


_BELLS: Final[WeakKeyDictionary[Engine, Bell]] = WeakKeyDictionary()


def ring(engine: Engine) -> None:
    """Something was promised over this engine and is committed."""
    _BELLS[engine].ring()


def hang(engine: Engine) -> None:
    """Give an engine its bell: it rings with every commit in which something was promised."""
    bell = Bell(engine.url.render_as_string(hide_password=False))
    _BELLS[engine] = bell

    @event.listens_for(engine, "commit")
    def ring_if_promised(connection: Connection) -> None:
        # The library knows no moment after the commit, only this one just before it.
        if connection.info.pop(_MARK, False):
            bell.ring(again=True)

    @event.listens_for(engine, "rollback")
    def forget(connection: Connection) -> None:
        if not connection.invalidated:  # a connection that died holds no mark, and may not be asked
            connection.info.pop(_MARK, None)


def mark(connection: Connection) -> None:
    """Something was promised in this transaction: ring when it commits."""
    connection.info[_MARK] = True
