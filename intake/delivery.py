"""A delivery report settles a reply, never backwards. Every report is kept, also one about a message we do not know."""

from __future__ import annotations

from typing import Final

from channels.channel import Forged, ReadsSeveral, ReportsDelivery, Unreadable
from channels.messages import DeliveryReport, InboundRequest
from intake import logs
from intake.receive import as_id, quarantine_delivery, verify
from intake.runtime import Runtime
from intake.storage import replies

log = logs.get("delivery")

_LONGEST_ID: Final = 500


def note_delivery(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Verify, read and keep a provider's delivery report. Raises Forged, and what an unreachable database raises."""
    verify_delivery(rt, channel, request)
    note_verified(rt, channel, request)


def verify_delivery(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Return when the request is genuine and its channel may report on deliveries. Raises Forged, after counting it."""
    if not isinstance(rt.channels[channel], ReportsDelivery | ReadsSeveral):
        raise Forged
    verify(rt, channel, request)


def note_verified(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Read and keep a delivery report (or several) whose origin was proven."""
    speaker = rt.channels[channel]
    if not isinstance(speaker, ReportsDelivery | ReadsSeveral):
        raise Forged
    try:
        if isinstance(speaker, ReadsSeveral):
            reports = list(speaker.parse_all_deliveries(request))
        else:
            reports = [speaker.parse_delivery(request)]
    except Unreadable as why:
        quarantine_delivery(rt, channel, request, str(why))
        return
    except Exception as fault:  # a door: a fault of ours in reading must not make the provider call for ever
        log.exception("reading_failed", channel=channel)
        quarantine_delivery(rt, channel, request, f"reading failed: {type(fault).__qualname__}")
        return
    for report in reports:
        note(rt, channel, report)


def note(rt: Runtime, channel: str, report: DeliveryReport) -> None:
    """Keep a delivery report and let it move its reply, upwards only."""
    with rt.engine.begin() as connection:
        reply_id = replies.record_delivery(
            connection,
            channel=channel,
            reply_id=as_id(report.message_id),
            external_id=_storable(report.external_id),
            status=report.status,
            code=_storable(report.error_code or "") or None,
        )
    log.info("delivery_noted", channel=channel, reply_id=reply_id, status=report.status)


def _storable(written: str) -> str:
    """An id or code that the database takes, and its index too: what is longer is no id we ever heard of."""
    return written.encode("utf-8", "replace").decode().replace("\x00", "")[:_LONGEST_ID]
