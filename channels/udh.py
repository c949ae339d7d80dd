"""The header of a short message's user data: which part of a longer message this is (3GPP TS 23.040, 9.2.3.24.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_SHORT_REFERENCE, _LONG_REFERENCE = 0x00, 0x08


@dataclass(frozen=True, slots=True)
class Part:
    """Part ``number`` of ``total``, both from 1; ``reference`` is equal for all parts of one message."""

    reference: int
    total: int
    number: int


def find_part(udh: bytes) -> Part | None:
    """The concatenation element of a header (its length octet included or not), or None. Never raises."""
    if udh and udh[0] == len(udh) - 1:
        udh = udh[1:]
    for kind, content in _elements(udh):
        if kind == _SHORT_REFERENCE and len(content) == 3:
            part = Part(content[0], content[1], content[2])
        elif kind == _LONG_REFERENCE and len(content) == 4:
            part = Part(int.from_bytes(content[:2], "big"), content[2], content[3])
        else:
            continue
        if 1 <= part.number <= part.total:
            return part
    return None


def _elements(udh: bytes) -> Iterator[tuple[int, bytes]]:
    while len(udh) >= 2:
        kind, length = udh[0], udh[1]
        yield kind, udh[2 : 2 + length]
        udh = udh[2 + length :]


def read_part(udh: bytes) -> dict[str, object]:
    """What a part that came alone tells a later reader; a message of its own (ports, icons) tells nothing."""
    part = find_part(udh)
    if part is None or part.total == 1:
        return {}
    return {"incomplete": True, "part": part.number, "parts": part.total, "part_reference": part.reference}


def write_part(part: Part) -> bytes:
    """The header of one part with an 8-bit reference, its length octet included."""
    return bytes([5, _SHORT_REFERENCE, 3, part.reference & 0xFF, part.total, part.number])
