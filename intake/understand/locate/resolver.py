"""From a text to one regency, to a question, or to none.

What surprises: a hint multiplies like any name does, but where the text alone is clear and the hint turns it over, the
text is kept and the hint is shown as evidence against.
"""

from __future__ import annotations

from heapq import nsmallest
from typing import Final

from intake.understand.locate.calibration import calibration
from intake.understand.locate.coordinates import Boundaries, regencies_near, written_coordinates
from intake.understand.locate.depth import how_deep
from intake.understand.locate.evidence import gather_evidence
from intake.understand.locate.gazetteer import Gazetteer, gazetteer
from intake.understand.locate.mentions import Mention, find_mentions
from intake.understand.locate.tokens import Token, cut, plain
from intake.understand.locate.types import (
    Candidate,
    Coordinates,
    Decision,
    Evidence,
    Hints,
    Location,
    Thresholds,
    Versions,
)
from intake.understand.locate.weigh import Weighed, once_each, setting_of, take_together, weigh

NO_HINTS: Final = Hints()
USUAL_THRESHOLDS: Final = Thresholds()
RESOLVER_VERSION: Final = "2"

# A text alone this sure is not turned over by a hint.
_CLEAR: Final = 0.90


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
    mentions = take_together(gaz, once_each(mentions))
    setting = setting_of(words.texts)
    point = hints.coordinates or written_coordinates(readable)
    pointed, point_evidence = _read_point(gaz, point, boundaries)
    from_text = weigh(gaz, mentions, setting, pointed)
    weighed = from_text
    hinted: dict[int, float] = {}
    for code, strength in hints.regencies:
        number = gaz.regency_number.get(code)
        if number is not None:
            hinted[number] = hinted.get(number, 1.0) * max(strength, 1e-6)
    if hinted:
        weighed = weigh(gaz, mentions, setting, pointed, hinted)
        clear = _top(from_text)
        if clear is not None and clear[1] >= _CLEAR and (top := _top(weighed)) is not None and top[0] != clear[0]:
            weighed = from_text
    return _conclude(gaz, text, mentions, words.tokens, weighed, thresholds, point_evidence, hinted)


def weigh_text(text: str) -> Weighed:
    """What a text alone says, before calibration: what calibration is fitted on."""
    gaz = gazetteer()
    mentions, words = find_mentions(cut(plain(text)))
    mentions = take_together(gaz, once_each(mentions))
    return weigh(gaz, mentions, setting_of(words.texts), {})


def _top(weighed: Weighed) -> tuple[int, float] | None:
    return max(weighed.probabilities.items(), key=lambda item: (item[1], -item[0]), default=None)


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
    ranked = [(number, -mass) for mass, number in nsmallest(8, [(-m, n) for n, m in weighed.probabilities.items()])]
    top = ranked[0] if ranked else None
    probability = 0.0
    if top is not None:
        others = [mass for number, mass in weighed.probabilities.items() if number != top[0]]
        probability = calibrated.apply(top[1], others, 1 - weighed.rest)
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
    village, district, level, province = how_deep(gaz, mentions, chosen)
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
