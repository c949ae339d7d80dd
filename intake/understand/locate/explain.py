"""A location told in two sentences of Indonesian, and two locations compared."""

from __future__ import annotations

from dataclasses import dataclass

from intake.understand.locate.gazetteer import regencies
from intake.understand.locate.types import Evidence, Location


def explain_in_words(location: Location) -> str:
    """Why a report went where it went, for an officer: exactly two sentences."""
    percent = f"{100 * location.probability:.0f}%"
    if location.decision == "decided" and location.regency:
        place = regencies()[location.regency]
        first = (
            f"Laporan ini diarahkan ke {place.name}, {place.province}, dengan keyakinan {percent}{_depth(location)}."
        )
    elif location.decision == "ask":
        names = _join([regencies()[candidate.regency].name for candidate in location.choices])
        first = (
            f"Wilayah laporan ini belum pasti dan perlu ditanyakan kepada pelapor: {names}."
            if names
            else "Laporan ini menyebut tempat, tetapi belum cukup jelas untuk memilih satu kabupaten/kota."
        )
    else:
        first = "Laporan ini tidak menyebut tempat yang dikenali sehingga lokasinya perlu ditanyakan."
    return f"{first} {_reasons(location)}"


def _depth(location: Location) -> str:
    parts = []
    if location.village:
        parts.append(f"desa/kelurahan {location.names[location.village]}")
    if location.district:
        parts.append(f"kecamatan {location.names[location.district]}")
    return f" ({', '.join(parts)})" if parts else ""


def _reasons(location: Location) -> str:
    supporting = sorted((item for item in location.evidence if item.supports), key=lambda item: -item.weight)[:3]
    against = sorted((item for item in location.evidence if not item.supports), key=lambda item: -item.weight)[:2]
    if not supporting and not against:
        return "Tidak ada nama tempat yang menjadi dasar."
    sentence = (
        "Dasarnya " + _join([_tell(item) for item in supporting]) if supporting else "Tidak ada petunjuk yang mendukung"
    )
    if against:
        sentence += "; yang tidak mendukung: " + _join([_tell(item) for item in against])
    return sentence.replace(". ", ", ").rstrip(".") + "."


def _tell(item: Evidence) -> str:
    reading = item.reading.replace("Kab. ", "Kabupaten ")
    told = f'"{item.text.strip()}" sebagai {reading}' if item.start >= 0 else f"{reading} {item.text}".strip()
    return f"{told} ({item.note})" if item.note else told


def _join(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + " dan " + parts[-1]


@dataclass(frozen=True, slots=True)
class Move:
    """What a new version would change for one report."""

    before: str
    after: str
    moved: bool


def compare(before: Location, after: Location) -> Move:
    """Whether a new result sends a report elsewhere, and how both read: "16.03 (97%)" or "ask"."""
    moved = (before.decision, before.regency) != (after.decision, after.regency)
    return Move(_short(before), _short(after), moved)


def _short(location: Location) -> str:
    return f"{location.regency} ({100 * location.probability:.0f}%)" if location.regency else location.decision
