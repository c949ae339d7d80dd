"""SMS through Twilio Programmable Messaging: the inbound webhook, the REST API, the status callback.

What surprises:

* Twilio signs the address it was told to call, with or without the port, as it pleases; we try both spellings, here
  and not by ``RequestValidator.validate``, which cuts IPv6 hosts at their first colon and compares in variable time.
* A webhook signed by a shared key says so in ``X-Twilio-Webhooks-Signature-Settings`` and uses HMAC-SHA256; without
  that header it is the classic HMAC-SHA1 with the account's auth token.
* A body that is not a form is covered only through ``bodySHA256`` in the signed address; without it, it is unsigned.
* There is no idempotency key for sending. Our id travels in the callback address, and ``find_sent`` asks the
  message list, by text.
* A callback may arrive before the call that sent the message has returned, twice, and in any order.

Sources: https://www.twilio.com/docs/usage/security, https://www.twilio.com/docs/messaging/guides/webhook-request,
https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks,
https://www.twilio.com/docs/api/errors.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from twilio.request_validator import (  # type: ignore[import-untyped]
    HMAC_SHA1,
    HMAC_SHA256,
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
)

from channels import phone
from channels.channel import Forged, Medium, SendFailed, Unreadable
from channels.messages import (
    Ack,
    AckResponse,
    Attachment,
    DeliveryReport,
    DeliveryStatus,
    InboundMessage,
    InboundRequest,
    OutboundMessage,
    ProviderReceipt,
)
from channels.twilio_api import SentMessage, TwilioApi
from channels.variables import Variables, is_loopback, split_url

NAME: Final = "sms_twilio"
API_URL: Final = "https://api.twilio.com"

_ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")
_MEDIA_FIELD = re.compile(r"MediaUrl([0-9]{1,3})", re.ASCII)
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
    auth_tokens: Sequence[str] = field(repr=False)
    shared_keys: Mapping[str, str] = field(repr=False, default_factory=dict)
    numbers: Sequence[str] = ()
    messaging_service: str = ""
    delivery_url: str = ""
    name: str = NAME
    medium: Medium = "sms"

    def verify(self, request: InboundRequest) -> None:
        """Check Twilio's signature over the address and the form (or the body's hash). Raises Forged."""
        signature = request.headers.get(SIGNATURE_HEADER, "")
        if not signature:
            raise Forged("no signature")
        algorithm, secrets = self._signers(request.headers.get(SIGNATURE_SETTINGS_HEADER, ""))
        if not request.form and request.body:
            _check_body_hash(request)
        form = _SignedForm(request.form)
        given = signature.strip().encode("utf-8", "replace")
        genuine = False
        for secret in secrets:
            signer = RequestValidator(secret)
            for url in _spellings(request.url):
                try:
                    expected = signer.compute_signature(url, form, algorithm)
                except UnicodeEncodeError as fault:
                    raise Forged("form cannot have been signed") from fault
                genuine |= hmac.compare_digest(expected.encode(), given)
        if not genuine:
            raise Forged("signature wrong")

    def _signers(self, settings: str) -> tuple[str, Sequence[str]]:
        """Which algorithm the request claims and which secrets may have made it."""
        parts = [part.partition("=") for part in settings.split(",")]
        claims = {name.strip(): value.strip() for name, _, value in parts}
        algorithm = claims.get("algorithm", "").upper() or HMAC_SHA1
        if algorithm == HMAC_SHA1:
            return HMAC_SHA1, self.auth_tokens
        secret = self.shared_keys.get(claims.get("key", ""))
        if algorithm != HMAC_SHA256 or secret is None:
            raise Forged("signed by a key or an algorithm we do not have")
        return HMAC_SHA256, (secret,)

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
            text=_clean(request.field("Body")),
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

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        """Look for our text among the messages to that person made since then. Raises SendFailed."""
        wanted = message.text.split()
        for sent in self.api.messages_to(message.to):
            young_enough = sent.created_at is None or sent.created_at >= since - _CLOCKS_APART
            if sent.outbound and young_enough and sent.text.split() == wanted:
                return _receipt(sent)
        return None

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


class _SignedForm:
    """A form as RequestValidator wants it: names, and all values of a name."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getlist(self, name: str) -> list[str]:
        return self._values[name]


def _check_body_hash(request: InboundRequest) -> None:
    claimed = parse_qs(urlsplit(request.url).query).get("bodySHA256", [])
    actual = hashlib.sha256(request.body).hexdigest()
    if len(claimed) != 1 or not hmac.compare_digest(actual.encode(), claimed[0].lower().encode("utf-8", "replace")):
        raise Forged("body not covered by the signature")


def _spellings(url: str) -> set[str]:
    """The address as configured, with its port and without it: Twilio signs either."""
    parts = urlsplit(url)
    login, at, place = parts.netloc.rpartition("@")
    bare = re.sub(r":[0-9]*$", "", place)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    rest = url.partition("://")[2][len(parts.netloc) :]
    return {url, *(f"{parts.scheme}://{login}{at}{host}{rest}" for host in (bare, f"{bare}:{port}"))}


def _read_media(request: InboundRequest) -> Iterator[Attachment]:
    """Every medium, whatever NumMedia says: the address only, a worker fetches it (with our login) if it may."""
    for key, url in request.form:
        found = _MEDIA_FIELD.fullmatch(key)
        if found and url:
            content_type = _clean(request.field(f"MediaContentType{found[1]}")) or "application/octet-stream"
            yield Attachment(name=f"media-{found[1]}", content_type=content_type, url=_clean(url))


def _clean(text: str) -> str:
    return text.replace("\x00", "")


def _receipt(sent: SentMessage) -> ProviderReceipt:
    return ProviderReceipt(external_id=sent.sid, segments=sent.segments or None)


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
    api_url = variables.text("SMS_TWILIO_API_URL") or API_URL
    parts = split_url(api_url)
    if parts is None or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))):
        variables.fault("SMS_TWILIO_API_URL", "must be an https address (http only on this very machine)")
    variables.raise_faults()
    phone.prime()
    return SmsTwilio(
        api=TwilioApi(account_sid=account, auth_token=tokens[0], base_url=api_url.rstrip("/")),
        auth_tokens=tokens,
        shared_keys=shared_keys,
        numbers=[number for number in numbers if number],
        messaging_service=service,
        delivery_url=f"{public_url.rstrip('/')}/hooks/{NAME}/delivery",
    )
