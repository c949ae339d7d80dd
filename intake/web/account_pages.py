"""An officer's own account, ``/meja/akun``: password, second factor, codes for paper, and where one is logged in.

What surprises: a secret for the second factor is shown before it is kept. Until the officer has typed a right code it
travels in the signed cookie only, so that a half-finished set-up locks nobody out.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, session, url_for

from intake import accounts, second_factor
from intake.domain import password as passwords
from intake.domain.password import WeakPassword
from intake.domain.permission import Action
from intake.storage import audit, sessions
from intake.web import people_words
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.log_in import allows, limits_of, officer_here, present_here, require_officer

account_pages = Blueprint("account", __name__, url_prefix="/meja/akun")
account_pages.before_request(require_officer)

_OFFERED: Final = "offered_secret"
_LONGEST: Final = 1000


@account_pages.get("")
@allows(Action.OWN_ACCOUNT)
def show_account() -> Response:
    """Everything about one's own account."""
    return _page()


def _page(fault: str = "", status: int = 200) -> Response:
    rt, present = runtime(), present_here()
    with rt.engine.connect() as connection:
        open_now = sessions.of_officer(connection, present.officer.id, limits_of(rt))
        left = second_factor.recovery_codes_left(connection, present.officer.id)
    return make_response(
        render_template(
            "desk/account.html",
            officer=present.officer,
            present=present,
            sessions=open_now,
            codes_left=left,
            needed=present.officer.role in rt.settings.second_factor,
            shortest=passwords.SHORTEST,
            fault=fault,
            words=people_words,
        ),
        status,
    )


@account_pages.post("/kata-sandi")
@allows(Action.OWN_ACCOUNT)
def change_password() -> Any:
    """A new password for the old one."""
    new = request.form.get("password", "")
    if new != request.form.get("again", ""):
        return _page(_("Kedua isian tidak sama."), 400)
    try:
        changed = accounts.change_password(
            runtime(), officer_here(), old=request.form.get("old", "")[:_LONGEST], new=new,
            session_id=present_here().session_id,
        )  # fmt: skip
    except WeakPassword as weak:
        return _page(people_words.weak(weak.why), 400)
    if not changed:
        return _page(people_words.done("wrong_password"), 400)
    flash("password")
    return redirect(url_for(".show_account"), 303)


@account_pages.get("/kode")
@allows(Action.OWN_ACCOUNT)
def show_second_factor() -> Any:
    """Set up the second factor: a QR code for the app, and a field for the code it shows."""
    if present_here().has_second_factor:
        return redirect(url_for(".show_account"), 303)
    return _set_up_page()


def _set_up_page(fault: str = "", status: int = 200) -> Response:
    officer, settings = officer_here(), runtime().settings
    secret = session.get(_OFFERED)
    if not isinstance(secret, str):
        secret = session[_OFFERED] = second_factor.new_secret()
    host = urlsplit(settings.public_url).hostname or "sahut"
    address = second_factor.address_of(secret, officer, host=host)
    return make_response(
        render_template(
            "desk/second_factor.html",
            officer=officer,
            qr=second_factor.draw_qr(address),
            secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
            needed=officer.role in settings.second_factor,
            fault=fault,
        ),
        status,
    )


@account_pages.post("/kode")
@allows(Action.OWN_ACCOUNT)
def turn_on_second_factor() -> Any:
    """Take it into use when the typed code is right; the codes for paper are shown this once."""
    rt, officer, secret = runtime(), officer_here(), session.get(_OFFERED)
    if present_here().has_second_factor:
        return redirect(url_for(".show_account"), 303)
    if not isinstance(secret, str):
        return _set_up_page()
    with rt.engine.begin() as connection:
        codes = second_factor.turn_on(
            connection, rt.settings, officer, secret, request.form.get("code", "")[:_LONGEST], rt.clock()
        )
        if codes is not None:
            sessions.end_all(connection, officer.id, but=present_here().session_id)
    if codes is None:
        return _set_up_page(
            _("Kode itu tidak cocok. Periksa jam telepon Anda, lalu ketik kode yang sekarang tampil."), 400
        )
    session.pop(_OFFERED)
    return _codes_page(codes)


def _codes_page(codes: list[str]) -> Response:
    return make_response(render_template("desk/recovery_codes.html", officer=officer_here(), codes=codes))


def _password_is_right() -> bool:
    """What weakens an account asks for the password once more: an open screen is not its owner."""
    return accounts.is_password_of(runtime(), officer_here(), request.form.get("old", "")[:_LONGEST])


@account_pages.post("/kode-cadangan")
@allows(Action.OWN_ACCOUNT)
def renew_recovery_codes() -> Any:
    """New codes for paper; the old ones open nothing any more."""
    rt, present = runtime(), present_here()
    if not present.has_second_factor:
        return redirect(url_for(".show_second_factor"), 303)
    if not _password_is_right():
        return _page(people_words.done("wrong_password"), 400)
    with rt.engine.begin() as connection:
        codes = second_factor.make_recovery_codes(connection, rt.settings, present.officer)
    return _codes_page(codes)


@account_pages.post("/kode/hapus")
@allows(Action.OWN_ACCOUNT)
def turn_off_second_factor() -> Any:
    """Back to the password alone. Where the role needs a second factor, it is set up anew at once."""
    if not _password_is_right():
        return _page(people_words.done("wrong_password"), 400)
    with runtime().engine.begin() as connection:
        second_factor.turn_off(connection, officer_here(), by=officer_here(), reason="")
    flash("second_factor_off")
    return redirect(url_for(".show_account"), 303)


@account_pages.post("/perangkat/<int:session_id>")
@allows(Action.OWN_ACCOUNT)
def end_session(session_id: int) -> Any:
    """End one log-in of one's own."""
    officer = officer_here()
    with runtime().engine.begin() as connection:
        if session_id < 2**63 and sessions.end(connection, officer.id, session_id):
            audit.write(connection, "session_ended", officer_id=officer.id, about=officer.id)
    flash("session")
    return redirect(url_for(".show_account"), 303)


@account_pages.post("/perangkat")
@allows(Action.OWN_ACCOUNT)
def end_other_sessions() -> Any:
    """Sign out everywhere else."""
    present = present_here()
    with runtime().engine.begin() as connection:
        sessions.end_all(connection, present.officer.id, but=present.session_id)
        audit.write(connection, "sessions_ended", officer_id=present.officer.id, about=present.officer.id)
    flash("sessions")
    return redirect(url_for(".show_account"), 303)
