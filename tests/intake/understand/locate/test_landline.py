"""Area codes of fixed lines."""

from __future__ import annotations

import pytest

from intake.understand.locate import regencies, regencies_of_landline
from intake.understand.locate.landline import _areas


@pytest.mark.parametrize(
    ("number", "regency"), [("+62 24 0000000", "33.74"), ("0232000000", "32.08"), ("62231 000000", "32.74")]
)
def test_an_area_code_tells_its_regencies(number: str, regency: str) -> None:
    assert regency in regencies_of_landline(number)


@pytest.mark.parametrize("number", ["+6281100000001", "081100000001", "1708", "", "+1 555 0100", "0999000"])
def test_other_numbers_tell_nothing(number: str) -> None:
    assert regencies_of_landline(number) == ()


def test_every_area_names_known_regencies() -> None:
    assert len(_areas()) == 276
    assert all(code in regencies() for codes in _areas().values() for code in codes)
