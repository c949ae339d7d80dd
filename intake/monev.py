"""Monitoring and evaluation: the figures regencies publish, computed from what happened. ``docs/glossary.md`` defines them.

What surprises: "masuk" leaves out what was put aside (not a report, withdrawn) and what was merged into another, so that
one pothole reported by ten people is one report; both are shown beside it. "Selesai" is finished, never only answered:
"100 % handled" usually means followed up, so that has a figure of its own. Days are counted twice, in working days and
in calendar days, because published figures do not say which they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, text

from intake.counting import NOTHING, SCOPE, Period, Row, Share, count, scope_values
from intake.storage import deadlines
from intake.storage.officers import Officer
from intake.understand.locate import regencies

__all__ = ["AGES", "Comparison", "Figures", "Period", "Row", "Share", "compare", "figures", "scope_of", "year_on_year"]

#: Open reports by age in calendar days: up to so many, and the last without end.
AGES: Final = (5, 14, 60)
_MOST_TOPICS: Final = 10
_MOST_DISTRICTS: Final = 30
_YEARS_COMPARED: Final = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """``ratings``: how many gave 1, 2, 3, 4 and 5. ``put_aside``: reasons and how many. Costs are SMS parts sent."""

    total: Row
    units: tuple[Row, ...]
    months: tuple[Row, ...]
    topics: tuple[Row, ...]
    types: tuple[Row, ...]
    channels: tuple[Row, ...]
    districts: tuple[Row, ...]
    ages: tuple[tuple[str, int], ...]
    ratings: tuple[int, int, int, int, int]
    sent_back: Share
    merged: int
    put_aside: tuple[tuple[str, int], ...]
    sms_segments: int

    @property
    def rated(self) -> Share:
        """How many said how content they are, of those that were followed up."""
        return Share(sum(self.ratings), self.total.followed_up.part)

    @property
    def mean_rating(self) -> float | None:
        given = sum(self.ratings)
        return round(sum(n * times for n, times in enumerate(self.ratings, start=1)) / given, 2) if given else None


# Whoever had it and gave it back: it lies elsewhere by now, so the regency is the one of the step.
_BESIDE: Final = f"""
    select (select count(*) from report r where {SCOPE} and r.state = 'digabung') as merged,
           (select count(distinct h.report_id) from history h join report r on r.id = h.report_id
            where h.action = 'sent_back' and r.opened_at >= :since and r.opened_at < :until
              and (cast(:regency as text) is null or h.detail ->> 'from' = :regency)
              and (cast(:unit as text) is null or r.unit = :unit)) as sent_back,
           (select coalesce(sum(p.segments), 0) from reply p join report r on r.id = p.report_id
            where {SCOPE} and p.channel like 'sms%') as segments
"""

_ASIDE: Final = f"""
    select coalesce(h.reason, '') as reason, count(*) as n from report r
    left join lateral (select reason from history where report_id = r.id and to_state = 'diarsipkan'
                       order by id desc limit 1) as h on true
    where {SCOPE} and r.state = 'diarsipkan' group by 1 order by n desc, 1
"""

_OPEN: Final = f"""
    select least(extract(day from :now - r.opened_at)::int, 100000) as days, count(*) as n
    from report r where {SCOPE} and r.state <> all(:at_rest) and r.state <> 'diteruskan' group by 1
"""

_RATINGS: Final = f"""
    select last.score, count(*) as n
    from (select distinct on (a.report_id) a.score from rating a join report r on r.id = a.report_id
          where {SCOPE} order by a.report_id, a.id desc) as last
    group by 1
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
    values = scope_values(regency, unit, period, now)
    rows = count(
        connection, values, deadlines.rules(connection).calendar,
        ["unit", "month", "topic", "type", "channel", "district"],
    )  # fmt: skip
    beside = connection.execute(text(_BESIDE), values).one()
    total = next(iter(rows[""]), NOTHING)
    scores = {row.score: int(row.n) for row in connection.execute(text(_RATINGS), values)}
    return Figures(
        total=total,
        units=tuple(rows["unit"]),
        months=tuple(rows["month"]),
        topics=tuple(rows["topic"][:_MOST_TOPICS]),
        types=tuple(rows["type"]),
        channels=tuple(rows["channel"]),
        districts=tuple(rows["district"][:_MOST_DISTRICTS]),
        ages=_by_age({row.days: int(row.n) for row in connection.execute(text(_OPEN), values)}),
        ratings=(scores.get(1, 0), scores.get(2, 0), scores.get(3, 0), scores.get(4, 0), scores.get(5, 0)),
        sent_back=Share(beside.sent_back, total.received + beside.sent_back),
        merged=beside.merged,
        put_aside=tuple((row.reason, int(row.n)) for row in connection.execute(text(_ASIDE), values)),
        sms_segments=int(beside.segments),
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same figures of the period before (as many days) and of the same days a year earlier."""

    before: tuple[Period, Row]
    year_before: tuple[Period, Row]


def compare(
    connection: Connection, *, regency: str | None, period: Period, now: datetime, unit: str | None = None
) -> Comparison:
    """What a period is compared with. A whole month, or year, is compared with the month, or year, before."""

    def total(other: Period) -> tuple[Period, Row]:
        values: Mapping[str, Any] = scope_values(regency, unit, other, now)
        rows = count(connection, values, deadlines.rules(connection).calendar, ["year"])[""]
        return other, next(iter(rows), NOTHING)

    return Comparison(
        total(period_before(period)), total(Period(_year_earlier(period.since), _year_earlier(period.until)))
    )


def period_before(period: Period) -> Period:
    """As many days before; of a month that is whole the month before, of a whole year the year before."""
    last = period.since - timedelta(days=1)
    if (period.until + timedelta(days=1)).day == 1 and period.since.day == 1:
        months = (period.until.year - period.since.year) * 12 + period.until.month - period.since.month + 1
        at = period.since.year * 12 + period.since.month - 1 - months
        return Period(date(at // 12, at % 12 + 1, 1), last)
    return Period(last - (period.until - period.since), last)


def _year_earlier(day: date) -> date:
    ends_february = (day + timedelta(days=1)).day == 1 and day.month == 2
    return date(day.year - 1, 3, 1) - timedelta(days=1) if ends_february else day.replace(year=day.year - 1)


def year_on_year(
    connection: Connection, *, regency: str | None, last_year: int, now: datetime, unit: str | None = None
) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The last three years, and each of their months: (years, months), in order; what had no report is not there."""
    period = Period(date(last_year - _YEARS_COMPARED + 1, 1, 1), date(last_year, 12, 31))
    values = scope_values(regency, unit, period, now)
    rows = count(connection, values, deadlines.rules(connection).calendar, ["year", "month"])
    return tuple(rows["year"]), tuple(rows["month"])


def _by_age(days: Mapping[int, int]) -> tuple[tuple[str, int], ...]:
    """How many open reports are up to so many days old: ``0-5``, ``6-14``, ``15-60``, ``61+``."""
    edges = [0, *(age + 1 for age in AGES)]
    buckets = []
    for at, start in enumerate(edges):
        end = AGES[at] if at < len(AGES) else None
        name = f"{start}+" if end is None else f"{start}-{end}"
        buckets.append((name, sum(n for age, n in days.items() if age >= start and (end is None or age <= end))))
    return tuple(buckets)
