"""The parts of a letter: its headers as text, what a person wrote, what was attached. Nothing here raises on bad mail.

What surprises:

* The structure is read with the standard library's lenient rules (``policy.compat32``) and only the words of a header
  with its modern ones (``policy.default``): the modern parser raises on some real letters while it builds the tree.
* Labels lie. An unknown or wrong charset is tried as UTF-8, then as Windows-1252; a body never gets lost over a label.
* Mail to us holds raw 8-bit headers. They are read as UTF-8 where they can be.
* Several text parts side by side (text, picture, text) are all what the person wrote.
* One broken line ends the header for the library's parser, and the sender is gone; such lines are set aside first.
* Nested deeper than Python likes, a letter is read as headers and one long text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.policy import default as modern
from typing import Final

from channels.mail_html import html_to_text
from channels.messages import Attachment

LARGEST_ATTACHMENTS_BYTES: Final = 20 * 1024 * 1024
MOST_ATTACHMENTS: Final = 50
_LONGEST_HEADER_CHARACTERS: Final = 20_000

# Text codecs of Python's that are no charset of any letter: they run escapes or take time quadratic in the input.
_NOT_CHARSETS: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
# Real labels Python does not know, and labels whose superset is meant (WHATWG Encoding Standard, 4.2).
_MEANT: Final = {
    "iso-gb2312": "gb18030",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "unicode-1-1-utf-7": "utf-7",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter taken apart. ``text`` is everything the person wrote, quoted history included."""

    message: Message
    text: str
    attachments: tuple[Attachment, ...]
    # Names of attachments whose bytes were left out because all together were too large.
    left_out: tuple[str, ...]

    def header(self, name: str) -> str:
        return read_header(self.message, name)


def read_letter(raw: bytes) -> Letter:
    """Take a raw RFC 5322 message apart. Never raises."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")  # some gateways end lines as old Macintoshes did
    try:
        message = message_from_bytes(_mend_header(raw), policy=compat32)
        texts, files = _Sorter().sort(message)
    except Exception:  # noqa: BLE001 - whatever the library's parser trips over, the letter is kept as one text
        message = BytesHeaderParser(policy=compat32).parsebytes(raw)
        texts, files = [decode_text(_after_header(raw), "")], []
    text = "\n\n".join(texts) or ("" if files else decode_text(_after_header(raw), ""))
    kept, left_out = _limit(files)
    return Letter(message, text.strip("\r\n"), tuple(kept), tuple(left_out))


def payload_of(raw: bytes) -> bytes:
    """The bytes after the header: what stays the same when hosts on the way add their lines on top."""
    return _after_header(raw)


def _after_header(raw: bytes) -> bytes:
    found = re.search(rb"\r?\n\r?\n", raw)
    return raw[found.end() :] if found else b""


_HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")


def _mend_header(raw: bytes) -> bytes:
    """The letter with header lines that are none given a name, and spaces before colons gone (RFC 5322, 4.5)."""
    body = _after_header(raw)
    lines = raw[: len(raw) - len(body)].splitlines(keepends=True)
    first = 1 if lines and lines[0].startswith(b"From ") else 0
    if not body or first >= len(lines) or not _HEADER_LINE.match(lines[first]):
        return raw
    for number, line in enumerate(lines[first:], first):
        found = _HEADER_LINE.match(line)
        if found:
            lines[number] = found[0][:-1].rstrip() + b":" + line[found.end() :]
        elif line.strip() and line[:1] not in b" \t":
            lines[number] = b"X-Unreadable: " + line
    return b"".join(lines) + body


def payload_text(part: Message) -> str:
    """The bytes of a part that has no parts, as text of whatever kind; empty for others. Never raises."""
    if part.is_multipart():
        return ""
    try:
        content = part.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - whatever the library trips over
        return ""
    return decode_text(content, "") if isinstance(content, bytes) else ""


def decode_text(content: bytes, charset: str) -> str:
    """Bytes to text without NUL and with plain line ends, whatever their label says. Never raises."""
    charset = charset.strip().strip("\"'").lower()
    for candidate in (_MEANT.get(charset, charset), "utf-8", "cp1252"):
        try:
            if codecs.lookup(candidate).name.replace("-", "_") in _NOT_CHARSETS:
                continue
            text = content.decode(candidate)
        except (LookupError, ValueError, TypeError):
            continue
        break
    else:
        text = content.decode("utf-8", "replace")
    return _clean(text)


def _clean(text: str) -> str:
    text = text.replace("\x00", "").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode() if _SURROGATE.search(text) else text


_SURROGATE = re.compile("[\ud800-\udfff]")


def read_header(part: Message, name: str) -> str:
    """The first header of this name, decoded, on one line; empty when there is none. Never raises."""
    wanted = name.lower()
    for key, value in part.raw_items():
        if key.lower() == wanted:
            return _decode_header(str(value)[:_LONGEST_HEADER_CHARACTERS])
    return ""


def read_headers(part: Message, name: str) -> Iterator[str]:
    """All headers of this name."""
    wanted = name.lower()
    for key, value in part.raw_items():
        if key.lower() == wanted:
            yield _decode_header(str(value)[:_LONGEST_HEADER_CHARACTERS])


def _decode_header(raw: str) -> str:
    raw = " ".join(_without_raw_bytes(raw).split())
    if "=?" not in raw:
        return _clean(raw)
    try:
        # As a subject whatever it is: the structured parsers rearrange, and some of them raise.
        decoded = str(modern.header_factory("subject", raw))
    except Exception:  # noqa: BLE001 - the library's header parser raises whatever it trips over
        decoded = _decode_words(raw)
    return " ".join(_clean(decoded).split())


def _decode_words(raw: str) -> str:
    try:
        chunks = decode_header(raw)
    except Exception:  # noqa: BLE001 - as above
        return raw
    return "".join(chunk if isinstance(chunk, str) else decode_text(chunk, charset or "") for chunk, charset in chunks)


def _without_raw_bytes(value: str) -> str:
    """Bytes the parser could not read as ASCII, read as text after all."""
    if not _SURROGATE.search(value):
        return value
    return decode_text(value.encode("utf-8", "surrogateescape"), "")


class _Sorter:
    """Walks a letter's parts and tells what was written from what was attached."""

    def sort(self, message: Message) -> tuple[list[str], list[Attachment]]:
        self._files: list[Attachment] = []
        texts = self._read(message)
        if not texts:
            texts = self._texts_inside_files(message)
        return texts, self._files

    def _read(self, part: Message) -> list[str]:
        if part.is_multipart():
            children = [child for child in part.get_payload() if isinstance(child, Message)]
            if part.get_content_maintype() == "message":
                self._attach_message(part, children)
                return []
            if part.get_content_subtype() == "alternative":
                return self._best_of(children)
            return [text for child in children for text in self._read(child)]
        kind = part.get_content_type()
        written = kind in {"text/plain", "text/html"} or part.get_content_maintype() == "multipart"
        if written and part.get_content_disposition() != "attachment" and not _file_name(part):
            text = _text_of(part)
            return [text] if text.strip() else []
        self._attach(part)
        return []

    def _best_of(self, alternatives: list[Message]) -> list[str]:
        """The plain form when it says something, else the richest that does; files inside any of them are kept."""
        readings = [(child, self._read(child)) for child in alternatives]
        spoken = [(child, texts) for child, texts in readings if texts]
        plain = [texts for child, texts in spoken if child.get_content_type() == "text/plain"]
        return plain[0] if plain else spoken[-1][1] if spoken else []

    def _texts_inside_files(self, message: Message) -> list[str]:
        """A letter that is nothing but a forwarded letter or a text file was still written by somebody."""
        for part in message.walk():
            if not part.is_multipart() and part.get_content_type() in {"text/plain", "text/html"}:
                text = _text_of(part)
                if text.strip():
                    return [text]
        return []

    def _attach(self, part: Message) -> None:
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            content = str(part.get_payload()).encode("utf-8", "replace")
        number = len(self._files) + 1
        self._files.append(Attachment(_file_name(part) or f"lampiran-{number}", part.get_content_type(), content))

    def _attach_message(self, part: Message, children: list[Message]) -> None:
        try:
            content = b"\n".join(child.as_bytes() for child in children)
        except Exception:  # noqa: BLE001 - writing a broken letter out again raises whatever it trips over
            content = b"\n".join(str(child.get_payload()).encode("utf-8", "replace") for child in children)
        name = _file_name(part) or f"lampiran-{len(self._files) + 1}.eml"
        self._files.append(Attachment(name, part.get_content_type(), content))


def _text_of(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        content = str(part.get_payload()).encode("utf-8", "surrogateescape")
    charset = part.get_param("charset", "")
    if isinstance(charset, tuple):  # RFC 2231: charset, language, value
        charset = charset[2]
    text = decode_text(content, str(charset))
    return html_to_text(text) if part.get_content_type() == "text/html" else text


def _file_name(part: Message) -> str:
    """The file's own name without any folder, safe to show; empty when it has none."""
    clean = Message()
    for header in ("content-disposition", "content-type"):
        for key, value in part.raw_items():
            if key.lower() == header:
                clean[header] = _without_raw_bytes(str(value)[:_LONGEST_HEADER_CHARACTERS])
                break
    try:
        written = clean.get_filename("") or ""
    except (LookupError, ValueError, TypeError):
        return ""
    name = _decode_header(str(written)).replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable()).strip()[:200]


def _limit(files: list[Attachment]) -> tuple[list[Attachment], list[str]]:
    """Keep the bytes of what fits; what does not fit is still listed, without its bytes."""
    room = LARGEST_ATTACHMENTS_BYTES
    kept: list[Attachment] = []
    left_out: list[str] = []
    for file in files:
        size = len(file.content or b"")
        if size > room or len(kept) - len(left_out) >= MOST_ATTACHMENTS:
            left_out.append(file.name)
            kept.append(Attachment(file.name, file.content_type))
        else:
            room -= size
            kept.append(file)
    return kept, left_out
