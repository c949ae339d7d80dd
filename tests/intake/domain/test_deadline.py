"""Deadlines: lives of reports with dates counted by hand, and rules that hold for every life."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.domain.calendar import ZONES, NaiveMoment, Override, WorkingCalendar
from intake.domain.deadline import (
    RULES,
    Alarm,
    AlarmStep,
    Clock,
    ClockKind,
    ClockState,
    ClockStatus,
    Deadlines,
    compute_deadlines,
)
from intake.domain.events import Event, EventKind
from intake.domain.sla import NATIONAL_SLA, SLA, SlaTable, UnknownClass, UnusableSla

K, C, S, A = EventKind, ClockKind, ClockStatus, AlarmStep
CALENDAR = WorkingCalendar()
MUARA_ENIM = "16.03"
COMPLAINT = NATIONAL_SLA["tidak_berkadar"]


def at(text: str, zone: str = "WIB") -> datetime:
    """``07-06 10:00`` of 2026, or with another year in front, by the clock of a zone."""
    day, hour = text.split()
    return datetime.fromisoformat(f"{day if len(day) > 5 else f'2026-{day}'}T{hour}").replace(tzinfo=ZONES[zone])


def end_of(day: str, zone: str = "WIB") -> datetime:
    return datetime.combine(at(f"{day} 00:00").date(), time.max, ZONES[zone])


def life(*events: tuple[EventKind, str]) -> list[Event]:
    return [Event(kind, at(moment)) for kind, moment in events]


def deadlines(
    *events: tuple[EventKind, str],
    sla: SLA = COMPLAINT,
    calendar: WorkingCalendar = CALENDAR,
) -> Deadlines:
    return compute_deadlines(life(*events), sla, calendar, zone="WIB", region=MUARA_ENIM)


def clock_of(found: Deadlines, kind: ClockKind) -> Clock:
    clock = found.clock(kind)
    assert clock is not None
    return clock


# Monday 6 July 2026 begins three weeks without a holiday.
HANDED_OVER = ((K.RECEIVED, "07-06 10:00"), (K.VERIFIED, "07-07 09:00"), (K.HANDED_OVER, "07-07 09:00"))


def test_a_plain_life_has_its_dates() -> None:
    found = deadlines((K.RECEIVED, "07-06 10:00"))
    assert found.verify_due == end_of("07-09")
    assert (found.first_response_due, found.finish_due, found.close_due, found.answer_due) == (None,) * 4

    found = deadlines(*HANDED_OVER)
    assert found.first_response_due == end_of("07-14")
    assert found.finish_due == end_of("07-27")
    assert found.calendar_version == CALENDAR.version

    found = deadlines(*HANDED_OVER, (K.FIRST_RESPONDED, "07-14 23:00"), (K.FOLLOWED_UP, "07-28 08:00"))
    assert found.close_due == end_of("08-11")
    assert found.status(at("07-28 09:00")) == {
        C.VERIFY: S.MET,
        C.FIRST_RESPONSE: S.MET,
        C.FINISH: S.MISSED,
        C.CLOSE: S.ON_TIME,
    }
    found = deadlines(*HANDED_OVER, (K.FOLLOWED_UP, "07-14 08:00"), (K.FINISHED, "07-29 08:00"))
    assert found.close_due is None
    assert found.finish_due == end_of("07-27")
    assert set(found.status(at("07-29 09:00")).values()) == {S.MET}


@pytest.mark.parametrize(
    ("report_class", "due"), [("informasi", "03-30"), ("tidak_berkadar", "04-13"), ("berkadar", "06-25")]
)
def test_the_classes_finish_over_nyepi_and_idulfitri(report_class: str, due: str) -> None:
    events = ((K.RECEIVED, "03-16 09:00"), (K.HANDED_OVER, "03-16 09:00"))
    assert deadlines(*events, sla=NATIONAL_SLA[report_class]).finish_due == end_of(due)


def test_a_deadline_crosses_the_end_of_the_year() -> None:
    found = deadlines((K.RECEIVED, "12-22 10:00"), (K.HANDED_OVER, "12-22 11:00"), (K.FOLLOWED_UP, "12-22 15:00"))
    assert found.verify_due == end_of("12-29")
    assert found.first_response_due == end_of("12-31")
    assert found.close_due == end_of("2027-01-11")


def test_a_late_decree_moves_what_is_open() -> None:
    decree = Override(date(2026, 7, 10), working=False, note="cuti bersama")
    elsewhere = Override(date(2026, 7, 10), working=False, note="pilkada", region="16.06")
    moved = deadlines(*HANDED_OVER, calendar=WorkingCalendar([decree]))
    assert moved.finish_due == end_of("07-28")
    assert moved.calendar_version != CALENDAR.version
    assert deadlines(*HANDED_OVER, calendar=WorkingCalendar([elsewhere])).finish_due == end_of("07-27")


def test_the_days_left_go_on_when_the_citizen_answers() -> None:
    """Asked with 9 working days left; the answer of Tuesday leaves 9 from Tuesday."""
    asked = (*HANDED_OVER, (K.ASKED, "07-14 10:00"))
    waiting = deadlines(*asked)
    assert waiting.finish_due is None
    assert waiting.first_response_due is None
    assert waiting.answer_due == end_of("07-28")
    assert clock_of(waiting, C.FINISH).days_left == 9
    assert waiting.status(at("09-30 10:00"))[C.FINISH] is S.PAUSED

    answered = deadlines(*asked, (K.ANSWERED, "07-21 11:00"))
    assert answered.answer_due is None
    assert answered.finish_due == end_of("08-03")
    # It was the last day of the first response; the day of the answer is now.
    assert answered.first_response_due == end_of("07-21")


def test_an_answer_of_the_same_day_gains_nothing_and_one_of_the_evening_counts_as_tomorrows() -> None:
    asked = (*HANDED_OVER, (K.ASKED, "07-08 10:00"))
    assert deadlines(*asked, (K.ANSWERED, "07-08 15:00")).finish_due == end_of("07-27")
    assert deadlines(*asked, (K.ANSWERED, "07-08 17:00")).finish_due == end_of("07-28")
    weekend = (*HANDED_OVER, (K.ASKED, "07-11 09:00"), (K.ANSWERED, "07-12 09:00"))
    assert deadlines(*weekend).finish_due == end_of("07-27")


def test_asking_late_mends_nothing() -> None:
    late = deadlines(*HANDED_OVER, (K.ASKED, "07-28 08:00"))
    assert late.finish_due == end_of("07-27")
    assert late.status(at("07-28 09:00"))[C.FINISH] is S.OVERDUE
    assert deadlines(*HANDED_OVER, (K.ASKED, "07-28 08:00"), (K.ANSWERED, "08-05 08:00")).finish_due == end_of("07-27")


def test_asked_on_the_last_evening_there_is_the_day_of_the_answer_and_no_less() -> None:
    asked = (*HANDED_OVER, (K.ASKED, "07-27 20:00"))
    assert clock_of(deadlines(*asked), C.FINISH).days_left == 0
    assert deadlines(*asked, (K.ANSWERED, "07-30 10:00")).finish_due == end_of("07-30")


def test_a_second_question_pauses_no_further_but_waits_anew() -> None:
    found = deadlines(*HANDED_OVER, (K.ASKED, "07-14 10:00"), (K.ASKED, "07-20 10:00"))
    assert found.answer_due == end_of("08-03")
    assert clock_of(found, C.FINISH).days_left == 9


@pytest.mark.parametrize("going_on", [K.HANDED_OVER, K.VERIFIED, K.RETURNED])
def test_going_on_without_an_answer_ends_the_pause(going_on: EventKind) -> None:
    found = deadlines(*HANDED_OVER, (K.ASKED, "07-14 10:00"), (going_on, "07-21 11:00"))
    assert found.finish_due == end_of("08-03")
    assert found.clock(C.ANSWER) is None
    # The pause was on the last day of the first response; a unit that gives the report back owes none.
    assert found.first_response_due == {K.HANDED_OVER: end_of("07-21")}.get(going_on)


def test_verification_pauses_too() -> None:
    asked = ((K.RECEIVED, "07-06 10:00"), (K.ASKED, "07-07 10:00"))
    assert deadlines(*asked).verify_due is None
    assert deadlines(*asked, (K.ANSWERED, "07-13 10:00")).verify_due == end_of("07-15")


def test_what_is_given_back_is_placed_anew_and_the_citizen_does_not_pay_for_it() -> None:
    returned = (*HANDED_OVER, (K.RETURNED, "07-09 10:00"))
    found = deadlines(*returned)
    assert found.due(C.REROUTE) == end_of("07-14")
    assert found.first_response_due is None
    assert found.finish_due == end_of("07-27")
    # Given back twice, it is not given back later.
    assert deadlines(*returned, (K.RETURNED, "07-10 10:00")).due(C.REROUTE) == end_of("07-14")

    found = deadlines(*returned, (K.HANDED_OVER, "07-13 10:00"))
    assert found.status(at("07-13 11:00"))[C.REROUTE] is S.MET
    assert found.first_response_due == end_of("07-20")
    assert found.finish_due == end_of("07-27")


def test_a_second_unit_moves_no_date_of_the_first() -> None:
    assert deadlines(*HANDED_OVER, (K.HANDED_OVER, "07-10 10:00")) == deadlines(*HANDED_OVER)
    responded = (*HANDED_OVER, (K.FIRST_RESPONDED, "07-09 10:00"))
    assert deadlines(*responded, (K.HANDED_OVER, "07-10 10:00")) == deadlines(*responded)


@pytest.mark.parametrize("away", [K.FORWARDED, K.MERGED, K.ARCHIVED])
def test_where_nothing_is_owed_clocks_rest(away: EventKind) -> None:
    resting = deadlines(*HANDED_OVER, (away, "07-14 10:00"))
    assert resting.status(at("12-01 10:00")) == {C.VERIFY: S.MET, C.FIRST_RESPONSE: S.RESTING, C.FINISH: S.RESTING}
    assert resting.finish_due is None
    assert resting.next_alarm(at("07-14 10:00")) is None
    # A word of the citizen wakes nothing; taking it back does.
    assert deadlines(*HANDED_OVER, (away, "07-14 10:00"), (K.ANSWERED, "07-15 10:00")).finish_due is None
    back = K.RETURNED if away is K.FORWARDED else K.RESTORED
    found = deadlines(*HANDED_OVER, (away, "07-14 10:00"), (back, "07-21 11:00"))
    assert found.finish_due == end_of("08-03")
    assert found.due(C.REROUTE) == end_of("07-24")
    assert found.clock(C.FIRST_RESPONSE) is None


def test_archived_while_asked_keeps_the_days_left() -> None:
    events = (*HANDED_OVER, (K.ASKED, "07-14 10:00"), (K.ARCHIVED, "07-29 08:00"))
    assert deadlines(*events).clock(C.ANSWER) is None
    assert clock_of(deadlines(*events), C.FINISH).days_left == 9
    assert deadlines(*events, (K.RESTORED, "08-03 08:00")).finish_due == end_of("08-14")


def test_a_reply_to_the_follow_up_lets_the_clock_go_on() -> None:
    early = (*HANDED_OVER, (K.FOLLOWED_UP, "07-14 10:00"), (K.REPLIED, "07-21 11:00"))
    found = deadlines(*early)
    assert found.finish_due == end_of("08-03")
    assert found.first_response_due == end_of("07-28")
    assert found.close_due is None
    # Each reply that waits for nothing moves nothing.
    assert deadlines(*early, (K.REPLIED, "07-23 11:00")) == found


def test_a_question_after_the_follow_up_keeps_it_open() -> None:
    found = deadlines(*HANDED_OVER, (K.FOLLOWED_UP, "07-14 10:00"), (K.ASKED, "07-16 10:00"))
    assert found.close_due is None
    assert found.answer_due == end_of("07-30")


def test_a_reply_to_a_follow_up_of_the_last_day_is_not_overdue_before_it_is_read() -> None:
    last_day = (*HANDED_OVER, (K.FOLLOWED_UP, "07-27 15:00"), (K.REPLIED, "07-29 10:00"))
    assert deadlines(*last_day).finish_due == end_of("08-05")
    too_late = (*HANDED_OVER, (K.FOLLOWED_UP, "07-28 09:00"), (K.REPLIED, "07-29 10:00"))
    assert deadlines(*too_late).finish_due == end_of("07-27")
    assert deadlines(*too_late).status(at("07-29 11:00"))[C.FINISH] is S.OVERDUE


def test_a_unit_that_takes_its_follow_up_back_has_gained_nothing() -> None:
    resumed = (*HANDED_OVER, (K.FOLLOWED_UP, "07-14 10:00"), (K.RESUMED, "07-21 11:00"))
    found = deadlines(*resumed)
    assert found.finish_due == end_of("07-27")
    assert found.close_due is None
    assert found.status(at("07-21 12:00")) == {C.VERIFY: S.MET, C.FIRST_RESPONSE: S.MET, C.FINISH: S.ON_TIME}
    # Taking up what the citizen replied to is no second event for the clocks.
    replied = (*HANDED_OVER, (K.FOLLOWED_UP, "07-14 10:00"), (K.REPLIED, "07-21 11:00"))
    assert deadlines(*replied, (K.RESUMED, "07-22 11:00")) == deadlines(*replied)


def test_thanks_after_the_end_wake_nothing() -> None:
    finished = (*HANDED_OVER, (K.FOLLOWED_UP, "07-20 08:00"), (K.FINISHED, "07-21 08:00"))
    assert deadlines(*finished, (K.REPLIED, "07-22 08:00")) == deadlines(*finished)


def test_a_reopened_report_has_all_its_days_again() -> None:
    finished = (*HANDED_OVER, (K.FOLLOWED_UP, "07-20 08:00"), (K.FINISHED, "08-04 08:00"))
    found = deadlines(*finished, (K.REOPENED, "09-01 10:00"))
    assert found.finish_due == end_of("09-21")
    assert found.first_response_due == end_of("09-08")
    assert found.verify_due == end_of("07-09")


def test_finish_can_be_counted_from_elsewhere() -> None:
    events = ((K.RECEIVED, "07-06 10:00"), (K.VERIFIED, "07-07 09:00"), (K.HANDED_OVER, "07-09 09:00"))
    dues = {
        start: deadlines(*events, sla=SLA(14, finish_from=start)).finish_due
        for start in ("received", "verified", "handed_over")
    }
    assert dues == {"received": end_of("07-24"), "verified": end_of("07-27"), "handed_over": end_of("07-29")}
    assert deadlines(events[0], sla=SLA(14, finish_from="received")).finish_due == end_of("07-24")
    assert deadlines(*events[:2], sla=SLA(14, finish_from="handed_over")).finish_due is None


def test_each_zone_has_its_own_midnight() -> None:
    """16.30 UTC on a Monday: still Monday evening in Java, Tuesday in Sulawesi and Papua; Tuesday's for all desks."""
    received = [Event(K.RECEIVED, datetime(2026, 7, 6, 16, 30, tzinfo=UTC))]
    dues = {z: compute_deadlines(received, COMPLAINT, CALENDAR, zone=z).verify_due for z in ZONES}
    assert dues == {zone: end_of("07-10", zone) for zone in ZONES}
    assert len({due.astimezone(UTC) for due in dues.values() if due}) == 3
    # An hour and a half before four in Java is after hours in Papua.
    received = [Event(K.RECEIVED, datetime(2026, 7, 6, 7, 30, tzinfo=UTC))]
    dues = {z: compute_deadlines(received, COMPLAINT, CALENDAR, zone=z).verify_due for z in ZONES}
    assert dues == {"WIB": end_of("07-09"), "WITA": end_of("07-09", "WITA"), "WIT": end_of("07-10", "WIT")}


def test_reminders_go_up_the_ladder() -> None:
    found = deadlines(*HANDED_OVER, (K.FIRST_RESPONDED, "07-08 09:00"))
    expected = (
        Alarm(at("07-22 08:00"), C.FINISH, A.REMIND_OFFICER),  # three working days before Monday the 27th
        Alarm(at("07-27 08:00"), C.FINISH, A.REMIND_HEAD),
        Alarm(at("07-30 08:00"), C.FINISH, A.TELL_LEADER),
    )
    assert found.alarms == expected
    assert found.next_alarm(at("07-08 09:00")) == expected[0]
    assert found.next_alarm(expected[0].at) == expected[1]
    assert found.next_alarm(expected[2].at) is None
    assert found.alarms_between(expected[0].at, expected[2].at) == expected[1:]
    for moment, status in [
        ("07-22 07:59", S.ON_TIME),
        ("07-22 08:00", S.DUE_SOON),
        ("07-27 23:59", S.DUE_SOON),
        ("07-28 00:00", S.OVERDUE),
    ]:
        assert found.status(at(moment))[C.FINISH] is status, moment
    finish_due = found.finish_due
    assert finish_due is not None
    assert found.status(finish_due)[C.FINISH] is S.DUE_SOON


def test_several_clocks_may_ring_at_one_moment() -> None:
    found = deadlines(*HANDED_OVER, sla=NATIONAL_SLA["informasi"])
    first = found.next_alarm(at("07-07 09:00"))
    assert first is not None
    assert first.at == at("07-13 08:00")
    assert {a.clock for a in found.alarms_between(at("07-07 09:00"), first.at)} == {C.FINISH, C.FIRST_RESPONSE}


def test_reminders_leave_out_what_would_ring_before_the_clock_began() -> None:
    short = SLA(finish_days=1, verify_days=1)
    found = deadlines((K.RECEIVED, "07-06 10:00"), sla=short)
    assert [(a.at, a.step) for a in found.alarms] == [
        (at("07-07 08:00"), A.REMIND_HEAD),
        (at("07-10 08:00"), A.TELL_LEADER),
    ]
    # An answer that comes in on the last day: the head hears an hour later, not at eight in the past.
    asked = (*HANDED_OVER, (K.FIRST_RESPONDED, "07-08 09:00"), (K.ASKED, "07-27 10:00"), (K.ANSWERED, "07-30 10:00"))
    head = deadlines(*asked).next_alarm(at("07-30 10:00"))
    assert head == Alarm(at("07-30 11:00"), C.FINISH, A.REMIND_HEAD)


def test_a_late_report_that_comes_back_rings_anew() -> None:
    away = (*HANDED_OVER, (K.FIRST_RESPONDED, "07-08 09:00"), (K.FORWARDED, "07-28 09:00"))
    for back, head, leader in [
        ("09-07 10:00", "09-07 11:00", "09-10 08:00"),
        ("09-07 17:00", "09-08 08:00", "09-11 08:00"),
        ("09-05 10:00", "09-07 08:00", "09-10 08:00"),  # on a Saturday
    ]:
        found = deadlines(*away, (K.RETURNED, back))
        assert found.finish_due == end_of("07-27")
        assert clock_of(found, C.FINISH).alarms == (
            Alarm(at(head), C.FINISH, A.REMIND_HEAD),
            Alarm(at(leader), C.FINISH, A.TELL_LEADER),
        )
    # Where every hour of a working day counts, the head is still not woken at night.
    for back in ("09-07 16:30", "09-07 23:30"):
        found = deadlines(*away, (K.RETURNED, back), calendar=WorkingCalendar(closes_at=None))
        assert clock_of(found, C.FINISH).alarms[0].at == at("09-08 08:00"), back


def test_closing_and_ceasing_to_wait_ring_on_the_morning_after() -> None:
    closing = deadlines(*HANDED_OVER, (K.FOLLOWED_UP, "12-15 10:00"))
    assert closing.close_due == end_of("12-31")
    assert closing.alarms == (Alarm(at("2027-01-04 08:00"), C.CLOSE, A.CLOSE_REPORT),)
    waiting = deadlines((K.RECEIVED, "07-06 10:00"), (K.ASKED, "07-06 10:01"))
    assert waiting.alarms == (Alarm(at("07-21 08:00"), C.ANSWER, A.STOP_WAITING),)


def test_every_event_means_something_and_every_clock_can_begin() -> None:
    used = {kind for effects in RULES.values() for kind in effects}
    assert used == set(EventKind)
    assert set(RULES) == set(ClockKind)
    for kind in ClockKind:
        assert f"{kind.value}_days" in {f.name for f in fields(SLA)}


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        compute_deadlines([Event(K.RECEIVED, datetime(2026, 7, 6))], COMPLAINT, CALENDAR, zone="WIB")  # noqa: DTZ001


# --- for every life ---------------------------------------------------------------------------------------------------

moments = st.datetimes(datetime(2025, 1, 1), datetime(2028, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001
gaps = st.timedeltas(timedelta(seconds=1), timedelta(days=30))
kinds = st.sampled_from(EventKind)
zones = st.sampled_from(sorted(ZONES))
classes = st.sampled_from(sorted(NATIONAL_SLA)).map(NATIONAL_SLA.__getitem__)
any_life = st.lists(st.builds(Event, kinds, moments), max_size=14)
steps = st.lists(gaps, min_size=2, max_size=9)


def moments_after(start: datetime, steps: Iterable[timedelta]) -> list[datetime]:
    found = [start]
    for step in steps:
        found.append(found[-1] + step)
    return found


@settings(deadline=None, max_examples=300)
@given(any_life, classes, zones, st.randoms(use_true_random=False))
def test_order_repetition_and_second_computing_change_nothing(
    events: list[Event], sla: SLA, zone: str, dice: object
) -> None:
    first = compute_deadlines(events, sla, CALENDAR, zone=zone)
    shuffled = [*events, *events[::2]]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compute_deadlines(shuffled, sla, CALENDAR, zone=zone) == first
    elsewhere = [Event(event.kind, event.at.astimezone(ZONES["WIT"])) for event in events]
    assert compute_deadlines(elsewhere, sla, WorkingCalendar(), zone=zone) == first


@settings(deadline=None, max_examples=300)
@given(any_life, classes, zones)
def test_any_life_has_sound_clocks(events: list[Event], sla: SLA, zone: str) -> None:
    """Whatever happens in whatever order: dates lie ahead on working days, days left are not negative."""
    found = compute_deadlines(events, sla, CALENDAR, zone=zone, region=MUARA_ENIM)
    for clock in found.clocks:
        assert clock.started_at < clock.due_at
        assert CALENDAR.is_working_day(clock.due_at.date(), region=MUARA_ENIM)
        assert clock.due_at.time() == time.max
        assert clock.days_left is None or clock.days_left >= 0
        assert clock.state is not ClockState.PAUSED or clock.days_left is not None
        assert bool(clock.alarms) == (clock.state is ClockState.RUNNING)
        full = CALENDAR.add_working_days(
            clock.started_at, getattr(sla, f"{clock.kind.value}_days"), zone=zone, region=MUARA_ENIM
        )
        assert clock.due_at >= full
    for alarm in found.alarms:
        assert CALENDAR.is_working_day(alarm.at.date(), region=MUARA_ENIM)
        assert time(8) <= alarm.at.time() <= time(17)
    for before, after in zip(found.alarms, found.alarms[1:], strict=False):
        assert before.at <= after.at


@settings(deadline=None, max_examples=300)
@given(any_life, classes, zones, moments)
def test_following_the_next_alarm_meets_every_alarm(events: list[Event], sla: SLA, zone: str, now: datetime) -> None:
    found = compute_deadlines(events, sla, CALENDAR, zone=zone)
    met: list[Alarm] = []
    moment = now
    while alarm := found.next_alarm(moment):
        met += found.alarms_between(moment, alarm.at)
        moment = alarm.at
    assert tuple(met) == tuple(alarm for alarm in found.alarms if alarm.at > now)


@settings(deadline=None, max_examples=300)
@given(moments, steps, classes, zones, st.sets(st.integers(0, 8)), st.integers(0, 8))
def test_a_pause_never_makes_anything_due_earlier(
    start: datetime, steps: list[timedelta], sla: SLA, zone: str, asked_in: set[int], one: int
) -> None:
    """With any number of questions, one more never costs the officer a day, nor does a later answer."""
    times = moments_after(start, steps)
    plain = [Event(K.RECEIVED, times[0]), Event(K.HANDED_OVER, times[1])]

    def due_with(pauses: set[int], stretched: timedelta = timedelta()) -> dict[ClockKind, datetime]:
        events = list(plain)
        for n in pauses:
            if n + 1 < len(times):
                length = (times[n + 1] - times[n]) / 2 + (stretched if n == one else timedelta())
                events += [Event(K.ASKED, times[n]), Event(K.ANSWERED, times[n] + length)]
        clocks = compute_deadlines(events, sla, CALENDAR, zone=zone).clocks
        assert {clock.kind for clock in clocks} == {C.VERIFY, C.FIRST_RESPONSE, C.FINISH}
        return {clock.kind: clock.due_at for clock in clocks}

    without, with_it = due_with(asked_in - {one}), due_with(asked_in | {one})
    assert all(without[kind] <= with_it[kind] for kind in without)
    quarter = (times[one + 1] - times[one]) / 4 if one + 1 < len(times) else timedelta()
    longer = due_with(asked_in | {one}, stretched=quarter)
    assert all(with_it[kind] <= longer[kind] for kind in with_it)


@settings(deadline=None)
@given(moments, gaps, gaps, classes, zones)
def test_the_days_before_and_after_a_pause_add_up(
    start: datetime, until_asked: timedelta, until_answered: timedelta, sla: SLA, zone: str
) -> None:
    """Working days used before the question and after the answer are those promised, unless it was too late to ask."""
    asked, answered = start + until_asked, start + until_asked + until_answered
    events = [Event(K.RECEIVED, start), Event(K.VERIFIED, start), Event(K.ASKED, asked), Event(K.ANSWERED, answered)]
    due = compute_deadlines(events, sla, CALENDAR, zone=zone).finish_due
    assert due is not None
    began, stopped, again = (CALENDAR.day_counted(moment, zone=zone) for moment in (start, asked, answered))
    used = CALENDAR.working_days_between(began, stopped)
    if asked > CALENDAR.add_working_days(start, sla.finish_days, zone=zone):
        assert due == CALENDAR.add_working_days(start, sla.finish_days, zone=zone)
    else:
        left = CALENDAR.working_days_between(again, due.date())
        assert left == max(0, sla.finish_days - used)


@settings(deadline=None)
@given(moments, st.dates(date(2025, 1, 1), date(2028, 12, 31)), classes, zones)
def test_a_day_taken_off_and_given_back_leaves_no_trace(start: datetime, day: date, sla: SLA, zone: str) -> None:
    events = [Event(K.RECEIVED, start), Event(K.HANDED_OVER, start)]
    off = Override(day, working=False, note="uji", region=MUARA_ENIM)

    def with_overrides(overrides: Iterable[Override]) -> Deadlines:
        return compute_deadlines(events, sla, WorkingCalendar(overrides), zone=zone, region=MUARA_ENIM)

    before, during, after = with_overrides([]), with_overrides([off]), with_overrides({off} - {off})
    assert after == before
    assert during.calendar_version != before.calendar_version
    for old, new in zip(before.clocks, during.clocks, strict=True):
        assert new.due_at >= old.due_at


# --- the SLA table ----------------------------------------------------------------------------------------------------


def test_the_national_figures() -> None:
    table = SlaTable.default()
    assert {name: table.sla_of(name).finish_days for name in NATIONAL_SLA} == {
        "informasi": 5,
        "tidak_berkadar": 14,
        "berkadar": 60,
    }
    for name in NATIONAL_SLA:
        sla = table.sla_of(name, MUARA_ENIM)
        assert (sla.verify_days, sla.first_response_days, sla.close_days, sla.answer_days) == (3, 5, 10, 10)
    with pytest.raises(UnknownClass):
        table.sla_of("aspirasi")


def test_narrower_changes_win() -> None:
    table = SlaTable.from_dict(
        {
            "*": {"*": {"verify_days": 2}},
            "16": {"informasi": {"finish_days": 4}},
            "16.03": {"*": {"finish_days": 15, "finish_from": "received"}, "berkadar": {"finish_days": 45}},
        }
    )
    assert table.sla_of("informasi").finish_days == 5
    assert table.sla_of("informasi", "16.06").finish_days == 4
    assert table.sla_of("informasi", "16.03").finish_days == 15
    assert table.sla_of("berkadar", "16.03").finish_days == 45
    assert table.sla_of("berkadar", "16.03").finish_from == "received"
    assert table.sla_of("berkadar", "35.18") == SlaTable.from_dict({"*": {"*": {"verify_days": 2}}}).sla_of("berkadar")
    assert table.sla_of("berkadar", "16.03").verify_days == 2


def test_a_table_survives_json() -> None:
    data = {"16.03": {"*": {"remind_days_before": 0}, "informasi": {"finish_days": 3}}}
    table = SlaTable.from_dict(json.loads(json.dumps(data)))
    assert SlaTable.from_dict(json.loads(json.dumps(table.to_dict()))) == table
    assert table.to_dict() == data
    assert SlaTable.from_dict({}) == SlaTable.default()


def test_all_faults_of_a_table_are_told() -> None:
    with pytest.raises(UnusableSla) as told:
        SlaTable.from_dict(
            {
                "Muara Enim": {},
                "16.06": [],
                "16.03": {
                    "aspirasi": {},
                    "berkadar": 60,
                    "informasi": {
                        "finish_days": 0,
                        "verify_days": "3",
                        "close_days": True,
                        "first_response_days": 2.5,
                        "answer_days": 251,
                        "finish_from": "yesterday",
                        "hours": 3,
                        "remind_days_before": 0,
                    },
                },
            }
        )
    faults = told.value.faults
    assert len(faults) == 11
    for name in (
        "finish_days",
        "verify_days",
        "close_days",
        "first_response_days",
        "answer_days",
        "finish_from",
        "hours",
    ):
        assert sum(fault.startswith(f"16.03.informasi.{name}: ") for fault in faults) == 1, name
    assert not any("remind" in fault.split(":")[0] for fault in faults)
    with pytest.raises(UnusableSla):
        SlaTable.from_dict([])
