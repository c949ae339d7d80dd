"""The citizen's pages: the form at ``/lapor``, a report's own page behind its secret link, and a home to find them.

What surprises: a form that could not be taken comes back with everything typed (``errors.shows_again``); the sender of
a web report is the form it was typed in, so that only this report's page can add to it; and the page of a wrong secret
is the page of a report that does not exist, to the letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from channels.messages import Headers, InboundMessage, InboundRequest
from channels.web_form import NAME as CHANNEL
from intake import converse, links, track
from intake.domain.reference import reference_of
from intake.domain.report import State
from intake.receive import receive
from intake.track import NotOpened, TrackedReport
from intake.understand.locate import regencies
from intake.web.context import in_language as _
from intake.web.context import regencies_by_province, runtime
from intake.web.conversation import joined
from intake.web.errors import error_page, shows_again
from intake.web.form_tokens import make_token, message_id, read_token
from intake.wording import STATE_WORDS

pages = Blueprint("pages", __name__)

LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 200
_REPORT: Final = "lapor"


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into the form."""

    token: str
    text: str = ""
    regency: str = ""
    name: str = ""
    contact: str = ""

    @classmethod
    def nothing(cls) -> Typed:
        return cls(make_token(runtime().settings, _REPORT))

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Typed:
        return cls(*(form.get(name, "") for name in ("token", "text", "regency", "name", "contact")))

    def faults(self) -> dict[str, str]:
        """What is wrong, by field, in words that say what to do."""
        found = {}
        text = self.text.strip()
        if not text:
            found["text"] = _("Tuliskan dulu apa yang terjadi.")
        elif len(text) > LONGEST_TEXT:
            found["text"] = _("Tulisan ini terlalu panjang: paling banyak 10.000 huruf. Mohon dipersingkat.")
        elif converse.read(InboundMessage("", "", "", text)).kind != "report":
            found["text"] = _(
                "Ini nomor laporan, bukan laporan. Untuk melihat perkembangannya, buka tautan yang Anda terima."
            )
        if self.regency and self.regency not in regencies():
            found["regency"] = _("Pilih kabupaten atau kota dari daftar, atau kosongkan.")
        if len(self.name) > LONGEST_LINE:
            found["name"] = _("Nama ini terlalu panjang: paling banyak 200 huruf.")
        if len(self.contact) > LONGEST_LINE:
            found["contact"] = _("Kontak ini terlalu panjang: paling banyak 200 huruf.")
        return found


def _without_secrets(response: Response) -> Response:
    """A page that holds nothing of anybody: a browser may keep it for going back, and it may leave compressed."""
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@pages.get("/")
def show_home() -> Response:
    """What this is and how to report."""
    rt = runtime()
    numbers = [number.strip() for number in rt.settings.environ.get("SMS_TWILIO_NUMBERS", "").split(",")]
    addresses = [address.strip() for address in rt.settings.environ.get("EMAIL_ADDRESS", "").split(",")]
    return _without_secrets(
        make_response(
            render_template("home.html", numbers=list(filter(None, numbers)), addresses=list(filter(None, addresses)))
        )
    )


@pages.get("/lapor")
def show_form() -> Response:
    """The empty form. Needs no database: it can be filled in during an outage."""
    return _without_secrets(_form_page(Typed.nothing()))


def _form_page(typed: Typed, faults: Mapping[str, str] | None = None, words: str = "", status: int = 200) -> Response:
    return make_response(
        render_template(
            "report_form.html",
            typed=typed,
            faults=faults or {},
            words=words,
            provinces=regencies_by_province(),
            longest_text=LONGEST_TEXT,
            longest_line=LONGEST_LINE,
        ),
        status,
    )


def _form_again(words: str, status: int) -> Response:
    return _form_page(Typed.of(request.form), words=words, status=status)


@pages.post("/lapor")
@shows_again(_form_again)
def send_report() -> Any:
    """Keep the report, then lead to its page. The same form with the same words leads to the same report."""
    rt = runtime()
    typed = Typed.of(request.form)
    number = read_token(rt.settings, _REPORT, typed.token)
    if number is None:
        fresh = replace(typed, token=make_token(rt.settings, _REPORT))
        words = _("Formulir ini bukan dari halaman ini atau sudah terlalu lama. Silakan kirim sekali lagi.")
        return _form_page(fresh, typed.faults(), words, 400)
    faults = typed.faults()
    if faults:
        return _form_page(typed, faults, status=400)
    unique = message_id(number, typed.text, typed.regency, typed.name, typed.contact)
    fields = {
        "token": unique,
        "text": typed.text,
        "regency": typed.regency,
        "name": typed.name,
        "contact": typed.contact,
    }
    message = _read_message("/lapor", fields)
    received = receive(rt, CHANNEL, replace(message, sender=f"web:{unique}"))
    report_id = received.remembered.report_id if received.remembered else None
    if report_id is None:
        abort(400)
    flash("sent")
    secret = links.tracking_token(rt.settings, report_id)
    return redirect(url_for(".show_report", reference=reference_of(report_id), k=secret), 303)


def _read_message(path: str, fields: Mapping[str, str]) -> InboundMessage:
    """What was typed, read by the channel like everything that comes in."""
    rt = runtime()
    channel = rt.channels[CHANNEL]
    inbound = InboundRequest(f"{rt.settings.public_url}{path}", Headers(), form=tuple(fields.items()))
    channel.verify(inbound)
    return channel.parse(inbound)


@pages.get("/lapor/<reference>")
def show_report(reference: str) -> Response:
    """A report's own page, for who has its secret; for everybody else there is nothing here."""
    try:
        tracked = track.open_report(runtime(), reference, request.args.get("k", ""))
    except NotOpened:
        return error_page(404)
    return _report_page(tracked)


def _report_page(tracked: TrackedReport, typed: str = "", fault: str = "", status: int = 200) -> Response:
    rt = runtime()
    report = tracked.report
    asked = report.state is State.TERTUNDA and report.waiting_for == "place"
    return make_response(
        render_template(
            "report.html",
            report=report,
            secret=request.args.get("k", ""),
            link=links.tracking_link(rt.settings, report.id, report.reference),
            state=STATE_WORDS[report.state],
            state_words=STATE_WORDS,
            steps=[step for step in tracked.history if step.to_state and step.to_state != step.from_state],
            said=joined(tracked.conversation, tracked.replies),
            choices=[(code, regencies()[code].name) for code in report.choices if code in regencies()] if asked else [],
            asked=asked,
            unread=any(message.processed_at is None for message in tracked.conversation),
            token=make_token(rt.settings, f"jawab:{report.id}"),
            typed=typed,
            fault=fault,
            longest_text=LONGEST_TEXT,
        ),
        status,
    )


@pages.post("/lapor/<reference>")
def add_words(reference: str) -> Any:
    """More words of the citizen, or the answer to our question: a choice of the list, or a text."""
    rt = runtime()
    secret = request.args.get("k", "")
    try:
        tracked = track.open_report(rt, reference, secret)
    except NotOpened:
        return error_page(404)
    number = read_token(rt.settings, f"jawab:{tracked.report.id}", request.form.get("token", ""))
    chosen = regencies().get(request.form.get("choice", ""))
    words = chosen.name if chosen else request.form.get("text", "")
    fault = ""
    if number is None:
        fault = _("Formulir ini bukan dari halaman ini atau sudah terlalu lama. Silakan kirim sekali lagi.")
    elif not words.strip():
        fault = _("Tuliskan dulu apa yang ingin Anda sampaikan.")
    elif len(words) > LONGEST_TEXT:
        fault = _("Tulisan ini terlalu panjang: paling banyak 10.000 huruf. Mohon dipersingkat.")
    if fault or number is None:
        return _report_page(tracked, request.form.get("text", ""), fault, 400)
    message = _read_message(f"/lapor/{reference}", {"token": message_id(number, words), "text": words})
    track.add_words(rt, tracked, message)
    flash("added")
    return redirect(url_for(".show_report", reference=tracked.report.reference, k=secret, _anchor="percakapan"), 303)


@pages.get("/robots.txt")
def tell_robots() -> Response:
    """Nothing here is for search engines but the home and the form."""
    words = "User-agent: *\nDisallow: /lapor/\nDisallow: /meja\nDisallow: /hooks/\nDisallow: /lab\n"
    return Response(words, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=3600"})
