"""How many short messages a text costs: GSM 7-bit and UCS-2, units and segments (3GPP TS 23.038 and 23.040).

What surprises: one character outside the GSM alphabet turns the whole text into UCS-2 and more than halves the room, so
a typographic quotation mark can double the price. Characters of the extension table cost two septets, and neither such
a pair nor a surrogate pair may be torn apart by a segment's end: a segment may therefore stay one unit short.
Languages' own shift tables (TS 23.038, 6.2.1.2) are left out: no gateway of ours sends with them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["gsm7", "ucs2"]

# TS 23.038, 6.2.1: the default alphabet in the order of its codes; 0x1B, the escape, is no character.
DEFAULT_ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ"
    "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# TS 23.038, 6.2.1.1: each after an escape, so two septets.
EXTENSION_ALPHABET: Final = "\f^{}\\[~]|€"

_COSTS: Final = dict.fromkeys(DEFAULT_ALPHABET, 1) | dict.fromkeys(EXTENSION_ALPHABET, 2)

_IN_GSM: Final = frozenset(_COSTS)

# Room in a message of its own, and in one of several (less the header that joins them; TS 23.040, 9.2.3.24.1).
ROOM_ALONE: Final = {"gsm7": 160, "ucs2": 70}
ROOM_JOINED: Final = {"gsm7": 153, "ucs2": 67}


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """What a text costs: ``units`` are septets or UTF-16 units of the text itself, headers not counted."""

    encoding: Encoding
    units: int
    segments: int


def plan(text: str) -> SegmentPlan:
    """The cost of sending this text. An empty text is one (empty) segment."""
    if is_gsm(text):
        return _fill("gsm7", [_COSTS[character] for character in text])
    return _fill("ucs2", [2 if ord(character) > 0xFFFF else 1 for character in text])


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM default alphabet or its extension."""
    return _IN_GSM.issuperset(text)


def _fill(encoding: Encoding, costs: Iterable[int]) -> SegmentPlan:
    costs = list(costs)
    units = sum(costs)
    if units <= ROOM_ALONE[encoding]:
        return SegmentPlan(encoding, units, 1)
    segments, used = 1, 0
    for cost in costs:
        if used + cost > ROOM_JOINED[encoding]:
            segments, used = segments + 1, 0
        used += cost
    return SegmentPlan(encoding, units, segments)


_SPELLINGS: Final = str.maketrans(
    {
        **dict.fromkeys("“”„‟«»″〝〞＂", '"'),
        **dict.fromkeys("‘’‚‛‹›′´`ʼˈ＇", "'"),
        **dict.fromkeys("‐‑‒–—―−⁃﹣－", "-"),
        **dict.fromkeys("•·‣▪●◦∙", "*"),
        **dict.fromkeys(
            "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
        ),
        **dict.fromkeys("\u2028\u2029\u0085\v", "\n"),
        # Nothing to see: soft hyphen, zero-width, direction marks, byte order mark.
        **dict.fromkeys("\u00ad\u200b\u200c\u2060\u200e\u200f\u202a\u202b\u202c\u202d\u202e\ufeff\x00", ""),
        "…": "...",
        "⁄": "/",
        "×": "x",
        "÷": ":",
        "±": "+/-",
        "≤": "<=",
        "≥": ">=",
        "→": "->",
        "©": "(c)",
        "®": "(r)",
        "™": "(tm)",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "œ": "oe",
        "Œ": "OE",
        "þ": "th",
        "ð": "d",
        "ı": "i",
    }
)


def make_gsm(text: str) -> str:
    """The text with every character that has a GSM spelling written that way; what has none (emoji) stays.

    Accents the alphabet knows (``é``) stay, others (``ā``) are dropped; typographic quotes, dashes and spaces become
    plain ones, invisible characters vanish. A text that is GSM already comes back as it was.
    """
    if is_gsm(text):
        return text
    text = unicodedata.normalize("NFC", text).translate(_SPELLINGS).replace("\r\n", "\n")
    spelled: list[str] = []
    for character in text:
        if unicodedata.combining(character) and spelled and is_gsm(spelled[-1]):
            continue  # an accent on a letter we can send without it; on any other script's letters it stays
        spelled.append(character if character in _COSTS else _spell(character))
    return "".join(spelled)


def _spell(character: str) -> str:
    """One character without its accents or its width, when that is GSM; itself otherwise."""
    parts = unicodedata.normalize("NFKD", character).translate(_SPELLINGS)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return plain if plain and is_gsm(plain) else character
