"""A text without what tells who somebody is: numbers, mailboxes, links, plates, house numbers and names.

It is a first draft for a person to read, never a text to publish by itself: a name told in passing, in small letters
and without a "pak" before it, is a word like any other.

What surprises: too much is masked rather than too little; a date written with strokes goes, too. Streets stay: where the
hole is, is what a report is about; which house, is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

#: What stands where something was, in Indonesian, as it is shown.
NAME, NUMBER, MAIL, LINK, PLATE, HOUSE = "[nama]", "[nomor]", "[e-mail]", "[tautan]", "[nomor polisi]", "[nomor rumah]"

_LINK: Final = re.compile(r"(?:https?://|www\.)\S{1,500}", re.IGNORECASE)
_MAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}")
# Area codes of plates (Perpol 7/2021): a letter or two, up to four digits, up to three letters.
_AREAS: Final = (
    "AA|AB|AD|AE|AG|BA|BB|BD|BE|BG|BH|BK|BL|BM|BN|BP|CC|CD|DA|DB|DC|DD|DE|DG|DH|DK|DL|DM|DN|DP|DR|DS|DT|DW|EA|EB|ED|KB|KH"
    "|KT|KU|PA|PB|PG|PS|PT|PY|A|B|D|E|F|G|H|K|L|M|N|P|R|S|T|W|Z"
)
_PLATE: Final = re.compile(rf"(?<!\w)(?:{_AREAS})[ .-]?[1-9]\d{{0,3}}[ .-]?[A-Z]{{1,3}}(?!\w)")
_TOLD_PLATE: Final = re.compile(
    r"\b(plat(?:\s+nomor)?|nopol|nomor polisi|no\.? ?pol\.?)(\s*:?\s*)([a-z]{1,2}[ .-]?\d{1,4}(?:[ .-]?[a-z]{1,3})?)\b",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"(?<![\w])\+?\(?\d(?:[\s./()-]{0,2}\d){5,}(?!\w)")
_HOUSE: Final = re.compile(
    r"\b(?:rt|rw)\s*[.:]?\s*\d{1,3}(?:\s*/\s*(?:rw\s*[.:]?\s*)?\d{1,3})?\b"
    r"|\bblok\s+[a-z]{0,2}\s?-?\d{0,3}[a-z]?(?:\s*(?:no|nomor|nomer)?\.?\s*\d{1,4}[a-z]?)?\b"
    r"|(?<=[a-z0-9,.] )\b(?:no|nomor|nomer|kav|kavling)\.?\s*\d{1,4}(?:\s?[a-z])?(?!\w)",
    re.IGNORECASE,
)
_TITLE: Final = (
    r"(?:bapak|bpk|pak|pk|ibu|bu|sdr|sdri|saudara|saudari|mas|mbak|mbk|bang|kang|teh|haji|hajah|hj|h|ustad|ustadz|kiai|kyai"
    r"|dr|drs|ir|tn|ny|almarhum|alm)"
)
#: Who is called by the office and not by a name: no secret, and mostly what the report is about.
_OFFICES: Final = frozenset(
    {
        "presiden", "menteri", "gubernur", "bupati", "walikota", "wali", "wakil", "camat", "lurah", "kades",
        "kadus", "kepala", "sekretaris", "sekdes", "ketua", "rt", "rw", "dinas", "kapolres", "kapolsek", "polisi",
        "guru", "dokter", "bidan", "perawat", "mantri", "hakim", "jaksa", "satpam", "petugas", "admin", "operator",
        "anggota", "dprd", "pejabat", "yang", "di", "dan", "ke", "dari", "itu", "ini", "saya", "kami", "mohon",
        "tolong", "minta", "apa", "kapan", "sudah", "belum", "tidak", "jangan", "ada", "untuk", "dengan", "agar",
        "supaya", "karena", "kalau", "bisa", "harus", "juga", "lagi", "masih", "akan", "telah", "pada", "atau",
        "terima", "selamat", "rumah", "hamil", "jalan", "desa"
    }
)  # fmt: skip
#: Short forms that are also other words ("dr pasar", from the market): a name after them has a capital.
_DOUBTFUL: Final = frozenset({"dr", "drs", "ir", "h", "hj", "mas", "teh", "pk"})
_TITLED: Final = re.compile(
    rf"\b({_TITLE}\.?\s+)((?:(?:{_TITLE}\.?)\s+)*)([a-z][a-z'.-]+)((?:\s+[A-Z][\w'.-]+){{0,3}})", re.IGNORECASE
)
_SELF: Final = re.compile(
    r"\b((?i:nama(?:\s+saya|\s+lengkap|\s+pelapor)?|bernama|atas nama|a\.?n\.?|ttd|hormat saya|wassalam|salam|pelapor)"
    r"\s*[:,]?\s+)"
    r"(?!saya\b|kami\b)([A-Z][\w'.-]+(?:\s+[A-Z][\w'.-]+){0,3})"
)
_FIRST_IS_CAPITAL: Final = re.compile(r"\s+[A-Z][\w'.-]+")
_FEWEST_LETTERS: Final = 3


def mask(text: str, *, known: Iterable[str] = ()) -> str:
    """The text with everything that looks like a person's masked. ``known``: names and addresses of the reporter, which
    are masked wherever they stand, in any letters.
    """
    masked = _mask_known(text, known)
    masked = _LINK.sub(LINK, masked)
    masked = _MAIL.sub(MAIL, masked)
    masked = _TOLD_PLATE.sub(rf"\1\2{PLATE}", masked)
    masked = _PLATE.sub(PLATE, masked)
    masked = _NUMBER.sub(NUMBER, masked)
    masked = _HOUSE.sub(HOUSE, masked)
    masked = _SELF.sub(rf"\1{NAME}", masked)
    return _TITLED.sub(_without_name, masked)


def _mask_known(text: str, known: Iterable[str]) -> str:
    for whole in known:
        for part in sorted({whole.strip(), *whole.split()}, key=len, reverse=True):
            if len(part) >= _FEWEST_LETTERS:
                text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", NAME, text, flags=re.IGNORECASE)
    return text


def _without_name(found: re.Match[str]) -> str:
    title, more, name, rest = found.groups()
    doubtful = title.strip(" .\n").lower() in _DOUBTFUL and not more and name[0].islower()
    if doubtful or name.strip(".").lower() in _OFFICES:
        return found[0]
    # The pattern ignores case; further names count only when they are written with a capital.
    kept = rest
    while (capital := _FIRST_IS_CAPITAL.match(kept)) is not None:
        kept = kept[capital.end() :]
    return f"{title}{more}{NAME}{kept}"
