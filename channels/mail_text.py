"""What is new in a letter: the quoted history mail programs repeat, cut off for reading.

A first, small version. Cutting is for reading only: whoever calls keeps the full text, and when nothing would be left,
nothing is cut. Programs announce a quotation in the language of their owner, hence patterns in two.
"""

from __future__ import annotations

import re
from typing import Final

# "On 1 Nov 2026, at 10:00, X <x@example.com> wrote:" and "Pada tanggal ... menulis:", on one line or folded over three.
_INTRODUCTION = re.compile(
    r"^[ \t>*]*(?:On\b.{4,300}?\bwrote|Pada\b.{4,300}?\b(?:menulis|berkata))[ \t]*:[ \t]*$", re.IGNORECASE
)
# "Lapor <lapor@example.go.id> menulis:", on one line only: any text may stand in front.
_SIGNED_INTRODUCTION = re.compile(r"^.{1,200}?<[^<>\n]+@[^<>\n]+>[ \t]*(?:wrote|menulis)[ \t]*:[ \t]*$", re.IGNORECASE)
_RULER = re.compile(r"^[ \t>*]*-{2,}[ \t]*(?:Original Message|Pesan Asli|Pesan asal)[ \t]*-{2,}[ \t]*$", re.IGNORECASE)
_LINE_ABOVE_HEADERS = re.compile(r"^[ \t_*-]*$")
_FORWARDED = re.compile(
    r"^[ \t>*]*(?:-{2,}[ \t]*(?:Forwarded message|Pesan (?:yang )?diteruskan|Pesan terusan)[ \t]*-{2,}"
    r"|Begin forwarded message:|Awal pesan (?:yang )?diteruskan:)",
    re.IGNORECASE,
)
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
_LONGEST_INTRODUCTION: Final = 600


def read_reply(full_text: str) -> str:
    """What is new in a letter: quoted history and "sent from my phone" left out; the full text when nothing remains.

    What stands below a quotation marked by ``>`` is kept (people answer below); a forwarded letter is kept whole.
    """
    lines = full_text.split("\n")
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if _FORWARDED.match(line):
            kept += lines[number:]
            break
        if _RULER.match(line) or _is_header_block(lines, number):
            while kept and _LINE_ABOVE_HEADERS.match(kept[-1]):
                kept.pop()
            break
        introduction = _introduction_lines(lines, number)
        if introduction and not _quotation_follows(lines, number + introduction):
            break
        if not introduction and not _QUOTED_LINE.match(line) and not _DEVICE.match(line):
            kept.append(line)
        number += introduction or 1
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() or full_text.strip()


def _introduction_lines(lines: list[str], number: int) -> int:
    """How many lines announce a quotation here, 0 for none. People also write "Pada hari Senin bupati menulis:"."""
    window = ""
    for length, line in enumerate(lines[number : number + _FOLDED_LINES], 1):
        window = f"{window} {line.strip()}".strip()
        if not line.strip() or len(window) > _LONGEST_INTRODUCTION:
            return 0
        if _INTRODUCTION.match(window) or (length == 1 and _SIGNED_INTRODUCTION.match(window)):
            dated = bool(re.search(r"@|[0-9]", window))
            return length if dated or _quotation_follows(lines, number + length) else 0
    return 0


def _quotation_follows(lines: list[str], number: int) -> bool:
    """Whether the next line that says something is marked as quoted."""
    following = next((line for line in lines[number : number + 50] if line.strip()), "")
    return bool(_QUOTED_LINE.match(following))


def _is_header_block(lines: list[str], number: int) -> bool:
    """ "From:" (or "Dari:") followed closely by at least two more of the headers mail programs repeat."""
    first = _HEADER_LINE.match(lines[number])
    if first is None or first["name"].lower() not in _FIRST_HEADERS:
        return False
    found = {match["name"].lower() for line in lines[number + 1 : number + 7] if (match := _HEADER_LINE.match(line))}
    return len(found & _LATER_HEADERS) >= 2
