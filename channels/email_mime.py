"""E-mail: raw RFC 5322 letters posted to us by a mail server's pipe, answers handed to a submission server.

``POST /hooks/email_mime`` with the letter as body, the envelope in ``X-Envelope-From`` (``<>``: the null sender) and
``X-Envelope-To``, and either ``Authorization: Bearer <secret>`` or ``X-Sahut-Signature`` (``channels.signing``; a retry
is signed anew). The envelope headers are not part of the signature: the pipe's connection must be private or TLS.

What surprises:

* ``external_id`` is the Message-ID, a space, and a hash of it, the date, the author, our mailbox, and the bytes below
  the header. The Message-ID alone is chosen by strangers: left out, repeated for every letter, or equal to somebody
  else's. The header as a whole is not in it: every host on the way adds lines, and a letter may reach us by two ways.
  An answer may name it in ``in_reply_to`` and ``references`` as it is: only the Message-ID in it is written.
* Our mailbox is in it: one letter to two of our mailboxes is two messages, because each mailbox belongs to a desk of
  its own and answers for itself. A reply token is not part of the mailbox, so a letter to our signed address *and* to
  the plain one ("reply to all") stays one message; the token is found in To and Cc as well.
* ``text`` is what is new in the letter, ``extra["full_text"]`` all of it.
* Answers carry our signed address in Reply-To and in the envelope, so that bounces find their way too; From stays the
  mailbox people know.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from channels.channel import Forged, Medium, SendFailed, Unreadable
from channels.mail_addresses import ReplyAddresses, is_address, read_addresses
from channels.mail_automatic import is_null_sender, nobody_reads, why_automatic
from channels.mail_parts import Letter, payload_of, read_letter
from channels.mail_text import read_reply
from channels.mail_writing import MESSAGE_ID, one_line, write_letter
from channels.messages import Ack, AckResponse, InboundMessage, InboundRequest, OutboundMessage, ProviderReceipt
from channels.signing import SIGNATURE_HEADER, check_signature
from channels.smtp import MailServer, read_mail_server
from channels.variables import Variables

NAME: Final = "email_mime"
MOST_REFERENCES: Final = 50
LONGEST_NAMED_ID: Final = 300


@dataclass(frozen=True)
class EmailMime:
    """Our mailboxes: letters in by HTTP, out by SMTP. Safe to share between threads."""

    secrets: Sequence[str] = field(repr=False)
    addresses: Sequence[str]
    replies: ReplyAddresses = field(repr=False)
    server: MailServer
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
        if not request.body.strip():
            raise Unreadable("no letter")
        letter = read_letter(request.body)
        envelope_from = request.headers.get("X-Envelope-From", letter.header("Return-Path")).strip()
        null_sender = is_null_sender(envelope_from)
        sender, sender_name = _author(letter, "" if null_sender else envelope_from)
        if not sender and not letter.text and not letter.attachments:
            raise Unreadable("no author and no content")
        recipients = _recipients(letter, request.headers.get("X-Envelope-To", ""))
        recipient = next((plain for plain in map(self._mailbox, recipients) if self.replies.is_own(plain)), "")
        recipient = recipient or (self._mailbox(recipients[0]) if recipients else self.addresses[0])
        written_to = [address for name in ("To", "Cc", "Delivered-To") for _, address in _listed(letter, name)]
        message_id = next(iter(MESSAGE_ID.findall(letter.header("Message-ID"))), "")
        extra = {
            "full_text": letter.text,
            "recipients": [self._mailbox(address) for address in recipients],
            "message_id": message_id,
            "sender_name": sender_name,
            "reply_to": next((address for _, address in _listed(letter, "Reply-To")), ""),
            "envelope_sender": "" if null_sender else envelope_from,
            "left_out_attachments": list(letter.left_out),
        }
        return InboundMessage(
            external_id=_external_id(message_id, letter, request.body, sender=sender, mailbox=recipient),
            sender=sender,
            recipient=recipient,
            text=read_reply(letter.text),
            subject=letter.header("Subject"),
            sent_at=_moment(letter.header("Date")),
            attachments=letter.attachments,
            answerable=bool(sender) and not null_sender and not nobody_reads(sender),
            automatic=why_automatic(
                letter.message,
                letter.header,
                null_sender=null_sender,
                author=sender,
                from_ourselves=self.replies.is_own(sender),
            ),
            reply_token=self.replies.first_token([*recipients, *written_to]),
            references=_references(letter),
            extra=extra,
        )

    def _mailbox(self, address: str) -> str:
        return self.replies.read(address).plain

    def render_ack(self, ack: Ack) -> AckResponse:
        """200: the pipe exits with 0 and the mail server lets go of the letter."""
        return AckResponse(body=ack.value)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Hand one letter to the submission server. Its Message-ID comes from our id. Raises SendFailed."""
        if not is_address(message.to):
            raise SendFailed("not an address", kind="permanent")
        sender = message.sender.lower() if self.replies.is_own(message.sender) else self.addresses[0]
        reply_to = ""
        if message.reply_token:
            try:
                reply_to = self.replies.make(message.reply_token, address=sender)
            except ValueError as fault:
                raise SendFailed("reply token fits no address", kind="permanent") from fault
        message_id = f"<{one_line(message.id).replace(' ', '')}@{self.addresses[0].rpartition('@')[2]}>"
        text = message.text
        if message.link and message.link not in text:
            text = f"{text.rstrip()}\n\n{message.link}\n"
        letter = write_letter(
            message_id=message_id,
            sender=sender,
            recipient=message.to,
            subject=message.subject,
            text=text,
            written_at=datetime.fromtimestamp(self.unix_seconds(), UTC),
            automatic="auto-replied",
            reply_to=reply_to,
            in_reply_to=message.in_reply_to,
            references=message.references,
        )
        self.server.submit(letter, sender=reply_to or sender, recipient=message.to)
        return ProviderReceipt(message_id)


def _listed(letter: Letter, name: str) -> list[tuple[str, str]]:
    return read_addresses(letter.header(name))


def _author(letter: Letter, envelope_from: str) -> tuple[str, str]:
    """(address, name) of who wrote it: From; Reply-To where From is a mailbox nobody reads; else whoever is named."""
    authors = _listed(letter, "From")
    if authors and nobody_reads(authors[0][1]):
        authors = [pair for pair in _listed(letter, "Reply-To") if not nobody_reads(pair[1])] or authors
    named = authors or _listed(letter, "Sender") or read_addresses(envelope_from) or _listed(letter, "Reply-To")
    name, address = next(iter(named), ("", ""))
    return address, name


def _recipients(letter: Letter, envelope_to: str) -> list[str]:
    """Our addresses this delivery is for: the envelope's, else the header's."""
    envelope = [address for _, address in read_addresses(envelope_to)]
    if envelope:
        return envelope
    return [address for name in ("Delivered-To", "X-Original-To", "To", "Cc") for _, address in _listed(letter, name)]


def _external_id(message_id: str, letter: Letter, raw: bytes, *, sender: str, mailbox: str) -> str:
    digest = hashlib.sha256()
    for part in (letter.header("Message-ID"), letter.header("Date"), sender, mailbox):
        digest.update(part.encode("utf-8", "replace") + b"\x00")
    digest.update(payload_of(raw).replace(b"\r\n", b"\n"))
    named = message_id if len(message_id) <= LONGEST_NAMED_ID else ""
    return f"{named} {digest.hexdigest()[:32]}".strip()


def _references(letter: Letter) -> tuple[str, ...]:
    """Ids this letter answers, nearest first: In-Reply-To, then References backwards (RFC 5322, 3.6.4)."""
    near = MESSAGE_ID.findall(letter.header("In-Reply-To"))
    far = MESSAGE_ID.findall(letter.header("References"))[::-1]
    return tuple(dict.fromkeys([*near, *far]))[:MOST_REFERENCES]


def _moment(date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date)
        # "-0000" and forgotten zones: RFC 5322 (3.3) means UTC.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def open_channel(environ: Mapping[str, str], *, public_url: str) -> EmailMime | None:  # noqa: ARG001 - as every channel
    """The channel, or None when no EMAIL_* is set. Raises Misconfigured with every fault."""
    variables = Variables(environ, "EMAIL_MIME_SECRETS", "EMAIL_REPLY_SECRET", "EMAIL_ADDRESS", "EMAIL_SMTP_URL")
    if not variables.any_set():
        return None
    secrets = variables.secrets("EMAIL_MIME_SECRETS", required=True)
    reply_secrets = variables.secrets("EMAIL_REPLY_SECRET", required=True)
    addresses = read_own_addresses(variables)
    server = read_mail_server(variables, "EMAIL_SMTP_URL")
    variables.raise_faults()
    assert server is not None  # noqa: S101 - a server that cannot be read has been noted as a fault
    return EmailMime(
        secrets=secrets,
        addresses=addresses,
        replies=ReplyAddresses(reply_secrets, own=addresses),
        server=server,
    )


def read_own_addresses(variables: Variables) -> tuple[str, ...]:
    """Our mailboxes from EMAIL_ADDRESS, the first one being the one we write from when there is no other."""
    addresses = tuple(address.lower() for address in variables.listed("EMAIL_ADDRESS", required=True))
    if any(not is_address(address) or not address.isascii() or "+" in address for address in addresses):
        variables.fault("EMAIL_ADDRESS", "must be a mailbox like lapor@example.go.id, without a plus sign")
    return addresses
