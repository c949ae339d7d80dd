"""Public figures: right where they are told, and nothing that tells of fewer than five."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from intake import stats
from intake.domain.reference import reference_of
from intake.runtime import Runtime
from intake.stats import LEAST, RegencyFigures, Row, tell
from tests.factories import MUARA_ENIM

SINCE = date(2025, 1, 1)
NOW = datetime(2026, 6, 10, 5, tzinfo=UTC)


def a_row(month: int, received: int, answered: int = 0, finished: int = 0, topic: str = "INF.01") -> Row:
    return Row(MUARA_ENIM, date(2025 + month // 12, month % 12 + 1, 1), topic, received, answered, finished, 0.0, 0.0)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    made = []
    for month in range(draw(st.integers(0, 14))):
        for topic in draw(st.sets(st.sampled_from(["INF.01", "AIR.01", "LHD.01", "KES.01", ""]))):
            received = draw(st.integers(1, 12))
            answered, finished = draw(st.integers(0, received)), draw(st.integers(0, received))
            made.append(a_row(month, received, answered, finished, topic))
    return made


def is_small(count: int) -> bool:
    return 0 < count < LEAST


def check_nothing_small(figures: RegencyFigures, counted: list[Row]) -> None:
    told = [row for row in counted if any(part.first <= row.month <= part.last for part in figures.months)]
    assert figures.total.received == sum(row.received for row in told)
    assert all(part.counted.received >= LEAST for part in figures.months)
    assert sum(part.counted.received for part in figures.months) == figures.total.received
    assert not any(is_small(received) for _, received in figures.topics)
    assert sum(received for _, received in figures.topics) == figures.total.received
    for name in ("answered", "finished"):
        whole = getattr(figures.total, name)
        parts = [(part.counted.received, getattr(part.counted, name)) for part in figures.months]
        for received, part in [*parts, (figures.total.received, whole)]:
            assert part is None or not (is_small(part) or is_small(received - part))
        if whole is not None:
            hidden = whole - sum(part for _, part in parts if part is not None)
            hidden_received = sum(received for received, part in parts if part is None)
            assert not is_small(hidden)
            assert not is_small(hidden_received - hidden)
        for received, part in parts:
            assert part is None or 0 <= part <= received


@given(rows())
@settings(max_examples=400, deadline=None)
def test_no_count_below_five_is_told_nor_follows_by_subtraction(counted: list[Row]) -> None:
    check_nothing_small(tell(MUARA_ENIM, counted, since=SINCE), counted)


@given(rows(), st.integers(1, 4))
@settings(max_examples=200, deadline=None)
def test_a_total_of_today_less_one_of_last_month_is_not_small_either(counted: list[Row], more: int) -> None:
    before = tell(MUARA_ENIM, counted, since=SINCE)
    after = tell(MUARA_ENIM, [*counted, a_row(20, more)], since=SINCE)
    assert not is_small(after.total.received - before.total.received)


def test_small_months_are_told_with_those_after_them_and_the_last_wait() -> None:
    figures = tell(MUARA_ENIM, [a_row(0, 3), a_row(1, 1), a_row(2, 2), a_row(3, 9), a_row(4, 4)], since=SINCE)
    assert [(part.first.month, part.last.month, part.counted.received) for part in figures.months] == [
        (1, 3, 6),
        (4, 4, 9),
    ]
    assert figures.total.received == 15


def test_small_topics_are_told_together_with_the_next_smallest_if_need_be() -> None:
    figures = tell(
        MUARA_ENIM,
        [a_row(0, 20, topic="A"), a_row(0, 6, topic="B"), a_row(0, 5, topic="C"), a_row(0, 2, topic="D")],
        since=SINCE,
    )
    assert figures.topics == (("A", 20), ("B", 6), ("", 7))


def test_how_many_were_answered_is_told_when_neither_part_is_small() -> None:
    for answered, told in ((0, 0), (4, None), (5, 5), (15, 15), (16, None), (20, 20)):
        assert tell(MUARA_ENIM, [a_row(0, 20, answered)], since=SINCE).total.answered == told


def add(rt: Runtime, number: int, opened: datetime, state: str = "selesai", days: int = 2) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into report (id, reference, channel, sender, recipient, answerable, state, regency, topic,
                                        opened_at, answered_at, closed_at)
                    values (:id, :reference, 'sms_twilio', '+628110000009', '', true, :state, '16.03', 'INF.01', :opened,
                            :opened + make_interval(days => :days), :opened + make_interval(days => 2 * :days))"""),
            {"id": number, "reference": reference_of(number), "opened": opened, "state": state, "days": days},
        )


def test_what_the_database_counts(rt: Runtime) -> None:
    for number in range(10):
        add(rt, 100 + number, datetime(2026, 4, 10, number, tzinfo=UTC))
    add(rt, 200, datetime(2026, 4, 10, tzinfo=UTC), "diarsipkan")
    add(rt, 201, datetime(2026, 6, 1, tzinfo=UTC))  # this month is not over
    add(rt, 202, datetime(2024, 12, 30, tzinfo=UTC))  # too long ago
    add(rt, 203, datetime(2026, 3, 31, 18, tzinfo=UTC))  # already April in Muara Enim
    with rt.engine.connect() as connection:
        figures = stats.of_regency(connection, MUARA_ENIM, now=NOW)
        assert [one.regency for one in stats.of_all(connection, now=NOW)] == [MUARA_ENIM]
        assert stats.of_regency(connection, "32.73", now=NOW).months == ()
    assert figures.total == stats.Counted(11, 11, 11)
    assert [(part.first, part.counted.received) for part in figures.months] == [(date(2026, 4, 1), 11)]
    assert (figures.days_to_answer, figures.days_to_finish) == (2.0, 4.0)
    assert figures.topics == (("INF.01", 11),)
