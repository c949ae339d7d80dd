"""Replies are claimed in their turn: what is urgent first, then one of each regency, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import outbox
from intake.storage.outbox import Job
from intake.storage.turns import Cap, Priority, lane_of, promise_in_lanes, take_in_turn

HOLD = timedelta(seconds=60)


def promise(
    rt: Runtime, *ids: int, regency: str = "", priority: Priority = Priority.ANSWER, channel: str = "sms_a"
) -> None:
    with rt.engine.begin() as connection:
        promise_in_lanes(connection, [(subject, priority, lane_of(channel, regency)) for subject in ids])


def take(rt: Runtime, limit: int = 10, caps: Sequence[Cap] = ()) -> list[int]:
    with rt.engine.begin() as connection:
        return [claim.subject_id for claim in take_in_turn(connection, limit=limit, hold=HOLD, caps=caps)]


def worker_dies(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set held_until = now() - interval '1 second' where token is not null"))


def test_each_is_claimed_once_and_by_its_token(rt: Runtime) -> None:
    promise(rt, 1, 2, 3)
    assert take(rt, 2) == [1, 2]
    assert take(rt) == [3]
    assert take(rt) == []


def test_a_flood_of_one_regency_does_not_hold_up_another(rt: Runtime) -> None:
    promise(rt, *range(1, 301), regency="32.01")
    promise(rt, 900, 901, regency="16.03")
    promise(rt, 950, regency="")
    taken = take(rt, 6)
    assert (set(taken[:3]), set(taken[3:])) == ({1, 900, 950}, {2, 901})
    assert take(rt, 4) == [3, 4, 5, 6]


def test_with_room_for_one_at_a_time_the_flood_does_not_always_go_first(rt: Runtime) -> None:
    """Drawn by lot: that the lonely one is not among forty in two lanes happens once in 10^12."""
    promise(rt, *range(1, 101), regency="32.01")
    promise(rt, 900, regency="16.03")
    assert 900 in [take(rt, 1)[0] for _ in range(40)]


def test_answers_before_reminders_and_urgent_ones_before_both(rt: Runtime) -> None:
    promise(rt, *range(1, 51), regency="16.03", priority=Priority.CAN_WAIT)
    promise(rt, 100, 101, regency="32.01")
    promise(rt, 200, regency="32.01", priority=Priority.URGENT)
    assert take(rt, 5) == [200, 100, 101, 1, 2]


def test_what_is_not_due_or_parked_is_left_alone(rt: Runtime) -> None:
    promise(rt, 1, 2, 3)
    with rt.engine.begin() as connection:
        connection.execute(text("update outbox set due_at = now() + interval '1 hour' where subject_id = 1"))
        connection.execute(text("update outbox set parked_at = now() where subject_id = 2"))
    assert take(rt) == [3]


def test_one_whose_worker_died_comes_alone(rt: Runtime) -> None:
    promise(rt, 1, 2, regency="16.03")
    promise(rt, 5, regency="32.01")
    [first] = take(rt, 1)  # which lane begins is drawn by lot
    worker_dies(rt)
    assert take(rt) == [first]
    assert set(take(rt)) == {1, 2, 5} - {first}


@pytest.mark.parametrize(
    ("caps", "by_sms", "by_whatsapp"),
    [
        ([], 4, 1),
        ([Cap(("sms_a", "sms_b"), 0)], 0, 1),
        ([Cap(("sms_a", "sms_b"), 3)], 3, 1),
        ([Cap(("sms_a", "sms_b"), 1), Cap(("whatsapp_c",), 0)], 1, 0),
        ([Cap(("sms_z",), 0)], 4, 1),
    ],
)
def test_no_more_are_claimed_than_can_leave(rt: Runtime, caps: list[Cap], by_sms: int, by_whatsapp: int) -> None:
    promise(rt, 1, 2, 3, channel="sms_a")
    promise(rt, 11, 12, 13, channel="sms_b")
    promise(rt, 21, channel="whatsapp_c")
    taken = take(rt, 5, caps)
    assert (sum(each < 20 for each in taken), sum(each > 20 for each in taken)) == (by_sms, by_whatsapp)


def test_other_work_is_not_touched(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        outbox.promise(connection, Job.PROCESS, 1)
    assert take(rt) == []


def test_a_hundred_thousand_that_wait_are_not_read_through(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into outbox (job, subject_id, lane)
                    select 'deliver', n, 'sms_a ' || (n % 3) from generate_series(1, 100000) as n""")
        )
    with rt.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("analyze outbox"))
    with rt.engine.begin() as connection:
        assert len(take_in_turn(connection, limit=100, hold=HOLD)) == 100
        read = connection.execute(
            text("""select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)
                    from pg_stat_xact_user_tables where relname = 'outbox'""")
        ).scalar_one()
    assert read < 2000
