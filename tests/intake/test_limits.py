"""How much we say: free, in a flood only what matters, at the limit once that it waits, then nothing."""

from __future__ import annotations

import pytest

from intake.limits import Limits, may_warn, voice
from intake.storage.threads import Said

LIMITS = Limits(per_person_hour=3, per_person_day=5, emergencies_per_person_day=7, per_minute_to_all=100)


@pytest.mark.parametrize(
    ("hour", "day", "to_all", "told", "expected"),
    [
        (0, 0, 0, False, "free"),
        (2, 4, 99, False, "free"),
        (2, 4, 100, False, "busy"),
        (3, 3, 0, False, "brief"),
        (3, 3, 100, True, "silent"),
        (0, 5, 0, False, "brief"),
        (0, 5, 0, True, "silent"),
    ],
)
def test_how_much_may_be_said(hour: int, day: int, to_all: int, told: bool, expected: str) -> None:
    assert voice(Said(hour, day, to_all, told), LIMITS) == expected


def test_danger_is_warned_of_beyond_the_usual_limit_but_not_for_ever() -> None:
    assert may_warn(Said(6, 6, 0, told_to_wait=True), LIMITS)
    assert not may_warn(Said(7, 7, 0, told_to_wait=True), LIMITS)
