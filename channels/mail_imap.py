"""A mailbox that is read because nobody calls us (RFC 3501, RFC 2177): letters in the order they came, and a bell.

What surprises:

* The folder is opened to be read only (EXAMINE) and letters are fetched without being marked: whoever else reads the
  mailbox sees it as it was. Only with ``move`` are letters moved away, after they are kept.
* A letter is named by its UID, and UIDs by UIDVALIDITY: when that changes, all UIDs mean other letters. The caller then
  begins again at 1, and letters kept before are recognised by their contents.
* Letters are fetched one by one, the oldest first, with no limit to how many wait: a backlog of a month is read like
  one of a minute.
* Some servers close a connection that waits; that is a bell, too.
"""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from time import mktime
from typing import Final
from urllib.parse import parse_qs, unquote

from imap_tools import AND, BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted

from channels.channel import Unreachable
from channels.variables import Variables, is_loopback, split_url

CONNECT_SECONDS: Final = 30.0
_FETCH: Final = "(UID INTERNALDATE BODY.PEEK[])"


@dataclass(frozen=True, slots=True)
class WaitingLetter:
    """A letter in a folder; ``raw`` as the server has it, ``received_at`` when it got it."""

    uid: int
    raw: bytes
    received_at: datetime


@dataclass(frozen=True)
class ImapServer:
    """One folder of one mailbox. ``security``: ``tls``, ``starttls`` or ``none``; ``move_to``: empty leaves letters be."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: str = "tls"
    folder: str = "INBOX"
    move_to: str = ""
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Names this folder in the database; holds no secret."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"

    @contextmanager
    def opened(self) -> Iterator[OpenFolder]:
        """The folder, open. Raises Unreachable, at any point."""
        try:
            connected = self._connect()
            try:
                connected.login(self.user, self.password, initial_folder=None)
            except BaseException:
                connected.client.shutdown()
                raise
            with connected as mailbox:
                mailbox.folder.set(self.folder, readonly=not self.move_to)
                yield OpenFolder(self, mailbox)
        except (OSError, imaplib.IMAP4.error, ImapToolsError) as fault:
            raise Unreachable("the mailbox cannot be read: " + type(fault).__name__) from fault

    def _connect(self) -> BaseMailBox:
        trust = self.trust or ssl.create_default_context()
        if self.security == "tls":
            return MailBox(self.host, self.port, timeout=CONNECT_SECONDS, ssl_context=trust)
        if self.security == "starttls":
            return MailBoxStartTls(self.host, self.port, timeout=CONNECT_SECONDS, ssl_context=trust)
        return MailBoxUnencrypted(self.host, self.port, timeout=CONNECT_SECONDS)


class OpenFolder:
    """A folder while it is open. Not to be shared between threads."""

    def __init__(self, server: ImapServer, mailbox: BaseMailBox) -> None:
        self._server = server
        self._mailbox = mailbox

    def validity(self) -> int:
        """UIDVALIDITY: while it stays the same, a UID means the same letter."""
        return int(self._mailbox.folder.status(self._server.folder, ["UIDVALIDITY"])["UIDVALIDITY"])

    def letters_after(self, uid: int) -> Iterator[WaitingLetter]:
        """All letters with a greater UID, the oldest first, fetched as they are taken."""
        # "n:*" always names at least the last letter, however small its UID (RFC 3501, 6.4.8).
        found = sorted(int(each) for each in self._mailbox.uids(AND(uid=f"{uid + 1}:*")) if int(each) > uid)
        for each in found:
            letter = self._fetch(each)
            if letter is not None:  # None: somebody deleted it in between
                yield letter

    def letters_since(self, day: date) -> Iterator[WaitingLetter]:
        """All letters the server got on this day or later, by its own calendar (RFC 3501, 6.4.4: SINCE)."""
        for each in sorted(int(found) for found in self._mailbox.uids(AND(date_gte=day))):
            letter = self._fetch(each)
            if letter is not None:
                yield letter

    def _fetch(self, uid: int) -> WaitingLetter | None:
        kind, answer = self._mailbox.client.uid("FETCH", str(uid), _FETCH)
        if kind != "OK":
            raise Unreachable("IMAP: FETCH refused")
        for part in answer:
            if isinstance(part, tuple) and isinstance(part[1], bytes):
                written = imaplib.Internaldate2tuple(part[0])
                moment = datetime.now(UTC) if written is None else datetime.fromtimestamp(mktime(written), UTC)
                return WaitingLetter(uid, part[1], moment)
        return None

    def put_away(self, uid: int) -> None:
        """Move a letter that is kept, where the operator asked for that."""
        if self._server.move_to:
            self._mailbox.move([str(uid)], self._server.move_to)

    def wait(self, seconds: float) -> None:
        """Return when something may have come, after ``seconds`` at the latest (IDLE where the server has it)."""
        if "IDLE" not in self._mailbox.client.capabilities:
            _sleep(seconds)
            self._mailbox.client.noop()
            return
        self._mailbox.idle.wait(timeout=seconds)


def _sleep(seconds: float) -> None:
    import time

    time.sleep(min(seconds, 30.0))


def read_imap_server(variables: Variables, name: str) -> ImapServer | None:
    """The mailbox named by a URL in this variable, None when it is not set; notes faults.

    ``imaps://user:password@host/INBOX``, ``imap://`` for STARTTLS, ``?move=Folder`` to move what is kept, and on this very
    machine only ``?tls=no``. User and password are percent-encoded where they hold ``:/@?#%``.
    """
    url = variables.text(name)
    if not url:
        return None
    parts = split_url(url)
    if parts is None or parts.scheme not in {"imap", "imaps"} or not parts.username or not parts.password:
        variables.fault(name, "must look like imaps://user:password@host/INBOX")
        return None
    query = parse_qs(parts.query, keep_blank_values=True)
    unencrypted = query.pop("tls", ["yes"])[0] == "no"
    move_to = query.pop("move", [""])[0]
    if query:
        variables.fault(name, "knows no options but move= and tls=no")
    if unencrypted and (parts.scheme == "imaps" or not is_loopback(parts.hostname or "")):
        variables.fault(name, "may say tls=no only for imap:// on this very machine")
    return ImapServer(
        host=parts.hostname or "",
        port=parts.port or (993 if parts.scheme == "imaps" else 143),
        user=unquote(parts.username),
        password=unquote(parts.password),
        security="tls" if parts.scheme == "imaps" else "none" if unencrypted else "starttls",
        folder=unquote(parts.path.strip("/")) or "INBOX",
        move_to=move_to,
    )
