"""The values that the place resolver takes and gives: plain, frozen, free of any framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

Decision = Literal["decided", "ask", "none"]
Level = Literal["village", "district", "regency", "province"]
Origin = Literal["text", "photo", "form"]

# How many times likelier a regency becomes by what the channel knows: its own line carries mostly its own people.
OWN_LINE: Final = 300.0
FORM_CHOICE: Final = 2_000.0
EARLIER_REPORT: Final = 60.0
LANDLINE: Final = 100.0


@dataclass(frozen=True, slots=True)
class Coordinates:
    """A point in degrees (WGS 84), and who gave it: the text, a photo's position, or a pin on the form's map."""

    latitude: float
    longitude: float
    origin: Origin = "form"


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known beside the text.

    ``regencies`` are (code, strength) pairs: how many times likelier that regency is than without the hint (see
    ``OWN_LINE``, ``FORM_CHOICE``, ``EARLIER_REPORT``, ``LANDLINE``). Several regencies of one hint are given one by
    one, each with its share of the strength. A hint never silently beats clear words in the text.
    """

    regencies: tuple[tuple[str, float], ...] = ()
    coordinates: Coordinates | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which probability a regency is decided, and from which one is worth naming in a question.

    ``lead``: a regency is decided only when it is this many times likelier than the next; below that, one asks.
    """

    decide: float = 0.60
    lead: float = 2.5
    choice: float = 0.03
    choices: int = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A regency with its probability."""

    regency: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for or against the regency found.

    ``start`` and ``end`` are offsets in the text as it was given, -1 for what the text does not hold (a hint).
    ``reading`` says what it was read as, in Indonesian; ``weight`` is how sure it is that this place is meant, 0 to 1.
    """

    start: int
    end: int
    text: str
    reading: str
    level: str
    regencies: tuple[str, ...]
    supports: bool
    weight: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """What decided: kept with every decision, so that a later release can be compared with it."""

    gazetteer: str
    resolver: str
    calibration: str


@dataclass(frozen=True, slots=True)
class Location:
    """Where a report is about.

    ``decided``: ``regency`` holds a code ``PP.KK``, and ``village`` / ``district`` codes as far as the text went.
    ``ask``: the text names a place but not one regency; ``choices`` are the two or three worth asking, if any are.
    ``none``: the text names no place. ``probability`` is that of the likeliest regency, whatever the decision.
    """

    decision: Decision
    regency: str | None
    probability: float
    candidates: tuple[Candidate, ...]
    level: Level | None
    village: str | None
    district: str | None
    province: str | None
    evidence: tuple[Evidence, ...]
    choices: tuple[Candidate, ...]
    versions: Versions
    names: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {
            "decision": self.decision,
            "regency": self.regency,
            "name": self.names.get(self.regency) if self.regency else None,
            "probability": round(self.probability, 4),
            "level": self.level,
            "village": self.village,
            "district": self.district,
            "province": self.province,
            "names": self.names,
            "candidates": [_candidate(candidate) for candidate in self.candidates],
            "choices": [_candidate(candidate) for candidate in self.choices],
            "evidence": [
                {
                    "start": item.start,
                    "end": item.end,
                    "text": item.text,
                    "reading": item.reading,
                    "level": item.level,
                    "regencies": list(item.regencies),
                    "supports": item.supports,
                    "weight": round(item.weight, 3),
                    "note": item.note,
                }
                for item in self.evidence
            ],
            "versions": {
                "gazetteer": self.versions.gazetteer,
                "resolver": self.versions.resolver,
                "calibration": self.versions.calibration,
            },
        }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {"regency": candidate.regency, "name": candidate.name, "probability": round(candidate.probability, 4)}
