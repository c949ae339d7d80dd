"""E-mail by Postmark's inbound webhook, with the raw letter ("Include raw email content").

``POST /hooks/email_postmark``: JSON with ``RawEmail`` and ``OriginalRecipient``. Postmark signs nothing; the origin is
proven by a user and password in the address it is given (``https://user:password@lapor.example.go.id/hooks/...``):
https://postmarkapp.com/developer/user-guide/inbound/configure-an-inbound-server

Answers leave by our own submission server.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from channels.channel import Forged, Medium, Unreadable
from channels.mail_box import SHARED_VARIABLES, Mailbox, open_mailbox
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt
from channels.variables import SHORTEST_SECRET_CHARACTERS, Variables

NAME: Final = "email_postmark"


@dataclass(frozen=True)
class EmailPostmark:
    """Our mailboxes, their letters brought by Postmark. Safe to share between threads. ``logins``: user:password."""

    logins: Sequence[str] = field(repr=False)
    mailbox: Mailbox
    unix_seconds: Callable[[], float] = time.time
    name: str = NAME
    medium: Medium = "email"

    def verify(self, request: InboundRequest) -> None:
        """Check user and password. Raises Forged."""
        scheme, _, written = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(written.strip(), validate=True)
        except (binascii.Error, ValueError):
            given = b""
        genuine = False
        for login in self.logins:
            genuine |= hmac.compare_digest(login.encode(), given)
        if scheme.lower() != "basic" or not genuine:
            raise Forged("no login of ours")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read the letter. Raises Unreadable, also when the raw letter is not included."""
        try:
            told = json.loads(request.body.decode("utf-8", "replace"))
        except (ValueError, RecursionError) as fault:
            raise Unreadable("no JSON") from fault
        raw = told.get("RawEmail") if isinstance(told, dict) else None
        if not isinstance(raw, str) or not raw.strip():
            raise Unreadable("no raw letter: the inbound server must include the raw email content")
        recipient = told.get("OriginalRecipient")
        return self.mailbox.read(
            raw.encode("utf-8", "replace"),
            envelope_to=recipient if isinstance(recipient, str) else "",
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """200: Postmark tries again for about ten hours otherwise."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Hand one letter to our submission server. Raises SendFailed."""
        return self.mailbox.send(message, now=self.unix_seconds())


def open_channel(environ: Mapping[str, str], *, public_url: str) -> EmailPostmark | None:  # noqa: ARG001 - as every channel
    """The channel, or None when Postmark's logins are not set. Raises Misconfigured with every fault."""
    variables = Variables(environ, "EMAIL_POSTMARK_LOGINS", *SHARED_VARIABLES)
    logins = variables.listed("EMAIL_POSTMARK_LOGINS")
    if not logins:
        return None
    for login in logins:
        user, colon, password = login.partition(":")
        if not user or not colon or len(password) < SHORTEST_SECRET_CHARACTERS:
            variables.fault(
                "EMAIL_POSTMARK_LOGINS",
                f"must look like user:password, with passwords of {SHORTEST_SECRET_CHARACTERS} characters or more",
            )
            break
    return EmailPostmark(logins=logins, mailbox=open_mailbox(variables))
