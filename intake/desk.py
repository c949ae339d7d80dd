"""What officers do with reports: look, hand to the right regency, send back, answer, close.

Every function takes the officer and asks whether it is theirs to do: a page that forgets to ask cannot leak. A report
that is not theirs is not found, whether it exists or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from intake import wording, wording_desk
from intake.domain.reference import report_id_of
from intake.domain.report import AT_REST, STEPS, State, StepNotAllowed
from intake.runtime import Runtime
from intake.saying import medium_of, occasion, say
from intake.storage import corrections, deadlines, handovers, messages, notes, replies, reports
from intake.storage.deadlines import Reminded, Standing
from intake.storage.handovers import Handover
from intake.storage.messages import StoredMessage
from intake.storage.notes import Note
from intake.storage.officers import Officer
from intake.storage.replies import Reply
from intake.storage.reports import KeptDecision, Report, Step
from intake.understand.locate import regencies

LONGEST_ANSWER: Final = 4000
LONGEST_TARGET: Final = 60


class NotYours(Exception):
    """No such report, or it is another's: the same to who asks."""


class EmptyText(Exception):
    """Something has to be said."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """Everything an officer may see of a report."""

    report: Report
    conversation: list[StoredMessage]
    replies: list[Reply]
    history: list[Step]
    decision: KeptDecision | None
    handovers: list[Handover]
    standing: Standing | None
    notes: list[Note]
    children: list[Report]
    reminders: list[Reminded]


def office_of(report: Report) -> str:
    """Who speaks to the citizen about a report."""
    return regencies()[report.regency].short if report.regency else "Admin Pusat"


def find(connection: Connection, officer: Officer, reference: str) -> Report:
    """A report the officer may see, or NotYours."""
    report_id = report_id_of(reference)
    report = None if report_id is None else reports.find(connection, report_id)
    if report is None or not officer.may_see(report.regency):
        raise NotYours
    return report


def find_to_change(connection: Connection, officer: Officer, reference: str) -> Report:
    """A report the officer may do something with, or NotYours: a leader looks on."""
    if officer.role == "leader":
        raise NotYours
    return find(connection, officer, reference)


def open_file(connection: Connection, officer: Officer, reference: str) -> ReportFile:
    report = find(connection, officer, reference)
    return ReportFile(
        report,
        messages.of_report(connection, report.id),
        replies.of_report(connection, report.id),
        reports.history_of(connection, report.id),
        reports.last_decision(connection, report.id),
        handovers.of_report(connection, report.id),
        deadlines.standing_of(connection, report.id),
        notes.of_report(connection, report.id),
        reports.children_of(connection, report.id),
        deadlines.reminders_of(connection, report.id),
    )


def route(rt: Runtime, officer: Officer, reference: str, *, regency: str, reason: str = "") -> Report:
    """Hand a report to a regency (central desk). The citizen is told. Raises NotYours, StepNotAllowed."""
    if officer.role != "central" or regency not in regencies():
        raise NotYours
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
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
        round_ = _count_of(connection, report.id)
        handovers.promise_handover(
            connection, report_id=report.id, regency=regency, cause=f"route:{report.id}:{round_}"
        )
        words = wording.forwarded(occasion(rt, report), regency=regencies()[regency].short)
        _tell(rt, connection, report, words, kind="forwarded", cause=f"forwarded:{report.id}:{round_}")
        return report


def send_back(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> Report:
    """Bukan wewenang kami: back to the central desk, with the reason. Raises EmptyText without one."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
        corrections.add(
            connection, report_id=report.id, officer_id=officer.id, field="regency", shown=report.regency, chosen=None
        )
        return reports.step(
            connection, report.id, State.DIKEMBALIKAN, actor="officer", officer_id=officer.id, action="sent_back",
            reason=reason.strip(), detail={"from": report.regency}, values={"regency": None},
        )  # fmt: skip


def take_up(rt: Runtime, officer: Officer, reference: str) -> Report:
    """The unit is at work on it."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
        if report.regency is None:
            raise StepNotAllowed(State.DIPROSES)
        return reports.step(
            connection, report.id, State.DIPROSES, actor="officer", officer_id=officer.id, action="taken_up",
            values={"waiting_for": None, "choices": []},
        )  # fmt: skip


def answer(rt: Runtime, officer: Officer, reference: str, *, words: str) -> Report:
    """Answer the citizen. Two officers may answer one after the other; one click is one answer (the step decides)."""
    said = words.strip().replace("\x00", "")[:LONGEST_ANSWER]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
        report = reports.step(
            connection, report.id, State.DITINDAKLANJUTI, actor="officer", officer_id=officer.id, action="answered",
            detail={"answer": said}, values={"answered_at": rt.clock()},
        )  # fmt: skip
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
        report = find_to_change(connection, officer, reference)
        report = reports.step(
            connection, report.id, State.TERTUNDA, actor="officer", officer_id=officer.id, action="asked",
            detail={"question": said}, values={"waiting_for": "officer", "choices": []},
        )  # fmt: skip
        words = wording_desk.asked(occasion(rt, report), office=office_of(report), question=said)
        _tell(
            rt, connection, report, words, kind="asked", cause=f"asked:{report.id}:{_count_of(connection, report.id)}"
        )
        return report


def close(rt: Runtime, officer: Officer, reference: str, *, reason: str = "") -> Report:
    """Finished. The citizen is told, and how to say that it is not."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
        report = reports.step(
            connection, report.id, State.SELESAI, actor="officer", officer_id=officer.id, action="closed",
            reason=reason, values={"closed_at": rt.clock()},
        )  # fmt: skip
        tell_everybody(rt, connection, report, lambda each: wording.closed(occasion(rt, each)), kind="closed")
        return report


def archive(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> Report:
    """Put aside with a reason, restorable; the citizen is not written to. Raises EmptyText without a reason."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
        return reports.step(
            connection, report.id, State.DIARSIPKAN, actor="officer", officer_id=officer.id, action="archived",
            reason=reason.strip(),
        )  # fmt: skip


def restore(rt: Runtime, officer: Officer, reference: str) -> Report:
    """Back from the archive to verification."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference)
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
        report = find_to_change(connection, officer, reference)
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
        report = find_to_change(connection, officer, reference)
        notes.add(connection, report.id, officer_id=officer.id, words=said)
        return report


def may(report: Report, officer: Officer) -> frozenset[str]:
    """What this officer can do with this report now, by the names of the functions above: what a page offers."""
    if officer.role == "leader":
        return frozenset()
    following = STEPS[report.state]
    offered = {"note"}
    if officer.role == "central" and State.TERDISPOSISI in following:
        offered.add("route")
    for name, state in (
        ("send_back", State.DIKEMBALIKAN), ("take_up", State.DIPROSES), ("answer", State.DITINDAKLANJUTI),
        ("close", State.SELESAI), ("archive", State.DIARSIPKAN), ("ask", State.TERTUNDA), ("pass_on", State.DITERUSKAN),
        ("merge", State.DIGABUNG),
    ):  # fmt: skip
        if state in following:
            offered.add(name)
    if report.state is State.TERTUNDA:
        # The answer is on its way: a second question would cross it, and what has no regency has no unit at work.
        offered -= {"ask"} if report.regency else {"ask", "take_up"}
    if not (report.answerable and report.sender):
        offered.discard("ask")
    if report.regency is None:
        offered.discard("merge")
    offered.add("correct")
    if report.state is State.DIARSIPKAN:
        offered.add("restore")
    if report.state is State.DIGABUNG:
        offered.add("part")
    if report.state in AT_REST:
        offered &= {"restore", "part", "note"}
    return frozenset(offered)


def _tell(
    rt: Runtime, connection: Connection, report: Report, words: wording.Wording, *, kind: str, cause: str
) -> None:
    """Say it to the citizen, in the thread of what they said last."""
    conversation = messages.of_report(connection, report.id)
    say(rt, connection, report, words, kind=kind, cause=cause, answers=conversation[-1] if conversation else None)


def tell_everybody(
    rt: Runtime, connection: Connection, report: Report, words_for: Callable[[Report], wording.Wording], *, kind: str
) -> None:
    """Say it to the citizen of a report and to those whose reports were merged into it, each under their own number.

    Who texted first: a copy by SMS of what the others are told (``confirm.copy_by_sms``) spares who heard it already.
    """
    count = _count_of(connection, report.id)
    everybody = (report, *reports.children_of(connection, report.id))
    for each in sorted(everybody, key=lambda each: medium_of(rt, each.channel) != "sms"):
        _tell(rt, connection, each, words_for(each), kind=kind, cause=f"{kind}:{each.id}:{report.id}:{count}")


def _count_of(connection: Connection, report_id: int) -> int:
    """How many steps the report has taken: makes a cause that is new each time, and the same within one step."""
    counted = connection.execute(text("select count(*) from history where report_id = :id"), {"id": report_id})
    return int(counted.scalar_one())
