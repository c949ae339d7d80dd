"""E-mail: raw RFC 5322 letters posted to us by a mail server's pipe, answers handed to a submission server.

``POST /hooks/email_mime`` with the letter as body, the envelope in ``X-Envelope-From`` (``<>``: the null sender) and
``X-Envelope-To``, and either ``Authorization: Bearer <secret>`` or ``X-Sahut-Signature`` (``channels.signing``; a retry
is signed anew). The envelope headers are not part of the signature: the pipe's connection must be private or TLS.

What a letter says is read by ``channels.mail_box``, as for every way in. ``sahut lmtp`` and ``sahut catch-up`` keep their
letters under this channel's name too: one letter that came by two of these ways is one message.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from channels.channel import Forged, Medium
from channels.mail_box import SHARED_VARIABLES, Mailbox, open_mailbox
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt
from channels.signing import SIGNATURE_HEADER, check_signature
from channels.variables import Variables

NAME: Final = "email_mime"


@dataclass(frozen=True)
class EmailMime:
    """Our mailboxes: letters in by HTTP, out by SMTP. Safe to share between threads."""

    secrets: Sequence[str] = field(repr=False)
    mailbox: Mailbox
    unix_seconds: Callable[[], float] = time.time
    name: str = NAME
    medium: Medium = "email"

    def verify(self, request: InboundRequest) -> None:
        """Check the bearer secret or the signature over the letter. Raises Forged."""
        signature = request.headers.get(SIGNATURE_HEADER)
        if signature is not None:
            check_signature(signature, request.body, secrets=self.secrets, now=self.unix_seconds())
            return
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        given = bearer.strip().encode("utf-8", "replace")
        genuine = False
        for secret in self.secrets:
            genuine |= hmac.compare_digest(secret.encode(), given)
        if scheme.lower() != "bearer" or not genuine:
            raise Forged("no signature and no secret of ours")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read a letter, however broken. Raises Unreadable only when there is nothing in it and nobody behind it."""
        return self.mailbox.read(
            request.body,
            envelope_from=request.headers.get("X-Envelope-From"),
            envelope_to=request.headers.get("X-Envelope-To", ""),
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """200: the pipe exits with 0 and the mail server lets go of the letter."""
        return AckResponse(body=ack.value)

    def probe(self) -> None:
        """Log in at the submission server. Raises SendFailed."""
        self.mailbox.server.check_login()

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Hand one letter to the submission server. Raises SendFailed."""
        return self.mailbox.send(message, now=self.unix_seconds())


def open_channel(environ: Mapping[str, str], *, public_url: str) -> EmailMime | None:  # noqa: ARG001 - as every channel
    """The channel, or None when neither its secrets nor one of the doors that share its name is set.

    Raises Misconfigured with every fault.
    """
    doors = (
        "EMAIL_IMAP_URL",
        "EMAIL_LMTP_LISTEN",
        "EMAIL_SENDGRID_KEYS",
        "EMAIL_MAILGUN_KEYS",
        "EMAIL_POSTMARK_LOGINS",
    )
    variables = Variables(environ, "EMAIL_MIME_SECRETS", *SHARED_VARIABLES, *doors)
    if not variables.any_set():
        return None
    other_doors = any(variables.text(name) for name in doors)
    if other_doors and not any(variables.text(name) for name in ("EMAIL_MIME_SECRETS", *doors[:2])):
        return None
    secrets = variables.secrets("EMAIL_MIME_SECRETS", required=not other_doors)
    return EmailMime(secrets=secrets, mailbox=open_mailbox(variables))
