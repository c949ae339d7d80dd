"""The doors for providers: ``/hooks/<channel>`` for messages, ``/hooks/<channel>/delivery`` for delivery reports.

Nothing is decided here: the request is copied, free of the web server, and ``intake.receive`` does the rest. The address a
signature is checked against is built from ``PUBLIC_URL`` and never from ``Host``, which the caller chooses.

What surprises: this stands in front of the web framework, not in it. Pages need sessions, languages, tokens; a provider's
call needs none of that, and a third of the time between its call and our "OK" was spent on them.

GET is let in as POST is, because some gateways know nothing else; a request without proof of origin is refused either way.
Gateways that can prove themselves by nothing but the address they call get one with a secret in it:
``/hooks/<channel>/<secret>``; the channel reads it from the url. The web form is a channel but has no door here.

While the database is away an SMS gateway is told that we have the message, because we have: in the spool (``intake.spool``).
Mail servers keep a letter themselves and are told to come again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from channels import web_form
from channels.channel import Forged
from channels.messages import Ack, AckResponse, Headers, InboundRequest
from intake import logs, traces
from intake.delivery import note_verified, verify_delivery
from intake.receive import receive_verified, refuse, verify
from intake.runtime import Runtime
from intake.spool import Kind, Spool, SpoolFailed
from intake.storage.database import Overloaded, Unavailable
from intake.web.turnstile import Turnstile

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logs.get("hooks")

PLACE: Final = "/hooks/"
#: A form with more fields is no provider's.
_MOST_FIELDS: Final = 1000
_MOST_PARTS: Final = 200
_RETRY_AFTER_SECONDS: Final = 5
_PLAIN: Final = "text/plain; charset=utf-8"
_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Hooks:
    """A WSGI application: takes what is for the hooks, leaves everything else to the pages."""

    def __init__(
        self, rt: Runtime, pages: WSGIApplication, headers: Mapping[str, str], turnstile: Turnstile | None = None
    ) -> None:
        self._rt = rt
        self._pages = pages
        self._headers = list(headers.items())
        self._turnstile = turnstile or Turnstile()
        self._spool = Spool.of(rt)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith(PLACE):
            return self._pages(environ, start_response)
        answer, more = self._answer(environ)
        body = answer.body.encode()
        start_response(
            _STATUS_LINES[answer.status],
            [("Content-Type", answer.content_type), ("Content-Length", str(len(body))), *self._headers, *more],
        )
        return [body]

    def _answer(self, environ: WSGIEnvironment) -> tuple[AckResponse, list[tuple[str, str]]]:
        """The answer, and header fields of its own."""
        rt = self._rt
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        found = read_path(path)
        if found is None or found[0] not in rt.channels or found[0] == web_form.NAME:
            return AckResponse(404, _PLAIN, "no such channel"), []
        channel, kind = found
        began = traces.now()
        if environ["REQUEST_METHOD"] not in {"GET", "POST"}:
            return AckResponse(405, _PLAIN, "GET or POST"), [("Allow", "GET, POST")]
        try:
            inbound = read_request(environ, path, rt.settings.public_url, rt.settings.max_body_bytes)
        except (RequestEntityTooLarge, ValueError):
            refuse(rt, channel, "too_large")
            return AckResponse(413, _PLAIN, "too large"), []
        except BadRequest:
            return AckResponse(400, _PLAIN, "cut short"), []
        try:
            (verify if kind == "message" else verify_delivery)(rt, channel, inbound)
        except Forged:
            return AckResponse(403, _PLAIN, "the proof of origin is missing or wrong"), []
        except Exception:  # a door: nobody gets in by a fault of ours, and nothing is acknowledged
            log.exception("not_verified", channel=channel)
            return _come_again()
        return self._take(channel, kind, inbound, began)

    def _take(
        self, channel: str, kind: Kind, inbound: InboundRequest, began: int
    ) -> tuple[AckResponse, list[tuple[str, str]]]:
        rt = self._rt
        ack = Ack.ACCEPTED
        try:
            with self._turnstile.pass_through():
                if kind == "message":
                    received = receive_verified(rt, channel, inbound)
                    ack = received.ack
                    if (kept := received.remembered) is not None and kept.new:
                        report_id = kept.report_id or kept.message_id
                        rt.traces.note("hook", report_id, began, subject_id=kept.message_id, channel=channel)
                else:
                    note_verified(rt, channel, inbound)
        except Exception as fault:  # a door: what may pass must not cost a message, whatever it is
            if isinstance(fault, Overloaded):
                log.warning("database_overloaded", channel=channel)
            elif isinstance(fault, Unavailable):
                log.warning("database_unavailable", channel=channel)
            else:
                log.exception("not_kept", channel=channel)
            if not self._spooled(channel, kind, inbound):
                return _come_again()
        return rt.channels[channel].render_ack(ack), []

    def _spooled(self, channel: str, kind: Kind, inbound: InboundRequest) -> bool:
        """Whether the request waits in the spool now; else the caller had better keep it itself. It is verified."""
        if self._rt.channels[channel].medium != "sms":
            return False
        try:
            self._spool.keep(channel, kind, inbound)
        except SpoolFailed:
            return False
        return True


def _come_again() -> tuple[AckResponse, list[tuple[str, str]]]:
    return AckResponse(503, _PLAIN, "not kept, try again"), [("Retry-After", str(_RETRY_AFTER_SECONDS))]


def read_path(path: str) -> tuple[str, Kind] | None:
    """Channel and kind of ``/hooks/<channel>[/<secret>][/delivery]``; None for anything else."""
    parts = path.removeprefix(PLACE).split("/")
    if not all(parts) or len(parts) > 3:
        return None
    if len(parts) > 1 and parts[-1] == "delivery":
        return parts[0], "delivery"
    return (parts[0], "message") if len(parts) < 3 else None


def read_request(environ: WSGIEnvironment, path: str, public_url: str, most_bytes: int) -> InboundRequest:
    """The request as a plain value. Raises RequestEntityTooLarge; ValueError for far too many fields; BadRequest."""
    query = environ.get("QUERY_STRING", "")
    headers = {name[5:].replace("_", "-").title(): value for name, value in environ.items() if name[:5] == "HTTP_"}
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type:
        headers["Content-Type"] = content_type
    body = _read_body(environ, most_bytes)
    return InboundRequest(
        url=f"{public_url}{path}?{query}" if query else f"{public_url}{path}",
        headers=Headers(headers),
        body=body,
        form=_read_form(environ, content_type, body, most_bytes),
        query=_read_fields(query) if query else (),
        remote_address=environ.get("REMOTE_ADDR", ""),
    )


def _read_body(environ: WSGIEnvironment, most_bytes: int) -> bytes:
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("wsgi.input_terminated") and length.isdecimal() and int(length) <= most_bytes:
        body: bytes = environ["wsgi.input"].read()  # the server gives what was announced, no more
        return body
    return get_input_stream(environ, max_content_length=most_bytes).read()


def _read_fields(written: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(written, keep_blank_values=True, max_num_fields=_MOST_FIELDS))


def _read_form(
    environ: WSGIEnvironment, content_type: str, body: bytes, most_bytes: int
) -> tuple[tuple[str, str], ...]:
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _read_fields(body.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        # A raw letter may be a field of a form; the request as a whole is limited already.
        again = Request({**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
        again.max_form_memory_size = most_bytes
        again.max_form_parts = _MOST_PARTS
        return tuple(again.form.items(multi=True))
    return ()
