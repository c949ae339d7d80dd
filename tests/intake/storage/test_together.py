"""Kept together: fewer statements than messages, and still each for itself: its own answer, its own fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from channels.messages import InboundMessage
from intake.runtime import Runtime
from intake.storage.database import Overloaded, Unavailable, is_lasting, open_engine
from intake.storage.messages import Incoming, Remembered
from intake.storage.together import COMPANY, MOST_TOGETHER, Together, Traffic
from tests.factories import an_sms


def incoming(message: InboundMessage | None = None) -> Incoming:
    return Incoming("sms_twilio", message or an_sms(), opens=True)


def wait_until(true: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def count(rt: Runtime) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from message")).scalar_one())


@contextmanager
def statements(rt: Runtime) -> Iterator[list[str]]:
    """The inserts sent while this is open."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if "insert into message" in statement:
            sent.append(statement)

    event.listen(rt.engine, "before_cursor_execute", note)
    yield sent
    event.remove(rt.engine, "before_cursor_execute", note)


@contextmanager
def held_up(rt: Runtime) -> Iterator[None]:
    """The table locked, so that the first that writes waits and the others gather behind it."""
    with rt.engine.begin() as connection:
        connection.execute(text("lock table message in exclusive mode"))
        yield


def gather(rt: Runtime, together: Together, several: list[Incoming]) -> list[Future[Remembered]]:
    """All of them at once, the first alone and the others together behind it. Done when this returns."""
    with ThreadPoolExecutor(len(several)) as pool:
        with held_up(rt):
            futures = [pool.submit(together.remember, rt.engine, several[0])]
            wait_until(lambda: together._under_way and not together._waiting)
            futures += [pool.submit(together.remember, rt.engine, each) for each in several[1:]]
            wait_until(lambda: len(together._waiting) == len(several) - 1)
        return futures


def test_those_that_come_while_one_is_written_are_written_together(rt: Runtime) -> None:
    with statements(rt) as sent:
        kept = [each.result() for each in gather(rt, Together(), [incoming() for _ in range(21)])]
    assert len(sent) == 2
    assert all(each.new for each in kept)
    assert len({each.report_id for each in kept}) == 21
    assert count(rt) == 21


def test_no_more_than_a_bounded_number_in_one_statement(rt: Runtime) -> None:
    with statements(rt) as sent:
        futures = gather(rt, Together(), [incoming() for _ in range(MOST_TOGETHER + 2)])
    assert len({each.result().message_id for each in futures}) == count(rt) == MOST_TOGETHER + 2
    assert len(sent) == 3


def test_one_alone_waits_for_nobody(rt: Runtime) -> None:
    together = Together()
    assert [together.remember(rt.engine, incoming()).new for _ in range(3)] == [True, True, True]


class Rush(Traffic):
    """Always so close that the first had better wait, for as long as is said."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def pause(self) -> float:
        return self.seconds

    def alone(self) -> None:
        self.seconds = 0


def test_in_a_rush_the_first_waits_for_company_and_leaves_when_it_is_there(rt: Runtime) -> None:
    rush = Rush(600)
    together = Together(traffic=rush)
    with statements(rt) as sent, ThreadPoolExecutor(COMPANY) as pool:
        futures = [pool.submit(together.remember, rt.engine, incoming()) for _ in range(COMPANY)]
        kept = [future.result(timeout=60) for future in futures]
    assert len({each.message_id for each in kept}) == count(rt) == COMPANY
    assert len(sent) == 1
    assert rush.seconds == 600


def test_who_sends_one_after_the_other_waits_for_company_once(rt: Runtime) -> None:
    rush = Rush(0.05)
    together = Together(traffic=rush)
    assert together.remember(rt.engine, incoming()).new
    assert rush.seconds == 0
    assert together.remember(rt.engine, incoming()).new


def test_after_a_pause_without_company_the_next_twenty_leave_at_once() -> None:
    now = 1000.0
    traffic = Traffic(clock=lambda: now)
    for _ in range(100):
        now += 0.003
        traffic.note()
    assert traffic.pause() > 0
    traffic.alone()
    for _ in range(20):
        now += 0.003
        traffic.note()
        assert traffic.pause() == 0


@pytest.mark.parametrize(
    ("gap", "pause"), [(0.002, 0.006), (0.004, 0.012), (0.009, 0.012), (0.02, 0.0), (1.0, 0.0), (3600.0, 0.0)]
)
def test_the_pause_follows_from_how_close_messages_come(gap: float, pause: float) -> None:
    now = 1000.0
    traffic = Traffic(clock=lambda: now)
    assert traffic.pause() == 0
    for _ in range(100):
        now += gap
        traffic.note()
    assert traffic.pause() == pytest.approx(pause, rel=0.01)
    now += 60
    traffic.note()
    assert traffic.pause() == 0


def test_a_message_that_is_refused_for_ever_takes_no_other_with_it(rt: Runtime) -> None:
    several = [incoming() for _ in range(6)]
    several[3] = incoming(an_sms("a\x00b"))
    several[4] = incoming(replace(an_sms(), extra={"unheard": object()}))
    futures = gather(rt, Together(), several)
    assert [each.exception() is None for each in futures] == [True, True, True, False, False, True]
    for number in (3, 4):
        fault = futures[number].exception()
        assert isinstance(fault, Exception)
        assert is_lasting(fault)
    assert count(rt) == 4


def test_twins_side_by_side_are_one_message(rt: Runtime) -> None:
    twin = an_sms()
    futures = gather(rt, Together(), [incoming(), *(incoming(twin) for _ in range(5)), incoming()])
    kept = [each.result() for each in futures]
    assert count(rt) == 3
    assert len({each.message_id for each in kept[1:6]}) == 1
    assert sum(each.new for each in kept) == 3


def test_what_was_kept_before_is_told_beside_new_ones(rt: Runtime) -> None:
    old, together = an_sms(), Together()
    before = together.remember(rt.engine, incoming(old))
    kept = [each.result() for each in gather(rt, together, [incoming(), incoming(), incoming(old)])]
    assert kept[2] == replace(before, new=False)
    assert count(rt) == 3


def test_too_many_waiting_are_refused_at_once(rt: Runtime) -> None:
    together = Together(most_waiting=2)
    with ThreadPoolExecutor(3) as pool:
        with held_up(rt):
            futures = [pool.submit(together.remember, rt.engine, incoming())]
            wait_until(lambda: together._under_way and not together._waiting)
            futures += [pool.submit(together.remember, rt.engine, incoming()) for _ in range(2)]
            wait_until(lambda: len(together._waiting) == 2)
            with pytest.raises(Overloaded):
                together.remember(rt.engine, incoming())
        assert all(each.result().new for each in futures)
    assert count(rt) == 3


def test_who_waits_too_long_hears_so_and_is_not_kept(rt: Runtime) -> None:
    together = Together(patience_seconds=0.2)
    with ThreadPoolExecutor(4) as pool:
        with held_up(rt):
            first = pool.submit(together.remember, rt.engine, incoming())
            wait_until(lambda: together._under_way and not together._waiting)
            late = [pool.submit(together.remember, rt.engine, incoming()) for _ in range(3)]
            assert all(isinstance(each.exception(), Overloaded) for each in late)
        assert first.result().new
    assert count(rt) == 1
    assert together.remember(rt.engine, incoming()).new  # the queue goes on


def test_without_the_database_all_hear_so_and_the_next_is_kept(rt: Runtime) -> None:
    away, together = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none"), Together()
    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(together.remember, away, incoming()) for _ in range(20)]
    away.dispose()
    assert all(isinstance(each.exception(), Unavailable) for each in futures)
    assert together.remember(rt.engine, incoming()).new


class NoMemoryForACopy(list[Any]):
    """A queue that cannot be copied the first time somebody tries."""

    failed = False

    def __iter__(self) -> Iterator[Any]:
        if not self.failed:
            self.failed = True
            raise MemoryError
        return super().__iter__()


def test_who_finds_no_memory_passes_the_turn_on(rt: Runtime) -> None:
    together = Together(patience_seconds=30)
    with ThreadPoolExecutor(3) as pool:
        futures = []
        with held_up(rt):
            for waiting in range(3):
                futures.append(pool.submit(together.remember, rt.engine, incoming()))
                wait_until(lambda n=waiting: together._under_way and len(together._waiting) == n)  # type: ignore[misc]
            together._waiting = NoMemoryForACopy(together._waiting)
        assert isinstance(futures[1].exception(), MemoryError)
        assert [futures[0].result().new, futures[2].result().new] == [True, True]
    assert count(rt) == 2
    assert together.remember(rt.engine, incoming()).new


def cut_off_who_waits(rt: Runtime) -> bool:
    """Whether there was somebody who waits for a lock in this database."""
    with rt.engine.connect() as connection:
        cut = connection.execute(
            text("""select pg_terminate_backend(pid) from pg_stat_activity
                    where wait_event_type = 'Lock' and datname = current_database()""")
        )
        return len(cut.all()) > 0


def test_a_connection_that_died_is_not_used_again(rt: Runtime) -> None:
    together = Together()
    with ThreadPoolExecutor(5) as pool:
        with held_up(rt):
            first = pool.submit(together.remember, rt.engine, incoming())
            wait_until(lambda: together._under_way and not together._waiting)
            later = [pool.submit(together.remember, rt.engine, incoming()) for _ in range(4)]
            wait_until(lambda: len(together._waiting) == 4)
            wait_until(lambda: cut_off_who_waits(rt))
        assert isinstance(first.exception(), DBAPIError)
        assert all(each.result().new for each in later)
    assert count(rt) == 4
