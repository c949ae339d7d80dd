"""Which days an Indonesian government office works, and counting in them.

Monday to Friday (Perpres 21/2023, art. 3), less the national holidays and the *cuti bersama* of the yearly joint decree
of three ministers, both from the package ``holidays``, less and plus what the override table says for the country, a
province or a regency.

What surprises:

* Only days are counted, never hours. A deadline lasts to the end of its last day, the citizen's calendar day in the
  regency's time zone, because the rules promise whole *hari kerja* and an answer of that evening still keeps them.
* The day on which counting starts is not counted itself. What comes in after ``closes_at`` or on a day off counts as
  come in on the next working day. No rule that could be read says when counting starts: this one is ours, is a
  setting, and is to be shown wherever a deadline is.
* Holidays move late (cuti bersama was decreed anew in 2022, 2023 and 2025) and those of coming years are estimates
  without cuti bersama. So every deadline is stored with the ``version`` of the calendar that made it, and computed
  again when that changes. The version follows from the days, not from the release of the package.
* Offices that keep a six-day week (art. 7 leaves it to some) need their Saturdays in the override table.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

#: The three zones of the country (Keppres 41/1987). None of them has summer time.
ZONES: Final[Mapping[str, ZoneInfo]] = {
    "WIB": ZoneInfo("Asia/Jakarta"),
    "WITA": ZoneInfo("Asia/Makassar"),
    "WIT": ZoneInfo("Asia/Jayapura"),
}
#: Received later than this by the regency's clock is received on the next working day.
CLOSES_AT: Final = time(16, 0)
#: PostgreSQL keeps no finer time, so ``done <= due`` means the same there.
END_OF_DAY: Final = time.max
#: The years whose days make the version. Fixed, so that the version does not change with what was asked before.
VERSION_YEARS: Final = range(2020, 2046)

#: A Kemendagri code of a province or regency.
REGION_CODE: Final = re.compile(r"\d\d(\.\d\d)?")

_SATURDAY: Final = 5
_DAY_SECONDS: Final = 86_400

HolidaysOfYear = Callable[[int], Mapping[date, str]]


class UnknownZone(ValueError):
    """A time zone that is none of WIB, WITA and WIT."""


class NaiveMoment(ValueError):
    """A moment without a time zone: nobody could say on which day it fell."""


class UnusableOverrides(ValueError):
    """Some overrides cannot be used. ``faults`` says which and why, all of them."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Override:
    """One day that is other than the holidays say: a late decree, a local feast, an election, a moved Saturday.

    ``region`` is a Kemendagri code, of a regency (``51.03``) or a province (``51``), or None for the whole country.
    The narrower one wins. ``note`` is what an officer reads as the reason.
    """

    day: date
    working: bool
    note: str
    region: str | None = None


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day that is not what its place in the week says, or was decided upon, and why. For showing the calendar."""

    day: date
    working: bool
    note: str


@lru_cache(maxsize=256)
def national_holidays(year: int) -> Mapping[date, str]:
    """National holidays and cuti bersama of a year with their Indonesian names; estimates are called "(perkiraan)"."""
    import holidays  # takes as long as the whole rest of a command's start, and most commands count no days

    return MappingProxyType(
        dict(holidays.country_holidays("ID", categories=("public", "government"), language="id", years=year))
    )


def zone_called(name: str) -> ZoneInfo:
    """The time zone called WIB, WITA or WIT. Raises UnknownZone."""
    try:
        return ZONES[name]
    except KeyError:
        msg = f"unknown time zone {name!r}: WIB, WITA or WIT"
        raise UnknownZone(msg) from None


def localise(moment: datetime, zone: str) -> datetime:
    """A moment by the clock of a zone. Raises NaiveMoment, UnknownZone."""
    there = zone_called(zone)
    if moment.tzinfo is there:
        return moment
    if moment.utcoffset() is None:
        raise NaiveMoment("a moment needs its time zone")
    return moment.astimezone(there)


class WorkingCalendar:
    """The working days of every region of the country, and the counting in them. Immutable; may be shared by threads.

    ``closes_at``: see ``CLOSES_AT``; None lets everything that comes in on a working day count as of that day.
    ``holidays_of`` gives the days off of a year by name; weekends need not be among them.

    A ``region`` is the code of a regency (``16.03``) or province (``16``), or None for the country.
    Raises UnusableOverrides when two overrides contradict each other or a region is no such code.
    """

    def __init__(
        self,
        overrides: Iterable[Override] = (),
        *,
        closes_at: time | None = CLOSES_AT,
        holidays_of: HolidaysOfYear = national_holidays,
    ) -> None:
        self.overrides = frozenset(overrides)
        self.closes_at = closes_at
        self._holidays_of = holidays_of
        self._by_region = _overrides_by_region(self.overrides)
        self._working_days: dict[tuple[str | None, int], tuple[date, ...]] = {}
        # The reports of one day ask for the same few days and moments time and again.
        self._nth = lru_cache(maxsize=4096)(self._find_nth)
        self._moment = lru_cache(maxsize=4096)(self._find_moment)

    @cached_property
    def version(self) -> str:
        """A name that is the same exactly as long as the days, the overrides and the rules of counting are."""
        days_off = {day for year in VERSION_YEARS for day in self._holidays_of(year) if day.weekday() < _SATURDAY}
        content = {
            "rules": 1,  # to be counted up when the counting itself changes
            "closes_at": self.closes_at.isoformat() if self.closes_at else None,
            "days_off": sorted(day.isoformat() for day in days_off),
            "overrides": sorted((o.region or "", o.day.isoformat(), o.working) for o in self.overrides),
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        return f"id-{digest[:12]}"

    def is_working_day(self, day: date, *, region: str | None = None) -> bool:
        """Whether offices of the region work on that day."""
        days = self._days(self._scope(region), day.year)
        at = bisect_left(days, day)
        return at < len(days) and days[at] == day

    def days_off(self, year: int, *, region: str | None = None) -> tuple[DayOff, ...]:
        """What the year of a region has besides plain weeks, in order: holidays on weekdays, and every override."""
        listed = {day: DayOff(day, working=False, note=name) for day, name in self._holidays_of(year).items()}
        kept = {day: off for day, off in listed.items() if day.weekday() < _SATURDAY}
        for override in self._overrides_for(region).values():
            if override.day.year == year:
                kept[override.day] = DayOff(override.day, override.working, override.note)
        return tuple(kept[day] for day in sorted(kept))

    def day_counted(self, moment: datetime, *, zone: str, region: str | None = None) -> date:
        """The working day on which something of that moment counts as come in: that day, or the next working day."""
        here = localise(moment, zone)
        too_late = self.closes_at is not None and here.time() > self.closes_at
        return self.nth_working_day(here.date(), 1 if too_late else 0, region=region)

    def nth_working_day(self, day: date, n: int, *, region: str | None = None) -> date:
        """The n-th working day after ``day``, before it when n is negative; for 0 the day itself or the next one."""
        return self._nth(self._scope(region), day, n)

    def moment_on(self, day: date, n: int, at: time, *, zone: str, region: str | None = None) -> datetime:
        """A time of the n-th working day (see ``nth_working_day``) by the clock of a zone. Raises UnknownZone."""
        return self._moment(self._scope(region), day, n, at, zone)

    def _find_moment(self, scope: str | None, day: date, n: int, at: time, zone: str) -> datetime:
        return datetime.combine(self._nth(scope, day, n), at, zone_called(zone))

    def _find_nth(self, scope: str | None, day: date, n: int) -> date:
        year = day.year
        days = self._days(scope, year)
        if n < 0:
            at = bisect_left(days, day) + n
        elif n == 0:
            at = bisect_left(days, day)
        else:
            at = bisect_right(days, day) + n - 1
        while at >= len(days):
            at, year = at - len(days), year + 1
            days = self._days(scope, year)
        while at < 0:
            year -= 1
            days = self._days(scope, year)
            at += len(days)
        return days[at]

    def add_working_days(self, moment: datetime, n: int, *, zone: str, region: str | None = None) -> datetime:
        """The end of the n-th working day after the one on which ``moment`` counts, in the zone given.

        With n = 0 it is the end of the counted day itself. Raises ValueError for a negative n.
        """
        if n < 0:
            msg = f"a deadline lies ahead, not {n} working days back"
            raise ValueError(msg)
        start = self.day_counted(moment, zone=zone, region=region)
        return self.moment_on(start, n, END_OF_DAY, zone=zone, region=region)

    def working_days_between(self, start: date, end: date, *, region: str | None = None) -> int:
        """How many working days lie after ``start`` up to and with ``end``; negative when ``end`` is the earlier."""
        if end < start:
            return -self.working_days_between(end, start, region=region)
        scope = self._scope(region)
        before = bisect_right(self._days(scope, start.year), start)
        whole_years = sum(len(self._days(scope, year)) for year in range(start.year, end.year))
        return whole_years + bisect_right(self._days(scope, end.year), end) - before

    def working_time_between(self, start: datetime, end: datetime, *, zone: str, region: str | None = None) -> float:
        """How much time of working days lies between two moments, in days of 24 hours, for means.

        Friday noon to Monday noon is 1.0. ``closes_at`` plays no part: this measures, it does not promise.
        """
        first, last = localise(start, zone), localise(end, zone)
        # Whole days from the first one (counted) to the last one (not counted), then the two ends.
        a_day = timedelta(days=1)
        whole = self.working_days_between(first.date() - a_day, last.date() - a_day, region=region)
        return whole + self._part_worked(last, region) - self._part_worked(first, region)

    def _part_worked(self, here: datetime, region: str | None) -> float:
        """The part of its day that is over at a local moment; 0 on a day off."""
        if not self.is_working_day(here.date(), region=region):
            return 0.0
        midnight = datetime.combine(here.date(), time.min, here.tzinfo)
        return (here - midnight).total_seconds() / _DAY_SECONDS

    def _scope(self, region: str | None) -> str | None:
        """The narrowest region with overrides of its own: all others share their days with a wider one."""
        if region in self._by_region:
            return region
        province = region[:2] if region else None
        return province if province in self._by_region else None

    def _overrides_for(self, region: str | None) -> dict[date, Override]:
        found = dict(self._by_region.get(None, {}))
        if region is not None:
            found |= self._by_region.get(region[:2], {})
            found |= self._by_region.get(region, {})
        return found

    def _days(self, scope: str | None, year: int) -> tuple[date, ...]:
        """The working days of a year, in order. Two threads may both compute them, to the same result."""
        known = self._working_days.get((scope, year))
        if known is None:
            known = self._working_days[scope, year] = self._compute_days(scope, year)
        return known

    def _compute_days(self, scope: str | None, year: int) -> tuple[date, ...]:
        holidays = self._holidays_of(year)
        overrides = self._overrides_for(scope)
        first = date(year, 1, 1)
        every_day = (first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1))
        return tuple(
            day
            for day in every_day
            if (overrides[day].working if day in overrides else day.weekday() < _SATURDAY and day not in holidays)
        )


def _overrides_by_region(overrides: Iterable[Override]) -> dict[str | None, dict[date, Override]]:
    found: dict[str | None, dict[date, Override]] = {}
    faults: list[str] = []
    for override in sorted(overrides, key=lambda o: (o.region or "", o.day, o.note)):
        if override.region is not None and not REGION_CODE.fullmatch(override.region):
            faults.append(f"{override.day}: {override.region!r} is no code of a province or regency")
            continue
        of_region = found.setdefault(override.region, {})
        other = of_region.setdefault(override.day, override)
        if other.working != override.working:
            faults.append(f"{override.day}, {override.region or 'national'}: both working and not")
    if faults:
        raise UnusableOverrides(faults)
    return found
