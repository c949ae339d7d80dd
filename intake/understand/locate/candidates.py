"""The runs of words that may be names: known to the gazetteer as they are written, or near to a name it knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from intake.understand.locate.context import BREAKS, Words
from intake.understand.locate.cues import BEFORE_A_NAME, CUE_OF, Cue
from intake.understand.locate.gains import gain_of
from intake.understand.locate.gazetteer import gazetteer
from intake.understand.locate.readings import Reading, read_misspelt, read_name
from intake.understand.locate.spelling import (
    DISTRICT_NAMES,
    REGENCY_NAMES,
    VILLAGE_NAMES,
    allowed_edits,
    names_beginning,
    near_names,
)
from intake.understand.locate.tokens import Token
from intake.understand.locate.words import surprise

LONGEST_NAME: Final = 6
MOST_LOOKUPS: Final = 24
MOST_LOOKUPS_UNCUED: Final = 6

# Which names a misspelt word is compared with, by the cue before it.
_SCOPES: Final[dict[Cue, tuple[int, ...]]] = {
    Cue.VILLAGE: (VILLAGE_NAMES, DISTRICT_NAMES, REGENCY_NAMES),
    Cue.DISTRICT: (DISTRICT_NAMES, REGENCY_NAMES),
    Cue.KABUPATEN: (REGENCY_NAMES,),
    Cue.KOTA: (REGENCY_NAMES,),
    Cue.PROVINCE: (REGENCY_NAMES,),
}
# Everyday words that often end or begin a name.
_PARTS_OF_NAMES: Final = frozenset(
    {"utara", "selatan", "barat", "timur", "tengah", "hulu", "hilir", "ulu", "ilir", "atas", "bawah", "luar", "dalam"}
    | {"baru", "lama", "raya", "besar", "kecil", "jaya", "indah", "agung", "mulya", "makmur", "sari", "air", "bukit"}
    | {"kota", "tanah", "batu", "gunung", "pulau", "sungai", "tanjung", "muara", "kampung", "dusun", "simpang"}
    | {"1", "2", "3", "4", "5"}
)


class Run(NamedTuple):
    """A run of words from ``first`` that may be a name."""

    first: int
    wheres: tuple[int, ...]  # index values; more than one for a misspelt name near several
    edits: int = 0

    def read(self, cue: Cue) -> Reading:
        return read_misspelt(self.wheres, self.edits, cue) if self.edits else read_name(self.wheres[0], cue)


_GLUED: Final = ("di", "kec", "kel", "kab", "desa", "kota", "ds", "jl", "jln", "jalan", "kp")


def unglue(tokens: list[Token]) -> list[Token]:
    """Split "dikedoya utara" and "kecbojong" where that alone makes a known name."""
    index = gazetteer().index
    whole: list[Token] = []
    for at, token in enumerate(tokens):
        text = token.text
        if len(text) >= 6 and text[0] in "dkj" and text not in index and surprise(text) >= 13:
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            for prefix in _GLUED:
                rest = text[len(prefix) :]
                if (
                    text.startswith(prefix)
                    and len(rest) >= 4
                    and (rest in index or rest + after in index)
                    and surprise(rest) > 11
                ):
                    cut = token.start + len(prefix)
                    whole.append(Token(prefix, token.start, cut, token.gap, token.raw[: len(prefix)]))
                    whole.append(Token(rest, cut, token.end, "", token.raw[len(prefix) :]))
                    break
            else:
                whole.append(token)
        else:
            whole.append(token)
    return whole


# Small words that citizens write apart, and no name begins with: "se mulut" is no Semulut.
_NEVER_FIRST: Final = frozenset({"se", "di", "ke"})


def known_names(words: Words) -> dict[int, list[Run]]:
    """For every end, what the gazetteer knows there."""
    index = gazetteer().index
    never = gazetteer().never_in_names
    look_up = index.get
    texts = words.texts
    count = len(texts)
    ends = list(map(never.__contains__, texts))
    gaps = [token.gap for token in words.tokens]
    runs_on = [
        not ends[at] and (gap == " " or (at > 0 and _runs_on(gap, texts[at - 1]))) for at, gap in enumerate(gaps)
    ]
    found: dict[int, list[Run]] = {}
    for first, word in enumerate(texts):
        where = look_up(word)
        if where is not None and (words.surprises[first] > 7.0 or (first and words.cue_words[first - 1] is not None)):
            found.setdefault(first + 1, []).append(Run(first, (where,)))
        if ends[first] or word in _NEVER_FIRST:
            continue
        key = word
        short = BEFORE_A_NAME.get(word)
        for last in range(first + 1, min(first + LONGEST_NAME, count)):
            if not runs_on[last]:
                break
            key += texts[last]
            where = look_up(key)
            if where is None:
                if short is None:
                    continue
                rest = key[len(word) :]
                where = next((index[long + rest] for long in short if long + rest in index), None)
                if where is None:
                    continue
            found.setdefault(last + 1, []).append(Run(first, (where,)))
    return found


def _runs_on(gap: str, before: str) -> bool:
    """A name runs over spaces and hyphens, over a stop only behind an abbreviation ("Pd. Aren")."""
    if gap in {" ", "", "-"}:
        return True
    if not BREAKS.isdisjoint(gap):
        return False
    return "." not in gap or len(before) <= 3 or before in {"tanjung", "gunung", "sungai", "kepulauan"}


def misspelt_names(words: Words, known: dict[int, list[Run]]) -> Iterator[tuple[int, Run]]:
    """Names that the gazetteer does not know as they are written, near to one that it knows: (end, candidate)."""
    lookups = MOST_LOOKUPS
    unexpected = MOST_LOOKUPS_UNCUED
    covered: list[bool] | None = None
    tokens = words.tokens
    cue_words = words.cue_words
    for first, surprising in enumerate(words.surprises):
        if surprising <= 7:
            continue
        if first and cue_words[first - 1] in _SCOPES and (cue := words.cue_before(first)) in _SCOPES:
            if lookups > 0:
                found, spent = _look_near(words, first, cue, _SCOPES[cue], known)
                lookups -= spent
                if found is not None:
                    yield found
        elif surprising >= 13 and unexpected > 0 and len(tokens[first].text) >= 5:
            covered = covered or _covered(words, known)
            if not covered[first]:
                unexpected -= 1
                candidate = _look_for_regency(words, first)
                if candidate is not None:
                    yield candidate


def _covered(words: Words, known: dict[int, list[Run]]) -> list[bool]:
    covered = [False] * len(words.tokens)
    for last, candidates in known.items():
        for candidate in candidates:
            for at in range(candidate.first, last):
                covered[at] = True
    return covered


# What a name cut short costs, in letters that are wrong.
_CUT_SHORT: Final = 2


def _look_near(
    words: Words, first: int, cue: Cue, scopes: tuple[int, ...], known: dict[int, list[Run]]
) -> tuple[tuple[int, Run] | None, int]:
    """The longest run after a cue that is near to a name, unless a known name explains it; and what looking cost."""
    index = gazetteer().index
    spent = 0
    for last in range(_end_of_run(words, first), first, -1):
        if any(
            candidate.first == first
            and gain_of(words, candidate.first, last, cue, candidate.read(cue), candidate.wheres[0], candidate.edits)
            > 0
            for candidate in known.get(last, ())
        ):
            return None, spent
        key = "".join(token.text for token in words.tokens[first:last])
        spent += 1
        near = near_names(key, scopes, allowed_edits(len(key)))
        longer = names_beginning(key, scopes[0]) if scopes[0] != REGENCY_NAMES else ()
        if near or longer:
            wheres = tuple(index[name] for name in dict.fromkeys((*(name for name, _ in near), *longer)))
            return (last, Run(first, wheres, max(near[0][1], 1) if near else _CUT_SHORT)), spent
    return None, spent


def _end_of_run(words: Words, first: int) -> int:
    """Where the words that may belong to a name after a cue end: at a break, a cue, a plain word; four at most."""
    tokens = words.tokens
    last = first + 1
    while last < min(first + 4, len(tokens)):
        text = tokens[last].text
        if not _runs_on(tokens[last].gap, tokens[last - 1].text):
            break
        if text not in _PARTS_OF_NAMES and (words.surprises[last] <= 9 or text in CUE_OF):
            break
        last += 1
    return last


def _look_for_regency(words: Words, first: int) -> tuple[int, Run] | None:
    """A word that nothing explains, alone or with the next, near to the name of a regency."""
    index = gazetteer().index
    tokens = words.tokens
    for last in (first + 2, first + 1):
        if last > len(tokens) or (last == first + 2 and not _runs_on(tokens[first + 1].gap, tokens[first].text)):
            continue
        key = "".join(token.text for token in tokens[first:last])
        if len(key) < 8:
            continue
        near = near_names(key, (REGENCY_NAMES,), 1 if len(key) < 10 else 2)
        if near and near[0][1] > 0:
            return last, Run(first, tuple(index[name] for name, _ in near), near[0][1])
    return None
