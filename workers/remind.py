"""The alarm clock of deadlines: officers, heads and leaders are reminded, silence ends what waits for the citizen.

One promise per open report, due at its next alarm. When it rings, everything that was to ring since it last did is
noted, and the next one is promised. What is noted lies on the desk at once, and goes out once a day to each person the
regency has named, by letter, SMS or WhatsApp: a flood of reminders is read by nobody.

What surprises: the promise may ring too early (a deadline moved) and finds nothing to do then. It also rings when a
citizen has answered an officer's question, and takes the report back to the officer's desk.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from intake import digest_words, logs, wording_desk
from intake.domain.calendar import zone_called
from intake.domain.deadline import RING_AT, Alarm, AlarmStep
from intake.domain.report import State
from intake.runtime import Runtime
from intake.saying import channel_to, occasion
from intake.storage import deadlines, outbox, reminders, replies, reports, threads
from intake.storage.deadlines import CENTRAL_ZONE
from intake.storage.outbox import Claim, Job
from intake.storage.reminders import Due, Hearer, Medium
from intake.storage.reports import Report
from intake.telling import tell_everybody
from intake.understand.locate import regencies

log = logs.get("remind")

#: All alarms of a morning ring at one moment: the message about them waits until they have.
_GATHER: Final = timedelta(minutes=15)


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
                noted |= reminders.note(connection, kept, clock=alarm.clock, step=alarm.step, due_at=due_at, at=now)
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
    """Tell everybody who hears of a regency's reminders (``claim.subject_id``: see ``subject_of``). Raises ClaimLost.

    Once a day: what is noted after that waits for the next working morning.
    """
    regency = regency_of(claim.subject_id)
    place = regencies().get(regency or "")
    zone = zone_called(place.zone if place else CENTRAL_ZONE)
    now = rt.clock()
    today = now.astimezone(zone).date()
    told = 0
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        ids, lines = reminders.take_untold(connection, regency)
        hearers = _by_person(reminders.hearers_of(connection, regency))
        if lines and hearers and not reminders.begin_digest(connection, regency, today):
            calendar = deadlines.rules(connection).calendar
            morning = calendar.nth_working_day(today, 1, region=regency)
            due = datetime.combine(morning, RING_AT, zone) + _GATHER
            outbox.promise(connection, Job.DIGEST, claim.subject_id, due=due)
            return
        reminders.mark_told(connection, ids, now)
        office = place.short if place else "Meja pusat"
        for (medium, address), hearing in hearers.items():
            due_to_them = _heard_by(hearing, lines)
            channel = channel_to(rt, medium)
            if channel is None or not due_to_them:
                continue
            words = digest_words.short if medium != "email" else digest_words.letter
            replies.promise_reply(
                connection,
                cause=f"digest:{claim.subject_id}:{today}:{medium}:{address}",
                kind="digest",
                report_id=None,
                channel=channel,
                recipient=address,
                sender="",
                subject=digest_words.subject(due_to_them) if medium == "email" else "",
                text_=words(due_to_them, office=office, zone=zone, now=now, public_url=rt.settings.public_url),
            )
            told += 1
    log.info("digest_written", subject_id=claim.subject_id, messages=told)


def _by_person(hearers: list[Hearer]) -> dict[tuple[Medium, str], list[Hearer]]:
    """Who hears of several steps, or units, hears of them at once."""
    found: dict[tuple[Medium, str], list[Hearer]] = {}
    for hearer in hearers:
        found.setdefault((hearer.medium, hearer.address), []).append(hearer)
    return found


def _heard_by(hearing: list[Hearer], lines: list[Due]) -> list[Due]:
    """What one person hears of: each report once by each of its deadlines, in the order of their days."""
    found = {
        (line.reference, line.clock, line.due_at): line
        for line in lines
        for hearer in hearing
        if hearer.step is line.step and hearer.unit in {"", line.unit or ""}
    }
    return list(found.values())
