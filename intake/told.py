"""What a citizen told beside the story, in the fields of the form: which place it is, when it happened.

What surprises: only the message that opened the report counts for the place. What is written later on its page is read
as words, because there our question has been asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from intake.storage.messages import StoredMessage

PlaceBy = Literal["chosen", "confirmed"]
_PLACE_BY: Final[tuple[PlaceBy, ...]] = ("chosen", "confirmed")


@dataclass(frozen=True, slots=True)
class Told:
    """``place`` is the code of a region, from a regency downwards, and empty where the citizen left it to us.

    ``place_by``: ``chosen`` from the lists, or ``confirmed``: our reading was shown and the citizen said yes.
    """

    place: str = ""
    place_by: PlaceBy | None = None
    event_date: date | None = None


def beside_the_story(said: Sequence[StoredMessage]) -> Told:
    """What the fields of the form said; empty for what came by another way."""
    if not said:
        return Told()
    opening = min(said, key=lambda message: (message.received_at, message.id))
    extra = opening.extra
    place_by = next((by for by in _PLACE_BY if extra.get("place_by") == by), None)
    place = str(extra.get("village") or extra.get("district") or opening.regency or "") if place_by else ""
    return Told(place, place_by if place else None, _date(extra.get("event_date")))


def _date(written: object) -> date | None:
    try:
        return date.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
