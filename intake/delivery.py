"""A delivery report settles a reply, never backwards. Every report is kept, also one about a message we do not know."""

from __future__ import annotations

from channels.channel import Forged, ReadsSeveral, ReportsDelivery, Unreadable
from channels.messages import DeliveryReport, InboundRequest
from intake import logs
from intake.receive import quarantine_request, refuse
from intake.runtime import Runtime
from intake.storage import replies

log = logs.get("delivery")


def note_delivery(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Verify, read and keep a provider's delivery report. Raises Forged, and what an unreachable database raises."""
    speaker = rt.channels[channel]
    if not isinstance(speaker, ReportsDelivery | ReadsSeveral):
        raise Forged
    try:
        speaker.verify(request)
    except Forged:
        refuse(rt, channel, "forged")
        raise
    note_verified(rt, channel, request)


def note_verified(rt: Runtime, channel: str, request: InboundRequest) -> None:
    """Read and keep a delivery report (or several) whose origin was proven."""
    speaker = rt.channels[channel]
    try:
        if isinstance(speaker, ReadsSeveral):
            reports = list(speaker.parse_all_deliveries(request))
        elif isinstance(speaker, ReportsDelivery):
            reports = [speaker.parse_delivery(request)]
        else:
            raise Forged
    except Unreadable as why:
        quarantine_request(rt, channel, request, f"delivery: {why}")
        return
    for report in reports:
        note(rt, channel, report)


def note(rt: Runtime, channel: str, report: DeliveryReport) -> None:
    """Keep a delivery report and let it move its reply, upwards only."""
    own_id = int(report.message_id) if report.message_id.isascii() and report.message_id.isdecimal() else None
    with rt.engine.begin() as connection:
        reply_id = replies.record_delivery(
            connection,
            channel=channel,
            reply_id=own_id,
            external_id=report.external_id,
            status=report.status,
            code=report.error_code,
        )
    log.info("delivery_noted", channel=channel, reply_id=reply_id, status=report.status)
