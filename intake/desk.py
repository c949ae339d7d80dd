"""What officers do with reports: look, hand to the right regency, send back, answer, close.

Every function takes the officer and asks whether it is theirs to do: a page that forgets to ask cannot leak. A report
that is not theirs is not found, whether it exists or not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from intake import alarm, identity, wording, wording_desk
from intake.domain.permission import Action
from intake.domain.reference import report_id_of
from intake.domain.report import AT_REST, AT_THE_DESK, STEPS, State, StepNotAllowed
from intake.identity import Reporter
from intake.runtime import Runtime
from intake.saying import medium_of, occasion, say
from intake.storage import (
    audit,
    corrections,
    deadlines,
    dispositions,
    handovers,
    messages,
    notes,
    people,
    ratings,
    reminders,
    replies,
    reports,
    scope,
    threads,
)
from intake.storage.deadlines import Standing
from intake.storage.dispositions import Disposition, Reader
from intake.storage.handovers import Handover
from intake.storage.messages import StoredMessage
from intake.storage.notes import Note
from intake.storage.officers import Officer
from intake.storage.people import PersonState
from intake.storage.ratings import Rating
from intake.storage.reminders import Reminded
from intake.storage.replies import Reply
from intake.storage.reports import KeptDecision, Report, Step
from intake.understand.locate import regencies

LONGEST_ANSWER: Final = 4000
LONGEST_TARGET: Final = 60
#: In these a report of a regency can be handed to its units.
DISPOSABLE: Final = AT_THE_DESK | {State.TERTUNDA, State.MENUNGGU_VERIFIKASI, State.TERVERIFIKASI}


class NotYours(Exception):
    """No such report, or it is another's: the same to who asks."""


class EmptyText(Exception):
    """Something has to be said."""


class NoSuchUnit(Exception):
    """No unit was chosen, or one that this regency has not."""


@dataclass(frozen=True, slots=True)
class ReportFile:
    """Everything an officer may see of a report; who reports was taken out of all of it."""

    report: Report
    reporter: Reporter
    conversation: list[StoredMessage]
    replies: list[Reply]
    history: list[Step]
    decision: KeptDecision | None
    handovers: list[Handover]
    standing: Standing | None
    notes: list[Note]
    children: list[Report]
    reminders: list[Reminded]
    dispositions: list[Disposition]
    person: PersonState
    rating: Rating | None


def office_of(report: Report) -> str:
    """Who speaks to the citizen about a report."""
    return regencies()[report.regency].short if report.regency else "Admin Pusat"


def find(connection: Connection, officer: Officer, reference: str) -> Report:
    """A report the officer may see, or NotYours."""
    report_id = report_id_of(reference)
    if report_id is None or not scope.sees(connection, officer, report_id):
        raise NotYours
    return reports.read(connection, report_id)


def find_to_change(
    connection: Connection, officer: Officer, reference: str, action: Action, *, seen: State | None = None
) -> Report:
    """A report that is the officer's, and with which they may do this; or NotYours.

    ``seen``: the state in which the officer saw it. Raises StepNotAllowed when it is another by now; what is done then is
    done with what they saw, for nobody can change it before this transaction ends.
    """
    if not officer.may(action):
        raise NotYours
    report = find(connection, officer, reference)
    if seen is not None and threads.lock(connection, report.id) is not seen:
        raise StepNotAllowed(seen)
    return report


def find_to_speak(connection: Connection, officer: Officer, reference: str, action: Action) -> Report:
    """The same for what the citizen hears: of several units only the main one speaks to them."""
    report = find_to_change(connection, officer, reference, action)
    if officer.role == "unit" and dispositions.main_of(connection, report.id) != officer.unit:
        raise NotYours
    return report


def open_file(connection: Connection, officer: Officer, reference: str) -> ReportFile:
    """The file of a report that is the officer's, without who reports (``intake.identity``). Raises NotYours."""
    report = find(connection, officer, reference)
    said, ours = messages.of_report(connection, report.id), replies.of_report(connection, report.id)
    reporter = identity.describe(connection, report, said)
    # Asked for before the address is taken out: whether somebody can be answered tells nobody who it is.
    person = people.state_of(connection, report.channel, report.sender)
    report, said, ours = identity.without_identity(report, said, ours, reporter)
    return ReportFile(
        report,
        identity.masked(reporter),
        said,
        ours,
        reports.history_of(connection, report.id),
        reports.last_decision(connection, report.id),
        handovers.of_report(connection, report.id),
        deadlines.standing_of(connection, report.id),
        notes.of_report(connection, report.id),
        [each for each in reports.children_of(connection, report.id) if scope.sees(connection, officer, each.id)],
        reminders.of_report(connection, report.id),
        dispositions.of_report(connection, report.id),
        person,
        ratings.last_of(connection, report.id),
    )


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
        round_ = _count_of(connection, report.id)
        handovers.promise_handover(
            connection, report_id=report.id, regency=regency, cause=f"route:{report.id}:{round_}"
        )
        words = wording.forwarded(occasion(rt, report), regency=regencies()[regency].short)
        _tell(rt, connection, report, words, kind="forwarded", cause=f"forwarded:{report.id}:{round_}")
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
        _tell(
            rt, connection, report, words, kind="asked", cause=f"asked:{report.id}:{_count_of(connection, report.id)}"
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


def may(report: Report, officer: Officer, *, in_hand: Sequence[Disposition] = ()) -> frozenset[str]:
    """What this officer can do with this report now, by the names of the functions above: what a page offers.

    ``in_hand`` are the parts of the units that have the report.
    """
    following = STEPS[report.state]
    offered = {"note", "correct"}
    for name, state in (
        ("route", State.TERDISPOSISI), ("verify", State.TERVERIFIKASI), ("send_back", State.DIKEMBALIKAN),
        ("take_up", State.DIPROSES), ("answer", State.DITINDAKLANJUTI), ("close", State.SELESAI),
        ("archive", State.DIARSIPKAN), ("ask", State.TERTUNDA), ("pass_on", State.DITERUSKAN),
        ("merge", State.DIGABUNG), ("reopen", State.DIBUKA_KEMBALI),
    ):  # fmt: skip
        if state in following:
            offered.add(name)
    if report.regency is None:
        offered -= {"merge", "send_back"}
    elif report.state in DISPOSABLE:
        offered.add("dispose")
        if in_hand:
            offered.add("take_back")
        speaks_for = {officer.unit} if officer.role == "unit" else {part.unit for part in in_hand}
        if any(part.unit in speaks_for and not part.main and part.answered_at is None for part in in_hand):
            offered.add("answer_part")
    if report.state is State.TERTUNDA:
        # The answer is on its way: a second question would cross it, and what has no regency has no unit at work.
        offered -= {"ask"} if report.regency else {"ask", "take_up"}
    if not (report.answerable and report.sender):
        offered.discard("ask")
    if report.state is State.DIARSIPKAN:
        offered.add("restore")
    if report.state is State.DIGABUNG:
        offered.add("part")
    if report.state in AT_REST:
        offered &= {"restore", "part", "note", "reopen"}
    if report.sender:
        offered.add("block_sender")
    if officer.role == "unit" and all(part.unit != officer.unit or not part.main for part in in_hand):
        offered -= {"answer", "ask", "close"}
    return frozenset(name for name in offered if officer.may(Action(name)))


def _tell(
    rt: Runtime, connection: Connection, report: Report, words: wording.Wording, *, kind: str, cause: str
) -> None:
    """Say it to the citizen, in the thread of what they said last."""
    conversation = messages.of_report(connection, report.id)
    say(rt, connection, report, words, kind=kind, cause=cause, answers=conversation[-1] if conversation else None)


def look_at_reporter(rt: Runtime, officer: Officer, reference: str, *, reason: str) -> tuple[Report, Reporter]:
    """Who reports, in full, written down with the reason. Raises NotYours, NoReason."""
    with rt.engine.begin() as connection:
        report = find(connection, officer, reference)
        if not identity.may_look(officer, report):
            raise NotYours
        return report, identity.look(connection, officer, report, reason=reason)


def candidates_to_read(connection: Connection, report: Report) -> list[Reader]:
    """Who may be named for a secret report: officers of the units that have it, and leaders of its regency."""
    return dispositions.candidates(connection, report.id)


def name_readers(rt: Runtime, officer: Officer, reference: str, *, officer_ids: Collection[int]) -> Report:
    """Let these people, and nobody else of units and leaders, read a secret report. Raises NotYours."""
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.NAME_READERS)
        known = {each.officer_id for each in candidates_to_read(connection, report)}
        before = {each.officer_id for each in dispositions.readers_of(connection, report.id)}
        wanted = set(officer_ids) & known
        for each in sorted(before - wanted):
            dispositions.unname_reader(connection, report.id, each)
            audit.write(
                connection, "reader_unnamed", officer_id=officer.id, about=each, report_id=report.id,
                regency=report.regency,
            )  # fmt: skip
        for each in sorted(wanted - before):
            dispositions.name_reader(connection, report.id, each, named_by=officer.id)
            audit.write(
                connection, "reader_named", officer_id=officer.id, about=each, report_id=report.id,
                regency=report.regency,
            )  # fmt: skip
        return report


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
