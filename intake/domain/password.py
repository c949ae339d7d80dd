"""Which passwords are good enough: length, and none of those that everybody tries first.

NIST SP 800-63B (section 3.1.1.2 of revision 4) asks for length and a list of known ones, and against rules of
composition, hints and changes by the calendar: they make people write "Rahasia1!" and change the 1 to a 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 200
_FEWEST_DIFFERENT: Final = 5
#: A password of words everybody tries is good from so many of them on, as nobody tries them all.
_ENOUGH_WORDS: Final = 4
_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "abcdefghijklmnopqrstuvwxyz", "01234567890")
_LONGEST_RUN: Final = 5


class WeakPassword(ValueError):
    """``why``: ``short``, ``long``, ``common`` (a known one, or made of them), ``simple`` (few letters, or a row)."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """What is tried first, in Indonesian and English; our own list, folded."""
    raw = resources.files("intake.domain").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in raw.splitlines() if line.strip() and not line.startswith("#"))


def check_password(password: str, *, about: Iterable[str] = ()) -> None:
    """Return when it is good enough. ``about``: the user's own names, no part of which makes it better.

    Raises WeakPassword.
    """
    if len(password) < SHORTEST:
        raise WeakPassword("short")
    if len(password) > LONGEST:
        raise WeakPassword("long")
    folded = password.lower()
    if len(set(folded)) < _FEWEST_DIFFERENT or len(_without_rows(folded)) < _FEWEST_DIFFERENT:
        raise WeakPassword("simple")
    own = {word for name in about for word in re.findall(r"[a-z]{3,}", name.lower())}
    core = re.sub(r"^[^a-z]+|[^a-z]+$", "", folded)  # years and marks before and behind fool nobody
    for spelled in {folded, core.translate(_LEET)}:
        letters = re.sub(r"[^a-z]", "", spelled)
        count = _words_in(letters, common_words() | own)
        if letters and count is not None and count < _ENOUGH_WORDS:
            raise WeakPassword("common")


def _without_rows(text: str) -> str:
    """The text without what follows a row of keys, of letters or of digits, forwards or backwards."""
    for row in _ROWS:
        for line in (row, row[::-1]):
            for size in range(len(line), _LONGEST_RUN - 1, -1):
                for start in range(len(line) - size + 1):
                    text = text.replace(line[start : start + size], "")
    return text


def _words_in(letters: str, words: frozenset[str]) -> int | None:
    """Of how few of these words a text is put together; None when it is not."""
    best: list[int | None] = [0] + [None] * len(letters)
    longest = max(map(len, words), default=0)
    for end in range(1, len(letters) + 1):
        fewest = [
            before + 1
            for start in range(max(0, end - longest), end)
            if (before := best[start]) is not None and letters[start:end] in words
        ]
        best[end] = min(fewest, default=None)
    return best[-1]
