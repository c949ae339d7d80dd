"""What a citizen says to an officer's face: typed in by the officer, and from then on a report like any other.

It is kept by the channel of our own form, with the officer in its history; the citizen reads its progress by the link
that the officer hands over, for there is no number to write to.

The page works without a line once it was opened with one: a service worker, whose scope is this page and nothing else,
keeps the page; its script keeps every entry on the phone before it sends anything, and tells what is still unsent. Without
JavaScript the form is sent like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_wtf.csrf import generate_csrf

from channels.messages import Attachment
from intake import walk_in
from intake.domain.permission import Action
from intake.walk_in import LONGEST_TEXT, NotAReport
from intake.web import desk_words, report_form
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.form_tokens import make_token, message_id, read_token
from intake.web.log_in import allows, officer_here, require_officer
from intake.web.pages import MOST_BYTES

desk_entry = Blueprint("desk_entry", __name__, url_prefix="/meja")
desk_entry.before_request(require_officer)

_PURPOSE: Final = "walk-in"
#: Endpoints that take photos, and how large a request of theirs may be.
TAKES_FILES: Final = {"desk_entry.take_down": MOST_BYTES, "desk_entry.take_from_phone": MOST_BYTES}
#: These ask us again by themselves; the script of the worker says by its own policy what the worker may fetch.
ASKS_AGAIN: Final = frozenset({"desk_entry.show_entry", "desk_entry.take_down", "desk_entry.give_worker"})


@dataclass(frozen=True, slots=True)
class Typed:
    """What the officer typed."""

    token: str = ""
    text: str = ""
    name: str = ""
    contact: str = ""
    anonymous: str = ""
    taken_at: str = ""

    @classmethod
    def of_request(cls) -> Self:
        return cls(**{each.name: request.form.get(each.name, "").replace("\0", "") for each in fields(cls)})

    def told(self, files: tuple[Attachment, ...]) -> walk_in.Told:
        """The same as the use case takes it."""
        return walk_in.Told(
            self.text, self.name, self.contact, anonymous=bool(self.anonymous), taken_at=_moment(self.taken_at),
            files=files,
        )  # fmt: skip


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None


@desk_entry.get("/laporan-langsung")
@allows(Action.ENTER_REPORT)
def show_entry() -> Response:
    """The form for a report taken face to face."""
    return _page(Typed())


def _page(typed: Typed, fault: str = "", status: int = 200) -> Response:
    settings = runtime().settings
    token = typed.token if read_token(settings, _PURPOSE, typed.token) else make_token(settings, _PURPOSE)
    return make_response(
        render_template(
            "desk/entry.html", officer=officer_here(), told=typed, token=token, fault=fault, words=desk_words,
            longest_text=LONGEST_TEXT, file_kinds=report_form.FILE_KINDS, most_files=report_form.MOST_FILES,
            largest_bytes=report_form.LARGEST_FILE_BYTES,
        ),
        status,
    )  # fmt: skip


@desk_entry.post("/laporan-langsung")
@allows(Action.ENTER_REPORT)
def take_down() -> Any:
    """Keep it; the officer is led to the list, where it appears as soon as it has been read."""
    officer, rt, typed = officer_here(), runtime(), Typed.of_request()
    number = read_token(rt.settings, _PURPOSE, typed.token)
    files, wrong = report_form.read_files(request.files.getlist("files"))
    if wrong or number is None:
        return _page(typed, wrong or _refused(), 400)
    try:
        unique = message_id(number, typed.text, typed.name, typed.contact, report_form.digest_of_files(files))
        reference = walk_in.take_down(rt, officer, typed.told(files), unique=unique)
    except NotAReport:
        return _page(typed, _refused(), 400)
    flash("taken_down")
    return redirect(url_for("desk.show_inbox", cari=reference), 303)


def _refused() -> str:
    return _("Tuliskan dulu apa yang terjadi, paling banyak 10.000 huruf; perintah seperti CEK bukan laporan.")


@desk_entry.post("/laporan-langsung/kirim")
@allows(Action.ENTER_REPORT)
def take_from_phone() -> Any:
    """One entry that an officer's phone kept, as JSON: ``reference`` when it is kept, ``refused`` when it never can be.

    The phone may send the same again as often as it likes.
    """
    officer, rt, typed = officer_here(), runtime(), Typed.of_request()
    unique = walk_in.entry_id(officer, request.form.get("id", ""))
    files, wrong = report_form.read_files(request.files.getlist("files"))
    if unique is None or wrong:
        return {"refused": wrong or _("Catatan ini rusak di perangkat. Tuliskan sekali lagi.")}, 400
    try:
        reference = walk_in.take_down(rt, officer, typed.told(files), unique=unique)
    except NotAReport:
        return {"refused": _refused()}, 400
    return {"reference": reference, "address": url_for("desk.show_inbox", cari=reference)}


@desk_entry.get("/laporan-langsung/keadaan")
@allows(Action.ENTER_REPORT)
def tell_state() -> Any:
    """Who is logged in, and the token a phone needs to send what it kept: its page may be older than the log-in."""
    return {"officer": officer_here().id, "csrf_token": generate_csrf()}


@desk_entry.get("/laporan-langsung/luring.js")
@allows(Action.ENTER_REPORT)
def give_worker() -> Response:
    """The service worker. Its address lies below the page, so that it may serve the page and nothing above it."""
    script = (Path(current_app.static_folder or "") / "luring.js").read_bytes()
    response = Response(script, content_type="text/javascript; charset=utf-8")
    # Its own address would allow it one level deeper only.
    response.headers["Service-Worker-Allowed"] = url_for(".show_entry")
    response.headers["Cache-Control"] = "no-cache"
    return response
