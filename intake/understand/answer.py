"""What a citizen answered to our question for the place: a number of our list, a name, "none of these", or more words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from intake.understand.locate import regencies

_NUMBERS: Final = {"satu": 1, "pertama": 1, "dua": 2, "kedua": 2, "tiga": 3, "ketiga": 3, "empat": 4, "keempat": 4}
_COURTESY: Final = (
    r"(?:\W*\b(?:pak|pa|pk|bu|ibu|bapak|min|admin|kak|mas|mbak|ya|y|aja|saja|sj|ok|oke|trims|makasih|terima kasih)\b)*"
)
_NUMBER: Final = re.compile(
    rf"\W*(?:(?:iya|ya|yg|yang|no|nmr|nomor|nomer|angka|pilih|pilihan|pil|jawab|jawaban|jwb)\b\W*)*"
    rf"(?P<number>[1-9]|{'|'.join(_NUMBERS)})(?![\w]){_COURTESY}(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER: Final = re.compile(
    r"\W*(?:(?:yg|yang)\s+)?(?:lain|lainnya|laennya|bukan (?:keduanya|semua(?:nya)?|itu|dua duanya|kedua duanya)"
    rf"|tidak ada|tdk ada|gak ada|ga ada|bukan|salah semua){_COURTESY}\W*",
    re.IGNORECASE,
)
_FILLING: Final = frozenset(
    {
        "yg", "yang", "di", "d", "dari", "pak", "bu", "min", "ya", "iya", "ok", "oke", "itu", "maksud", "saya", "sy",
        "adalah", "wilayah", "daerah", "masuk", "punya", "ikut", "pilih", "jawab", "jawaban", "jwb", "tepatnya",
        "lokasi", "lokasinya", "bagian", "saja", "aja", "sj", "mas", "mbak", "kak", "pa", "pk", "bapak", "ibu", "trims",
        "makasih",
    }
)  # fmt: skip
_KINDS: Final = {
    "kab": "Kab.", "kabupaten": "Kab.", "kabupatennya": "Kab.", "kabnya": "Kab.", "kbpaten": "Kab.", "kabupten": "Kab.",
    "kota": "Kota", "kotanya": "Kota", "kodya": "Kota", "kotamadya": "Kota",
}  # fmt: skip
_WORD: Final = re.compile(r"[^\W_]+")


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice (a regency's code) that an answer names: by its number ("2", "no 2 pak", "dua", "2 kota bogor"), by its
    kind where only one has it ("yang kota"), or by its name. None for any other answer, also when number and name
    contradict each other.
    """
    numbered = _NUMBER.fullmatch(text.strip())
    if numbered is None:
        return _by_name(text, choices)
    place = _NUMBERS.get(numbered["number"].lower()) or int(numbered["number"])
    picked = choices[place - 1] if place <= len(choices) else None
    rest = numbered["rest"].strip(" .,;:!?()#-\n")
    if not rest:
        return picked
    return picked if picked is not None and _by_name(rest, choices) == picked else None


def refuses_all(text: str) -> bool:
    """Whether the answer is that none of the choices is right, without saying which is ("lain", "bukan keduanya")."""
    return _OTHER.fullmatch(text.strip()) is not None


def answer_number(text: str) -> int | None:
    """The number an answer is, whatever the choices were: to tell which question it may belong to."""
    numbered = _NUMBER.fullmatch(text.strip())
    if numbered is None or numbered["rest"].strip(" .,;:!?()#-\n"):
        return None
    return _NUMBERS.get(numbered["number"].lower()) or int(numbered["number"])


def _by_name(text: str, choices: Sequence[str]) -> str | None:
    """The one choice whose name, or kind, is all that is said."""
    words = [word for word in _WORD.findall(text.lower()) if word not in _FILLING]
    kinds: set[str] = {_KINDS[word] for word in words if word in _KINDS}
    name = " ".join(word for word in words if word not in _KINDS)
    if len(kinds) > 1 or not words:
        return None
    known = regencies()
    fitting = []
    for code in choices:
        kind, _, own = known[code].short.partition(" ")
        own = own.lower()
        if (not kinds or kind in kinds) and (not name or name == own or (kinds and name in own.split())):
            fitting.append(code)
    return fitting[0] if len(fitting) == 1 else None
