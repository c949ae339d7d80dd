"""Everybody outside: Twilio, Kannel, a mail server and a regency's own system, each with moods of its own.

They live in the test's own process and are never killed: what they were given is the proof. A mood is what a provider may
do to us on a bad day: refuse for a moment, say nothing, or take a message and die before it says so. Receipts are called
until somebody takes them, as real gateways do; some come twice, and the last one first.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import queue
import secrets
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qs, urlsplit

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

ACCOUNT: Final = "AC" + "0" * 32
TOKEN: Final = "1" * 32
Mood = Literal["fine", "refuses", "hangs", "takes_and_dies"]

_HANGS_SECONDS: Final = 3.0
_RECEIPT_TRIES: Final = 60


@dataclass(frozen=True)
class Given:
    """One message as a provider took it. ``id`` is what makes two copies the same: the mail's own, else the provider's."""

    way: str
    to: str
    text: str
    id: str
    at: float


@dataclass
class Outside:
    """Safe to use from several threads."""

    mood: Mood = "fine"
    backwards: bool = False
    #: Where they listen: an address of this machine that begins with 127.
    host: str = "127.0.0.1"
    given: list[Given] = field(default_factory=list)
    handed_over: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: How often a mail was taken and the connection ended before we could say so.
    unsaid: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _receipts: queue.Queue[tuple[str, dict[str, str] | None] | None] = field(default_factory=queue.Queue)
    _callers: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        outside = self

        class Handler(_Handler):
            pass

        Handler.outside = outside
        self._http = ThreadingHTTPServer((self.host, 0), Handler)
        self._http.daemon_threads = True
        self.port = int(self._http.server_address[1])
        self._serving = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()
        self._mail = _MailDoor(self)
        self._mail.start()
        self.smtp_port = self._mail.port
        self._callers = [threading.Thread(target=self._call_receipts) for _ in range(4)]
        for caller in self._callers:
            caller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _ in self._callers:
            self._receipts.put(None)
        self._http.shutdown()
        self._serving.join()
        self._http.server_close()
        self._mail.close()
        for caller in self._callers:
            caller.join(30)

    def took(self, way: str, to: str, text: str, message_id: str) -> None:
        with self._lock:
            self.given.append(Given(way, to, text, message_id, time.time()))

    def all_given(self) -> list[Given]:
        with self._lock:
            return list(self.given)

    def receipts_of_twilio(self, sid: str, form: dict[str, str]) -> None:
        statuses = ["sent", "delivered"]
        if self.backwards:
            statuses = ["delivered", "sent", "delivered"]
        for status in statuses:
            self._receipts.put(
                (form["StatusCallback"], {
                    "MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status,
                    "AccountSid": ACCOUNT, "From": form.get("From", ""), "To": form["To"], "ApiVersion": "2010-04-01",
                })
            )  # fmt: skip

    def receipts_of_kannel(self, address: str) -> None:
        for kind in ("1", "8", "1") if self.backwards else ("8", "1"):
            told = address.replace("%d", kind).replace("%F", secrets.token_hex(4)).replace("%A", "").replace("%%", "%")
            self._receipts.put((told, None))

    def _call_receipts(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (due := self._receipts.get()) is not None:
                address, form = due
                headers = {}
                if form is not None:
                    headers["X-Twilio-Signature"] = str(RequestValidator(TOKEN).compute_signature(address, form))
                for _ in range(_RECEIPT_TRIES):
                    with suppress(requests.RequestException):
                        call = session.get if form is None else session.post
                        if call(address, data=form, headers=headers, timeout=10).ok:
                            break
                    time.sleep(0.3)


class _Handler(BaseHTTPRequestHandler):
    outside: Outside
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Silent."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        wanted = query.get("To", [""])[0]
        found = [each for each in reversed(self.outside.all_given()) if each.way == "twilio" and each.to == wanted]
        self._say(200, {"messages": [_resource(each) for each in found], "page": 0, "page_size": 100,
                        "next_page_uri": None, "uri": self.path})  # fmt: skip

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # whoever was speaking was killed in the middle of it
            self.close_connection = True
            return
        if self.path.startswith("/desk"):
            report = json.loads(body)
            if report["event"] == "report.handed_over":
                self.outside.handed_over[report["report"]["reference"]].add(self.headers["Idempotency-Key"])
            self._say(200, {"id": report["report"]["reference"]})
            return
        mood = self.outside.mood
        if mood == "refuses":
            self._say(503, {"code": 20503, "message": "Service Unavailable", "status": 503})
            return
        if mood == "hangs":
            time.sleep(_HANGS_SECONDS)
            self.close_connection = True
            return
        answer = self._take_kannel(body) if self.path.startswith("/cgi-bin") else self._take_twilio(body)
        if mood == "takes_and_dies":
            self.close_connection = True
            return
        self._say(*answer)

    def _take_kannel(self, body: bytes) -> tuple[int, str]:
        self.outside.took("kannel", self.headers["X-Kannel-To"], body.decode(), secrets.token_hex(8))
        self.outside.receipts_of_kannel(self.headers["X-Kannel-DLR-URL"])
        return 202, "0: Accepted for delivery"

    def _take_twilio(self, body: bytes) -> tuple[int, dict[str, Any]]:
        form = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
        sid = f"SM{secrets.token_hex(16)}"
        self.outside.took("twilio", form["To"], form["Body"], sid)
        self.outside.receipts_of_twilio(sid, form)
        return 201, _resource(Given("twilio", form["To"], form["Body"], sid, time.time()))

    def _say(self, status: int, content: dict[str, Any] | str) -> None:
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        with suppress(OSError):  # whoever asked was killed meanwhile
            self.send_response(status)
            self.send_header("Content-Type", "text/plain" if isinstance(content, str) else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _resource(given: Given) -> dict[str, Any]:
    moment = format_datetime(datetime.fromtimestamp(given.at, UTC))
    return {"sid": given.id, "to": given.to, "body": given.text, "direction": "outbound-api", "num_segments": "1",
            "date_created": moment, "date_sent": moment, "date_updated": moment, "status": "sent", "error_code": None,
            "error_message": None, "account_sid": ACCOUNT, "from": "+628110001708", "price": None, "uri": "/x.json",
            "num_media": "0", "price_unit": "USD", "api_version": "2010-04-01", "messaging_service_sid": None,
            "subresource_uris": {}}  # fmt: skip


class _MailDoor(Controller):
    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        super().__init__(self, hostname=outside.host, port=0)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        self.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mood = self._outside.mood
        if mood == "refuses":
            return "451 4.3.0 later"
        if mood == "hangs":
            await asyncio.sleep(_HANGS_SECONDS)
            return "451 4.3.0 later"
        letter = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
        message_id = str(letter["Message-ID"])
        for recipient in envelope.rcpt_tos:
            body = letter.get_body(("plain",))
            self._outside.took("mail", recipient, body.get_content() if body is not None else "", message_id)
        if mood == "takes_and_dies" and isinstance(server.transport, asyncio.Transport):
            self._outside.unsaid[message_id] += 1
            server.transport.abort()
        return "250 2.0.0 OK"
