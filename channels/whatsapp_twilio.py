"""WhatsApp through Twilio: the webhook, the API and the callback of ``sms_twilio``, with addresses of its own.

What surprises:

* A person may have no number: who took a user name is known to us as ``ID.123...`` only, an id of this person for our
  business alone. It can be answered like a number and must be sent back letter by letter.
* We may write freely only within 24 hours after the person wrote. Later Twilio takes the message and reports error
  63016 by the callback, or refuses it at once: either way that message never leaves, and the desk has to know.
* A shared place comes without a text; its name and address, when given, are the text.
* A button's words come as the body, or only as ``ButtonText``.

Sources: https://www.twilio.com/docs/whatsapp/api, https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/api/errors/63016.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from channels import phone, sms_twilio
from channels.channel import Listed, Medium, Misconfigured, SendFailed, Unreadable
from channels.messages import (
    Ack,
    AckResponse,
    Coordinates,
    DeliveryReport,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)
from channels.sms_twilio import SmsTwilio
from channels.twilio_api import Kind

NAME: Final = "whatsapp_twilio"
_PREFIX: Final = "whatsapp:"

# Two letters of a country, then what only Meta knows (also ID.ENT.123...).
_USER_ID = re.compile(r"[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}", re.ASCII)

OUTSIDE_THE_WINDOW: Final = "63016"

# https://www.twilio.com/docs/api/errors/<code>; others as for SMS.
KINDS_BY_CODE: Final[Mapping[str, Kind]] = {
    "63001": "config",  # the channel cannot log in
    "63002": "config",  # our address is not known there
    "63003": "permanent",  # the person's address is not known there
    "63007": "config",  # From is no WhatsApp sender of ours
    "63010": "retryable",  # internal error
    "63012": "retryable",  # internal error at Meta
    "63014": "opted_out",  # blocked by the person
    "63015": "permanent",  # the person has not joined the sandbox
    OUTSIDE_THE_WINDOW: "permanent",
    "63018": "throttled",
    "63024": "permanent",  # no such recipient
    "63038": "throttled",  # the account's messages of this day are used up
}

_EXTRA_FIELDS: Final[Mapping[str, str]] = {
    "ProfileName": "name",
    "ButtonPayload": "button",
    "ListId": "list_choice",
    "Forwarded": "forwarded",
    "MessageType": "kind",
}


@dataclass(frozen=True)
class WhatsappTwilio:
    """One Twilio account's WhatsApp senders. ``line`` speaks with Twilio; its numbers carry WhatsApp's prefix."""

    line: SmsTwilio
    name: str = NAME
    medium: Medium = "sms"

    def verify(self, request: InboundRequest) -> None:
        """Check Twilio's signature. Raises Forged."""
        self.line.verify(request)

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read a WhatsApp message. Raises Unreadable without an id or for another medium's sender."""
        written = request.field("From")
        if not written.startswith(_PREFIX):
            raise Unreadable("not WhatsApp")
        message = self.line.parse(replace(request, form=_without_prefixes(request.form)))
        user_id = _read_user_id(request.field("ExternalUserId")) or _read_user_id(written)
        number = phone.normalise_number(written.removeprefix(_PREFIX))
        place = [_clean(value) for name in ("Label", "Address") if (value := request.field(name).strip())]
        replied = _clean(request.field("OriginalRepliedMessageSid"))
        extra = {ours: _clean(value) for theirs, ours in _EXTRA_FIELDS.items() if (value := request.field(theirs))}
        return replace(
            message,
            sender=number or user_id or message.sender,
            answerable=bool(number or user_id),
            text=message.text or _clean(request.field("ButtonText") or request.field("ListTitle")) or ", ".join(place),
            coordinates=_read_place(request),
            references=(replied,) if replied else (),
            extra={**message.extra, **extra, **({"user_id": user_id} if user_id else {})},
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """Empty TwiML, as for SMS."""
        return self.line.render_ack(ack)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Give one message to Twilio. Raises SendFailed; ``code`` 63016 says that the 24 hours are over."""
        with _whatsapp_judgement():
            return replace(self.line.send(_with_prefixes(message)), segments=None)

    def sends_as(self, sender: str) -> bool:
        return self.line.sends_as(_PREFIX + sender)

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        """Look for our text among the messages to that person made since then. Raises SendFailed."""
        with _whatsapp_judgement():
            found = self.line.find_sent(_with_prefixes(message), since=since)
        return found and replace(found, segments=None)

    def probe(self) -> None:
        """Ask for the first entry of the message list. Raises SendFailed."""
        self.line.probe()

    def received_since(self, moment: datetime) -> Iterator[Listed]:
        """What the message list holds for our numbers; a place somebody sent is not in it. Raises Unreachable."""

        def is_ours(sender: str, to: str) -> bool:
            return sender.startswith(_PREFIX) and (not self.line.numbers or to in self.line.numbers)

        return sms_twilio.listed(self.line.api, moment, self.parse, is_ours)

    def fetch_media(self, url: str) -> bytes:
        """A file of a message. Raises MediaRefused and Unreachable."""
        return self.line.fetch_media(url)

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        """Read a status callback. Raises Unreadable."""
        return self.line.parse_delivery(request)


def _without_prefixes(form: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.removeprefix(_PREFIX) if name in {"From", "To"} else value) for name, value in form)


def _with_prefixes(message: OutboundMessage) -> OutboundMessage:
    sender = _PREFIX + message.sender if message.sender else ""
    return replace(message, to=_PREFIX + message.to, sender=sender)


def _read_user_id(written: str) -> str:
    written = written.strip().removeprefix(_PREFIX)
    return written if _USER_ID.fullmatch(written) else ""


def _read_place(request: InboundRequest) -> Coordinates | None:
    try:
        latitude, longitude = float(request.field("Latitude")), float(request.field("Longitude"))
    except ValueError:
        return None
    # Not a number is neither smaller nor greater.
    if not (math.fabs(latitude) <= 90 and math.fabs(longitude) <= 180):
        return None
    return Coordinates(latitude, longitude)


def _clean(text: str) -> str:
    return text.replace("\x00", "")


@contextmanager
def _whatsapp_judgement() -> Iterator[None]:
    """What Twilio's refusals mean for WhatsApp, where that differs from SMS."""
    try:
        yield
    except SendFailed as failed:
        kind = KINDS_BY_CODE.get(failed.code or "")
        if kind is None or kind == failed.kind:
            raise
        raise SendFailed(
            failed.reason, kind=kind, retry_after=failed.retry_after, code=failed.code, uncertain=failed.uncertain
        ) from failed


def open_channel(environ: Mapping[str, str], *, public_url: str) -> WhatsappTwilio | None:
    """The channel, or None when no WHATSAPP_TWILIO_* is set; the account is that of SMS unless one is named.

    Raises Misconfigured with every fault.
    """
    ours, theirs = "WHATSAPP_TWILIO_", "SMS_TWILIO_"
    own = {name: value for name, value in environ.items() if name.startswith(ours) and value.strip()}
    if not own:
        return None
    shared = ("ACCOUNT_SID", "AUTH_TOKEN", "SHARED_KEYS", "API_URL", "EDGE", "REGION", "MEDIA_HOSTS")
    account = {f"{theirs}{name}": environ[f"{theirs}{name}"] for name in shared if f"{theirs}{name}" in environ}
    if f"{ours}ACCOUNT_SID" in own:
        account = {}  # another account has other secrets
    renamed = {name.replace(ours, theirs, 1): value for name, value in own.items()}
    try:
        line = sms_twilio.open_channel({**account, **renamed}, public_url=public_url)
    except Misconfigured as wrong:
        raise Misconfigured(fault.replace(theirs, ours, 1) for fault in wrong.faults) from None
    if line is None:
        known = ", ".join(f"{ours}{name}" for name in (*shared, "NUMBERS", "MESSAGING_SERVICE_SID"))
        raise Misconfigured([f"{name} is not one of {known}" for name in own])
    if not (line.numbers or line.messaging_service):
        raise Misconfigured([f"{ours}NUMBERS is missing"])
    return WhatsappTwilio(
        replace(
            line,
            numbers=[_PREFIX + number for number in line.numbers],
            delivery_url=f"{public_url.rstrip('/')}/hooks/{NAME}/delivery",
        )
    )
