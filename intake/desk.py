"""What officers do with reports: hand to the right regency, send back, answer, close.

Every function takes the officer and asks whether it is theirs to do: a page that forgets to ask cannot leak. A report
that is not theirs is not found, whether it exists or not.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from intake import alarm, wording, wording_desk
from intake.domain.permission import Action
from intake.domain.report import State, StepNotAllowed
from intake.report_file import NotYours, find_to_change, find_to_speak
from intake.runtime import Runtime
from intake.saying import occasion
from intake.storage import (
    corrections,
    dispositions,
    handovers,
    notes,
    people,
    ratings,
    reports,
)
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.telling import count_steps, office_of, tell, tell_everybody
from intake.understand.locate import regencies

LONGEST_ANSWER: Final = 4000
LONGEST_TARGET: Final = 60


class EmptyText(Exception):
    """Something has to be said."""


class NoSuchUnit(Exception):
    """No unit was chosen, or one that this regency has not."""


def route(rt: Runtime, officer: Officer, reference: str, *, regency: str, reason: str = "") -> Report:
    """Hand a report to a regency (central desk). The citizen is told. Raises NotYours, StepNotAllowed."""
    if regency not in regencies():
        raise NotYours
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.ROUTE)
        report = reports.step(
            connection, report.id, State.TERDISPOSISI, actor="officer", officer_id=officer.id, action="routed",
            reason=reason, detail={"from": report.regency, "to": regency},
            values={"regency": regency, "handed_over_at": rt.clock(), "waiting_for": None, "choices": [],
                    "district": None, "village": None},
        )  # fmt: skip
        before = reports.last_decision(connection, report.id)
        shown = None if before is None else before.location.get("regency")
        if shown != regency:
            corrections.add(
                connection, report_id=report.id, officer_id=officer.id, field="regency", shown=shown, chosen=regency
            )
        round_ = count_steps(connection, report.id)
        handovers.promise_handover(
            connection, report_id=report.id, regency=regency, cause=f"route:{report.id}:{round_}"
        )
        words = wording.forwarded(occasion(rt, report), regency=regencies()[regency].short)
        tell(rt, connection, report, words, kind="forwarded", cause=f"forwarded:{report.id}:{round_}")
        alarm.sound(rt, connection, report.id)
        return report


def send_back(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> Report:
    """Bukan wewenang kami: back to the central desk, with the reason; from a unit, back to its regency's admin.

    Raises EmptyText without a reason.
    """
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.SEND_BACK)
        if report.regency is None:
            raise StepNotAllowed(State.DIKEMBALIKAN)
        if officer.role == "unit":
            return give_back(connection, officer, report, reason=reason.strip())
        corrections.add(
            connection, report_id=report.id, officer_id=officer.id, field="regency", shown=report.regency, chosen=None
        )
        return reports.step(
            connection, report.id, State.DIKEMBALIKAN, actor="officer", officer_id=officer.id, action="sent_back",
            reason=reason.strip(), detail={"from": report.regency}, values={"regency": None},
        )  # fmt: skip


def give_back(connection: Connection, officer: Officer, report: Report, *, reason: str) -> Report:
    """A unit has it no more; other units that have it keep it."""
    if not dispositions.end(connection, report.id, officer_id=officer.id, why=reason, unit=officer.unit):
        raise StepNotAllowed(State.DIKEMBALIKAN)
    reports.record(
        connection, report.id, actor="officer", officer_id=officer.id, action="given_back", reason=reason,
        detail={"unit": officer.unit},
    )  # fmt: skip
    return report


def take_up(rt: Runtime, officer: Officer, reference: str) -> Report:
    """The unit is at work on it."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.TAKE_UP)
        if report.regency is None:
            raise StepNotAllowed(State.DIPROSES)
        return reports.step(
            connection, report.id, State.DIPROSES, actor="officer", officer_id=officer.id, action="taken_up",
            values={"waiting_for": None, "choices": [], "held_by": officer.id},
        )  # fmt: skip


def answer(rt: Runtime, officer: Officer, reference: str, *, words: str) -> Report:
    """Answer the citizen. Two officers may answer one after the other; one click is one answer (the step decides)."""
    said = words.strip().replace("\x00", "")[:LONGEST_ANSWER]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_speak(connection, officer, reference, Action.ANSWER)
        report = reports.step(
            connection, report.id, State.DITINDAKLANJUTI, actor="officer", officer_id=officer.id, action="answered",
            detail={"answer": said}, values={"answered_at": rt.clock()},
        )  # fmt: skip
        main = dispositions.main_of(connection, report.id)
        if main is not None:
            dispositions.mark_answered(connection, report.id, main, officer_id=officer.id, words=said)
        office = office_of(report)
        tell_everybody(
            rt,
            connection,
            report,
            lambda each: wording.answered(occasion(rt, each), office=office, answer=said),
            kind="answered",
        )
        return report


def ask(rt: Runtime, officer: Officer, reference: str, *, question: str) -> Report:
    """Ask the citizen; the clocks stand still until they answer, or ten working days. Raises EmptyText."""
    said = question.strip().replace("\x00", "")[:LONGEST_ANSWER]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_speak(connection, officer, reference, Action.ASK)
        report = reports.step(
            connection, report.id, State.TERTUNDA, actor="officer", officer_id=officer.id, action="asked",
            detail={"question": said}, values={"waiting_for": "officer", "choices": []},
        )  # fmt: skip
        words = wording_desk.asked(occasion(rt, report), office=office_of(report), question=said)
        tell(
            rt, connection, report, words, kind="asked", cause=f"asked:{report.id}:{count_steps(connection, report.id)}"
        )
        return report


def close(rt: Runtime, officer: Officer, reference: str, *, reason: str = "") -> Report:
    """Finished. The citizen is told, and how to say that it is not."""
    with rt.engine.begin() as connection:
        report = find_to_speak(connection, officer, reference, Action.CLOSE)
        report = reports.step(
            connection, report.id, State.SELESAI, actor="officer", officer_id=officer.id, action="closed",
            reason=reason, values={"closed_at": rt.clock()},
        )  # fmt: skip
        tell_everybody(rt, connection, report, lambda each: wording.closed(occasion(rt, each)), kind="closed")
        return report


def verify(rt: Runtime, officer: Officer, reference: str, *, seen: State | None = None) -> Report:
    """It is a report, and complete: to be handed on. ``seen``: see ``find_to_change``."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.VERIFY, seen=seen)
        return reports.step(
            connection, report.id, State.TERVERIFIKASI, actor="officer", officer_id=officer.id, action="verified",
            values={"waiting_for": None, "choices": []},
        )  # fmt: skip


def block_sender(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> Report:
    """What this sender says is kept and worked on, and answered no more. Raises EmptyText, StepNotAllowed (no sender)."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.BLOCK_SENDER)
        if not report.sender:
            raise StepNotAllowed(report.state)
        people.block(connection, report.channel, report.sender, reason=reason.strip())
        reports.record(
            connection, report.id, actor="officer", officer_id=officer.id, action="sender_blocked",
            reason=reason.strip(),
        )  # fmt: skip
        return report


def unblock_sender(rt: Runtime, officer: Officer, reference: str) -> Report:
    """Answered as usual again."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.BLOCK_SENDER)
        people.unblock(connection, report.channel, report.sender)
        reports.record(connection, report.id, actor="officer", officer_id=officer.id, action="sender_unblocked")
        return report


def reopen(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> Report:
    """Open a finished report again, as after a citizen who is not content. The citizen is told. Raises EmptyText."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.REOPEN)
        report = reports.step(
            connection, report.id, State.DIBUKA_KEMBALI, actor="officer", officer_id=officer.id,
            action="reopened_by_officer", reason=reason.strip(), values={"closed_at": None},
        )  # fmt: skip
        ratings.mark_seen(connection, report.id, officer.id)
        tell_everybody(rt, connection, report, lambda each: wording.reopened(occasion(rt, each)), kind="reopened")
        return report


def see_rating(rt: Runtime, officer: Officer, reference: str) -> Report:
    """Somebody has dealt with a citizen who is not content. Raises StepNotAllowed when a colleague was quicker."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.NOTE)
        if not ratings.mark_seen(connection, report.id, officer.id):
            raise StepNotAllowed(report.state)
        reports.record(connection, report.id, actor="officer", officer_id=officer.id, action="rating_seen")
        return report


def archive(rt: Runtime, officer: Officer, reference: str, *, reason: str, seen: State | None = None) -> Report:
    """Put aside with a reason, restorable; the citizen is not written to. Raises EmptyText without a reason."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.ARCHIVE, seen=seen)
        return reports.step(
            connection, report.id, State.DIARSIPKAN, actor="officer", officer_id=officer.id, action="archived",
            reason=reason.strip(),
        )  # fmt: skip


def restore(rt: Runtime, officer: Officer, reference: str) -> Report:
    """Back from the archive to verification."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.RESTORE)
        return reports.step(
            connection, report.id, State.MENUNGGU_VERIFIKASI, actor="officer", officer_id=officer.id, action="restored",
            only_from=[State.DIARSIPKAN],
        )  # fmt: skip


def pass_on(rt: Runtime, officer: Officer, reference: str, *, target: str, reason: str) -> Report:
    """Forward to somebody outside: the province, a vertical agency. The citizen is told. Raises EmptyText."""
    whom, why = " ".join(target.split())[:LONGEST_TARGET], reason.strip()
    if not whom or not why:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.PASS_ON)
        report = reports.step(
            connection, report.id, State.DITERUSKAN, actor="officer", officer_id=officer.id, action="passed_on",
            reason=why, detail={"target": whom}, values={"waiting_for": None, "choices": []},
        )  # fmt: skip
        tell_everybody(
            rt,
            connection,
            report,
            lambda each: wording_desk.passed_on(occasion(rt, each), target=whom),
            kind="forwarded",
        )
        return report


def add_note(rt: Runtime, officer: Officer, reference: str, *, words: str) -> Report:
    """Note something for colleagues; no citizen ever reads it. Raises EmptyText."""
    said = words.strip().replace("\x00", "")[:LONGEST_ANSWER]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.NOTE)
        notes.add(connection, report.id, officer_id=officer.id, words=said)
        return report
