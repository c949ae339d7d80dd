"""A stand-in for Twilio's REST API: as much of it as sending an SMS, asking for it later and its status callback need.

It speaks to Twilio's own Python library (https://www.twilio.com/docs/messaging/api/message-resource), keeps what it
was given on the citizen's phone in the spool, then calls the StatusCallback, signed: ``sent``, then ``delivered``.

What surprises: it calls addresses of this machine only, and refuses any other callback address (code 21609), so that
a lab with a wrong setting reaches nobody. Callbacks that find no place in the queue are dropped, as a gateway's may be.
"""

import base64
import hmac
import json
import queue
import re
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from channels import gsm
from intake.lab.citizen import post_delivery
from intake.lab.spool import Sms, Spool, now_text

_API = "/2010-04-01"
_LONGEST_BODY = 64 * 1024
_LONGEST_TEXT = 1_600
_DEFAULT_PAGE_SIZE = 50
_LARGEST_PAGE_SIZE = 1_000
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Form = Mapping[str, str]


class Refusal(Exception):
    """An error answer of the API; codes from https://www.twilio.com/docs/api/errors."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass(frozen=True)
class Callback:
    """A status callback that is due."""

    sms: Sms
    url: str


@dataclass
class Gateway:
    """The account and what it has been given. Safe to use from several threads."""

    account_sid: str
    auth_token: str = field(repr=False)
    spool: Spool
    fail_first: int = 0  # so many sends are answered 503, for trying out retries
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _callbacks: queue.Queue[Callback | None] = field(default_factory=lambda: queue.Queue(1_000), repr=False)
    _caller: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin to call status callbacks."""
        self._caller = threading.Thread(target=self._call_back, daemon=True, name="status callbacks")
        self._caller.start()

    def stop(self) -> None:
        """Call what is due already, then stop."""
        if self._caller is not None:
            self._callbacks.put(None)
            self._caller.join()

    def check_login(self, header: str) -> None:
        """Basic authentication with the account's SID and token. Raises Refusal."""
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if not hmac.compare_digest(f"Basic {expected}".encode(), header.encode("utf-8", "replace")):
            raise Refusal(401, 20003, "Authenticate")

    def take(self, form: Form) -> dict[str, Any]:
        """Accept a message for a phone, as POST Messages.json does. Raises Refusal."""
        with self._lock:
            if self.fail_first > 0:
                self.fail_first -= 1
                raise Refusal(503, 20503, "Service Unavailable")
        _check(form)
        sms = Sms(
            sid=f"SM{secrets.token_hex(16)}",
            direction="to_citizen",
            phone=form["To"],
            number=form.get("From") or form["MessagingServiceSid"],
            text=form["Body"],
            at=now_text(),
            status="queued",
        )
        kept = self.spool.put_sms(sms)
        if form.get("StatusCallback"):
            with suppress(queue.Full):
                self._callbacks.put_nowait(Callback(kept, form["StatusCallback"]))
        return self._resource(kept)

    def find(self, sid: str) -> dict[str, Any]:
        """One message. Raises Refusal."""
        for sms in self._sent():
            if sms.sid == sid:
                return self._resource(sms)
        raise Refusal(404, 20404, f"The requested resource {sid} was not found")

    def page(self, query: Form, path: str) -> dict[str, Any]:
        """A page of the messages sent, newest first, filtered by To, From and DateSent (<, >, or the day itself)."""
        found = [sms for sms in self._sent() if _matches(sms, query)]
        try:
            size = min(max(int(query.get("PageSize", _DEFAULT_PAGE_SIZE)), 1), _LARGEST_PAGE_SIZE)
            number = max(int(query.get("Page", 0)), 0)
        except ValueError:
            raise Refusal(400, 20001, "Page and PageSize must be numbers") from None
        shown = found[number * size : (number + 1) * size]

        def address(page: int) -> str:
            return f"{path}?{urlencode({**query, 'Page': page, 'PageSize': size})}"

        return {
            "messages": [self._resource(sms) for sms in shown],
            "page": number,
            "page_size": size,
            "start": number * size,
            "end": number * size + max(len(shown) - 1, 0),
            "uri": address(number),
            "first_page_uri": address(0),
            "previous_page_uri": address(number - 1) if number else None,
            "next_page_uri": address(number + 1) if (number + 1) * size < len(found) else None,
        }

    def _sent(self) -> list[Sms]:
        return [sms for sms in reversed(self.spool.list_sms()) if sms.direction == "to_citizen"]

    def _resource(self, sms: Sms) -> dict[str, Any]:
        moment = format_datetime(sms.moment)
        place = f"{_API}/Accounts/{self.account_sid}/Messages/{sms.sid}"
        return {
            "account_sid": self.account_sid,
            "api_version": _API.strip("/"),
            "body": sms.text,
            "date_created": moment,
            "date_sent": moment if sms.status in {"sent", "delivered"} else None,
            "date_updated": moment,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": sms.number,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(gsm.plan(sms.text).segments),
            "price": None,
            "price_unit": "USD",
            "sid": sms.sid,
            "status": sms.status,
            "subresource_uris": {"media": f"{place}/Media.json"},
            "to": sms.phone,
            "uri": f"{place}.json",
        }

    def _call_back(self) -> None:
        while (due := self._callbacks.get()) is not None:
            sms = due.sms
            for status in ("sent", "delivered"):
                # The message list tells the same even when nobody listens to the callback.
                sms = self.spool.settle_sms(sms, status)
                post_delivery(
                    due.url,
                    self.auth_token,
                    {
                        "MessageSid": sms.sid,
                        "SmsSid": sms.sid,
                        "MessageStatus": status,
                        "SmsStatus": status,
                        "AccountSid": self.account_sid,
                        "From": sms.number,
                        "To": sms.phone,
                        "ApiVersion": _API.strip("/"),
                    },
                )


def open_server(gateway: Gateway, port: int, prefix: str) -> ThreadingHTTPServer:
    """The HTTP server of this gateway on 127.0.0.1, its addresses below `prefix`. Serve it, then close it."""

    class Handler(_Handler):
        pass

    Handler.gateway = gateway
    Handler.prefix = prefix.rstrip("/")
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    gateway: Gateway
    prefix: str
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        self._answer(has_form=False)

    def do_POST(self) -> None:
        self._answer(has_form=True)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Silent: a line would hold numbers."""

    def _answer(self, *, has_form: bool) -> None:
        try:
            form = self._read_form() if has_form else {}
            status, content = self._decide(form, has_form=has_form)
        except Refusal as refusal:
            status = refusal.status
            content = {
                "code": refusal.code,
                "message": refusal.message,
                "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
                "status": refusal.status,
            }
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _decide(self, form: Form, *, has_form: bool) -> tuple[int, dict[str, Any]]:
        asked = urlsplit(self.path)
        self.gateway.check_login(self.headers.get("Authorization", ""))
        messages = f"{_API}/Accounts/{self.gateway.account_sid}/Messages"
        path = asked.path.removeprefix(self.prefix) if asked.path.startswith(f"{self.prefix}/") else ""
        if path == f"{messages}.json":
            if has_form:
                return 201, self.gateway.take(form)
            return 200, self.gateway.page(_first_values(asked.query), path)
        if path.startswith(f"{messages}/") and path.endswith(".json") and not has_form:
            return 200, self.gateway.find(path.removeprefix(f"{messages}/").removesuffix(".json"))
        raise Refusal(404, 20404, "The requested resource was not found")

    def _read_form(self) -> Form:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            raise Refusal(413, 20001, "The request is too long, or does not say how long it is")
        return _first_values(self.rfile.read(int(length)).decode("utf-8", "replace"))


def _first_values(encoded: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(encoded, keep_blank_values=True).items()}


def _check(form: Form) -> None:
    """What Twilio checks before it accepts. Raises Refusal."""
    if not form.get("To"):
        raise Refusal(400, 21604, "A 'To' phone number is required.")
    if not _NUMBER.fullmatch(form["To"]):
        raise Refusal(400, 21211, "Invalid 'To' Phone Number")
    if not form.get("From") and not form.get("MessagingServiceSid"):
        raise Refusal(400, 21603, "A 'From' phone number is required.")
    if not form.get("Body"):
        raise Refusal(400, 21602, "Message body is required.")
    if len(form["Body"]) > _LONGEST_TEXT:
        raise Refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit")
    callback = form.get("StatusCallback", "")
    if callback and not (callback.startswith("http://") and urlsplit(callback).hostname in _LOOPBACK):
        raise Refusal(400, 21609, "Invalid 'StatusCallback' URL")


def _matches(sms: Sms, query: Form) -> bool:
    if query.get("To", sms.phone) != sms.phone or query.get("From", sms.number) != sms.number:
        return False
    try:
        after, before, day = (query.get(f"DateSent{sign}") for sign in (">", "<", ""))
        return (
            (not after or sms.moment >= _read_moment(after))
            and (not before or sms.moment <= _read_moment(before))
            and (not day or sms.moment.date() == _read_moment(day).date())
        )
    except ValueError:
        raise Refusal(400, 20001, "DateSent is not a date") from None


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else datetime.fromisoformat(f"{text}T00:00:00Z" if len(text) == 10 else f"{text}Z")
