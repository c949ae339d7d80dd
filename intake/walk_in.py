"""A report taken face to face, at a counter or in a village: kept once, however often it is sent.

What surprises: an officer's phone may have no line for hours. It gives each entry an id of its own and sends it until we
say that it is kept; the answer may get lost on the way, so the same id comes again. The id counts within the log-in of
its officer, so that nobody can stand in the way of somebody else's entry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from channels.messages import Attachment, InboundMessage
from channels.web_form import NAME as CHANNEL
from intake import converse
from intake.domain.reference import reference_of
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import reports, threads
from intake.storage.officers import Officer

LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 200
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
#: A phone's clock may be wrong; what is older than this, or to come, is a wrong clock and is not believed.
_OLDEST: Final = timedelta(days=90)
_FAST: Final = timedelta(minutes=10)


class NotAReport(Exception):
    """Nothing was written, too much, or a command instead of a story."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a citizen told an officer. ``taken_at``: when, by the clock of the officer's phone; None: now."""

    text: str
    name: str = ""
    contact: str = ""
    anonymous: bool = False
    taken_at: datetime | None = None
    files: tuple[Attachment, ...] = ()


def entry_id(officer: Officer, made_by_phone: str) -> str | None:
    """The id of the message that an entry with this id of a phone is; None when that is no id."""
    written = made_by_phone.strip().lower()
    return f"langsung.{officer.id}.{written}" if _ID.fullmatch(written) else None


def check(told: Told) -> None:
    """Raises NotAReport when this cannot be a report."""
    text = told.text.strip()
    if not text or len(text) > LONGEST_TEXT:
        raise NotAReport
    if converse.read(InboundMessage("", "", "", text)).kind != "report":
        raise NotAReport


def take_down(rt: Runtime, officer: Officer, told: Told, *, unique: str) -> str:
    """Keep it; the reference of its report. The same ``unique`` again changes nothing. Raises NotAReport."""
    check(told)
    extra: dict[str, object] = {"face_to_face": True}
    if not told.anonymous:
        lines = {"name": told.name.strip()[:LONGEST_LINE], "contact": told.contact.strip()[:LONGEST_LINE]}
        extra |= {name: line for name, line in lines.items() if line}
    message = InboundMessage(
        unique, "", "", told.text.strip(), regency=officer.regency, extra=extra, attachments=told.files
    )
    kept = receive(rt, CHANNEL, message).remembered
    if kept is None or kept.report_id is None:
        raise NotAReport
    with rt.engine.begin() as connection:
        # Not only for a new one: whoever kept it first may have been cut off here.
        threads.lock(connection, kept.report_id)
        if all(step.action != "taken_down" for step in reports.history_of(connection, kept.report_id)):
            if told.anonymous:
                reports.amend(connection, kept.report_id, {"anonymous": True})
            at = _believed(told.taken_at, rt.clock())
            reports.record(
                connection, kept.report_id, actor="officer", officer_id=officer.id, action="taken_down",
                detail={"taken_at": at.isoformat(timespec="seconds")} if at else {},
            )  # fmt: skip
    return reference_of(kept.report_id)


def _believed(taken_at: datetime | None, now: datetime) -> datetime | None:
    if taken_at is None or taken_at.tzinfo is None:
        return None
    return taken_at if now - _OLDEST <= taken_at <= now + _FAST else None
