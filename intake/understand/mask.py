"""A text without what tells who somebody is: numbers, mailboxes, links, plates, house numbers and names.

It is a first draft for a person to read, never a text to publish by itself: a name told in passing, in small letters
and without a "pak" before it, is a word like any other.

What surprises: too much is masked rather than too little; a date written with strokes goes, too. Streets stay: where the
hole is, is what a report is about; which house, is not. What was found first (a number, a plate) is not read again as
something else: it is blanked out, letter by letter, before the next looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from intake.understand.person_names import find_names

#: What stands where something was, in Indonesian, as it is shown.
NAME, NUMBER, MAIL, LINK, PLATE, HOUSE = "[nama]", "[nomor]", "[e-mail]", "[tautan]", "[nomor polisi]", "[nomor rumah]"
ACCOUNT, POINT = "[akun]", "[titik]"

_LINK: Final = re.compile(r"(?:https?://|www\.)\S{1,500}|\b(?:bit\.ly|wa\.me|t\.me|goo\.gl)/\S{1,200}", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}")
_ACCOUNT: Final = re.compile(
    r"(?<![\w.])@[\w.]{2,40}"
    r"|(?<=\b(?:ig|fb)[ :])(?:\s*)[\w.]*[._\d][\w.]*",
    re.IGNORECASE,
)
_POINT: Final = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{3,15}\s{0,2}[,;]\s{0,2}-?\d{1,3}\.\d{3,15}(?!\w)")
# Area codes of plates (Perpol 7/2021): a letter or two, up to four digits, up to three letters.
_AREAS: Final = (
    "AA|AB|AD|AE|AG|BA|BB|BD|BE|BG|BH|BK|BL|BM|BN|BP|CC|CD|DA|DB|DC|DD|DE|DG|DH|DK|DL|DM|DN|DP|DR|DS|DT|DW|EA|EB|ED|KB|KH"
    "|KT|KU|PA|PB|PG|PS|PT|PY|A|B|D|E|F|G|H|K|L|M|N|P|R|S|T|W|Z"
)
_PLATE: Final = re.compile(rf"(?<!\w)(?:{_AREAS})[ .-]?[1-9]\d{{0,3}}[ .-]?[A-Z]{{1,3}}(?!\w)")
#: In small letters only with as many digits and letters as most have, and not before a word ("d 2024 yg").
_SMALL_PLATE: Final = re.compile(
    rf"(?<!\w)(?:{_AREAS})[ .-]?[1-9]\d{{2,3}}[ .-]?"
    r"(?!(?:yg|di|th|thn|dan|km|rb|jt|ri|bln|org|wib|dr|ke|sd|rp|kk|m|dg|dgn|tp|tdk|ini|itu|ada|kg|mm|cm)\b)[a-z]{2,3}(?!\w)",
    re.IGNORECASE,
)
_TOLD_PLATE: Final = re.compile(
    r"\b(?:plat(?:\s+nomor)?|nopol|nomor polisi|no\.? ?pol\.?)\s*:?\s*([a-z]{1,2}[ .-]?\d{1,4}(?:[ .-]?[a-z]{1,3})?)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"(?<![\w])\+?\(?\d(?:[\s./()-]{0,2}\d){5,}(?!\w)")
_DIGIT: Final = "(?:nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan)"
_SPOKEN_NUMBER: Final = re.compile(rf"\b{_DIGIT}(?:[ -]{{1,2}}{_DIGIT}){{5,}}\b", re.IGNORECASE)
_HOUSE: Final = re.compile(
    rf"\b(?:rt|rw)\s*[.:]?\s*(?:\d{{1,3}}|{_DIGIT})(?:\s*/\s*(?:rw\s*[.:]?\s*)?\d{{1,3}})?\b"
    r"|\bblok\s+[a-z]{0,2}\s?-?\d{0,3}[a-z]?(?:\s*(?:no|nomor|nomer)?\.?\s*\d{1,4}[a-z]?)?\b"
    r"|(?<=[a-z0-9,.] )\b(?:no|nomor|nomer|kav|kavling)\.?\s*\d{1,4}(?:\s?[a-z])?(?!\w)"
    rf"|(?<=rumah )(?:saya )?(?:no|nomor|nomer)\.?\s*(?:{_DIGIT})\b"
    r"|(?<=[a-z] )[a-z]{1,2}\d{0,2}\s?/\s?\d{1,3}[a-z]?(?!\w)",
    re.IGNORECASE,
)
#: "Jalan Mawar 12", but neither "Jalan Mawar 12 meter" nor "Jalan Mawar 12-14 November".
_HOUSE_OF_STREET: Final = re.compile(
    r"\b(?:jalan|jln|jl|gang|gg)\.?\s+(?:[A-Za-z][\w.'-]*\s+){1,3}?(\d{1,3}[A-Za-z]?)(?![\w/.-]|,\d)"
    r"(?!\s*(?:bulan|bln|minggu|hari|tahun|thn|th|jam|menit|km|kilo|m|meter|cm|kali|x|rumah|kk|kepala|orang|titik|lubang|lobang"
    r"|jalur|arah|sampai|hingga|sd|ekor|buah|unit|mobil|motor|truk|persen|%|juta|ribu|rb|jt|warga|lampu|tiang|pohon|desa|dusun)\b)",
    re.IGNORECASE,
)
_FEWEST_LETTERS: Final = 3
_BLANK: Final = "\x00"


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is masked: where it stands in the text, and what is shown instead."""

    start: int
    end: int
    stands: str


def find_hidden(text: str, *, known: Iterable[str] = (), places: Iterable[str] = ()) -> list[Hidden]:
    """Everything that looks like a person's, in the order of the text. ``known``: names and addresses of the reporter, which
    are found wherever they stand, in any letters; ``places``: names of places, which are none of a person.
    """
    text = text.replace(_BLANK, " ")
    found: list[Hidden] = []
    rest = text
    for stands, spans in (
        (NAME, lambda left: _find_known(left, known)),
        (LINK, _LINK), (MAIL, _MAIL), (ACCOUNT, _ACCOUNT), (POINT, _POINT), (PLATE, _TOLD_PLATE), (PLATE, _PLATE),
        (PLATE, _SMALL_PLATE), (NUMBER, _NUMBER), (NUMBER, _SPOKEN_NUMBER), (HOUSE, _HOUSE), (HOUSE, _HOUSE_OF_STREET),
        (NAME, lambda left: find_names(left, places=places)),
    ):  # fmt: skip
        wanted = spans(rest) if callable(spans) else (_span_of(each) for each in spans.finditer(rest))
        for start, end in sorted(wanted, key=lambda span: (span[0], -span[1])):
            if _BLANK in rest[start:end]:
                continue
            found.append(Hidden(start, end, stands))
            rest = rest[:start] + _BLANK * (end - start) + rest[end:]
    return sorted(found, key=lambda each: each.start)


def mask(text: str, *, known: Iterable[str] = (), places: Iterable[str] = ()) -> str:
    """The text with everything that ``find_hidden`` finds masked."""
    return "".join(
        piece if hidden is None else hidden.stands for piece, hidden in cut(text, known=known, places=places)
    )


def cut(text: str, *, known: Iterable[str] = (), places: Iterable[str] = ()) -> Iterator[tuple[str, Hidden | None]]:
    """The text in pieces, each with how it is masked, or None where it stays."""
    at = 0
    for hidden in find_hidden(text, known=known, places=places):
        if hidden.start > at:
            yield text[at : hidden.start], None
        yield text[hidden.start : hidden.end], hidden
        at = hidden.end
    if at < len(text):
        yield text[at:], None


def _span_of(found: re.Match[str]) -> tuple[int, int]:
    """What is to be masked of a match: its group where it has one."""
    return found.span(found.lastindex or 0)


def _find_known(text: str, known: Iterable[str]) -> Iterator[tuple[int, int]]:
    for whole in known:
        for part in {whole.strip(), *whole.split()}:
            if len(part) >= _FEWEST_LETTERS:
                for found in re.finditer(rf"(?<!\w){re.escape(part)}(?!\w)", text, flags=re.IGNORECASE):
                    yield found.span()
