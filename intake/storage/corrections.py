"""What officers corrected: labels with who, when and what was shown. Append-only; the last word of a report counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection, text

Field = Literal["regency", "type", "topic", "unit", "urgency", "not_a_report"]
FIELDS: Final[tuple[Field, ...]] = ("regency", "type", "topic", "unit", "urgency", "not_a_report")


def add(
    connection: Connection, *, report_id: int, officer_id: int, field: Field, shown: str | None, chosen: str | None
) -> None:
    """Keep a label. ``chosen`` None: only known to be wrong (sent back without saying whose it is)."""
    connection.execute(
        text("""
            insert into correction (report_id, officer_id, field, shown, chosen, decision_id)
            select :report_id, :officer_id, :field, :shown, :chosen,
                   (select max(id) from decision where report_id = :report_id)
        """),
        {"report_id": report_id, "officer_id": officer_id, "field": field, "shown": shown, "chosen": chosen},
    )


@dataclass(frozen=True, slots=True)
class Labelled:
    """A report with the labels people gave it; values nobody corrected are None."""

    report_id: int
    said: str
    regency: str | None
    type: str | None
    topic: str | None
    unit: str | None
    urgency: str | None
    not_a_report: str | None
    at: datetime


def labelled(connection: Connection, *, regency: str | None = None) -> Iterator[Labelled]:
    """Every corrected report, oldest correction first. ``regency``: those that are there now."""
    rows = connection.execute(
        text("""
            select c.report_id, string_agg(distinct m.text, E'\n') as said, max(c.at) as at,
                   jsonb_object_agg(c.field, c.chosen) as labels
            from (select distinct on (report_id, field) report_id, field, chosen, at
                  from correction order by report_id, field, id desc) as c
            join report r on r.id = c.report_id
            join message m on m.id = r.id
            where cast(:regency as text) is null or r.regency = :regency
            group by c.report_id order by max(c.at), c.report_id
        """),
        {"regency": regency},
    )
    for row in rows:
        yield Labelled(row.report_id, row.said, at=row.at, **{field: row.labels.get(field) for field in FIELDS})


@dataclass(frozen=True, slots=True)
class Kept:
    """How often the first guess of a field was kept, of the reports that officers have worked on."""

    field: str
    guessed: int
    kept: int


def quality(connection: Connection, *, regency: str | None = None) -> list[Kept]:
    """Per field: of the reports that an officer handled, how many guesses stand. A report is counted where it was first.

    The first decision is the guess; a later correction of the field, or being sent back, undoes it.
    """
    rows = connection.execute(
        text("""
            with handled as (
                select distinct h.report_id from history h where h.officer_id is not null
            ), guess as (
                select distinct on (d.report_id) d.report_id, d.classification, d.location
                from decision d join handled using (report_id) order by d.report_id, d.id
            ), guessed as (
                select g.report_id, f.field,
                       case f.field when 'regency' then g.location ->> 'regency'
                                    else g.classification ->> f.field end as value
                from guess g cross join (values ('regency'), ('type'), ('topic'), ('unit'), ('urgency')) as f (field)
                where cast(:regency as text) is null or g.location ->> 'regency' = :regency
            )
            select field, count(*) as guessed,
                   count(*) filter (where not exists (
                       select 1 from correction c where c.report_id = guessed.report_id and c.field = guessed.field
                           and c.chosen is distinct from guessed.value)) as kept
            from guessed where value is not null and value <> '' group by field order by field
        """),
        {"regency": regency},
    )
    return [Kept(row.field, int(row.guessed), int(row.kept)) for row in rows]
