"""Which words of a text are names of places.

Every run of up to six tokens that the gazetteer knows is a candidate. Which candidates stand is decided over the whole
text at once, by the shortest description of it: a name costs what its level and its rarity cost after its cue, the same
words read as plain words cost their surprise. "kota banjar jawa barat" so becomes a city and a province, although "Banjar
Jawa" is a village, and "padang lawas utara" stays one name.

What surprises: a name and its cue may be a name together ("Kota Agung" is a district, "kota Padang" hardly ever the district
Kota Padang). Then both readings are kept, each with its weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, log
from typing import Final

from intake.understand.locate.cues import ASIDE, BEFORE_A_NAME, CUE_OF, LEVELS_AFTER, SUREST, Cue
from intake.understand.locate.gazetteer import ALIAS, DISTRICT, PROVINCE, REGENCY, VILLAGE, Gazetteer, gazetteer, unpack
from intake.understand.locate.tokens import Token
from intake.understand.locate.words import surprise

LONGEST_NAME: Final = 6
MOST_MENTIONS: Final = 64

# How the levels are counted: P(level) is shared by this many names (villages by their weight, see _village_weight).
_NAMES_OF_LEVEL: Final = (45.0, 257.0, 257.0, 7_285.0, 110_000.0, 600.0)
_PROVINCE, _KABUPATEN, _KOTA, _DISTRICT, _VILLAGE, _PLACE = range(6)
LEVEL_WORD: Final = ("province", "regency", "regency", "district", "village", "place")

_BREAKS: Final = frozenset(',;!?\n\r()[]|:/"*')
_STOPS: Final = frozenset(".!?\n;")
_LIST_WORDS: Final = frozenset({"dan", "serta", "n", "dn"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a name may stand for: ``regencies`` shares (sum 1), ``entries`` (packed, level, share), ``mass`` of the name."""

    mass: float
    surest: float
    regencies: dict[int, float]
    entries: tuple[tuple[int, int, float], ...]

    @property
    def level(self) -> int:
        """The likeliest level."""
        return max(self.entries, key=lambda entry: entry[2])[1]


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens ``[first, last)`` read as a name after ``cue``: ``sureness`` that it is a place, ``aside`` that it is not the place."""

    first: int
    last: int
    cue: Cue
    reading: Reading
    gain: float
    sureness: float
    aside: float
    note: str = ""


def _village_weight(gaz: Gazetteer, number: int) -> float:
    """A kelurahan has some four times the people of a desa, one of Jakarta some twelve times: so have its reports."""
    if gaz.village_number[number] >= 2000:
        return 1.0
    regency = gaz.district_regency[gaz.village_district[number]]
    return 6.0 if gaz.regencies[regency].province_code == "31" else 2.5


def _level_of(gaz: Gazetteer, entry: int) -> tuple[int, float]:
    """The row of ``LEVELS_AFTER`` for an entry, and how much of a name of that level it is."""
    level, number = unpack(entry)
    if level == PROVINCE:
        return _PROVINCE, 1.0
    if level == REGENCY:
        return (_KOTA if gaz.regencies[number].is_city else _KABUPATEN), 1.0
    if level == DISTRICT:
        return _DISTRICT, 1.0
    if level == VILLAGE:
        return _VILLAGE, _village_weight(gaz, number)
    alias = gaz.aliases[number]
    if alias.kind in {"place", "capital"}:
        return _PLACE, 0.5 if "village" in alias.flags or "word" in alias.flags else 1.0
    if alias.kind == "area":
        return _PLACE, 1.0
    return (_KOTA if gaz.regencies[alias.regency].is_city else _KABUPATEN), 0.8


@lru_cache(maxsize=4096)
def read_name(where: int, cue: Cue) -> Reading:
    """Everything the name behind an index value may mean after a cue."""
    gaz = gazetteer()
    chances = LEVELS_AFTER[cue]
    weighed: list[tuple[int, int, float]] = []
    mass = 0.0
    sure = 0.0
    for entry in gaz.entries(where):
        level, much = _level_of(gaz, entry)
        weight = chances[level] * much / _NAMES_OF_LEVEL[level]
        mass += weight
        sure += weight * SUREST[cue][level]
        weighed.append((entry, level, weight))
    if mass <= 0:
        return Reading(0.0, 0.0, {}, ())
    regencies: dict[int, float] = {}
    entries = []
    for entry, level, weight in weighed:
        share = weight / mass
        entries.append((entry, level, share))
        if level == _PROVINCE:
            members = gaz.regencies_of_province[unpack(entry)[1]]
            for regency in members:
                regencies[regency] = regencies.get(regency, 0.0) + share / len(members)
        else:
            of = gaz.regency_of(entry)
            assert of is not None  # noqa: S101 - only a province has none
            regencies[of] = regencies.get(of, 0.0) + share
    return Reading(mass, sure / mass, regencies, tuple(entries))


@lru_cache(maxsize=1024)
def _is_risky(where: int) -> bool:
    """Whether the name is only an acronym that is also a written word, or one that nobody outside would know."""
    gaz = gazetteer()
    flags: set[str] = set()
    for entry in gaz.entries(where):
        level, number = unpack(entry)
        if level != ALIAS:
            return False
        flags |= gaz.aliases[number].flags
    return bool(flags & {"sms-word", "needs-cue"})


class Words:
    """The tokens of one text with what is asked of them again and again."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.surprises = [surprise(token.text) for token in tokens]
        letters = [token.raw for token in tokens if token.raw[0].isalpha()]
        capitals = sum(raw[0].isupper() for raw in letters)
        self.shouts = sum(len(raw) > 1 and raw.isupper() for raw in letters) > 0.6 * max(len(letters), 1)
        # Capitals tell names only where the writer uses both.
        self.cased = not self.shouts and 0 < capitals < 0.75 * len(letters) and capitals > 1

    def cue_before(self, at: int) -> Cue:
        """What stands right before token ``at``."""
        if at == 0:
            return Cue.BARE
        token = self.tokens[at]
        if (
            token.gap
            and not _BREAKS.isdisjoint(token.gap)
            and not (token.gap.strip() in {":", "/"} or token.gap.strip() == ".:")
        ):
            return Cue.BARE
        before = self.tokens[at - 1].text
        cue = CUE_OF.get(before, Cue.BARE)
        if cue == Cue.BARE and before in ASIDE:
            return Cue.LOCATIVE
        if (
            cue == Cue.BARE
            and at > 1
            and self.surprises[at - 1] > 11
            and CUE_OF.get(self.tokens[at - 2].text) == Cue.STREET
            and not token.gap.strip()
        ):
            return Cue.STREET  # the second word of a street's name
        return cue

    def aside_before(self, at: int) -> tuple[float, str]:
        """How likely the report is not about the place named at ``at``, by the words before it; and that word."""
        at -= 1
        steps = 0
        while at >= 0 and steps < 3:
            word = self.tokens[at].text
            aside = ASIDE.get(word)
            if aside is not None:
                if word in {"dari", "dr"}:
                    return self._from_where(at, steps, aside), word
                return aside, word
            if CUE_OF.get(word) in {None, Cue.PERSON, Cue.COMPANY, Cue.FEATURE, Cue.STREET} and word not in {
                "di",
                "pada",
            }:
                return 0.0, ""
            if self.tokens[at].gap and not _STOPS.isdisjoint(self.tokens[at].gap) and len(word) > 3:
                return 0.0, ""
            at -= 1
            steps += 1
        return 0.0, ""

    def _from_where(self, at: int, steps: int, aside: float) -> float:
        """ "Saya dari desa X" and "warga dari X" say where the report is from, "air dari X" where something else is."""
        if at == 0 or steps:
            return 0.10
        return (
            0.08
            if self.tokens[at - 1].text in {"saya", "sy", "kami", "warga", "wrg", "masyarakat", "laporan", "aduan"}
            else aside
        )


def find_mentions(tokens: list[Token]) -> tuple[list[Mention], Words]:
    """The names in a text, in order, at most ``MOST_MENTIONS``, and the words they were found among."""
    words = Words(tokens)
    by_last = _candidates(words)
    chosen = _shortest_description(words, by_last)
    return chosen[:MOST_MENTIONS], words


def _candidates(words: Words) -> list[list[tuple[int, int]]]:
    """For every end, the (start, index value) of what the gazetteer knows there."""
    tokens = words.tokens
    index = gazetteer().index
    count = len(tokens)
    by_last: list[list[tuple[int, int]]] = [[] for _ in range(count + 1)]
    for first in range(count):
        key = ""
        short = BEFORE_A_NAME.get(tokens[first].text)
        for last in range(first, min(first + LONGEST_NAME, count)):
            token = tokens[last]
            if last > first and token.gap not in {" ", "-", ""} and _breaks_name(token.gap, tokens[last - 1].text):
                break
            key += token.text
            where = index.get(key)
            if where is not None:
                by_last[last + 1].append((first, where))
            elif short is not None and last > first:
                for long in short:
                    where = index.get(long + key[len(tokens[first].text) :])
                    if where is not None:
                        by_last[last + 1].append((first, where))
                        break
    return by_last


def _breaks_name(gap: str, before: str) -> bool:
    """A name runs over spaces and hyphens, over a stop only behind an abbreviation ("Pd. Aren")."""
    if not _BREAKS.isdisjoint(gap):
        return True
    return "." in gap and (len(before) > 3 and before not in {"tanjung", "gunung", "sungai", "kepulauan"})


def _shortest_description(words: Words, by_last: list[list[tuple[int, int]]]) -> list[Mention]:
    count = len(words.tokens)
    best = [0.0] * (count + 1)
    back: list[Mention | None] = [None] * (count + 1)
    cues: dict[int, Cue] = {}
    for last in range(1, count + 1):
        best[last] = best[last - 1]
        for first, where in by_last[last]:
            cue = cues.get(first)
            if cue is None:
                cue = cues[first] = words.cue_before(first)
            if cue == Cue.BARE:
                cue = _continue_list(words, back, first)
            mention = _weigh(words, first, last, where, cue)
            if mention is not None and best[first] + mention.gain > best[last]:
                best[last] = best[first] + mention.gain
                back[last] = mention
    chosen: list[Mention] = []
    at = count
    while at > 0:
        mention = back[at]
        if mention is None or best[at] == best[at - 1]:
            at -= 1
            continue
        chosen.append(_with_its_cue(words, mention, by_last[at]))
        at = mention.first
    chosen.reverse()
    return chosen


def _continue_list(words: Words, back: list[Mention | None], first: int) -> Cue:
    """The cue of the name before, when this one follows it in a list: "Kec. Tebet, Pancoran dan Setiabudi"."""
    gap = words.tokens[first].gap.strip()
    end = first
    if gap in {"", "."} and first > 0 and words.tokens[first - 1].text in _LIST_WORDS:
        end = first - 1
    elif gap not in {",", "/", "&", "-", ";", "+", ""}:
        return Cue.BARE
    previous = back[end]
    if previous is None or (gap == "" and end == first):
        return Cue.BARE
    if previous.cue in {Cue.VILLAGE, Cue.ALSO_VILLAGE}:
        return Cue.ALSO_VILLAGE
    if previous.cue in {Cue.DISTRICT, Cue.ALSO_DISTRICT}:
        return Cue.ALSO_DISTRICT
    return Cue.BARE


def _weigh(words: Words, first: int, last: int, where: int, cue: Cue) -> Mention | None:
    """The mention of one candidate, or None when it is surely plain words."""
    reading = read_name(where, cue)
    if reading.mass <= 0:
        return None
    tokens = words.tokens
    surprises = words.surprises[first:last]
    if cue == Cue.BARE and last - first == 1 and tokens[first].text.isdigit():
        return None
    gain = sum(surprises) + log(reading.mass)
    gain += _nudge(words, first, last, where, cue, reading)
    if gain < -4:
        return None
    sureness = reading.surest / (1 + exp(-gain)) if gain < 30 else reading.surest
    aside, why = words.aside_before(first)
    gain_of_choice = log(1 + exp(gain)) if gain < 30 else gain
    return Mention(first, last, cue, reading, gain_of_choice, sureness, max(aside, _usual_aside(cue)), why)


def _usual_aside(cue: Cue) -> float:
    if cue in {Cue.LOCATIVE, Cue.VILLAGE, Cue.DISTRICT, Cue.ALSO_VILLAGE, Cue.ALSO_DISTRICT}:
        return 0.05
    if cue == Cue.STREET:
        return 0.35
    return 0.10


def _nudge(words: Words, first: int, last: int, where: int, cue: Cue, reading: Reading) -> float:
    """What else makes a name likelier or less likely: capitals, being made of everyday words, being a risky acronym."""
    tokens = words.tokens
    nudge = 0.0
    weak = cue in {Cue.BARE, Cue.LOCATIVE}
    if words.cased:
        nudge += 1.0 if tokens[last - 1].raw[0].isupper() else -0.7
    if weak and max(words.surprises[first:last]) <= 9.0:
        nudge -= 4.0 if last - first > 1 else 1.0
    if _is_risky(where):
        shouted = tokens[first].raw.isupper() and not words.shouts
        nudge -= 5.0 if weak and not shouted else 1.5
    return nudge


def _with_its_cue(words: Words, mention: Mention, same_end: list[tuple[int, int]]) -> Mention:
    """Add the reading of the name together with its cue, or without it, when the gazetteer knows both."""
    for first, where in same_end:
        if first == mention.first - 1 and CUE_OF.get(words.tokens[first].text) == mention.cue:
            other = _weigh(words, first, mention.last, where, words.cue_before(first))
        elif first == mention.first + 1 and (cue := CUE_OF.get(words.tokens[mention.first].text)) is not None:
            other = _weigh(words, first, mention.last, where, cue)
        else:
            continue
        if other is None:
            continue
        return replace(mention, first=min(first, mention.first), reading=_mix(mention, other))
    return mention


def _mix(one: Mention, other: Mention) -> Reading:
    """Both readings, each by how well it explains the words."""
    part = 1 / (1 + exp(max(-30.0, min(30.0, other.gain - one.gain))))
    regencies = {regency: share * part for regency, share in one.reading.regencies.items()}
    for regency, share in other.reading.regencies.items():
        regencies[regency] = regencies.get(regency, 0.0) + share * (1 - part)
    entries = tuple((entry, level, share * part) for entry, level, share in one.reading.entries) + tuple(
        (entry, level, share * (1 - part)) for entry, level, share in other.reading.entries
    )
    return Reading(one.reading.mass, one.reading.surest * part + other.reading.surest * (1 - part), regencies, entries)
