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

from dataclasses import dataclass, replace
from math import exp
from typing import Final

from intake.understand.locate.candidates import Run, known_names, misspelt_names, unglue
from intake.understand.locate.context import Words
from intake.understand.locate.cues import CUE_OF, ESTATE_WORDS, STRONG, Cue
from intake.understand.locate.gains import gain_of, gain_of_choice
from intake.understand.locate.readings import Reading, mix, read_postcode
from intake.understand.locate.tokens import Token

MOST_MENTIONS: Final = 64

_LIST_WORDS: Final = frozenset({"dan", "serta", "n", "dn"})
# Behind these a long rare name is surer than the table says: "Jalan Johar Baru" hardly lies elsewhere.
_LESS_SURE: Final = frozenset(
    {Cue.STREET, Cue.HAMLET, Cue.KAMPUNG, Cue.COMPANY, Cue.FEATURE, Cue.STREET_TAIL, Cue.BARE}
)
_RARE_NAME: Final = 22.0
# "Kebayoran Heights", "Pegangsaan Indah": housing named after a place, which may lie in the next regency.
_WITHIN_AN_ESTATE: Final = frozenset({Cue.BARE, Cue.LOCATIVE, Cue.HAMLET, Cue.ADDRESS})
_NAMED_AFTER: Final = 0.45


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


def find_mentions(tokens: list[Token]) -> tuple[list[Mention], Words]:
    """The names in a text, in order, at most ``MOST_MENTIONS``, and the words they were found among."""
    words = Words(unglue(tokens))
    by_last = known_names(words)
    for last, candidate in misspelt_names(words, by_last):
        by_last.setdefault(last, []).append(candidate)
    return _shortest_description(words, by_last)[:MOST_MENTIONS], words


def _shortest_description(words: Words, by_last: dict[int, list[Run]]) -> list[Mention]:
    count = len(words.tokens)
    best = [0.0] * (count + 1)
    back: list[tuple[Run, Cue, float] | None] = [None] * (count + 1)
    for last in range(1, count + 1):
        best[last] = best[last - 1]
        ending = by_last.get(last)
        if ending is None:
            continue
        for candidate in ending:
            first = candidate.first
            cue = words.cue_before(first)
            if cue == Cue.BARE:
                cue = _continue_list(words, back, first) if first else words.cue_of_opening(last)
            gain = gain_of(words, candidate.first, last, cue, candidate.read(cue), candidate.wheres[0], candidate.edits)
            if gain < -4:
                continue
            total = best[first] + gain_of_choice(gain, cue)
            if total > best[last]:
                best[last] = total
                back[last] = (candidate, cue, gain)
    chosen: list[Mention] = []
    at = count
    while at > 0:
        picked = back[at]
        if picked is None:
            at -= 1
            if at > 0 and len(words.tokens[at].raw) == 5 and (code := _postcode(words, at)) is not None:
                chosen.append(code)
            continue
        candidate, cue, gain = picked
        mention = _mention(words, candidate, at, cue, gain, candidate.read(cue))
        chosen.append(_with_its_cue(words, mention, by_last[at]))
        at = candidate.first
    chosen.reverse()
    return chosen


def _continue_list(words: Words, back: list[tuple[Run, Cue, float] | None], first: int) -> Cue:
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


def _mention(words: Words, candidate: Run, last: int, cue: Cue, gain: float, reading: Reading) -> Mention:
    surest = reading.surest
    if cue in _LESS_SURE and last - candidate.first > 1 and not candidate.edits:
        rare = words.surprise_before[last] - words.surprise_before[candidate.first] >= _RARE_NAME
        surest = 1 - (1 - surest) * (0.5 if rare else 1.0)
    if cue in _WITHIN_AN_ESTATE and last < len(words.tokens):
        after = words.tokens[last]
        if after.text in ESTATE_WORDS and after.gap == " ":
            surest = min(surest, _NAMED_AFTER)
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
        gain_of_choice(gain, cue),
        sureness,
        max(aside, usual),
        candidate.wheres,
        why,
    )


def _with_its_cue(words: Words, mention: Mention, same_end: list[Run]) -> Mention:
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
        gain = gain_of(words, candidate.first, mention.last, cue, reading, candidate.wheres[0], candidate.edits)
        if gain < -4:
            continue
        better = gain_of_choice(gain, cue) - mention.gain
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
    """A number (of five digits) that is a postcode: surely after "kode pos", perhaps where nothing counts by it."""
    token = words.tokens[at]
    if not token.raw.isdigit() or token.raw[0] == "0":
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
