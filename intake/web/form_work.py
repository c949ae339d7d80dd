"""Proof of work for the form, where an operator asks for it: a number that makes a digest begin with zeroes.

The sender's machine looks for it (``static/work.js``) while the person looks at the page; nothing is shown, nothing is
asked of the person, so nothing stands in the way of a screen reader. A browser without script does no work and is let in
all the same: its network has a smaller share of the hour (``pages``).
"""

from __future__ import annotations

import hashlib
from typing import Final

_LONGEST: Final = 20


def is_worked(token: str, number: str, *, bits: int) -> bool:
    """Whether SHA-256 of ``token:number`` begins with so many zero bits; of 0 bits everything does."""
    if bits == 0:
        return True
    if not (number.isascii() and number.isdecimal() and len(number) <= _LONGEST):
        return False
    digest = hashlib.sha256(f"{token}:{number}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") < 1 << (32 - bits)
