"""From names to one regency: what each name says for every regency, taken together, with room for "none of these".

For a name that is a place with chance q, is not *the* place with chance d, and stands for regency r with share s, a
text about r is  (1 - q) + q·(d + (1 - d)·s/p)  times likelier than one about nowhere named, where p is the share of all
reports that come from r (its people). These factors are multiplied with p and with what the channel knows; regencies
that no name speaks of share the rest. Because s holds the people too, they count once, however many names there are.

What surprises: a hint multiplies like any name does, but where the text alone is clear and the hint turns it over, the
text is kept and the hint is shown as evidence against.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import pairwise
from math import exp, log
from typing import Final

from intake.understand.locate.calibration import calibration
from intake.understand.locate.coordinates import Boundaries, regencies_near, written_coordinates
from intake.understand.locate.cues import BORROWED, SPEAKS_OF_KABUPATEN, STRONG, Cue
from intake.understand.locate.evidence import gather_evidence
from intake.understand.locate.gazetteer import DISTRICT, PROVINCE, VILLAGE, Gazetteer, gazetteer, unpack
from intake.understand.locate.mentions import Mention, find_mentions
from intake.understand.locate.readings import ROW_VILLAGE, Reading
from intake.understand.locate.tokens import Token, cut, plain
from intake.understand.locate.types import (
    Candidate,
    Coordinates,
    Decision,
    Evidence,
    Hints,
    Level,
    Location,
    Thresholds,
    Versions,
)

NO_HINTS: Final = Hints()
USUAL_THRESHOLDS: Final = Thresholds()
RESOLVER_VERSION: Final = "1"

# A village inside a district that is named too: likelier the two are meant together.
_TOGETHER: Final = 8.0
_OUTSIDE: Final = 0.85
_ASIDE_THE_REPEATED: Final = 0.4
# A text alone this sure is not turned over by a hint.
_CLEAR: Final = 0.90


@dataclass(frozen=True, slots=True)
class Weighed:
    """Every regency that something speaks for, with its probability (before calibration); the others share ``rest``."""

    probabilities: dict[int, float]
    rest: float


def locate(
    text: str,
    *,
    hints: Hints = NO_HINTS,
    thresholds: Thresholds = USUAL_THRESHOLDS,
    boundaries: Boundaries | None = None,
) -> Location:
    """Decide which regency a text concerns, or that it must be asked, or that it names none.

    Never raises on any text. Reads the first 10,000 characters. ``boundaries`` (imported by the operator) make a point
    decide by polygon; without them the nearest capital only suggests.
    """
    gaz = gazetteer()
    readable = plain(text)
    mentions, words = find_mentions(cut(readable))
    mentions = _take_together(gaz, _once_each(mentions))
    kinds = _kind_of_regency((words.tokens and [token.text for token in words.tokens]) or [])
    point = hints.coordinates or written_coordinates(readable)
    pointed, point_evidence = _read_point(gaz, point, boundaries)
    from_text = weigh(gaz, mentions, kinds, pointed)
    weighed = from_text
    hinted: dict[int, float] = {}
    for code, strength in hints.regencies:
        number = gaz.regency_number.get(code)
        if number is not None:
            hinted[number] = hinted.get(number, 1.0) * max(strength, 1e-6)
    if hinted:
        weighed = weigh(gaz, mentions, kinds, pointed, hinted)
        clear = _top(from_text)
        if clear is not None and clear[1] >= _CLEAR and (top := _top(weighed)) is not None and top[0] != clear[0]:
            weighed = from_text
    return _conclude(gaz, text, mentions, words.tokens, weighed, thresholds, point_evidence, hinted)


def weigh_text(text: str) -> Weighed:
    """What a text alone says, before calibration: what calibration is fitted on."""
    gaz = gazetteer()
    mentions, words = find_mentions(cut(plain(text)))
    mentions = _take_together(gaz, _once_each(mentions))
    return weigh(gaz, mentions, _kind_of_regency([token.text for token in words.tokens]), {})


def weigh(
    gaz: Gazetteer,
    mentions: list[Mention],
    kinds: float,
    pointed: dict[int, float],
    hinted: dict[int, float] | None = None,
) -> Weighed:
    """The probability of every regency spoken of, given the names, the kind of government, a point and hints."""
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
    tilt = log(kinds) / 2
    for regency in spoken:
        spoken[regency] += -tilt if gaz.regencies[regency].is_city else tilt
    highest = max([*spoken.values(), 0.0])
    masses = {regency: prior[regency] * exp(value - highest) for regency, value in spoken.items()}
    rest = (1 - sum(prior[regency] for regency in spoken)) * exp(-highest)
    total = sum(masses.values()) + rest
    return Weighed({regency: mass / total for regency, mass in masses.items()}, rest / total)


def _top(weighed: Weighed) -> tuple[int, float] | None:
    return max(weighed.probabilities.items(), key=lambda item: (item[1], -item[0]), default=None)


def _once_each(mentions: list[Mention]) -> list[Mention]:
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


def _take_together(gaz: Gazetteer, mentions: list[Mention]) -> list[Mention]:
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


def _kind_of_regency(tokens: list[str]) -> float:
    """How many times likelier a kabupaten than a kota, by words such as "bupati" and "wali kota"."""
    kinds = 1.0
    for word in SPEAKS_OF_KABUPATEN.keys() & tokens:
        kinds *= SPEAKS_OF_KABUPATEN[word]
    if "wali" in tokens and ("wali", "kota") in pairwise(tokens):
        kinds /= 12.0
    return min(max(kinds, 1 / 30.0), 30.0)


def _read_point(
    gaz: Gazetteer, point: Coordinates | None, boundaries: Boundaries | None
) -> tuple[dict[int, float], Evidence | None]:
    """What a point says for every regency, and how it was read."""
    if point is None:
        return {}, None
    near = regencies_near(point, boundaries)
    if near is None:
        return {}, None
    strengths = {gaz.regency_number[code]: strength for code, strength in near.strengths if code in gaz.regency_number}
    origin = {"text": "koordinat dalam teks", "photo": "koordinat foto", "form": "titik pada peta"}[point.origin]
    evidence = Evidence(
        start=-1,
        end=-1,
        text=f"{point.latitude:.5f}, {point.longitude:.5f}",
        reading=f"{origin}: {near.reading}",
        level="point",
        regencies=tuple(code for code, _ in near.strengths[:3]),
        supports=True,
        weight=near.sureness,
    )
    return strengths, evidence


def _conclude(
    gaz: Gazetteer,
    text: str,
    mentions: list[Mention],
    tokens: list[Token],
    weighed: Weighed,
    thresholds: Thresholds,
    point_evidence: Evidence | None,
    hinted: dict[int, float],
) -> Location:
    calibrated = calibration()
    ranked = nsmallest(8, weighed.probabilities.items(), key=lambda item: (-item[1], item[0]))
    top = ranked[0] if ranked else None
    probability = calibrated.apply(top[1], 1 - weighed.rest) if top else 0.0
    scale = (1 - probability) / (1 - top[1]) if top and top[1] < 1 else 1.0
    candidates = tuple(
        Candidate(
            gaz.regencies[number].code,
            gaz.regencies[number].short,
            probability if at == 0 else min(mass * scale, probability),
        )
        for at, (number, mass) in enumerate(ranked)
        if at == 0 or mass * scale >= 0.005
    )
    decision: Decision
    leads = len(ranked) < 2 or (top is not None and top[1] >= thresholds.lead * ranked[1][1])
    if top is not None and probability >= thresholds.decide and leads:
        decision = "decided"
    elif any(mention.sureness >= 0.35 for mention in mentions) or (candidates and probability >= 0.30):
        decision = "ask"
    else:
        decision = "none"
    chosen = top[0] if top is not None and decision == "decided" else None
    village, district, level, province = _how_deep(gaz, mentions, chosen)
    choices: tuple[Candidate, ...] = ()
    if decision == "ask":
        choices = tuple(c for c in candidates if c.probability >= thresholds.choice)[: thresholds.choices]
        if len(choices) == len(candidates[: thresholds.choices]) and sum(c.probability for c in choices) < 0.25:
            choices = ()
    evidence = gather_evidence(gaz, text, mentions, tokens, top[0] if top and decision != "none" else None, hinted)
    if point_evidence is not None:
        evidence = (*evidence, point_evidence)
    names = _names(gaz, chosen, province, district, village)
    return Location(
        decision=decision,
        regency=gaz.regencies[chosen].code if chosen is not None else None,
        probability=probability,
        candidates=candidates,
        level=level,
        village=gaz.village_code(village) if village is not None else None,
        district=gaz.district_code(district) if district is not None else None,
        province=gaz.provinces[province].code if province is not None else None,
        evidence=evidence,
        choices=choices,
        versions=Versions(gaz.version, RESOLVER_VERSION, calibrated.version),
        names=names,
    )


def _names(
    gaz: Gazetteer, regency: int | None, province: int | None, district: int | None, village: int | None
) -> dict[str, str]:
    names = {}
    if province is not None:
        names[gaz.provinces[province].code] = gaz.provinces[province].name
    if regency is not None:
        names[gaz.regencies[regency].code] = gaz.regencies[regency].name
    if district is not None:
        names[gaz.district_code(district)] = gaz.district_name(district)
    if village is not None:
        names[gaz.village_code(village)] = gaz.village_name(village)
    return names


def _how_deep(
    gaz: Gazetteer, mentions: list[Mention], regency: int | None
) -> tuple[int | None, int | None, Level | None, int | None]:
    """Village, district, level reached and province, as far as the names inside the regency are one place."""
    if regency is None:
        return _province_only(mentions)
    province = gaz.regency_province[regency]
    districts: dict[int, float] = {}
    villages: dict[int, float] = {}
    for mention in mentions:
        if regency not in mention.reading.regencies:
            continue
        for entry, _, share in mention.reading.entries:
            if gaz.regency_of(entry) != regency:
                continue
            level, number = unpack(entry)
            part = mention.sureness * share / max(mention.reading.regencies.get(regency, share), 1e-9)
            if level == DISTRICT:
                districts[number] = max(districts.get(number, 0.0), part)
            elif level == VILLAGE:
                villages[number] = max(villages.get(number, 0.0), part)
    district = _only(districts)
    if district is not None:
        inside = {number: part for number, part in villages.items() if gaz.village_district[number] == district}
        village = _only(inside, 0.05)  # the name fits the district: little more is needed
    else:
        village = _only(villages) if not districts else None
    if village is not None:
        return village, gaz.village_district[village], "village", province
    if district is not None:
        return None, district, "district", province
    return None, None, "regency", province


def _only(parts: dict[int, float], least: float = 0.3) -> int | None:
    """The one that stands out: sure enough, and twice as sure as the next."""
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < least:
        return None
    if len(ranked) > 1 and ranked[1][1] > ranked[0][1] / 2:
        return None
    return ranked[0][0]


def _province_only(mentions: list[Mention]) -> tuple[int | None, int | None, Level | None, int | None]:
    for mention in mentions:
        for entry, _, share in mention.reading.entries:
            level, number = unpack(entry)
            if level == PROVINCE and share * mention.sureness > 0.5:
                return None, None, "province", number
    return None, None, None, None
