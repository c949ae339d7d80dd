"""Monitoring and evaluation: the figures regencies publish, computed from what happened. ``docs/desk.md`` defines them.

What surprises: "masuk" leaves out what was put aside (not a report, withdrawn) and what was merged into another, so that
one pothole reported by ten people is one report; both are shown beside it. "Selesai" is finished, never only answered:
"100 % handled" usually means followed up, so that has a figure of its own. Days are counted twice, in working days and
in calendar days, because published figures do not say which they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from intake.domain.calendar import ZONES, WorkingCalendar
from intake.domain.report import AT_REST, State
from intake.storage import deadlines
from intake.storage.deadlines import CENTRAL_ZONE
from intake.storage.officers import Officer
from intake.understand.locate import regencies

#: What nobody has begun with, and what is in work. What was passed on to another authority is a result of its own.
NOT_BEGUN: Final = frozenset(
    {State.DITERIMA, State.MENUNGGU_VERIFIKASI, State.TERVERIFIKASI, State.TERDISPOSISI, State.DIKEMBALIKAN,
     State.DIBUKA_KEMBALI}
)  # fmt: skip
IN_WORK: Final = frozenset({State.TERTUNDA, State.DIPROSES, State.DITINDAKLANJUTI, State.DITANGGAPI_PELAPOR})
_NOT_COUNTED: Final = frozenset({State.DIARSIPKAN, State.DIGABUNG})
#: Open reports by age in calendar days: up to so many, and the last without end.
AGES: Final = (5, 14, 60)
_MOST_TOPICS: Final = 10


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

    @property
    def share(self) -> Share:
        return Share(self.finished, self.received)


@dataclass(frozen=True, slots=True)
class Figures:
    total: Row
    followed_up: Share
    verified: Share
    first_response: Share
    in_time: Share
    late: int
    ages: tuple[tuple[str, int], ...]
    units: tuple[Row, ...]
    months: tuple[tuple[str, int, int], ...]
    topics: tuple[tuple[str, int], ...]
    channels: tuple[tuple[str, int], ...]
    districts: tuple[tuple[str, int], ...]
    ratings: int
    mean_rating: float | None
    sent_back: Share
    reopened: Share
    merged: int
    put_aside: int
    sms_segments: int


_SCOPE: Final = """r.opened_at >= :since and r.opened_at < :until
    and (cast(:regency as text) is null or r.regency = :regency) and (cast(:unit as text) is null or r.unit = :unit)"""

_ROWS: Final = f"""
    select coalesce(r.unit, '') as name, count(*) as received,
           count(*) filter (where r.state = any(:not_begun)) as not_begun,
           count(*) filter (where r.state = any(:in_work)) as in_work,
           count(*) filter (where r.state = 'selesai') as finished,
           count(*) filter (where r.state = 'diteruskan') as passed_on
    from report r where {_SCOPE} and r.state <> all(:not_counted) group by 1 order by received desc, name
"""

_TOTALS: Final = f"""
    select count(*) filter (where d.verify_kept is not null or d.verify_due < :now) as verify_ended,
           count(*) filter (where d.verify_kept) as verify_kept,
           count(*) filter (where d.first_response_kept is not null or d.first_response_due < :now) as response_ended,
           count(*) filter (where d.first_response_kept) as response_kept,
           count(*) filter (where d.finish_kept is not null or d.finish_due < :now) as finish_ended,
           count(*) filter (where d.finish_kept) as finish_kept,
           count(*) filter (where d.next_due < :now) as late,
           count(*) filter (where exists (select 1 from history h where h.report_id = r.id
                            and h.to_state in ('ditindaklanjuti', 'selesai'))) as followed_up,
           count(*) filter (where exists (select 1 from history h where h.report_id = r.id
                            and h.to_state = 'dibuka_kembali')) as reopened,
           count(*) as counted
    from report r left join deadline d on d.report_id = r.id where {_SCOPE} and r.state <> all(:not_counted)
"""

_ASIDE: Final = f"""
    select count(*) filter (where r.state = 'digabung') as merged,
           count(*) filter (where r.state = 'diarsipkan') as put_aside
    from report r where {_SCOPE}
"""

_OPEN: Final = f"""
    select least(extract(day from :now - r.opened_at)::int, 100000) as days, count(*) as n
    from report r where {_SCOPE} and r.state <> all(:at_rest) and r.state <> 'diteruskan' group by 1
"""

_MONTHS: Final = f"""
    select to_char(r.opened_at at time zone :zone, 'YYYY-MM') as month, count(*) as received,
           count(*) filter (where r.state = 'selesai') as finished
    from report r where {_SCOPE} and r.state <> all(:not_counted) group by 1 order by 1
"""

# From the first hand-over to the first follow-up, of the reports that had one.
_SPANS: Final = f"""
    select coalesce(r.unit, '') as name, r.regency, min(h.at) filter (where h.to_state = 'terdisposisi') as given,
           min(h.at) filter (where h.to_state in ('ditindaklanjuti', 'selesai')) as done
    from report r join history h on h.report_id = r.id where {_SCOPE} and r.state <> all(:not_counted)
    group by r.id, 1, 2
    having min(h.at) filter (where h.to_state in ('ditindaklanjuti', 'selesai'))
           >= min(h.at) filter (where h.to_state = 'terdisposisi')
"""

_RATINGS: Final = f"""
    select count(*) as n, avg(last.score) as mean from report r
    cross join lateral (select score from rating where report_id = r.id order by id desc limit 1) as last
    where {_SCOPE}
"""

# Whoever had it and gave it back: it lies elsewhere by now, so the regency is the one of the step.
_SENT_BACK: Final = """
    select count(distinct h.report_id) as n from history h join report r on r.id = h.report_id
    where h.action = 'sent_back' and r.opened_at >= :since and r.opened_at < :until
      and (cast(:regency as text) is null or h.detail ->> 'from' = :regency)
      and (cast(:unit as text) is null or r.unit = :unit)
"""

_SMS: Final = f"""
    select coalesce(sum(p.segments), 0) as n from reply p join report r on r.id = p.report_id
    where {_SCOPE} and (p.channel like 'sms%')
"""


def scope_of(officer: Officer, wanted: str) -> str | None:
    """The regency whose figures an officer sees: their own; the central desk any, or all of them (None)."""
    if officer.regency is not None:
        return officer.regency
    return wanted if wanted in regencies() else None


def figures(
    connection: Connection, *, regency: str | None, period: Period, now: datetime, unit: str | None = None
) -> Figures:
    """All figures of a regency (None: the country) and a period; of one unit when it is given."""
    zone_name = regencies()[regency].zone if regency else CENTRAL_ZONE
    zone = ZONES[zone_name]
    values: dict[str, Any] = {
        "since": datetime.combine(period.since, time.min, zone),
        "until": datetime.combine(period.until + timedelta(days=1), time.min, zone),
        "regency": regency,
        "unit": unit,
        "now": now,
        "zone": zone.key,
        "not_begun": [str(s) for s in NOT_BEGUN],
        "in_work": [str(s) for s in IN_WORK],
        "not_counted": [str(s) for s in _NOT_COUNTED],
        "at_rest": [str(s) for s in AT_REST],
    }

    def one(statement: str) -> Any:
        return connection.execute(text(statement), values).one()

    def grouped(column: str, limit: int) -> tuple[tuple[str, int], ...]:
        statement = f"""select coalesce(r.{column}, '') as name, count(*) as n from report r
                        where {_SCOPE} and r.state <> all(:not_counted) group by 1 order by n desc, 1 limit {limit}"""
        return tuple((row.name, int(row.n)) for row in connection.execute(text(statement), values))

    spans = _mean_days(connection, values, deadlines.rules(connection).calendar)
    units = tuple(
        Row(r.name, r.received, r.not_begun, r.in_work, r.finished, r.passed_on, *spans.get(r.name, (None, None)))
        for r in connection.execute(text(_ROWS), values)
    )
    totals, aside, ratings = one(_TOTALS), one(_ASIDE), one(_RATINGS)
    return Figures(
        total=_sum(units, spans.get(None, (None, None))),
        followed_up=Share(totals.followed_up, totals.counted),
        verified=Share(totals.verify_kept, totals.verify_ended),
        first_response=Share(totals.response_kept, totals.response_ended),
        in_time=Share(totals.finish_kept, totals.finish_ended),
        late=totals.late,
        ages=_by_age({row.days: int(row.n) for row in connection.execute(text(_OPEN), values)}),
        units=units,
        months=tuple((r.month, r.received, r.finished) for r in connection.execute(text(_MONTHS), values)),
        topics=grouped("topic", _MOST_TOPICS),
        channels=grouped("channel", 20),
        districts=grouped("district", 20),
        ratings=ratings.n,
        mean_rating=None if ratings.mean is None else round(float(ratings.mean), 2),
        sent_back=Share(one(_SENT_BACK).n, totals.counted + one(_SENT_BACK).n),
        reopened=Share(totals.reopened, totals.counted),
        merged=aside.merged,
        put_aside=aside.put_aside,
        sms_segments=int(one(_SMS).n),
    )


def _sum(units: tuple[Row, ...], days: tuple[float | None, float | None]) -> Row:
    return Row(
        "",
        sum(unit.received for unit in units),
        sum(unit.not_begun for unit in units),
        sum(unit.in_work for unit in units),
        sum(unit.finished for unit in units),
        sum(unit.passed_on for unit in units),
        *days,
    )


def _mean_days(
    connection: Connection, values: Mapping[str, Any], calendar: WorkingCalendar
) -> dict[str | None, tuple[float | None, float | None]]:
    """(Working days, calendar days) from hand-over to follow-up, by unit; under None those of all."""
    found: dict[str | None, list[tuple[float, float]]] = {}
    for row in connection.execute(text(_SPANS), values):
        place = regencies().get(row.regency or "")
        zone = place.zone if place else CENTRAL_ZONE
        worked = calendar.working_time_between(row.given, row.done, zone=zone, region=row.regency)
        passed = (row.done - row.given).total_seconds() / 86_400
        for key in (row.name, None):
            found.setdefault(key, []).append((worked, passed))
    return {
        key: (round(sum(w for w, _ in days) / len(days), 1), round(sum(p for _, p in days) / len(days), 1))
        for key, days in found.items()
    }


def _by_age(days: Mapping[int, int]) -> tuple[tuple[str, int], ...]:
    """How many open reports are up to so many days old: ``0-5``, ``6-14``, ``15-60``, ``61+``."""
    edges = [0, *(age + 1 for age in AGES)]
    buckets = []
    for at, start in enumerate(edges):
        end = AGES[at] if at < len(AGES) else None
        name = f"{start}+" if end is None else f"{start}-{end}"
        buckets.append((name, sum(n for age, n in days.items() if age >= start and (end is None or age <= end))))
    return tuple(buckets)
