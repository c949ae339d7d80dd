"""Spell a message the way a dictionary would, so that words can be matched.

For matching words only. It must never run before a place is resolved: "wetan", "karo" or "pa" are slang to this module
and parts of place names to the gazetteer. Nothing here shows its result to a person.

What surprises: digits that stand for a doubled word ("jalan2") and doubled words ("jalan-jalan") both become the single
word, because topics do not depend on it; repeated letters are cut ("parahhhh"), but a doubled letter inside a word the
spelling list knows stays.
"""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from itertools import chain

MAX_LENGTH_CHARS = 10_000
"""Longer texts are read from both ends: what somebody wants stands at the start or at the end."""
_HEAD_CHARS, _TAIL_CHARS = 7_000, 3_000

_WORD = re.compile(r"[^\W_]+")
_DOUBLED = re.compile(r"\b([^\W\d_]{2,20})-(?:\1)(?!\w)|\b([^\W\d_]{2,20})-(?=\2)")
_REPEATED = re.compile(r"([^\W\d_])\1{2,}")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_CACHE_WORDS = 6_000
_MONEY_UNIT = {"rb", "ribu", "jt", "juta", "k", "rbu", "jta", "m"}


def clean(text: str) -> str:
    """Return ``text`` in one Unicode form, lower case, without invisible marks, at most ``MAX_LENGTH_CHARS`` long."""
    if len(text) > MAX_LENGTH_CHARS:
        text = f"{text[:_HEAD_CHARS]} {text[-_TAIL_CHARS:]}"
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))[:MAX_LENGTH_CHARS]
    return text.lower()


def read_table(name: str) -> list[str]:
    """Return the lines of a file of ``intake/understand/data``; raises ``FileNotFoundError``."""
    return read_data(name).splitlines()


def read_data(name: str) -> str:
    """Return what a file of ``intake/understand/data`` holds; raises ``FileNotFoundError``."""
    # os.path, not pathlib or importlib.resources: those two cost more time to import than everything else here together
    path = os.path.join(os.path.dirname(__file__), "data", name)  # noqa: PTH118, PTH120
    with open(path, encoding="utf-8") as table:  # noqa: PTH123
        return table.read()


@functools.cache
def spelling() -> dict[str, tuple[str, ...]]:
    """Return written form → words, from ``data/classify_spelling.tsv``."""
    table: dict[str, tuple[str, ...]] = {}
    for line in read_table("classify_spelling.tsv"):
        if line and line[0] != "#":
            forms, meaning = line.split("\t")[:2]
            words = tuple(meaning.split())
            for form in forms.split(","):
                table[form.strip()] = words
    return table


def words_of(text: str) -> list[str]:
    """Return the words of a cleaned ``text`` in order, spelled out: "jln2 di kmpg rsk" → jalan di kampung rusak.

    Numbers stay as they are; punctuation is gone. Linear in the length of the text.
    """
    if "-" in text:
        text = _DOUBLED.sub(r"\1", text)
    return list(chain.from_iterable(map(_spelled().__getitem__, _WORD.findall(text))))


class _Spelled(dict[str, tuple[str, ...]]):
    """Written words and what they mean, each found when first asked for; forgets everything when full."""

    def __init__(self, known: dict[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._table = known

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _CACHE_WORDS:
            self.clear()
        meant = self._table.get(word)
        if meant is None:
            plain = word.isalpha() and _REPEATED.search(word) is None
            meant = (word,) if plain else _respell(word, self._table)
        self[word] = meant
        return meant


@functools.cache
def _spelled() -> _Spelled:
    return _Spelled(spelling())


def _respell(word: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Undo repeated letters and reduplication digits in one written word."""
    shorter = _REPEATED.sub(r"\1", word)
    if shorter in known:
        return known[shorter]
    stem = shorter.rstrip("0123456789")
    if stem != shorter and len(stem) > 1 and stem.isalpha():
        digits = shorter[len(stem) :]
        if digits == "2":
            return known.get(stem, (stem,))
        return (*known.get(stem, (stem,)), digits)
    rest = shorter.lstrip("0123456789")
    if rest != shorter and rest in _MONEY_UNIT:
        return (shorter[: len(shorter) - len(rest)], "ribu" if rest[0] in "rk" else "juta")
    if "2" in shorter and len(shorter) > 4:
        head, _, tail = shorter.partition("2")
        if head.isalpha() and tail in ("an", "nya", "kan", "i"):
            return known.get(head, (head,))
    return (shorter,)


def fold(text: str) -> str:
    """Return a form in which two sendings of one message are equal: words only, spelled out, one blank between them."""
    return " ".join(words_of(clean(text)))
