"""Places as a form shows them: by name, step by step from the province down, and as our resolver reads a text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from channels.messages import Coordinates
from intake.commands.regions import imported_boundaries
from intake.understand.locate import Coordinates as Point
from intake.understand.locate import (
    Hints,
    districts_of,
    gazetteer,
    locate,
    provinces,
    regencies,
    villages_of,
)

#: Lengths of the codes of Kemendagri: ``16``, ``16.03``, ``16.03.07``, ``16.03.07.2004``.
PROVINCE, REGENCY, DISTRICT, VILLAGE = 2, 5, 8, 13
_LEVELS: Final = {"province": PROVINCE, "regency": REGENCY, "district": DISTRICT, "village": VILLAGE}
_WORD: Final = re.compile(r"[a-z0-9]+")
#: Words before a name as people type them, as our lines have them; a village has none.
_SHORT: Final = {
    "kabupaten": "kab", "kecamatan": "kec", "distrik": "kec", "desa": "", "ds": "", "kelurahan": "", "kel": "",
}  # fmt: skip
_FEWEST_LETTERS: Final = 3
_MOST_MATCHES: Final = 400


@dataclass(frozen=True, slots=True)
class Place:
    """A region of any level: its code, and its name up to the regency: ``Lawang Kidul, Kab. Muara Enim``."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What we read out of a text. ``sure``: it is one place; else a few that may be meant, or none."""

    places: tuple[Place, ...]
    sure: bool


def within(code: str) -> list[tuple[str, str]]:
    """(code, name) of what lies in a region, by name; the provinces for an empty code, nothing for an unknown one."""
    if code == "":
        found = [(p.code, p.name) for p in provinces()]
    elif len(code) == PROVINCE:
        found = [(r.code, r.short) for r in regencies().values() if r.province_code == code]
    elif len(code) == REGENCY:
        found = [(d.code, d.name) for d in districts_of(code)]
    elif len(code) == DISTRICT:
        found = [(v.code, v.name) for v in villages_of(code)]
    else:
        return []
    return sorted(found, key=lambda pair: pair[1].removeprefix("Kab. ").removeprefix("Kota "))


def place_called(code: str) -> Place | None:
    """The region with this code, from a regency downwards; None when there is none."""
    regency = regencies().get(code[:REGENCY])
    if regency is None:
        return None
    if len(code) == REGENCY:
        return Place(code, regency.short)
    district = next((d for d in districts_of(regency.code) if d.code == code[:DISTRICT]), None)
    if district is None:
        return None
    if len(code) == DISTRICT:
        return Place(code, f"Kec. {district.name}, {regency.short}")
    village = next((v for v in villages_of(district.code) if v.code == code), None)
    if village is None:
        return None
    return Place(code, f"{village.name}, Kec. {district.name}, {regency.short}")


def deepest(province: str, regency: str, district: str, village: str) -> str:
    """The code of the lowest level that was chosen and lies in those above it; empty for none."""
    found = ""
    for name, code in (("province", province), ("regency", regency), ("district", district), ("village", village)):
        if len(code) != _LEVELS[name] or not code.startswith(found):
            break
        if not any(code == known for known, _ in within(found)):
            break
        found = code
    return found


def read_place(text: str, position: Coordinates | None = None) -> Reading:
    """Where the resolver says a text is about, for the citizen to say yes or no to."""
    point = None if position is None else Point(position.latitude, position.longitude)
    found = locate(text, hints=Hints(coordinates=point), boundaries=imported_boundaries())
    if found.decision == "decided" and found.regency:
        place = place_called(found.village or found.district or found.regency) or place_called(found.regency)
        return Reading((place,) if place else (), sure=True)
    choices = [place_called(choice.regency) for choice in found.choices]
    return Reading(tuple(place for place in choices if place), sure=False)


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(normalize("NFKD", text).lower()))


def _typed(wanted: str) -> list[str]:
    return [word for typed in _plain(wanted).split() if (word := _SHORT.get(typed, typed))]


@dataclass(frozen=True, slots=True)
class _Index:
    """Every region as a folded line "village district regency", the larger regions first.

    ``starts`` are the offsets of the lines in ``joined``, in their order, as ``codes`` are.
    """

    joined: bytes
    starts: list[int]
    codes: list[str]


@lru_cache(maxsize=1)
def _index() -> _Index:
    gaz = gazetteer()
    near = [_plain(regency.short) for regency in gaz.regencies]
    rows = [(name, regency.code) for name, regency in zip(near, gaz.regencies, strict=True)]
    districts = range(len(gaz.district_regency))
    inner = [f"kec {_plain(gaz.district_name(at))} {near[gaz.district_regency[at]]}" for at in districts]
    rows += [(name, gaz.district_code(at)) for at, name in enumerate(inner)]
    rows += [
        (f"{_plain(gaz.village_name(at))} {inner[district]}", gaz.village_code(at))
        for at, district in enumerate(gaz.village_district)
    ]
    lines = [name.encode() for name, _ in rows]
    starts, at = [], 1
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return _Index(b"\n" + b"\n".join(lines) + b"\n", starts, [code for _, code in rows])


@lru_cache(maxsize=512)
def search(wanted: str, *, most: int = 12) -> tuple[Place, ...]:
    """Regions whose names hold every word (or its beginning) that was typed, the larger and better fitting first."""
    words = [word.encode() for word in _typed(wanted)]
    if not words or max(map(len, words)) < _FEWEST_LETTERS:
        return ()
    index = _index()
    rarest = max(words, key=len)
    found: list[tuple[int, bool, int]] = []
    at = index.joined.find(rarest)
    while at >= 0 and len(found) < _MOST_MATCHES:
        line = bisect_right(index.starts, at) - 1
        end = index.joined.find(b"\n", at)
        here = b" " + index.joined[index.starts[line] : end]
        if all(b" " + word in here for word in words):
            begins = here.removeprefix(b" kec").startswith(b" " + b" ".join(words))
            found.append((len(index.codes[line]), not begins, line))
        at = index.joined.find(rarest, end)
    places = (place_called(index.codes[line]) for _, _, line in sorted(found)[:most])
    return tuple(place for place in places if place)
