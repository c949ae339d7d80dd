"""What a linear model sees of a reading: a few dozen dense numbers and hashed words.

The order of the dense numbers is part of a model's format: ``FEATURES_VERSION`` changes with it, and a model trained on
another version is refused. Words are hashed, so that a model trained from people's reports carries no word of them.
"""

from __future__ import annotations

import re
from math import log1p
from zlib import crc32

from intake.understand.classify.lexicon import CUES, Lexicon, Reading

FEATURES_VERSION = 1
HASH_BITS = 16
_MASK = (1 << HASH_BITS) - 1
_MAX_WORDS = 1_500
_LINK = re.compile(r"https?:|www\.|\b(?:bit\.ly|wa\.me|t\.me)\b|\.(?:com|net|xyz|top|click|info|site)\b")
SURFACE = ("question", "exclaim", "link", "phone", "money", "short", "long", "words", "topical", "margin")
_PHONE = re.compile(r"(?:\+?62|0)8\d[\d -]{7,13}")


def dense_names(lexicon: Lexicon) -> tuple[str, ...]:
    """Return the names of the dense numbers, in order."""
    return (*(f"group.{group}" for group in lexicon.groups), *CUES, *SURFACE)


def dense(reading: Reading) -> list[float]:
    """Return the dense numbers of ``reading``: group scores, cue scores, and how the text looks."""
    groups = [log1p(score) if score > 0 else 0.0 for score in reading.groups]
    scores = reading.scores
    cues = [log1p(score) if score > 0 else 0.0 for score in scores[-len(CUES) :]]
    text, count = reading.text, len(reading.words)
    first = second = 0.0
    for score in groups:
        if score > first:
            first, second = score, first
        elif score > second:
            second = score
    surface = [
        1.0 if "?" in text else 0.0,
        1.0 if "!" in text else 0.0,
        1.0 if ("." in text or ":" in text) and _LINK.search(text) else 0.0,
        1.0 if "8" in text and _PHONE.search(text) else 0.0,
        1.0 if "rp" in text or "ribu" in reading.words or "juta" in reading.words else 0.0,
        1.0 if count < 8 else 0.0,
        1.0 if count > 80 else 0.0,
        log1p(count),
        first,
        first - second,
    ]
    return groups + cues + surface


def hashed(reading: Reading) -> list[int]:
    """Return the hashes of the roots and of the pairs of neighbouring roots, each once, in order."""
    roots = reading.roots[:_MAX_WORDS]
    found = {crc32(root.encode()) & _MASK: None for root in roots if not root.isdigit()}
    previous = ""
    for root in roots:
        found[crc32(f"{previous} {root}".encode()) & _MASK] = None
        previous = root
    return list(found)


def word_hash(*roots: str) -> int:
    """Return the hash under which a root, or a pair of roots, is known to a model."""
    return crc32(" ".join(roots).encode()) & _MASK
