"""The deadlines of reports as they stand, and the rules they follow from.

``refresh`` is called by every step of a report, in its transaction: history, deadlines, the words to be found by and the
promise of the next alarm are always of one and the same moment. Nothing here counts days; ``intake.domain.deadline``
does.

What surprises: overrides of days and changed figures are read with every refresh (two tables of a few rows), so that
no process works with yesterday's decree; the calendar made of them is kept by the process as long as they are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from intake.domain.calendar import Override, WorkingCalendar
from intake.domain.deadline import Clock, ClockKind, ClockState, Deadlines, compute_deadlines
from intake.domain.events import events_of
from intake.domain.sla import SlaTable
from intake.storage import outbox
from intake.storage.outbox import Job
from intake.storage.rows import as_json
from intake.understand.classify.taxonomy import OTHER, taxonomy
from intake.understand.locate import regencies

#: Who watches a report that no regency has: the central desk, by this clock.
CENTRAL_ZONE: Final = "WIB"
#: The clocks of officers; the two others run for the citizen.
FOR_OFFICERS: Final = (ClockKind.VERIFY, ClockKind.REROUTE, ClockKind.FIRST_RESPONSE, ClockKind.FINISH)

#: Under this name a connection notes what is to be refreshed (``gathered``).
_GATHERED: Final = "sahut.deadlines_to_refresh"

_RULES: Final = """
    (select coalesce(json_agg(json_build_array(day, working, note, region) order by day, region), '[]')
     from day_override) as days,
    (select coalesce(json_agg(json_build_array(region, report_class, changes) order by region, report_class), '[]')
     from sla_change) as changes
"""


@dataclass(frozen=True, slots=True)
class Rules:
    """What deadlines follow from besides the history of a report."""

    calendar: WorkingCalendar
    sla: SlaTable


@dataclass(frozen=True, slots=True)
class Kept:
    """The deadlines of a report with what the alarms need to know of it."""

    report_id: int
    regency: str | None
    opened_at: datetime
    sla_class: str
    deadlines: Deadlines
    rung_until: datetime | None


@lru_cache(maxsize=8)
def _calendar(overrides: frozenset[Override]) -> WorkingCalendar:
    return WorkingCalendar(overrides)


def _rules_of(days: list[Any], changes: list[Any]) -> Rules:
    overrides = frozenset(
        Override(date.fromisoformat(day), bool(working), str(note), str(region) or None)
        for day, working, note, region in days
    )
    table: dict[str, dict[str, Any]] = {}
    for region, report_class, changed in changes:
        table.setdefault(region, {})[report_class] = changed
    return Rules(_calendar(overrides), SlaTable(table))


def rules(connection: Connection) -> Rules:
    """The working days and the promised figures as they are now."""
    row = connection.execute(text(f"select {_RULES}")).one()
    return _rules_of(row.days, row.changes)


def class_of(report_type: str | None, topic: str | None) -> str:
    """``informasi``, ``tidak_berkadar`` or ``berkadar``: what is promised to a report of this type and topic."""
    known = topic if topic in taxonomy().topics else OTHER
    return taxonomy().deadline_class(str(known), report_type or "pengaduan")


def compute(connection: Connection, report_id: int) -> Kept | None:
    """The deadlines of a report from its history; None when there is no such report."""
    return next(iter(compute_many(connection, [report_id])), None)


def compute_many(connection: Connection, report_ids: Iterable[int]) -> list[Kept]:
    """The same of many reports, read in one statement; in the order of their ids, without those that do not exist."""
    rows = connection.execute(
        text(f"""
            select r.id, r.regency, r.type, r.topic, r.opened_at, d.rung_until,
                   (select coalesce(json_agg(json_build_array(h.from_state, h.to_state, h.at) order by h.id), '[]')
                    from history h where h.report_id = r.id and h.to_state is not null) as steps,
                   rules.days, rules.changes
            from (select {_RULES}) as rules, report r left join deadline d on d.report_id = r.id
            where r.id = any(:ids) order by r.id
        """),
        {"ids": list(report_ids)},
    ).all()
    in_force = _rules_of(rows[0].days, rows[0].changes) if rows else None  # of one moment: the same in every row
    return [_compute(row, in_force) for row in rows if in_force]


def _compute(row: Any, now_in_force: Rules) -> Kept:
    steps = [(before, after, datetime.fromisoformat(at)) for before, after, at in row.steps]
    report_class = class_of(row.type, row.topic)
    place = regencies().get(row.regency or "")
    deadlines = compute_deadlines(
        events_of(row.opened_at, steps),
        now_in_force.sla.sla_of(report_class, row.regency),
        now_in_force.calendar,
        zone=place.zone if place else CENTRAL_ZONE,
        region=row.regency,
    )
    return Kept(row.id, row.regency, row.opened_at, report_class, deadlines, row.rung_until)


@contextmanager
def gathered(connection: Connection) -> Iterator[None]:
    """Within it refreshes are only noted, and made at its end all together: what many steps of one transaction need.

    Nothing is refreshed when the body raises: its transaction is over.
    """
    if _GATHERED in connection.info:
        yield
        return
    noted: set[int] = set()
    connection.info[_GATHERED] = noted
    try:
        yield
    finally:
        del connection.info[_GATHERED]
    refresh_many(connection, noted)


def refresh(connection: Connection, report_id: int) -> None:
    """Compute the deadlines of a report anew, keep them with the words it is found by, and promise its next alarm."""
    noted: set[int] | None = connection.info.get(_GATHERED)
    if noted is None:
        refresh_many(connection, [report_id])
    else:
        noted.add(report_id)


def refresh_many(connection: Connection, report_ids: Iterable[int]) -> None:
    """The same for many reports, in two statements however many they are; who does not exist is left out."""
    found = compute_many(connection, report_ids)
    if not found:
        return
    connection.execute(text(_KEEP), {"rows": as_json([_as_row(kept) for kept in found])})


#: So many characters of a report are found by their words: PostgreSQL refuses a list of words beyond a megabyte, and with
#: it every step of the report. No text of this length comes near that.
_MOST_FOUND_BY: Final = 100_000

_KEEP: Final = f"""
    with given as (
        select * from jsonb_to_recordset(cast(:rows as jsonb)) as given (
            report_id bigint, place text, sla_class text, calendar_version text,
            verify_due timestamptz, verify_kept boolean, first_response_due timestamptz, first_response_kept boolean,
            finish_due timestamptz, finish_kept boolean, answer_due timestamptz, close_due timestamptz,
            next_due timestamptz, next_clock text, soon_at timestamptz, alarm_at timestamptz)
    ), found_by as (
        insert into search_words (report_id, words)
        select given.report_id,
               to_tsvector('indonesian', left(coalesce((
                   select string_agg(left(m.subject, 1000) || ' ' || left(m.text, 20000), ' ' order by m.id)
                   from message m where m.report_id = given.report_id), ''), {_MOST_FOUND_BY}))
               || array_to_tsvector(array[given.place])
        from given order by given.report_id
        on conflict (report_id) do update set words = excluded.words
    ), promised as (
        insert into outbox (job, subject_id, due_at)
        select 'remind', report_id, alarm_at from given where alarm_at is not null order by report_id
        on conflict (job, subject_id) do update set due_at = least(outbox.due_at, excluded.due_at)
            where outbox.token is null
    )
    insert into deadline (report_id, sla_class, calendar_version, verify_due, verify_kept, first_response_due,
                          first_response_kept, finish_due, finish_kept, answer_due, close_due, next_due,
                          next_clock, soon_at)
    select report_id, sla_class, calendar_version, verify_due, verify_kept, first_response_due, first_response_kept,
           finish_due, finish_kept, answer_due, close_due, next_due, next_clock, soon_at
    from given order by report_id
    on conflict (report_id) do update set
        sla_class = excluded.sla_class, calendar_version = excluded.calendar_version,
        verify_due = excluded.verify_due, verify_kept = excluded.verify_kept,
        first_response_due = excluded.first_response_due, first_response_kept = excluded.first_response_kept,
        finish_due = excluded.finish_due, finish_kept = excluded.finish_kept,
        answer_due = excluded.answer_due, close_due = excluded.close_due,
        next_due = excluded.next_due, next_clock = excluded.next_clock, soon_at = excluded.soon_at
"""


_DUE_COLUMNS: Final = [(kind, f"{kind.value}_due") for kind in ClockKind if kind is not ClockKind.REROUTE]
_KEPT_COLUMNS: Final = [
    (kind, f"{kind.value}_kept") for kind in (ClockKind.VERIFY, ClockKind.FIRST_RESPONSE, ClockKind.FINISH)
]


def _as_row(kept: Kept) -> dict[str, object]:
    """What is kept of a report's deadlines, for JSON."""
    found = kept.deadlines
    running = [c for k in FOR_OFFICERS if (c := found.clock(k)) and c.state is ClockState.RUNNING]
    first = min(running, key=lambda clock: clock.due_at, default=None)
    alarm = found.next_alarm(kept.rung_until or kept.opened_at)
    return {
        "report_id": kept.report_id,
        "place": place_word(kept.regency),
        "sla_class": kept.sla_class,
        "calendar_version": found.calendar_version,
        **{column: found.due(kind) for kind, column in _DUE_COLUMNS},
        **{column: _kept_in_time(found.clock(kind)) for kind, column in _KEPT_COLUMNS},
        "next_due": first.due_at if first else None,
        "next_clock": first.kind.value if first else None,
        "soon_at": first.alarms[0].at if first and first.alarms else None,
        "alarm_at": alarm.at if alarm else None,
    }


def hear(connection: Connection, report_id: int) -> None:
    """The citizen said more: it can be found, and an officer who asked gets the report back (``workers.remind``)."""
    refresh(connection, report_id)
    asked = connection.execute(
        text("select state = 'tertunda' and waiting_for = 'officer' from report where id = :id"), {"id": report_id}
    ).scalar_one_or_none()
    if asked:
        outbox.promise(connection, Job.REMIND, report_id)


def answered_since_asked(connection: Connection, report_id: int) -> bool:
    """Whether the citizen said something after the last question."""
    found = connection.execute(
        text("""select exists (select 1 from history where report_id = :id and actor = 'citizen' and action = 'added'
                    and id > (select max(id) from history where report_id = :id and to_state = 'tertunda'))"""),
        {"id": report_id},
    )
    return bool(found.scalar_one())


def place_word(regency: str | None) -> str:
    """The word by which the reports of one regency are found; no citizen's text can hold it."""
    return f"@{regency or ''}"


def _kept_in_time(clock: Clock | None) -> bool | None:
    if clock is None or clock.state is not ClockState.DONE:
        return None
    return clock.days_left is not None


def mark_rung(connection: Connection, report_id: int, until: datetime) -> None:
    """All alarms of a report up to that moment have been heard."""
    connection.execute(
        text("update deadline set rung_until = :until where report_id = :id"), {"id": report_id, "until": until}
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How the deadlines of one report stand. Moments are None where no date is promised now."""

    sla_class: str
    verify_due: datetime | None
    first_response_due: datetime | None
    finish_due: datetime | None
    answer_due: datetime | None
    close_due: datetime | None
    verify_kept: bool | None
    first_response_kept: bool | None
    finish_kept: bool | None
    next_due: datetime | None
    next_clock: str | None
    soon_at: datetime | None


def standing_of(connection: Connection, report_id: int) -> Standing | None:
    """What is kept of a report's deadlines; None for a report that nobody has read yet."""
    row = connection.execute(
        text("""select sla_class, verify_due, first_response_due, finish_due, answer_due, close_due, verify_kept,
                       first_response_kept, finish_kept, next_due, next_clock, soon_at
                from deadline where report_id = :id"""),
        {"id": report_id},
    ).one_or_none()
    return None if row is None else Standing(**row._mapping)


def outdated(connection: Connection, *, everything: bool = False) -> Iterator[int]:
    """The open reports whose deadlines were made by another calendar, or never; with ``everything`` all open ones."""
    version = rules(connection).calendar.version
    rows = connection.execute(
        text("""
            select r.id from report r left join deadline d on d.report_id = r.id
            where r.state not in ('selesai', 'diarsipkan', 'digabung')
              and (:everything or d.calendar_version is distinct from :version) order by r.id
        """),
        {"version": version, "everything": everything},
    )
    yield from [row.id for row in rows]


def set_day(connection: Connection, day: date, *, working: bool, note: str, region: str = "") -> None:
    """Override one day. Raises UnusableOverrides when the region is no code."""
    WorkingCalendar([Override(day, working, note, region or None)])
    connection.execute(
        text("""insert into day_override (day, region, working, note) values (:day, :region, :working, :note)
                on conflict (day, region) do update set working = excluded.working, note = excluded.note"""),
        {"day": day, "region": region, "working": working, "note": note},
    )


def set_sla(connection: Connection, region: str, report_class: str, changes: Mapping[str, Any]) -> None:
    """Change what a region promises for a class; no changes: as everywhere. Raises UnusableSla."""
    SlaTable.from_dict({region: {report_class: dict(changes)}})
    connection.execute(
        text("delete from sla_change where region = :region and report_class = :class"),
        {"region": region, "class": report_class},
    )
    if changes:
        connection.execute(
            text("insert into sla_change (region, report_class, changes) values (:region, :class, :changes)"),
            {"region": region, "class": report_class, "changes": Jsonb(dict(changes))},
        )
