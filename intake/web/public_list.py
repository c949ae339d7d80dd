"""The public list of a regency's reports, where it has one: masked, read by an officer, without number and without day.

A list that is off is a page that does not exist.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request

from intake.storage import publications, regency_settings
from intake.web import citizen_words
from intake.web.context import in_language as _
from intake.web.context import month_of_moment, public, runtime
from intake.web.errors import error_page
from intake.wording import STATE_WORDS

public_list = Blueprint("public_list", __name__, url_prefix="/publik")

_ON_A_PAGE: Final = 20
_MOST_DOWNLOADED: Final = 5000
#: What a program for tables would take for a formula (OWASP, CSV injection).
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@public_list.get("/<code>")
def show_list(code: str) -> Response:
    """One page of the list, the newest first."""
    asked = request.args.get("halaman", "1")
    page = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= 6 else 0
    with runtime().engine.connect() as connection:
        if not regency_settings.publishes(connection, code):
            return error_page(404)
        pages = max(1, -(-publications.count(connection, code) // _ON_A_PAGE))
        if not 1 <= page <= pages:
            return error_page(404)
        shown = publications.shown(connection, code, skip=_ON_A_PAGE * (page - 1), limit=_ON_A_PAGE)
    return public(
        make_response(
            render_template(
                "public_list.html",
                code=code,
                shown=shown,
                page=page,
                pages=pages,
                topic=citizen_words.topic,
                states=STATE_WORDS,
            )
        )
    )


@public_list.get("/<code>.csv")
def download(code: str) -> Response:
    """The same list as a table for other programs (RFC 4180)."""
    with runtime().engine.connect() as connection:
        if not regency_settings.publishes(connection, code):
            return error_page(404)
        shown = publications.shown(connection, code, limit=_MOST_DOWNLOADED)
    file = io.StringIO()
    write = csv.writer(file).writerow
    write(["bulan", "topik", "keadaan", "laporan", "jawaban"])
    for one in shown:
        month = f"{month_of_moment(one.opened_at, code):%Y-%m}"
        cells = [citizen_words.topic(one.topic), _(STATE_WORDS[one.state]), one.text, one.answer]
        write([month, *[_harmless(cell) for cell in cells]])
    response = Response(file.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="laporan-{code}.csv"'
    return public(response)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
