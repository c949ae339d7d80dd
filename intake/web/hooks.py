"""The doors for providers: ``/hooks/<channel>`` for messages, ``/hooks/<channel>/delivery`` for delivery reports.

Nothing is decided here: the request is copied, free of the web framework, and ``intake.receive`` does the rest. The
address a signature is checked against is built from ``PUBLIC_URL`` and never from ``Host``, which the caller chooses.

What surprises: GET is let in as POST is, because some gateways know nothing else; a request without proof of origin is
refused either way. Gateways that can prove themselves by nothing but the address they call get one with a secret in it:
``/hooks/<channel>/<secret>``; the channel reads it from the url. The web form is a channel but has no door here.

While the database is away an SMS gateway is told that we have the message, because we have: in the spool (``intake.spool``).
Mail servers keep a letter themselves and are told to come again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qsl

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from channels import web_form
from channels.channel import Forged
from channels.messages import Ack, AckResponse, Headers, InboundRequest
from intake import logs
from intake.delivery import note_delivery
from intake.receive import receive_request, refuse
from intake.runtime import Runtime
from intake.spool import Kind, Spool, SpoolFailed
from intake.storage.database import Unavailable
from intake.web.context import runtime

log = logs.get("hooks")

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")

#: A form with more fields is no provider's.
_MOST_FIELDS: Final = 1000
_RETRY_AFTER_SECONDS: Final = 5


@hooks.route("/<channel>", methods=["GET", "POST"], provide_automatic_options=False)
@hooks.route("/<channel>/<secret>", methods=["GET", "POST"], provide_automatic_options=False)
def take_message(channel: str, **_: str) -> Response:
    """A message of a citizen, by a provider."""

    def take(rt: Runtime, inbound: InboundRequest) -> AckResponse:
        return rt.channels[channel].render_ack(receive_request(rt, channel, inbound).ack)

    return _answer(channel, "message", take)


@hooks.route("/<channel>/delivery", methods=["GET", "POST"], provide_automatic_options=False)
@hooks.route("/<channel>/<secret>/delivery", methods=["GET", "POST"], provide_automatic_options=False)
def take_delivery_report(channel: str, **_: str) -> Response:
    """How far a message of ours got."""

    def take(rt: Runtime, inbound: InboundRequest) -> AckResponse:
        note_delivery(rt, channel, inbound)
        return rt.channels[channel].render_ack(Ack.ACCEPTED)

    return _answer(channel, "delivery", take)


def _answer(channel: str, kind: Kind, take: Callable[[Runtime, InboundRequest], AckResponse]) -> Response:
    rt = runtime()
    if channel not in rt.channels or channel == web_form.NAME:
        return _plain(404, "no such channel")
    if request.method == "HEAD":
        return _plain(405, "GET or POST", Allow="GET, POST")
    try:
        inbound = read_request(rt)
    except (RequestEntityTooLarge, ValueError):
        refuse(rt, channel, "too_large")
        return _plain(413, "too large")
    try:
        ack = take(rt, inbound)
    except Forged:
        return _plain(403, "the proof of origin is missing or wrong")
    except Exception as fault:  # a door: what may pass must not cost a message, whatever it is
        if isinstance(fault, Unavailable):
            log.warning("database_unavailable", channel=channel)
        else:
            log.exception("not_kept", channel=channel)
        spooled = _spool(rt, channel, kind, inbound)
        if spooled is not None:
            return spooled
        return _plain(503, "not kept, try again", **{"Retry-After": str(_RETRY_AFTER_SECONDS)})
    return Response(ack.body, ack.status, content_type=ack.content_type)


def _spool(rt: Runtime, channel: str, kind: Kind, inbound: InboundRequest) -> Response | None:
    """The acknowledgement of a request that waits in the spool; None when the caller had better keep it itself.

    Only requests whose origin was proven come this far: it was tried to keep them after verifying, and that failed.
    """
    speaker = rt.channels[channel]
    if speaker.medium != "sms":
        return None
    try:
        Spool.of(rt).keep(channel, kind, inbound)
    except SpoolFailed:
        return None
    ack = speaker.render_ack(Ack.ACCEPTED)
    return Response(ack.body, ack.status, content_type=ack.content_type)


def read_request(rt: Runtime) -> InboundRequest:
    """The request of this moment as a plain value. Raises RequestEntityTooLarge; ValueError for far too many fields."""
    body = request.get_data(cache=True)
    query = request.query_string.decode("latin-1")
    return InboundRequest(
        url=f"{rt.settings.public_url}{request.path}" + (f"?{query}" if query else ""),
        headers=Headers(dict(request.headers)),
        body=body,
        form=_read_form(body),
        query=tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)),
        remote_address=request.remote_addr or "",
    )


def _read_form(body: bytes) -> tuple[tuple[str, str], ...]:
    if request.mimetype == "application/x-www-form-urlencoded":
        text = body.decode("utf-8", "replace")
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    if request.mimetype == "multipart/form-data":
        # A raw letter may be a field of a form; the request as a whole is limited already.
        request.max_form_memory_size = request.max_content_length
        return tuple(request.form.items(multi=True))
    return ()


def _plain(status: int, words: str, **headers: str) -> Response:
    return Response(words, status, headers, content_type="text/plain; charset=utf-8")
