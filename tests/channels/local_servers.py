"""Tiny real servers on this machine: they write down what they are told and answer what a test has laid out."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl
from weakref import WeakSet

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

TLS_FOLDER = Path(__file__).parent / "tls"


def serving_tls(prefix: str = "") -> ssl.SSLContext:
    """For a server called localhost, or with ``other-`` for one that says it is other.example.id."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS_FOLDER / f"{prefix}certificate.pem", TLS_FOLDER / f"{prefix}key.pem")
    return context


def trusting_tls(prefix: str = "") -> ssl.SSLContext:
    """For a client that believes this one certificate and no other."""
    return ssl.create_default_context(cafile=str(TLS_FOLDER / f"{prefix}certificate.pem"))


@dataclass(frozen=True)
class HttpAnswer:
    """``cut`` drops the connection without an answer, ``silent`` keeps it open until the server is closed."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: bool = False
    silent: bool = False


@dataclass(frozen=True)
class HttpRequest:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class HttpServer:
    """Answers requests in the order laid out; the last answer is repeated."""

    def __init__(self, *answers: HttpAnswer, tls: bool = False) -> None:
        self.answers = list(answers) or [HttpAnswer()]
        self.seen: list[HttpRequest] = []
        self._closing = threading.Event()
        self._scheme = "https" if tls else "http"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = serving_tls().wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://{'localhost' if self._scheme == 'https' else '127.0.0.1'}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = outer.answers[min(len(outer.seen), len(outer.answers) - 1)]
                outer.seen.append(HttpRequest(self.command, self.path, dict(self.headers.items()), body))
                self.close_connection = True
                if answer.silent:
                    outer._closing.wait(30)
                if answer.cut or answer.silent:
                    return
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_POST = handle_any  # noqa: N815 - the library's own names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's own name
                """Nothing."""

        return Handler


@dataclass(frozen=True)
class Mail:
    mail_from: str
    rcpt_tos: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]


class _AnyPort(Controller):
    """Listens on a port the system chooses."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class SmtpServer:
    """A mail server that refuses the steps a test lays out: ``{"RCPT": "550 5.1.1 unknown"}``; ``"cut"`` hangs up.

    With ``login`` it offers AUTH, with ``starttls`` it demands both; ``tls`` is TLS from the start.
    """

    def __init__(
        self,
        refusals: Mapping[str, str] | None = None,
        *,
        login: tuple[str, str] | None = None,
        starttls: bool = False,
        tls: bool = False,
        certificate: str = "",
        utf8: bool = False,
    ) -> None:
        self.refusals = dict(refusals or {})
        self.received: list[Mail] = []
        self.logins: list[tuple[str, str]] = []
        self._peers: set[Any] = set()
        self._transports: WeakSet[asyncio.Transport] = WeakSet()
        self._login = login
        self._controller = _AnyPort(
            self,
            hostname="127.0.0.1",
            port=0,
            ssl_context=serving_tls(certificate) if tls else None,
            tls_context=serving_tls(certificate) if starttls else None,
            authenticator=self._authenticate if login else None,
            auth_required=bool(login) and starttls,
            # With a login and no STARTTLS it would take a password in the clear: a client must not give it one.
            auth_require_tls=starttls or not login,
            enable_SMTPUTF8=utf8,
        )

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.hang_up()
        self._controller.stop()

    @property
    def connections(self) -> int:
        """How many there have been (one that turns to TLS is one)."""
        return len(self._peers)

    def hang_up(self) -> None:
        """Close every connection, as a server does with those who have been silent too long."""
        asyncio.run_coroutine_threadsafe(self._abort_all(), self._controller.loop).result(10)

    async def _abort_all(self) -> None:
        for transport in list(self._transports):
            with suppress(AttributeError):  # Python 3.11.2's answer for a TLS connection that ended by itself
                transport.abort()
        await asyncio.sleep(0)  # the loop closes the sockets in its next round

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        assert isinstance(server.transport, asyncio.Transport)
        session.host_name = hostname
        self._peers.add(session.peer)
        self._transports.add(server.transport)
        return responses

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        return AuthResult(success=given == self._login, handled=False)

    def _refuse(self, step: str, server: SMTP) -> str | None:
        refusal = self.refusals.get(step)
        if refusal == "cut":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "421 gone"
        return refusal

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refuse("MAIL", server)
        if refusal is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return refusal or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = self._refuse("RCPT", server)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        self.received.append(
            Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), content, tuple(envelope.mail_options))
        )
        refusal = self._refuse("DATA", server)
        await asyncio.sleep(0)
        return refusal or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self._refuse("QUIT", server) or "221 Bye"
