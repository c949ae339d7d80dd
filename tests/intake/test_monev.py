"""The figures of monitoring, against small sets counted by hand."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from intake import monev
from intake.domain.reference import reference_of
from intake.monev import Figures, Period, Row, Share
from intake.runtime import Runtime
from intake.storage import deadlines
from intake.understand.locate import regencies
from tests.factories import MUARA_ENIM

BOGOR = "32.01"
YEAR = Period(date(2020, 1, 1), date(2020, 12, 31))
NOW = datetime(2020, 12, 31, 5, tzinfo=UTC)
PUPR, HEALTH = "Dinas Pekerjaan Umum dan Penataan Ruang", "Dinas Kesehatan"

Step = tuple[str | None, str, str]


def a_report(
    connection: Connection,
    number: int,
    opened: str,
    *steps: Step,
    regency: str | None = MUARA_ENIM,
    unit: str | None = PUPR,
    channel: str = "sms_twilio",
) -> None:
    """A report opened at a moment (UTC), with steps (from, to, at); it is in the state of the last."""
    connection.execute(
        text("""insert into message (id, channel, external_id, report_id, sender, recipient, text, answerable, received_at)
                values (:id, :channel, :ext, null, '', '', 'jalan', true, :at)"""),
        {"id": number, "channel": channel, "ext": f"m{number}", "at": f"{opened}+00"},
    )
    connection.execute(
        text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, unit, type,
                                    topic, opened_at)
                values (:id, :ref, :channel, '', '', true, :state, :regency, :unit, 'pengaduan', 'INF.01', :at)"""),
        {
            "id": number, "ref": reference_of(number), "channel": channel, "at": f"{opened}+00",
            "state": steps[-1][1] if steps else "diterima", "regency": regency, "unit": unit,
        },
    )  # fmt: skip
    for before, after, at in steps:
        action = "sent_back" if after == "dikembalikan" else "step"
        connection.execute(
            text("""insert into history (report_id, actor, action, from_state, to_state, at, reason, detail)
                    values (:id, 'officer', :action, :before, :after, :at,
                            case when :after = 'diarsipkan' then 'withdrawn' else '' end,
                            jsonb_build_object('from', cast(:regency as text)))"""),
            {"id": number, "action": action, "before": before, "after": after, "at": f"{at}+00",
             "regency": MUARA_ENIM},
        )  # fmt: skip
    deadlines.refresh(connection, number)


def given(at: str) -> Step:
    return ("diterima", "terdisposisi", at)


def figures(rt: Runtime, regency: str | None = MUARA_ENIM, **more: str) -> Figures:
    with rt.engine.connect() as connection:
        return monev.figures(connection, regency=regency, period=YEAR, now=NOW, unit=more.get("unit"))


@pytest.fixture
def small(rt: Runtime) -> Runtime:
    """Nine reports of Muara Enim, two of them elsewhere by now, and what does not belong to its year.

    March 2020: the 2nd is a Monday, the 25th is Nyepi.
    """
    with rt.engine.begin() as c:
        # 1 finished: given Monday 02:00, followed up Wednesday 02:00: 2 working days, 2 days.
        a_report(
            c,
            1,
            "2020-03-02 02:00",
            given("2020-03-02 02:00"),
            ("terdisposisi", "ditindaklanjuti", "2020-03-04 02:00"),
            ("ditindaklanjuti", "selesai", "2020-03-05 02:00"),
        )
        # 2 finished late, over a weekend: given Friday 02:00, followed up Monday a month on: 31 days.
        a_report(
            c,
            2,
            "2020-03-06 02:00",
            given("2020-03-06 02:00"),
            ("terdisposisi", "ditindaklanjuti", "2020-04-06 02:00"),
            ("ditindaklanjuti", "selesai", "2020-04-06 03:00"),
        )
        # 3 in work, of the health office: given Friday noon in Jakarta, followed up Monday noon: 1 working day, 3 days.
        a_report(
            c,
            3,
            "2020-03-06 05:00",
            given("2020-03-06 05:00"),
            ("terdisposisi", "ditindaklanjuti", "2020-03-09 05:00"),
            unit=HEALTH,
            channel="email_mime",
        )
        # 4 not begun, and late by the end of the year.
        a_report(c, 4, "2020-11-02 02:00", given("2020-11-02 02:00"))
        # 5 not begun and young: handed over two days before.
        a_report(c, 5, "2020-12-29 02:00", given("2020-12-29 02:00"), unit=None)
        # 6 passed on to another authority.
        a_report(
            c, 6, "2020-05-04 02:00", given("2020-05-04 02:00"), ("terdisposisi", "diteruskan", "2020-05-05 02:00")
        )
        # 7 put aside, 8 merged: not counted as received.
        a_report(c, 7, "2020-05-04 02:00", ("diterima", "diarsipkan", "2020-05-04 03:00"))
        a_report(c, 8, "2020-05-04 02:00", given("2020-05-04 02:00"), ("terdisposisi", "digabung", "2020-05-04 03:00"))
        # 9 reopened after it was finished.
        a_report(
            c,
            9,
            "2020-06-01 18:00",
            given("2020-06-02 02:00"),
            ("terdisposisi", "selesai", "2020-06-03 02:00"),
            ("selesai", "dibuka_kembali", "2020-12-30 02:00"),
        )
        # 10 was sent back by Muara Enim and is Bogor's; 11 is of the year before in Jakarta's time, 12 of the next.
        a_report(
            c,
            10,
            "2020-07-06 02:00",
            given("2020-07-06 02:00"),
            ("terdisposisi", "dikembalikan", "2020-07-07 02:00"),
            ("dikembalikan", "terdisposisi", "2020-07-08 02:00"),
            regency=BOGOR,
        )
        a_report(c, 11, "2019-12-31 16:59", given("2019-12-31 16:59"))
        a_report(c, 12, "2020-12-31 17:00", given("2020-12-31 17:00"))
        c.execute(text("update report set district = '16.03.07' where id = 9"))
        for message_id, report_id, score in ((1, 1, 2), (2, 1, 5), (3, 2, 4)):
            c.execute(
                text("insert into rating (report_id, message_id, score) values (:r, :m, :s)"),
                {"r": report_id, "m": message_id, "s": score},
            )
        c.execute(text("""insert into reply (report_id, cause, kind, channel, recipient, sender, text, segments)
                          values (1, 'a', 'answered', 'sms_twilio', 'x', '', 'x', 3),
                                 (3, 'b', 'answered', 'email_mime', 'x', '', 'x', 9),
                                 (10, 'c', 'answered', 'sms_twilio', 'x', '', 'x', 2)"""))  # fmt: skip
    return rt


def numbers(row: Row) -> tuple[object, ...]:
    """What regencies print of a line: received, not begun, in work, finished, passed on, working days, calendar days."""
    return (
        row.name, row.received, row.not_begun, row.in_work, row.finished, row.passed_on, row.working_days,
        row.calendar_days,
    )  # fmt: skip


def test_the_table_of_units_as_it_is_printed(small: Runtime) -> None:
    found = figures(small)
    assert [numbers(row) for row in found.units] == [
        (PUPR, 5, 2, 0, 2, 1, 7.7, 11.3),
        ("", 1, 1, 0, 0, 0, None, None),
        (HEALTH, 1, 0, 1, 0, 0, 1.0, 3.0),
    ]
    assert numbers(found.total) == ("", 7, 3, 1, 2, 1, 6.0, 9.2)
    assert found.total.share == Share(2, 7)
    assert found.total.share.percent == 28.6


def test_what_was_kept_in_time(small: Runtime) -> None:
    found = figures(small)
    assert found.total.verified == Share(7, 7)
    # Of 1, 2, 3, 4: 2 was answered after five working days and 4 never; 5 and 9 still have time, 6 rests.
    assert found.total.first_response == Share(2, 4)
    # 1 and 3 within 14 working days; 2 took 20; 4 is over.
    assert found.total.in_time == Share(2, 4)
    assert found.total.late == 1
    assert found.total.followed_up == Share(4, 7)
    health = found.units[2]
    assert (health.first_response, health.in_time, health.late, health.followed_up) == (
        Share(1, 1), Share(1, 1), 0, Share(1, 1),
    )  # fmt: skip


def test_the_other_figures(small: Runtime) -> None:
    found = figures(small)
    assert (found.merged, found.put_aside) == (1, (("withdrawn", 1),))
    assert found.total.reopened == Share(1, 7)
    assert found.sent_back == Share(1, 8)
    assert (found.ratings, found.mean_rating) == ((0, 0, 0, 1, 1), 4.5), "the last word of each counts: 5 and 4"
    assert found.rated == Share(2, 4)
    assert found.sms_segments == 3
    assert [(row.name, row.received, row.finished) for row in found.months] == [
        ("2020-03", 3, 2), ("2020-05", 1, 0), ("2020-06", 1, 0), ("2020-11", 1, 0), ("2020-12", 1, 0),
    ]  # fmt: skip
    assert [(row.name, row.received) for row in found.channels] == [("sms_twilio", 6), ("email_mime", 1)]
    assert [(row.name, row.received) for row in found.topics] == [("INF.01", 7)]
    assert [(row.name, row.received) for row in found.types] == [("pengaduan", 7)]
    assert [(row.name, row.received, row.finished) for row in found.districts] == [("", 6, 2), ("16.03.07", 1, 0)]
    # Open and not passed on: 5 (2 days), 4 (59), 3 (297) and 9 (212).
    assert found.ages == (("0-5", 1), ("6-14", 0), ("15-60", 1), ("61+", 2))


def test_one_unit_and_all_regencies(small: Runtime) -> None:
    assert figures(small, unit=HEALTH).total.received == 1
    assert figures(small, BOGOR).total.received == 1
    everywhere = figures(small, None)
    assert everywhere.total.received == 8
    assert everywhere.sms_segments == 5


def fill_a_year(connection: Connection, *, year: int, came: int, finished: int) -> None:
    connection.execute(
        text("""
            with m as (insert into message (id, channel, external_id, sender, recipient, text, answerable)
                       select :first + n, 'sms_twilio', 'y' || :first + n, '', '', '', true
                       from generate_series(1, :came) n returning id)
            insert into report (id, reference, channel, sender, recipient, answerable, state, regency, unit, opened_at)
            select id, 'r' || id, 'sms_twilio', '', '', true,
                   case when id - :first <= :finished then 'selesai' else 'diproses' end, :regency, :unit,
                   make_timestamptz(:year, 1, 2, 0, 0, 0, 'UTC') + (id - :first) * interval '1 day' from m
        """),
        {"regency": MUARA_ENIM, "unit": PUPR, "came": came, "finished": finished, "year": year, "first": year * 1000},
    )


def test_a_year_in_which_262_came_and_255_were_finished(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        fill_a_year(connection, year=2020, came=262, finished=255)
    found = figures(rt)
    assert found.total.share == Share(255, 262)
    assert found.total.share.percent == 97.3
    assert [row.share for row in found.units] == [Share(255, 262)]


def test_periods_are_compared_with_the_one_before_and_the_same_a_year_earlier(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        fill_a_year(connection, year=2019, came=200, finished=150)
        fill_a_year(connection, year=2020, came=262, finished=255)
        found = monev.compare(connection, regency=MUARA_ENIM, period=YEAR, now=NOW)
        # March 3rd is the 60th of the days counted from January 2nd: 31 reports of 2020, and of 2019, lie in March.
        march = Period(date(2020, 3, 1), date(2020, 3, 31))
        of_march = monev.compare(connection, regency=MUARA_ENIM, period=march, now=NOW)
        years, months = monev.year_on_year(connection, regency=MUARA_ENIM, last_year=2020, now=NOW)
    assert found.before[0] == found.year_before[0] == Period(date(2019, 1, 1), date(2019, 12, 31))
    assert (found.before[1].share, found.before[1].share.percent) == (Share(150, 200), 75.0)
    assert (of_march.before[0], of_march.before[1].received) == (Period(date(2020, 2, 1), date(2020, 2, 29)), 29)
    assert (of_march.year_before[0], of_march.year_before[1].received) == (
        Period(date(2019, 3, 1), date(2019, 3, 31)), 31,
    )  # fmt: skip
    assert [(row.name, row.received, row.finished) for row in years] == [("2019", 200, 150), ("2020", 262, 255)]
    assert [(r.name, r.received) for r in months if r.name.endswith("-03")] == [("2019-03", 31), ("2020-03", 31)]
    assert sum(row.received for row in months) == 462


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("2026-01-01", "2026-01-31", ("2025-12-01", "2025-12-31")),
        ("2026-01-01", "2026-12-31", ("2025-01-01", "2025-12-31")),
        ("2026-01-01", "2026-03-31", ("2025-10-01", "2025-12-31")),
        ("2026-11-02", "2026-11-08", ("2026-10-26", "2026-11-01")),
    ],
)
def test_the_period_before(since: str, until: str, before: tuple[str, str]) -> None:
    found = monev.period_before(Period(date.fromisoformat(since), date.fromisoformat(until)))
    assert (found.since.isoformat(), found.until.isoformat()) == before


def test_a_leap_day_has_a_year_before(rt: Runtime) -> None:
    february = Period(date(2020, 2, 1), date(2020, 2, 29))
    with rt.engine.connect() as connection:
        found = monev.compare(connection, regency=MUARA_ENIM, period=february, now=NOW)
    assert found.year_before[0] == Period(date(2019, 2, 1), date(2019, 2, 28))


def test_working_time_is_measured_as_the_calendar_measures_it(rt: Runtime) -> None:
    """Random spans in three zones, over holidays, year ends and days that differ in one province and one regency."""
    overrides = [
        (date(2019, 12, 30), "", False), (date(2020, 1, 4), "16.03", True), (date(2020, 1, 6), "16", False),
        (date(2020, 2, 3), "16.03", False),
    ]  # fmt: skip
    drawn = random.Random(20)
    with rt.engine.begin() as connection:
        for day, region, working in overrides:
            deadlines.set_day(connection, day, working=working, note="uji", region=region)
        calendar = deadlines.rules(connection).calendar
        spans: dict[str, list[float]] = {}
        for n in range(1, 121):
            regency = drawn.choice([MUARA_ENIM, "16.01", "51.03", "91.71"])
            given_at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=drawn.randrange(60 * 86_400))
            done_at = given_at + timedelta(seconds=drawn.randrange(30 * 86_400))
            moments = [f"{at:%Y-%m-%d %H:%M:%S}" for at in (given_at, done_at)]
            a_report(
                connection, n, moments[0], given(moments[0]), ("terdisposisi", "ditindaklanjuti", moments[1]),
                regency=regency, unit=f"unit {n}",
            )  # fmt: skip
            measured = calendar.working_time_between(given_at, done_at, zone=regencies()[regency].zone, region=regency)
            spans[f"unit {n}"] = [round(measured, 1)]
        found = monev.figures(connection, regency=None, period=YEAR, now=NOW)
    assert len(found.units) == 120
    for row in found.units:
        assert row.working_days == pytest.approx(spans[row.name][0], abs=0.051), row.name


def test_nothing_is_no_percentage(rt: Runtime) -> None:
    found = figures(rt)
    assert found.total.share.percent is None
    assert (found.mean_rating, found.months, found.total.late) == (None, (), 0)
