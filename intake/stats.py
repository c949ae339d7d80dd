"""Public figures about the reports of one regency, made so that nobody can be recognised in them.

No count from 1 to 4 is given out, nor one that follows from others by subtraction:

* A month with fewer than five reports is told together with those after it ("January to March"); the last months are
  told when they are five. Totals are of the months that are told, so a total of today less one of yesterday is again a
  count of at least five.
* Topics with fewer than five reports are told together, with the next smallest one if need be.
* Of five reports, how many were answered is told when it is none, all, or at least five with at least five left over;
  and months are held back together with others until what is held back is not small either.

What surprises: only whole months are told, up to the end of the last one. And how many of January's reports were answered
may grow by one from a day to the next, for answers come when they come; that says nothing about who reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, text

from intake.domain.calendar import ZONES
from intake.understand.locate import regencies

#: The smallest count that is told.
LEAST: Final = 5
OTHER_TOPICS: Final = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many came in, and how many of them were answered and are finished. None: held back."""

    received: int
    answered: int | None
    finished: int | None


@dataclass(frozen=True, slots=True)
class Months:
    """A month, or several told together: the first days of the first and the last one."""

    first: date
    last: date
    counted: Counted


@dataclass(frozen=True, slots=True)
class RegencyFigures:
    """Everything that is told about a regency since ``since``. Without ``months`` there is nothing to tell yet."""

    regency: str
    since: date
    months: tuple[Months, ...]
    topics: tuple[tuple[str, int], ...]
    total: Counted
    days_to_answer: float | None
    days_to_finish: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """What the database counted: one month and topic of one regency. Days are sums."""

    regency: str
    month: date
    topic: str
    received: int
    answered: int
    finished: int
    days_to_answer: float
    days_to_finish: float


def since_when(now: datetime) -> date:
    """Figures begin with the year before this one; they move on by a whole year."""
    return date(now.astimezone(ZONES["WIB"]).year - 1, 1, 1)


def count(connection: Connection, *, now: datetime, regency: str | None = None) -> list[Row]:
    """Count the reports of whole months, by regency, month and topic; what was put aside or merged is not counted."""
    rows = connection.execute(
        text("""
            with told as (
                select r.regency, coalesce(r.topic, '') as topic, r.state, r.opened_at, r.answered_at, r.closed_at,
                       date_trunc('month', r.opened_at at time zone
                           case g.timezone when 'WIT' then 'Asia/Jayapura' when 'WITA' then 'Asia/Makassar'
                                           else 'Asia/Jakarta' end) as month
                from report r join regency g on g.code = r.regency
                where r.state not in ('diarsipkan', 'digabung') and r.opened_at >= :since
                  and (cast(:regency as text) is null or r.regency = :regency)
            )
            select regency, month::date as month, topic, count(*) as received, count(answered_at) as answered,
                   count(*) filter (where state = 'selesai') as finished,
                   coalesce(extract(epoch from sum(answered_at - opened_at)) / 86400, 0)::float as days_to_answer,
                   coalesce(extract(epoch from sum(closed_at - opened_at) filter (where state = 'selesai')) / 86400, 0)
                       ::float as days_to_finish
            from told where month >= :since and month < :this_month group by 1, 2, 3
        """),
        {
            "regency": regency,
            "since": since_when(now),
            "this_month": now.astimezone(ZONES["WIB"]).date().replace(day=1),
        },
    )
    return [Row(**row._mapping) for row in rows]


def tell(regency: str, rows: Iterable[Row], *, since: date) -> RegencyFigures:
    """What may be told of a regency's rows."""
    by_month = sorted(rows, key=lambda row: row.month)
    groups = _months_together(by_month)
    told = [row for group in groups for row in group]
    received, answered, finished = (sum(getattr(row, name) for row in told) for name in _COUNTS)
    total = Counted(received, _or_none(answered, received), _or_none(finished, received))
    if total.answered is not None and total.finished is not None and 0 < abs(answered - finished) < LEAST:
        total = Counted(received, answered, None)
    return RegencyFigures(
        regency=regency,
        since=since,
        months=_tell_months(groups, total),
        topics=_topics_together(told),
        total=total,
        days_to_answer=sum(row.days_to_answer for row in told) / answered if answered >= LEAST else None,
        days_to_finish=sum(row.days_to_finish for row in told) / finished if finished >= LEAST else None,
    )


_COUNTS: Final = ("received", "answered", "finished")


def of_regency(connection: Connection, regency: str, *, now: datetime) -> RegencyFigures:
    """What may be told of one regency."""
    return tell(regency, count(connection, now=now, regency=regency), since=since_when(now))


def of_all(connection: Connection, *, now: datetime) -> list[RegencyFigures]:
    """What may be told of every regency that has anything to tell, by name. There is no total of them all: with all
    but one of them known, it would tell that one.
    """
    by_regency: dict[str, list[Row]] = {}
    for row in count(connection, now=now):
        by_regency.setdefault(row.regency, []).append(row)
    told = [tell(code, rows, since=since_when(now)) for code, rows in by_regency.items() if code in regencies()]
    known = regencies()
    return sorted((figures for figures in told if figures.months), key=lambda figures: known[figures.regency].short)


def _is_small(count_: int) -> bool:
    return 0 < count_ < LEAST


def _or_none(part: int, whole: int) -> int | None:
    return None if _is_small(part) or _is_small(whole - part) else part


def _months_together(by_month: Sequence[Row]) -> list[list[Row]]:
    """Rows in groups of whole months, each with enough reports; the rest is not told yet."""
    groups: list[list[Row]] = []
    open_group: list[Row] = []
    for month in sorted({row.month for row in by_month}):
        open_group += [row for row in by_month if row.month == month]
        if sum(row.received for row in open_group) >= LEAST:
            groups.append(open_group)
            open_group = []
    return groups


def _tell_months(groups: Sequence[Sequence[Row]], total: Counted) -> tuple[Months, ...]:
    columns = {name: [sum(getattr(row, name) for row in group) for group in groups] for name in _COUNTS}
    received = columns["received"]
    shown = {
        name: _held_back(columns[name], received, is_total_told=getattr(total, name) is not None)
        for name in ("answered", "finished")
    }
    return tuple(
        Months(group[0].month, group[-1].month, Counted(received[at], shown["answered"][at], None))
        if shown["finished"][at] is None or _differ_little(shown["answered"][at], shown["finished"][at])
        else Months(
            group[0].month, group[-1].month, Counted(received[at], shown["answered"][at], shown["finished"][at])
        )
        for at, group in enumerate(groups)
    )


def _differ_little(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and _is_small(abs(one - other))


def _held_back(parts: Sequence[int], wholes: Sequence[int], *, is_total_told: bool) -> list[int | None]:
    """The parts that may be told, None for the others; with the total known, those together are not small either."""
    shown = [_or_none(part, whole) for part, whole in zip(parts, wholes, strict=True)]
    while is_total_told:
        hidden = [at for at, part in enumerate(shown) if part is None]
        inside = sum(parts[at] for at in hidden)
        outside = sum(wholes[at] - parts[at] for at in hidden)
        left = [at for at, part in enumerate(shown) if part is not None]
        if not hidden or not left or not (_is_small(inside) or _is_small(outside)):
            break
        shown[min(left, key=lambda at: wholes[at])] = None
    return shown


def _topics_together(told: Sequence[Row]) -> tuple[tuple[str, int], ...]:
    """(topic, reports), the largest first; those that are too small to be told alone under ``OTHER_TOPICS``, last."""
    counts = Counter({OTHER_TOPICS: 0})
    for row in told:
        counts[row.topic] += row.received
    other = counts.pop(OTHER_TOPICS)
    ranked = counts.most_common()
    while ranked and (ranked[-1][1] < LEAST or _is_small(other)):
        other += ranked.pop()[1]
    return (*ranked, *([(OTHER_TOPICS, other)] if other else []))
