"""What a person wrote, out of what their mail program made of it: HTML to text, and quoted history cut off for reading.

A first, small version. Cutting is for reading only: whoever calls keeps the full text, and when nothing would be left,
nothing is cut. Programs announce a quotation in the language of their owner, hence patterns in two.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

LONGEST_HTML_CHARACTERS: Final = 500_000

_BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
    }
)
_SILENT: Final = frozenset({"script", "style", "head", "title", "template", "noscript"})


class _TextOfHtml(HTMLParser):
    """Collects the words, puts lines where blocks begin and end, and ``>`` before what is quoted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent: list[str] = []
        self._quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent.append(tag)
        elif tag == "body":
            self._silent.clear()  # a head that was never closed
        elif tag == "br":
            self._new_line()
        elif tag == "blockquote":
            self._quoted += 1
            self._new_line()
        elif tag in _BLOCKS:
            self._new_line()
            if tag == "li":
                self._pieces.append("* ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            self._silent.remove(tag)
        elif tag == "blockquote":
            self._quoted = max(0, self._quoted - 1)
            self._new_line()
        elif tag in _BLOCKS:
            self._new_line()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"[ \t\r\n\f\xa0]+", " ", data))

    def _new_line(self) -> None:
        if not self._silent:
            self._pieces.append("\n" + "> " * min(self._quoted, 5))

    def text(self) -> str:
        lines = [re.sub(r" {2,}", " ", line).strip() for line in "".join(self._pieces).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join("" if set(line) <= {">", " "} else line for line in lines)).strip()


def html_to_text(html: str) -> str:
    """The words of an HTML document as plain text, with ``>`` before quotations. Never raises.

    Past half a million characters the rest is left out of the reading.
    """
    reader = _TextOfHtml()
    try:
        reader.feed(html[:LONGEST_HTML_CHARACTERS])
        reader.close()
    except (AssertionError, ValueError):
        # The library's parser gives up on some malformed declarations: what was read so far and the bare rest stay.
        return reader.text() + "\n" + re.sub(r"<[^<>]*>", " ", reader.rawdata).strip()
    return reader.text()


# "On 1 Nov 2026, at 10:00, X <x@example.com> wrote:" and "Pada tanggal ... menulis:", on one line or folded over three.
_INTRODUCTION = re.compile(
    r"^[ \t>*]*"
    r"(?:On\b.{4,300}?\bwrote|Pada\b.{4,300}?\b(?:menulis|berkata)|.{1,200}?<[^<>\n]+@[^<>\n]+>[ \t]*(?:wrote|menulis))"
    r"[ \t]*:[ \t]*$",
    re.IGNORECASE,
)
_RULER = re.compile(r"^[ \t>*]*-{2,}[ \t]*(?:Original Message|Pesan Asli|Pesan asal)[ \t]*-{2,}[ \t]*$", re.IGNORECASE)
_FIRST_HEADERS: Final = frozenset({"from", "dari"})
_LATER_HEADERS: Final = frozenset(
    {"sent", "date", "to", "subject", "dikirim", "tanggal", "kepada", "ke", "subjek", "perihal", "hal"}
)
_HEADER_LINE = re.compile(
    rf"^[ \t>*]*(?P<name>{'|'.join(sorted(_FIRST_HEADERS | _LATER_HEADERS))})[ \t]*\*?[ \t]*:\*?(?:[ \t]|$)",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"^[ \t]*(?:Sent from (?:my|Mail|Outlook|Yahoo)\b.{0,80}|Get Outlook for\b.{0,60}|Dikirim (?:dari|melalui)\b.{0,80}"
    r"|Dapatkan Outlook untuk\b.{0,60})$",
    re.IGNORECASE,
)
_QUOTED_LINE = re.compile(r"^[ \t]*>")
_FOLDED_LINES: Final = 3


def read_reply(full_text: str) -> str:
    """What is new in a letter: quoted history and "sent from my phone" left out; the full text when nothing remains."""
    lines = full_text.split("\n")
    end = _history_begins(lines)
    kept = [line for line in lines[:end] if not _QUOTED_LINE.match(line) and not _DEVICE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() or full_text.strip()


def _history_begins(lines: list[str]) -> int:
    """The line where the quoted history begins; the number of lines when there is none."""
    for number, line in enumerate(lines):
        if _RULER.match(line) and number > 0:
            return number
        if _is_introduction(lines, number) or _is_header_block(lines, number):
            return number
    return len(lines)


def _is_introduction(lines: list[str], number: int) -> bool:
    """An introduction with something quoted below it: people also write "Pada hari Senin bupati menulis:"."""
    for length in range(1, _FOLDED_LINES + 1):
        window = " ".join(line.strip() for line in lines[number : number + length])
        if len(window) <= 600 and _INTRODUCTION.match(window):
            rest = [line for line in lines[number + length :] if line.strip()]
            return not rest or bool(_QUOTED_LINE.match(rest[0])) or "@" in window or bool(re.search(r"\d", window))
    return False


def _is_header_block(lines: list[str], number: int) -> bool:
    """ "From:" (or "Dari:") followed closely by at least two more of the headers mail programs repeat."""
    first = _HEADER_LINE.match(lines[number])
    if first is None or first["name"].lower() not in _FIRST_HEADERS:
        return False
    found = {match["name"].lower() for line in lines[number + 1 : number + 7] if (match := _HEADER_LINE.match(line))}
    return len(found & _LATER_HEADERS) >= 2
