"""The web application, made from a runtime. What surprises is said where it is set.

The pages are plain HTML that works without JavaScript. The policy below allows no inline style or script anywhere, so
a text of a citizen that were ever shown unescaped would still run nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Flask, request
from flask_babel import Babel  # type: ignore[import-untyped]
from flask_wtf.csrf import CSRFProtect

from intake.runtime import Runtime
from intake.understand.locate import regencies
from intake.web import compress, context, errors
from intake.web.account_pages import account_pages
from intake.web.desk_entry import ASKS_AGAIN, desk_entry
from intake.web.desk_entry import TAKES_FILES as _OF_VISITS
from intake.web.desk_files import desk_files
from intake.web.desk_identity import desk_identity
from intake.web.desk_monev import desk_monev
from intake.web.desk_pages import desk_pages
from intake.web.desk_paper import desk_paper
from intake.web.desk_publish import desk_publish
from intake.web.desk_templates import desk_templates
from intake.web.desk_views import desk_views
from intake.web.forgotten_pages import forgotten_pages
from intake.web.health import health
from intake.web.hooks import Hooks
from intake.web.log_in import check_rules, log_in
from intake.web.metrics import metrics
from intake.web.operate_pages import operate_pages
from intake.web.pages import pages
from intake.web.people_pages import people_pages
from intake.web.places_api import places_api
from intake.web.public_list import public_list
from intake.web.public_pages import public_pages
from intake.web.track_pages import TAKES_FILES as _OF_CITIZENS
from intake.web.track_pages import track_pages
from intake.words import DOMAIN, FOLDER, SOURCE_LANGUAGE

_POLICY: Final = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self' data:",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
#: These pages ask the server again by themselves whether something new has come.
_REFRESHING: Final = frozenset({"lab.show_lab", "track.show_report", "track.add_words", "track.act"})
#: The form for reports asks us for places and sends itself; and it may ask the phone where it is.
_OF_THE_FORM: Final = frozenset({"pages.check_report", "pages.send_report"})
_TAKES_FILES: Final = {**_OF_CITIZENS, **_OF_VISITS}
_GIVES_FILES: Final = frozenset({"desk_files.give", "track.give_file"})
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # The address of a report holds its secret: it must not travel to any other page.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STATIC_SECONDS: Final = 3600
_MOST_FORM_PARTS: Final = 200
#: Of our own forms; the hooks take whole requests up to SAHUT_MAX_BODY_BYTES.
_MOST_FORM_BYTES: Final = 512 * 1024


def create_app(rt: Runtime) -> Flask:
    """The application over this runtime. Nothing is connected until it is used."""
    app = Flask("intake.web")
    secure = rt.settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=rt.settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(rt.settings.secret_keys[1:]),
        # The prefix makes browsers refuse the cookie from any other host or path, or without TLS.
        SESSION_COOKIE_NAME="__Host-sahut" if secure else "sahut",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=rt.settings.session_longest,
        SEND_FILE_MAX_AGE_DEFAULT=_STATIC_SECONDS,
        MAX_CONTENT_LENGTH=rt.settings.max_body_bytes,
        MAX_FORM_MEMORY_SIZE=_MOST_FORM_BYTES,
        MAX_FORM_PARTS=_MOST_FORM_PARTS,
        # A form may stay open as long as its session: nobody's long report is refused for its age.
        WTF_CSRF_TIME_LIMIT=None,
        # The check needs a Referer, which our own policy above takes away.
        WTF_CSRF_SSL_STRICT=False,
        BABEL_DEFAULT_LOCALE=SOURCE_LANGUAGE,
        BABEL_DOMAIN=DOMAIN,
        BABEL_TRANSLATION_DIRECTORIES=str(FOLDER),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["sahut"] = rt
    Babel(app, locale_selector=context.choose_language)
    app.before_request(_limit_forms)  # before the check of the form's token, which reads the form
    CSRFProtect(app)
    context.prepare(app)
    errors.register(app)
    for part in (
        pages,
        track_pages,
        public_pages,
        public_list,
        places_api,
        log_in,
        forgotten_pages,
        account_pages,
        people_pages,
        operate_pages,
        desk_identity,
        desk_pages,
        desk_paper,
        desk_templates,
        desk_views,
        desk_files,
        desk_publish,
        desk_entry,
        desk_monev,
        health,
        metrics,
    ):
        app.register_blueprint(part)
    if rt.settings.lab:
        from intake.lab.pages import lab

        app.register_blueprint(lab)
    check_rules(app)
    app.after_request(compress.shrink)
    app.after_request(_protect)  # runs before the one above: what is said last is done first
    # Providers prove their origin in their own way, each, and need nothing of what is above.
    policy = {"Content-Security-Policy": _written(_POLICY), "Cache-Control": "no-store"}
    app.wsgi_app = Hooks(rt, app.wsgi_app, {**policy, **_HEADERS})  # type: ignore[method-assign]
    regencies()  # loads the gazetteer now, not for the first citizen
    return app


def _written(policy: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def _limit_forms() -> None:
    request.max_content_length = _TAKES_FILES.get(request.endpoint or "", _MOST_FORM_BYTES)


def _protect(response: Any) -> Any:
    policy = dict(_POLICY)
    if request.endpoint in _REFRESHING | _OF_THE_FORM | ASKS_AGAIN:
        policy["connect-src"] = "'self'"
    if request.endpoint in ASKS_AGAIN:
        policy["worker-src"] = "'self'"
    if request.endpoint in _GIVES_FILES:
        policy = {"sandbox": "", "default-src": "'none'"}  # whatever is in the file, it is nobody here
    response.headers["Content-Security-Policy"] = _written(policy)
    for name, value in _HEADERS.items():
        response.headers[name] = value
    if request.endpoint in _OF_THE_FORM:
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(self), microphone=()"
    if request.endpoint != "static" and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
