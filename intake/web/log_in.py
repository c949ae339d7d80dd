"""Officers come in and go out: ``/meja/masuk`` and ``/meja/keluar``; and who is at the desk in this request.

The cookie holds the officer's id and the key of their log-ins; both are looked up at every request, so a log-in that
was ended elsewhere is over at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)

from intake import logs
from intake.domain.permission import Action
from intake.storage import officers
from intake.storage.officers import Officer
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.errors import shows_again

log = logs.get("log_in")

log_in = Blueprint("log_in", __name__, url_prefix="/meja")

_ID: Final = "officer"
_KEY: Final = "officer_key"
_LONGEST: Final = 200

_View = TypeVar("_View", bound=Callable[..., Any])
#: From the parts of an address to what is asked for; None: there is no such thing.
ChoosesAction = Callable[[Mapping[str, Any]], Action | None]
_RULE: Final = "_allows"


class RouteWithoutRule(Exception):
    """A route of the desk that does not say for which action it is: ``@allows(Action.…)`` under its address."""


def allows(action: Action | ChoosesAction) -> Callable[[_View], _View]:
    """Declares what a view of the desk is for, under its address: ``@allows(Action.READ_REPORT)``.

    Whose role does not do that gets the page of what does not exist. A view whose action is in its address gives a
    function from the parts of the address to the action.
    """

    def mark(view: _View) -> _View:
        setattr(view, _RULE, action)
        return view

    return mark


def action_of(view: Callable[..., Any], parts: Mapping[str, Any]) -> Action | None:
    """What a request to this view asks for; None: nothing that exists."""
    rule = getattr(view, _RULE, None)
    return rule if rule is None or isinstance(rule, Action) else rule(parts)


def check_rules(app: Flask) -> None:
    """Every route that ``require_officer`` guards says what it is for. Raises RouteWithoutRule with all that do not."""
    guarded = {name for name, before in app.before_request_funcs.items() if require_officer in before}
    silent = [
        str(rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.rpartition(".")[0] in guarded and not hasattr(app.view_functions[rule.endpoint], _RULE)
    ]
    if silent:
        raise RouteWithoutRule(", ".join(sorted(silent)))


def officer_here() -> Officer:
    """The officer of this request; only where ``require_officer`` has let somebody through."""
    found: Officer = g.officer
    return found


def require_officer() -> Any:
    """Before every page of the desk: who is it, and is this for them? None lets the request through.

    Nobody is led to the log-in. Whose role does not do such things learns nothing, also not that the address exists.
    """
    found = _find_officer()
    if found is None:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else url_for("desk.show_inbox")
        return redirect(url_for("log_in.show_log_in", lanjut=wanted), 303)
    g.officer = found
    action = action_of(current_app.view_functions[request.endpoint or ""], request.view_args or {})
    if action is None or not found.may(action):
        abort(404)
    return None


def _find_officer() -> Officer | None:
    officer_id, key = session.get(_ID), session.get(_KEY)
    if not isinstance(officer_id, int) or not isinstance(key, str):
        return None
    with runtime().engine.connect() as connection:
        return officers.find(connection, officer_id, key)


def _page(words: str = "", status: int = 200) -> Response:
    return make_response(
        render_template(
            "desk/log_in.html",
            words=words,
            username=request.form.get("username", "")[:_LONGEST],
            wanted=_own_path(request.values.get("lanjut", "")),
        ),
        status,
    )


def _own_path(wanted: str) -> str:
    """Where to go after the log-in: a page of the desk, never another's address."""
    home = url_for("desk.show_inbox")
    inside = wanted == home or wanted.startswith((f"{home}/", f"{home}?"))
    return wanted if inside and "\\" not in wanted and wanted.isprintable() else home


@log_in.get("/masuk")
def show_log_in() -> Any:
    """The log-in form."""
    return _page()


@log_in.post("/masuk")
@shows_again(lambda _words, status: _page(_explain(status), status))
def come_in() -> Any:
    """Check name and password. Everything that is wrong looks the same."""
    username, password = request.form.get("username", ""), request.form.get("password", "")
    with runtime().engine.begin() as connection:
        found = officers.log_in(connection, username[:_LONGEST].replace("\0", ""), password[: _LONGEST * 5])
    if found is None:
        log.warning("log_in_refused")
        return _page(
            _("Nama pengguna atau kata sandi salah, atau akun sedang dikunci karena terlalu banyak salah."), 403
        )
    session.clear()  # nothing of before the log-in is worth anything after it, the form's own token included
    session.permanent = True
    session[_ID], session[_KEY] = found.id, found.session_key
    log.info("logged_in", officer_id=found.id)
    return redirect(_own_path(request.form.get("lanjut", "")), 303)


@log_in.post("/keluar")
def go_out() -> Any:
    """End this log-in."""
    session.clear()
    return redirect(url_for(".show_log_in"), 303)


def _explain(status: int) -> str:
    if status == 400:
        return _("Halaman ini terlalu lama terbuka. Silakan masuk sekali lagi.")
    return _("Penyimpanan kami sedang tidak menjawab. Silakan coba lagi beberapa saat lagi.")
