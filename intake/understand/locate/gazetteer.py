"""Indonesia's regions by code and by name: 38 provinces, 514 regencies, 7,285 districts, 83,762 villages.

Read from one compiled file (``tools/build_gazetteer.py`` writes it) into a dictionary of keys and a few packed arrays:
some 70 ms and 16 MB, once a process. Load it in the parent (``gazetteer()``) before forking, so that the children
share it.

What surprises: an entry is an integer, level and number in one; an index value is an integer too, start and count in
one. Objects are made only for what a caller asks for.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

PROVINCE: Final = 0
REGENCY: Final = 1
DISTRICT: Final = 2
VILLAGE: Final = 3
ALIAS: Final = 4

_LEVEL_SHIFT: Final = 24
_NUMBER: Final = (1 << _LEVEL_SHIFT) - 1

# The share of reports that come from a regency rises with its people, a little less than in proportion.
PRIOR_POWER: Final = 0.6

DATA: Final = Path(__file__).resolve().parent.parent / "data"

Zone = Literal["WIB", "WITA", "WIT"]


def pack(level: int, number: int) -> int:
    """One region (or alias) as an integer."""
    return level << _LEVEL_SHIFT | number


def unpack(entry: int) -> tuple[int, int]:
    """The level and the number of a packed entry."""
    return entry >> _LEVEL_SHIFT, entry & _NUMBER


@dataclass(frozen=True, slots=True)
class Province:
    """A province: Kemendagri code of two digits, official name, everyday short name, time zone."""

    code: str
    name: str
    short: str
    zone: Zone


@dataclass(frozen=True, slots=True)
class Regency:
    """A regency or city: code ``PP.KK``, ``Kabupaten Muara Enim``, ``Kab. Muara Enim``, province, zone, capital."""

    code: str
    name: str
    short: str
    base: str
    is_city: bool
    province_code: str
    province: str
    zone: Zone
    capital: str


@dataclass(frozen=True, slots=True)
class District:
    """A kecamatan or distrik: code ``PP.KK.CC``."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Village:
    """A desa or kelurahan: code ``PP.KK.CC.DDDD``, its postcode where it has one."""

    code: str
    name: str
    postcode: str | None


@dataclass(frozen=True, slots=True)
class Alias:
    """Another name of a regency, or of a place in it: acronym, variant, former, capital, place or area."""

    name: str
    regency: int
    kind: str
    flags: frozenset[str]


class Gazetteer:
    """The compiled regions. Numbers run in the order of the codes, from 0."""

    def __init__(self, compiled: bytes) -> None:
        self.version: Final = hashlib.sha256(compiled).hexdigest()[:12]
        length = int.from_bytes(compiled[:4], "little")
        header: dict[str, Any] = json.loads(compiled[4 : 4 + length])
        sections: dict[str, Any] = {}
        at = 4 + length
        for name, kind, size in header["sections"]:
            piece = compiled[at : at + size]
            sections[name] = piece if kind == "text" else _numbers(kind, piece)
            at += size
        self.edition: Final[str] = header["edition"]
        self.keys: Final[list[str]] = sections["keys"].decode().split("\n")
        self.index: Final[dict[str, int]] = dict(zip(self.keys, sections["where"], strict=True))
        # Keys of one scope, length and first letter stand together: (scope, length, letter) → (start, end) in ``keys``.
        self.buckets: Final = {
            (scope, length, letter): (start, start + count) for scope, length, letter, start, count in header["buckets"]
        }
        # Everyday words that no name of several words holds: where one stands, no name runs on.
        self.never_in_names: Final = frozenset(header["never_in_names"])
        self.postings: Final[array[int]] = sections["postings"]
        self.district_regency: Final[array[int]] = sections["district_regency"]
        self._district_number: Final[array[int]] = sections["district_number"]
        self._district_names: Final[list[str]] = sections["district_names"].decode().split("\n")
        self.village_district: Final[array[int]] = sections["village_district"]
        self.village_number: Final[array[int]] = sections["village_number"]
        self._village_postcode: Final[array[int]] = sections["village_postcode"]
        self._postcodes: Final[array[int]] = sections["postcodes"]
        self._postcode_regency: Final[array[int]] = sections["postcode_regency"]
        self._village_names: Final[bytes] = sections["village_names"]
        self._village_starts: Final[array[int]] = _line_starts(self._village_names)
        self.provinces: Final = tuple(
            Province(code, name, short, zone) for code, name, zone, short in header["provinces"]
        )
        self.aliases: Final = tuple(
            Alias(name, number, kind, frozenset(filter(None, flags.split(";"))))
            for name, number, kind, flags in header["aliases"]
        )
        by_code = {province.code: province for province in self.provinces}
        capitals = {code: capital for code, capital, _, _ in read_capitals()}
        self.regencies: Final = tuple(
            _regency(code, name, by_code[code[:2]], capitals.get(code, "")) for code, name, _, _ in header["regencies"]
        )
        # Thousands of people in one village of the regency, about.
        self.people_of_village: Final[tuple[float, ...]] = tuple(people for _, _, people, _ in header["regencies"])
        weights = [(people * villages) ** PRIOR_POWER for _, _, people, villages in header["regencies"]]
        self.prior: Final[tuple[float, ...]] = tuple(weight / sum(weights) for weight in weights)
        self.prior_of_province: Final[dict[str, float]] = dict.fromkeys(by_code, 0.0)
        for regency, share in zip(self.regencies, self.prior, strict=True):
            self.prior_of_province[regency.province_code] += share
        self.regency_number: Final = {regency.code: at for at, regency in enumerate(self.regencies)}
        province_number = {province.code: at for at, province in enumerate(self.provinces)}
        self.regency_province: Final = tuple(province_number[regency.province_code] for regency in self.regencies)
        self.regencies_of_province: Final = tuple(
            tuple(at for at, of in enumerate(self.regency_province) if of == province)
            for province in range(len(self.provinces))
        )

    def entries(self, where: int) -> array[int]:
        """The packed entries behind an index value."""
        start = where >> 10
        return self.postings[start : start + (where & 1023)]

    def regency_of(self, entry: int) -> int | None:
        """The number of the regency of an entry; None for a province."""
        level, number = unpack(entry)
        if level == REGENCY:
            return number
        if level == DISTRICT:
            return self.district_regency[number]
        if level == VILLAGE:
            return self.district_regency[self.village_district[number]]
        if level == ALIAS:
            return self.aliases[number].regency
        return None

    def district_code(self, number: int) -> str:
        """``PP.KK.CC``."""
        return f"{self.regencies[self.district_regency[number]].code}.{self._district_number[number]:02d}"

    def district_name(self, number: int) -> str:
        """The official name."""
        return self._district_names[number]

    def village_code(self, number: int) -> str:
        """``PP.KK.CC.DDDD``."""
        return f"{self.district_code(self.village_district[number])}.{self.village_number[number]:04d}"

    def village_name(self, number: int) -> str:
        """The official name."""
        starts = self._village_starts
        return self._village_names[starts[number] : starts[number + 1] - 1].decode()

    def village_postcode(self, number: int) -> int:
        """The postcode as a number; 0 where none is known."""
        return self._village_postcode[number]

    def districts_in(self, regency: int) -> Iterator[int]:
        """The numbers of a regency's districts."""
        of = self.district_regency
        at = bisect_left(of, regency)
        while at < len(of) and of[at] == regency:
            yield at
            at += 1

    def is_one_word(self, where: int) -> bool:
        """Whether a key stands for villages only, all of whose names are officially one word."""
        for entry in self.entries(where):
            level, number = unpack(entry)
            if level != VILLAGE or " " in self.village_name(number) or "-" in self.village_name(number):
                return False
        return True

    def villages_in(self, district: int) -> Iterator[int]:
        """The numbers of a district's villages."""
        of = self.village_district
        at = bisect_left(of, district)
        while at < len(of) and of[at] == district:
            yield at
            at += 1

    def count_villages(self, district: int) -> int:
        """How many villages a district has."""
        return bisect_left(self.village_district, district + 1) - bisect_left(self.village_district, district)

    def regencies_with_postcode(self, postcode: int) -> tuple[int, ...]:
        """The numbers of the regencies that hold a postcode; hardly ever more than one."""
        at = bisect_left(self._postcodes, postcode)
        found = []
        while at < len(self._postcodes) and self._postcodes[at] == postcode:
            found.append(self._postcode_regency[at])
            at += 1
        return tuple(found)

    def district_at(self, code: str) -> int | None:
        """The number of the district with this code."""
        regency = self.regency_number.get(code[:5])
        if regency is None:
            return None
        return next((at for at in self.districts_in(regency) if self.district_code(at) == code), None)


def _numbers(kind: str, data: bytes) -> array[int]:
    numbers = array(kind, data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _line_starts(text: bytes) -> array[int]:
    starts = array("I", [0])
    at = text.find(b"\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find(b"\n", at + 1)
    starts.append(len(text) + 1)
    return starts


def _regency(code: str, name: str, province: Province, capital: str) -> Regency:
    is_city = code[3:] >= "70"
    base = name.removeprefix("Kabupaten ").removeprefix("Kota ").removeprefix("Administrasi ")
    short = ("Kota " if is_city else "Kab. ") + base
    return Regency(code, name, short, base, is_city, province.code, province.name, province.zone, capital)


def read_capitals() -> Iterator[tuple[str, str, float | None, float | None]]:
    """Code, capital, latitude and longitude (None where the source has none) of every regency."""
    with (DATA / "places_capitals.tsv").open(encoding="utf-8") as file:
        next(file)
        for line in file:
            code, capital, lat, lon, _ = line.rstrip("\n").split("\t")
            yield code, capital.split("|")[0], float(lat) if lat else None, float(lon) if lon else None


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The gazetteer of this process, loaded at the first call."""
    return Gazetteer(gzip.decompress((DATA / "gazetteer.bin.gz").read_bytes()))


@lru_cache(maxsize=1)
def regencies() -> Mapping[str, Regency]:
    """Every regency by its code, in the order of the codes."""
    return MappingProxyType({regency.code: regency for regency in gazetteer().regencies})


def provinces() -> tuple[Province, ...]:
    """Every province, in the order of the codes."""
    return gazetteer().provinces


def districts_of(regency: str) -> tuple[District, ...]:
    """The districts of the regency with this code, in the order of the codes; empty for an unknown code."""
    gaz = gazetteer()
    number = gaz.regency_number.get(regency)
    if number is None:
        return ()
    return tuple(District(gaz.district_code(at), gaz.district_name(at)) for at in gaz.districts_in(number))


def villages_of(district: str) -> tuple[Village, ...]:
    """The villages of the district with this code, in the order of the codes; empty for an unknown code."""
    gaz = gazetteer()
    number = gaz.district_at(district)
    if number is None:
        return ()
    return tuple(
        Village(
            gaz.village_code(at), gaz.village_name(at), f"{code:05d}" if (code := gaz.village_postcode(at)) else None
        )
        for at in gaz.villages_in(number)
    )
