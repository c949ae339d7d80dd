"""Whose matter it is: the regency's, the province's, a national body's, the village's, or nobody's in government.

A topic has a level of its own; the text may say another: a road may be a national one, a school a senior one (province,
UU 23/2014). What is not the regency's is forwarded with a reason, never refused.
"""

from __future__ import annotations

from typing import NamedTuple

from intake.understand.classify.lexicon import Lexicon, Reading
from intake.understand.classify.taxonomy import NATIONAL, PROVINCE, REGENCY, VILLAGE, Topic

_ROAD_TOPICS = frozenset({"INF.01", "INF.02", "INF.03", "INF.06", "TRN.01", "TRN.02", "TRN.05", "LHD.05", "INF.10"})
_RIVER_TOPICS = frozenset({"INF.04"})
_TERMINAL = "TRN.04"
_SCHOOL_GROUP, _SENIOR_SCHOOL = "PDD", "PDD.06"
_SENIOR_WORDS = frozenset({"sma", "smk", "slb", "slta"})
_JUNIOR_WORDS = frozenset({"sd", "smp", "paud", "tk"})
_SENIOR_TOPICS = frozenset({"PDD.01", "PDD.02", "PDD.03", "PDD.04", "PDD.10", "PDD.13"})
_VEHICLE_TAX = frozenset({"samsat", "pkb", "pajak_kendaraan", "pajak~kendaraan", "pajak~motor", "pajak~mobil", "opsen"})


class Responsibility(NamedTuple):
    """The level, who takes it when it is not the regency, and the words that say so."""

    authority: str
    forward_to: str
    words: tuple[str, ...]


def find_responsible(lexicon: Lexicon, reading: Reading, topic: Topic) -> Responsibility:
    """Return whose matter a report on ``topic`` is, by topic and by what the text says."""
    if lexicon.taxonomy.overridden and topic.authority == REGENCY and topic.group not in ("INF", "TRN", "PDD"):
        return Responsibility(REGENCY, "", ())
    if topic.authority == REGENCY:
        said = _said(lexicon, reading)
        if topic.code in _ROAD_TOPICS or topic.code in _RIVER_TOPICS or topic.code == _TERMINAL:
            for level, forward in ((NATIONAL, _national(topic.code)), (PROVINCE, _provincial(topic.code))):
                if said.get(level):
                    return Responsibility(level, forward, said[level])
            if said.get(VILLAGE) and topic.code == "INF.01":
                return Responsibility(VILLAGE, "Pemerintah desa", said[VILLAGE])
        if topic.group == _SCHOOL_GROUP and topic.code in _SENIOR_TOPICS:
            senior = tuple(sorted(_SENIOR_WORDS.intersection(reading.roots)))
            if senior and not _JUNIOR_WORDS.intersection(reading.roots):
                return Responsibility(PROVINCE, lexicon.taxonomy.topic(_SENIOR_SCHOOL).forward_to, senior)
        if topic.code == "EKO.04":
            vehicle = tuple(hit.term for hit in reading.hits if hit.term in _VEHICLE_TAX)
            if vehicle:
                return Responsibility(PROVINCE, "Bapenda Provinsi (Samsat)", vehicle)
    return Responsibility(topic.authority, topic.forward_to if topic.authority != REGENCY else "", ())


def _said(lexicon: Lexicon, reading: Reading) -> dict[str, tuple[str, ...]]:
    levels = {
        lexicon.number["auth.province"]: PROVINCE,
        lexicon.number["auth.national"]: NATIONAL,
        lexicon.number["auth.village"]: VILLAGE,
    }
    found: dict[str, tuple[str, ...]] = {}
    for hit in reading.hits:
        for number, _ in hit.worth:
            level = levels.get(number)
            if level:
                found[level] = (*found.get(level, ()), hit.term.replace("_", " "))
    return found


def _national(code: str) -> str:
    if code in _RIVER_TOPICS:
        return "Balai Besar Wilayah Sungai (BBWS)"
    if code == _TERMINAL:
        return "Kementerian Perhubungan (BPTD)"
    return "Balai Pelaksanaan Jalan Nasional (BPJN/BBPJN)"


def _provincial(code: str) -> str:
    if code in _RIVER_TOPICS:
        return "Dinas PU SDA Provinsi"
    if code == _TERMINAL or code.startswith("TRN"):
        return "Dinas Perhubungan Provinsi"
    return "Dinas PU Bina Marga Provinsi"
