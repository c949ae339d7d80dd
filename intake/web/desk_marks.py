"""The words of a citizen's text that a decision rests on, marked for the officer who reads it.

The text is cut into pieces and never put together with markup: the template escapes every piece by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intake.storage.reports import KeptDecision

_SHORTEST: Final = 3
_MOST_CUES: Final = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. ``about`` says what it speaks for (``place``, ``topic`` ...); empty for plain words."""

    text: str
    about: str = ""


def cues_of(decision: KeptDecision | None) -> list[tuple[str, str]]:
    """(Words of the text, what they speak for) of a decision, the longest first."""
    if decision is None:
        return []
    found: list[tuple[str, str]] = [
        (str(item.get("text", "")), "place") for item in _items(decision.location.get("evidence"))
    ]
    spoken = decision.classification.get("evidence")
    if isinstance(spoken, Mapping):
        found += [(str(cue), str(about)) for about, cues in spoken.items() for cue in cues]
    kept = [(cue.strip(), about) for cue, about in found if len(cue.strip()) >= _SHORTEST]
    return sorted(dict.fromkeys(kept), key=lambda cue: -len(cue[0]))[:_MOST_CUES]


def _items(found: Any) -> Iterable[Mapping[str, Any]]:
    return [item for item in found or () if isinstance(item, Mapping)]


def mark(text: str, cues: Iterable[tuple[str, str]]) -> list[Piece]:
    """Cut a text at the cues that stand in it as whole words. All pieces together are the text, letter for letter."""
    about = {cue.lower(): what for cue, what in reversed(list(cues))}
    if not about:
        return [Piece(text)] if text else []
    listed = "|".join(re.escape(cue) for cue in sorted(about, key=len, reverse=True))
    pieces: list[Piece] = []
    end = 0
    for hit in re.finditer(rf"(?<!\w)(?:{listed})(?!\w)", text, re.IGNORECASE):
        if hit.start() > end:
            pieces.append(Piece(text[end : hit.start()]))
        pieces.append(Piece(hit[0], about.get(hit[0].lower(), "place")))
        end = hit.end()
    if end < len(text):
        pieces.append(Piece(text[end:]))
    return pieces
