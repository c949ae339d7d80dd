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
    """``unit`` is the key of a unit in the regency's taxonomy; ``main``: it is the one that answers the citizen.

    ``words`` is what the unit said about its part, for colleagues.
    """

    unit: str
    note: str
    at: datetime
    officer: str | None
    ended_at: datetime | None
    ended_why: str
    main: bool
    answered_at: datetime | None
    answered_by: str | None
    words: str


def hand_to(
    connection: Connection,
    report_id: int,
    units: Iterable[str],
    *,
    officer_id: int | None,
    note: str,
    main: str | None = None,
) -> None:
    """Hand a report to units; one that has it already keeps it as it is. ``officer_id`` is None for a rule of ours.

    ``main`` is the unit that answers the citizen; None: who was it stays it, else the unit that has it longest.
    """
    connection.execute(
        text("""insert into disposition (report_id, unit, officer_id, note)
                select :report_id, unit, :officer_id, :note
                from unnest(cast(:units as text[])) with ordinality as given (unit, place) order by place
                on conflict (report_id, unit) where ended_at is null do nothing"""),
        {"report_id": report_id, "units": list(dict.fromkeys(units)), "officer_id": officer_id, "note": note},
    )
    _choose_main(connection, report_id, main)


def _choose_main(connection: Connection, report_id: int, unit: str | None) -> None:
    # In two statements: at no moment are there two.
    if unit is not None:
        connection.execute(
            text("""update disposition set main = false
                    where report_id = :id and ended_at is null and main and unit <> :unit"""),
            {"id": report_id, "unit": unit},
        )
    connection.execute(
        text("""update disposition set main = true where id = (
                    select id from disposition where report_id = :id and ended_at is null
                        and unit = coalesce(:unit, unit)
                        and not exists (select 1 from disposition m
                                        where m.report_id = :id and m.ended_at is null and m.main)
                    order by id limit 1)"""),
        {"id": report_id, "unit": unit},
    )


def main_of(connection: Connection, report_id: int) -> str | None:
    """The unit that answers the citizen; None while no unit has the report."""
    found: str | None = connection.execute(
        text("select unit from disposition where report_id = :id and ended_at is null and main"), {"id": report_id}
    ).scalar_one_or_none()
    return found


def mark_answered(connection: Connection, report_id: int, unit: str, *, officer_id: int, words: str) -> bool:
    """A unit has done its part; once. False when it has it no more, or had said so before."""
    done = connection.execute(
        text("""update disposition set answered_at = now(), answered_by = :officer_id, words = :words
                where report_id = :report_id and unit = :unit and ended_at is null and answered_at is null"""),
        {"report_id": report_id, "unit": unit, "officer_id": officer_id, "words": words},
    )
    return done.rowcount == 1


def end(connection: Connection, report_id: int, *, officer_id: int | None, why: str, unit: str | None = None) -> int:
    """A unit (None: every unit) has it in hand no more. Returns how many had it."""
    done = connection.execute(
        text("""update disposition set ended_at = now(), ended_by = :officer_id, ended_why = :why
                where report_id = :report_id and ended_at is null and unit = coalesce(cast(:unit as text), unit)"""),
        {"report_id": report_id, "unit": unit, "officer_id": officer_id, "why": why},
    )
    _choose_main(connection, report_id, None)
    return done.rowcount


def units_of(connection: Connection, report_id: int) -> list[str]:
    """The units that have it in hand now: the main one first, the others in the order they got it."""
    rows = connection.execute(
        text("select unit from disposition where report_id = :id and ended_at is null order by main desc, id"),
        {"id": report_id},
    )
    return [row.unit for row in rows]


def of_report(connection: Connection, report_id: int) -> list[Disposition]:
    """All of a report, oldest first."""
    rows = connection.execute(
        text("""select d.unit, d.note, d.at, o.name as officer, d.ended_at, d.ended_why, d.main, d.answered_at,
                       a.name as answered_by, d.words
                from disposition d left join officer o on o.id = d.officer_id left join officer a on a.id = d.answered_by
                where d.report_id = :id order by d.ended_at is not null, d.main desc, d.id"""),
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


def candidates(connection: Connection, report_id: int) -> list[Reader]:
    """Officers of the units that have a report in hand now, and leaders of its regency."""
    rows = connection.execute(
        text("""select o.id as officer_id, o.name, o.unit from officer o join report r on r.regency = o.regency
                where r.id = :id and o.active and (o.role = 'leader' or (o.role = 'unit' and exists (
                    select 1 from disposition d where d.report_id = r.id and d.unit = o.unit and d.ended_at is null)))
                order by o.role desc, o.name, o.id"""),
        {"id": report_id},
    )
    return [Reader(**row._mapping) for row in rows]


def readers_of(connection: Connection, report_id: int) -> list[Reader]:
    """Who was named for a report."""
    rows = connection.execute(
        text("""select o.id as officer_id, o.name, o.unit from reader n join officer o on o.id = n.officer_id
                where n.report_id = :id order by o.name, o.id"""),
        {"id": report_id},
    )
    return [Reader(**row._mapping) for row in rows]
