"""The way to the database: a rush waits for a moment, a standstill is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from intake.storage.database import Overloaded
from intake.web.turnstile import Turnstile


def test_in_a_rush_everybody_gets_through_and_no_more_than_so_many_at_once() -> None:
    turnstile, lock = Turnstile(3), threading.Lock()
    inside, most = 0, 0

    def go(_: int) -> None:
        nonlocal inside, most
        with turnstile.pass_through():
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(go, range(2000)))
    assert inside == 0
    assert 1 <= most <= 3


def test_at_a_standstill_the_next_is_refused_at_once_until_somebody_leaves() -> None:
    now = 0.0
    turnstile = Turnstile(2, 1.0, clock=lambda: now)
    with turnstile.pass_through():
        with turnstile.pass_through():
            now = 1.5
            with pytest.raises(Overloaded), turnstile.pass_through():
                pass
        with turnstile.pass_through():  # a place is free again, although one has been inside for long
            pass


def test_who_waits_is_refused_when_it_turns_out_to_be_a_standstill() -> None:
    turnstile = Turnstile(1, 0.05)
    with turnstile.pass_through(), pytest.raises(Overloaded), turnstile.pass_through():
        pass


def test_a_fault_inside_gives_the_place_back() -> None:
    turnstile = Turnstile(1, 60)
    with pytest.raises(ValueError, match="inside"), turnstile.pass_through():
        raise ValueError("inside")
    with turnstile.pass_through():
        pass
