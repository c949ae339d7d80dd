"""Officers come in and go out: ``/meja/masuk`` and ``/meja/keluar``; and who is at the desk in this request.

The cookie holds the secret of one log-in (``storage.sessions``), which is looked up at every request: what was ended
elsewhere is over at once. Between the password and the code of the second factor nobody is logged in: the cookie then
says, for a few minutes, whose password was right. Who is let in at all is decided in ``intake.coming_in``.
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

from intake import coming_in, logs
from intake.coming_in import Visitor
from intake.domain.permission import Action
from intake.runtime import Runtime
from intake.storage import audit, officers, sessions
from intake.storage.officers import Officer
from intake.storage.sessions import Limits, Present
from intake.web.callers import caller
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.errors import shows_again

log = logs.get("log_in")

log_in = Blueprint("log_in", __name__, url_prefix="/meja")

#: In the cookie: the secret of a log-in; or who has shown a password, when, and where they wanted to go.
_SECRET: Final = "log_in"  # noqa: S105 - the name of a field
_HALF: Final = "half"
_HALF_SECONDS: Final = 600
_LONGEST: Final = 200
_BROWSER_COOKIE: Final = "sahut-kenal"
_KNOWN_FOR_SECONDS: Final = 365 * 86_400
#: What is open to an officer whose role needs a second factor and who has none yet: setting one up.
_SETTING_UP: Final = frozenset({"account.show_second_factor", "account.turn_on_second_factor"})

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


def present_here() -> Present:
    """The log-in of this request; only where ``require_officer`` has let somebody through."""
    found: Present = g.present
    return found


def limits_of(rt: Runtime) -> Limits:
    """When log-ins end by themselves."""
    return Limits(rt.settings.session_idle, rt.settings.session_longest)


def require_officer() -> Any:
    """Before every page of the desk: who is it, and is this for them? None lets the request through.

    Nobody is led to the log-in. Whose role does not do such things learns nothing, also not that the address exists.
    Whose role needs a second factor is led to setting it up, before anything else.
    """
    found = _find_log_in()
    if found is None:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else url_for("desk.show_inbox")
        return redirect(url_for("log_in.show_log_in", lanjut=wanted), 303)
    g.present, g.officer = found, found.officer
    action = action_of(current_app.view_functions[request.endpoint or ""], request.view_args or {})
    if action is None or not found.officer.may(action):
        abort(404)
    needed = found.officer.role in runtime().settings.second_factor
    if needed and not found.has_second_factor and request.endpoint not in _SETTING_UP:
        return redirect(url_for("account.show_second_factor"), 303)
    return None


def _find_log_in() -> Present | None:
    secret, rt = session.get(_SECRET), runtime()
    if not isinstance(secret, str):
        return None
    with rt.engine.begin() as connection:
        return sessions.find(connection, secret, limits_of(rt))


def home_of(officer: Officer) -> str:
    """Where this officer's work begins."""
    return url_for("desk.show_inbox" if officer.may(Action.LIST_REPORTS) else "operate.show_work")


def _page(words: str = "", status: int = 200, *, good: str = "") -> Response:
    return make_response(
        render_template(
            "desk/log_in.html",
            words=words,
            good=good,
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
    chosen = _("Kata sandi Anda sudah tersimpan. Silakan masuk.") if request.args.get("baru") else ""
    return _page(good=chosen)


@log_in.post("/masuk")
@shows_again(lambda _words, status: _page(_explain(status), status))
def come_in() -> Any:
    """Check name and password. Everything that is wrong looks the same."""
    rt = runtime()
    visitor = Visitor(caller(), request.cookies.get(_BROWSER_COOKIE, ""))
    found = coming_in.check(rt, request.form.get("username", ""), request.form.get("password", ""), visitor)
    if found is None:
        log.warning("log_in_refused")
        return _page(
            _("Nama pengguna atau kata sandi salah, atau terlalu sering dicoba. Lupa kata sandi? Minta yang baru."), 403
        )
    wanted = _own_path(request.form.get("lanjut", ""))
    with rt.engine.connect() as connection:
        account = officers.account(connection, found.id)
    if account is not None and account.has_second_factor:
        session.clear()
        session[_HALF] = [found.id, int(rt.clock().timestamp()), wanted]
        return redirect(url_for(".show_code"), 303)
    return _let_in(found, wanted)


def _let_in(officer: Officer, wanted: str) -> Any:
    rt = runtime()
    browser = _browser_called(request.headers.get("User-Agent", ""))
    with rt.engine.begin() as connection:
        secret = sessions.begin(connection, officer.id, browser=browser)
        audit.write(connection, "logged_in", officer_id=officer.id, about=officer.id, detail={"browser": browser})
    session.clear()  # nothing of before the log-in is worth anything after it, the form's own token included
    session.permanent = True
    session[_SECRET] = secret
    log.info("logged_in", officer_id=officer.id)
    home = home_of(officer)
    return remember_browser(redirect(home if wanted == url_for("desk.show_inbox") else wanted, 303), officer)


def remember_browser(response: Any, officer: Officer) -> Any:
    """This browser has shown that it is this officer's: tries of strangers do not count against it."""
    response.set_cookie(
        _BROWSER_COOKIE,
        coming_in.know_browser(runtime().settings, officer),
        max_age=_KNOWN_FOR_SECONDS,
        path="/meja",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Strict",
    )
    return response


def _browser_called(agent: str) -> str:
    """Browser and system, as far as a list of log-ins needs them: ``Chrome, Android``."""
    names = ("Edg", "OPR", "SamsungBrowser", "Firefox", "Chrome", "Safari")
    systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
    found = [next((name for name in known if name in agent), "") for known in (names, systems)]
    plain = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Mac OS": "macOS"}
    return ", ".join(plain.get(name, name) for name in found if name)


def _half_in() -> tuple[Officer, str] | None:
    """Whose password was right a few minutes ago, and where they wanted to go."""
    rt = runtime()
    match session.get(_HALF):
        case [int(officer_id), int(since), str(wanted)] if 0 <= rt.clock().timestamp() - since < _HALF_SECONDS:
            with rt.engine.connect() as connection:
                account = officers.account(connection, officer_id)
            return (account.officer, wanted) if account and account.active and account.has_second_factor else None
        case _:
            return None


def _code_page(words: str = "", status: int = 200) -> Response:
    return make_response(render_template("desk/code.html", words=words), status)


@log_in.get("/masuk/kode")
def show_code() -> Any:
    """The form for the code, after a right password."""
    return _code_page() if _half_in() else redirect(url_for(".show_log_in"), 303)


@log_in.post("/masuk/kode")
@shows_again(lambda _words, status: _code_page(_explain(status), status))
def take_code() -> Any:
    """Check the code: from the app, or from paper."""
    half = _half_in()
    if half is None:
        return redirect(url_for(".show_log_in"), 303)
    officer, wanted = half
    if not coming_in.check_code(runtime(), officer, request.form.get("code", "")[:_LONGEST]):
        log.warning("code_refused", officer_id=officer.id)
        return _code_page(_("Kode itu salah, sudah dipakai, atau terlalu sering dicoba."), 403)
    return _let_in(officer, _own_path(wanted))


@log_in.post("/keluar")
def go_out() -> Any:
    """End this log-in."""
    found, rt = _find_log_in(), runtime()
    session.clear()
    if found is not None:
        with rt.engine.begin() as connection:
            sessions.end(connection, found.officer.id, found.session_id)
            audit.write(connection, "logged_out", officer_id=found.officer.id, about=found.officer.id)
    return redirect(url_for(".show_log_in"), 303)


def _explain(status: int) -> str:
    if status == 400:
        return _("Halaman ini terlalu lama terbuka. Silakan masuk sekali lagi.")
    return _("Penyimpanan kami sedang tidak menjawab. Silakan coba lagi beberapa saat lagi.")
