"""What a citizen answered to our question for the place: a number of our list, a name, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_NUMBER: Final = re.compile(r"\W*(?:no\.?|nomor|pilih|jawab(?:an)?)?\W*([1-9])\W*", re.IGNORECASE)


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """The choice whose number the whole answer is ("2", "no 2", "(2)"); None for any other answer."""
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        return None
    place = int(found[1]) - 1
    return choices[place] if place < len(choices) else None
