"""A report's own page behind its secret link: what we understood, how far it is, what was said, and what may be done.

What surprises: the door that a wrong secret meets is that of every number that could be one, whether there is such a
report or not, to the letter; so is the answer of ``/lacak``, which sends a code to the reporter's own number or mailbox
when what was typed is that one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from intake import confirm, links, track
from intake.confirm import CodeNotSent
from intake.domain.deadline import ClockKind, ClockState
from intake.domain.reference import reference_of, report_id_of
from intake.domain.report import State, StepNotAllowed
from intake.runtime import Runtime
from intake.storage.people import family_of
from intake.told import beside_the_story
from intake.track import NotOpened, TrackedReport
from intake.understand.locate import explain_in_words, regencies
from intake.web import citizen_words, report_form
from intake.web.callers import caller
from intake.web.context import choose_language, runtime
from intake.web.context import in_language as _
from intake.web.conversation import joined
from intake.web.errors import error_page
from intake.web.file_download import as_download, may_be_given
from intake.web.form_tokens import make_token, message_id, read_token
from intake.web.pages import MOST_BYTES, read_message
from intake.web.report_form import LONGEST_TEXT
from intake.wording import STATE_WORDS

track_pages = Blueprint("track", __name__)

_SCORES: Final = range(1, 6)
_SHOWN_CLOCKS: Final = (ClockKind.VERIFY, ClockKind.FIRST_RESPONSE, ClockKind.FINISH, ClockKind.ANSWER, ClockKind.CLOSE)


def _open(reference: str) -> TrackedReport:
    return track.open_report(runtime(), reference, request.args.get("k", ""), caller=caller())


@track_pages.get("/lapor/<reference>")
def show_report(reference: str) -> Response:
    """A report's own page, for who has its secret; for everybody else there is nothing here."""
    try:
        return _report_page(_open(reference))
    except NotOpened:
        return _locked(reference)


def _locked(reference: str) -> Response:
    """The door of a report whose secret is missing or wrong: it looks up nothing, so it can tell nothing. What is no
    number of ours, mistyped perhaps, is a page that does not exist.
    """
    report_id = report_id_of(reference)
    if report_id is None:
        return error_page(404)
    return make_response(render_template("locked.html", reference=reference_of(report_id)), 403)


@track_pages.get("/lapor/<reference>/berkas/<int:file_id>")
def give_file(reference: str, file_id: int) -> Response:
    """A file of this report, to be saved by who knows its secret."""
    try:
        tracked = _open(reference)
    except NotOpened:
        return _locked(reference)
    file = next((file for file in tracked.files if file.id == file_id), None)
    return (None if file is None else as_download(runtime(), file)) or error_page(404)


def _report_page(tracked: TrackedReport, typed: str = "", fault: str = "", at: str = "", status: int = 200) -> Response:
    """``fault`` is told at the part of the page that ``at`` names: text, files, withdraw, number, code or (above) ''."""
    rt = runtime()
    report = tracked.report
    asked = report.state is State.TERTUNDA and report.waiting_for == "place"
    return make_response(
        render_template(
            "report.html",
            report=report,
            tracked=tracked,
            secret=request.args.get("k", ""),
            link=links.tracking_link(rt.settings, report.id, report.reference),
            state=STATE_WORDS[report.state],
            state_words=STATE_WORDS,
            understood=_understood(tracked),
            deadlines=_deadlines(tracked),
            happened=beside_the_story(tracked.conversation).event_date,
            files=[(file, may_be_given(rt, file)) for file in tracked.files],
            steps=[step for step in tracked.history if step.to_state and step.to_state != step.from_state],
            said=joined(tracked.conversation, tracked.replies),
            choices=[(code, regencies()[code].name) for code in report.choices if code in regencies()] if asked else [],
            asked=asked,
            unread=any(message.processed_at is None for message in tracked.conversation),
            token=make_token(rt.settings, f"jawab:{report.id}"),
            scores=[(score, citizen_words.score(score)) for score in _SCORES],
            number=next((c.address for c in tracked.contacts if c.family == "sms"), ""),
            may_get_sms=family_of(report.channel) != "sms" and confirm.sms_channel(rt) is not None,
            contact=_phone_typed(tracked),
            typed=typed,
            fault=fault,
            fault_at=at,
            longest_text=LONGEST_TEXT,
            most_files=report_form.MOST_FILES,
            file_kinds=report_form.FILE_KINDS,
        ),
        status,
    )


def _understood(tracked: TrackedReport) -> list[tuple[str, str]]:
    """What the machine read and why, as (what, words); empty before it was read."""
    decision = tracked.decision
    if decision is None:
        return []
    found = [
        (_("Jenis"), citizen_words.kind(tracked.report.type)),
        (_("Topik"), citizen_words.topic(tracked.report.topic)),
    ]
    location = track.location_of(decision)
    if location is not None:
        found.append((_("Tempat"), explain_in_words(location)))
    return [(what, words) for what, words in found if words]


def _deadlines(tracked: TrackedReport) -> list[tuple[str, Any]]:
    """What is owed and until when, as (what, moment); only what runs."""
    clocks = tracked.deadlines.clocks if tracked.deadlines else ()
    running = {clock.kind: clock.due_at for clock in clocks if clock.state is ClockState.RUNNING}
    return [(citizen_words.clock(kind), running[kind]) for kind in _SHOWN_CLOCKS if kind in running]


def _phone_typed(tracked: TrackedReport) -> str:
    """The number the citizen left in the form, to be confirmed with one press."""
    extra = tracked.conversation[0].extra if tracked.conversation else {}
    return str(extra.get("contact", "")) if extra.get("contact_kind") == "phone" else ""


def _back(tracked: TrackedReport, done: str, anchor: str) -> Any:
    flash(done)
    reference, secret = tracked.report.reference, request.args.get("k", "")
    return redirect(url_for(".show_report", reference=reference, k=secret, _anchor=anchor), 303)


def _too_old() -> str:
    return _("Formulir ini bukan dari halaman ini atau sudah terlalu lama. Silakan kirim sekali lagi.")


@track_pages.post("/lapor/<reference>")
def add_words(reference: str) -> Any:
    """More words of the citizen (and files), or the answer to our question: a choice of the list, or a text."""
    rt = runtime()
    try:
        tracked = _open(reference)
    except NotOpened:
        return _locked(reference)
    number = read_token(rt.settings, f"jawab:{tracked.report.id}", request.form.get("token", ""))
    chosen = regencies().get(request.form.get("choice", ""))
    words = chosen.name if chosen else request.form.get("text", "")
    attachments, wrong_file = report_form.read_files(request.files.getlist("files"))
    fault, at = "", "text"
    if number is None:
        fault = _too_old()
    elif not words.strip():
        fault = _("Tuliskan dulu apa yang ingin Anda sampaikan.")
    elif len(words) > LONGEST_TEXT:
        fault = _("Tulisan ini terlalu panjang: paling banyak 10.000 huruf. Mohon dipersingkat.")
    elif wrong_file:
        fault, at = wrong_file, "files"
    if fault or number is None:
        return _report_page(tracked, request.form.get("text", ""), fault, at, 400)
    unique = message_id(number, words, *filter(None, [report_form.digest_of_files(attachments)]))
    message = read_message(f"/lapor/{reference}", {"token": unique, "text": words})
    track.add_words(rt, tracked, replace(message, attachments=attachments))
    return _back(tracked, "added", "percakapan")


def _rate(rt: Runtime, tracked: TrackedReport, number: str) -> tuple[str, str]:
    score = request.form.get("score", "")
    if score not in {str(known) for known in _SCORES}:
        return _("Pilih dulu satu sampai lima."), "rate"
    track.rate(rt, tracked, int(score), unique=message_id(number, "nilai", score))
    return "", "rated"


def _reopen(rt: Runtime, tracked: TrackedReport, number: str) -> tuple[str, str]:
    words = request.form.get("text", "").strip()
    if not words:
        return _("Tuliskan dulu apa yang belum beres."), "reopen"
    if len(words) > LONGEST_TEXT:
        return _("Tulisan ini terlalu panjang: paling banyak 10.000 huruf. Mohon dipersingkat."), "reopen"
    track.reopen(rt, tracked)
    message = read_message(f"/lapor/{tracked.report.reference}", {"token": message_id(number, words), "text": words})
    track.add_words(rt, tracked, message)
    return "", "reopened"


def _withdraw(rt: Runtime, tracked: TrackedReport, _number: str) -> tuple[str, str]:
    if request.form.get("sure") != "1":
        return _("Centang dulu bahwa Anda yakin."), "withdraw"
    track.withdraw(rt, tracked)
    return "", "withdrawn"


def _finish(rt: Runtime, tracked: TrackedReport, _number: str) -> tuple[str, str]:
    track.finish(rt, tracked)
    return "", "finished"


def _send_code(rt: Runtime, tracked: TrackedReport, _number: str) -> tuple[str, str]:
    try:
        confirm.send_code(
            rt, tracked.report, request.form.get("number", ""), caller=caller(), language=choose_language()
        )
    except CodeNotSent as refused:
        return citizen_words.code_not_sent(refused.why), "number"
    return "", "code_sent"


def _confirm_number(rt: Runtime, tracked: TrackedReport, _number: str) -> tuple[str, str]:
    if confirm.confirm_number(rt, tracked.report, request.form.get("code", "")):
        return "", "number_confirmed"
    return citizen_words.wrong_code(), "code"


def _stop_copies(rt: Runtime, tracked: TrackedReport, _number: str) -> tuple[str, str]:
    confirm.stop_copies(rt, tracked.report)
    return "", "number_removed"


#: By the last part of the address: does it, and returns (what is wrong, at which part of the page) or ("", what is done).
ACTIONS: Final[dict[str, Callable[[Runtime, TrackedReport, str], tuple[str, str]]]] = {
    "nilai": _rate,
    "buka": _reopen,
    "cabut": _withdraw,
    "selesai": _finish,
    "nomor": _send_code,
    "kode": _confirm_number,
    "tanpa-sms": _stop_copies,
}


@track_pages.post("/lapor/<reference>/<doing>")
def act(reference: str, doing: str) -> Any:
    """One step of the citizen's own."""
    rt = runtime()
    try:
        tracked = _open(reference)
    except NotOpened:
        return _locked(reference)
    if doing not in ACTIONS:
        return error_page(404)
    number = read_token(rt.settings, f"jawab:{tracked.report.id}", request.form.get("token", ""))
    typed = request.form.get("text", "")
    if number is None:
        return _report_page(tracked, typed, _too_old(), "", 400)
    try:
        fault, where = ACTIONS[doing](rt, tracked, number)
    except StepNotAllowed:
        changed = _(
            "Keadaan laporan ini sudah berubah, jadi langkah itu tidak dijalankan. Di bawah adalah keadaannya sekarang."
        )
        return _report_page(_open(reference), typed, changed, "", 409)
    if fault:
        return _report_page(tracked, typed, fault, where, 400)
    return _back(tracked, where, "isi")


@track_pages.get("/lacak")
def show_search() -> Response:
    """For who has lost the link: the number of the report and one's own mobile number."""
    return _search_page()


def _search_page(words: str = "", *, sent: bool = False, status: int = 200) -> Response:
    typed = {name: request.form.get(name, "") for name in ("reference", "contact")}
    typed["reference"] = typed["reference"] or request.args.get("nomor", "")[:20]
    return make_response(render_template("find.html", typed=typed, sent=sent, words=words), status)


@track_pages.post("/lacak")
def send_opening_code() -> Response:
    """The same answer whatever is true: a code is on its way, if there is such a report of this number."""
    if not (request.form.get("reference", "").strip() and request.form.get("contact", "").strip()):
        return _search_page(_("Isi nomor laporan, dan nomor HP atau e-mail yang Anda pakai."), status=400)
    try:
        confirm.send_opening_code(
            runtime(), request.form["reference"], request.form["contact"], caller=caller(), language=choose_language()
        )
    except CodeNotSent as refused:
        return _search_page(citizen_words.code_not_sent(refused.why), status=429)
    return _search_page(sent=True)


@track_pages.post("/lacak/kode")
def open_by_code() -> Any:
    """The code that was sent opens the report it was sent for."""
    rt = runtime()
    opened = confirm.open_by_code(rt, request.form.get("reference", ""), request.form.get("code", ""), caller=caller())
    if opened is None:
        return _search_page(citizen_words.wrong_code(), sent=True, status=400)
    secret = links.tracking_token(rt.settings, opened.id)
    return redirect(url_for(".show_report", reference=opened.reference, k=secret), 303)


#: Endpoints that take files, and how large a request of theirs may be.
TAKES_FILES: Final = {"pages.send_report": MOST_BYTES, "track.add_words": MOST_BYTES}
