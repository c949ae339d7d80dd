"""A location read back from what was stored with a decision (``Location.as_dict``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intake.understand.locate.types import Candidate, Evidence, Location, Versions


def location_from(kept: Mapping[str, Any]) -> Location:
    """The Location that ``as_dict`` gave. Tolerates fields that older releases did not write."""
    versions = kept.get("versions") or {}
    return Location(
        decision=kept["decision"],
        regency=kept.get("regency"),
        probability=float(kept.get("probability", 0.0)),
        candidates=tuple(_candidate(each) for each in kept.get("candidates", ())),
        level=kept.get("level"),
        village=kept.get("village"),
        district=kept.get("district"),
        province=kept.get("province"),
        evidence=tuple(_evidence(each) for each in kept.get("evidence", ())),
        choices=tuple(_candidate(each) for each in kept.get("choices", ())),
        versions=Versions(
            str(versions.get("gazetteer", "")), str(versions.get("resolver", "")), str(versions.get("calibration", ""))
        ),
        names=dict(kept.get("names") or {}),
    )


def _candidate(kept: Mapping[str, Any]) -> Candidate:
    return Candidate(kept["regency"], kept["name"], float(kept["probability"]))


def _evidence(kept: Mapping[str, Any]) -> Evidence:
    return Evidence(
        start=int(kept["start"]),
        end=int(kept["end"]),
        text=kept["text"],
        reading=kept["reading"],
        level=kept["level"],
        regencies=tuple(kept.get("regencies", ())),
        supports=bool(kept["supports"]),
        weight=float(kept["weight"]),
        note=kept.get("note", ""),
    )
