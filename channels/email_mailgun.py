"""E-mail by Mailgun's routes, forwarded as MIME.

``POST /hooks/email_mailgun/mime``: Mailgun sends the raw letter as ``body-mime`` only to an address that ends in
``mime``. The origin is proven by ``signature``, the hex HMAC-SHA256 of ``timestamp`` and ``token``:
https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks

What surprises:

* The signature covers neither the letter nor its envelope. So a token is good for the first letter that comes with it,
  in this process, and for twelve hours, the time for which Mailgun tries again.
* Answers leave by our own submission server.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from channels.channel import Forged, Medium, Unreadable
from channels.mail_box import SHARED_VARIABLES, Mailbox, open_mailbox
from channels.mail_fields import read_fields
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt
from channels.variables import Variables

NAME: Final = "email_mailgun"
OLDEST_SIGNATURE_SECONDS: Final = 12 * 3600
_YOUNGEST_SIGNATURE_SECONDS: Final = 600
_MOST_TOKENS: Final = 20_000
_LONGEST_TOKEN: Final = 100


class _TokensSeen:
    """Which letter each token came with; the oldest are forgotten. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._letters: OrderedDict[bytes, bytes] = OrderedDict()

    def belongs(self, token: bytes, letter: bytes) -> bool:
        """Whether this token is new, or came with this very letter before."""
        digest = hashlib.sha256(letter).digest()
        with self._lock:
            known = self._letters.setdefault(token, digest)
            while len(self._letters) > _MOST_TOKENS:
                self._letters.popitem(last=False)
        return known == digest


@dataclass(frozen=True)
class EmailMailgun:
    """Our mailboxes, their letters brought by Mailgun. Safe to share between threads."""

    keys: Sequence[str] = field(repr=False)
    mailbox: Mailbox
    unix_seconds: Callable[[], float] = time.time
    name: str = NAME
    medium: Medium = "email"
    tokens: _TokensSeen = field(default_factory=_TokensSeen, repr=False, compare=False)

    def verify(self, request: InboundRequest) -> None:
        """Check signature, age and that the token has not brought another letter. Raises Forged."""
        fields = read_fields(request)
        moment, token = fields.get("timestamp", b""), fields.get("token", b"")
        if not moment.isdigit() or len(moment) > 12 or not 0 < len(token) <= _LONGEST_TOKEN:
            raise Forged("no signature")
        given = fields.get("signature", b"").lower()
        genuine = False
        for key in self.keys:
            expected = hmac.new(key.encode(), moment + token, hashlib.sha256).hexdigest().encode()
            genuine |= hmac.compare_digest(expected, given)
        if not genuine:
            raise Forged("signature wrong")
        age = self.unix_seconds() - int(moment)
        if not -_YOUNGEST_SIGNATURE_SECONDS <= age <= OLDEST_SIGNATURE_SECONDS:
            raise Forged("signature too old")
        letter = (
            fields.get("body-mime", b"") + b"\x00" + fields.get("sender", b"") + b"\x00" + fields.get("recipient", b"")
        )
        if not self.tokens.belongs(token, letter):
            raise Forged("token used for another letter")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Read the letter. Raises Unreadable, also when the route does not forward MIME."""
        fields = read_fields(request)
        if not fields.get("body-mime", b"").strip():
            raise Unreadable("no raw letter: the route's address must end in mime")
        sender = fields.get("sender")
        return self.mailbox.read(
            fields["body-mime"],
            envelope_from=None if sender is None else sender.decode("utf-8", "replace") or "<>",
            envelope_to=fields.get("recipient", b"").decode("utf-8", "replace"),
        )

    def render_ack(self, ack: Ack) -> AckResponse:
        """200: Mailgun lets go of the letter."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Hand one letter to our submission server. Raises SendFailed."""
        return self.mailbox.send(message, now=self.unix_seconds())


def open_channel(environ: Mapping[str, str], *, public_url: str) -> EmailMailgun | None:  # noqa: ARG001 - as every channel
    """The channel, or None when Mailgun's keys are not set. Raises Misconfigured with every fault."""
    variables = Variables(environ, "EMAIL_MAILGUN_KEYS", *SHARED_VARIABLES)
    if not variables.text("EMAIL_MAILGUN_KEYS"):
        return None
    return EmailMailgun(keys=variables.secrets("EMAIL_MAILGUN_KEYS"), mailbox=open_mailbox(variables))
