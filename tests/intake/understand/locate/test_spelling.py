"""Misspelt names: near ones found, far ones left."""

from __future__ import annotations

import pytest

from intake.understand.locate.calibration import AS_IS, Calibration, calibration
from intake.understand.locate.spelling import DISTRICT_NAMES, REGENCY_NAMES, allowed_edits, near_names


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("lhoksukn", "lhoksukon"),
        ("banjrnegara", "banjarnegara"),
        ("muaranim", "muaraenim"),
        ("pandglang", "pandeglang"),
    ],
)
def test_a_near_name_is_found(written: str, meant: str) -> None:
    found = near_names(written, (REGENCY_NAMES, DISTRICT_NAMES), allowed_edits(len(written)))
    assert meant in {name for name, _ in found}


@pytest.mark.parametrize("written", ["abc", "qqqqqqqq", "x" * 60, ""])
def test_what_is_near_to_nothing_finds_nothing(written: str) -> None:
    assert near_names(written, (REGENCY_NAMES,), 1) == ()


def test_the_curve_rises_and_stays_a_probability() -> None:
    curve = calibration()
    values = [curve.apply(at / 200) for at in range(201)]
    assert values == sorted(values)
    assert all(0 <= value <= 1 for value in values)


def test_between_its_points_the_curve_is_straight() -> None:
    curve = Calibration("test", (0.0, 0.5, 1.0), (0.0, 0.8, 1.0))
    assert curve.apply(0.25) == pytest.approx(0.4)
    assert curve.apply(0.75) == pytest.approx(0.9)
    assert AS_IS.apply(0.3) == pytest.approx(0.3)
