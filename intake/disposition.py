"""A report in the hands of one unit or several: each has its part, the main one answers, and the citizen hears once.

What a unit says about its part is for its colleagues; the main unit makes one answer of it. When the main unit is taken
back, the one that has the report longest takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from intake.desk import LONGEST_ANSWER, EmptyText, NoSuchUnit
from intake.domain.permission import Action
from intake.domain.report import FOR_TRIAGE, State, StepNotAllowed
from intake.report_file import DISPOSABLE, find_to_change
from intake.runtime import Runtime
from intake.storage import dispositions, regency_settings, reports, threads
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.understand.classify.taxonomy import Unit


def dispose(
    rt: Runtime, officer: Officer, reference: str, *, units: Sequence[str], note: str = "", seen: State | None = None
) -> Report:
    """Hand a report to units of its regency, by their keys; the first is the one that answers for it.

    Units that had it and are not among them have it no more. What waited for verification is verified by it. ``seen``:
    see ``report_file.find_to_change``. Raises NotYours, NoSuchUnit, StepNotAllowed.
    """
    with rt.engine.begin() as connection:
        report = _lock(connection, find_to_change(connection, officer, reference, Action.DISPOSE, seen=seen))
        known = units_known(connection, report)
        if not units or not set(units) <= known.keys():
            raise NoSuchUnit
        if report.state in FOR_TRIAGE:
            report = reports.step(
                connection, report.id, State.TERDISPOSISI, actor="officer", officer_id=officer.id, action="verified",
                values={"handed_over_at": rt.clock(), "waiting_for": None, "choices": []},
            )  # fmt: skip
        for unit in set(dispositions.units_of(connection, report.id)) - set(units):
            dispositions.end(connection, report.id, officer_id=officer.id, why="taken_back", unit=unit)
        dispositions.hand_to(
            connection, report.id, units, officer_id=officer.id, note=note.strip()[:LONGEST_ANSWER], main=units[0]
        )
        _speak_for(connection, report, known)
        reports.record(
            connection, report.id, actor="officer", officer_id=officer.id, action="disposed",
            reason=note.strip()[:LONGEST_ANSWER], detail={"units": [known[unit].name for unit in units]},
        )  # fmt: skip
        return reports.read(connection, report.id)


def take_back(rt: Runtime, officer: Officer, reference: str, *, unit: str, reason: str) -> Report:
    """A unit has the report no more; the others keep theirs. Raises NotYours, EmptyText, StepNotAllowed."""
    if not reason.strip():
        raise EmptyText
    with rt.engine.begin() as connection:
        report = _lock(connection, find_to_change(connection, officer, reference, Action.TAKE_BACK))
        known = units_known(connection, report)
        if not unit or not dispositions.end(
            connection, report.id, officer_id=officer.id, why=reason.strip()[:LONGEST_ANSWER], unit=unit
        ):
            raise StepNotAllowed(report.state)
        _speak_for(connection, report, known)
        reports.record(
            connection, report.id, actor="officer", officer_id=officer.id, action="part_taken_back",
            reason=reason.strip()[:LONGEST_ANSWER], detail={"units": [known[unit].name if unit in known else unit]},
        )  # fmt: skip
        return reports.read(connection, report.id)


def answer_part(rt: Runtime, officer: Officer, reference: str, *, unit: str, words: str) -> Report:
    """What a unit has to say about its part, for the main unit's answer; the citizen is not written to.

    An officer of a unit speaks for their own. Raises NotYours, EmptyText, NoSuchUnit (the main unit answers the citizen),
    StepNotAllowed (it was said before, or the unit has it no more).
    """
    said = words.strip().replace("\x00", "")[:LONGEST_ANSWER]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = _lock(connection, find_to_change(connection, officer, reference, Action.ANSWER_PART))
        speaks_for = officer.unit if officer.role == "unit" else unit
        if not speaks_for or speaks_for == dispositions.main_of(connection, report.id):
            raise NoSuchUnit
        if not dispositions.mark_answered(connection, report.id, speaks_for, officer_id=officer.id, words=said):
            raise StepNotAllowed(report.state)
        known = units_known(connection, report)
        name = known[speaks_for].name if speaks_for in known else speaks_for
        reports.record(
            connection, report.id, actor="officer", officer_id=officer.id, action="part_answered",
            detail={"units": [name], "words": said},
        )  # fmt: skip
        return reports.read(connection, report.id)


def units_known(connection: Connection, report: Report) -> Mapping[str, Unit]:
    """The units of the report's regency by their keys."""
    return regency_settings.taxonomy_of(connection, report.regency).units


def _lock(connection: Connection, report: Report) -> Report:
    """The report as it is now, kept so until this transaction ends; only one of a regency, and in somebody's hands."""
    threads.lock(connection, report.id)
    report = reports.read(connection, report.id)
    if report.regency is None or report.state not in DISPOSABLE:
        raise StepNotAllowed(State.TERDISPOSISI)
    return report


def _speak_for(connection: Connection, report: Report, known: Mapping[str, Unit]) -> None:
    """The report is the main unit's; one that no unit has keeps the name it had, as a guess."""
    main = dispositions.main_of(connection, report.id)
    if main is not None and main in known and known[main].name != report.unit:
        reports.amend(connection, report.id, {"unit": known[main].name})
