"""Which of Indonesia's 514 regencies a free text is about, how sure that is, and why; or that it must be asked.

``locate(text, hints=...)`` is the whole of it. Pure: no database, no web, no settings; the gazetteer is read once.
"""

from __future__ import annotations

from intake.understand.locate.coordinates import (
    Boundaries,
    UnreadableBoundaries,
    load_boundaries,
    read_boundaries,
    save_boundaries,
)
from intake.understand.locate.explain import Move, compare, explain_in_words
from intake.understand.locate.gazetteer import (
    District,
    Province,
    Regency,
    Village,
    districts_of,
    gazetteer,
    provinces,
    regencies,
    villages_of,
)
from intake.understand.locate.landline import regencies_of_landline
from intake.understand.locate.resolver import locate
from intake.understand.locate.types import (
    EARLIER_REPORT,
    FORM_CHOICE,
    LANDLINE,
    OWN_LINE,
    Candidate,
    Coordinates,
    Evidence,
    Hints,
    Location,
    Thresholds,
    Versions,
)

__all__ = [
    "EARLIER_REPORT",
    "FORM_CHOICE",
    "LANDLINE",
    "OWN_LINE",
    "Boundaries",
    "Candidate",
    "Coordinates",
    "District",
    "Evidence",
    "Hints",
    "Location",
    "Move",
    "Province",
    "Regency",
    "Thresholds",
    "UnreadableBoundaries",
    "Versions",
    "Village",
    "compare",
    "districts_of",
    "explain_in_words",
    "gazetteer",
    "load_boundaries",
    "locate",
    "provinces",
    "read_boundaries",
    "regencies",
    "regencies_of_landline",
    "save_boundaries",
    "villages_of",
]
