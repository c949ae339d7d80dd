"""How deep a text goes inside the regency found: district and village, as far as its names are one place there."""

from __future__ import annotations

from intake.understand.locate.gazetteer import DISTRICT, PROVINCE, VILLAGE, Gazetteer, unpack
from intake.understand.locate.mentions import Mention
from intake.understand.locate.types import Level


def how_deep(
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
