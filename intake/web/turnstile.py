"""So many may wait for the database at once; when it stands still, the others hear so at once instead of waiting too.

A server thread that waits for a slow database is taken from everybody: from the page that would show, and from the answer
"come again" itself. So only some of the threads may wait. What surprises: being full is no reason to refuse anybody, for
in a rush places become free every few milliseconds. Somebody is refused when all places are taken *and* the one who has
been inside longest has been there too long: that is a database that does not keep up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from intake.storage.database import Overloaded

#: Fewer than the threads of the web server (Procfile): the rest answers those who are refused, and shows pages.
MOST_AT_ONCE: Final = 20
#: Inside longer than this, and the database is no longer merely busy.
TOO_LONG_SECONDS: Final = 1.0


class Turnstile:
    """The way to the database for requests of one process."""

    def __init__(
        self,
        most_at_once: int = MOST_AT_ONCE,
        too_long_seconds: float = TOO_LONG_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_at_once = most_at_once
        self._too_long_seconds = too_long_seconds
        self._clock = clock
        self._changed = threading.Condition()
        self._inside: dict[object, float] = {}  # since when; in the order in which they came

    @contextmanager
    def pass_through(self) -> Iterator[None]:
        """Be inside while the block runs. Raises Overloaded when there is no place and none becomes free."""
        me = object()
        with self._changed:
            while len(self._inside) >= self._most_at_once:
                longest = self._clock() - next(iter(self._inside.values()))
                if longest >= self._too_long_seconds:
                    raise Overloaded("the database does not keep up")
                self._changed.wait(self._too_long_seconds - longest)
            self._inside[me] = self._clock()
        try:
            yield
        finally:
            with self._changed:
                del self._inside[me]
                self._changed.notify()
