"""Looking at who reports, with a reason, and naming who may read a secret report; and the audit of both.

What is shown is shown once, as the answer to the form: nothing of it stands in an address, and no page can be opened
again without another line in the audit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from intake import readers
from intake.domain.permission import Action
from intake.identity import LONGEST_REASON, NoReason
from intake.report_file import NotYours
from intake.storage import audit, dispositions
from intake.storage.audit import KINDS, LOOKS, Kind
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.web import people_words
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_identity = Blueprint("identity", __name__, url_prefix="/meja")
desk_identity.before_request(require_officer)

_PAGE_SIZE: Final = 100
_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@desk_identity.post("/<reference>/identitas")
@allows(Action.LOOK_AT_IDENTITY)
def look(reference: str) -> Any:
    """Show who reports, after writing down who looks and why."""
    officer = officer_here()
    try:
        report, reporter = readers.look_at_reporter(
            runtime(), officer, reference, reason=request.form.get("reason", "")[: LONGEST_REASON * 2]
        )
    except NotYours:
        abort(404)
    except NoReason:
        return make_response(
            render_template(
                "desk/identity.html", officer=officer, reference=reference, reporter=None,
                fault=_("Tuliskan dulu untuk apa identitas ini dilihat."),
            ),
            400,
        )  # fmt: skip
    return make_response(
        render_template(
            "desk/identity.html", officer=officer, reference=report.reference, reporter=reporter, fault=""
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Naming:
    """Somebody who may be named for a secret report, and whether they are."""

    officer_id: int
    name: str
    unit: str | None
    named: bool


def readers_of(connection: Connection, officer: Officer, report: Report) -> list[Naming]:
    """For the report's page: who may be named, where that is this officer's to say; else nobody."""
    if not report.secret or not officer.may(Action.NAME_READERS):
        return []
    named = {each.officer_id for each in dispositions.readers_of(connection, report.id)}
    return [
        Naming(each.officer_id, each.name, each.unit, each.officer_id in named)
        for each in readers.candidates_to_read(connection, report)
    ]


@desk_identity.post("/<reference>/pembaca")
@allows(Action.NAME_READERS)
def name_readers(reference: str) -> Any:
    """Keep who of the units and leaders may read a secret report."""
    chosen = {int(each) for each in request.form.getlist("reader") if each.isdecimal() and len(each) < 19}
    try:
        report = readers.name_readers(runtime(), officer_here(), reference, officer_ids=chosen)
    except NotYours:
        abort(404)
    flash("readers")
    return redirect(url_for("desk.show_report", reference=report.reference), 303)


def _asked() -> tuple[Kind, ...]:
    wanted = request.args.get("jenis", "")
    if wanted == "identitas":
        return LOOKS
    return tuple(kind for kind in KINDS if kind == wanted) or KINDS


@desk_identity.get("/jejak")
@allows(Action.READ_AUDIT)
def show_audit() -> Response:
    """Who looked at whose identity and why, and what happened to accounts; an inspector's own regency only."""
    officer = officer_here()
    before = request.args.get("sebelum", "")
    with runtime().engine.connect() as connection:
        lines = audit.read(
            connection, regency=officer.regency, kinds=_asked(), limit=_PAGE_SIZE + 1,
            before=int(before) if before.isdecimal() and len(before) < 19 else None,
        )  # fmt: skip
    return make_response(
        render_template(
            "desk/audit.html",
            officer=officer,
            lines=lines[:_PAGE_SIZE],
            older=lines[_PAGE_SIZE - 1].id if len(lines) > _PAGE_SIZE else None,
            kinds=people_words.kinds(),
            chosen=request.args.get("jenis", ""),
        )
    )


@desk_identity.get("/jejak.csv")
@allows(Action.READ_AUDIT)
def download_audit() -> Response:
    """The same as CSV, all of it."""
    rt, regency, kinds = runtime(), officer_here().regency, _asked()

    def rows() -> Iterator[str]:
        yield _line(["waktu", "siapa", "apa", "laporan", "akun", "wilayah", "alasan"])
        with rt.engine.connect() as connection:
            for each in audit.read_all(connection, regency=regency, kinds=kinds):
                yield _line(
                    [each.at.isoformat(timespec="seconds"), each.officer or "", each.kind, each.reference or "",
                     each.about or "", each.regency or "", each.reason]
                )  # fmt: skip

    answer = Response(rows(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="jejak.csv"'
    return answer


def _line(cells: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file).writerow([f"'{cell}" if cell.startswith(_A_FORMULA) else cell for cell in cells])
    return file.getvalue()
