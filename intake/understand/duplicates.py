"""Has this been said before? By the same sender (a resend), or by somebody else about the same thing.

A resend joins the sender's first report and they are told so; what another citizen sends is only ever *suggested* to an
officer. Pure functions: who looks up which earlier messages, and merges, is not decided here.

What surprises: people report three broken lamps with one sentence and change only the street. Two texts that each hold
a number or a telling word that the other lacks are therefore two reports, however alike the rest is.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from intake.understand.classify.lexicon import lexicon
from intake.understand.text import fold, spelling

NEAR_RATIO = 0.75
"""Indel ratio of two normalised texts from which on they may be one text sent twice."""
_CUT_SHARE, _CUT_RATIO = 0.4, 0.88
_TELLING_LETTERS, _SAME_WORD, _SAME_FORM = 4, 70.0, 85.0
_MAX_COMPARED_CHARS = 2_000
_GREETING = frozenset({
    "assalamualaikum", "wassalam", "selamat", "pagi", "siang", "sore", "malam", "bapak", "ibu", "pak", "bu", "yth",
    "kepada", "mohon", "tolong", "terima", "kasih", "admin", "min", "halo", "ditindaklanjuti", "tindak", "lanjut",
    "segera", "wr", "wb", "salam", "lagi", "kirim", "ulang", "maaf", "permisi", "warga", "bupati", "walikota",
})  # fmt: skip


def fingerprint(text: str) -> str:
    """Return 32 hex digits that are equal for texts equal after normalisation; for an index, not for secrecy."""
    return hashlib.blake2b(fold(text).encode(), digest_size=16).hexdigest()


def is_resend(text: str, earlier: str) -> bool:
    """Return whether ``text`` is ``earlier`` sent again by the same person: exact, misspelled, greeted or cut off."""
    return is_folded_resend(fold(text), fold(earlier))


def is_folded_resend(text: str, earlier: str) -> bool:
    """As ``is_resend``, for texts that went through ``text.fold`` already."""
    if text == earlier:
        return True
    first, second = _without_greeting(text[:_MAX_COMPARED_CHARS]), _without_greeting(earlier[:_MAX_COMPARED_CHARS])
    if not first or not second:
        return False
    if Indel.normalized_similarity(first, second, score_cutoff=NEAR_RATIO) < NEAR_RATIO and not _is_cut(first, second):
        return False
    return not _contradict(first.split(), second.split())


def find_resend(text: str, earlier: Iterable[tuple[int, str]]) -> int | None:
    """Return the id of the first of ``earlier`` (id, text; newest first) that ``text`` repeats, or None."""
    folded = fold(text)
    for identity, said in earlier:
        if is_folded_resend(folded, fold(said)):
            return identity
    return None


def trigram_similarity(text: str, other: str) -> float:
    """Return the share of trigrams two texts have in common, 0 to 1, as PostgreSQL's pg_trgm counts it."""
    first, second = _trigrams(text), _trigrams(other)
    if not first or not second:
        return 0.0
    return len(first & second) / len(first | second)


def _trigrams(text: str) -> set[str]:
    found: set[str] = set()
    for word in fold(text).split():
        padded = f"  {word} "
        found.update(padded[place : place + 3] for place in range(len(padded) - 2))
    return found


def _without_greeting(text: str) -> str:
    """Return ``text`` less the polite words at both ends: around a short sentence they are half of what is written."""
    words = text.split()
    start, end = 0, len(words)
    while start < end and words[start] in _GREETING:
        start += 1
    while end > start and words[end - 1] in _GREETING:
        end -= 1
    return " ".join(words[start:end]) or text


def _is_cut(first: str, second: str) -> bool:
    """Whether the shorter text is the other one cut off, as an SMS that lost its second part."""
    short, long = sorted((first, second), key=len)
    if len(short) < _CUT_SHARE * len(long):
        return False
    return Indel.normalized_similarity(short, long[: len(short)]) >= _CUT_RATIO


def _contradict(first: list[str], second: list[str]) -> bool:
    """Whether each text says something that the other does not."""
    only_first, only_second = set(first) - set(second) - _GREETING, set(second) - set(first) - _GREETING
    return _says_more(only_first, only_second, second) and _says_more(only_second, only_first, first)


def _says_more(words: set[str], other_words: set[str], other: list[str]) -> bool:
    """Whether one of ``words`` is neither misspelled among ``other_words`` nor run together with its neighbours."""
    joined = "".join(other)
    for word in words:
        if word.isdigit():
            return True
        if len(word) < _TELLING_LETTERS or word in joined:
            continue
        if any(fuzz.ratio(word, candidate, score_cutoff=_SAME_WORD) for candidate in other_words):
            continue
        if not any(_is_misspelled_form(word, of) or _is_misspelled_form(of, word) for of in other_words):
            return True
    return False


def _is_misspelled_form(word: str, meant: str) -> bool:
    """Whether ``word`` is one letter away from another way of writing ``meant``: "muragkalih" is a child, as "anak" is.

    A word that the lexicon knows is that word: "tiang" is a pole, not "tiyang" (people) misspelled.
    """
    forms = _forms_of().get(meant, ())
    return not lexicon().knows(word) and any(fuzz.ratio(word, form, score_cutoff=_SAME_FORM) for form in forms)


@functools.cache
def _forms_of() -> dict[str, tuple[str, ...]]:
    """Return the longer abbreviations and regional words for each word that has some."""
    forms: dict[str, tuple[str, ...]] = {}
    for form, meaning in spelling().items():
        if len(form) >= _TELLING_LETTERS:
            for word in meaning:
                forms[word] = (*forms.get(word, ()), form)
    return forms
