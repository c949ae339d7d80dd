"""The load balancer in front of several web hosts: TCP only, one host after the other, past those that do not answer.

A host that does not take a connection within a second is left out until it does again, and what runs through it is
ended, so that callers come again instead of waiting for a dead line.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from tests.chaos.looping import Looping

_LOOK_EVERY_SECONDS: Final = 0.3
_PATIENCE_SECONDS: Final = 1.0
_CHUNK: Final = 64 * 1024

Address = tuple[str, int]


class Balancer(Looping):
    """Listens on 127.0.0.1 at ``port``, in a thread of its own."""

    def __init__(self, port: int, hosts: Sequence[Address]) -> None:
        self._port, self._hosts = port, list(hosts)
        self._well: set[Address] = set(hosts)
        self._turn = 0
        super().__init__("balancer")
        self._through: dict[Address, set[asyncio.StreamWriter]] = defaultdict(set)
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def well(self) -> set[Address]:
        """The hosts that took a connection when they were last asked."""
        return set(self._well)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", self._port)
        for host in self._hosts:
            task = asyncio.create_task(self._look_after(host))
            self._tasks.add(task)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for host in self._hosts:
            self._end_all(host)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end_all(self, host: Address) -> None:
        for end in list(self._through[host]):
            end.transport.abort()

    async def _look_after(self, host: Address) -> None:
        while True:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(*host), _PATIENCE_SECONDS)
                writer.transport.abort()
                self._well.add(host)
            except OSError:
                self._well.discard(host)
                self._end_all(host)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        far: asyncio.StreamWriter | None = None
        host: Address | None = None
        try:
            well = [each for each in self._hosts if each in self._well]
            if well:
                self._turn += 1
                host = well[self._turn % len(well)]
                back, beyond = await asyncio.wait_for(asyncio.open_connection(*host), _PATIENCE_SECONDS)
                far = beyond
                self._through[host].update((writer, beyond))
                await asyncio.gather(_carry(reader, beyond), _carry(back, writer))
        except OSError:
            pass  # it went away, or the caller did
        finally:
            for end in (writer, far):
                if end is not None:
                    if host is not None:
                        self._through[host].discard(end)
                    end.transport.abort()


async def _carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while said := await source.read(_CHUNK):
        target.write(said)
        await target.drain()
    with suppress(OSError):
        target.write_eof()
