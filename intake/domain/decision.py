"""What to do with a report once it is understood. Deciding only: ``workers.process`` writes it.

A wrong regency is the second worst thing that can happen to a report, so when the resolver does not know, the citizen
is asked (once or twice), and then a person looks. A guess is never handed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from intake.understand.classify import Classification
from intake.understand.locate import Location

#: Why a report was handed over: the words themselves say where it belongs.
CLEAR_PLACE: Final = "wilayah_jelas"

Action = Literal["hand_over", "ask_place", "ask_which", "triage", "put_aside"]


@dataclass(frozen=True, slots=True)
class Decision:
    """``why`` is a short code for the history; ``regency`` goes with hand_over, ``choices`` with ask_which."""

    action: Action
    why: str
    regency: str | None = None
    choices: tuple[str, ...] = ()


def decide(location: Location, classification: Classification, *, may_ask: bool) -> Decision:
    """Decide from what was understood. ``may_ask``: the citizen can hear a question and was not asked too often."""
    if classification.spam:
        return Decision("put_aside", classification.not_a_report or "bukan_laporan")
    if location.decision == "decided" and location.regency:
        return Decision("hand_over", CLEAR_PLACE, regency=location.regency)
    if not may_ask:
        return Decision("triage", "wilayah_belum_jelas")
    choices = tuple(choice.regency for choice in location.choices[:3])
    if location.decision == "ask" and len(choices) > 1:
        return Decision("ask_which", "wilayah_ganda", choices=choices)
    return Decision("ask_place", "wilayah_tidak_disebut")
