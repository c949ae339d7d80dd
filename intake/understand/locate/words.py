"""How usual a word is in a citizen's message: what keeps "desa baru", "bisa" and "tolong" (three villages) words.

Measured in nats of surprise: -log of how often the word stands where any word may stand. The table is the project's own
(``places_words.tsv``); a word it does not hold is rare, the rarer the longer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from intake.understand.locate.gazetteer import DATA
from intake.understand.locate.tokens import CANONICAL

SURPRISE_OF_TIER: Final = {"1": 7.0, "2": 9.0, "3": 11.0, "4": 12.0}
_UNLISTED_BY_LENGTH: Final = (6.0, 7.0, 8.5, 10.5, 13.0, 14.0, 14.5, 14.5)
NUMBER: Final = 6.0
_ENDINGS: Final = ("nya", "lah", "kah", "kan")
_BEGINNINGS: Final = (
    "meng",
    "mem",
    "men",
    "meny",
    "ber",
    "ter",
    "per",
    "peng",
    "pem",
    "pen",
    "di",
    "ke",
    "se",
    "me",
    "pe",
)


@lru_cache(maxsize=1)
def usual_words() -> dict[str, float]:
    """Every listed word with its surprise."""
    words: dict[str, float] = {}
    with (DATA / "places_words.tsv").open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            tier, _, listed = line.partition("\t")
            if tier == "phrase":
                continue
            for word in listed.split():
                word = CANONICAL.get(word, word)
                words[word] = min(words.get(word, 99.0), SURPRISE_OF_TIER[tier])
    return words


@lru_cache(maxsize=1)
def usual_phrases() -> frozenset[str]:
    """The keys of everyday phrases that are also names."""
    with (DATA / "places_words.tsv").open(encoding="utf-8") as file:
        lines = [line.partition("\t")[2].split() for line in file if line.startswith("phrase\t")]
    return frozenset(
        "".join(CANONICAL.get(word, word) for word in phrase.split("+")) for line in lines for phrase in line
    )


@lru_cache(maxsize=16_384)
def surprise(word: str) -> float:
    """How surprising this word is, 6 (a number) to 14.5 (a rare name)."""
    if word.isdigit():
        return NUMBER
    words = usual_words()
    known = words.get(word)
    if known is not None:
        return known
    for stem in _stems(word):
        known = words.get(stem)
        if known is not None:
            return max(11.0, known + 1.5)
    return _UNLISTED_BY_LENGTH[min(len(word), 7)]


def _stems(word: str) -> list[str]:
    """The word without one ending, one beginning, or both; long words only, so that names stay names."""
    found: list[str] = []
    if len(word) < 6:
        return found
    bases = [word]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            bases.append(word[: -len(ending)])
            found.append(bases[-1])
    for base in bases:
        found += [base[len(b) :] for b in _BEGINNINGS if base.startswith(b) and len(base) - len(b) >= 4]
    return found
