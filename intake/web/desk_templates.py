"""The templates of a desk's answers: who answers reads them, who leads the desk writes them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from intake import answer_templates
from intake.answer_templates import FIELDS, NameTaken, UnknownField
from intake.desk import LONGEST_ANSWER, EmptyText
from intake.domain.permission import Action
from intake.report_file import NotYours
from intake.web import desk_words
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_templates = Blueprint("desk_templates", __name__, url_prefix="/meja/templat")
desk_templates.before_request(require_officer)


@desk_templates.get("")
@allows(Action.USE_TEMPLATES)
def show_templates() -> Response:
    """All templates of the officer's desk."""
    return _page()


def _page(fault: str = "", status: int = 200, changing: int | None = None) -> Response:
    officer = officer_here()
    return make_response(
        render_template(
            "desk/templates.html",
            officer=officer,
            templates=answer_templates.list_templates(runtime(), officer),
            may_write=officer.may(Action.WRITE_TEMPLATES),
            fields=[(name, desk_words.template_field(name)) for name in FIELDS],
            words=desk_words,
            fault=fault,
            changing=changing,
            typed=request.form,
            longest=LONGEST_ANSWER,
            longest_name=answer_templates.LONGEST_NAME,
        ),
        status,
    )


@desk_templates.post("")
@allows(Action.WRITE_TEMPLATES)
def add() -> Any:
    """A new template."""
    return _keep(None)


@desk_templates.post("/<int:template_id>")
@allows(Action.WRITE_TEMPLATES)
def change(template_id: int) -> Any:
    """A template changed."""
    return _keep(template_id)


def _keep(template_id: int | None) -> Any:
    name, body = request.form.get("name", ""), request.form.get("body", "").replace("\0", "")
    try:
        answer_templates.keep_template(
            runtime(), officer_here(), name=name.replace("\0", ""), body=body, template_id=template_id
        )
    except NotYours:
        abort(404)
    except EmptyText:
        return _page(_("Isi nama dan tulisannya."), 400, template_id)
    except UnknownField as unknown:
        return _page(desk_words.unknown_field(unknown.name), 400, template_id)
    except NameTaken:
        return _page(_("Nama ini sudah dipakai templat lain."), 409, template_id)
    flash("template_kept")
    return redirect(url_for(".show_templates"), 303)


@desk_templates.post("/<int:template_id>/hapus")
@allows(Action.WRITE_TEMPLATES)
def drop(template_id: int) -> Any:
    """Away with a template."""
    try:
        answer_templates.drop_template(runtime(), officer_here(), template_id)
    except NotYours:
        abort(404)
    flash("template_dropped")
    return redirect(url_for(".show_templates"), 303)
