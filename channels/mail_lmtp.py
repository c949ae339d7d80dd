"""LMTP (RFC 2033): a mail server hands us letters and hears for every recipient whether we have them.

What surprises: nothing is answered before it is kept. What cannot be kept now is answered with 4xx, and the mail server
tries again for days, which is more than any webhook's caller does. A recipient that is not ours is refused at once, so
that its sender hears of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT: Final = "250 2.0.0 kept"
NOT_NOW: Final = "451 4.3.0 cannot keep it now, try again"
NOT_OURS: Final = "550 5.1.1 no such mailbox here"
MOST_BYTES: Final = 30 * 1024 * 1024
_AT_ONCE: Final = 8
_PATIENCE_SECONDS: Final = 30.0
_GOOD_BYE_SECONDS: Final = 0.05
_QUIET_ROUNDS: Final = 2
_MOST_ROUNDS: Final = 100

#: Keeps one letter for one recipient: (raw letter, envelope sender or "<>", recipient) → whether it is kept.
Keep = Callable[[bytes, str, str], bool]


class _Conversation(LMTP):
    """One connection. Real letters hold lines longer than RFC 5321 allows; they are no reason to refuse one."""

    line_length_limit = 1024 * 1024

    def __init__(self, door: LmtpDoor, *, most_bytes: int, opened: set[asyncio.Transport]) -> None:
        super().__init__(door, enable_SMTPUTF8=True, data_size_limit=most_bytes, ident="Sahut", hostname="sahut")
        self._opened = opened
        self._line: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._line = transport
            self._opened.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._line is not None:
            self._opened.discard(self._line)
        super().connection_lost(error)


class LmtpDoor(Controller):
    """Listens in a thread of its own, keeps letters in some others."""

    def __init__(self, *, host: str, port: int, keep: Keep, is_ours: Callable[[str], bool], most_bytes: int) -> None:
        self._keep = keep
        self._is_ours = is_ours
        self._most_bytes = most_bytes
        self._opened: set[asyncio.Transport] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="lmtp")
        super().__init__(self, hostname=host, port=port)

    def factory(self) -> SMTP:
        """One connection's protocol."""
        return _Conversation(self, most_bytes=self._most_bytes, opened=self._opened)

    def stop(self, no_assert: bool = False) -> None:  # the library's signature
        """Stop listening; letters that are being kept are waited for."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(_PATIENCE_SECONDS)
        super().stop(no_assert)
        self._pool.shutdown(wait=True)

    async def _hang_up(self) -> None:
        """End every connection. What was not answered is sent again: better twice to us than never."""
        for listening in getattr(self.server, "sockets", ()):
            # Not closed yet: a connection that is half accepted when its server closes is left open for ever (Python 3.11).
            self.loop.remove_reader(listening.fileno())
        quiet_rounds = 0
        for _ in range(_MOST_ROUNDS):
            # One that was accepted a moment ago is not among them yet: it shows itself in the next round.
            quiet_rounds = 0 if self._opened else quiet_rounds + 1
            if quiet_rounds == _QUIET_ROUNDS:
                return
            for transport in list(self._opened):
                transport.close()
            await asyncio.sleep(_GOOD_BYE_SECONDS)
        for transport in list(self._opened):
            transport.abort()
        await asyncio.sleep(_GOOD_BYE_SECONDS)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever went wrong here is no reason to send a letter back to its writer."""
        return NOT_NOW

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Take recipients that are ours."""
        if not self._is_ours(address):
            return NOT_OURS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the letter for each recipient, and say of each what became of it."""
        raw = envelope.original_content or b""
        sender = envelope.mail_from or "<>"
        loop = asyncio.get_running_loop()
        recipients = [str(each) for each in envelope.rcpt_tos]
        kept = [await loop.run_in_executor(self._pool, self._keep, raw, sender, each) for each in recipients]
        return "\r\n".join(KEPT if each else NOT_NOW for each in kept)
