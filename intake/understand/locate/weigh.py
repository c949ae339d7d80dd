"""What the names of a text say together for every regency, with room for "none of these".

For a name that is a place with chance q, is not *the* place with chance d, and stands for regency r with share s, a
text about r is  (1 - q) + q·(d + (1 - d)·s/p)  times likelier than one about nowhere named, where p is the share of all
reports that come from r (its people). These factors are multiplied with p and with what the channel knows; regencies
that no name speaks of share the rest. Because s holds the people too, they count once, however many names there are.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from math import exp, log
from typing import Final

from intake.understand.locate.cues import BORROWED, SPEAKS_OF_KABUPATEN, SPEAKS_OF_PROVINCES, STRONG, Cue
from intake.understand.locate.gazetteer import Gazetteer, unpack
from intake.understand.locate.mentions import Mention
from intake.understand.locate.readings import ROW_VILLAGE, Reading

# A village inside a district that is named too: likelier the two are meant together.
_TOGETHER: Final = 8.0
_OUTSIDE: Final = 0.85
_ASIDE_THE_REPEATED: Final = 0.4


@dataclass(frozen=True, slots=True)
class Weighed:
    """Every regency that something speaks for, with its probability (before calibration); the others share ``rest``."""

    probabilities: dict[int, float]
    rest: float


@dataclass(frozen=True, slots=True)
class Setting:
    """What words such as "bupati", "nagari" and "KRL" say of where a text was written.

    ``kabupaten``: how many times likelier a kabupaten than a kota; ``provinces``: how many times likelier these.
    """

    kabupaten: float = 1.0
    provinces: tuple[tuple[frozenset[str], float], ...] = ()


def weigh(
    gaz: Gazetteer,
    mentions: list[Mention],
    setting: Setting,
    pointed: dict[int, float],
    hinted: dict[int, float] | None = None,
) -> Weighed:
    """The probability of every regency spoken of, given the names, the words around, a point and hints."""
    spoken: dict[int, float] = {}
    borrowed: dict[int, float] = {}  # streets, shops, goods: two of them are no better than the better one
    prior = gaz.prior
    for mention in mentions:
        q, d = mention.sureness, mention.aside
        unnamed = log(1 - q + q * d)
        floor = 1 - q + q * d
        gain = q * (1 - d)
        into = borrowed if mention.cue in BORROWED else spoken
        for regency, share in mention.reading.regencies.items():
            speaks = log(floor + gain * share / prior[regency]) - unnamed
            known = into.get(regency, 0.0)
            into[regency] = max(known, speaks) if into is borrowed else known + speaks
    for regency, speaks in borrowed.items():
        spoken[regency] = spoken.get(regency, 0.0) + speaks
    for source in (pointed, hinted or {}):
        for regency, strength in source.items():
            spoken[regency] = spoken.get(regency, 0.0) + log(strength)
    if setting.kabupaten != 1.0:
        tilt = log(setting.kabupaten) / 2
        for regency in spoken:
            spoken[regency] += -tilt if gaz.regencies[regency].is_city else tilt
    for provinces, times in setting.provinces:
        average = 1 + (times - 1) * sum(gaz.prior_of_province[code] for code in provinces)
        for regency in spoken:
            inside = gaz.regencies[regency].province_code in provinces
            spoken[regency] += log((times if inside else 1.0) / average)
    highest = max([*spoken.values(), 0.0])
    masses = {regency: prior[regency] * exp(value - highest) for regency, value in spoken.items()}
    rest = (1 - sum(prior[regency] for regency in spoken)) * exp(-highest)
    total = sum(masses.values()) + rest
    return Weighed({regency: mass / total for regency, mass in masses.items()}, rest / total)


def once_each(mentions: list[Mention]) -> list[Mention]:
    """A name said twice is one piece of evidence, the surest time; beside it, names said once are more likely aside.

    "Kec. Waru, desa Waru" are two: a district and a village.
    """
    surest: dict[tuple[tuple[int, ...], Cue | None], Mention] = {}
    times: Counter[tuple[int, ...]] = Counter()
    for mention in mentions:
        times[mention.what] += 1
        what = (mention.what, mention.cue if mention.cue in STRONG else None)
        known = surest.get(what)
        if known is None or mention.sureness * (1 - mention.aside) > known.sureness * (1 - known.aside):
            surest[what] = mention
    if max(times.values(), default=0) > 1:
        repeated = {
            regency
            for what, mention in surest.items()
            if times[what[0]] > 1 and mention.sureness > 0.5
            for regency in mention.reading.regencies
        }
        for what, mention in surest.items():
            if repeated and times[what[0]] == 1 and repeated.isdisjoint(mention.reading.regencies):
                surest[what] = replace(mention, aside=max(mention.aside, _ASIDE_THE_REPEATED))
    return sorted(surest.values(), key=lambda mention: mention.first)


def take_together(gaz: Gazetteer, mentions: list[Mention]) -> list[Mention]:
    """Make a village likelier that lies in a district which is named as well, and one that lies in none less sure."""
    districts: set[int] = set()
    for mention in mentions:
        districts |= mention.reading.districts
    if not districts or len(mentions) < 2:
        return mentions
    sure_district = any(mention.cue == Cue.DISTRICT and mention.sureness > 0.8 for mention in mentions)
    taken = []
    for mention in mentions:
        reading = mention.reading
        if not reading.homes.isdisjoint(districts):
            if len(reading.entries) > 1:
                mention = replace(mention, reading=_favour(gaz, reading, reading.homes & districts))
        elif mention.cue == Cue.VILLAGE and sure_district:
            mention = replace(
                mention, sureness=mention.sureness * _OUTSIDE
            )  # a hamlet, a new village, a slip of the pen
        taken.append(mention)
    return taken


def _favour(gaz: Gazetteer, reading: Reading, homes: frozenset[int]) -> Reading:
    """The reading with the villages of some districts made likelier."""
    home_of = gaz.village_district
    favoured = [item for item in reading.entries if item[1] == ROW_VILLAGE and home_of[unpack(item[0])[1]] in homes]
    more = _TOGETHER - 1
    total = 1 + more * sum(share for _, _, share in favoured)
    regencies = {regency: share / total for regency, share in reading.regencies.items()}
    for entry, _, share in favoured:
        of = gaz.district_regency[home_of[unpack(entry)[1]]]
        regencies[of] += more * share / total
    entries = tuple([(entry, row, share * _TOGETHER / total) for entry, row, share in favoured]) + tuple(
        [(entry, row, share / total) for entry, row, share in reading.entries if (entry, row, share) not in favoured]
    )
    at_home = [gaz.district_regency[home] for home in sorted(homes)]
    top = tuple(dict.fromkeys((*at_home, *reading.top)))[:3]
    return replace(reading, regencies=regencies, entries=entries, top=top)


def setting_of(texts: list[str]) -> Setting:
    """What the words of a text say of where it was written, whatever it names."""
    words = _TELLING.intersection(texts)
    if not words:
        return _NOWHERE_SPECIAL
    kabupaten = 1.0
    for word in SPEAKS_OF_KABUPATEN.keys() & words:
        kabupaten *= SPEAKS_OF_KABUPATEN[word]
    if "wali" in words and ("wali", "kota") in pairwise(texts):
        kabupaten /= 12.0
    provinces = {SPEAKS_OF_PROVINCES[word] for word in SPEAKS_OF_PROVINCES.keys() & words}
    return Setting(min(max(kabupaten, 1 / 30.0), 30.0), tuple(provinces))


_TELLING: Final = frozenset({*SPEAKS_OF_KABUPATEN, *SPEAKS_OF_PROVINCES, "wali"})
_NOWHERE_SPECIAL: Final = Setting()
