"""What the classifier promises, measured: `python bench/classify.py [--json] [--half held_out|trained] [--agreement]`.

Texts are the project's own corpus (see bench/data); the held-out half (ids with an odd CRC-32) was never trained on.
`--agreement` says instead how far two people who labelled the same rows, the second without seeing the first, agree.
Resends are simulated as people make them: abbreviated, misspelled, cut off, greeted. Prints no text of any row.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from intake.understand.classify import Classification, classify, taxonomy  # noqa: E402
from intake.understand.duplicates import is_folded_resend  # noqa: E402
from intake.understand.text import fold, spelling  # noqa: E402

CORPUS = ("classify_a.jsonl", "classify_b.jsonl")
SECOND = "classify_second.jsonl"
_COLD_START = """
import resource, time
def rss():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
before, start = rss(), time.perf_counter()
from intake.understand.classify import classify
classify("jalan rusak")
took = time.perf_counter() - start
print(took * 1000, (rss() - before) / 2**20)
"""


def read_rows(*names: str) -> list[dict[str, Any]]:
    """Return the rows of the files of bench/data that are there."""
    paths = [ROOT / "bench" / "data" / name for name in names]
    return [
        json.loads(line)
        for path in paths
        if path.exists()
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]


def read_half(half: str) -> list[dict[str, Any]]:
    """Return the rows of one half of the corpus."""
    from intake.commands.examples import is_held_back

    rows = read_rows(*CORPUS)
    return [row for row in rows if is_held_back(row["id"]) == (half == "held_out")]


def macro_f1(truth: list[str], said: list[str]) -> float:
    """Return the mean F1 over the classes that occur in ``truth``."""
    scores = []
    for name in set(truth):
        right = sum(1 for t, s in zip(truth, said, strict=True) if t == s == name)
        wrong = sum(1 for t, s in zip(truth, said, strict=True) if (t == name) != (s == name))
        scores.append(2 * right / (2 * right + wrong) if right else 0.0)
    return sum(scores) / len(scores)


def measure_quality(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return every quality figure of the issue over ``rows``."""
    topics = taxonomy().topics
    answers = [(row, classify(row["text"], subject=row.get("subject"))) for row in rows]
    real = [(row, answer) for row, answer in answers if not row["not_a_report"]]
    junk = [(row, answer) for row, answer in answers if row["not_a_report"]]
    groups = [topics[row["topic"]].group for row, _ in real]
    said = [answer.group for _, answer in real]
    sure = [(t, s) for t, s, (_, answer) in zip(groups, said, real, strict=True) if answer.confidence >= 0.8]
    truly = [row["urgency"] == "darurat" for row, _ in real]
    called = [answer.urgency == "darurat" for _, answer in real]
    both = sum(1 for t, c in zip(truly, called, strict=True) if t and c)
    asked = [(row, answer) for row, answer in real if _asks_for_secrecy(row)]
    hidden = [(row, answer) for row, answer in real if row["anonymous"]]
    return {
        "rows": len(rows),
        "group macro-F1": macro_f1(groups, said),
        "group accuracy": _share(t == s for t, s in zip(groups, said, strict=True)),
        "accuracy at confidence >= .8": _share(t == s for t, s in sure),
        "share at confidence >= .8": len(sure) / len(real),
        "topic accuracy": _share(row["topic"] == answer.topic for row, answer in real),
        "topic in top three": _share(row["topic"] in {g.code for g in answer.topics} for row, answer in real),
        "type macro-F1": macro_f1([row["type"] for row, _ in real], [answer.type for _, answer in real]),
        "type accuracy": _share(row["type"] == answer.type for row, answer in real),
        "urgency accuracy": _share(row["urgency"] == answer.urgency for row, answer in real),
        "darurat recall": both / max(1, sum(truly)),
        "darurat precision": both / max(1, sum(called)),
        "non-reports recognised": _share(answer.spam for _, answer in junk),
        "non-report reason right": _share(row["not_a_report"] == a.not_a_report for row, a in junk if a.spam),
        "real reports put aside": _share(answer.spam for _, answer in real),
        "secrecy recall": _share(_is_hidden(answer) for _, answer in asked),
        "secrecy precision": _share(row["secret"] or row["anonymous"] for row, answer in real if _is_hidden(answer)),
        "anonymity recall": _share(answer.anonymous for _, answer in hidden),
        "anonymity precision": _share(row["anonymous"] for row, answer in real if answer.anonymous),
    }


def measure_agreement() -> dict[str, tuple[int, float, float]]:
    """Return for each label: rows both labelled, share of equal labels, Cohen's kappa."""
    first = {row["id"]: row for row in read_rows(*CORPUS)}
    topics = taxonomy().topics
    pairs = [(first[row["id"]], row) for row in read_rows(SECOND) if row["id"] in first]
    real = [pair for pair in pairs if not any(row["not_a_report"] or row["topic"] is None for row in pair)]
    asked: dict[str, tuple[list[tuple[dict[str, Any], dict[str, Any]]], Callable[[dict[str, Any]], str]]] = {
        "report or not": (pairs, lambda row: str(bool(row["not_a_report"]))),
        "not_a_report, with reason": (pairs, lambda row: str(row["not_a_report"])),
        "topic group": (real, lambda row: topics[row["topic"]].group),
        "topic": (real, lambda row: str(row["topic"])),
        "type": (real, lambda row: str(row["type"])),
        "urgency": (real, lambda row: str(row["urgency"])),
        "darurat": (real, lambda row: str(row["urgency"] == "darurat")),
        "secret or anonymous": (real, lambda row: str(bool(row["secret"] or row["anonymous"]))),
        "anonymous": (real, lambda row: str(bool(row["anonymous"]))),
    }
    found = {}
    for name, (among, label) in asked.items():
        one, two = [label(pair[0]) for pair in among], [label(pair[1]) for pair in among]
        found[name] = (len(among), _share(a == b for a, b in zip(one, two, strict=True)), cohens_kappa(one, two))
    return found


def cohens_kappa(one: list[str], two: list[str]) -> float:
    """Return how far two labellers agree beyond chance: 1 is always, 0 is as often as chance would have it."""
    if not one:
        return 0.0
    equal = _share(a == b for a, b in zip(one, two, strict=True))
    here, there = Counter(one), Counter(two)
    chance = sum(here[name] * there[name] for name in here) / len(one) ** 2
    return 1.0 if chance == 1 else (equal - chance) / (1 - chance)


def _asks_for_secrecy(row: dict[str, Any]) -> bool:
    """Whether the sender asks; rows that are secret only for what they are about do not count."""
    topics = taxonomy().topics
    about = [topics[code] for code in (row["topic"], *row["also"])]
    return row["anonymous"] or (row["secret"] and not any(topic.secret or topic.group == "HKM" for topic in about))


def _is_hidden(answer: Classification) -> bool:
    return answer.secret or answer.anonymous


def _share(values: Any) -> float:
    found = list(values)
    return sum(map(bool, found)) / len(found) if found else 0.0


def resend(text: str, chance: random.Random) -> str:
    """Return ``text`` as somebody would send it again."""
    kind = chance.choice(("short", "typos", "cut", "greeting", "both"))
    words = text.split()
    if kind in ("short", "both"):
        forms: dict[str, list[str]] = {}
        for form, meaning in spelling().items():
            if len(meaning) == 1:
                forms.setdefault(meaning[0], []).append(form)
        words = [
            chance.choice(forms[word.lower()]) if word.lower() in forms and chance.random() < 0.6 else word
            for word in words
        ]
    if kind in ("typos", "both"):
        for _ in range(max(1, len(words) // 12)):
            place = chance.randrange(len(words))
            if len(words[place]) > 4 and words[place].isalpha():
                letter = chance.randrange(1, len(words[place]) - 1)
                words[place] = words[place][:letter] + words[place][letter + 1 :]
    if kind == "cut" and len(words) > 6:
        words = words[: max(4, int(len(words) * chance.uniform(0.6, 0.95)))]
    if kind == "greeting":
        words = ["Assalamualaikum", "pak,", *words, "terima", "kasih"]
    return " ".join(words)


def measure_duplicates(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return how many simulated resends are found, and how many pairs of different reports are joined."""
    chance = random.Random(7)
    texts = [row["text"] for row in rows if not row["not_a_report"] and len(row["text"].split()) > 4]
    sent = [(text, resend(text, chance)) for text in chance.choices(texts, k=500)]
    found = _share(is_folded_resend(fold(again), fold(text)) for text, again in sent)
    folded = [fold(text) for text in texts]
    pairs = [chance.sample(folded, 2) for _ in range(20_000)]
    start = time.perf_counter()
    joined = _share(is_folded_resend(first, second) for first, second in pairs)
    took = (time.perf_counter() - start) / len(pairs)
    return {"resends found": found, "different reports joined": joined, "compare two, microseconds": took * 1e6}


def measure_speed(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return milliseconds a 300-character text, for load, for the worst text, and megabytes."""
    texts = [(row["text"] * 8)[:300] if len(row["text"]) < 300 else row["text"][:300] for row in rows]
    for text in texts[:50]:
        classify(text)
    start, cpu = time.perf_counter(), time.process_time()
    for text in texts:
        classify(text)
    cpu_ms = (time.process_time() - cpu) / len(texts) * 1000
    wall_ms = (time.perf_counter() - start) / len(texts) * 1000
    chance = random.Random(3)
    worst = 0.0
    letters = "abcdefghijklmnopqrstuvwxyz"
    hostile = (
        "a" * 10_000,
        "jalan " * 1_700,
        " ".join("".join(chance.choices(letters, k=6)) for _ in range(1_500)),
        "-".join(["jalan"] * 1_700),
        "2" * 10_000,
        "08" * 5_000,
        "\u0300" * 10_000,
        "rahasia nama " * 800,
    )
    for text in hostile:
        start = time.perf_counter()
        classify(text)
        worst = max(worst, (time.perf_counter() - start) * 1000)
    loads = [
        subprocess.run([sys.executable, "-c", _COLD_START], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for _ in range(5)
    ]
    milliseconds, megabytes = min(tuple(map(float, line.split())) for line in loads)
    return {
        "300 characters, ms (wall)": wall_ms,
        "300 characters, ms (cpu)": cpu_ms,
        "worst of hostile 10,000 characters, ms": worst,
        "import and load, ms": milliseconds,
        "import and load, MB": megabytes,
        "whole bench, peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


MUST = {
    "group macro-F1": (">=", 0.80),
    "accuracy at confidence >= .8": (">=", 0.95),
    "share at confidence >= .8": (">=", 0.70),
    "type macro-F1": (">=", 0.90),
    "darurat recall": (">=", 0.95),
    "darurat precision": (">=", 0.80),
    "non-reports recognised": (">=", 0.90),
    "real reports put aside": ("<=", 0.005),
    "secrecy recall": (">=", 0.98),
    "resends found": (">=", 0.99),
    "different reports joined": ("<=", 0.001),
    "300 characters, ms (wall)": ("<=", 0.3),
    "import and load, ms": ("<=", 50.0),
    "import and load, MB": ("<=", 15.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--half", choices=("held_out", "trained"), default="held_out")
    parser.add_argument("--agreement", action="store_true")
    asked = parser.parse_args()
    if asked.agreement:
        agreed = measure_agreement()
        if asked.json:
            print(json.dumps(agreed))
            return
        print(f"{'label':<28}{'rows':>6}{'equal':>9}{'kappa':>9}")
        for name, (count, equal, kappa) in agreed.items():
            print(f"{name:<28}{count:>6}{equal:>9.4f}{kappa:>9.4f}")
        return
    rows = read_half(asked.half)
    if not rows:
        sys.exit("no corpus in bench/data")
    figures = measure_quality(rows) | measure_duplicates(rows) | measure_speed(rows)
    if asked.json:
        print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
        return
    print(f"half: {asked.half}; topics in corpus: {len(Counter(row['topic'] for row in rows))}")
    for name, value in figures.items():
        sign, limit = MUST.get(name, ("", 0.0))
        good = value >= limit if sign == ">=" else value <= limit
        verdict = f"  must be {sign} {limit:<6} {'ok' if good else 'MISSED'}" if sign else ""
        print(f"{name:<42}{value:>10.4f}{verdict}")


if __name__ == "__main__":
    main()
