"""Where a text tells a person's name: beside a title, an office, a kinship, "bernama" - or a common name by itself.

For masking (``mask``), so it takes too much rather than too little. The office itself is no secret ("Pak Kades"), the name
behind it is; a place behind it ("Kades Tegal Rejo") stays where the caller says which places there are. Streets and
buildings called after somebody ("Jalan Ahmad Yani") stay.

What surprises: in a text all in capitals a capital says nothing, so it is read like one without any; there only listed
names are found by themselves. The list (``data/person_names.tsv``) is of names that are usual, of nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from intake.understand.locate.tokens import CANONICAL
from intake.understand.locate.words import usual_words

_DATA: Final = Path(__file__).with_name("data")
_DAILY: Final = 9.0  # the surprise of words of every day (locate.words)
_MOST_WORDS: Final = 4
#: Nobody has more titles and offices in a row; whoever writes thousands of them wants us to count them again and again.
_MOST_TITLES: Final = 12
_SHOUTED: Final = 0.7

#: After these a name follows for sure, in any letters.
_SELF: Final = re.compile(
    r"(?<!\w)(?:nama\s+(?:saya|sy|lengkap|pelapor)|nama\s*:|bernama|namanya|atas\s+nama|a\.?n\.|ttd|hormat\s+(?:saya|kami)"
    r"|wassalam|salam|pelapor)\s*(?:adalah|ialah)?[ \t]*[:,.]?(?=\s)",
    re.IGNORECASE,
)
_I_AM: Final = frozenset({"saya", "sy", "aku"})
_WORD: Final = re.compile(r"[^\W\d_](?:[\w'’-]|\.(?=[^\W\d_]))*")
_GAP: Final = re.compile(r"\.?[ \t]+")
_LETTERS: Final = re.compile(r"[^\W\d_]")
#: A dot behind a short word is that of "Jl." and "H.".
_SENTENCE_ENDS: Final = re.compile(r"[,;:!?\n\r()\"]|(?<=\w{5})\.\s+(?=[A-Z])")


def _read_lists() -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for line in (_DATA / "person_names.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, _, words = line.partition("\t")
            found[kind] = found.get(kind, frozenset()) | frozenset(words.split())
    return found


_LISTS: Final = _read_lists()
#: Names by themselves; and all of them, with those that are also words.
_SURE: Final = _LISTS["name"]
_LISTED: Final = _LISTS["name"] | _LISTS["also"]
_TITLES: Final = _LISTS["title"]
_DOUBTFUL: Final = _LISTS["doubtful"]
_OFFICES: Final = _LISTS["office"]
_BETWEEN: Final = _LISTS["between"]
_NEVER: Final = _LISTS["never"]
_PLACES: Final = _LISTS["place"]
_BEFORE_A_PLACE_NAME: Final = _LISTS["before"] | _DOUBTFUL
_ANY_TITLE: Final = _TITLES | _DOUBTFUL
_BEFORE_A_NAME: Final = _BETWEEN | _OFFICES | _TITLES


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    low: str
    is_capital: bool
    follows: bool  # nothing but a space, or a dot and a space, between the word before and this one


def find_names(text: str, *, places: Iterable[str] = ()) -> list[tuple[int, int]]:
    """Where names stand, as (start, end), in order and apart. ``places``: names of places that are none."""
    apart: list[tuple[int, int]] = []
    for start, end in sorted(_find(text, places)):
        if apart and start < apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart


def _find(text: str, places: Iterable[str]) -> Iterator[tuple[int, int]]:
    known_places = frozenset(_key(place) for place in places)
    words = _words_of(text)
    starts = {word.start: number for number, word in enumerate(words)}
    for told in _SELF.finditer(text):
        first = next((starts[at] for at in range(told.end(), min(len(text), told.end() + 3)) if at in starts), None)
        if first is not None:
            yield from _span(words, first, _told_of_self)
    for number, word in enumerate(words):
        base = word.low.removesuffix("nya") or word.low
        if word.low in _TITLES or word.low in _DOUBTFUL:
            yield from _after_title(text, words, number, known_places)
        elif base in _OFFICES:
            yield from _after_office(words, number + 1, known_places)
        elif word.low in _I_AM:
            yield from _span(words, number + 1, _is_listed_capital)
        elif _is_sure(word) and not _is_of_a_place(text, word.start):
            yield from _by_itself(words, number, known_places)


def _words_of(text: str) -> list[_Word]:
    letters = _LETTERS.findall(text)
    shouted = len(letters) > 3 and sum(letter.isupper() for letter in letters) > _SHOUTED * len(letters)
    words: list[_Word] = []
    for found in _WORD.finditer(text):
        gap = text[words[-1].end : found.start()] if words else ""
        words.append(
            _Word(
                found.start(), found.end(), found[0].lower().strip("'’-"),
                is_capital=found[0][0].isupper() and not shouted, follows=_GAP.fullmatch(gap) is not None,
            )
        )  # fmt: skip
    return words


def _span(words: list[_Word], first: int, begins: Callable[[_Word], bool]) -> Iterator[tuple[int, int]]:
    """The name whose first word is this one, if it begins one."""
    if first >= len(words) or not begins(words[first]):
        return
    last = first
    while last + 1 < len(words) and last + 1 < first + _MOST_WORDS and _goes_on(words, last + 1):
        last += 1
    yield words[first].start, words[last].end


def _goes_on(words: list[_Word], number: int) -> bool:
    word = words[number]
    if not word.follows or _is_no_name(word):
        return False
    if word.low in {"bin", "binti"}:
        return number + 1 < len(words)
    return word.is_capital or word.low in _LISTED


def _is_no_name(word: _Word) -> bool:
    base = word.low.removesuffix("nya")
    return word.low in _NEVER or base in _OFFICES or word.low in _PLACES


def _told_of_self(word: _Word) -> bool:
    if word.low in _NEVER - {"warga"}:
        return False
    return word.is_capital or word.low in _LISTED or not (_is_no_name(word) or _is_daily(word))


def _called(word: _Word) -> bool:
    if _is_no_name(word):
        return False
    return word.is_capital or word.low in _LISTED or not _is_daily(word)


def _is_listed_or_capital(word: _Word) -> bool:
    return word.low in _LISTED or (word.is_capital and not _is_no_name(word) and not _is_daily(word))


def _is_listed_capital(word: _Word) -> bool:
    return word.low in (_LISTED if word.is_capital else _SURE)


def _is_sure(word: _Word) -> bool:
    return word.low in _SURE


def _is_daily(word: _Word) -> bool:
    """Whether everybody says this word every day; a listed name is not one."""
    if word.low in _LISTED:
        return False
    return usual_words().get(CANONICAL.get(word.low, word.low), 99.0) <= _DAILY


def _after_title(text: str, words: list[_Word], number: int, places: frozenset[str]) -> Iterator[tuple[int, int]]:
    title = words[number]
    first = number + 1
    while first < len(words) and words[first].follows and words[first].low in _ANY_TITLE:
        first += 1
        if first - number > _MOST_TITLES:
            return  # found by its last titles
    if first >= len(words) or not words[first].follows:
        return
    if words[first].low.removesuffix("nya") in _OFFICES:
        yield from _after_office(words, first + 1, places)
    elif title.low not in _BEFORE_A_PLACE_NAME or not _is_of_a_place(text, title.start):
        yield from _span(words, first, _called if title.low in _TITLES else _is_listed_or_capital)


def _after_office(words: list[_Word], first: int, places: frozenset[str]) -> Iterator[tuple[int, int]]:
    last = first + _MOST_TITLES
    while first < len(words) and words[first].low in _BEFORE_A_NAME and words[first].follows:
        if words[first].low in _TITLES or first == last:
            return  # found by its title, or by its last office
        first += 1
    first = _behind_place(words, first, places)
    if first < len(words) and words[first].follows:
        yield from _span(words, first, _is_listed_or_capital)


def _behind_place(words: list[_Word], first: int, places: frozenset[str]) -> int:
    """The first word behind a place's name, or the same when none stands there."""
    for count in range(_MOST_WORDS, 0, -1):
        some = words[first : first + count]
        is_place = "".join(word.low for word in some) in places and all(word.follows for word in some)
        if len(some) == count and is_place and not any(map(_is_sure, some)):
            return first + count
    return first


def _ends_place(words: list[_Word], end: int, places: frozenset[str]) -> bool:
    """Whether the words before this one are a place's name."""
    before = [words[max(0, end - count) : end] for count in range(1, _MOST_WORDS + 1)]
    return any("".join(word.low for word in some) in places for some in before)


def _by_itself(words: list[_Word], number: int, places: frozenset[str]) -> Iterator[tuple[int, int]]:
    """A listed name with a capital; without one only beside another."""
    word = words[number]
    beside = [words[at] for at in (number + 1,) if at < len(words) and words[at].follows]
    if not (word.is_capital or any(each.low in _LISTED for each in beside)):
        return
    if _behind_place(words, number, places) == number:
        before = number
        # Names of the list are not always the first of a name: "Maruli Siregar".
        while before and words[before].follows and words[before - 1].is_capital and number - before < _MOST_WORDS:
            earlier = words[before - 1]
            if _is_no_name(earlier) or _is_daily(earlier) or earlier.low in _TITLES | _DOUBTFUL:
                break
            if _ends_place(words, before, places):
                break
            before -= 1
        for _, end in _span(words, number, lambda _: True):
            yield words[before].start, end


def _is_of_a_place(text: str, start: int) -> bool:
    """Whether what stands here is called after somebody: a street, a school, a mosque."""
    near = text[max(0, start - 40) : start]
    ends = [found.end() for found in _SENTENCE_ENDS.finditer(near)]
    low = [each[0].lower() for each in _WORD.finditer(near[ends[-1] if ends else 0 :])]
    while low and (low[-1] in _BEFORE_A_PLACE_NAME or low[-1] in _LISTED):
        low.pop()
    return bool(low) and low[-1] in _PLACES


def _key(place: str) -> str:
    return "".join(word[0].lower() for word in _WORD.finditer(place))
