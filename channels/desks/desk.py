"""What a regency's desk must be able to do, and the plain value it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from channels.channel import SendFailed

__all__ = ["Desk", "DeskReceipt", "HandOver", "Happening", "SendFailed"]


@dataclass(frozen=True, slots=True)
class HandOver:
    """A report as it is given to a regency.

    ``id`` is stable over retries: the receiver may see it twice, never two ids.
    Contact data of the reporter are not part of it: answers go through us (UU 27/2022: no more than the task needs).
    """

    id: str
    reference: str
    regency: str
    regency_name: str
    received_at: datetime
    channel: str
    type: str
    topic: str
    topic_name: str
    urgency: str
    subject: str
    text: str
    location: str
    unit: str
    secret: bool
    link: str


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened on our side to a report that was handed over.

    ``event``: taken_back (it is another's now), withdrawn, finished_by_citizen, reopened, added, rated. ``id`` is stable
    over retries; ``their_id`` is what the receiver called the report. ``text`` is what the citizen said with it.
    """

    id: str
    event: str
    reference: str
    regency: str
    regency_name: str
    their_id: str
    happened_at: datetime
    text: str
    score: int | None
    secret: bool
    link: str


@dataclass(frozen=True, slots=True)
class DeskReceipt:
    external_id: str = ""


class Desk(Protocol):
    """One regency's own system. Raises SendFailed like a channel does."""

    def hand_over(self, report: HandOver) -> DeskReceipt: ...
    def tell(self, happening: Happening) -> DeskReceipt: ...
