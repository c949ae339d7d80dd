"""Our mailboxes: what a letter says, and how a letter of ours is written. Every way in by mail reads with this.

What surprises:

* ``external_id`` is the Message-ID, a space, and a hash of it, the date, the author, our mailbox, and the bytes below
  the header. The Message-ID alone is chosen by strangers: left out, repeated for every letter, or equal to somebody
  else's. The header as a whole is not in it: every host on the way adds lines, and a letter may reach us by two ways.
  An answer may name it in ``in_reply_to`` and ``references`` as it is: only the Message-ID in it is written.
* Our mailbox is in it: one letter to two of our mailboxes is two messages, because each mailbox belongs to a desk of
  its own and answers for itself. A reply token is not part of the mailbox, so a letter to our signed address *and* to
  the plain one ("reply to all") stays one message; the token is found in To and Cc as well.
* ``text`` is what is new in the letter, ``extra["full_text"]`` all of it.
* Answers carry the signed address of their report in Reply-To; their return path is an address of their own, so that a
  bounce says which of our letters it is about. From stays the mailbox people know.
* ``lapor+16.03@`` names a regency by its code; other addresses do so by ``EMAIL_REGENCIES``. It is a hint like any other.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from channels.channel import SendFailed, Unreadable
from channels.mail_addresses import ReplyAddresses, is_address, read_addresses
from channels.mail_automatic import is_null_sender, nobody_reads, why_automatic
from channels.mail_bounces import read_bounce
from channels.mail_dkim import Signer, read_signer
from channels.mail_parts import Letter, payload_of, read_letter
from channels.mail_pictures import coordinates_of_pictures
from channels.mail_proof import Lookup, Proof, believe_host, check_dkim
from channels.mail_text import is_forward, read_reply
from channels.mail_writing import MESSAGE_ID, one_line, write_letter
from channels.messages import InboundMessage, OutboundMessage, ProviderReceipt
from channels.smtp import MailServer, read_mail_server
from channels.variables import Variables

MOST_REFERENCES: Final = 50
LONGEST_NAMED_ID: Final = 300
#: Signs of a machine that reports on a letter of ours, or may.
_MAY_BE_BOUNCES: Final = frozenset({"report", "robot", "null_sender", "subject"})
_REGENCY = re.compile(r"[0-9]{2}\.[0-9]{2}", re.ASCII)


@dataclass(frozen=True)
class Mailbox:
    """Safe to share between threads. ``regencies`` maps an address, or ``+tag``, to the code of a regency."""

    addresses: Sequence[str]
    replies: ReplyAddresses = field(repr=False)
    server: MailServer
    regencies: Mapping[str, str] = field(default_factory=dict)
    trusted_hosts: frozenset[str] = frozenset()
    lookup: Lookup | None = None
    signer: Signer | None = None

    def read(
        self,
        raw: bytes,
        *,
        envelope_from: str | None = None,
        envelope_to: str = "",
        told: Callable[[str], Proof] | None = None,
    ) -> InboundMessage:
        """Read a letter, however broken. Raises Unreadable only when there is nothing in it and nobody behind it.

        ``envelope_from`` is ``<>`` for the null sender, None when nobody told. ``told`` says of an author what
        the provider that brought the letter found out about its origin.
        """
        if not raw.strip():
            raise Unreadable("no letter")
        letter = read_letter(raw)
        envelope_from = (letter.header("Return-Path") if envelope_from is None else envelope_from).strip()
        null_sender = is_null_sender(envelope_from)
        sender, sender_name = _author(letter, "" if null_sender else envelope_from)
        if not sender and not letter.text and not letter.attachments:
            raise Unreadable("no author and no content")
        recipients = _recipients(letter, envelope_to)
        recipient = next((plain for plain in map(self.plain, recipients) if self.replies.is_own(plain)), "")
        recipient = recipient or (self.plain(recipients[0]) if recipients else self.addresses[0])
        written_to = [address for name in ("To", "Cc", "Delivered-To") for _, address in _listed(letter, name)]
        message_id = next(iter(MESSAGE_ID.findall(letter.header("Message-ID"))), "")
        subject = letter.header("Subject")
        automatic = why_automatic(
            letter.message,
            letter.header,
            null_sender=null_sender,
            author=sender,
            from_ourselves=self.replies.is_own(sender),
        )
        proof = self._prove(raw, letter, sender, told)
        extra: dict[str, object] = {
            "full_text": letter.text,
            "recipients": [self.plain(address) for address in recipients],
            "message_id": message_id,
            "sender_name": sender_name,
            "reply_to": next((address for _, address in _listed(letter, "Reply-To")), ""),
            "envelope_sender": "" if null_sender else envelope_from,
            "left_out_attachments": list(letter.left_out),
            "authentication": proof.as_extra(),
            "proven": proof.proven,
            "forged": proof.forged,
        }
        returned = self.replies.first_returned([*recipients, *written_to])
        if automatic in _MAY_BE_BOUNCES or (automatic and returned):
            extra["bounce"] = self._bounce(letter, returned)
        place = coordinates_of_pictures(letter.attachments)
        if place is not None:
            extra["coordinates_from"] = "photo"
        return InboundMessage(
            external_id=_external_id(message_id, letter, raw, sender=sender, mailbox=recipient),
            sender=sender,
            recipient=recipient,
            text=read_reply(letter.text, forwarded=is_forward(subject)),
            subject=subject,
            sent_at=_moment(letter.header("Date")),
            attachments=letter.attachments,
            answerable=bool(sender) and not null_sender and not nobody_reads(sender),
            automatic=automatic,
            reply_token=self.replies.first_token([*recipients, *written_to]),
            references=_references(letter),
            regency=self._regency([*map(self.plain, recipients), *map(self.plain, written_to)]),
            coordinates=place,
            extra=extra,
        )

    def plain(self, address: str) -> str:
        """One of our addresses without a reply token of ours."""
        return self.replies.read(address).plain

    def is_ours(self, address: str) -> bool:
        """Whether letters to this address are for us."""
        return self.replies.is_own(self.plain(address)) or address.lower() in self.regencies

    def _regency(self, addresses: Sequence[str]) -> str | None:
        for address in addresses:
            if not self.replies.is_own(address) and address not in self.regencies:
                continue
            tag = address.rpartition("@")[0].partition("+")[2]
            named = self.regencies.get(address) or self.regencies.get(f"+{tag}" if tag else "")
            if named or _REGENCY.fullmatch(tag):
                return named or tag
        return None

    def _prove(self, raw: bytes, letter: Letter, sender: str, told: Callable[[str], Proof] | None) -> Proof:
        if len(_listed(letter, "From")) != 1:  # no author, or several: nobody can vouch for that (RFC 7489, 6.6.1)
            return Proof()
        if told is not None:
            return told(sender)
        if self.trusted_hosts:
            believed = believe_host(letter.message, author=sender, hosts=self.trusted_hosts)
            if believed is not None:
                return believed
        return Proof() if self.lookup is None else check_dkim(raw, author=sender, lookup=self.lookup)

    def _bounce(self, letter: Letter, returned: str | None) -> Mapping[str, object]:
        bounce = read_bounce(letter)
        numbers = [number for each in bounce.message_ids if (number := self.replies.read_id(each))]
        return {**bounce.as_extra(), "reply_id": returned or next(iter(numbers), None)}

    def send(self, message: OutboundMessage, *, now: float | None = None) -> ProviderReceipt:
        """Hand one letter to the submission server. Its Message-ID comes from our id. Raises SendFailed."""
        if not is_address(message.to):
            raise SendFailed("not an address", kind="permanent")
        sender = message.sender.lower() if self.replies.is_own(message.sender) else self.addresses[0]
        reply_to = return_path = ""
        number = one_line(message.id).replace(" ", "")
        try:
            if message.reply_token:
                reply_to = self.replies.make(message.reply_token, address=sender)
            if number.isascii() and number.isdecimal():
                return_path = self.replies.make(f"b{number}", address=sender)
        except ValueError as fault:
            raise SendFailed("reply token fits no address", kind="permanent") from fault
        message_id = self.replies.make_id(number, domain=self.addresses[0].rpartition("@")[2])
        text = message.text
        if message.link and message.link not in text:
            text = f"{text.rstrip()}\n\n{message.link}\n"
        letter = write_letter(
            message_id=message_id,
            sender=sender,
            recipient=message.to,
            subject=message.subject,
            text=text,
            written_at=datetime.fromtimestamp(time.time() if now is None else now, UTC),
            automatic="auto-replied",
            reply_to=reply_to,
            in_reply_to=message.in_reply_to,
            references=message.references,
            # An answer to a letter of theirs is no mailing; what we begin ourselves says how to end it.
            stop_address="" if message.in_reply_to else reply_to or sender,
            html=True,
        )
        if self.signer is not None:
            letter = self.signer.sign(letter)
        self.server.submit(letter, sender=return_path or reply_to or sender, recipient=message.to)
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


#: What every way in by mail shares; a way in is opened when its own variable is set.
SHARED_VARIABLES: Final = (
    "EMAIL_REPLY_SECRET",
    "EMAIL_ADDRESS",
    "EMAIL_SMTP_URL",
    "EMAIL_REGENCIES",
    "EMAIL_TRUSTED_HOSTS",
    "EMAIL_CHECK_DKIM",
    "EMAIL_DKIM_KEY",
)


def open_mailbox(variables: Variables) -> Mailbox:
    """The mailboxes of the variables above. Raises Misconfigured with every fault noted so far, too."""
    reply_secrets = variables.secrets("EMAIL_REPLY_SECRET", required=True)
    addresses = read_own_addresses(variables)
    server = read_mail_server(variables, "EMAIL_SMTP_URL")
    regencies = _read_regencies(variables)
    check = variables.text("EMAIL_CHECK_DKIM")
    if check not in {"", "0", "1"}:
        variables.fault("EMAIL_CHECK_DKIM", "must be 0 or 1")
    signer = None
    if addresses:
        signer = read_signer(variables, "EMAIL_DKIM_KEY", domain=addresses[0].rpartition("@")[2])
    variables.raise_faults()
    assert server is not None  # noqa: S101 - a server that cannot be read has been noted as a fault
    own = dict.fromkeys([*addresses, *(name for name in regencies if not name.startswith("+"))])
    return Mailbox(
        addresses=addresses,
        replies=ReplyAddresses(reply_secrets, own=tuple(own)),
        server=server,
        regencies=regencies,
        trusted_hosts=frozenset(host.lower() for host in variables.listed("EMAIL_TRUSTED_HOSTS")),
        lookup=_ask_dns if check == "1" else None,
        signer=signer,
    )


def read_own_addresses(variables: Variables) -> tuple[str, ...]:
    """Our mailboxes from EMAIL_ADDRESS, the first one being the one we write from when there is no other."""
    addresses = tuple(address.lower() for address in variables.listed("EMAIL_ADDRESS", required=True))
    if any(not is_address(address) or not address.isascii() or "+" in address for address in addresses):
        variables.fault("EMAIL_ADDRESS", "must be a mailbox like lapor@example.go.id, without a plus sign")
    return addresses


def _read_regencies(variables: Variables) -> dict[str, str]:
    regencies: dict[str, str] = {}
    for entry in variables.listed("EMAIL_REGENCIES"):
        name, _, code = entry.partition("=")
        name, code = name.strip().lower(), code.strip()
        if not _REGENCY.fullmatch(code) or not (re.fullmatch(r"\+[a-z0-9._-]+", name) or is_address(name)):
            variables.fault("EMAIL_REGENCIES", "must look like bogor@example.go.id=32.01,+muaraenim=16.03")
            break
        regencies[name] = code
    return regencies


def _ask_dns(name: bytes | str, timeout: int = 3) -> bytes | None:
    """A TXT record, None when there is none or nobody answers in time."""
    import dns.exception
    import dns.resolver

    try:
        asked = name.decode("ascii") if isinstance(name, bytes) else name
        answer = dns.resolver.resolve(asked, "TXT", lifetime=timeout)
        return b"".join(next(iter(answer)).strings)
    except (dns.exception.DNSException, UnicodeError, StopIteration, OSError):
        return None
