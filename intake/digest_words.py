"""What officers, heads and leaders read of the deadlines of a day: a letter, or one SMS.

Numbers, topics and days only: nothing a citizen wrote leaves by these. Officers read Indonesian.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from channels.gsm import plan
from intake.domain.deadline import AlarmStep
from intake.storage.reminders import Due
from intake.understand.classify.taxonomy import taxonomy

_MOST_LINES: Final = 200
#: What the subject says, by the gravest step of the lines.
_SUBJECTS: Final = {
    AlarmStep.REMIND_OFFICER: "Laporan yang mendekati atau melewati batas waktu",
    AlarmStep.REMIND_HEAD: "Laporan yang batas waktunya hari ini atau terlewat",
    AlarmStep.TELL_LEADER: "Laporan yang terlambat",
}
_CLOCK_WORDS: Final = {
    "verify": "verifikasi",
    "reroute": "penerusan kembali",
    "first_response": "tanggapan pertama",
    "finish": "penyelesaian",
}


def subject(lines: Sequence[Due]) -> str:
    """The subject of a letter."""
    gravest = max((line.step for line in lines), key=list(_SUBJECTS).index)
    return f"{_SUBJECTS[gravest]}: {len(lines)}"


def letter(lines: Sequence[Due], *, office: str, zone: ZoneInfo, now: datetime, public_url: str) -> str:
    """Every report with its topic, its day and its address."""
    shown = [_line(due, zone, now, public_url) for due in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"... dan {len(lines) - _MOST_LINES} laporan lain: {public_url}/meja?batas=terlambat")
    listed = "\n\n".join(shown)
    return f"{office}, {now.astimezone(zone):%d-%m-%Y}\n\n{listed}\n\nMeja: {public_url}/meja\n"


def short(lines: Sequence[Due], *, office: str, zone: ZoneInfo, now: datetime, public_url: str) -> str:
    """How many are late and how many are not yet, and the first numbers: as much as one SMS holds."""
    late = sum(line.due_at < now for line in lines)
    counted = ", ".join(
        words for words, n in ((f"{late} terlambat", late), (f"{len(lines) - late} hampir", len(lines) - late)) if n
    )
    head, foot = f"SAHUT {office} {now.astimezone(zone):%d-%m-%Y}: {counted}.", f" {public_url}/meja"
    listed = ""
    for n, line in enumerate(lines):
        more = f" {line.reference} ({line.due_at.astimezone(zone):%d-%m})"
        rest = " ..." if n + 1 < len(lines) else ""
        if plan(head + listed + more + rest + foot).segments > 1:
            return head + listed + (" ..." if plan(head + listed + " ..." + foot).segments == 1 else "") + foot
        listed += more
    return head + listed + foot


def _line(due: Due, zone: ZoneInfo, now: datetime, public_url: str) -> str:
    topic = taxonomy().topics.get(due.topic or "")
    what = " · ".join(part for part in (topic.name_id if topic else "", due.unit or "") if part)
    late = " (TERLAMBAT)" if due.due_at < now else ""
    clock = _CLOCK_WORDS.get(due.clock, due.clock)
    return (
        f"{due.reference}  {what}\nBatas {clock}: {due.due_at.astimezone(zone):%d-%m-%Y}{late}\n"
        f"{public_url}/meja/{due.reference}"
    )
