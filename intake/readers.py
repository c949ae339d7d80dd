"""Who may read who reports, and a secret report: a look with a reason, and people who are named. Both are written down."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from intake import identity
from intake.domain.permission import Action
from intake.identity import Reporter
from intake.report_file import NotYours, find, find_to_change
from intake.runtime import Runtime
from intake.storage import (
    audit,
    dispositions,
)
from intake.storage.dispositions import Reader
from intake.storage.officers import Officer
from intake.storage.reports import Report


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
