"""The accounts of a regency, or of the country, for who looks after them: ``/meja/orang``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from intake import accounts
from intake.accounts import Draft, Invited, NotUsable, NotYourPeople
from intake.domain.permission import GIVES, ROLES, Action
from intake.storage import officers, regency_settings
from intake.understand.classify import Taxonomy
from intake.web import people_words
from intake.web.context import regencies_by_province, runtime
from intake.web.log_in import allows, officer_here, require_officer

people_pages = Blueprint("people", __name__, url_prefix="/meja/orang")
people_pages.before_request(require_officer)

_LONGEST: Final = 500
#: What can be done with an account, by the last part of the address.
DOINGS: Final = ("tautan", "tutup", "buka", "lupakan-kode")


def _unit_names(connection: Any, regency: str | None) -> Mapping[str, str]:
    found: Taxonomy = regency_settings.taxonomy_of(connection, regency)
    return {key: unit.name for key, unit in found.units.items()}


def _page(draft: Draft | None = None, *, fault: str = "", link: Invited | None = None, status: int = 200) -> Response:
    officer, rt = officer_here(), runtime()
    with rt.engine.connect() as connection:
        everybody = officers.accounts(connection, officer.regency)
        units = _unit_names(connection, officer.regency)
    return make_response(
        render_template(
            "desk/people.html",
            officer=officer,
            accounts=everybody,
            draft=draft or Draft("", "", "", officer.regency or ""),
            roles=[role for role in ROLES if role in GIVES[officer.role]],
            units=units,
            provinces=regencies_by_province() if officer.regency is None else (),
            fault=fault,
            link=link,
            words=people_words,
        ),
        status,
    )


@people_pages.get("")
@allows(Action.MANAGE_PEOPLE)
def show_people() -> Response:
    """The list, and the form for one more."""
    return _page()


@people_pages.post("")
@allows(Action.MANAGE_PEOPLE)
def invite() -> Any:
    """Open an account and send its link; where there is no mailbox the link is shown, this once."""
    typed = {each.name: request.form.get(each.name, "").replace("\0", "")[:_LONGEST] for each in fields(Draft)}
    draft = Draft(**typed)
    try:
        made = accounts.invite(runtime(), officer_here(), draft)
    except NotUsable as wrong:
        return _page(draft, fault=people_words.fault(wrong.field), status=400)
    if made.link:
        return _page(link=made)
    flash("invited")
    return redirect(url_for(".show_people"), 303)


@people_pages.post("/<int:officer_id>/<any(tautan, tutup, buka, 'lupakan-kode'):change>")
@allows(Action.MANAGE_PEOPLE)
def act(officer_id: int, change: str) -> Any:
    """Do one thing with an account one looks after. Closing, opening and forgetting a code need a reason."""
    by, rt = officer_here(), runtime()
    reason = " ".join(request.form.get("reason", "").replace("\0", "").split())[:_LONGEST]
    try:
        with rt.engine.connect() as connection:
            accounts.find_account(connection, by, officer_id if officer_id < 2**63 else 0)
        if change == "tautan":
            made = accounts.renew_link(rt, by, officer_id)
        elif not reason:
            return _page(fault=people_words.fault("reason"), status=400)
        elif change == "tutup":
            accounts.close(rt, by, officer_id, reason=reason)
            flash("closed")
            return redirect(url_for(".show_people"), 303)
        elif change == "buka":
            made = accounts.open_again(rt, by, officer_id, reason=reason)
        else:
            accounts.forget_second_factor(rt, by, officer_id, reason=reason)
            flash("second_factor")
            return redirect(url_for(".show_people"), 303)
    except NotYourPeople:
        abort(404)
    if made.link:
        return _page(link=made)
    flash("invited")
    return redirect(url_for(".show_people"), 303)
