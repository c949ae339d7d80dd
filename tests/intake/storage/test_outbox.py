"""The outbox: claimed by one, settled by its holder only, never dropped."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import outbox
from intake.storage.outbox import Claim, ClaimLost, Job

HOLD = timedelta(seconds=60)


def promise(rt: Runtime, *ids: int, due: datetime | None = None) -> None:
    with rt.engine.begin() as connection:
        for subject in ids:
            outbox.promise(connection, Job.PROCESS, subject, due=due)


def take(rt: Runtime, limit: int = 10, hold: timedelta = HOLD) -> list[Claim]:
    with rt.engine.begin() as connection:
        return outbox.take(connection, Job.PROCESS, limit=limit, hold=hold)


def let_holds_run_out(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("update outbox set held_until = now() - interval '1 second' where held_until is not null")
        )
        connection.execute(text("update outbox set due_at = now() - interval '1 second'"))


def test_a_promise_is_claimed_once(rt: Runtime) -> None:
    promise(rt, 1, 2, 3)
    assert [claim.subject_id for claim in take(rt, limit=2)] == [1, 2]
    assert [claim.subject_id for claim in take(rt)] == [3]
    assert take(rt) == []


def test_promising_twice_is_one_promise(rt: Runtime) -> None:
    promise(rt, 7, 7)
    assert len(take(rt)) == 1


def test_what_is_not_due_is_not_claimed_and_an_earlier_alarm_wins(rt: Runtime) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    promise(rt, 1, due=later)
    assert take(rt) == []
    promise(rt, 1)
    assert [claim.subject_id for claim in take(rt)] == [1]


def test_only_the_holder_may_settle(rt: Runtime) -> None:
    promise(rt, 1)
    [late] = take(rt)
    let_holds_run_out(rt)
    [current] = take(rt)
    assert current.attempts == 2
    for settle in (
        lambda c: outbox.fulfil(c, late),
        lambda c: outbox.postpone(c, late),
        lambda c: outbox.park(c, late, error="x"),
        lambda c: outbox.hold_longer(c, late, HOLD),
    ):
        with pytest.raises(ClaimLost), rt.engine.begin() as connection:
            settle(connection)
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, current)
    with pytest.raises(ClaimLost), rt.engine.begin() as connection:
        outbox.fulfil(connection, current)


def test_what_killed_its_worker_comes_alone(rt: Runtime) -> None:
    promise(rt, 1)
    take(rt)
    let_holds_run_out(rt)
    promise(rt, 2, 3)
    assert [(c.subject_id, c.attempts) for c in take(rt)] == [(1, 2)]
    assert [c.subject_id for c in take(rt)] == [2, 3]


def test_what_killed_its_worker_does_not_come_within_a_fresh_batch(rt: Runtime) -> None:
    promise(rt, 5)
    take(rt)
    let_holds_run_out(rt)
    with rt.engine.begin() as connection:
        connection.execute(
            text("insert into outbox (job, subject_id, due_at) values ('process', 6, now() - interval '1 minute')")
        )
    assert [c.subject_id for c in take(rt)] == [6]
    assert [c.subject_id for c in take(rt)] == [5]


def test_what_was_put_off_in_good_order_comes_with_the_others(rt: Runtime) -> None:
    promise(rt, 1, 2, 3)
    for claim in take(rt):
        with rt.engine.begin() as connection:
            outbox.postpone(connection, claim, wait=timedelta(0), error="http 503")
    promise(rt, 4)
    assert [(c.subject_id, c.attempts) for c in take(rt)] == [(1, 2), (2, 2), (3, 2), (4, 1)]


def test_waiting_grows_and_ends_in_the_park_from_where_it_is_released(rt: Runtime) -> None:
    promise(rt, 1)
    for attempt in range(1, 4):
        [claim] = take(rt)
        assert claim.attempts == attempt
        with rt.engine.begin() as connection:
            assert outbox.postpone(connection, claim, error="ValueError at x:1", max_attempts=3) == (attempt == 3)
        assert take(rt) == []
        let_holds_run_out(rt)
    assert take(rt) == []
    with rt.engine.begin() as connection:
        [kept] = outbox.parked(connection)
        assert (kept.subject_id, kept.attempts, kept.last_error) == (1, 3, "ValueError at x:1")
        assert outbox.health(connection).parked == 1
        assert outbox.release(connection, job="deliver") == 0
        assert outbox.release(connection) == 1
    assert [claim.attempts for claim in take(rt)] == [1]


def test_what_kills_its_worker_each_time_is_parked_too(rt: Runtime) -> None:
    promise(rt, 1)
    for _ in range(3):
        take(rt)
        let_holds_run_out(rt)
    with rt.engine.begin() as connection:
        assert outbox.park_the_hopeless(connection, max_attempts=3) == 1
        assert outbox.parked(connection)[0].last_error == "the worker died each time"


def test_giving_a_claim_back_does_not_count_as_an_attempt(rt: Runtime) -> None:
    promise(rt, 1, 2, 3)
    first, *others = take(rt)
    with rt.engine.begin() as connection:
        outbox.withdraw(connection, others)
        outbox.withdraw(connection, [])
    assert [(claim.subject_id, claim.attempts) for claim in take(rt)] == [(2, 1), (3, 1)]
    with rt.engine.begin() as connection:
        outbox.withdraw(connection, others)  # another holds them by now: nothing of theirs is touched
        outbox.fulfil(connection, first)
    assert take(rt) == []


def test_a_rolled_back_promise_never_was(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        outbox.promise(connection, Job.PROCESS, 1)
        connection.rollback()
    assert take(rt) == []


def test_many_workers_never_share_a_claim(rt: Runtime) -> None:
    promise(rt, *range(200))
    found: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while claims := take(rt, limit=7):
            with lock:
                found.extend(claim.subject_id for claim in claims)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(200))


def test_due_counts_by_kind(rt: Runtime) -> None:
    promise(rt, 1, 2)
    with rt.engine.begin() as connection:
        outbox.promise(connection, Job.DELIVER, 9)
        assert outbox.due(connection) == {"process": 2, "deliver": 1}


def test_a_flood_of_one_kind_hides_no_other(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("insert into outbox (job, subject_id) select 'process', n from generate_series(1, 3000) as n")
        )
        outbox.promise(connection, Job.DELIVER, 1)
    with rt.engine.connect() as connection:
        assert outbox.due(connection) == {"process": 1000, "deliver": 1}
