"""Our own letters as bytes: safe headers, plain text and simple HTML, marked as written by a machine (RFC 5322, RFC 3834).

Surprises: the standard library folds long message ids and long addresses into encoded words, which breaks threads and
addresses; those headers are written by our own rule. The text travels as quoted-printable, because a server that does
not take eight bits is not asked. Whatever ends a line inside a header becomes a space.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import SMTP, Policy
from email.utils import format_datetime
from html import escape
from typing import Final, Literal
from urllib.parse import quote

MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
MOST_REFERENCES: Final = 20
# As it stands in escaped text: no quotation mark can be in it.
_WEB_ADDRESS = re.compile(r"https?://(?:&amp;|[^\s<>&\"'])+[^\s<>&\"'.,;:!?)]")
_CONTROLS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


class _OneWordALine(UnstructuredHeader, BaseHeader):
    """A header of words that must not be changed: written as they are, one a line."""

    def fold(self, *, policy: Policy[Message[str, str]]) -> str:
        return f"{self.name}: " + f"{policy.linesep} ".join(str(self).split()) + policy.linesep


def _policy(*, utf8: bool) -> Policy[EmailMessage]:
    registry = HeaderRegistry()
    for name in ("from", "to", "reply-to", "message-id", "in-reply-to", "references", "list-unsubscribe"):
        registry.map_to_type(name, _OneWordALine)
    return SMTP.clone(header_factory=registry, utf8=utf8)


_POLICY: Final = _policy(utf8=False)
# An address beyond ASCII asks for a server with SMTPUTF8 (RFC 6531), which takes such headers as they are.
_POLICY_UTF8: Final = _policy(utf8=True)


def one_line(text: str) -> str:
    """Text that can stand in a header: no line ends, no controls."""
    return _CONTROLS.sub(" ", text).strip()


def as_html(text: str) -> str:
    """The same words as a small HTML page: paragraphs, line breaks, addresses to click on; nothing is loaded."""
    paragraphs = (escape(part.strip("\n")) for part in re.split(r"\n{2,}", text) if part.strip())
    linked = (_WEB_ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', part).replace("\n", "<br>\n") for part in paragraphs)
    body = "\n".join(f"<p>{part}</p>" for part in linked)
    return f'<!doctype html>\n<html lang="id"><body>\n{body}\n</body></html>\n'


def write_letter(
    *,
    message_id: str,
    sender: str,
    recipient: str,
    subject: str,
    text: str,
    written_at: datetime,
    automatic: Literal["auto-replied", "auto-generated"],
    reply_to: str = "",
    in_reply_to: str = "",
    references: Sequence[str] = (),
    stop_address: str = "",
    html: bool = False,
) -> bytes:
    """The letter, ready for SMTP. Addresses are plain and already checked; ``references`` come nearest first.

    ``stop_address`` takes the word that ends our letters (RFC 2369); ``html`` adds the same text in simple HTML.
    """
    letter = EmailMessage(policy=_POLICY if (sender + recipient).isascii() else _POLICY_UTF8)
    letter["From"] = sender
    letter["To"] = recipient
    if reply_to:
        letter["Reply-To"] = reply_to
    letter["Subject"] = one_line(subject)
    letter["Date"] = format_datetime(written_at)
    letter["Message-ID"] = message_id
    parents = MESSAGE_ID.findall(in_reply_to)[:1]
    if parents:
        letter["In-Reply-To"] = parents[0]
    ancestors = [*parents, *(found for reference in references for found in MESSAGE_ID.findall(reference)[:1])]
    if ancestors:
        letter["References"] = " ".join(list(dict.fromkeys(ancestors))[:MOST_REFERENCES][::-1])
    letter["Auto-Submitted"] = automatic
    letter["X-Auto-Response-Suppress"] = "All"
    if stop_address:
        letter["List-Unsubscribe"] = f"<mailto:{quote(stop_address, safe='@')}?subject=STOP&body=STOP>"
    text = text.replace("\x00", "").replace("\r\n", "\n").rstrip("\n") + "\n"
    text = text.encode("utf-8", "replace").decode()
    letter.set_content(text, charset="utf-8", cte="quoted-printable")
    if html:
        letter.add_alternative(as_html(text), subtype="html", charset="utf-8", cte="quoted-printable")
        # Of the letter's own id, so that sending it again writes the same bytes.
        letter.set_boundary("=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24])
    return letter.as_bytes()
