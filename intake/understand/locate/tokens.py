"""A text cut into tokens that the gazetteer can look up, each knowing where it stood.

The same cutting and the same canonical spelling are used when the gazetteer is compiled and when a text is read: two
spellings meet because both become the same key. A key is the canonical tokens written *without spaces*, so "Pekanbaru"
and "pekan baru", "Bau-Bau" and "baubau" need no variants.

What surprises: every character is replaced by exactly one character, so the offsets of a token are offsets in the text
as the citizen sent it, whatever accents, full-width letters or invisible characters it held.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

# As long as a report may be; what stands behind it is not read.
LONGEST_TEXT: Final = 10_000

_JOINERS: Final = "'`´‘’ʼ\u00ad\u200b\u200c\u200d\u2060\ufeff"


class _OneForOne(dict[int, str]):
    """A table for ``str.translate`` that fills itself: any character becomes one ASCII character."""

    def __missing__(self, point: int) -> str:
        char = chr(point)
        plain = " "
        if char in _JOINERS:
            plain = "'"
        elif char in "–—−‐‑‒":
            plain = "-"
        elif point < 128:
            plain = char
        else:
            for part in unicodedata.normalize("NFKD", char):
                if part.isascii():
                    plain = part if part.isprintable() else " "
                    break
        self[point] = plain
        return plain


_TABLE: Final = _OneForOne()

# Words of names written short, or in the spelling of a region; safe everywhere, applied on both sides.
CANONICAL: Final[dict[str, str]] = {
    short: word
    for word, written in {
        "sungai": "sei sui sungei sunge",
        "tanjung": "tj tg tjg tanjong tanjuang tjung tanj",
        "kepulauan": "kep",
        "gunung": "gn gunong gng gunuang",
        "muara": "muaro",
        "lubuk": "lubuak",
        "teluk": "tlk taluk",
        "batang": "btg",
        "ujung": "ujg ujong",
        "bukit": "bkt",
        "bandar": "bdr",
        "pasar": "psr",
        "selatan": "sel slt sltn",
        "utara": "utr",
        "barat": "brt",
        "timur": "tmr",
        "tengah": "tgh teng",
        "meunasah": "mns",
        "masjid": "mesjid msjd",
        "2": "ii dua",
        "3": "iii tiga",
        "4": "iv empat",
        "6": "vi enam",
        "7": "vii tujuh",
        "8": "viii delapan",
        "9": "ix sembilan",
        "11": "xi",
        "12": "xii",
        "13": "xiii",
        "14": "xiv",
        "15": "xv",
        "16": "xvi",
        "17": "xvii",
        "18": "xviii",
        "19": "xix",
        "20": "xx",
        "21": "xxi",
        "1": "i satu",
        "5": "v lima",
        "10": "x sepuluh",
        "besar": "bsr",
        "kecil": "kcl",
        "panjang": "pjg",
        "baru": "bru",
    }.items()
    for short in written.split()
}

_TOKEN: Final = re.compile(r"[a-z]+(?:'[a-z]+)*|[0-9]+")
# BanjirSamarinda, SARJepara: words glued by their capitals.
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Token(NamedTuple):
    """One word or number: ``text`` canonical, ``[start, end)`` in the text as it came, ``gap`` what stood before it.

    A named tuple, not a dataclass: it is made for every word of every text, and is four times faster to make.
    """

    text: str
    start: int
    end: int
    gap: str
    raw: str


def plain(text: str) -> str:
    """The first ``LONGEST_TEXT`` characters in ASCII, character for character."""
    text = text[:LONGEST_TEXT]
    return text.translate(_TABLE) if not text.isascii() or "`" in text else text


def cut(text: str) -> list[Token]:
    """Cut a text (already ``plain``) into tokens, in order."""
    tokens: list[Token] = []
    last = 0
    canonical = CANONICAL.get
    make = tuple.__new__  # half the time of Token(...)
    lower = text.lower()  # ASCII: as long as the text
    humps = _HUMP.search(text) is not None
    for match in _TOKEN.finditer(lower):
        start, end = match.span()
        word = match.group()
        raw = text[start:end]
        gap = text[last:start]
        last = end
        if humps and (pieces := _hump_pieces(raw)):
            for piece in pieces:
                word = piece.lower().replace("'", "")
                tokens.append(Token(canonical(word, word), start, start + len(piece), gap, piece))
                start += len(piece)
                gap = ""
            continue
        if "'" in word:
            word = word.replace("'", "")
        tokens.append(make(Token, (canonical(word, word), start, end, gap, raw)))
    return tokens


def _hump_pieces(raw: str) -> list[str]:
    """The words that a word is glued of by its capitals; none when it is one word."""
    if raw.islower() or raw.isupper() or raw.istitle():
        return []
    pieces = _HUMP.split(raw)
    return pieces if len(pieces) > 1 and all(len(piece) > 2 for piece in pieces) else []


def key_of(name: str) -> str:
    """The key under which a name is filed: its canonical tokens without spaces.

    >>> key_of("Muaro Bungo"), key_of("Bau-Bau"), key_of("Ma'u"), key_of("Koto XI Tarusan")
    ('muarabungo', 'baubau', 'mau', 'koto11tarusan')
    """
    return "".join(token.text for token in cut(plain(name)))
