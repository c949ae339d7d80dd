"""Small, honest stand-ins for our own protocols: they do what the protocol promises and remember what was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from channels.channel import Forged, Medium, Unreadable
from channels.messages import (
    Ack,
    AckResponse,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)

PROOF = "genuine"


@dataclass
class FakeChannel:
    """A provider whose proof of origin is the header ``X-Proof: genuine`` and whose messages are form fields.

    It sends as each of ``numbers``; ``stalled``, it takes what it is given and says that its line is away.

    ``fails`` is called before a message is taken, with the message; raise SendFailed there to refuse it.
    """

    name: str
    medium: Medium
    sent: list[OutboundMessage] = field(default_factory=list)
    fails: Callable[[OutboundMessage], None] | None = None
    numbers: tuple[str, ...] = ()
    stalled: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def verify(self, request: InboundRequest) -> None:
        if request.headers.get("X-Proof") != PROOF:
            raise Forged

    def parse(self, request: InboundRequest) -> InboundMessage:
        if not request.field("id"):
            raise Unreadable("no id")
        return InboundMessage(
            external_id=request.field("id"),
            sender=request.field("from"),
            recipient=request.field("to"),
            text=request.field("text"),
            subject=request.field("subject"),
        )

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        return DeliveryReport(
            message_id=request.field("mid"),
            external_id=request.field("id"),
            status=DeliveryStatus(request.field("status")),
            error_code=request.field("code") or None,
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        return AckResponse(body=ack)

    def sends_as(self, sender: str) -> bool:
        return sender in self.numbers

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        if self.fails is not None:
            self.fails(message)
        with self._lock:
            self.sent.append(message)
        segments = 1 if self.medium == "sms" else None
        return ProviderReceipt(f"ext-{self.name}-{message.id}", segments, stalled=self.stalled)


@dataclass
class AskableChannel(FakeChannel):
    """A provider that can be asked what it took."""

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        found = [m for m in self.sent if m.id == message.id]
        return ProviderReceipt(f"ext-{self.name}-{message.id}") if found else None
