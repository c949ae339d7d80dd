"""A document on A4 as PDF: headings, facts, paragraphs, a table, with a number on every page.

What surprises:

* The fonts lie beside this module (DejaVu Sans): a server need have none. What they cannot show (most emoji) stands as an
  empty box, so that nobody reads a text in which something is missing without knowing it.
* Nothing of a text is markup here, and nothing of it is logged: the library's own logger tells characters it misses.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

_FONTS: Final = Path(__file__).with_name("fonts")
_FAMILY: Final = "DejaVu"
_MISSING: Final = "\N{WHITE VERTICAL RECTANGLE}"
_MARGIN_MM: Final = 18
_LINE_MM: Final = 5.2
_GREY: Final = 90


def _blank_pages() -> Any:
    from fpdf import FPDF

    return FPDF(format="A4")


class Paper:
    """Written from top to bottom; ``as_pdf`` ends it."""

    def __init__(self, *, title: str, made_at: datetime, foot: str = "") -> None:
        logging.getLogger("fpdf").setLevel(logging.CRITICAL)
        logging.getLogger("fontTools").setLevel(logging.CRITICAL)

        self._pdf = _blank_pages()
        self._pdf.footer = self._write_foot
        self._pdf.set_creation_date(made_at)
        self._pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
        self._pdf.set_auto_page_break(True, margin=_MARGIN_MM)
        self._pdf.add_font(_FAMILY, fname=_FONTS / "DejaVuSans.ttf")
        self._pdf.add_font(_FAMILY, style="B", fname=_FONTS / "DejaVuSans-Bold.ttf")
        self._known = frozenset(self._pdf.fonts[_FAMILY.lower()].cmap)
        self._foot = self._shown(foot)
        self._pdf.set_title(self._shown(title))
        self._pdf.set_lang("id")
        self._pdf.add_page()

    def _write_foot(self) -> None:
        self._pdf.set_y(-13)
        self._pdf.set_font(_FAMILY, size=8)
        self._pdf.set_text_color(_GREY)
        self._pdf.cell(0, 5, f"{self._foot}  ·  {self._pdf.page_no()}/{{nb}}".strip(" ·"), align="C")

    def _shown(self, text: str) -> str:
        composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", "    "))
        return "".join(
            c if c == "\n" or ord(c) in self._known else _MISSING
            for c in composed
            if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Mn"} or ord(c) in self._known
        )

    def _write(self, text: str, *, size: float, bold: bool = False, grey: bool = False) -> None:
        self._pdf.set_font(_FAMILY, style="B" if bold else "", size=size)
        self._pdf.set_text_color(_GREY if grey else 0)
        height = _LINE_MM * size / 10
        self._pdf.multi_cell(0, height, self._shown(text), align="L", new_x="LMARGIN", new_y="NEXT")
        self._pdf.set_text_color(0)

    def heading(self, text: str) -> None:
        """The title of the document."""
        self._write(text, size=16, bold=True)
        self._pdf.ln(2)

    def section(self, text: str) -> None:
        """A heading within the document."""
        self._pdf.ln(4)
        self._write(text, size=11.5, bold=True)
        self._pdf.ln(1)

    def paragraph(self, text: str) -> None:
        self._write(text, size=10)
        self._pdf.ln(1.5)

    def small(self, text: str) -> None:
        """A line beside the matter: who and when."""
        self._write(text, size=8.5, grey=True)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Names and values in two columns."""
        self.table((), [(name, value) for name, value in facts], widths=(1, 3), lined=False)

    def table(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        *,
        widths: Sequence[float],
        lined: bool = True,
        numbers: bool = False,
    ) -> None:
        """A table that may go on over pages, its head repeated; ``widths`` are shares of the line.

        ``numbers``: all columns but the first are numbers, and stand to the right.
        """
        self._pdf.set_font(_FAMILY, size=9)
        with self._pdf.table(
            col_widths=tuple(widths),
            text_align=("LEFT", *(["RIGHT"] * (len(widths) - 1))) if numbers else "LEFT",
            line_height=_LINE_MM * 0.95,
            borders_layout="HORIZONTAL_LINES" if lined else "NONE",
            first_row_as_headings=bool(head),
            padding=0.6,
        ) as table:
            for line in ([head] if head else []) + list(rows):
                row = table.row()
                for cell in line:
                    row.cell(self._shown(cell))

    def as_pdf(self) -> bytes:
        """The document."""
        return bytes(self._pdf.output())
