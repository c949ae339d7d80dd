"""A message becomes a report (or joins one) and a promise to read it, in one transaction.

This is the one file that joins what was said (``channels.messages``) to what we keep. What happens here must hold with
nothing but the database: no queue, no classifier, no provider.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, cast

from channels.channel import Channel, Forged, ReadsSeveral, Unreadable
from channels.messages import Ack, Headers, InboundMessage, InboundRequest
from intake import bounces, canary, converse, logs, traces
from intake.runtime import Runtime
from intake.storage import bell, messages, quarantine
from intake.storage.database import QuarantineFull, Unavailable, is_lasting
from intake.storage.messages import Incoming, Remembered

log = logs.get("receive")

#: Digits of an id; with one more it may be beyond what the database counts to.
_LONGEST_ID: Final = 18
#: How the reason of a delivery report in quarantine begins; so many of a channel may wait there.
OF_A_DELIVERY: Final = "delivery: "
_MOST_DELIVERIES: Final = 1000


@dataclass(frozen=True, slots=True)
class Received:
    """``remembered`` is None when the request could not be read and was put in quarantine."""

    ack: Ack
    remembered: Remembered | None


def as_id(written: str | None) -> int | None:
    """An id of ours as it came back from outside; None for what cannot be one."""
    if not written or not written.isascii() or not written.isdecimal() or len(written) > _LONGEST_ID:
        return None
    return int(written)


def receive(rt: Runtime, channel: str, message: InboundMessage, *, arrived_at: datetime | None = None) -> Received:
    """Keep a message; committed when this returns. The same message again gives the same answer and changes nothing.

    ``arrived_at``: when it reached us, for one that waited in the spool or in quarantine.

    Raises one of ``storage.database.Unavailable`` when the database does not take it now, another error when it never
    will (``storage.database.is_lasting``): nothing is kept then.
    """
    began = traces.now()
    message = canary.marked(rt.settings, channel, message)
    reading = converse.read(message)
    token = message.reply_token
    joins = as_id(token)
    bounced = bounces.is_bounce(message)
    incoming = Incoming(
        channel,
        message,
        opens=reading.kind == "report",
        joins_report=joins,
        mentioned=reading.mentioned,
        # Its own domain says that this letter is not theirs: it gets a report of its own, whatever it quotes.
        may_join=not message.extra.get("forged"),
        received_at=arrived_at,
    )
    if message.attachments or bounced:
        kept = messages.with_fresh_ids(lambda: _remember_more(rt, incoming, bounced=bounced))
    else:
        kept = rt.together.remember(rt.engine, incoming)
    if kept.new:
        bell.ring(rt.engine)
        rt.traces.note(
            "remember", kept.report_id or kept.message_id, began, subject_id=kept.message_id, channel=channel
        )
    log.info("message_kept", channel=channel, message_id=kept.message_id, report_id=kept.report_id, new=kept.new)
    return Received(Ack.ACCEPTED if kept.new else Ack.DUPLICATE, kept)


def _remember_more(rt: Runtime, incoming: Incoming, *, bounced: bool) -> Remembered:
    """Keep a message with its files, or one that came back, in one transaction."""
    with rt.engine.begin() as connection:
        kept = messages.remember(connection, rt.together.ids, incoming)
        if bounced and kept.new:
            bounces.note_bounce(connection, incoming.message)
    return kept


def receive_request(rt: Runtime, channel: str, request: InboundRequest) -> Received:
    """Verify, read and keep what a provider sent.

    Raises Forged (after counting it) and the errors of ``receive``. What cannot be read, for whatever reason, is kept
    as it came and acknowledged: the provider would only send the same again.
    """
    verify(rt, channel, request)
    return receive_verified(rt, channel, request)


def verify(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Return when the request is genuine. Raises Forged, after counting it."""
    try:
        rt.channels[channel].verify(request)
    except Forged:
        refuse(rt, channel, "forged")
        raise


def receive_verified(
    rt: Runtime, channel: str, request: InboundRequest, *, arrived_at: datetime | None = None
) -> Received:
    """Read and keep a request whose origin was proven. Raises ``Unavailable`` when the database is away.

    ``arrived_at``: when it reached us, for one that waited in the spool.

    A request may hold several messages: each is kept for itself, and when the database goes away in the middle the
    provider sends them all again, of which we have some. When it refuses one for ever, the others are kept and the
    request goes into quarantine.
    """
    speaker = rt.channels[channel]
    try:
        several = _read_all(speaker, request)
    except Unreadable as why:
        return quarantine_request(rt, channel, request, str(why))
    except Exception as fault:  # a door: a fault of ours in reading must not lose the message
        log.exception("reading_failed", channel=channel)
        return quarantine_request(rt, channel, request, f"reading failed: {type(fault).__qualname__}")
    received = []
    refused = ""
    for message in several:
        try:
            received.append(receive(rt, channel, message, arrived_at=arrived_at))
        except Exception as fault:
            if not is_lasting(fault):
                raise
            log.exception("keeping_failed", channel=channel)
            refused = f"keeping failed: {type(fault).__qualname__}"
    if refused:
        received.append(quarantine_request(rt, channel, request, refused))
    return next((each for each in received if each.ack is Ack.ACCEPTED), received[0])


def _read_all(speaker: Channel, request: InboundRequest) -> Sequence[InboundMessage]:
    if _reads_several(type(speaker)):
        return cast("ReadsSeveral", speaker).parse_all(request)
    return [speaker.parse(request)]


@lru_cache(maxsize=64)
def _reads_several(kind: type) -> bool:
    """Remembered, because asking a protocol takes as long as reading a message."""
    return issubclass(kind, ReadsSeveral)


def receive_polled(rt: Runtime, channel: str, message: InboundMessage) -> Received:
    """Keep a message that came without a request. What the database refuses for ever is put in quarantine, as JSON for
    a person: nobody may wait behind it. Raises ``Unavailable`` when the database is away.
    """
    try:
        return receive(rt, channel, message)
    except Exception as fault:
        if not is_lasting(fault):
            raise
        log.exception("keeping_failed", channel=channel)
        body = json.dumps(asdict(message), default=repr).encode()
        as_if = InboundRequest("", Headers({"Content-Type": "application/json"}), body)
        return quarantine_request(rt, channel, as_if, f"keeping failed: {type(fault).__qualname__}")


def quarantine_request(rt: Runtime, channel: str, request: InboundRequest, reason: str) -> Received:
    """Keep a request as it came, for a person or a later release.

    Raises QuarantineFull when a channel has brought too much of it within an hour, or when too much of it lies there:
    nothing that nobody has read is forgotten to make room, so that who can keep it (a mail server, the spool) had better do
    so. Counted as a refusal.
    """
    query = request.url.partition("?")[2]
    with rt.engine.begin() as connection:
        again = quarantine.count_again(connection, channel, query=query, body=request.body)
        full = again is None and quarantine.is_full(connection, channel, rt.quarantine_limits)
    if again is not None:
        return Received(Ack.QUARANTINED, None)
    if full:
        refuse(rt, channel, "quarantine_full")
        raise QuarantineFull(channel)
    with rt.engine.begin() as connection:
        kept = quarantine.keep(
            connection, channel, query=query, headers=request.headers, body=request.body, reason=reason
        )
    log.warning("request_quarantined", channel=channel, quarantine_id=kept)
    return Received(Ack.QUARANTINED, None)


def quarantine_delivery(rt: Runtime, channel: str, request: InboundRequest, why: str) -> None:
    """Keep a delivery report as it came. A gateway with a new word for "on its way" sends two for every SMS: from a
    thousand on they are counted only.
    """
    with rt.engine.connect() as connection:
        full = quarantine.holds_many(connection, channel, reason_begins=OF_A_DELIVERY, most=_MOST_DELIVERIES)
    if full:
        refuse(rt, channel, "delivery_unreadable")
    else:
        quarantine_request(rt, channel, request, f"{OF_A_DELIVERY}{why}")


def refuse(rt: Runtime, channel: str, reason: str) -> None:
    """Count a refused request. Counting never stands in the way of refusing."""
    log.warning("request_refused", channel=channel, reason=reason)
    try:
        rt.refusals.count(rt.engine, channel, reason)
    except Unavailable:
        log.warning("refusal_not_counted", channel=channel)


def replay(rt: Runtime, kept_id: int) -> Received:
    """Read a request from quarantine again, with this release. Raises Unreadable when it still cannot be read."""
    with rt.engine.connect() as connection:
        kept = quarantine.raw(connection, kept_id)
    if kept.reason.startswith(OF_A_DELIVERY):
        # It names a message of ours, its "sender" is our own number: read as a message it would open a report.
        raise Unreadable("a delivery report")
    request = request_again(rt, kept.channel, kept.query, dict(kept.headers), kept.body)
    speaker = rt.channels[kept.channel]
    several = _read_all(speaker, request)
    received = [receive(rt, kept.channel, message, arrived_at=kept.received_at) for message in several]
    with rt.engine.begin() as connection:
        quarantine.mark_replayed(connection, kept_id)
    return next((each for each in received if each.ack is Ack.ACCEPTED), received[0])


def request_again(rt: Runtime, channel: str, query: str, headers: dict[str, str], body: bytes) -> InboundRequest:
    """The request as it was, from what the quarantine keeps of it."""
    from urllib.parse import parse_qsl

    fields = Headers(headers)
    form: tuple[tuple[str, str], ...] = ()
    if fields.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        form = tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    return InboundRequest(
        url=f"{rt.settings.public_url}/hooks/{channel}" + (f"?{query}" if query else ""),
        headers=fields,
        body=body,
        form=form,
        query=tuple(parse_qsl(query, keep_blank_values=True)),
    )
