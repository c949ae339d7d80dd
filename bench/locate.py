"""How well and how fast places are resolved: every row of the promise, measured.

    python bench/locate.py            the table
    python bench/locate.py --json     the same, for machines
    python bench/locate.py --heldout  with the hand-written reports that nobody tunes on (aggregate figures only)

The two real sets are read from ``SAHUT_SHARED_DATA`` (``../shared/data``); without them their rows are left out.
Figures: *coverage* = answered of those that have a regency to answer; *accuracy* = right of those answered; *ask
recall* = not answered of those that are truly ambiguous; *ask precision* = truly ambiguous of those asked. Times are
CPU times of one process.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.understand.locate import explain_in_words, gazetteer, locate  # noqa: E402

SHARED = Path(os.environ.get("SAHUT_SHARED_DATA", ROOT / ".." / "shared" / "data"))
HAND = ROOT / "bench" / "data"
Row = dict[str, Any]


def read_csv(name: str) -> list[Row]:
    path = SHARED / "places" / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_hand(name: str) -> list[Row]:
    path = HAND / name
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        if path.exists()
        else []
    )


def score_real(rows: list[Row]) -> Row:
    """Right of all, answered, right of answered."""
    found = [locate(row["text"]) for row in rows]
    answered = [(place, row) for place, row in zip(found, rows, strict=True) if place.decision == "decided"]
    right = sum(place.regency == row["regency_code"] for place, row in answered)
    return {
        "n": len(rows),
        "answered": round(len(answered) / len(rows), 4),
        "right_of_all": round(right / len(rows), 4),
        "right_of_answered": round(right / len(answered), 4) if answered else None,
    }


def score_hand(rows: list[Row]) -> Row:
    """Coverage, accuracy, ask recall and precision; by class too."""
    found = [(locate(row["text"]), row) for row in rows]
    answerable = [(place, row) for place, row in found if row["expect"] == "decided"]
    answered = [(place, row) for place, row in found if place.decision == "decided"]
    ambiguous = [place for place, row in found if row["expect"] == "ask"]
    asked = [(place, row) for place, row in found if place.decision == "ask"]
    nowhere = [place for place, row in found if row["expect"] == "none"]
    by_class: dict[str, Counter[str]] = defaultdict(Counter)
    for place, row in found:
        by_class[row["class"]]["n"] += 1
        by_class[row["class"]]["as_expected"] += place.decision == row["expect"] and place.regency == row["regency"]
    return {
        "n": len(rows),
        "coverage": ratio(sum(place.decision == "decided" for place, _ in answerable), len(answerable)),
        "accuracy": ratio(sum(place.regency == row["regency"] for place, row in answered), len(answered)),
        "ask_recall": ratio(sum(place.decision != "decided" for place in ambiguous), len(ambiguous)),
        "ask_precision": ratio(sum(row["expect"] == "ask" for _, row in asked), len(asked)),
        "none_not_answered": ratio(sum(place.decision != "decided" for place in nowhere), len(nowhere)),
        "as_expected": ratio(sum(count["as_expected"] for count in by_class.values()), len(rows)),
        "by_class": {name: f"{count['as_expected']}/{count['n']}" for name, count in sorted(by_class.items())},
    }


def ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def calibration_error(pairs: Iterable[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error: how far the stated probability is from the share that was right, over ten bins."""
    sorted_into: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    count = 0
    for probability, right in pairs:
        sorted_into[min(bins - 1, int(probability * bins))].append((probability, right))
        count += 1
    off = sum(abs(sum(p for p, _ in box) - sum(right for _, right in box)) for box in sorted_into)
    return round(off / max(count, 1), 4)


def stated(rows: list[Row]) -> list[tuple[float, bool]]:
    """The stated probability of the likeliest regency, and whether it is the one, where any is named."""
    pairs = []
    for row in rows:
        place = locate(row["text"])
        if place.candidates:
            pairs.append((place.probability, place.candidates[0].regency == row["regency_code"]))
    return pairs


def score_shared_names() -> Row:
    """Of names that several regencies share officially, the share that is decided although one should ask.

    A watch on everything that favours the better known of two places. Every fifth name of a village, all of districts.
    """
    gaz = gazetteer()
    holders: dict[str, dict[str, set[int]]] = {"desa": defaultdict(set), "kec": defaultdict(set)}
    for number, district in enumerate(gaz.village_district):
        holders["desa"][gaz.village_name(number)].add(gaz.district_regency[district])
    for number, regency in enumerate(gaz.district_regency):
        holders["kec"][gaz.district_name(number)].add(regency)
    shared = {cue: sorted(name for name, of in by_name.items() if len(of) > 1) for cue, by_name in holders.items()}
    asked = {
        "desa": [f"jalan rusak di desa {name}" for name in shared["desa"][::5]],
        "kecamatan": [f"jalan rusak di kec {name}" for name in shared["kec"]],
        "district uncued": [f"jalan rusak di {name}" for name in shared["kec"]],
    }
    return {
        what: ratio(sum(locate(t).decision == "decided" for t in texts), len(texts)) for what, texts in asked.items()
    }


ATTACKS = {
    "tanjung": "tanjung " * 1250,
    "one letter": "a " * 5000,
    "no space": "a" * 10_000,
    "desa sidomulyo": "desa sidomulyo " * 667,
    "tanjung baru of all kinds": "kec tanjung baru kel suka maju desa sumber sari kampung jaya " * 165,
    "digits": "1 2 3 4 5 6 7 8 9 0 " * 500,
    "typos after cues": "kec sukmajaaya desa tanjnug kab bandnug " * 250,
    "distinct typos": " ".join(
        f"kec {chr(97 + i % 26)}{chr(97 + i * 7 % 26)}ka{chr(97 + i * 3 % 26)}an{chr(97 + i * 11 % 26)}ri"
        for i in range(770)
    ),
    "humps": "KecSukaDesaTanjung" * 555,
    "accents": "é" * 10_000,
    "coordinates": "-6.2 , " * 1400,
}


def cpu(text: str) -> float:
    start = time.process_time_ns()
    explain_in_words(locate(text))
    return (time.process_time_ns() - start) / 1e6


def measure_speed(texts: list[str]) -> Row:
    short = [t for t in texts if 100 <= len(t) <= 160] or ["jalan rusak di desa tegal rejo kec lawang kidul muara enim"]
    long = []
    for at in range(150):
        text = " ".join(texts[(at * 7 + step) % len(texts)] for step in range(12))
        long.append(text[:1000])
    for text in short[:200]:
        locate(text)
    times_short = [cpu(text) for text in short[:600]]
    times_long = [cpu(text) for text in long * 3]
    attacks = {name: round(median(cpu(text[:10_000]) for _ in range(3)), 2) for name, text in ATTACKS.items()}
    return {
        "ms_160_p50": round(median(times_short), 3),
        "ms_1000_p50": round(median(times_long), 3),
        "ms_1000_p99": round(quantiles(times_long, n=100)[98], 3),
        "ms_worst_10000": max(attacks.values()),
        "ms_attacks": attacks,
    }


LOAD = """
import os, resource, time
from intake.understand.locate import types
import rapidfuzz.distance, gzip, json
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
from intake.understand.locate import gazetteer, locate
before = rss(); start = time.process_time()
gazetteer(); locate("")
load = (time.process_time() - start) * 1e3
print(round(load, 1), round(rss() - before, 1))
"""


def measure_load() -> Row:
    runs = [
        subprocess.run(
            [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.split()
        for _ in range(5)
    ]
    return {"ms_load": median(float(run[0]) for run in runs), "mb_added": median(float(run[1]) for run in runs)}


def collect(*, heldout: bool) -> Row:
    gazetteer()
    bnpb, peta = read_csv("bnpb_floods_2021_dev.csv"), read_csv("petabencana_2020_dev.csv")
    table: Row = {}
    if bnpb:
        table["bnpb, label agrees"] = score_real([row for row in bnpb if row["label_agrees"] == "True"])
    if peta:
        named = [row for row in peta if row["resolvable"] == "True"]
        table["petabencana, resolvable"] = score_real(named)
        table["petabencana, not resolvable"] = score_real([row for row in peta if row["resolvable"] != "True"])
        agreeing = [row for row in bnpb if row["label_agrees"] == "True"]
        table["calibration error"] = {
            "bnpb": calibration_error(stated(agreeing)),
            "petabencana, resolvable": calibration_error(stated(named)),
            "both": calibration_error(stated(agreeing) + stated(named)),
        }
    for name, file in [
        ("hand dev", "locate_dev.jsonl"),
        *([("hand held out", "locate_heldout.jsonl")] if heldout else []),
    ]:
        if rows := read_hand(file):
            table[name] = score_hand(rows)
    table["shared names decided"] = score_shared_names()
    texts = [row["text"] for row in peta + read_hand("locate_dev.jsonl")]
    if texts:
        table["speed"] = measure_speed(texts)
    table["load"] = measure_load()
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the place resolver.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--heldout", action="store_true")
    asked = parser.parse_args()
    table = collect(heldout=asked.heldout)
    if asked.json:
        print(json.dumps(table, indent=1))
        return
    for name, figures in table.items():
        print(name)
        for figure, value in figures.items():
            print(f"    {figure:22} {value}")


if __name__ == "__main__":
    main()
