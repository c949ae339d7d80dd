"""The number a citizen reads out, writes down and types: ``7K3-QX4M``.

Six characters and a check character from an alphabet of 29, a prime: a weighted sum modulo a prime finds every single
wrong character and every two swapped neighbours. The alphabet has no 0/O, 1/I/L, U/V (U and V also because "fe" and
"ef" sound alike in Indonesian). References follow from the report's id by a fixed shuffle, so two reports never share
one and none has to be looked up before it is given; the shuffle only keeps neighbours from looking alike. Knowing a
reference opens nothing: that takes the secret link or the reporter's own address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTWXYZ"
_BASE: Final = len(ALPHABET)
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
_DIGITS: Final = 6
CAPACITY: Final = _BASE**_DIGITS
"""How many reports fit: 594,823,321; a tenth of it would take the country's whole LAPOR! history several times."""

# Any multiplier that shares no factor with 29 permutes [0, CAPACITY); these look random enough to the eye.
_MULTIPLIER: Final = 368_927_417
_OFFSET: Final = 215_803_649
_INVERSE: Final = pow(_MULTIPLIER, -1, CAPACITY)

# Both cases are named: to let the engine ignore the case takes a third longer, of every message.
_AS_TYPED: Final = ALPHABET + ALPHABET.lower()
_SHAPE: Final = re.compile(rf"(?<![0-9A-Za-z])[{_AS_TYPED}]{{3}}[ .–-]?[{_AS_TYPED}]{{4}}(?![0-9A-Za-z])")


def _check_character(body: str) -> str:
    return ALPHABET[sum(weight * _VALUE[c] for weight, c in enumerate(body, start=2)) % _BASE]


def reference_of(report_id: int) -> str:
    """The reference of a report, for ids from 0 up to CAPACITY - 1; ValueError beyond."""
    if not 0 <= report_id < CAPACITY:
        msg = "no reference left for this id"
        raise ValueError(msg)
    rest = (report_id * _MULTIPLIER + _OFFSET) % CAPACITY
    body = ""
    for _ in range(_DIGITS):
        rest, digit = divmod(rest, _BASE)
        body = ALPHABET[digit] + body
    whole = body + _check_character(body)
    return f"{whole[:3]}-{whole[3:]}"


def report_id_of(reference: str) -> int | None:
    """The id behind a reference as a person may type it (case, space and dash do not matter); None when it is none."""
    plain = re.sub(r"[\s.–-]", "", reference).upper()
    if len(plain) != _DIGITS + 1 or any(c not in _VALUE for c in plain):
        return None
    if plain[-1] != _check_character(plain[:-1]):
        return None
    number = 0
    for c in plain[:-1]:
        number = number * _BASE + _VALUE[c]
    return (number - _OFFSET) * _INVERSE % CAPACITY


def references_in(text: str) -> Iterator[int]:
    """Ids of all references a text mentions, in order. One word in 29 of this shape is a false one: check its owner."""
    for found in _SHAPE.finditer(text):
        report_id = report_id_of(found[0])
        if report_id is not None:
            yield report_id
