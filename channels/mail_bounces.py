"""Bounces: which of our letters came back, and whether trying again can help (RFC 3464, RFC 3463, RFC 6522).

What surprises: half of the bounces of the world follow no standard. Where there is no machine-readable part, a status
code or one of the usual phrases in the text decides; where not even these are found, the bounce is "unknown", which
fails the letter and leaves the address in peace. A full mailbox and a server that does not answer are temporary,
whatever class the host gave them: the address itself is right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal

from channels.mail_addresses import read_addresses
from channels.mail_parts import Letter, payload_text, read_header
from channels.mail_writing import MESSAGE_ID

Fate = Literal["permanent", "temporary", "delayed", "delivered", "complaint", "unknown"]

_LONGEST_TEXT_READ: Final = 20_000
_MOST_PARTS: Final = 200
_STATUS = re.compile(r"(?<![0-9.])([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_CODE = re.compile(r"\b(?P<code>[45][0-9]{2})[ -](?:[45]\.[0-9]\.[0-9]{1,2}|[A-Za-z])")
_FIELD = re.compile(r"^(?P<name>[A-Za-z-]+)[ \t]*:[ \t]*(?P<value>.*)$")
_RETURNED_ID = re.compile(r"^[ \t>]*Message-I[dD][ \t]*:[ \t]*(<[^<>\s]+>)", re.MULTILINE)
_NO_SUCH_PERSON = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)"
    r"|(?:user|recipient|mailbox|address|account)[^.\n]{0,40}(?:not found|does(?: not|n't) exist|unavailable|disabled)"
    r"|(?:user|recipient|mailbox|address|account)[^.\n]{0,40}(?:inactive|rejected|unknown|invalid)"
    r"|invalid recipient|address rejected|unrouteable address|host (?:unknown|not found)"
    r"|domain (?:not found|does not exist)|tidak ditemukan",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"over quota|quota exceeded|mailbox(?: is)? full|insufficient (?:disk|storage)|try again later|temporar|timed? ?out"
    r"|greylist|penuh",
    re.IGNORECASE,
)
_STILL_TRYING = re.compile(
    r"still (?:being )?(?:tried|retried|trying)|will be retried|not yet been delivered|delayed", re.IGNORECASE
)
# RFC 3463: these say something about the mailbox at this moment, or about the way to it, not that it does not exist.
_PASSING: Final = frozenset({"2.2", "3.1", "3.2", "4.1", "4.2", "4.4", "4.5", "4.7"})
# Refused for what we wrote or who we are: the address is right.
_ABOUT_US: Final = frozenset({"3.4", "6.0", "6.1", "7.0", "7.1", "7.7", "7.8", "7.9"})


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a bounce says. ``message_ids``: those of the letters it gives back, nearest first; ``status`` as in RFC 3463.

    ``recipient`` is whom it did not reach, as far as it says.
    """

    fate: Fate
    status: str = ""
    recipient: str = ""
    message_ids: tuple[str, ...] = ()

    def as_extra(self) -> Mapping[str, object]:
        return {
            "fate": self.fate,
            "status": self.status,
            "recipient": self.recipient,
            "message_ids": list(self.message_ids),
        }


def read_bounce(letter: Letter) -> Bounce:
    """What a letter says that is already known to be a bounce. Never raises."""
    fields = _delivery_fields(letter.message)
    returned = tuple(dict.fromkeys(_returned_ids(letter)))[:10]
    recipient = next(iter(_addresses(fields.get("final-recipient", ""), fields.get("original-recipient", ""))), "")
    if _has_part(letter.message, "message/feedback-report"):
        return Bounce("complaint", "", recipient, returned)
    text = fields.get("diagnostic-code", "") + "\n" + letter.text[:_LONGEST_TEXT_READ]
    action = fields.get("action", "").lower().partition(" ")[0].strip(";")
    status = _status_of(fields, text)
    if action in {"delivered", "relayed", "expanded"}:
        return Bounce("delivered", status, recipient, returned)
    if action == "delayed" or (not action and _STILL_TRYING.search(text) and not status.startswith("5")):
        return Bounce("delayed", status, recipient, returned)
    return Bounce(_judge(status, text, failed=action == "failed"), status, recipient, returned)


def _judge(status: str, text: str, *, failed: bool) -> Fate:
    detail = status.partition(".")[2]
    if _LATER.search(text) and not _NO_SUCH_PERSON.search(text):
        return "temporary"
    if status.startswith("4") or detail in _PASSING:
        return "temporary"
    if status.startswith("5") and detail not in _ABOUT_US and detail not in {"0.0", ""}:
        return "permanent"
    if _NO_SUCH_PERSON.search(text):
        return "permanent"
    return "temporary" if failed and detail in _ABOUT_US else "unknown"


def _status_of(fields: Mapping[str, str], text: str) -> str:
    for source in (fields.get("diagnostic-code", ""), fields.get("status", ""), text):
        found = _STATUS.search(source)
        if found and found[0] not in {"5.0.0", "4.0.0", "2.0.0"}:
            return found[0]
    found = _STATUS.search(fields.get("status", ""))
    if found:
        return found[0]
    code = _CODE.search(fields.get("diagnostic-code", "") or text)
    return {"550": "5.1.1", "551": "5.1.6", "552": "5.2.2", "553": "5.1.3"}.get(code["code"], "") if code else ""


def _delivery_fields(message: Message) -> dict[str, str]:
    """The fields of all blocks of the machine-readable part, by name in lower case; the first of a name counts."""
    fields: dict[str, str] = {}
    for part in _walk(message):
        if part.get_content_type() not in {"message/delivery-status", "message/feedback-report"}:
            continue
        for block in part.get_payload() if part.is_multipart() else []:
            if isinstance(block, Message):
                for name in ("Action", "Status", "Diagnostic-Code", "Final-Recipient", "Original-Recipient"):
                    value = read_header(block, name)
                    if value:
                        fields.setdefault(name.lower(), value)
        for line in payload_text(part)[:_LONGEST_TEXT_READ].splitlines():
            found = _FIELD.match(line)
            if found:
                fields.setdefault(found["name"].lower(), found["value"])
    return fields


def _returned_ids(letter: Letter) -> Iterator[str]:
    """Message ids of what was given back: in its own part, as headers, or pasted into the text."""
    for part in _walk(letter.message):
        kind = part.get_content_type()
        if part is letter.message or kind not in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            continue
        for child in part.get_payload() if part.is_multipart() else []:
            if isinstance(child, Message):
                yield from MESSAGE_ID.findall(read_header(child, "Message-ID"))[:1]
        yield from _RETURNED_ID.findall(payload_text(part)[:_LONGEST_TEXT_READ])
    for name in ("In-Reply-To", "References", "X-Failed-Message-ID"):
        yield from MESSAGE_ID.findall(letter.header(name))[::-1]
    yield from _RETURNED_ID.findall(letter.text[:_LONGEST_TEXT_READ])
    for file in letter.attachments:
        if file.content_type in {"message/rfc822", "text/rfc822-headers"} and file.content:
            yield from _RETURNED_ID.findall(file.content[:_LONGEST_TEXT_READ].decode("latin-1"))


def _has_part(message: Message, kind: str) -> bool:
    return any(part.get_content_type() == kind for part in _walk(message))


def _walk(message: Message) -> Iterator[Message]:
    """All parts, however deep, without recursion; at most 200 of them."""
    waiting: list[Message] = [message]
    for _ in range(_MOST_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.is_multipart():
            waiting += [child for child in part.get_payload() if isinstance(child, Message)]


def _addresses(*values: str) -> Iterator[str]:
    for value in values:
        for _, address in read_addresses(value.rpartition(";")[2]):
            yield address
