"""What is new in a letter: the quoted history mail programs repeat, and signatures, cut off for reading.

Cutting is for reading only: whoever calls keeps the full text, and when nothing would be left, nothing is cut.

What surprises:

* Programs announce a quotation in the language of their owner and fold the line. Known first words and verbs are taken
  as they are (``mail_words``); in any language, a line with a date or an address that ends in a colon, with a quotation
  below it, announces that quotation.
* Some programs mark nothing in what they repeat: after an announcement or a block of repeated headers, all of the rest
  is history. Where nothing was written above it, it is what the person meant us to read (a forwarded letter), and kept.
* Quoted lines stay where they are answered one by one, and where nobody announced them: people quote a neighbour's
  letter, or a rule, to make a point.
* A letter that was forwarded is kept whole: the report is in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from channels import mail_words as words

_FOLDED_LINES: Final = 4
_LONGEST_INTRODUCTION: Final = 600
_LONGEST_SIGNATURE_LINES: Final = 14
_LONGEST_KEPT_QUOTATION_LINES: Final = 8
_LINES_BELOW_A_LONG_RULER: Final = 6
_LOOK_AHEAD_LINES: Final = 50
_HEADERS_WITHIN_LINES: Final = 8


@dataclass(slots=True)
class _Block:
    """Lines of one kind, one after the other. ``announced``: a quotation some program put there."""

    quoted: bool
    lines: list[str]
    announced: bool = False

    @property
    def says_something(self) -> bool:
        return any(line.strip() for line in self.lines)


def is_forward(subject: str) -> bool:
    """Whether a subject says that the letter was passed on ("Fwd:", "Trs:", "Terusan:")."""
    return bool(words.FORWARDING_SUBJECT.match(subject))


def read_reply(full_text: str, *, forwarded: bool = False) -> str:
    """What is new in a letter: quoted history, signatures and "sent from my phone" left out.

    The full text when nothing remains. ``forwarded``: the subject says so, hence headers in the text begin what was
    passed on, not history.
    """
    lines = full_text.split("\n")
    blocks, rest = _take_apart(lines, forwarded=forwarded)
    written = _without_signature(_join(blocks), more_follows=bool(rest))
    kept = "\n".join([*written, "", *rest] if written and rest else written or rest)
    return _closed_up(kept) or full_text.strip()


def _take_apart(lines: list[str], *, forwarded: bool) -> tuple[list[_Block], list[str]]:
    """The written and quoted blocks, and a forwarded letter that ends it (kept as it is)."""
    blocks: list[_Block] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if words.FORWARDED.match(line):
            return blocks, lines[number:]
        if words.RULER.match(line) or words.DATED_WITHOUT_COLON.match(line) or _is_header_block(lines, number):
            if forwarded or not _anything_written(blocks):
                if words.RULER.match(line) or forwarded:
                    return blocks, lines[number:]
                _add(blocks, line)
                number += 1
                continue
            _drop_line_above(blocks)
            return blocks, []
        if words.INTRODUCTION_IN_LINE.match(line) and _anything_written(blocks):
            return blocks, []
        introduction = _introduction_lines(lines, number)
        if introduction:
            number += introduction
            if _quotation_follows(lines, number):
                number = _take_quotation(blocks, lines, number)
            elif _anything_written(blocks):
                return blocks, []
            continue
        _add(blocks, line, quoted=bool(words.QUOTED_LINE.match(line)))
        number += 1
    return blocks, []


def _add(blocks: list[_Block], line: str, *, quoted: bool = False) -> None:
    if not blocks or blocks[-1].quoted != quoted:
        announced = quoted and bool(words.INTRODUCTION.match(line))
        blocks.append(_Block(quoted, [], announced))
    if quoted or not words.DEVICE.match(line):
        blocks[-1].lines.append(line)


def _take_quotation(blocks: list[_Block], lines: list[str], number: int) -> int:
    """Move an announced quotation into a block of its own; where it ends."""
    quotation = _Block(quoted=True, lines=[], announced=True)
    while number < len(lines) and (not lines[number].strip() or words.QUOTED_LINE.match(lines[number])):
        quotation.lines.append(lines[number])
        number += 1
    blocks.append(quotation)
    return number


def _anything_written(blocks: list[_Block]) -> bool:
    return any(not block.quoted and block.says_something for block in reversed(blocks))


def _drop_line_above(blocks: list[_Block]) -> None:
    """The ruler Outlook draws above its headers, and blank lines."""
    while blocks and not blocks[-1].quoted:
        while blocks[-1].lines and words.LINE_ABOVE_HEADERS.match(blocks[-1].lines[-1]):
            blocks[-1].lines.pop()
        if blocks[-1].lines:
            return
        blocks.pop()


def _join(blocks: list[_Block]) -> list[str]:
    """Everything written, and those quotations that are part of what is said."""
    blocks = _without_last_signature([block for block in blocks if block.says_something])
    last = max((n for n, block in enumerate(blocks) if not block.quoted), default=-1)
    answered = [n for n, block in enumerate(blocks[:last]) if block.quoted]
    kept: list[str] = []
    for number, block in enumerate(blocks):
        if block.quoted:
            one_by_one = len(answered) > 1
            above = number > 0
            short = sum(bool(line.strip(" \t>")) for line in block.lines) <= _LONGEST_KEPT_QUOTATION_LINES
            if number > last or (block.announced and not one_by_one and not (above and short)):
                continue
        kept += ["", *block.lines] if kept else block.lines
    return kept


def _without_last_signature(blocks: list[_Block]) -> list[_Block]:
    """Without a signature that stands below the quotation: nothing was written there."""
    if len(blocks) > 1 and not blocks[-1].quoted and _anything_written(blocks[:-1]):
        first = next(line for line in blocks[-1].lines if line.strip())
        written = [line for line in blocks[-1].lines if line.strip()]
        ruled = words.SIGNATURE_RULER.match(first) or words.LONG_RULER.match(first)
        if ruled and len(written) <= _LONGEST_SIGNATURE_LINES:
            return blocks[:-1]
    return blocks


def _without_signature(lines: list[str], *, more_follows: bool) -> list[str]:
    """Without what stands below a signature's ruler, when it is short and something stands above it."""
    end = len(lines)
    first = next((number for number, line in enumerate(lines) if line.strip()), end)
    below = 0
    for number in range(end - 1, first, -1):
        near_the_end = end - number <= _LINES_BELOW_A_LONG_RULER
        if words.SIGNATURE_RULER.match(lines[number]) or (near_the_end and words.LONG_RULER.match(lines[number])):
            end = end if more_follows else number
            break
        below += bool(lines[number].strip())
        if below > _LONGEST_SIGNATURE_LINES:
            break
    while end and (not lines[end - 1].strip() or words.NOTHING_BUT_SIGNS.match(lines[end - 1])):
        end -= 1
    return lines[:end]


def _closed_up(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n").rstrip() if text.strip() else ""


def _introduction_lines(lines: list[str], number: int) -> int:
    """How many lines announce a quotation here, 0 for none. People also write "Pada hari Senin bupati menulis:"."""
    window = ""
    stands_alone = number == 0 or not lines[number - 1].strip()
    for length, line in enumerate(lines[number : number + _FOLDED_LINES], 1):
        line = words.QUOTED_LINE.sub("", line) if window else line
        window = f"{window} {line.strip()}".strip()
        if not line.strip() or len(window) > _LONGEST_INTRODUCTION:
            return 0
        if words.QUOTED_LINE.match(window):
            return 0
        if not window.endswith(":") and not words.INTRODUCTION.match(window):
            continue
        dated = bool(words.DATE_OR_ADDRESS.search(window))
        followed = _quotation_follows(lines, number + length)
        if words.INTRODUCTION.match(window) or (length == 1 and words.SIGNED_INTRODUCTION.match(window)):
            return length if dated or followed else 0
        anchored = bool(words.DATE_OR_ADDRESS.search(lines[number])) and (length == 1 or stands_alone)
        if followed and anchored and words.MOMENT_OR_ADDRESS.search(window):
            return length
    return 0


def _quotation_follows(lines: list[str], number: int) -> bool:
    """Whether the next line that says something is marked as quoted."""
    following = next((line for line in lines[number : number + _LOOK_AHEAD_LINES] if line.strip()), "")
    return bool(words.QUOTED_LINE.match(following))


def _is_header_block(lines: list[str], number: int) -> bool:
    """ "From:" (or "Dari:") followed closely by at least two more of the headers mail programs repeat."""
    first = words.HEADER_LINE.match(lines[number])
    if first is None or first["name"].lower() not in words.FIRST_HEADERS:
        return False
    near = lines[number + 1 : number + _HEADERS_WITHIN_LINES]
    found = {match["name"].lower() for line in near if (match := words.HEADER_LINE.match(line))}
    return len(found & words.LATER_HEADERS) >= 2
