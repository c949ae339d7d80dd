"""What belongs to the list as a whole: saved views, one step for several reports, and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from intake import bulk, views
from intake.bulk import BULK
from intake.desk import EmptyText
from intake.domain.permission import Action
from intake.report_file import NotYours
from intake.search import Wanted
from intake.views import TooManyViews
from intake.web import desk_words
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_views = Blueprint("desk_views", __name__, url_prefix="/meja")
desk_views.before_request(require_officer)


@desk_views.post("/tampilan")
@allows(Action.LIST_REPORTS)
def keep() -> Any:
    """Keep the list that was shown under a name, for oneself or for the desk."""
    wanted = Wanted.of(request.form)
    try:
        views.keep_view(
            runtime(), officer_here(), name=request.form.get("nama", "").replace("\0", ""), wanted=wanted,
            shared=bool(request.form.get("bersama")),
        )  # fmt: skip
    except NotYours:
        abort(404)
    except EmptyText:
        return _refused(_("Beri nama dulu untuk tampilan ini."))
    except TooManyViews:
        return _refused(_("Sudah ada 12 tampilan. Hapus salah satu dulu."))
    flash("view_kept")
    return redirect(url_for("desk.show_inbox", **wanted.as_query()), 303)  # type: ignore[arg-type]


def _refused(why: str) -> Response:
    wanted = Wanted.of(request.form)
    return make_response(
        render_template(
            "desk/view_refused.html", officer=officer_here(), why=why, query=wanted.as_query(),
            name=request.form.get("nama", ""),
        ),
        400,
    )  # fmt: skip


@desk_views.post("/tampilan/<int:view_id>/hapus")
@allows(Action.LIST_REPORTS)
def drop(view_id: int) -> Any:
    """Away with a view; the reports in it stay where they are."""
    try:
        views.drop_view(runtime(), officer_here(), view_id)
    except NotYours:
        abort(404)
    flash("view_dropped")
    return redirect(url_for("desk.show_inbox"), 303)


def _bulk_action(parts: Mapping[str, Any]) -> Action | None:
    step = BULK.get(parts["step"])
    return step.action if step else None


@desk_views.post("/banyak/<step>")
@allows(_bulk_action)
def carry_out(step: str) -> Any:
    """One step for all reports that were ticked; of each it is told what became of it."""
    chosen = bulk.read_chosen(request.form.getlist("pilih"))
    typed = {name: request.form.get(name, "").replace("\0", "") for name in ("unit", "note", "reason", "into")}
    outcomes, fault = [], ""
    try:
        outcomes = bulk.carry_out(runtime(), officer_here(), step, chosen, typed)
    except EmptyText:
        fault = _("Pilih dulu laporannya.") if not chosen else _("Isi dulu yang diminta langkah ini.")
    except NotYours:
        fault = _("Nomor itu bukan laporan di meja Anda. Periksa lagi nomornya.")
    return make_response(
        render_template(
            "desk/bulk.html", officer=officer_here(), step=step, outcomes=outcomes, fault=fault, words=desk_words,
            back=Wanted.of(request.form).as_query(),
        ),
        400 if fault else 200,
    )  # fmt: skip


@desk_views.get("/tombol")
@allows(Action.OWN_ACCOUNT)
def show_keys() -> Response:
    """The keys, and how to switch them off."""
    return make_response(render_template("desk/keys.html", officer=officer_here()))
