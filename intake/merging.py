"""Several citizens, one matter: suggested to officers, merged and parted again by people.

A merged report keeps its number and its reporter: who reported hears every answer to the report it was merged into.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from intake import identity
from intake.domain.permission import Action
from intake.domain.report import AT_REST, State, StepNotAllowed
from intake.report_file import NotYours, find_to_change
from intake.runtime import Runtime
from intake.storage import reports, scope
from intake.storage.officers import Officer
from intake.storage.reports import Report

#: Measured before the first line: from .35 on, two texts of one regency in three days are worth showing to a person.
LEAST_SIMILARITY: Final = 0.35
WITHIN: Final = timedelta(days=3)
MOST_SUGGESTED: Final = 5
_BEGINNING: Final = 200


@dataclass(frozen=True, slots=True)
class Similar:
    reference: str
    beginning: str
    opened_at: datetime
    similarity: float
    state: State


def similar(connection: Connection, officer: Officer, report: Report) -> list[Similar]:
    """Open reports of other citizens that may tell of the same: same regency and topic, near in time, alike in words."""
    if report.regency is None:
        return []
    own = scope.of(officer)
    rows = connection.execute(
        text(f"""
            with own as (select text from message where id = :id)
            select r.reference, left(m.text, 300) as beginning, r.opened_at, r.state, r.anonymous, r.sender, m.extra,
                   similarity(left(m.text, 2000), left((select text from own), 2000)) as similarity
            from report r join message m on m.id = r.id
            where r.regency = :regency and r.id <> :id and r.topic is not distinct from :topic
              and r.state <> all(:rest) and r.opened_at between :from and :until
              and r.merged_into is distinct from :id and {own.where}
            order by similarity desc, r.id limit :most
        """),
        {
            "id": report.id, "regency": report.regency, "topic": report.topic, "rest": [str(s) for s in AT_REST],
            "from": report.opened_at - WITHIN, "until": report.opened_at + WITHIN, "most": MOST_SUGGESTED,
            **own.values,
        },
    )  # fmt: skip
    found = [
        Similar(
            r.reference,
            identity.hide_beginning(r.beginning, anonymous=r.anonymous, sender=r.sender, extra=r.extra)[:_BEGINNING],
            r.opened_at,
            r.similarity,
            State(r.state),
        )
        for r in rows
    ]
    return [each for each in found if each.similarity >= LEAST_SIMILARITY]


def merge(rt: Runtime, officer: Officer, reference: str, *, into: str, seen: State | None = None) -> Report:
    """Merge a report into another of the same regency. Reversible. Raises NotYours, StepNotAllowed.

    ``seen``: the state in which the officer saw the report that is merged; in another one nothing is done.
    """
    with rt.engine.begin() as connection:
        child = find_to_change(connection, officer, reference, Action.MERGE)
        parent = find_to_change(connection, officer, into, Action.MERGE)
        if child.id == parent.id or child.regency != parent.regency:
            raise NotYours
        # Both rows are locked in the order of their ids, so that two merges crosswise do not wait for each other.
        connection.execute(
            text("select id from report where id in (:a, :b) order by id for update"), {"a": child.id, "b": parent.id}
        )
        parent = reports.read(connection, parent.id)
        if seen is not None and reports.read(connection, child.id).state is not seen:
            raise StepNotAllowed(State.DIGABUNG)
        if parent.state in AT_REST or reports.children_of(connection, child.id):
            raise StepNotAllowed(State.DIGABUNG)
        return reports.step(
            connection, child.id, State.DIGABUNG, actor="officer", officer_id=officer.id, action="merged",
            detail={"into": parent.reference}, values={"merged_into": parent.id},
        )  # fmt: skip


def part(rt: Runtime, officer: Officer, reference: str) -> Report:
    """Take a report out of the one it was merged into: back to its regency's desk, or to verification without one."""
    with rt.engine.begin() as connection:
        child = find_to_change(connection, officer, reference, Action.PART)
        back = State.TERDISPOSISI if child.regency else State.MENUNGGU_VERIFIKASI
        return reports.step(
            connection, child.id, back, actor="officer", officer_id=officer.id, action="parted",
            only_from=[State.DIGABUNG], values={"merged_into": None},
        )  # fmt: skip
