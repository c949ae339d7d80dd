"""What a linear model sees of a reading: a few dozen dense numbers and hashed words.

The order of the dense numbers is part of a model's format: ``FEATURES_VERSION`` changes with it, and a model trained on
another version is refused. Words are hashed, so that a model trained from people's reports carries no word of them.
"""

from __future__ import annotations

import re
from math import log1p, sqrt
from zlib import crc32

from intake.understand.classify.lexicon import CUES, Lexicon, Reading

FEATURES_VERSION = 3
HASH_BITS = 18
_MASK = (1 << HASH_BITS) - 1
_FIRST, _LAST = b"^", b"$"
_MAX_WORDS, _CACHE_ROOTS = 1_500, 6_000
_CLOSING_WORDS = 6
_LINK = re.compile(
    r"https?:|www\.|\b(?:bit\.ly|wa\.me|t\.me|s\.id|linktr\.ee|shp\.ee)\b|\.(?:com|net|xyz|top|click|info|site|vip|online)\b"
)
SURFACE = (
    "question",
    "exclaim",
    "asks last",
    "link",
    "phone",
    "money",
    "short",
    "long",
    "words",
    "topical",
    "margin",
    "danger",
    "unsaid",
    "closing",
    "price",
    "percent",
    "code",
)
_DOT_INSIDE = re.compile(r"\.[a-z]")
"""Without it there is no link but one of those two: most texts are spared the longer search."""
_DIGIT = re.compile(r"\d")
_PRICE = re.compile(r"\d ?(?:rb|rban|ribuan|ribu|jt|jtan|jutaan|juta|k)\b")
_RUPIAH = re.compile(r"rp[. ]{0,2}\d")
_PERCENT = re.compile(r"\d ?(?:%|persen)")
_CODE = re.compile(r"\d(?<![\d.,-]\d)(?:\d{3,7}|\d\d[- ]\d{3})(?![\d.,-])")
_PHONE = re.compile(r"(?:\+?62|0)8\d[\d -]{7,13}")


_SPAM = slice(CUES.index("spam.iklan"), CUES.index("spam.pribadi") + 1)
_DANGER = slice(CUES.index("urg.bahaya"), CUES.index("urg.kiasan") + 1)


def dense_names(lexicon: Lexicon) -> tuple[str, ...]:
    """Return the names of the dense numbers, in order."""
    return (*(f"group.{group}" for group in lexicon.groups), *CUES, *SURFACE)


def dense(reading: Reading) -> list[float]:
    """Return the dense numbers of ``reading``: group scores, cue scores, and how the text looks."""
    groups = [sqrt(score) for score in reading.groups]
    said = reading.scores[-len(CUES) :]
    cues = [log1p(score) if score > 0 else 0.0 for score in said]
    text, count = reading.text, len(reading.words)
    second, first = sorted(groups)[-2:]
    digits = _DIGIT.search(text) is not None
    surface = [
        1.0 if "?" in text else 0.0,
        1.0 if "!" in text else 0.0,
        1.0 if text.rstrip().endswith("?") else 0.0,
        1.0 if ("http" in text or "www." in text or _DOT_INSIDE.search(text)) and _LINK.search(text) else 0.0,
        1.0 if ("08" in text or "628" in text) and _PHONE.search(text) else 0.0,
        1.0 if "rp" in text or "ribu" in reading.words or "juta" in reading.words else 0.0,
        1.0 if count < 8 else 0.0,
        1.0 if count > 80 else 0.0,
        log1p(count),
        first,
        first - second,
        danger(said),
        sqrt(max(0.0, max(said[_SPAM]) - 0.5 * max(reading.groups))),
        1.0 if closes_with_thanks(reading.roots) else 0.0,
        1.0 if digits and (_PRICE.search(text) or ("rp" in text and _RUPIAH.search(text))) else 0.0,
        1.0 if digits and ("%" in text or "persen" in text) and _PERCENT.search(text) else 0.0,
        1.0 if digits and _CODE.search(text) else 0.0,
    ]
    return groups + cues + surface


def closes_with_thanks(roots: list[str]) -> bool:
    """Whether thanks stand at the very end and nowhere else: good manners, not what the message is about."""
    tail = roots[-_CLOSING_WORDS:]
    return (
        len(roots) > len(tail) // 2
        and "kasih" in tail
        and "kasih" not in roots[:-_CLOSING_WORDS]
        and roots[0] != "terima"
    )


def danger(said: list[float]) -> float:
    """Return how much of the cues' scores speaks for danger to somebody now, less what speaks for past or maybe."""
    harm, now, people, past, maybe, figure = said[_DANGER]
    if not harm:
        return 0.0
    return sqrt(max(0.0, harm + 0.7 * now + 0.5 * people - past - maybe - 2 * figure))


class _Coded(dict[str, tuple[int, bytes]]):
    """Roots as the hash needs them: the checksum of the root alone, and its letters after a blank."""

    def __missing__(self, root: str) -> tuple[int, bytes]:
        if len(self) >= _CACHE_ROOTS:
            self.clear()
        letters = root.encode()
        coded = self[root] = (crc32(letters), b" " + letters)
        return coded


_coded = _Coded()


def hashed(reading: Reading) -> set[int]:
    """Return the hashes of the roots, of the pairs of neighbouring roots, and of the first and last root as such."""
    roots, previous = reading.roots, 0
    if not roots:
        return set()
    found = {crc32(_FIRST + roots[0].encode()) & _MASK, crc32(_LAST + roots[-1].encode()) & _MASK}
    add = found.add
    for alone, letters in map(_coded.__getitem__, roots[:_MAX_WORDS]):
        add(alone & _MASK)
        add(crc32(letters, previous) & _MASK)
        previous = alone
    return found


def word_hash(*roots: str) -> int:
    """Return the hash under which a root, or a pair of roots, is known to a model."""
    return crc32(" ".join(roots).encode()) & _MASK
