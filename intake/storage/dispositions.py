"""Which units of a regency have a report in hand, and who was named for a secret one.

A report may be with several units at once. What ends (given back, taken back, sent to another regency) stays as a line
with its end, its reason and who ended it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Disposition:
    """``unit`` is the key of a unit in the regency's taxonomy."""

    unit: str
    note: str
    at: datetime
    officer: str | None
    ended_at: datetime | None
    ended_why: str


def hand_to(connection: Connection, report_id: int, units: Iterable[str], *, officer_id: int | None, note: str) -> None:
    """Hand a report to units; one that has it already keeps it as it is. ``officer_id`` is None for a rule of ours."""
    connection.execute(
        text("""insert into disposition (report_id, unit, officer_id, note)
                select :report_id, unit, :officer_id, :note from unnest(cast(:units as text[])) as unit
                on conflict (report_id, unit) where ended_at is null do nothing"""),
        {"report_id": report_id, "units": sorted(set(units)), "officer_id": officer_id, "note": note},
    )


def end(connection: Connection, report_id: int, *, officer_id: int | None, why: str, unit: str | None = None) -> int:
    """A unit (None: every unit) has it in hand no more. Returns how many had it."""
    done = connection.execute(
        text("""update disposition set ended_at = now(), ended_by = :officer_id, ended_why = :why
                where report_id = :report_id and ended_at is null and unit = coalesce(cast(:unit as text), unit)"""),
        {"report_id": report_id, "unit": unit, "officer_id": officer_id, "why": why},
    )
    return done.rowcount


def units_of(connection: Connection, report_id: int) -> list[str]:
    """The units that have it in hand now, in the order they got it."""
    rows = connection.execute(
        text("select unit from disposition where report_id = :id and ended_at is null order by id"), {"id": report_id}
    )
    return [row.unit for row in rows]


def of_report(connection: Connection, report_id: int) -> list[Disposition]:
    """All of a report, oldest first."""
    rows = connection.execute(
        text("""select d.unit, d.note, d.at, o.name as officer, d.ended_at, d.ended_why
                from disposition d left join officer o on o.id = d.officer_id where d.report_id = :id order by d.id"""),
        {"id": report_id},
    )
    return [Disposition(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who was named for a secret report."""

    officer_id: int
    name: str
    unit: str | None


def name_reader(connection: Connection, report_id: int, officer_id: int, *, named_by: int) -> None:
    """Let one person read a secret report."""
    connection.execute(
        text("""insert into reader (report_id, officer_id, named_by) values (:report_id, :officer_id, :named_by)
                on conflict do nothing"""),
        {"report_id": report_id, "officer_id": officer_id, "named_by": named_by},
    )


def unname_reader(connection: Connection, report_id: int, officer_id: int | None = None) -> None:
    """Nobody (None), or this one no more."""
    connection.execute(
        text("""delete from reader
                where report_id = :report_id and officer_id = coalesce(cast(:officer_id as bigint), officer_id)"""),
        {"report_id": report_id, "officer_id": officer_id},
    )


def readers_of(connection: Connection, report_id: int) -> list[Reader]:
    """Who was named for a report."""
    rows = connection.execute(
        text("""select o.id as officer_id, o.name, o.unit from reader n join officer o on o.id = n.officer_id
                where n.report_id = :id order by o.name, o.id"""),
        {"id": report_id},
    )
    return [Reader(**row._mapping) for row in rows]
