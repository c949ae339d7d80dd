"""Fit what a raw probability of the place resolver is worth, and write ``places_calibration.json``.

    python bench/calibrate_locate.py           prints the curve and its errors (five folds), writes nothing
    python bench/calibrate_locate.py --write   writes the curve

Fitted on the two real development sets and the hand-written development reports: for every text with a candidate, the
raw probability of the likeliest regency and whether it was the one. The curve is isotonic (pool adjacent violators),
then pulled towards the straight line where there is little data, and kept as a few points.

What surprises: reports of the PetaBencana set whose text names no place carry the regency of the phone. Where
such a text is read as surely naming another regency, the label says nothing about the reading: those above 0.9 are
left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.locate import calibration_error, read_csv, read_hand  # noqa: E402
from intake.understand.locate import gazetteer, resolver  # noqa: E402
from intake.understand.locate.calibration import Calibration  # noqa: E402
from intake.understand.locate.gazetteer import DATA  # noqa: E402

POINTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
PULL = 6.0  # as many observations as the straight line is worth in every bin
ALONE = 0.75  # the curve is fitted where the likeliest holds this much of all that was spoken of: not on ties
Pair = tuple[float, bool, list[float], float]


def observe() -> list[Pair]:
    """(raw probability, right, those of the others, raw sum of all spoken of) of every text with a candidate."""
    pairs: list[Pair] = []

    def add(text: str, regency: str | None, *, trusted: bool = True) -> None:
        weighed = resolver.weigh_text(text)
        top = max(weighed.probabilities.items(), key=lambda item: (item[1], -item[0]), default=None)
        if top is not None and (trusted or top[1] < 0.9):
            others = [mass for number, mass in weighed.probabilities.items() if number != top[0]]
            pairs.append((top[1], gazetteer().regencies[top[0]].code == regency, others, 1 - weighed.rest))

    for row in read_csv("bnpb_floods_2021_dev.csv"):
        if row["label_agrees"] == "True":
            add(row["text"], row["regency_code"])
    for row in read_csv("petabencana_2020_dev.csv"):
        named = row["resolvable"] == "True"
        add(row["text"], row["regency_code"], trusted=named)
    for row in read_hand("locate_dev.jsonl"):
        add(row["text"], row["regency"])
    return pairs


def fit(pairs: list[Pair]) -> Calibration:
    """A rising curve through the observations."""
    pairs = [pair for pair in pairs if pair[0] >= ALONE * pair[3]]
    edges = list(pairwise(POINTS))
    blocks: list[list[float]] = []  # sum of raw, sum of right, weight
    for low, high in edges:
        inside = [pair for pair in pairs if low <= pair[0] < high or (high == 1.0 and pair[0] == 1.0)]
        weight = len(inside)
        middle = sum(pair[0] for pair in inside) / weight if weight else (low + high) / 2
        right = sum(pair[1] for pair in inside)
        blocks.append([middle * (weight + PULL), right + middle * PULL, weight + PULL])
    pooled: list[list[float]] = []
    for block in blocks:
        pooled.append(block)
        while len(pooled) > 1 and pooled[-2][1] / pooled[-2][2] >= pooled[-1][1] / pooled[-1][2]:
            last = pooled.pop()
            pooled[-1] = [a + b for a, b in zip(pooled[-1], last, strict=True)]
    raw = [0.0, *(round(block[0] / block[2], 4) for block in pooled), 1.0]
    real = [0.0, *(round(block[1] / block[2], 4) for block in pooled)]
    real.append(max(real[-1], 0.995))
    version = hashlib.sha256(json.dumps([raw, real]).encode()).hexdigest()[:8]
    return Calibration(version, tuple(raw), tuple(real))


def error_in_folds(pairs: list[Pair], folds: int = 5) -> float:
    """The calibration error of curves fitted without the fold they are tried on."""
    shuffled = pairs[:]
    random.Random(1).shuffle(shuffled)
    tried = []
    for fold in range(folds):
        curve = fit([pair for at, pair in enumerate(shuffled) if at % folds != fold])
        tried += [
            (curve.apply(p, o, spoken), ok) for at, (p, ok, o, spoken) in enumerate(shuffled) if at % folds == fold
        ]
    return calibration_error(tried)


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the calibration of the place resolver.")
    parser.add_argument("--write", action="store_true")
    pairs = observe()
    if len(pairs) < 500:
        sys.exit("the development sets are not here (SAHUT_SHARED_DATA)")
    curve = fit(pairs)
    as_it_is = calibration_error((p, ok) for p, ok, _, _ in pairs)
    print(f"{len(pairs)} observations; error as it is {as_it_is}, in five folds {error_in_folds(pairs)}")
    for raw, real in zip(curve.raw, curve.real, strict=True):
        print(f"    {raw:.4f} → {real:.4f}")
    if parser.parse_args().write:
        told = {"version": curve.version, "raw": curve.raw, "real": curve.real}
        (DATA / "places_calibration.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
