"""Why a regency was found: each name with its reading, for or against, in Indonesian words."""

from __future__ import annotations

from typing import Final

from intake.understand.locate.cues import Cue
from intake.understand.locate.gazetteer import ALIAS, DISTRICT, PROVINCE, REGENCY, VILLAGE, Gazetteer, unpack
from intake.understand.locate.mentions import Mention
from intake.understand.locate.readings import LEVEL_WORD
from intake.understand.locate.tokens import Token
from intake.understand.locate.types import Evidence

# A name less sure than this is not worth showing.
FAINTEST: Final = 0.05
MOST_SHOWN: Final = 24


_NOTES: Final = {
    Cue.STREET: "nama jalan",
    Cue.PERSON: "mungkin nama orang",
    Cue.COMPANY: "mungkin nama usaha atau lembaga",
    Cue.PRODUCT: "mungkin nama barang atau kendaraan",
    Cue.HAMLET: "mungkin nama perumahan",
    Cue.KAMPUNG: "mungkin nama kampung",
    Cue.DUSUN: "mungkin nama dusun",
}


def gather_evidence(
    gaz: Gazetteer,
    text: str,
    mentions: list[Mention],
    tokens: list[Token],
    regency: int | None,
    hinted: dict[int, float],
) -> tuple[Evidence, ...]:
    """The names and hints that spoke, in the order of the text, the faint ones left out."""
    found = []
    shown = [mention for mention in mentions if mention.sureness >= FAINTEST]
    if len(shown) > MOST_SHOWN:
        shown = sorted(shown, key=lambda mention: -mention.sureness)[:MOST_SHOWN]
        shown.sort(key=lambda mention: mention.first)
    for mention in shown:
        start, end = tokens[mention.first].start, tokens[mention.last - 1].end
        reading = mention.reading
        supports = regency is not None and _speaks_for(gaz, mention, regency)
        entry, row = _best_entry(gaz, mention, regency if supports else None)
        found.append(
            Evidence(
                start,
                end,
                text[start:end],
                _tell(gaz, entry, len(reading.regencies)),
                LEVEL_WORD[row],
                tuple([gaz.regencies[number].code for number in reading.top]),
                supports,
                mention.sureness * (1 - mention.aside),
                _note(mention),
            )
        )
    for number, strength in sorted(hinted.items()):
        place = gaz.regencies[number]
        told = f"petunjuk saluran: {place.short}"
        found.append(
            Evidence(-1, -1, "", told, "hint", (place.code,), number == regency, strength / (strength + 100.0))
        )
    return tuple(found)


def _speaks_for(gaz: Gazetteer, mention: Mention, regency: int) -> bool:
    return mention.reading.regencies.get(regency, 0.0) / gaz.prior[regency] * (1 - mention.aside) > 1.5


def _best_entry(gaz: Gazetteer, mention: Mention, regency: int | None) -> tuple[int, int]:
    """The likeliest entry (inside the regency found, where there is one), and its row."""
    entries = mention.reading.entries
    if regency is not None:
        for entry, row, _ in entries:
            if gaz.regency_of(entry) == regency:
                return entry, row
    return entries[0][:2]


def _tell(gaz: Gazetteer, entry: int, regencies: int) -> str:
    level, number = unpack(entry)
    if level == PROVINCE:
        return f"Provinsi {gaz.provinces[number].name}"
    if level == REGENCY:
        return gaz.regencies[number].name
    of = gaz.regency_of(entry)
    assert of is not None  # noqa: S101 - only a province has none
    where = gaz.regencies[of].short
    if level == ALIAS:
        return (
            f"sebutan untuk {where}" if gaz.aliases[number].kind not in {"place", "capital"} else f"tempat di {where}"
        )
    if level == DISTRICT:
        reading = f"Kecamatan {gaz.district_name(number)}, {where}"
    else:
        assert level == VILLAGE  # noqa: S101 - the last of the levels
        kind = "Desa" if gaz.village_number[number] >= 2000 else "Kelurahan"
        reading = (
            f"{kind} {gaz.village_name(number)}, Kecamatan {gaz.district_name(gaz.village_district[number])}, {where}"
        )
    return reading if regencies == 1 else f"{reading} (nama ini ada di {regencies} kabupaten/kota)"


def _note(mention: Mention) -> str:
    if mention.note:
        return f"setelah kata '{mention.note}': mungkin bukan tempat kejadian"
    return _NOTES.get(mention.cue, "")
