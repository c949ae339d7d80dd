"""Which words of a text are names of places.

Every run of up to six tokens that the gazetteer knows is a candidate, and so is a misspelt one where a name is
expected. Which candidates stand is decided over the whole text at once, by the shortest description of it: a name costs
what its level and its rarity cost after its cue, the same words read as plain words cost their surprise.
"kota banjar jawa barat" so becomes a city and a province, although "Banjar Jawa" is a village, and "padang lawas
utara" stays one name.

What surprises: a name and its cue may be a name together ("Kota Agung" is a district, "kota Padang" hardly ever the
district Kota Padang). Then both readings are kept, each with its weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log
from typing import Final, NamedTuple

from intake.understand.locate.context import BREAKS, Words
from intake.understand.locate.cues import BEFORE_A_NAME, CUE_OF, STRONG, Cue
from intake.understand.locate.gazetteer import gazetteer
from intake.understand.locate.readings import Reading, acronym_kind, mix, read_misspelt, read_name, read_postcode
from intake.understand.locate.spelling import (
    DISTRICT_NAMES,
    REGENCY_NAMES,
    VILLAGE_NAMES,
    allowed_edits,
    near_names,
)
from intake.understand.locate.tokens import Token
from intake.understand.locate.words import surprise, usual_phrases

LONGEST_NAME: Final = 6
MOST_MENTIONS: Final = 64
MOST_LOOKUPS: Final = 24
MOST_LOOKUPS_UNCUED: Final = 6

_LIST_WORDS: Final = frozenset({"dan", "serta", "n", "dn"})
_WEAK: Final = frozenset(
    {Cue.BARE, Cue.LOCATIVE, Cue.FEATURE, Cue.COMPANY, Cue.STREET, Cue.STREET_TAIL, Cue.ALSO_VILLAGE, Cue.ALSO_DISTRICT}
)
# Behind these a long rare name is surer than the table says: "Jalan Johar Baru" hardly lies elsewhere.
_BORROWED: Final = frozenset({Cue.STREET, Cue.HAMLET, Cue.KAMPUNG, Cue.COMPANY, Cue.FEATURE, Cue.STREET_TAIL, Cue.BARE})
_RARE_NAME: Final = 22.0
# A strong cue explains itself too: a nested reading that eats it must be that much better.
_CUE_EXPLAINED: Final = 4.0
_COST_OF_EDIT: Final = 3.5

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


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens ``[first, last)`` read as a name after ``cue``.

    ``what`` identifies the name itself, however often and after whatever cue it stands.
    ``sureness``: chance that it is a place; ``aside``: chance that the report is not about this place; ``gain``: how
    much shorter the text is told with it; ``note``: the word that put it aside.
    """

    first: int
    last: int
    cue: Cue
    reading: Reading
    gain: float
    sureness: float
    aside: float
    what: tuple[int, ...]
    note: str = ""


class _Candidate(NamedTuple):
    first: int
    wheres: tuple[int, ...]  # index values; more than one for a misspelt name near several
    edits: int = 0

    def read(self, cue: Cue) -> Reading:
        return read_misspelt(self.wheres, self.edits, cue) if self.edits else read_name(self.wheres[0], cue)


def find_mentions(tokens: list[Token]) -> tuple[list[Mention], Words]:
    """The names in a text, in order, at most ``MOST_MENTIONS``, and the words they were found among."""
    words = Words(_unglue(tokens))
    by_last = _known_names(words)
    for last, candidate in _misspelt_names(words, by_last):
        by_last.setdefault(last, []).append(candidate)
    return _shortest_description(words, by_last)[:MOST_MENTIONS], words


_GLUED: Final = ("di", "kec", "kel", "kab", "desa", "kota", "ds", "jl", "jln", "jalan", "kp")


def _unglue(tokens: list[Token]) -> list[Token]:
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


def _known_names(words: Words) -> dict[int, list[_Candidate]]:
    """For every end, what the gazetteer knows there."""
    index = gazetteer().index
    never = gazetteer().never_in_names
    texts = [token.text for token in words.tokens]
    count = len(texts)
    ends = [text in never for text in texts]
    runs_on = [at > 0 and not ends[at] and _runs_on(words.tokens[at].gap, texts[at - 1]) for at in range(count)]
    found: dict[int, list[_Candidate]] = {}
    for first in range(count):
        key = texts[first]
        where = index.get(key)
        if where is not None and (words.surprises[first] > 7.0 or (first and words.cue_words[first - 1] is not None)):
            found.setdefault(first + 1, []).append(_Candidate(first, (where,)))
        if ends[first]:
            continue
        short = BEFORE_A_NAME.get(key)
        for last in range(first + 1, min(first + LONGEST_NAME, count)):
            if not runs_on[last]:
                break
            key += texts[last]
            where = index.get(key)
            if where is None and short is not None:
                rest = key[len(texts[first]) :]
                where = next((index[long + rest] for long in short if long + rest in index), None)
            if where is not None:
                found.setdefault(last + 1, []).append(_Candidate(first, (where,)))
    return found


def _runs_on(gap: str, before: str) -> bool:
    """A name runs over spaces and hyphens, over a stop only behind an abbreviation ("Pd. Aren")."""
    if gap in {" ", "", "-"}:
        return True
    if not BREAKS.isdisjoint(gap):
        return False
    return "." not in gap or len(before) <= 3 or before in {"tanjung", "gunung", "sungai", "kepulauan"}


def _misspelt_names(words: Words, known: dict[int, list[_Candidate]]) -> Iterator[tuple[int, _Candidate]]:
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


def _covered(words: Words, known: dict[int, list[_Candidate]]) -> list[bool]:
    covered = [False] * len(words.tokens)
    for last, candidates in known.items():
        for candidate in candidates:
            for at in range(candidate.first, last):
                covered[at] = True
    return covered


def _look_near(
    words: Words, first: int, cue: Cue, scopes: tuple[int, ...], known: dict[int, list[_Candidate]]
) -> tuple[tuple[int, _Candidate] | None, int]:
    """The longest run after a cue that is near to a name, unless a known name explains it; and what looking cost."""
    index = gazetteer().index
    spent = 0
    for last in range(_end_of_run(words, first), first, -1):
        if any(
            candidate.first == first and _gain(words, candidate, last, cue, candidate.read(cue)) > 0
            for candidate in known.get(last, ())
        ):
            return None, spent
        key = "".join(token.text for token in words.tokens[first:last])
        spent += 1
        near = near_names(key, scopes, allowed_edits(len(key)))
        if near:
            return (last, _Candidate(first, tuple(index[name] for name, _ in near), max(near[0][1], 1))), spent
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


def _look_for_regency(words: Words, first: int) -> tuple[int, _Candidate] | None:
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
            return last, _Candidate(first, tuple(index[name] for name, _ in near), near[0][1])
    return None


def _shortest_description(words: Words, by_last: dict[int, list[_Candidate]]) -> list[Mention]:
    count = len(words.tokens)
    best = [0.0] * (count + 1)
    back: list[tuple[_Candidate, Cue, float] | None] = [None] * (count + 1)
    for last in range(1, count + 1):
        best[last] = best[last - 1]
        for candidate in by_last.get(last, ()):
            first = candidate.first
            cue = words.cue_before(first)
            if cue == Cue.BARE:
                cue = _continue_list(words, back, first) if first else words.cue_of_opening(last)
            gain = _gain(words, candidate, last, cue, candidate.read(cue))
            if gain < -4:
                continue
            total = best[first] + _gain_of_choice(gain, cue)
            if total > best[last]:
                best[last] = total
                back[last] = (candidate, cue, gain)
    chosen: list[Mention] = []
    at = count
    while at > 0:
        picked = back[at]
        if picked is None:
            at -= 1
            if at > 0 and (code := _postcode(words, at)) is not None:
                chosen.append(code)
            continue
        candidate, cue, gain = picked
        mention = _mention(words, candidate, at, cue, gain, candidate.read(cue))
        chosen.append(_with_its_cue(words, mention, by_last[at]))
        at = candidate.first
    chosen.reverse()
    return chosen


def _gain_of_choice(gain: float, cue: Cue) -> float:
    return (log(1 + exp(gain)) if gain < 30 else gain) + (_CUE_EXPLAINED if cue in STRONG else 0.0)


def _continue_list(words: Words, back: list[tuple[_Candidate, Cue, float] | None], first: int) -> Cue:
    """The cue of the name before, when this one follows it in a list: "Kec. Tebet, Pancoran dan Setiabudi"."""
    gap = words.tokens[first].gap.strip()
    end = first
    if gap in {"", "."} and first > 0 and words.tokens[first - 1].text in _LIST_WORDS:
        end = first - 1
    elif gap not in {",", "/", "&", "-", ";", "+", ", -"}:
        return Cue.BARE
    previous = back[end]
    if previous is None:
        return Cue.BARE
    if previous[1] in {Cue.VILLAGE, Cue.ALSO_VILLAGE}:
        return Cue.ALSO_VILLAGE
    if previous[1] in {Cue.DISTRICT, Cue.ALSO_DISTRICT}:
        return Cue.ALSO_DISTRICT
    return Cue.BARE


def _gain(words: Words, candidate: _Candidate, last: int, cue: Cue, reading: Reading) -> float:
    """How much likelier the words are a name than words, in nats."""
    first = candidate.first
    gain = words.surprise_before[last] - words.surprise_before[first] + reading.log_mass
    if gain < -6:
        return gain
    tokens = words.tokens
    if candidate.edits:
        gain -= _COST_OF_EDIT * candidate.edits
    if words.cased:
        gain += 1.0 if tokens[last - 1].raw[0].isupper() else -0.7
    weak = cue in _WEAK
    if weak:
        gain -= _everyday(words, first, last)
        if last - first == 1:
            if words.is_doubled(first, last) or _is_shortened_word(tokens[first]):
                gain -= 4.0
        elif not candidate.edits and gazetteer().is_one_word(candidate.wheres[0]):
            gain -= 3.0
    if last - first == 1 and len(tokens[first].text) <= _LONGEST_ACRONYM:
        kind = acronym_kind(candidate.wheres[0])
        shouted = tokens[first].raw.isupper() and not words.shouts
        gain += _ACRONYM_SHOUTED[kind] if shouted else _ACRONYM_UNCUED[kind] if weak else _ACRONYM_CUED[kind]
    return gain


def _is_shortened_word(token: Token) -> bool:
    """ "Tj" or "sei" alone is the beginning of some name, not the place Tanjung."""
    return token.raw.lower() != token.text and not token.raw.isdigit() and "'" not in token.raw


# By ``acronym_kind``: "OKI" in a text that does not shout, "oki" uncued, and after a cue.
_LONGEST_ACRONYM: Final = 8
_PHRASE_SURPRISE: Final = 10.0
_ACRONYM_SHOUTED: Final = (0.0, 2.5, 1.0, -0.5)
_ACRONYM_UNCUED: Final = (0.0, 0.0, -5.0, -5.0)
_ACRONYM_CUED: Final = (0.0, 0.0, -0.5, -1.5)


def _everyday(words: Words, first: int, last: int) -> float:
    """How much an uncued name made of plain words loses: plain words stand together more often than by chance."""
    highest = max(words.surprises[first:last])
    if highest > 12.0 and last - first > 1:
        return 0.0
    if "".join([token.text for token in words.tokens[first:last]]) in usual_phrases():
        return max(7.0, words.surprise_before[last] - words.surprise_before[first] - _PHRASE_SURPRISE)
    if last - first == 1:
        return 1.0 if highest <= 9.0 else 0.0
    if highest <= 9.0:
        return 4.0
    return 0.0 if words.tokens[first].raw[0].isupper() else 1.5


def _mention(words: Words, candidate: _Candidate, last: int, cue: Cue, gain: float, reading: Reading) -> Mention:
    surest = reading.surest
    if cue in _BORROWED and last - candidate.first > 1 and not candidate.edits:
        rare = words.surprise_before[last] - words.surprise_before[candidate.first] >= _RARE_NAME
        surest = 1 - (1 - surest) * (0.5 if rare else 1.0)
    sureness = surest / (1 + exp(-gain)) if gain < 30 else surest
    aside, why = words.aside_before(candidate.first)
    usual = 0.04 if cue == Cue.DISTRICT else 0.05 if cue in STRONG or cue == Cue.LOCATIVE else 0.10
    if cue == Cue.STREET:
        usual = 0.25
    return Mention(
        candidate.first,
        last,
        cue,
        reading,
        _gain_of_choice(gain, cue),
        sureness,
        max(aside, usual),
        candidate.wheres,
        why,
    )


def _with_its_cue(words: Words, mention: Mention, same_end: list[_Candidate]) -> Mention:
    """Add the reading of the name together with its cue, or without it, when the gazetteer knows both."""
    for candidate in same_end:
        first = candidate.first
        if first == mention.first - 1 and CUE_OF.get(words.tokens[first].text) == mention.cue:
            cue = words.cue_before(first)
        elif first == mention.first + 1 and words.tokens[mention.first].text in CUE_OF:
            cue = CUE_OF[words.tokens[mention.first].text]
        else:
            continue
        reading = candidate.read(cue)
        gain = _gain(words, candidate, mention.last, cue, reading)
        if gain < -4:
            continue
        better = _gain_of_choice(gain, cue) - mention.gain
        part = 1 / (1 + exp(max(-30.0, min(30.0, better))))
        return replace(mention, first=min(first, mention.first), reading=mix(mention.reading, reading, part))
    return mention


_NUMBERED: Final = frozenset(
    {"rp", "no", "nomor", "nomer", "nmr", "rek", "id", "kwh", "hp", "tlp", "telp", "wa", "nik", "tiket", "laporan"}
)
_COUNTED: Final = frozenset(
    {"ribu", "rb", "juta", "jt", "rupiah", "orang", "kk", "watt", "va", "liter", "meter", "kwh", "per", "sebulan"}
)


def _postcode(words: Words, at: int) -> Mention | None:
    """A number of five digits that is a postcode: surely after "kode pos", perhaps where nothing counts by it."""
    token = words.tokens[at]
    if len(token.raw) != 5 or not token.raw.isdigit() or token.raw[0] == "0":
        return None
    before = words.tokens[at - 1].text
    after = words.tokens[at + 1] if at + 1 < len(words.tokens) else None
    told = before in {"pos", "kodepos"}
    if not told:
        if before in _NUMBERED or before.isdigit() or token.raw.endswith("000") or "." in token.gap.strip():
            return None
        if after is not None and (after.text in _COUNTED or (after.text.isdigit() and not after.gap.strip(".,-/ "))):
            return None
    reading = read_postcode(int(token.raw))
    if reading.mass <= 0:
        return None
    return Mention(at, at + 1, Cue.BARE, reading, 0.0, 0.95 if told else 0.60, 0.05, (-int(token.raw),))
