"""The regencies that a fixed line's area code belongs to: a hint, with the strength ``LANDLINE`` shared among them.

From the geographic data of libphonenumber (Apache-2.0), matched to regency codes; 20 codes that cover no known regency,
Jakarta's 021 among them, are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from intake.understand.locate.gazetteer import DATA

_LONGEST_CODE: Final = 4


@lru_cache(maxsize=1)
def _areas() -> dict[str, tuple[str, ...]]:
    with (DATA / "places_landlines.tsv").open(encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return {code: tuple(regencies.split()) for code, regencies in rows}


def regencies_of_landline(number: str) -> tuple[str, ...]:
    """The regency codes of a fixed line's area, from "+62274...", "62274..." or "0274..."; none for a mobile number."""
    digits = "".join(char for char in number if char.isdigit())
    if number.strip().startswith("+") or digits.startswith("62"):
        digits = "0" + digits.removeprefix("62")
    if not digits.startswith("0") or digits.startswith("08"):
        return ()
    for length in range(_LONGEST_CODE, 2, -1):
        found = _areas().get(digits[:length])
        if found is not None:
            return found
    return ()
