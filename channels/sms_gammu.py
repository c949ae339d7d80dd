"""SMS through gammu-smsd and a SIM modem: an office with one SIM and one PC. We poll its tables and write into them.

What surprises:

* Nobody calls us. ``RunOnReceive`` would, but only once and never again when we do not answer: a message could be lost.
  The table keeps it until we say that we have it.
* The daemon's row numbers begin again with a new database, so a message is named by what it is: who, when, which part,
  which words. That also makes one of the SMS a modem hands over twice because it could not delete it.
* The daemon waits for missing parts itself (``multiparttimeout``) and puts the whole text into the first row; we read
  each row's own bytes instead, which hold a character torn by the end of a part, and wait a little too: the rows of
  one message appear one after the other.
* Parts that stay missing do not hold up the rest: what is there is delivered, marked ``incomplete``.
* Sending is putting rows into ``outbox``. Our id stands in them, so the same message is never put there twice and
  ``find_sent`` is certain. Long texts are split here; the daemon does it only for messages of its own tools.
* One status comes for each part; a message is as far as its worst part.

Source: https://docs.gammu.org/smsd/tables.html.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, unquote

from channels import gsm, phone
from channels.channel import Forged, Listed, Medium, PolledMessage, PolledReport, SendFailed, Unreadable
from channels.gammu_tables import GammuTables, InboxRow, OutgoingPart, SentRow, is_dsn, read_moment
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
from channels.udh import Part, find_part, write_part
from channels.variables import Variables

NAME: Final = "sms_gammu"

PARTS_WAIT_SECONDS: Final = 60
# Rows read for one message asked for: most are of one part, few of more than four.
_ROWS_A_MESSAGE: Final = 4
# Two parts with one reference, further apart than this, are of two messages: references come round again.
_ONE_MESSAGE_SECONDS: Final = 86_400
_ONE_MESSAGE: Final = timedelta(seconds=_ONE_MESSAGE_SECONDS)
_MOST_PARTS: Final = 255
_RECIPIENT = re.compile(r"\+?[0-9]{2,19}", re.ASCII)

CODINGS: Final = {"gsm7": "Default_No_Compression", "ucs2": "Unicode_No_Compression"}

_FAILED: Final = frozenset({"SendingError", "Error"})


@dataclass(frozen=True)
class SmsGammu:
    """One gammu-smsd database, one or more SIMs. Safe to share between threads.

    ``numbers``  our number of each phone id of the daemon; the key "" is that of all others.
    """

    tables: GammuTables
    numbers: Mapping[str, str] = field(default_factory=dict)
    parts_wait_seconds: int = PARTS_WAIT_SECONDS
    name: str = NAME
    medium: Medium = "sms"

    def verify(self, request: InboundRequest) -> None:
        """Refuse: nobody calls this channel."""
        raise Forged("this channel is polled, it has no hook")

    def parse(self, request: InboundRequest) -> InboundMessage:
        """Raises Unreadable: messages come by ``waiting_messages``."""
        raise Unreadable("this channel is polled, it has no hook")

    def render_ack(self, ack: Ack) -> AckResponse:
        """Unused; ``mark_taken`` is what the daemon's tables hear."""
        return AckResponse()

    def waiting_messages(self, *, limit: int) -> Sequence[PolledMessage]:
        """The oldest messages nobody has taken, whole or long enough waited for. Raises Unreachable."""
        rows = self.tables.waiting(rows=limit * _ROWS_A_MESSAGE)
        waiting = [
            PolledMessage(self._read(letter), _write_handle("inbox", [row.id for row in letter.rows]))
            for letter in _gather(rows)
            if letter.is_complete or letter.age_seconds >= self.parts_wait_seconds
        ]
        return waiting[:limit]

    def probe(self) -> None:
        """Look into the daemon's tables. Raises Unreachable."""
        self.tables.waiting(rows=1)

    def received_since(self, moment: datetime) -> Iterator[Listed]:
        """What the daemon's inbox holds, taken or not; what may still be incomplete is left out. Raises Unreachable."""
        # A little earlier: a message that began before must not look like one without its first parts.
        for letter in _gather(self.tables.received(moment - _ONE_MESSAGE)):
            settled = letter.is_complete or letter.age_seconds >= self.parts_wait_seconds
            if settled and letter.sent_at is not None and letter.sent_at >= moment:
                message = self._read(letter)
                yield Listed(message.external_id, letter.sent_at, message)

    def _read(self, letter: _Letter) -> InboundMessage:
        first = letter.rows[0]
        sender = phone.read_correspondent(first.sender)
        extra: dict[str, object] = {"phone": first.phone_id} if first.phone_id else {}
        if first.coding == "8bit":
            extra["binary"] = True
        if not letter.is_complete:
            extra |= {"incomplete": True, "parts": letter.total, "parts_there": sorted(letter.parts)}
        return InboundMessage(
            external_id=letter.name,
            sender=sender.address,
            recipient=self.numbers.get(first.phone_id) or self.numbers.get("", ""),
            text=letter.text,
            sent_at=letter.sent_at,
            answerable=sender.answerable,
            extra=extra,
        )

    def waiting_reports(self, *, limit: int) -> Sequence[PolledReport]:
        """Messages of ours whose status has changed. Raises Unreachable."""
        by_message: dict[str, list[SentRow]] = {}
        for row in self.tables.changed(messages=limit):
            by_message.setdefault(row.message_id, []).append(row)
        return [
            PolledReport(
                _settle(message_id, rows),
                _write_handle("sent", [[r.id, r.position, message_id, r.status] for r in rows]),
            )
            for message_id, rows in by_message.items()
        ]

    def mark_taken(self, handles: Iterable[str]) -> None:
        """Raises Unreachable, and ValueError for what is no handle of ours."""
        inbox: list[int] = []
        sent: list[SentRow] = []
        for handle in handles:
            table, rows = json.loads(handle)
            if table == "inbox":
                inbox += rows
            else:
                sent += [SentRow(number, position, message, status, -1) for number, position, message, status in rows]
        if inbox:
            self.tables.mark_processed(inbox)
        if sent:
            self.tables.mark_heard(sent)

    def send(self, message: OutboundMessage) -> ProviderReceipt:
        """Put one SMS into the daemon's outbox, once however often it is asked. Raises SendFailed."""
        if not _RECIPIENT.fullmatch(message.to):
            raise SendFailed("not a number", kind="permanent")
        texts = split(message.text)
        if len(texts) > _MOST_PARTS:
            raise SendFailed("too long", kind="permanent")
        reference = zlib.crc32(message.id.encode()) & 0xFF
        parts = [
            OutgoingPart(text, write_part(Part(reference, len(texts), number)).hex().upper() if len(texts) > 1 else "")
            for number, text in enumerate(texts, start=1)
        ]
        number = self.tables.put(
            quote(message.id, safe=""),
            to=message.to,
            phone_id=self._leave_by(message.sender),
            coding=CODINGS[gsm.plan(message.text).encoding],
            parts=parts,
        )
        return ProviderReceipt(str(number), len(parts))

    def _leave_by(self, sender: str) -> str:
        """The phone with this number; any phone when none has it."""
        return next((phone_id for phone_id, number in self.numbers.items() if sender and number == sender), "")

    def sends_as(self, sender: str) -> bool:
        return sender in self.numbers.values()

    def find_sent(self, message: OutboundMessage, *, since: datetime) -> ProviderReceipt | None:
        """Look for our id in the daemon's tables, however old. Raises SendFailed."""
        number = self.tables.find(quote(message.id, safe=""))
        return None if number is None else ProviderReceipt(str(number), gsm.plan(message.text).segments)


@dataclass(slots=True)
class _Letter:
    """The rows of one message, in the order they came; ``parts`` by their number."""

    part: Part | None
    rows: list[InboxRow]
    parts: dict[int, InboxRow]

    @property
    def total(self) -> int:
        return self.part.total if self.part else 1

    @property
    def is_complete(self) -> bool:
        return len(self.parts) == self.total

    @property
    def age_seconds(self) -> float:
        return min(row.age_seconds for row in self.rows)

    @property
    def sent_at(self) -> datetime | None:
        return read_moment(min((row.received for row in self.rows if row.received is not None), default=None))

    @property
    def text(self) -> str:
        """Joined as bytes, so that a character torn between two parts is whole again."""
        ordered = [self.parts[number] for number in sorted(self.parts)]
        if any(not row.text_hex for row in ordered):
            return "".join(row.text_decoded for row in ordered).replace("\x00", "")
        return _decode(b"".join(_unhex(row.text_hex) for row in ordered), ordered[0].coding)

    @property
    def name(self) -> str:
        """Equal whenever the same message is read again, also from other rows of another database."""
        ordered = [self.parts[number] for number in sorted(self.parts)]
        said = [[r.phone_id, r.sender, r.udh, r.received, r.text_hex or r.text_decoded] for r in ordered]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:40]

    def takes(self, row: InboxRow, part: Part) -> bool:
        """Whether this row can be one of this message: a part that is missing, or one that came twice."""
        known = self.parts.get(part.number)
        if known is not None:
            return (known.text_hex, known.received) == (row.text_hex, row.received)
        latest = self.rows[-1].received
        return latest is None or row.received is None or abs(row.received - latest) <= _ONE_MESSAGE_SECONDS

    def add(self, row: InboxRow, part: Part) -> None:
        self.rows.append(row)
        self.parts.setdefault(part.number, row)


def _gather(rows: Iterable[InboxRow]) -> list[_Letter]:
    """Rows to messages, in the order of their first rows."""
    letters: list[_Letter] = []
    open_letters: dict[tuple[str, str, int, int], list[_Letter]] = {}
    for row in rows:
        part = find_part(_unhex(row.udh))
        if part is None:
            letters.append(_Letter(None, [row], {1: row}))
            continue
        alike = open_letters.setdefault((row.phone_id, row.sender, part.reference, part.total), [])
        letter = next((each for each in alike if each.takes(row, part)), None)
        if letter is None:
            letter = _Letter(part, [], {})
            letters.append(letter)
            alike.append(letter)
        letter.add(row, part)
    return letters


def _unhex(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""


def _decode(content: bytes, coding: str) -> str:
    """``Text`` of the tables: UTF-16BE whatever went over the air, but 8-bit data as it is."""
    if coding != "8bit":
        return content.decode("utf-16-be", "replace").replace("\x00", "")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\x00", "")


def _settle(message_id: str, rows: Sequence[SentRow]) -> DeliveryReport:
    statuses = {row.status for row in rows}
    failed = [row for row in rows if row.status in _FAILED] or [row for row in rows if row.status == "DeliveryFailed"]
    if statuses & _FAILED:
        status = DeliveryStatus.FAILED
    elif "DeliveryFailed" in statuses:
        status = DeliveryStatus.UNDELIVERED
    elif statuses == {"DeliveryOK"}:
        status = DeliveryStatus.DELIVERED
    else:
        status = DeliveryStatus.SENT
    code = None
    if failed:
        code = failed[0].status + (f" {failed[0].code}" if failed[0].code >= 0 else "")
    return DeliveryReport(unquote(message_id), str(rows[0].id), status, code)


def _write_handle(table: str, rows: Sequence[object]) -> str:
    return json.dumps([table, rows])


def split(text: str) -> list[str]:
    """The text of each segment, as ``gsm.plan`` counts them: no escape and no surrogate pair is torn."""
    plan = gsm.plan(text)
    if plan.segments == 1:
        return [text]
    room = gsm.ROOM_JOINED[plan.encoding]
    parts, used = [""], 0
    for character in text:
        wide = character in gsm.EXTENSION_ALPHABET if plan.encoding == "gsm7" else ord(character) > 0xFFFF
        cost = 2 if wide else 1
        if used + cost > room:
            parts.append("")
            used = 0
        parts[-1] += character
        used += cost
    return parts


def open_channel(environ: Mapping[str, str], *, public_url: str) -> SmsGammu | None:  # noqa: ARG001 - has no hook
    """The channel, or None when no SMS_GAMMU_* is set. Raises Misconfigured with every fault."""
    variables = Variables(environ, "SMS_GAMMU_DSN", "SMS_GAMMU_NUMBERS", "SMS_GAMMU_PARTS_WAIT_SECONDS")
    if not variables.any_set():
        return None
    dsn = variables.text("SMS_GAMMU_DSN", required=True)
    if dsn and not is_dsn(dsn):
        variables.fault("SMS_GAMMU_DSN", "must look like postgresql://user:password@host/smsd")
    numbers: dict[str, str] = {}
    for entry in variables.listed("SMS_GAMMU_NUMBERS"):
        phone_id, _, written = entry.rpartition("=")
        number = phone.normalise_number(written)
        if number is None:
            variables.fault("SMS_GAMMU_NUMBERS", "holds an entry that is neither a number nor phoneid=number")
        elif phone_id.strip() in numbers:
            variables.fault("SMS_GAMMU_NUMBERS", "names a phone twice, or has two numbers without a phone")
        else:
            numbers[phone_id.strip()] = number
    seconds = variables.text("SMS_GAMMU_PARTS_WAIT_SECONDS") or str(PARTS_WAIT_SECONDS)
    if not (seconds.isascii() and seconds.isdecimal() and len(seconds) <= 5):
        variables.fault("SMS_GAMMU_PARTS_WAIT_SECONDS", "must be a number of seconds")
    variables.raise_faults()
    phone.prime()
    return SmsGammu(GammuTables(dsn), numbers, int(seconds))
