"""The document of figures as a spreadsheet (XLSX) and on paper (PDF).

What surprises: a name that looks like a formula is written as text, so that no spreadsheet computes what a citizen or an
officer typed; percentages are numbers with a format, so that they can be computed with and read "97,3%" where the
spreadsheet speaks Indonesian.
"""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any, Final

import xlsxwriter

from intake.paper import Paper
from intake.web.monev_document import Cell, Document, Section

_FORMATS: Final = {"count": "#,##0", "days": "0.0", "percent": "0.0%", "rupiah": '"Rp"#,##0', "text": "@"}
_LONGEST_SHEET_NAME: Final = 31
_FIRST_COLUMN: Final = 44
_COLUMN: Final = 14


def write_spreadsheet(document: Document, *, made_at: datetime) -> bytes:
    """One sheet a section, the summary first; the notes are at the end of the first."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": document.title, "subject": f"{document.place}, {document.span}",
                             "created": made_at.replace(tzinfo=None)})  # fmt: skip
        formats = {
            (kind, bold): book.add_format({"num_format": pattern, "bold": bold, "text_wrap": kind == "text"})
            for kind, pattern in _FORMATS.items()
            for bold in (False, True)
        }
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        large = book.add_format({"bold": True, "font_size": 14})
        for section in document.sections:
            sheet = book.add_worksheet(_sheet_name(section.title))
            sheet.set_paper(9)
            sheet.fit_to_pages(1, 0)
            if len(section.head) > 4:
                sheet.set_landscape()
            sheet.set_column(0, 0, _FIRST_COLUMN)
            sheet.set_column(1, len(section.head) - 1, _COLUMN)
            sheet.write_string(0, 0, document.title, large)
            sheet.write_string(1, 0, f"{document.place}, {document.span}")
            sheet.write_string(2, 0, document.made)
            end = _write_table(sheet, 4, section, formats, head)
            if section is document.sections[0]:
                for n, note in enumerate(document.notes):
                    sheet.write_string(end + 1 + n, 0, note)
    return file.getvalue()


def _sheet_name(title: str) -> str:
    return "".join(c for c in title if c not in "[]:*?/\\")[:_LONGEST_SHEET_NAME]


def _write_table(sheet: Any, top: int, section: Section, formats: dict[tuple[str, bool], Any], head: Any) -> int:
    for column, word in enumerate(section.head):
        sheet.write_string(top, column, word, head)
    lines = [(row, False) for row in section.rows] + ([(section.total, True)] if section.total else [])
    for at, (row, bold) in enumerate(lines, start=top + 1):
        for column, cell in enumerate(row):
            _write_cell(sheet, at, column, cell, formats[cell.kind, bold])
    return top + 1 + len(lines)


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, style: Any) -> None:
    if cell.value is None:
        sheet.write_blank(row, column, None, style)
    elif isinstance(cell.value, str):
        sheet.write_string(row, column, cell.value, style)
    else:
        sheet.write_number(row, column, cell.value / 100 if cell.kind == "percent" else cell.value, style)


def write_paper(document: Document, *, made_at: datetime) -> bytes:
    """The sections one after the other on A4."""
    paper = Paper(title=f"{document.title}, {document.place}, {document.span}", made_at=made_at, foot=document.place)
    paper.heading(document.title)
    paper.paragraph(f"{document.place}\n{document.span}")
    paper.small(document.made)
    for section in document.sections:
        paper.section(section.title)
        lines = [*section.rows, *([section.total] if section.total else [])]
        columns = len(section.head)
        paper.table(
            section.head,
            [[cell.words for cell in line] for line in lines],
            widths=(3.2, *([1.0] * (columns - 1))) if columns > 4 else (3, *([1.4] * (columns - 1))),
            numbers=section.key != "summary",
        )
    paper.section(" ")
    for note in document.notes:
        paper.small(note)
    return paper.as_pdf()
