"""Letting a report be shown in public: the citizen's words beside the masked ones, to be read, changed and let through."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from intake import publish
from intake.desk import EmptyText
from intake.domain.permission import Action
from intake.publish import NotToBeShown
from intake.report_file import NotYours
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_publish = Blueprint("desk_publish", __name__, url_prefix="/meja")
desk_publish.before_request(require_officer)


@desk_publish.get("/<reference>/publik")
@allows(Action.PUBLISH)
def show_draft(reference: str) -> Response:
    """The report, masked, beside what the citizen wrote."""
    return _page(reference)


@desk_publish.post("/<reference>/publik")
@allows(Action.PUBLISH)
def let_through(reference: str) -> Any:
    """Show it to everybody, or no longer."""
    try:
        if request.form.get("do") == "tarik":
            publish.withdraw(runtime(), officer_here(), reference)
            flash("unpublished")
        elif request.form.get("read") != "1":
            return _page(reference, _("Baca dulu, lalu centang bahwa Anda sudah memeriksanya."), 400)
        else:
            words, answer = request.form.get("words", ""), request.form.get("answer", "")
            publish.publish(runtime(), officer_here(), reference, words=words, answer=answer)
            flash("published")
    except NotYours:
        abort(404)
    except EmptyText:
        return _page(reference, _("Isinya masih kosong. Tuliskan dulu, lalu kirim lagi."), 400)
    except NotToBeShown:
        return _page(reference, status=409)
    return redirect(url_for(".show_draft", reference=reference), 303)


def _page(reference: str, fault: str = "", status: int = 200) -> Response:
    try:
        draft = publish.draft(runtime(), officer_here(), reference)
    except NotYours:
        abort(404)
    why_not = {
        "off": _("Daftar publik kabupaten atau kota ini tidak dinyalakan."),
        "secret": _("Laporan rahasia tidak pernah ditampilkan."),
        "unverified": _("Hanya laporan yang sudah diverifikasi dan diteruskan yang dapat ditampilkan."),
    }.get(draft.why_not, "")
    typed = request.form
    return make_response(
        render_template(
            "desk/publish.html",
            officer=officer_here(),
            draft=draft,
            words=typed.get("words", draft.text),
            answer=typed.get("answer", draft.answer),
            fault=fault,
            why_not=why_not,
            longest=publish.LONGEST_TEXT,
        ),
        status,
    )
