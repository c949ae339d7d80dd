"""The place a citizen picked from a list, or said yes to: nobody knows it better, so it is the place.

What the resolver read from the words stays as evidence, for or against, so that an officer sees when a story and the
choice disagree.
"""

from __future__ import annotations

from dataclasses import replace

from intake.understand.locate.gazetteer import Gazetteer, gazetteer
from intake.understand.locate.types import Candidate, Evidence, Level, Location

_REGENCY, _DISTRICT = 5, 8


def at_chosen_place(location: Location, code: str, *, reading: str) -> Location:
    """``location``, decided to be the region with this code (regency, district or village).

    ``reading`` begins the words of the evidence ("dipilih sendiri oleh pelapor"). A code of no region changes nothing:
    it is not from our lists.
    """
    gaz = gazetteer()
    number = gaz.regency_number.get(code[:_REGENCY])
    if number is None:
        return location
    regency = gaz.regencies[number]
    district = gaz.district_at(code[:_DISTRICT]) if len(code) >= _DISTRICT else None
    village = _village_at(gaz, district, code)
    if (len(code) > _REGENCY and district is None) or (len(code) > _DISTRICT and village is None):
        return location
    level: Level = "village" if village is not None else "district" if district is not None else "regency"
    names = {regency.province_code: regency.province, regency.code: regency.name}
    told = regency.short
    if district is not None:
        names[gaz.district_code(district)] = gaz.district_name(district)
        told = f"Kecamatan {gaz.district_name(district)}, {told}"
    if village is not None:
        names[gaz.village_code(village)] = gaz.village_name(village)
        told = f"{gaz.village_name(village)}, {told}"
    of_the_citizen = Evidence(-1, -1, "", f"{reading}: {told}", level, (regency.code,), supports=True, weight=1.0)
    # The form's choice was a hint to the resolver, too: told once is enough.
    read = [item for item in location.evidence if not (item.level == "hint" and item.regencies == (regency.code,))]
    return replace(
        location,
        decision="decided",
        regency=regency.code,
        probability=1.0,
        candidates=(Candidate(regency.code, regency.short, 1.0),),
        level=level,
        village=gaz.village_code(village) if village is not None else None,
        district=gaz.district_code(district) if district is not None else None,
        province=regency.province_code,
        evidence=(of_the_citizen, *(_judged(item, location, regency.code) for item in read)),
        choices=(),
        names=names,
    )


def _village_at(gaz: Gazetteer, district: int | None, code: str) -> int | None:
    if district is None or len(code) <= _DISTRICT:
        return None
    return next((v for v in gaz.villages_in(district) if gaz.village_code(v) == code), None)


def _judged(item: Evidence, location: Location, regency: str) -> Evidence:
    """The same evidence, for or against the place that was chosen."""
    if location.regency == regency:
        return item
    return replace(item, supports=regency in item.regencies)
