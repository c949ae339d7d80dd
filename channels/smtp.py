"""Handing a finished letter to a mail server (RFC 5321, RFC 6409), and what its answers mean for us.

Surprises: the steps are taken one by one, because it matters *where* a connection dies: before the final full stop the
letter was not taken, after it nobody knows. A connection that took its letter is kept for the next one for a moment
(a login with TLS costs more than the letter); whether it still lives is asked before anything is handed over.
"""

from __future__ import annotations

import smtplib
import ssl
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, unquote

from channels.channel import SendFailed
from channels.variables import Variables, is_loopback, split_url

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0
# A server hangs up on who is silent (Postfix: 300 s, others sooner) and on who hands over too many letters in a row.
KEPT_SECONDS: Final = 20.0
MOST_LETTERS: Final = 50
_AUTHENTICATION_CODES: Final = frozenset({530, 534, 535, 538})
_PERMANENT_CLASS: Final = 5
_DONE: Final = 250


@dataclass(frozen=True)
class _Kept:
    session: smtplib.SMTP
    letters: int
    since: float


@dataclass(frozen=True)
class MailServer:
    """A submission server. ``security`` is ``starttls`` (required, not tried), ``tls`` from the start, or ``none``.

    May be used by several threads: each has a connection to itself for as long as its letter takes.
    """

    host: str
    port: int
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    answer_seconds: float = ANSWER_SECONDS
    # Only for a server with a certificate of its own authority; by default the system's authorities decide.
    trust: ssl.SSLContext | None = field(default=None, repr=False, compare=False)
    _kept: deque[_Kept] = field(default_factory=deque, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weakref.finalize(self, _leave_all, self._kept)

    def submit(self, letter: bytes, *, sender: str, recipient: str) -> None:
        """Give one letter to the server for one recipient. Raises SendFailed."""
        needs_utf8 = not (sender + recipient).isascii()
        with self._session() as session:
            if needs_utf8 and not session.has_extn("smtputf8"):
                raise SendFailed("the server cannot write to this address", kind="permanent", code="smtputf8")
            options = ["SMTPUTF8"] if needs_utf8 else []
            if session.has_extn("size"):
                options.append(f"size={len(letter)}")
            if needs_utf8:
                session.command_encoding = "utf-8"
            _expect(session.mail(sender, options), "MAIL FROM", sender=True)
            _expect(session.rcpt(recipient), "RCPT TO")
            try:
                answer = session.data(letter)
            except smtplib.SMTPDataError as refusal:
                raise _judge(refusal.smtp_code, "DATA") from refusal
            except (OSError, smtplib.SMTPException) as fault:
                raise SendFailed("connection lost while the letter was handed over", uncertain=True) from fault
            _expect(answer, "end of DATA")

    def check_login(self) -> None:
        """Whether the server is there, is who it should be, and lets us in. Raises SendFailed."""
        _leave(self._begin())

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        kept = self._take_kept()
        session, letters = (kept.session, kept.letters) if kept else (self._begin(), 0)
        try:
            yield session
        except BaseException as fault:
            _leave(session)
            if isinstance(fault, smtplib.SMTPResponseException):
                raise _judge(fault.smtp_code, "command") from fault
            if isinstance(fault, OSError | smtplib.SMTPException | ValueError):
                raise SendFailed("connection lost") from fault
            raise
        if letters + 1 < MOST_LETTERS:
            self._kept.append(_Kept(session, letters + 1, time.monotonic()))
        else:
            _leave(session)

    def _take_kept(self) -> _Kept | None:
        """The connection used last, if it still answers."""
        while True:
            try:
                kept = self._kept.pop()
            except IndexError:
                return None
            if time.monotonic() - kept.since < KEPT_SECONDS and self._answers(kept.session):
                return kept
            _leave(kept.session)

    def _answers(self, session: smtplib.SMTP) -> bool:
        with suppress(OSError, smtplib.SMTPException):
            if session.sock is None:
                return False
            session.sock.settimeout(CONNECT_SECONDS)
            answered = session.rset()[0] == _DONE
            session.sock.settimeout(self.answer_seconds)
            return answered
        return False

    def _begin(self) -> smtplib.SMTP:
        try:
            return self._connect()
        except smtplib.SMTPAuthenticationError as refusal:
            if refusal.smtp_code // 100 == _PERMANENT_CLASS:
                raise SendFailed("login refused", kind="config", code=str(refusal.smtp_code)) from refusal
            raise _judge(refusal.smtp_code, "AUTH") from refusal
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as fault:
            raise SendFailed("no secure connection or no login offered", kind="config") from fault
        except smtplib.SMTPResponseException as refusal:
            raise _judge(refusal.smtp_code, "greeting") from refusal
        except (OSError, smtplib.SMTPException) as fault:
            raise SendFailed("connection failed") from fault

    def _connect(self) -> smtplib.SMTP:
        trust = self.trust or ssl.create_default_context()
        session: smtplib.SMTP
        if self.security == "tls":
            session = smtplib.SMTP_SSL(self.host, self.port, timeout=CONNECT_SECONDS, context=trust)
        else:
            session = smtplib.SMTP(self.host, self.port, timeout=CONNECT_SECONDS)
        try:
            session.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                session.starttls(context=trust)
                session.ehlo_or_helo_if_needed()
            if self.user:
                session.login(self.user, self.password)
            if session.sock is not None:
                session.sock.settimeout(self.answer_seconds)
        except BaseException:
            session.close()
            raise
        return session


def _leave(session: smtplib.SMTP) -> None:
    """Say good-bye and go, without waiting for what the server says to it: its letters are settled."""
    with suppress(OSError, smtplib.SMTPException):
        session.putcmd("quit")
    session.close()


def _leave_all(kept: deque[_Kept]) -> None:
    while kept:
        _leave(kept.pop().session)


def _expect(answer: tuple[int, bytes], step: str, *, sender: bool = False) -> None:
    if not 200 <= answer[0] < 300:
        raise _judge(answer[0], step, sender=sender)


def _judge(code: int, step: str, *, sender: bool = False) -> SendFailed:
    """4xx: later. 5xx: never, unless it is about ourselves (our login, our own address): then ours to repair.

    The server's own words stay out of the reason: they repeat addresses.
    """
    ours = code in _AUTHENTICATION_CODES or (sender and code != 552)
    if code // 100 != _PERMANENT_CLASS:
        return SendFailed(f"smtp {code} at {step}", code=str(code))
    return SendFailed(f"smtp {code} at {step}", kind="config" if ours else "permanent", code=str(code))


def read_mail_server(variables: Variables, name: str) -> MailServer | None:
    """The server named by a URL in this variable; notes a fault and returns None when it cannot be one.

    ``smtp://user:password@host:587`` (STARTTLS required), ``smtps://host:465``, and on this very machine only,
    ``smtp://127.0.0.1:2525?tls=no``. User and password are percent-encoded where they hold ``:/@?#%``.
    """
    url = variables.text(name, required=True)
    if not url:
        return None
    parts = split_url(url)
    if parts is None or parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
        variables.fault(name, "must look like smtp://user:password@host:587 or smtps://user:password@host:465")
        return None
    query = parse_qs(parts.query, keep_blank_values=True)
    unencrypted = query.pop("tls", ["yes"])[0] == "no"
    if query:
        variables.fault(name, "knows no option but tls=no")
    if unencrypted and (parts.scheme == "smtps" or not is_loopback(parts.hostname)):
        variables.fault(name, "may say tls=no only for smtp:// on this very machine")
    if parts.username and not parts.password:
        variables.fault(name, "has a user but no password")
    security = "tls" if parts.scheme == "smtps" else "none" if unencrypted else "starttls"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if parts.scheme == "smtps" else 587),
        security=security,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
