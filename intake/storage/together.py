"""Messages that come at the same moment are kept in one statement and one commit, by whoever of them came first.

A commit is a disk write and a statement is a round trip; both cost nearly the same for one row and for twenty. While one
statement is under way, those that come wait; when it is done, the first of them takes all of them along. One that comes
alone leaves at once; only while messages come closer upon each other than every ten milliseconds, the first waits a
moment for company (``Traffic``), because alone each costs four times as much.

What surprises: each waits for its own commit, never for less. A message that the database refuses is found by writing each
alone, so that it takes no other with it; when the database itself does not answer, all hear so. Who waits too long for
its turn, or finds too many waiting already, hears ``Overloaded``: a caller that is told in time to come again is better
off than one that hangs up. It may come again although its message was kept after all: then it is a duplicate.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, Engine

from intake.storage.database import Overloaded, is_deadlock, is_lasting
from intake.storage.messages import Ids, Incoming, Remembered, remember_all, with_fresh_ids

#: So many are written in one statement: a bound for how long the next have to wait.
MOST_TOGETHER: Final = 64
#: So many may wait in one process.
MOST_WAITING: Final = 256
#: Twilio hangs up after 15 seconds, and the statement before ours may take some of them.
PATIENCE_SECONDS: Final = 4.0


#: With so many the first leaves: more would save little.
COMPANY: Final = 4
#: Messages that come farther apart than this on average do not wait for each other.
_CLOSE_SECONDS: Final = 0.01
#: The first waits for as long as three more take on average, and no longer than this.
_LONGEST_PAUSE_SECONDS: Final = 0.012
#: What a new gap counts in the average; a pause of whatever length counts as a second.
_WEIGHT: Final = 0.2
_RARE_SECONDS: Final = 1.0


class Traffic:
    """How close upon each other messages come, and how long the first of them had better wait for others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock() - _RARE_SECONDS
        self._gap = _RARE_SECONDS

    def note(self) -> None:
        """One came."""
        now = self._clock()
        self._gap += (min(_RARE_SECONDS, now - self._last) - self._gap) * _WEIGHT
        self._last = now

    def alone(self) -> None:
        """Who waited had no company: one sender, perhaps, who sends the next when this one is kept."""
        self._gap = _RARE_SECONDS

    def pause(self) -> float:
        """Seconds; 0 while they come one by one."""
        return min(_LONGEST_PAUSE_SECONDS, (COMPANY - 1) * self._gap) if self._gap < _CLOSE_SECONDS else 0.0


class _Place:
    """One message in the queue, and what became of it."""

    __slots__ = ("engine", "incoming", "leads", "outcome", "taken", "turn")

    def __init__(self, engine: Engine, incoming: Incoming) -> None:
        self.engine = engine
        self.incoming = incoming
        self.outcome: Remembered | Exception | None = None
        self.leads = False
        self.taken = False
        self.turn = threading.Lock()  # free again when it is this one's turn to write, or when its outcome is there
        self.turn.acquire()


class Together:
    """The queue of one process."""

    def __init__(
        self,
        *,
        most_waiting: int = MOST_WAITING,
        patience_seconds: float = PATIENCE_SECONDS,
        traffic: Traffic | None = None,
    ) -> None:
        self.ids = Ids()
        self._traffic = traffic or Traffic()
        self._gathering: _Place | None = None  # who waits for company
        self._most_waiting = most_waiting
        self._patience_seconds = patience_seconds
        self._lock = threading.Lock()
        self._waiting: list[_Place] = []
        self._under_way = False
        self._open: tuple[Engine, Connection] | None = None  # whoever has the turn has it, too

    def remember(self, engine: Engine, incoming: Incoming) -> Remembered:
        """Keep a message (its files are the caller's); committed when this returns. Raises what the database raises,
        and Overloaded.
        """
        mine = _Place(engine, incoming)
        pause = 0.0
        with self._lock:
            if len(self._waiting) >= self._most_waiting:
                raise Overloaded("too many wait already")
            self._waiting.append(mine)
            self._traffic.note()
            mine.leads = not self._under_way
            self._under_way = True
            if mine.leads and (pause := self._traffic.pause()):
                self._gathering = mine
            elif self._gathering is not None and len(self._waiting) >= COMPANY:
                self._gathering.turn.release()
                self._gathering = None
        if not mine.leads and not mine.turn.acquire(timeout=self._patience_seconds):
            self._give_up(mine)
        if mine.leads:
            self._write_with_others(mine, pause)
        if isinstance(mine.outcome, Exception):
            raise mine.outcome
        assert mine.outcome is not None  # noqa: S101 - whoever had the turn has set it
        return mine.outcome

    def _wait_for_company(self, mine: _Place, seconds: float) -> None:
        mine.turn.acquire(timeout=seconds)
        with self._lock:
            if self._gathering is mine:
                self._gathering = None
            if len(self._waiting) == 1:
                self._traffic.alone()

    def _give_up(self, mine: _Place) -> None:
        """Leave the queue; what was taken along is waited for once more, because it may well be kept."""
        with self._lock:
            if mine.leads or mine.outcome is not None:
                return
            if not mine.taken:
                self._waiting.remove(mine)
                raise Overloaded("waited too long")
        if not mine.turn.acquire(timeout=self._patience_seconds):
            raise Overloaded("the database takes too long")

    def _write_with_others(self, mine: _Place, pause: float) -> None:
        company: list[_Place] = []
        try:
            if pause:
                self._wait_for_company(mine, pause)
            company = self._gather(mine)
            self._write(mine.engine, company)
        finally:
            if not company:
                self._leave(mine)
            self._pass_on()
            for place in company:
                if place is not mine:
                    place.turn.release()

    def _gather(self, mine: _Place) -> list[_Place]:
        """Mine and those who wait with it, taken out of the queue: all of them, or none when there is no memory for it."""
        with self._lock:
            company = [place for place in self._waiting if place.engine is mine.engine][:MOST_TOGETHER]
            if mine not in company:
                company[-1] = mine
            gone = set(company)
            others = [place for place in self._waiting if place not in gone]
            for place in company:
                place.taken = True
            self._waiting = others
            return company

    def _leave(self, mine: _Place) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)

    def _pass_on(self) -> None:
        """Give the turn to the first who waits. Before the answers of those who are done: writing goes on meanwhile."""
        with self._lock:
            chosen = self._waiting[0] if self._waiting else None
            if chosen is None:
                done_with, self._open = self._open, None
                self._under_way = False
            else:
                chosen.leads = True
        if chosen is not None:
            chosen.turn.release()
        elif done_with is not None:
            done_with[1].close()

    def _write(self, engine: Engine, company: list[_Place]) -> None:
        try:
            kept = self._remember_all(engine, [place.incoming for place in company])
        except Exception as fault:  # noqa: BLE001 - each who waits for it raises it in their own thread
            if len(company) > 1 and (is_lasting(fault) or is_deadlock(fault)):
                self._write_each(engine, company)
                return
            for place in company:
                place.outcome = fault
        except BaseException as fault:
            for place in company:
                place.outcome = Overloaded(type(fault).__qualname__)
            raise
        else:
            for place, remembered in zip(company, kept, strict=True):
                place.outcome = remembered

    def _write_each(self, engine: Engine, company: list[_Place]) -> None:
        for number, place in enumerate(company):
            self._write(engine, [place])
            if isinstance(place.outcome, Exception) and not is_lasting(place.outcome):
                for other in company[number + 1 :]:  # away: nobody waits for the next to find the same
                    other.outcome = place.outcome
                return

    def _remember_all(self, engine: Engine, several: list[Incoming]) -> list[Remembered]:
        connection = self._connection_to(engine)
        try:
            return with_fresh_ids(lambda: remember_all(connection, self.ids, several))
        except BaseException:
            self._open = None
            connection.close()
            raise

    def _connection_to(self, engine: Engine) -> Connection:
        """The connection of whoever had the turn before, as long as there is no pause; else one from the pool."""
        if self._open is not None and self._open[0] is engine:
            return self._open[1]
        if self._open is not None:
            self._open[1].close()
            self._open = None
        # One statement is a transaction of its own: one round trip instead of three.
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._open = engine, connection
        return connection
