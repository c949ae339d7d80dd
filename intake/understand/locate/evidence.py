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
    for mention in mentions:
        if mention.sureness < FAINTEST:
            continue
        first, last = tokens[mention.first], tokens[mention.last - 1]
        shares = mention.reading.regencies
        supports = regency is not None and _speaks_for(mention, regency)
        entry = _best_entry(gaz, mention, regency if supports else None)
        ranked = sorted(shares, key=lambda number: (-shares[number], number))[:3]
        found.append(
            Evidence(
                start=first.start,
                end=last.end,
                text=text[first.start : last.end],
                reading=_reading(gaz, entry, len(shares)),
                level=LEVEL_WORD[_level_row(mention, entry)],
                regencies=tuple(gaz.regencies[number].code for number in ranked),
                supports=supports,
                weight=mention.sureness * (1 - mention.aside),
                note=_note(mention),
            )
        )
    found = sorted(found, key=lambda item: -item.weight)[:MOST_SHOWN]
    found.sort(key=lambda item: item.start)
    for number, strength in sorted(hinted.items()):
        place = gaz.regencies[number]
        told = f"petunjuk saluran: {place.short}"
        found.append(
            Evidence(-1, -1, "", told, "hint", (place.code,), number == regency, strength / (strength + 100.0))
        )
    return tuple(found)


def _speaks_for(mention: Mention, regency: int) -> bool:
    shares = mention.reading.regencies
    return shares.get(regency, 0.0) * 514 * (1 - mention.aside) > 1.5


def _best_entry(gaz: Gazetteer, mention: Mention, regency: int | None) -> int:
    entries = mention.reading.entries
    if regency is not None:
        inside = [item for item in entries if gaz.regency_of(item[0]) == regency]
        if inside:
            return max(inside, key=lambda item: item[2])[0]
    return max(entries, key=lambda item: item[2])[0]


def _level_row(mention: Mention, entry: int) -> int:
    return next(level for packed, level, _ in mention.reading.entries if packed == entry)


def _reading(gaz: Gazetteer, entry: int, regencies: int) -> str:
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
    return {
        Cue.STREET: "nama jalan",
        Cue.PERSON: "mungkin nama orang",
        Cue.COMPANY: "mungkin nama usaha atau lembaga",
        Cue.PRODUCT: "mungkin nama barang atau kendaraan",
        Cue.HAMLET: "mungkin nama perumahan",
        Cue.KAMPUNG: "mungkin nama kampung",
        Cue.DUSUN: "mungkin nama dusun",
    }.get(mention.cue, "")
