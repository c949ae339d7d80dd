"""SMS through Twilio Programmable Messaging: the inbound webhook, the REST API, the status callback.

What surprises:

* There is no idempotency key for sending. Our id travels in the callback address, and ``find_sent`` asks the
  message list, by text.
* A long text may arrive as base64, and a message that is only a picture has no ``Body`` at all.
* A callback may arrive before the call that sent the message has returned, twice, and in any order.

Sources: https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks,
https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

from channels import phone
from channels.channel import Listed, Medium, SendFailed, Unreachable, Unreadable
from channels.fetched_media import MediaSource, fetch_media
from channels.messages import (
    Ack,
    AckResponse,
    Attachment,
    DeliveryReport,
    DeliveryStatus,
    Headers,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)
from channels.twilio_api import SentMessage, TwilioApi
from channels.twilio_signature import TwilioSignature
from channels.variables import Variables, is_loopback, split_url

NAME: Final = "sms_twilio"
API_URL: Final = "https://api.twilio.com"
#: Where the API's own addresses of files lead, whatever the region of the account.
MEDIA_HOSTS: Final = ("api.twilio.com", "media.twiliocdn.com", "mms.twiliocdn.com", "s3-external-1.amazonaws.com")
DEFAULT_REGION: Final = "us1"
LONGEST_VALIDITY_SECONDS: Final = 36_000

_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_MEDIA_FIELD = re.compile(r"MediaUrl([0-9]{1,3})", re.ASCII)
_PLACE = re.compile(r"[a-z0-9-]{1,30}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,6}", re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)
_SHORTEST_WRAPPED_CHARACTERS: Final = 60
_CLOCKS_APART: Final = timedelta(minutes=2)

STATUSES: Final[Mapping[str, DeliveryStatus]] = {
    "accepted": DeliveryStatus.ACCEPTED,
    "scheduled": DeliveryStatus.ACCEPTED,
    "queued": DeliveryStatus.ACCEPTED,
    "sending": DeliveryStatus.ACCEPTED,
    "sent": DeliveryStatus.SENT,
    "delivered": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "undelivered": DeliveryStatus.UNDELIVERED,
    "partially_delivered": DeliveryStatus.UNDELIVERED,
    "failed": DeliveryStatus.FAILED,
    "canceled": DeliveryStatus.FAILED,
}

# Passed on for later readers; everything else Twilio adds without notice stays out.
_EXTRA_FIELDS: Final[Mapping[str, str]] = {
    "NumSegments": "segments",
    "MessagingServiceSid": "messaging_service",
    "OptOutType": "opt_out",
    "FromCountry": "sender_country",
}


@dataclass(frozen=True)
class SmsTwilio:
    """One Twilio account. Safe to share between threads."""

    api: TwilioApi
    signature: TwilioSignature
    numbers: Sequence[str] = ()
    messaging_service: str = ""
    delivery_url: str = ""
    validity_seconds: int | None = None
    media_hosts: Sequence[str] = MEDIA_HOSTS
    name: str = NAME
    medium: Medium = "sms"

    def verify(self, request: InboundRequest) -> None:
        """Check Twilio's signature. Raises Forged."""
        self.signature.check(request)

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read an inbound message (form-encoded). Raises Unreadable without an id or for another medium's sender."""
        external_id = request.field("MessageSid") or request.field("SmsMessageSid") or request.field("SmsSid")
        if not external_id:
            raise Unreadable("no message id")
        written_sender = request.field("From")
        if ":" in written_sender:
            raise Unreadable("not an SMS")
        sender = phone.read_correspondent(written_sender)
        recipient = phone.read_correspondent(request.field("To"))
        return InboundMessage(
            external_id=_clean(external_id),
            sender=sender.address,
            recipient=recipient.address,
            text=_clean(_unwrap(request.field("Body"))),
            attachments=tuple(_read_media(request)),
            answerable=sender.answerable,
            extra={ours: _clean(value) for theirs, ours in _EXTRA_FIELDS.items() if (value := request.field(theirs))},
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """Empty TwiML: answers leave by the REST API, where they get an id, a status and a retry."""
        return AckResponse(200, "text/xml; charset=utf-8", '<?xml version="1.0" encoding="UTF-8"?><Response/>')

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Give one SMS to Twilio. The text leaves as it is: wording decides what fits. Raises SendFailed."""
        sender, service = self._leave_from(message.sender)
        sent = self.api.create_message(
            to=message.to,
            text=message.text,
            sender=sender,
            messaging_service=service,
            status_callback=f"{self.delivery_url}?mid={quote(message.id, safe='')}",
            validity_seconds=self.validity_seconds,
        )
        return _receipt(sent)

    def _leave_from(self, asked: str) -> tuple[str, str]:
        """Our number, or else our messaging service: the number the citizen wrote to when it is ours."""
        if asked and (asked in self.numbers or not (self.numbers or self.messaging_service)):
            return asked, ""
        if self.messaging_service:
            return "", self.messaging_service
        if self.numbers:
            return self.numbers[0], ""
        raise SendFailed("no number to send from", kind="config")

    def sends_as(self, sender: str) -> bool:
        """A messaging service chooses the number itself, so it promises none."""
        return self._leave_from(sender) == (sender, "")

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        """Look for our text among the messages to that person made since then. Raises SendFailed."""
        wanted = message.text.split()
        for sent in self.api.messages_to(message.to):
            young_enough = sent.created_at is None or sent.created_at >= since - _CLOCKS_APART
            if sent.outbound and young_enough and sent.text.split() == wanted:
                return _receipt(sent)
        return None

    def probe(self) -> None:
        """Ask for the first entry of the message list. Raises SendFailed."""
        self.api.check_login()

    def received_since(self, moment: datetime) -> Iterator[Listed]:
        """What the message list holds for our numbers. Raises Unreachable."""
        return listed(self.api, moment, self.parse, lambda sender, to: ":" not in sender and self._is_ours(to))

    def _is_ours(self, number: str) -> bool:
        return not self.numbers or number in self.numbers

    def fetch_media(self, url: str) -> bytes:
        """A file of a message. Raises MediaRefused and Unreachable."""
        api_host = urlsplit(self.api.base_url).hostname or ""
        return fetch_media(url, MediaSource(api_host, self.api.login, self.media_hosts))

    def parse_delivery(self, request: InboundRequest) -> DeliveryReport:
        """Read a status callback; our own id comes back in the query. Raises Unreadable."""
        external_id = request.field("MessageSid") or request.field("SmsSid")
        status = STATUSES.get((request.field("MessageStatus") or request.field("SmsStatus")).lower())
        if not external_id or status is None:
            raise Unreadable("no message id or no status we know")
        ours = [value for key, value in request.query if key == "mid"]
        error = _clean(request.field("ErrorCode"))
        return DeliveryReport(
            message_id=_clean(ours[0]) if ours else "",
            external_id=_clean(external_id),
            status=status,
            error_code=error if error not in {"", "0"} else None,
        )


def listed(
    api: TwilioApi,
    since: datetime,
    parse: Callable[[InboundRequest], InboundMessage],
    wanted: Callable[[str, str], bool],
) -> Iterator[Listed]:
    """What the account received since then, read as its webhooks would be; ``wanted`` sees sender and recipient.

    Raises Unreachable.
    """
    try:
        for found in api.messages_received(since):
            said = dict(found.fields)
            if wanted(said["From"], said["To"]):
                message = parse(InboundRequest("", Headers(), form=found.fields))
                yield Listed(message.external_id, found.created_at, message)
    except SendFailed as fault:
        msg = f"Twilio's message list: {fault.reason}"
        raise Unreachable(msg) from fault


def _read_media(request: InboundRequest) -> Iterator[Attachment]:
    """Every medium, whatever NumMedia says: the address only, a worker fetches it (with our login) if it may."""
    for key, url in request.form:
        found = _MEDIA_FIELD.fullmatch(key)
        if found and url:
            content_type = _clean(request.field(f"MediaContentType{found[1]}")) or "application/octet-stream"
            yield Attachment(name=f"media-{found[1]}", content_type=content_type, url=_clean(url))


def _unwrap(text: str) -> str:
    """The text of a long SMS that some carriers hand over as base64. Anything a person may have typed stays."""
    if len(text) < _SHORTEST_WRAPPED_CHARACTERS or not _BASE64.fullmatch(text):
        return text
    try:
        unwrapped = base64.b64decode(text, validate=True).decode("utf-8")
    except ValueError:
        return text
    return unwrapped if " " in unwrapped and unwrapped.replace("\n", "").replace("\r", "").isprintable() else text


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _receipt(sent: SentMessage) -> ProviderReceipt:
    return ProviderReceipt(external_id=sent.sid, segments=sent.segments or None)


def _address_at(variables: Variables) -> str:
    """The API at an edge and in a region: https://www.twilio.com/docs/global-infrastructure/edge-locations."""
    edge, region = variables.text("SMS_TWILIO_EDGE"), variables.text("SMS_TWILIO_REGION")
    if not (edge or region):
        return API_URL
    if variables.text("SMS_TWILIO_API_URL"):
        variables.fault("SMS_TWILIO_EDGE", "and SMS_TWILIO_REGION exclude SMS_TWILIO_API_URL")
    if not _PLACE.fullmatch(edge) or not _PLACE.fullmatch(region or DEFAULT_REGION):
        variables.fault(
            "SMS_TWILIO_EDGE", "must name an edge such as singapore; SMS_TWILIO_REGION, a region such as us1"
        )
        return API_URL
    return f"https://api.{edge}.{region or DEFAULT_REGION}.twilio.com"


def open_channel(environ: Mapping[str, str], *, public_url: str) -> SmsTwilio | None:
    """The channel, or None when no SMS_TWILIO_* is set. Raises Misconfigured with every fault."""
    variables = Variables(
        environ,
        "SMS_TWILIO_ACCOUNT_SID",
        "SMS_TWILIO_AUTH_TOKEN",
        "SMS_TWILIO_SHARED_KEYS",
        "SMS_TWILIO_NUMBERS",
        "SMS_TWILIO_MESSAGING_SERVICE_SID",
        "SMS_TWILIO_API_URL",
        "SMS_TWILIO_MEDIA_HOSTS",
        "SMS_TWILIO_EDGE",
        "SMS_TWILIO_REGION",
        "SMS_TWILIO_VALIDITY_SECONDS",
    )
    if not variables.any_set():
        return None
    account = variables.text("SMS_TWILIO_ACCOUNT_SID", required=True)
    if account and not _ACCOUNT_SID.fullmatch(account):
        variables.fault("SMS_TWILIO_ACCOUNT_SID", "is not an account SID (AC and 32 hexadecimal digits)")
    tokens = variables.listed("SMS_TWILIO_AUTH_TOKEN", required=True)
    shared_keys = {}
    for entry in variables.listed("SMS_TWILIO_SHARED_KEYS"):
        key, _, secret = entry.partition(":")
        if not key.strip() or not secret.strip():
            variables.fault("SMS_TWILIO_SHARED_KEYS", "holds an entry that is not keyid:secret")
        shared_keys[key.strip()] = secret.strip()
    numbers = [phone.normalise_number(entry) for entry in variables.listed("SMS_TWILIO_NUMBERS")]
    if None in numbers:
        variables.fault("SMS_TWILIO_NUMBERS", "holds something that is not a telephone number")
    service = variables.text("SMS_TWILIO_MESSAGING_SERVICE_SID")
    if service and not _SERVICE_SID.fullmatch(service):
        variables.fault("SMS_TWILIO_MESSAGING_SERVICE_SID", "is not a service SID (MG and 32 hexadecimal digits)")
    placed = _address_at(variables)
    api_url = variables.text("SMS_TWILIO_API_URL") or placed
    parts = split_url(api_url)
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        variables.fault("SMS_TWILIO_API_URL", "must be an https address (http only on this very machine)")
    validity = variables.text("SMS_TWILIO_VALIDITY_SECONDS")
    if validity and not (_DIGITS.fullmatch(validity) and 1 <= int(validity) <= LONGEST_VALIDITY_SECONDS):
        variables.fault("SMS_TWILIO_VALIDITY_SECONDS", f"must be a number from 1 to {LONGEST_VALIDITY_SECONDS}")
    variables.raise_faults()
    phone.prime()
    return SmsTwilio(
        api=TwilioApi(account_sid=account, auth_token=tokens[0], base_url=api_url.rstrip("/")),
        signature=TwilioSignature(tokens, shared_keys),
        numbers=[number for number in numbers if number],
        messaging_service=service,
        validity_seconds=int(validity) if validity else None,
        media_hosts=[host.lower() for host in variables.listed("SMS_TWILIO_MEDIA_HOSTS")] or MEDIA_HOSTS,
        delivery_url=f"{public_url.rstrip('/')}/hooks/{NAME}/delivery",
    )
