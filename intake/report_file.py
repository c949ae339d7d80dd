"""A report as an officer finds it: whether it is theirs, everything that stands in it, and what they may do with it now.

A report that is not theirs is not found, whether it exists or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from intake import identity
from intake.domain.permission import Action
from intake.domain.reference import report_id_of
from intake.domain.report import AT_REST, AT_THE_DESK, STEPS, State, StepNotAllowed
from intake.identity import Reporter
from intake.storage import (
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
from intake.storage.dispositions import Disposition
from intake.storage.handovers import Handover
from intake.storage.messages import StoredMessage
from intake.storage.notes import Note
from intake.storage.officers import Officer
from intake.storage.people import PersonState
from intake.storage.ratings import Rating
from intake.storage.reminders import Reminded
from intake.storage.replies import Reply
from intake.storage.reports import KeptDecision, Report, Step

#: In these a report of a regency can be handed to its units.
DISPOSABLE: Final = AT_THE_DESK | {State.TERTUNDA, State.MENUNGGU_VERIFIKASI, State.TERVERIFIKASI}


class NotYours(Exception):
    """No such report, or it is another's: the same to who asks."""


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


def may(report: Report, officer: Officer, *, in_hand: Sequence[Disposition] = ()) -> frozenset[str]:
    """What this officer can do with this report now, by the names of ``permission.Action``: what a page offers.

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
