"""What was said: the plain values every channel reads and writes. Standard library only.

Nothing here knows what a report is. All moments are timezone-aware; all texts are str without NUL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class Headers(Mapping[str, str]):
    """Header fields, looked up without regard to case (RFC 9110, 5.1). The last of repeated fields wins."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = {name.lower(): (name, value) for name, value in (fields or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """One request as the provider sent it, free of the web framework.

    ``url`` is the address the provider was told to call (built from ``PUBLIC_URL``), with the query string verbatim.
    ``query`` and ``form`` keep repeated names in order; ``body`` is the raw body, whatever its type.
    """

    url: str
    headers: Headers
    body: bytes = b""
    form: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    remote_address: str = ""

    def field(self, name: str, default: str = "") -> str:
        """First value of a form field, else of a query parameter."""
        for key, value in (*self.form, *self.query):
            if key == name:
                return value
        return default


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message: its bytes, or the address a worker may fetch it from later."""

    name: str
    content_type: str
    content: bytes | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Coordinates:
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a person (or a machine) said to us.

    ``external_id``  the provider's id: equal on every retry of the same message, different for every other message.
    ``sender``       normalised address (E.164 for numbers); empty when there is none.
    ``recipient``    our own address it was sent to: answers leave from there.
    ``answerable``   False for senders that cannot hear an answer (alphanumeric SMS senders, null envelope sender).
    ``automatic``    why this looks like it was sent by a machine ("auto-submitted", "bounce", "list" ...), else None.
    ``reply_token``  what our own signed reply address carried, already verified by the channel, else None.
    ``references``   message ids this message says it answers, nearest first (RFC 5322, 3.6.4).
    ``regency``      code of the regency the channel implies (its own number or mailbox, the form's choice), else None.
    ``extra``        whatever else the channel knows and a later reader may want (JSON-ready, no secrets).
    """

    external_id: str
    sender: str
    recipient: str
    text: str
    subject: str = ""
    sent_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    answerable: bool = True
    automatic: str | None = None
    reply_token: str | None = None
    references: tuple[str, ...] = ()
    regency: str | None = None
    coordinates: Coordinates | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What we say. ``id`` is our own id for it: stable over retries, it travels to the provider where that can be."""

    id: str
    to: str
    sender: str
    text: str
    subject: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_token: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class ProviderReceipt:
    """The provider took it and calls it ``external_id`` (may be empty where a provider names nothing).

    ``stalled``: it keeps the message, but says that its own line is away.
    """

    external_id: str
    segments: int | None = None
    stalled: bool = False


class DeliveryStatus(StrEnum):
    """How far a message we sent has got, in order. The rank decides between reports that arrive in any order."""

    ACCEPTED = "accepted"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


FINAL_STATUSES: Final = frozenset(
    {DeliveryStatus.UNDELIVERED, DeliveryStatus.FAILED, DeliveryStatus.DELIVERED, DeliveryStatus.READ}
)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A delivery receipt. ``message_id`` is our own id when the provider carried it, else empty."""

    message_id: str
    external_id: str
    status: DeliveryStatus
    error_code: str | None = None


class Ack(StrEnum):
    """What became of a request, for the provider: each of these means "do not send it again"."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class AckResponse:
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: str = ""
