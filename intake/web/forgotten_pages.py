"""A password is chosen by a link (``/meja/kata-sandi``), and a link for a forgotten one is asked for (``/meja/lupa``).

Whether there is an account of a name is told to nobody. A browser in which a link was opened is known from then on, so
that an officer comes in by e-mail even while a stranger types wrong passwords all day.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for

from intake import accounts
from intake.accounts import LinkOpensNothing
from intake.domain import password as passwords
from intake.domain.password import WeakPassword
from intake.storage import officer_links
from intake.web import people_words
from intake.web.callers import caller
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.errors import shows_again
from intake.web.log_in import remember_browser

forgotten_pages = Blueprint("forgotten", __name__, url_prefix="/meja")

_LONGEST: Final = 200


def _ask_page(words: str = "", status: int = 200, *, done: bool = False) -> Response:
    return make_response(render_template("desk/forgotten.html", words=words, done=done), status)


@forgotten_pages.get("/lupa")
def show_forgotten() -> Any:
    """The form of who forgot the password."""
    return _ask_page()


@forgotten_pages.post("/lupa")
@shows_again(lambda _words, status: _ask_page(people_words.try_again(), status))
def ask_for_link() -> Any:
    """Promise a letter, where there is somebody to write to; the page says the same in any case."""
    accounts.ask_reset(runtime(), request.form.get("username", "")[:_LONGEST], caller=caller())
    return _ask_page(done=True)


def _choose_page(fault: str = "", status: int = 200) -> Response:
    secret = request.values.get("k", "")[:_LONGEST]
    with runtime().engine.connect() as connection:
        officer = officer_links.find(connection, secret)
    if officer is None:
        words = _("Tautan ini sudah dipakai, sudah terlalu lama, atau tidak lengkap. Minta tautan baru.")
        return _ask_page(words, 404 if status == 200 else status)
    return make_response(
        render_template(
            "desk/choose_password.html", whose=officer, secret=secret, fault=fault, shortest=passwords.SHORTEST
        ),
        status,
    )


@forgotten_pages.get("/kata-sandi")
def show_choice() -> Any:
    """The form behind a link."""
    return _choose_page()


@forgotten_pages.post("/kata-sandi")
@shows_again(lambda _words, status: _choose_page(people_words.try_again(), status))
def choose() -> Any:
    """Take the new password; the link opens nothing after that."""
    new = request.form.get("password", "")
    if new != request.form.get("again", ""):
        return _choose_page(_("Kedua isian tidak sama."), 400)
    try:
        officer = accounts.choose_password(runtime(), request.form.get("k", "")[:_LONGEST], new)
    except WeakPassword as weak:
        return _choose_page(people_words.weak(weak.why), 400)
    except LinkOpensNothing:
        return _choose_page()
    session.clear()
    return remember_browser(redirect(url_for("log_in.show_log_in", baru=1), 303), officer)
