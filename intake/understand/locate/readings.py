"""What a name may stand for after a cue: every region and alias of that name, each with its share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from heapq import nsmallest
from math import log
from typing import Final

from intake.understand.locate.cues import LEVELS_AFTER, STRONG, SUREST, Cue
from intake.understand.locate.gazetteer import (
    ALIAS,
    DISTRICT,
    PROVINCE,
    REGENCY,
    VILLAGE,
    Gazetteer,
    gazetteer,
    pack,
    unpack,
)

# The rows of LEVELS_AFTER and SUREST, and what each is called in evidence.
ROW_PROVINCE, ROW_KABUPATEN, ROW_KOTA, ROW_DISTRICT, ROW_VILLAGE, ROW_PLACE = range(6)
LEVEL_WORD: Final = ("province", "regency", "regency", "district", "village", "place")

# The chance of a level is shared by this many names. Kabupaten and kota alike, so that a bare "Bandung" is a tie.
# How much likelier the larger of two places of one name is meant. "Desa Jati" and "Kec. Waru" are said of small places as
# well; who writes a bare "Jatinegara" thinks of one that is known.
PEOPLE_POWER: Final = 0.6
PEOPLE_POWER_OF_DISTRICTS: Final = 0.4
FAME_POWER: Final = 0.75
FAME_POWER_OF_DISTRICTS: Final = 0.55
_NAMES_OF_ROW: Final = (45.0, 257.0, 257.0, 7_285.0, 110_000.0, 600.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """``regencies`` and ``entries`` (packed entry, row, share; likeliest first) each sum to 1.

    ``mass`` is the chance of the name. ``surest``: the name can never be surer than this to be a place at all. ``top``:
    the likeliest three regencies. ``districts``: those of this name; ``homes``: those in which villages of it lie.
    """

    mass: float
    log_mass: float
    surest: float
    regencies: dict[int, float]
    entries: tuple[tuple[int, int, float], ...]
    top: tuple[int, ...]
    districts: frozenset[int]
    homes: frozenset[int]


NOTHING: Final = Reading(0.0, -99.0, 0.0, {}, (), (), frozenset(), frozenset())


_AMBIGUOUS: Final = frozenset({"village", "district", "word"})
# How much of a place's name it is, for the everyday name of an area or a landmark that villages elsewhere bear too.
_AREA_AMONG_VILLAGES: Final = 0.05


def village_weight(gaz: Gazetteer, number: int, power: float) -> float:
    """How many reports come from a village, against an average one: rises with its people, less than in proportion."""
    regency = gaz.district_regency[gaz.village_district[number]]
    people = gaz.people_of_village[regency]
    if gaz.village_number[number] < 2000 and not gaz.regencies[regency].is_city:
        people *= 1.5  # a kelurahan, in a kabupaten of mostly desa
    return float(max(people / 3.0, 0.3) ** power)


def district_weight(gaz: Gazetteer, number: int, power: float) -> float:
    """The same for a district."""
    people = gaz.people_of_village[gaz.district_regency[number]] * gaz.count_villages(number)
    return float(max(people / 36.0, 0.3) ** power)


def _row_of(gaz: Gazetteer, entry: int, cue: Cue) -> tuple[int, float]:
    """The row of an entry, and how much of a name of that row it is."""
    level, number = unpack(entry)
    if level == PROVINCE:
        return ROW_PROVINCE, 1.0
    if level == REGENCY:
        return (ROW_KOTA if gaz.regencies[number].is_city else ROW_KABUPATEN), 1.0
    if level == DISTRICT:
        power = PEOPLE_POWER_OF_DISTRICTS if cue in STRONG else FAME_POWER_OF_DISTRICTS
        return ROW_DISTRICT, district_weight(gaz, number, power)
    if level == VILLAGE:
        return ROW_VILLAGE, village_weight(gaz, number, PEOPLE_POWER if cue in STRONG else FAME_POWER)
    alias = gaz.aliases[number]
    if alias.kind == "place":
        if "village" in alias.flags:
            return ROW_PLACE, _AREA_AMONG_VILLAGES
        return ROW_PLACE, 0.15 if alias.flags & _AMBIGUOUS else 1.0
    if alias.kind in {"capital", "area"}:
        return ROW_PLACE, 1.0
    much = 0.2 if alias.flags & _AMBIGUOUS else 0.8
    return (ROW_KOTA if gaz.regencies[alias.regency].is_city else ROW_KABUPATEN), much


# Where a village is called kampung by law or by everybody: how many times likelier it is then meant.
_CALLED_KAMPUNG: Final = {
    "91": 6.0,
    "92": 6.0,
    "93": 6.0,
    "94": 6.0,
    "95": 6.0,
    "96": 6.0,
    "11": 2.0,
    "18": 2.0,
    "64": 2.0,
}


def _province_of(gaz: Gazetteer, entry: int) -> str:
    of = gaz.regency_of(entry)
    return "" if of is None else gaz.regencies[of].province_code


@lru_cache(maxsize=4096)
def read_name(where: int, cue: Cue) -> Reading:
    """Everything the name behind an index value may mean after a cue."""
    gaz = gazetteer()
    chances = LEVELS_AFTER[cue]
    weighed: list[tuple[int, int, float]] = []
    mass = 0.0
    sure = 0.0
    for entry in gaz.entries(where):
        row, much = _row_of(gaz, entry, cue)
        if cue == Cue.KAMPUNG and row == ROW_VILLAGE:
            much *= _CALLED_KAMPUNG.get(_province_of(gaz, entry), 1.0)
        weight = chances[row] * much / _NAMES_OF_ROW[row]
        mass += weight
        sure += weight * SUREST[cue][row]
        weighed.append((entry, row, weight))
    if mass <= 0:
        return NOTHING
    return gather(gaz, mass, sure / mass, tuple((entry, row, weight / mass) for entry, row, weight in weighed))


def gather(gaz: Gazetteer, mass: float, surest: float, entries: tuple[tuple[int, int, float], ...]) -> Reading:
    """A reading from its entries: the shares summed by regency, those of a province spread over its regencies."""
    regencies: dict[int, float] = {}
    districts = []
    homes = []
    for entry, row, share in entries:
        if row == ROW_PROVINCE:
            members = gaz.regencies_of_province[unpack(entry)[1]]
            for regency in members:
                regencies[regency] = regencies.get(regency, 0.0) + share / len(members)
            continue
        if row == ROW_DISTRICT:
            districts.append(unpack(entry)[1])
        elif row == ROW_VILLAGE:
            homes.append(gaz.village_district[unpack(entry)[1]])
        of = gaz.regency_of(entry)
        assert of is not None  # noqa: S101 - only a province has none
        regencies[of] = regencies.get(of, 0.0) + share
    top = tuple(nsmallest(3, regencies, key=lambda number: (-regencies[number], number)))
    by_share = tuple(sorted(entries, key=lambda item: -item[2]))
    return Reading(mass, log(mass), surest, regencies, by_share, top, frozenset(districts), frozenset(homes))


def mix(one: Reading, other: Reading, part: float) -> Reading:
    """Both readings: ``part`` of the first, the rest of the second."""
    entries = tuple((entry, row, share * part) for entry, row, share in one.entries) + tuple(
        (entry, row, share * (1 - part)) for entry, row, share in other.entries
    )
    return gather(gazetteer(), one.mass, one.surest * part + other.surest * (1 - part), entries)


@lru_cache(maxsize=1024)
def read_misspelt(wheres: tuple[int, ...], edits: int, cue: Cue) -> Reading:
    """What a misspelt name may mean: all the names at the same distance; less sure, the more letters are wrong."""
    readings = [reading for where in wheres if (reading := read_name(where, cue)).mass > 0]
    if not readings:
        return NOTHING
    total = sum(reading.mass for reading in readings)
    entries = tuple(
        (entry, row, share * reading.mass / total) for reading in readings for entry, row, share in reading.entries
    )
    surest = sum(reading.surest * reading.mass for reading in readings) / total
    return gather(gazetteer(), total, surest * 0.96**edits, entries)


@lru_cache(maxsize=512)
def read_postcode(postcode: int) -> Reading:
    """The regencies that hold a postcode."""
    gaz = gazetteer()
    numbers = gaz.regencies_with_postcode(postcode)
    if not numbers:
        return NOTHING
    entries = tuple(
        (pack(REGENCY, number), ROW_KOTA if gaz.regencies[number].is_city else ROW_KABUPATEN, 1 / len(numbers))
        for number in numbers
    )
    return gather(gaz, 1.0, 0.95, entries)


@lru_cache(maxsize=1024)
def acronym_kind(where: int) -> int:
    """0: no acronym, or a region's own name as well; 1: an acronym; 2: one that few know; 3: one that is a word too."""
    gaz = gazetteer()
    kind = 0
    for entry in gaz.entries(where):
        level, number = unpack(entry)
        if level != ALIAS:
            return 0
        alias = gaz.aliases[number]
        if "sms-word" in alias.flags or {"needs-cue", "word"} <= alias.flags:
            kind = 3
        elif "needs-cue" in alias.flags:
            kind = max(kind, 2)
        elif alias.kind == "acronym" and len(alias.name) <= 6:
            kind = max(kind, 1)
    return kind
