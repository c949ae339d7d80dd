"""A bad line between two programs on this machine: it can be cut, slow, or silent, whenever a test says so.

It stands where a network would be: in front of PostgreSQL and Valkey (unix sockets here) and knows nothing of what it
carries.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from tests.chaos.looping import Looping

Mood = Literal["fine", "slow", "silent"]

_SLOW_SECONDS: Final = 0.15
_LOOK_SECONDS: Final = 0.05
_CHUNK: Final = 64 * 1024


class Line(Looping):
    """Everything that connects to ``door`` is led to ``behind``; both are paths of unix sockets."""

    def __init__(self, door: Path, behind: Path) -> None:
        self.mood: Mood = "fine"
        self._door, self._behind = door, behind
        super().__init__("line")
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def cut(self) -> None:
        """End every connection in the middle of whatever it carries."""
        self._do(self._cut())

    async def _open(self) -> None:
        self._server = await asyncio.start_unix_server(self._lead, self._door)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _cut(self) -> None:
        for end in list(self._ends):
            end.transport.abort()
        await asyncio.sleep(0)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._ends.add(writer)
        far: asyncio.StreamWriter | None = None
        try:
            back, far = await asyncio.open_unix_connection(self._behind)
            self._ends.add(far)
            await asyncio.gather(self._carry(reader, far), self._carry(back, writer))
        except OSError:
            pass  # nobody behind it, or cut
        finally:
            for end in (writer, far):
                if end is not None:
                    self._ends.discard(end)
                    end.transport.abort()

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while said := await source.read(_CHUNK):
            if self.mood == "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            while self.mood == "silent":  # noqa: ASYNC110 - the mood is set from another thread
                await asyncio.sleep(_LOOK_SECONDS)
            target.write(said)
            await target.drain()
        with suppress(OSError):
            target.write_eof()
