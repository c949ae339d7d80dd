"""The counting behind the figures of monitoring: every report of a period is read once, and counted along every line.

What surprises:

* Working time is subtracted, not counted off: an array tells for each day how many working days lie before it, so
  that a hundred thousand spans are two look-ups each. It measures as ``WorkingCalendar.working_time_between`` does, and
  a test holds the two together.
* One statement with grouping sets: the table of units, of months, of districts and the total are always of one and the
  same moment, and add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, text

from intake.domain.calendar import ZONES, WorkingCalendar
from intake.domain.report import AT_REST, State
from intake.storage.deadlines import CENTRAL_ZONE
from intake.understand.locate import regencies

#: What nobody has begun with, and what is in work. What was passed on to another authority is a result of its own.
NOT_BEGUN: Final = frozenset(
    {State.DITERIMA, State.MENUNGGU_VERIFIKASI, State.TERVERIFIKASI, State.TERDISPOSISI, State.DIKEMBALIKAN,
     State.DIBUKA_KEMBALI}
)  # fmt: skip
IN_WORK: Final = frozenset({State.TERTUNDA, State.DIPROSES, State.DITINDAKLANJUTI, State.DITANGGAPI_PELAPOR})
NOT_COUNTED: Final = frozenset({State.DIARSIPKAN, State.DIGABUNG})

Dimension = Literal["unit", "month", "year", "topic", "type", "district", "channel"]
_EXPRESSIONS: Final[Mapping[Dimension, str]] = {
    "unit": "coalesce(r.unit, '')",
    "month": "to_char(r.opened_at at time zone :zone, 'YYYY-MM')",
    "year": "to_char(r.opened_at at time zone :zone, 'YYYY')",
    "topic": "coalesce(r.topic, '')",
    "type": "coalesce(r.type, '')",
    "district": "coalesce(r.district, '')",
    "channel": "r.channel",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Both days belong to it."""

    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many; a percentage with one decimal, None of nothing."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        return round(100 * self.part / self.whole, 1) if self.whole else None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table regencies print; days are means from the hand-over to the first follow-up."""

    name: str
    received: int
    not_begun: int
    in_work: int
    finished: int
    passed_on: int
    working_days: float | None
    calendar_days: float | None
    verified: Share
    first_response: Share
    in_time: Share
    followed_up: Share
    reopened: Share
    late: int

    @property
    def share(self) -> Share:
        """Finished, of those that came in."""
        return Share(self.finished, self.received)


NOTHING: Final = Row("", 0, 0, 0, 0, 0, None, None, Share(0, 0), Share(0, 0), Share(0, 0), Share(0, 0), Share(0, 0), 0)

#: Working days up to a local moment, from arrays that hold every day of every scope one after the other.
_WORKED: Final = """((cast(:days_before as int[]))[{at}]
    + (cast(:days_worked as int[]))[{at}] * extract(epoch from {moment}::time) / 86400)"""

SCOPE: Final = """r.opened_at >= :since and r.opened_at < :until
    and (cast(:regency as text) is null or r.regency = :regency) and (cast(:unit as text) is null or r.unit = :unit)"""

_ROWS: Final = f"""
    with milestones as (
        select h.report_id, min(h.at) filter (where h.to_state = 'terdisposisi') as given,
               min(h.at) filter (where h.to_state <> 'terdisposisi' and h.to_state <> 'dibuka_kembali') as done,
               bool_or(h.to_state = 'dibuka_kembali') as reopened
        from history h join report r on r.id = h.report_id
        where h.to_state in ('terdisposisi', 'ditindaklanjuti', 'selesai', 'dibuka_kembali')
          and {SCOPE} and r.state <> all(:not_counted)
        group by h.report_id
    ), facts as (
        select {{dimensions}}, r.state, r.regency, d.verify_due, d.verify_kept, d.first_response_due,
               d.first_response_kept, d.finish_due, d.finish_kept, d.next_due, m.done is not null as followed_up,
               m.reopened, case when m.done >= m.given then m.given end as given,
               case when m.done >= m.given then m.done end as done
        from report r left join deadline d on d.report_id = r.id left join milestones m on m.report_id = r.id
        where {SCOPE} and r.state <> all(:not_counted)
    ), placed as (
        select f.*, f.given at time zone z.name as given_here, f.done at time zone z.name as done_here,
               :length * coalesce(array_position(cast(:scopes as text[]), f.regency),
                                  array_position(cast(:scopes as text[]), left(f.regency, 2)), 0) + 1 as first
        from facts f left join regency g on g.code = f.regency
        join unnest(cast(:zone_codes as text[]), cast(:zone_names as text[])) as z (code, name)
             on z.code = coalesce(g.timezone, :central_zone)
    ), measured as (
        select p.*, extract(epoch from p.done - p.given) / 86400 as passed, {{worked_until}} - {{worked_before}} as worked
        from (select p.*, first + (given_here::date - :first_day) as a, first + (done_here::date - :first_day) as b
              from placed p) as p
    )
    select case {{which}} else '' end as dimension, coalesce({{names}}, '') as name,
           count(*) as received,
           count(*) filter (where state = any(:not_begun)) as not_begun,
           count(*) filter (where state = any(:in_work)) as in_work,
           count(*) filter (where state = 'selesai') as finished,
           count(*) filter (where state = 'diteruskan') as passed_on,
           avg(worked) as working_days, avg(passed) as calendar_days,
           count(*) filter (where verify_kept is not null or verify_due < :now) as verify_ended,
           count(*) filter (where verify_kept) as verify_kept,
           count(*) filter (where first_response_kept is not null or first_response_due < :now) as response_ended,
           count(*) filter (where first_response_kept) as response_kept,
           count(*) filter (where finish_kept is not null or finish_due < :now) as finish_ended,
           count(*) filter (where finish_kept) as finish_kept,
           count(*) filter (where followed_up) as followed_up,
           count(*) filter (where reopened) as reopened,
           count(*) filter (where next_due < :now) as late
    from measured group by grouping sets ({{sets}})
"""


def scope_values(regency: str | None, unit: str | None, period: Period, now: datetime) -> dict[str, Any]:
    """What ``SCOPE`` and the statements with it are given. A period's days are those of the regency's clock."""
    zone = ZONES[regencies()[regency].zone if regency else CENTRAL_ZONE]
    return {
        "since": datetime.combine(period.since, time.min, zone),
        "until": datetime.combine(period.until + timedelta(days=1), time.min, zone),
        "regency": regency,
        "unit": unit,
        "now": now,
        "zone": zone.key,
        "not_begun": [str(s) for s in NOT_BEGUN],
        "in_work": [str(s) for s in IN_WORK],
        "not_counted": [str(s) for s in NOT_COUNTED],
        "at_rest": [str(s) for s in AT_REST],
    }


def count(
    connection: Connection, values: Mapping[str, Any], calendar: WorkingCalendar, dimensions: Sequence[Dimension]
) -> dict[str, list[Row]]:
    """The rows of each dimension, most received first (months and years in order); the total as only row under ``""``."""
    years = range(values["since"].year - 1, values["now"].year + 2)
    scopes = sorted({override.region for override in calendar.overrides if override.region})
    statement = _ROWS.format(
        dimensions=", ".join(f"{_EXPRESSIONS[d]} as {d}" for d in dimensions),
        which=" ".join(f"when grouping({d}) = 0 then '{d}'" for d in dimensions),
        names=", ".join(dimensions),
        sets=", ".join(["()", *(f"({d})" for d in dimensions)]),
        worked_until=_WORKED.format(at="p.b", moment="p.done_here"),
        worked_before=_WORKED.format(at="p.a", moment="p.given_here"),
    )
    given = {
        **values, **_days(calendar, ["", *scopes], years), "scopes": scopes, "central_zone": CENTRAL_ZONE,
        "zone_codes": list(ZONES), "zone_names": [zone.key for zone in ZONES.values()],
    }  # fmt: skip
    found: dict[str, list[Row]] = {"": [], **{d: [] for d in dimensions}}
    for row in connection.execute(text(statement), given):
        found[row.dimension].append(_row(row))
    for dimension, rows in found.items():
        rows.sort(key=lambda r: r.name if dimension in {"month", "year"} else (-r.received, r.name))
    return found


def _row(row: Any) -> Row:
    return Row(
        row.name, row.received, row.not_begun, row.in_work, row.finished, row.passed_on,
        _rounded(row.working_days), _rounded(row.calendar_days),
        Share(row.verify_kept, row.verify_ended), Share(row.response_kept, row.response_ended),
        Share(row.finish_kept, row.finish_ended), Share(row.followed_up, row.received),
        Share(row.reopened, row.received), row.late,
    )  # fmt: skip


def _rounded(days: Any) -> float | None:
    return None if days is None else round(float(days), 1)


def _days(calendar: WorkingCalendar, scopes: Iterable[str], years: range) -> dict[str, Any]:
    """Every day of some years, for one scope after the other: how many working days lie before it, and whether it is one."""
    days_before: list[int] = []
    days_worked: list[int] = []
    first = date(years[0], 1, 1)
    length = (date(years[-1], 12, 31) - first).days + 1
    for scope in scopes:
        before = 0
        for n in range(length):
            working = int(calendar.is_working_day(first + timedelta(days=n), region=scope or None))
            days_before.append(before)
            days_worked.append(working)
            before += working
    return {"days_before": days_before, "days_worked": days_worked, "first_day": first, "length": length}
