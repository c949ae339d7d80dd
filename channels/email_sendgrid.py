"""E-mail by SendGrid's Inbound Parse, in raw mode ("POST the raw, full MIME message").

``POST /hooks/email_sendgrid``: a form whose field ``email`` is the letter and ``envelope`` says, as JSON, between whom.
The origin is proven by an ECDSA signature (P-256, SHA-256) over the moment and the body, as a security policy with a
signature of the Inbound Parse setting makes it:
https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks

What surprises:

* SendGrid tries for three days, and nobody says whether it signs anew: a signature is believed that long. Sending the
  same request again does no harm, because one letter is one message.
* ``SPF`` and ``dkim`` are what SendGrid itself found out; they are believed, because the signature covers them.
* Answers leave by our own submission server.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from channels.channel import Forged, Medium, Unreadable
from channels.mail_box import SHARED_VARIABLES, Mailbox, open_mailbox
from channels.mail_fields import read_fields
from channels.mail_proof import Proof, agrees
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt
from channels.variables import Variables

NAME: Final = "email_sendgrid"
OLDEST_SIGNATURE_SECONDS: Final = 3 * 24 * 3600
_YOUNGEST_SIGNATURE_SECONDS: Final = 600
_SIGNATURE: Final = "X-Twilio-Email-Event-Webhook-Signature"
_MOMENT: Final = "X-Twilio-Email-Event-Webhook-Timestamp"
_PASSED = re.compile(r"@([a-z0-9.-]+)\s*:\s*pass\b", re.IGNORECASE)


@dataclass(frozen=True)
class EmailSendgrid:
    """Our mailboxes, their letters brought by SendGrid. Safe to share between threads."""

    keys: Sequence[Any] = field(repr=False)
    mailbox: Mailbox
    unix_seconds: Callable[[], float] = time.time
    name: str = NAME
    medium: Medium = "email"

    def verify(self, request: InboundRequest) -> None:
        """Check the signature over moment and body. Raises Forged."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        moment = request.headers.get(_MOMENT, "")
        if not moment.isascii() or not moment.isdecimal() or len(moment) > 12:
            raise Forged("no moment")
        age = self.unix_seconds() - int(moment)
        if not -_YOUNGEST_SIGNATURE_SECONDS <= age <= OLDEST_SIGNATURE_SECONDS:
            raise Forged("signature too old")
        try:
            signature = base64.b64decode(request.headers.get(_SIGNATURE, ""), validate=True)
        except (binascii.Error, ValueError) as fault:
            raise Forged("signature unreadable") from fault
        for key in self.keys:
            try:
                key.verify(signature, moment.encode() + request.body, ec.ECDSA(hashes.SHA256()))
            except (InvalidSignature, ValueError):
                continue
            return
        raise Forged("signature wrong")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read the letter. Raises Unreadable, also when the setting is not "raw"."""
        fields = read_fields(request)
        if not fields.get("email", b"").strip():
            raise Unreadable("no raw letter: Inbound Parse must post the raw message")
        sender, recipients = _envelope(fields.get("envelope", b""))
        return self.mailbox.read(
            fields["email"],
            envelope_from=sender,
            envelope_to=",".join(recipients),
            told=lambda author: _what_sendgrid_says(fields, author, sender or ""),
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """200: anything else is sent again for three days."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Hand one letter to our submission server. Raises SendFailed."""
        return self.mailbox.send(message, now=self.unix_seconds())


def _envelope(raw: bytes) -> tuple[str | None, list[str]]:
    try:
        envelope = json.loads(raw.decode("utf-8", "replace"))
    except ValueError:
        return None, []
    if not isinstance(envelope, dict):
        return None, []
    listed = envelope.get("to")
    recipients = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []
    sender = envelope.get("from")
    return (sender or "<>" if isinstance(sender, str) else None), recipients


def _what_sendgrid_says(fields: Mapping[str, bytes], author: str, envelope_from: str) -> Proof:
    spf = fields.get("SPF", b"").decode("latin-1").strip().lower()[:20] or "none"
    signed = fields.get("dkim", b"").decode("latin-1")[:2000]
    domains = [domain.lower() for domain in _PASSED.findall(signed)]
    author_domain = author.rpartition("@")[2]
    vouching = [*domains, envelope_from.rpartition("@")[2].lower()] if spf == "pass" else domains
    return Proof(
        "host",
        spf=spf,
        dkim="pass" if domains else "fail" if "fail" in signed else "none",
        proven=any(agrees(domain, author_domain) for domain in vouching),
        domains=tuple(domains)[:5],
    )


def open_channel(environ: Mapping[str, str], *, public_url: str) -> EmailSendgrid | None:  # noqa: ARG001 - as every channel
    """The channel, or None when SendGrid's keys are not set. Raises Misconfigured with every fault."""
    variables = Variables(environ, "EMAIL_SENDGRID_KEYS", *SHARED_VARIABLES)
    if not variables.text("EMAIL_SENDGRID_KEYS"):
        return None
    keys = [_read_key(variables, written) for written in variables.listed("EMAIL_SENDGRID_KEYS")]
    return EmailSendgrid(keys=keys, mailbox=open_mailbox(variables))


def _read_key(variables: Variables, written: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(base64.b64decode(written, validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        variables.fault("EMAIL_SENDGRID_KEYS", "must hold verification keys as SendGrid shows them (base64)")
    return key
