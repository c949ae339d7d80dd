"""Working days: fixed dates counted by hand, and rules that hold for every date."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

import holidays
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from intake.domain.calendar import (
    ZONES,
    NaiveMoment,
    Override,
    UnknownZone,
    UnusableOverrides,
    WorkingCalendar,
    national_holidays,
)

CALENDAR = WorkingCalendar()
OFFICIAL = holidays.country_holidays("ID", categories=("public", "government"), language="id")

BALI, DENPASAR, MUARA_ENIM = "51", "51.71", "16.03"

days = st.dates(date(2021, 1, 1), date(2035, 12, 31))
moments = st.datetimes(datetime(2021, 1, 1), datetime(2035, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
counts = st.integers(0, 70)
zones = st.sampled_from(sorted(ZONES))
regions = st.sampled_from([None, BALI, DENPASAR, MUARA_ENIM])
overrides = st.builds(Override, days, st.booleans(), st.just("uji"), regions)
override_sets = st.lists(overrides, max_size=12, unique_by=lambda o: (o.day, o.region))


def at(day: str, hour: int = 10, minute: int = 0, zone: str = "WIB") -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour, minute), ZONES[zone])


def count_by_hand(day: date, n: int, calendar: WorkingCalendar = CALENDAR, region: str | None = None) -> date:
    while n:
        day += timedelta(days=1)
        n -= calendar.is_working_day(day, region=region)
    return day


@pytest.mark.parametrize(
    ("start", "n", "due"),
    [
        ("2026-03-16", 3, "2026-03-26"),  # Nyepi and Idulfitri with their cuti bersama in between
        ("2026-03-16", 5, "2026-03-30"),
        ("2026-03-16", 10, "2026-04-07"),
        ("2026-03-16", 14, "2026-04-13"),
        ("2026-03-16", 60, "2026-06-25"),
        ("2025-03-27", 3, "2025-04-10"),
        ("2025-03-27", 5, "2025-04-14"),
        ("2026-12-22", 3, "2026-12-29"),
        ("2026-12-22", 5, "2026-12-31"),
        ("2026-12-22", 10, "2027-01-11"),  # across the year's end, with New Year and Isra Mikraj
        ("2026-12-22", 60, "2027-04-02"),
    ],
)
def test_days_that_were_counted_by_hand(start: str, n: int, due: str) -> None:
    expected = date.fromisoformat(due)
    assert CALENDAR.add_working_days(at(start), n, zone="WIB") == datetime.combine(expected, time.max, ZONES["WIB"])
    assert CALENDAR.nth_working_day(date.fromisoformat(start), n) == expected
    assert CALENDAR.working_days_between(date.fromisoformat(start), expected) == n
    assert OFFICIAL.get_nth_working_day(date.fromisoformat(start), n) == expected


def test_the_year_is_the_one_that_was_announced() -> None:
    """2026: 17 national holidays and 8 cuti bersama, by the joint decree of three ministers."""
    assert len(national_holidays(2026)) == 25
    assert "Cuti Bersama Hari Raya Natal" in {off.note for off in CALENDAR.days_off(2026)}


def test_years_taken_one_by_one_are_the_years_taken_together() -> None:
    """We ask for single years; a holiday moved into a neighbouring year would be lost by that."""
    together = holidays.country_holidays(
        "ID", categories=("public", "government"), language="id", years=range(2015, 2046)
    )
    assert {day for year in range(2015, 2046) for day in national_holidays(year)} == set(together)


@settings(deadline=None)
@given(days, counts)
def test_the_package_itself_counts_the_same(day: date, n: int) -> None:
    if n:
        assert CALENDAR.nth_working_day(day, n) == OFFICIAL.get_nth_working_day(day, n)


@settings(deadline=None)
@given(days, st.integers(-70, 70), override_sets, regions)
def test_counting_forth_and_back_agrees_with_going_day_by_day(
    day: date, n: int, table: list[Override], region: str | None
) -> None:
    calendar = WorkingCalendar(table)
    found = calendar.nth_working_day(day, n, region=region)
    assert calendar.is_working_day(found, region=region)
    if n > 0:
        assert found == count_by_hand(day, n, calendar, region)
        assert calendar.working_days_between(day, found, region=region) == n
    elif n == 0:
        assert found == (
            day if calendar.is_working_day(day, region=region) else count_by_hand(day, 1, calendar, region)
        )
    else:
        assert calendar.working_days_between(found, day - timedelta(days=1), region=region) == -n - 1


@settings(deadline=None)
@given(moments, moments, counts, counts, zones, regions, override_sets)
def test_later_or_longer_is_never_due_earlier(
    a: datetime, b: datetime, n: int, more: int, zone: str, region: str | None, table: list[Override]
) -> None:
    calendar = WorkingCalendar(table)
    first, second = sorted((a, b))
    due = calendar.add_working_days(first, n, zone=zone, region=region)
    assert due > first
    assert due <= calendar.add_working_days(second, n, zone=zone, region=region)
    longer = calendar.add_working_days(first, n + more, zone=zone, region=region)
    assert longer > due if more else longer == due


@settings(deadline=None)
@given(moments, counts, zones, regions, override_sets)
def test_a_deadline_is_the_end_of_a_working_day(
    moment: datetime, n: int, zone: str, region: str | None, table: list[Override]
) -> None:
    calendar = WorkingCalendar(table)
    due = calendar.add_working_days(moment, n, zone=zone, region=region)
    assert due.tzinfo is ZONES[zone]
    assert due.time() == time.max
    assert calendar.is_working_day(due.date(), region=region)
    # Both sides of the last microsecond, as a database in UTC would keep them.
    assert due.astimezone(UTC) + timedelta(microseconds=1) == datetime.combine(
        due.date() + timedelta(days=1), time.min, ZONES[zone]
    )


@pytest.mark.parametrize(
    ("hour", "minute", "counted"),
    [
        (0, 0, "2026-07-08"),
        (15, 59, "2026-07-08"),
        (16, 0, "2026-07-08"),
        (16, 1, "2026-07-09"),
        (23, 59, "2026-07-09"),
    ],
)
def test_after_hours_counts_as_the_next_working_day(hour: int, minute: int, counted: str) -> None:
    wednesday = at("2026-07-08", hour, minute)
    assert CALENDAR.day_counted(wednesday, zone="WIB") == date.fromisoformat(counted)
    assert WorkingCalendar(closes_at=None).day_counted(wednesday, zone="WIB") == date(2026, 7, 8)
    assert WorkingCalendar(closes_at=time(12)).day_counted(wednesday, zone="WIB") == date(2026, 7, 8 + (hour >= 12))


@pytest.mark.parametrize(
    ("received", "counted"),
    [
        ("2026-07-10T17:00", "2026-07-13"),  # Friday evening: Monday
        ("2026-07-11T09:00", "2026-07-13"),  # Saturday: Monday
        ("2026-03-17T17:00", "2026-03-25"),  # the evening before Nyepi and Idulfitri
        ("2026-03-20T09:00", "2026-03-25"),
        ("2026-12-31T17:00", "2027-01-04"),
    ],
)
def test_what_comes_on_a_day_off_waits_for_the_next_working_day(received: str, counted: str) -> None:
    moment = datetime.fromisoformat(received).replace(tzinfo=ZONES["WIB"])
    assert CALENDAR.day_counted(moment, zone="WIB") == date.fromisoformat(counted)
    following = date.fromisoformat(counted)
    assert CALENDAR.add_working_days(moment, 1, zone="WIB").date() == count_by_hand(following, 1)
    assert CALENDAR.add_working_days(moment, 0, zone="WIB").date() == following


def test_the_same_moment_falls_on_different_days_in_the_three_zones() -> None:
    """Around midnight the west is still on Monday when the middle and the east have begun their Tuesday."""
    moment = datetime(2026, 7, 6, 16, 30, tzinfo=UTC)  # Monday 23.30 WIB, Tuesday 00.30 WITA, 01.30 WIT
    counted = {zone: CALENDAR.day_counted(moment, zone=zone) for zone in ZONES}
    assert counted == {"WIB": date(2026, 7, 7), "WITA": date(2026, 7, 7), "WIT": date(2026, 7, 7)}
    any_hour = WorkingCalendar(closes_at=None)
    counted = {zone: any_hour.day_counted(moment, zone=zone) for zone in ZONES}
    assert counted == {"WIB": date(2026, 7, 6), "WITA": date(2026, 7, 7), "WIT": date(2026, 7, 7)}


def test_offices_close_at_different_moments_in_the_three_zones() -> None:
    moment = datetime(2026, 7, 8, 8, 30, tzinfo=UTC)  # 15.30 WIB, 16.30 WITA, 17.30 WIT
    due = {zone: CALENDAR.add_working_days(moment, 3, zone=zone) for zone in ZONES}
    assert {zone: d.date() for zone, d in due.items()} == {
        "WIB": date(2026, 7, 13),
        "WITA": date(2026, 7, 14),
        "WIT": date(2026, 7, 14),
    }
    assert due["WITA"] - due["WIT"] == timedelta(hours=1)


@settings(deadline=None)
@given(moments, counts, zones)
def test_it_does_not_matter_in_which_zone_a_moment_is_written(moment: datetime, n: int, zone: str) -> None:
    dues = {CALENDAR.add_working_days(moment.astimezone(z), n, zone=zone) for z in ZONES.values()}
    assert dues == {CALENDAR.add_working_days(moment, n, zone=zone)}


@pytest.fixture
def process_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    yield ["UTC", "Asia/Jayapura", "America/New_York", "Pacific/Kiritimati"]
    monkeypatch.undo()
    clock.tzset()


def test_the_time_zone_of_the_process_does_not_matter(
    process_zones: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = set()
    for name in process_zones:
        monkeypatch.setenv("TZ", name)
        clock.tzset()
        moment = datetime.fromtimestamp(1_773_640_800, tz=UTC)
        found.add(WorkingCalendar().add_working_days(moment, 5, zone="WIT").isoformat())
        found.add(WorkingCalendar().add_working_days(moment.astimezone(), 5, zone="WIT").isoformat())
    assert found == {"2026-03-30T23:59:59.999999+09:00"}


def test_the_narrower_override_wins() -> None:
    galungan = date(2026, 6, 17)
    country = Override(galungan, working=True, note="SKB")
    province = Override(galungan, working=False, note="Hari Raya Galungan", region=BALI)
    city = Override(galungan, working=True, note="piket pelayanan", region=DENPASAR)
    calendar = WorkingCalendar([country, province, city])
    assert calendar.is_working_day(galungan)
    assert calendar.is_working_day(galungan, region=MUARA_ENIM)
    assert not calendar.is_working_day(galungan, region=BALI)
    assert not calendar.is_working_day(galungan, region="51.03")
    assert calendar.is_working_day(galungan, region=DENPASAR)
    assert [off.note for off in calendar.days_off(2026, region="51.03") if off.day == galungan] == [
        "Hari Raya Galungan"
    ]
    # An override of another day leaves the wider ones in force.
    other = Override(date(2026, 6, 18), working=False, note="lokal", region="51.03")
    assert not WorkingCalendar([province, other]).is_working_day(galungan, region="51.03")


def test_an_override_can_take_a_holiday_away_and_make_a_saturday_work() -> None:
    christmas_eve, saturday = date(2026, 12, 24), date(2026, 12, 19)
    calendar = WorkingCalendar(
        [
            Override(christmas_eve, working=True, note="cuti bersama dicabut"),
            Override(saturday, working=True, note="ganti"),
        ]
    )
    assert calendar.nth_working_day(date(2026, 12, 18), 1) == saturday
    assert calendar.nth_working_day(date(2026, 12, 23), 1) == christmas_eve
    assert {off.day: off.working for off in calendar.days_off(2026)}[christmas_eve]


@settings(deadline=None)
@given(override_sets, override_sets, days, counts, regions)
def test_an_override_put_in_and_taken_out_leaves_no_trace(
    table: list[Override], more: list[Override], day: date, n: int, region: str | None
) -> None:
    before = WorkingCalendar(table)
    taken = {(o.day, o.region) for o in table}
    extra = [o for o in more if (o.day, o.region) not in taken]
    between = WorkingCalendar([*table, *extra])
    after = WorkingCalendar(between.overrides - set(extra))
    assert after.version == before.version
    assert (between.version == before.version) == (not extra)
    assert after.nth_working_day(day, n, region=region) == before.nth_working_day(day, n, region=region)


@settings(deadline=None)
@given(override_sets, override_sets, days, counts)
def test_overrides_of_one_region_move_no_other(
    table: list[Override], others: list[Override], day: date, n: int
) -> None:
    seen_from_denpasar = [o for o in table if o.region != MUARA_ENIM]
    elsewhere = [o for o in others if o.region == MUARA_ENIM]
    plain, crowded = WorkingCalendar(seen_from_denpasar), WorkingCalendar([*seen_from_denpasar, *elsewhere])
    assert plain.nth_working_day(day, n, region=DENPASAR) == crowded.nth_working_day(day, n, region=DENPASAR)


def test_the_version_names_the_days_and_nothing_else() -> None:
    election = Override(date(2026, 7, 8), working=False, note="pemilihan kepala daerah", region=MUARA_ENIM)
    reworded = replace(election, note="Pilkada")
    versions = [
        WorkingCalendar().version,
        WorkingCalendar([election]).version,
        WorkingCalendar([replace(election, region="16.06")]).version,
        WorkingCalendar([replace(election, region=None)]).version,
        WorkingCalendar(closes_at=None).version,
        WorkingCalendar(closes_at=time(15)).version,
        WorkingCalendar(holidays_of=a_late_decree).version,
    ]
    assert len(set(versions)) == len(versions)
    assert WorkingCalendar([reworded]).version == WorkingCalendar([election]).version
    used = WorkingCalendar()
    used.nth_working_day(date(2041, 5, 5), 60)
    assert used.version == WorkingCalendar().version
    assert WorkingCalendar(holidays_of=renamed).version == WorkingCalendar().version


def a_late_decree(year: int) -> Mapping[date, str]:
    """As on 18 August 2025, which became cuti bersama in the same month."""
    return {**national_holidays(year), date(year, 8, 18): "Cuti Bersama Hari Kemerdekaan"}


def renamed(year: int) -> Mapping[date, str]:
    return {day: name.removesuffix(" (perkiraan)") for day, name in national_holidays(year).items()}


def test_a_late_decree_moves_what_is_due() -> None:
    monday = at("2026-08-10")
    assert CALENDAR.add_working_days(monday, 5, zone="WIB").date() == date(2026, 8, 18)
    assert WorkingCalendar(holidays_of=a_late_decree).add_working_days(monday, 5, zone="WIB").date() == date(
        2026, 8, 19
    )


def test_unusable_overrides_are_all_told() -> None:
    day = date(2026, 7, 8)
    with pytest.raises(UnusableOverrides) as told:
        WorkingCalendar(
            [
                Override(day, working=True, note="ya", region=BALI),
                Override(day, working=False, note="tidak", region=BALI),
                Override(day, working=False, note="nama", region="Bali"),
                Override(day, working=False, note="desa", region="51.03.01"),
            ]
        )
    assert len(told.value.faults) == 3
    # The same fact with two notes is no contradiction.
    WorkingCalendar([Override(day, working=False, note="a"), Override(day, working=False, note="b")])


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        CALENDAR.add_working_days(datetime(2026, 7, 8, 9), 3, zone="WIB")  # noqa: DTZ001
    with pytest.raises(UnknownZone):
        CALENDAR.add_working_days(at("2026-07-08"), 3, zone="Asia/Jakarta")
    with pytest.raises(ValueError, match="back"):
        CALENDAR.add_working_days(at("2026-07-08"), -1, zone="WIB")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-07-06T08:00", "2026-07-07T08:00", 1.0),
        ("2026-07-06T08:00", "2026-07-06T14:00", 0.25),
        ("2026-07-10T12:00", "2026-07-13T12:00", 1.0),  # Friday noon to Monday noon
        ("2026-07-11T03:00", "2026-07-12T22:00", 0.0),  # all of it on a weekend
        ("2026-07-11T03:00", "2026-07-13T06:00", 0.25),
        ("2026-03-17T12:00", "2026-03-25T12:00", 1.0),
        ("2026-12-31T00:00", "2027-01-05T00:00", 2.0),  # New Year and a weekend; the 5th itself is a holiday
    ],
)
def test_working_time_is_measured_in_days_and_parts(start: str, end: str, expected: float) -> None:
    a, b = (datetime.fromisoformat(text).replace(tzinfo=ZONES["WIB"]) for text in (start, end))
    assert CALENDAR.working_time_between(a, b, zone="WIB") == pytest.approx(expected)
    assert CALENDAR.working_time_between(b, a, zone="WIB") == pytest.approx(-expected)


@settings(deadline=None)
@given(moments, moments, moments, zones, regions, override_sets)
def test_working_time_adds_up(
    a: datetime, b: datetime, c: datetime, zone: str, region: str | None, table: list[Override]
) -> None:
    calendar = WorkingCalendar(table)
    a, b, c = sorted((a, b, c))

    def between(start: datetime, end: datetime) -> float:
        return calendar.working_time_between(start, end, zone=zone, region=region)

    assert 0 <= between(a, b) <= Fraction((b - a) / timedelta(days=1)) + Fraction(1, 10**6)
    assert between(a, b) + between(b, c) == pytest.approx(between(a, c), abs=1e-6)


@settings(deadline=None)
@given(days, days, days, regions, override_sets)
@example(date(2026, 12, 31), date(2027, 1, 1), date(2028, 1, 1), None, [])
def test_days_between_add_up(a: date, b: date, c: date, region: str | None, table: list[Override]) -> None:
    calendar = WorkingCalendar(table)

    def between(start: date, end: date) -> int:
        return calendar.working_days_between(start, end, region=region)

    assert between(a, b) + between(b, c) == between(a, c)
    assert between(a, b) == -between(b, a)
    assert between(a, a) == 0
