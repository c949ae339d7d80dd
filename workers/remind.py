"""The alarm clock of deadlines: officers, heads and leaders are reminded, silence ends what waits for the citizen.

One promise per open report, due at its next alarm. When it rings, everything that was to ring since it last did is
noted, and the next one is promised. What is noted lies on the desk at once, and goes out as one letter a day to each
mailbox the regency has named: a flood of reminders is read by nobody.

What surprises: the promise may ring too early (a deadline moved) and finds nothing to do then. It also rings when a
citizen has answered an officer's question, and takes the report back to the officer's desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from intake import logs, wording_desk
from intake.desk import tell_everybody
from intake.domain.calendar import zone_called
from intake.domain.deadline import Alarm, AlarmStep
from intake.domain.report import State
from intake.runtime import Runtime
from intake.saying import occasion
from intake.storage import deadlines, outbox, replies, reports, threads
from intake.storage.deadlines import CENTRAL_ZONE, Due
from intake.storage.outbox import Claim, Job
from intake.storage.reports import Report
from intake.understand.classify.taxonomy import taxonomy
from intake.understand.locate import regencies

log = logs.get("remind")

#: All alarms of a morning ring at one moment: the letter about them waits until they have.
_GATHER: Final = timedelta(minutes=15)
_MOST_LINES: Final = 200
#: Whose reminder it is, as the letter's subject says.
_ADDRESSED: Final = {
    "remind_officer": "Laporan yang mendekati atau melewati batas waktu",
    "remind_head": "Laporan yang batas waktunya hari ini atau terlewat",
    "tell_leader": "Laporan yang terlambat",
}
_CLOCK_WORDS: Final = {
    "verify": "verifikasi",
    "reroute": "penerusan kembali",
    "first_response": "tanggapan pertama",
    "finish": "penyelesaian",
}


def remind(rt: Runtime, claim: Claim) -> None:
    """Keep the alarm of a report (``claim.subject_id``). Raises ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        report = reports.find(connection, claim.subject_id)
        if report is None:
            return
        threads.lock(connection, report.id)
        report = reports.read(connection, report.id)
        now = rt.clock()
        if _is_answered(connection, report):
            _back_to_the_desk(connection, report, State.DITANGGAPI_PELAPOR, "answer_came")
        kept = deadlines.compute(connection, report.id)
        if kept is None:
            return
        noted = False
        for alarm in kept.deadlines.alarms_between(kept.rung_until or kept.opened_at, now):
            if alarm.step in {AlarmStep.CLOSE_REPORT, AlarmStep.STOP_WAITING}:
                _end_waiting(rt, connection, report, alarm)
            else:
                clock = kept.deadlines.clock(alarm.clock)
                due_at = clock.due_at if clock else alarm.at
                noted |= deadlines.add_reminder(
                    connection, kept, clock=alarm.clock, step=alarm.step, due_at=due_at, at=now
                )
        deadlines.mark_rung(connection, report.id, now)
        following = deadlines.compute(connection, report.id)
        alarm_next = following.deadlines.next_alarm(now) if following else None
        if alarm_next is not None:
            outbox.promise(connection, Job.REMIND, report.id, due=alarm_next.at)
        if noted:
            outbox.promise(connection, Job.DIGEST, subject_of(kept.regency), due=now + _GATHER)
            log.info("reminded", report_id=report.id)


def _is_answered(connection: Connection, report: Report) -> bool:
    asked = report.state is State.TERTUNDA and report.waiting_for == "officer"
    return asked and deadlines.answered_since_asked(connection, report.id)


def _end_waiting(rt: Runtime, connection: Connection, report: Report, alarm: Alarm) -> None:
    """Nobody replied: close after a follow-up, go on without an answer after an officer's question."""
    if alarm.step is AlarmStep.CLOSE_REPORT and report.state is State.DITINDAKLANJUTI:
        report = reports.step(
            connection, report.id, State.SELESAI, actor="system", action="auto_closed", reason="tanpa_balasan",
            values={"closed_at": rt.clock()}, only_from=[State.DITINDAKLANJUTI],
        )  # fmt: skip
        tell_everybody(
            rt, connection, report, lambda each: wording_desk.closed_in_silence(occasion(rt, each)), kind="closed"
        )
        log.info("closed_in_silence", report_id=report.id)
    elif alarm.step is AlarmStep.STOP_WAITING and report.state is State.TERTUNDA and report.waiting_for == "officer":
        _back_to_the_desk(connection, report, State.DIPROSES, "gave_up_asking", reason="tidak_dijawab")


def _back_to_the_desk(connection: Connection, report: Report, to: State, action: str, *, reason: str = "") -> None:
    """From an officer's question to the desk that asked: the regency's, or the central one."""
    reports.step(
        connection, report.id, to if report.regency else State.MENUNGGU_VERIFIKASI, actor="system", action=action,
        reason=reason, values={"waiting_for": None}, only_from=[State.TERTUNDA],
    )  # fmt: skip


def subject_of(regency: str | None) -> int:
    """The number by which a regency's digest is promised: its code without the dot; 0 for the central desk."""
    return int(regency.replace(".", "")) if regency else 0


def regency_of(subject_id: int) -> str | None:
    """The regency of a digest's number."""
    return f"{subject_id // 100:02d}.{subject_id % 100:02d}" if subject_id else None


def send_digest(rt: Runtime, claim: Claim) -> None:
    """Write one letter to each mailbox of a regency (``claim.subject_id``: see ``subject_of``). Raises ClaimLost."""
    regency = regency_of(claim.subject_id)
    place = regencies().get(regency or "")
    zone = zone_called(place.zone if place else CENTRAL_ZONE)
    channel = next((name for name, found in sorted(rt.channels.items()) if found.medium == "email"), None)
    now = rt.clock()
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        waiting = deadlines.untold(connection, regency)
        mailboxes = deadlines.addresses_of(connection, regency)
        deadlines.mark_told(connection, regency, now)
        for step, lines in waiting.items():
            if channel is None or step not in mailboxes:
                continue
            replies.promise_reply(
                connection,
                cause=f"digest:{claim.subject_id}:{step}:{now:%Y%m%dT%H%M%S%f}",
                kind="digest",
                report_id=None,
                channel=channel,
                recipient=mailboxes[step],
                sender="",
                subject=f"{_ADDRESSED[step]}: {len(lines)}",
                text_=_letter(rt, lines, zone, office=place.short if place else "Meja pusat", now=now),
            )
    log.info("digest_written", subject_id=claim.subject_id, letters=len(set(waiting) & set(mailboxes)))


def _letter(rt: Runtime, lines: list[Due], zone: ZoneInfo, *, office: str, now: datetime) -> str:
    """The lines of a digest: numbers, topics and dates only, so that nothing of a report leaves by this letter."""
    shown = [_line(rt, due, zone, now) for due in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"... dan {len(lines) - _MOST_LINES} laporan lain: {rt.settings.public_url}/meja?batas=terlambat")
    listed = "\n\n".join(shown)
    return f"{office}, {now.astimezone(zone):%d-%m-%Y}\n\n{listed}\n\nMeja: {rt.settings.public_url}/meja\n"


def _line(rt: Runtime, due: Due, zone: ZoneInfo, now: datetime) -> str:
    topic = taxonomy().topics.get(due.topic or "")
    what = " · ".join(part for part in (topic.name_id if topic else "", due.unit or "") if part)
    late = " (TERLAMBAT)" if due.due_at < now else ""
    clock = _CLOCK_WORDS.get(due.clock, due.clock)
    return (
        f"{due.reference}  {what}\nBatas {clock}: {due.due_at.astimezone(zone):%d-%m-%Y}{late}\n"
        f"{rt.settings.public_url}/meja/{due.reference}"
    )
