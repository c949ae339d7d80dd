"""A bounce finds the reply it is about, settles it, and tells whoever must know.

The letter that carries it was read by ``channels.mail_box`` and is kept like every other. What surprises: anybody can
write something that looks like a bounce. Only a return path or a Message-ID that we signed, or the signed address of a
report, names a reply; what names none changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from channels.messages import DeliveryStatus, InboundMessage
from intake import logs
from intake.storage import people, replies, reports

log = logs.get("bounces")

_STATUS: Final[Mapping[str, DeliveryStatus]] = {
    "permanent": DeliveryStatus.UNDELIVERED,
    "temporary": DeliveryStatus.UNDELIVERED,
    "unknown": DeliveryStatus.UNDELIVERED,
    "complaint": DeliveryStatus.DELIVERED,
    "delivered": DeliveryStatus.DELIVERED,
}


@dataclass(frozen=True, slots=True)
class _Returned:
    id: int
    report_id: int | None
    channel: str
    recipient: str


def is_bounce(message: InboundMessage) -> bool:
    """Whether the channel read this as a report on a letter of ours."""
    return isinstance(message.extra.get("bounce"), Mapping)


def note_bounce(connection: Connection, message: InboundMessage) -> int | None:
    """Settle the reply a bounce is about. Returns its id, None when it names none of ours.

    A permanent failure marks the address (``storage.people``): it is not written to again until its owner writes to us.
    A letter of complaint (ARF) counts as a wish to hear no more.
    """
    bounce = message.extra["bounce"]
    assert isinstance(bounce, Mapping)  # noqa: S101 - the caller asked is_bounce
    fate = str(bounce.get("fate", "unknown"))
    reply = _find(connection, bounce, message.reply_token)
    if reply is None:
        return None
    code = str(bounce.get("status") or "") or None
    if fate in _STATUS:
        replies.record_delivery(
            connection, channel=reply.channel, reply_id=reply.id, external_id="", status=_STATUS[fate], code=code
        )
    if fate == "permanent":
        people.mark_unreachable(connection, reply.channel, reply.recipient, reason=code or "bounce")
    elif fate == "complaint":
        people.opt_out(connection, reply.channel, reply.recipient)
    if reply.report_id is not None and _STATUS.get(fate) is DeliveryStatus.UNDELIVERED:
        reports.record(
            connection, reply.report_id, actor="system", action="reply_failed", reason=fate,
            detail={"reply_id": reply.id, "code": code},
        )  # fmt: skip
    log.info("bounce_noted", reply_id=reply.id, fate=fate, code=code)
    return reply.id


def _find(connection: Connection, bounce: Mapping[str, Any], token: str | None) -> _Returned | None:
    named = str(bounce.get("reply_id") or "")
    ids = [each for each in bounce.get("message_ids") or [] if isinstance(each, str)]
    row = connection.execute(
        text("""
            select id, report_id, channel, recipient from (
                select *, 1 as certainty from reply where id = :id
                union all
                select *, 2 from reply where external_id = any(:ids)
                union all
                select *, 3 from reply where report_id = :report_id and recipient = :recipient
            ) as r where channel like 'email%' and state <> 'promised'
            order by certainty, id desc limit 1
        """),
        {
            "id": int(named) if named.isascii() and named.isdecimal() else None,
            "ids": ids,
            "report_id": int(token) if token and token.isascii() and token.isdecimal() else None,
            "recipient": str(bounce.get("recipient") or ""),
        },
    ).one_or_none()
    return None if row is None else _Returned(**row._mapping)
