"""The figures of monitoring, against small sets counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from intake import monev
from intake.domain.reference import reference_of
from intake.monev import Figures, Period, Row, Share
from intake.runtime import Runtime
from intake.storage import deadlines
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
            text("""insert into history (report_id, actor, action, from_state, to_state, at, detail)
                    values (:id, 'officer', :action, :before, :after, :at,
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


def test_the_table_of_units_as_it_is_printed(small: Runtime) -> None:
    found = figures(small)
    assert found.units == (
        Row(PUPR, received=5, not_begun=2, in_work=0, finished=2, passed_on=1, working_days=7.7, calendar_days=11.3),
        Row("", received=1, not_begun=1, in_work=0, finished=0, passed_on=0, working_days=None, calendar_days=None),
        Row(HEALTH, received=1, not_begun=0, in_work=1, finished=0, passed_on=0, working_days=1.0, calendar_days=3.0),
    )
    assert found.total == Row(
        "", received=7, not_begun=3, in_work=1, finished=2, passed_on=1, working_days=6.0, calendar_days=9.2
    )
    assert found.total.share == Share(2, 7)
    assert found.total.share.percent == 28.6


def test_what_was_kept_in_time(small: Runtime) -> None:
    found = figures(small)
    assert found.verified == Share(7, 7)
    # Of 1, 2, 3, 4: 2 was answered after five working days and 4 never; 5 and 9 still have time, 6 rests.
    assert found.first_response == Share(2, 4)
    # 1 and 3 within 14 working days; 2 took 20; 4 is over.
    assert found.in_time == Share(2, 4)
    assert found.late == 1
    assert found.followed_up == Share(4, 7)


def test_the_other_figures(small: Runtime) -> None:
    found = figures(small)
    assert (found.merged, found.put_aside) == (1, 1)
    assert found.reopened == Share(1, 7)
    assert found.sent_back == Share(1, 8)
    assert (found.ratings, found.mean_rating) == (2, 4.5), "the last word of each counts: 5 and 4"
    assert found.sms_segments == 3
    assert found.months == (
        ("2020-03", 3, 2), ("2020-05", 1, 0), ("2020-06", 1, 0), ("2020-11", 1, 0), ("2020-12", 1, 0),
    )  # fmt: skip
    assert found.channels == (("sms_twilio", 6), ("email_mime", 1))
    assert found.topics == (("INF.01", 7),)
    # Open and not passed on: 5 (2 days), 4 (59), 3 (297) and 9 (212).
    assert found.ages == (("0-5", 1), ("6-14", 0), ("15-60", 1), ("61+", 2))


def test_one_unit_and_all_regencies(small: Runtime) -> None:
    assert figures(small, unit=HEALTH).total.received == 1
    assert figures(small, BOGOR).total.received == 1
    everywhere = figures(small, None)
    assert everywhere.total.received == 8
    assert everywhere.sms_segments == 5


def test_a_year_in_which_262_came_and_255_were_finished(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""
                with m as (insert into message (id, channel, external_id, sender, recipient, text, answerable)
                           select n, 'sms_twilio', 'y' || n, '', '', '', true from generate_series(1, 262) n returning id)
                insert into report (id, reference, channel, sender, recipient, answerable, state, regency, opened_at)
                select id, 'r' || id, 'sms_twilio', '', '', true, case when id <= 255 then 'selesai' else 'diproses' end,
                       :regency, timestamptz '2020-01-02' + id * interval '1 day' from m
            """),
            {"regency": MUARA_ENIM},
        )
    found = figures(rt)
    assert found.total.share == Share(255, 262)
    assert found.total.share.percent == 97.3


def test_nothing_is_no_percentage(rt: Runtime) -> None:
    found = figures(rt)
    assert found.total.share.percent is None
    assert (found.mean_rating, found.months, found.late) == (None, (), 0)
