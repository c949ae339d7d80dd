"""HTML letters as plain text.

Laid out by Inscriptis, which keeps lists and tables readable. What surprises:

* Anybody may post us a letter. The standard library's parser takes minutes over half a megabyte of ``<!--``
  (CVE-2025-6069), and the fast ones drop what is nested too deeply. So a scanner of our own reads every page first: it
  looks at every character a bounded number of times and never gives up; what cannot be a tag is text. Its reading is
  the one that counts where the page is large or strange, or where the layout lost a word.
* ``>`` is put before what is quoted, as in plain letters, so that one set of rules finds history in both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from typing import Final

from inscriptis import Inscriptis
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig
from lxml import etree
from lxml import html as lxml_html

LONGEST_HTML_CHARACTERS: Final = 2_000_000
_LONGEST_LAID_OUT_CHARACTERS: Final = 300_000
_MOST_TAGS_LAID_OUT: Final = 15_000
_LONGEST_TAG_CHARACTERS: Final = 20_000
_MOST_GREATER_IN_A_TAG: Final = 10
_DEEPEST_QUOTATION: Final = 5

_BLOCKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table"}
    | {"tbody", "tfoot", "thead", "tr", "ul"}
)
_SILENT: Final = frozenset({"script", "style", "title", "template", "noscript"})
_OPENS, _CLOSES = "\ue000", "\ue001"
_MARKS = re.compile(f"[{_OPENS}{_CLOSES}]")
_WORD = re.compile(r"[^\W_]{2,}")
_LAYOUT: Final = ParserConfig(css=CSS_PROFILES["strict"].copy())
_TAG_NAME = re.compile(r"</?([a-zA-Z][^\s/>]{0,40})")


def html_to_text(html: str) -> str:
    """The words of an HTML document as plain text: blocks on lines of their own, ``>`` before what is quoted.

    Never raises. Past two million characters the rest is left out of the reading.
    """
    scanned = _scan_text(html)
    if len(html) > _LONGEST_LAID_OUT_CHARACTERS or html.count("<") > _MOST_TAGS_LAID_OUT or not scanned:
        return scanned
    laid_out = _lay_out(html)
    lost = Counter(_WORD.findall(scanned)) - Counter(_WORD.findall(laid_out))
    return scanned if lost else laid_out


def _lay_out(html: str) -> str:
    """The page as Inscriptis lays it out; empty when the page is too strange for it."""
    try:
        tree = lxml_html.document_fromstring(_MARKS.sub(" ", html))
        etree.strip_elements(tree, *_SILENT, "head", etree.Comment, with_tail=False)
        for quotation in list(tree.iter("blockquote")):
            for place, mark in ((0, _OPENS), (len(quotation) + 1, _CLOSES)):
                line = etree.Element("div")
                line.text = mark
                if place == 0:
                    line.tail, quotation.text = quotation.text, None
                quotation.insert(place, line)
        text = Inscriptis(tree, _LAYOUT).get_text()
    except Exception:  # noqa: BLE001 - whatever the libraries trip over, the scanner has read it
        return ""
    quoted = 0
    lines = []
    for line in text.split("\n"):
        quoted = max(0, quoted + line.count(_OPENS) - line.count(_CLOSES))
        marks = "> " * min(quoted, _DEEPEST_QUOTATION)
        words = _MARKS.sub("", line)
        if words.strip() or words == line:
            lines.append(f"{marks}{_tidy(words)}" if words.strip() else "")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _scan_text(html: str) -> str:
    """The page as our own scanner reads it."""
    pieces: list[str] = []
    quoted = 0
    for tag, closing, text in _scan(html[:LONGEST_HTML_CHARACTERS]):
        if not tag:
            pieces.append(re.sub(r"[ \t\r\n\f\xa0]+", " ", unescape(text)))
            continue
        if tag == "blockquote":
            quoted = max(0, quoted + (-1 if closing else 1))
        if tag in _BLOCKS or tag == "br":
            pieces.append("\n" + "> " * min(quoted, _DEEPEST_QUOTATION))
        if tag == "li" and not closing:
            pieces.append("* ")
        elif tag in {"td", "th"}:
            pieces.append(" ")
    lines = ["" if set(line) <= {">", " "} else line for line in map(_tidy, "".join(pieces).split("\n"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _tidy(line: str) -> str:
    return " ".join(line.split())


def _scan(html: str) -> Iterator[tuple[str, bool, str]]:
    """(tag name, whether it closes, "") for a tag and ("", False, words) for what stands between tags."""
    missing: set[str] = set()  # ends that do not occur any more, so that nobody looks for them twice
    lowered = html.lower() if len(html.lower()) == len(html) else html

    def find(what: str, start: int) -> int:
        if what in missing:
            return -1
        place = lowered.find(what, start)
        if place < 0:
            missing.add(what)
        return place

    place = 0
    while (opened := html.find("<", place)) >= 0:
        yield "", False, html[place:opened]
        name = _TAG_NAME.match(html, opened)
        if html.startswith("<!--", opened):
            end = find("-->", opened + 4)
            place = end + 3 if end >= 0 else opened + 4
        elif name or html[opened + 1 : opened + 2] in {"!", "?"}:
            end = _tag_end(html, opened, find)
            if end < 0:
                yield "", False, "<"
                place = opened + 1
                continue
            place = end + 1
            tag = name[1].lower() if name else ""
            closing = html.startswith("</", opened)
            if tag in _SILENT and not closing:
                silent_until = find(f"</{tag}", place)
                place = silent_until if silent_until >= 0 else place
            elif tag and tag not in _SILENT:
                yield tag, closing, ""
        else:
            yield "", False, "<"
            place = opened + 1
    yield "", False, html[place:]


def _tag_end(html: str, opened: int, find: Callable[[str, int], int]) -> int:
    """Where the tag ends; a ``>`` inside quotation marks does not end it."""
    end = find(">", opened)
    for _ in range(_MOST_GREATER_IN_A_TAG):
        if end < 0 or end - opened > _LONGEST_TAG_CHARACTERS:
            break
        inside = html[opened:end]
        if inside.count('"') % 2 == 0 or find('"', end) < 0:
            return end
        end = find(">", html.index('"', end))
    return find(">", opened)
