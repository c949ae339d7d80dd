"""The home page, and the form at ``/lapor``: first the story, then where it is and what else may be said.

What surprises: a form that could not be taken comes back with everything typed (``errors.shows_again``); the sender of
a web report is the form it was typed in, so that only this report's page can add to it; and what looks like a machine's
work is not refused but asked for once more, because people who hear a page or type fast look like machines too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, jsonify, make_response, redirect, render_template, request, url_for

from channels.messages import Attachment, Headers, InboundMessage, InboundRequest
from channels.web_form import NAME as CHANNEL
from intake import links
from intake.domain.reference import reference_of
from intake.receive import receive
from intake.storage import attempts, reports
from intake.web import report_form
from intake.web.callers import caller
from intake.web.context import in_language as _
from intake.web.context import public, runtime
from intake.web.errors import shows_again
from intake.web.form_tokens import make_dated_token, message_id, read_dated_token
from intake.web.form_work import is_worked
from intake.web.places import within
from intake.web.report_form import Typed

pages = Blueprint("pages", __name__)

_REPORT: Final = "lapor"
#: The same form, changed and sent again and again: beyond this it is no person going back.
_MOST_OF_ONE_FORM: Final = 20
_SHARE_WITHOUT_WORK: Final = 6
#: With every file and every letter at its limit, and what surrounds them.
MOST_BYTES: Final = report_form.MOST_FILES * report_form.LARGEST_FILE_BYTES + 1024 * 1024
#: A script of ours sends the form, to show how far it is; it wants to know where to go instead of being led there.
_BY_SCRIPT: Final = "sahut"


@pages.get("/")
def show_home() -> Response:
    """What this is and how to report."""
    numbers, addresses = ways_in(runtime().settings.environ)
    return public(make_response(render_template("home.html", numbers=numbers, addresses=addresses)))


def ways_in(environ: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The numbers to text and the addresses to write to, from the settings of the channels."""
    named = [name for name in sorted(environ) if name.startswith("SMS_") and name.endswith("_NUMBERS")]
    listed = [[part.strip() for part in environ[name].split(",")] for name in named]
    numbers = list(dict.fromkeys(number for found in listed for number in found if number))
    addresses = [part.strip() for part in environ.get("EMAIL_ADDRESS", "").split(",")]
    return numbers, list(filter(None, addresses))


@pages.get("/lapor")
def show_form() -> Response:
    """The first step: the story, and nothing else. Needs no database: it can be filled in during an outage."""
    return public(_story_page(Typed()))


def _story_page(typed: Typed, faults: Mapping[str, str] | None = None, words: str = "", status: int = 200) -> Response:
    return make_response(
        render_template(
            "report_form.html",
            typed=replace(typed, token=_token_of(typed)),
            faults=faults or {},
            words=words,
            longest_text=report_form.LONGEST_TEXT,
        ),
        status,
    )


def _token_of(typed: Typed) -> str:
    """The token of the form, or a fresh one where it is not ours."""
    rt = runtime()
    if read_dated_token(rt.settings, _REPORT, typed.token, rt.clock()) is not None:
        return typed.token
    return make_dated_token(rt.settings, _REPORT, rt.clock())


def _story_again(words: str, status: int) -> Response:
    return _story_page(Typed.of(request.form), words=words, status=status)


@pages.post("/lapor/periksa")
@shows_again(_story_again)
def check_report() -> Response:
    """The second step: where we read it to be, and what else may be said. Keeps nothing."""
    typed = Typed.of(request.form)
    faults = typed.faults_of_text()
    if faults:
        return _story_page(typed, faults, status=400)
    doing = request.form.get("do")
    if doing == "tempat":
        typed = replace(typed, place=report_form.CHOOSE)
    elif doing == "posisi":
        typed = replace(typed, place="")  # the position may tell what the words did not
    elif doing == "tanpa_posisi":
        typed = replace(typed, latitude="", longitude="", position_by="", photo_position="")
    return _details_page(typed)


def _details_page(
    typed: Typed, faults: Mapping[str, str] | None = None, words: str = "", status: int = 200
) -> Response:
    reading = typed.reading()
    read = [place.code for place in reading.places]
    place = typed.place
    if place not in {*read, report_form.CHOOSE, report_form.UNKNOWN}:
        place = read[0] if reading.sure else "" if read else report_form.CHOOSE
    picked = typed.picked
    lists = [("province", _("Provinsi"), within(""), picked[:2])]
    for name, label, above, length in (
        ("regency", _("Kabupaten atau kota"), 2, 5),
        ("district", _("Kecamatan"), 5, 8),
        ("village", _("Desa atau kelurahan"), 8, 13),
    ):
        open_now = len(picked) >= above
        lists.append((name, label, within(picked[:above]) if open_now else [], picked[:length]))
    return make_response(
        render_template(
            "report_details.html",
            typed=replace(typed, place=place, token=_token_of(typed)),
            reading=reading,
            lists=lists,
            faults=faults or {},
            words=words,
            today=runtime().clock().astimezone(report_form.EASTERNMOST).date().isoformat(),
            choose=report_form.CHOOSE,
            unknown=report_form.UNKNOWN,
            trap=report_form.TRAP,
            most_files=report_form.MOST_FILES,
            largest_file_bytes=report_form.LARGEST_FILE_BYTES,
            file_kinds=report_form.FILE_KINDS,
            longest_text=report_form.LONGEST_TEXT,
            longest_line=report_form.LONGEST_LINE,
            work_bits=runtime().settings.form_work_bits,
        ),
        status,
    )


def _details_again(words: str, status: int) -> Response:
    return _details_page(Typed.of(request.form), words=words, status=status)


@pages.post("/lapor")
@shows_again(_details_again)
def send_report() -> Any:
    """Keep the report, then lead to its page. The same form with the same words leads to the same report."""
    rt = runtime()
    typed = Typed.of(request.form)
    opened = read_dated_token(rt.settings, _REPORT, typed.token, rt.clock())
    if opened is None:
        words = _("Formulir ini bukan dari halaman ini atau sudah terlalu lama. Silakan kirim sekali lagi.")
        return _details_page(typed, typed.faults(rt.clock()), words, 400)
    number, seconds = opened
    faults = typed.faults(rt.clock())
    attachments, fault = report_form.read_files(request.files.getlist("files"))
    if fault:
        faults["files"] = fault
    if faults:
        return _details_page(typed, faults, status=400)
    worked = is_worked(typed.token, request.form.get("work", ""), bits=rt.settings.form_work_bits)
    if seconds < rt.settings.form_least_seconds or request.form.get(report_form.TRAP):
        return _ask_once_more(typed)
    if _too_many(number, worked=worked):
        words = _("Terlalu banyak laporan dari jaringan ini dalam satu jam. Tulisan Anda masih ada di bawah.")
        other = _("Silakan kirim lagi nanti, atau lapor lewat SMS atau e-mail.")
        again = _details_page(typed, words=f"{words} {other}", status=429)
        again.headers["Retry-After"] = "3600"
        return again
    report_id = _keep(typed.placed_by_photos(attachments), number, attachments)
    flash("sent")
    secret = links.tracking_token(rt.settings, report_id)
    address = url_for("track.show_report", reference=reference_of(report_id), k=secret)
    if request.headers.get("X-Requested-With") == _BY_SCRIPT:
        return jsonify(to=address)
    return redirect(address, 303)


def _ask_once_more(typed: Typed) -> Response:
    """What no person seems to have sent is asked for again; the second time it is taken, however quick it is."""
    rt = runtime()
    long_ago = rt.clock() - timedelta(seconds=rt.settings.form_least_seconds)
    patient = replace(typed, token=make_dated_token(rt.settings, _REPORT, long_ago))
    return _details_page(patient, words=_("Belum terkirim. Periksa sekali lagi, lalu tekan Kirim laporan."), status=400)


def _too_many(number: str, *, worked: bool) -> bool:
    """Count this sending: by its form and by the network it comes from. Of those whose machine did not do the work that
    was asked for (they may have no script) a network sends fewer.
    """
    rt = runtime()
    most = rt.settings.form_per_hour
    with rt.engine.begin() as connection:
        if attempts.count(connection, "form", number) > _MOST_OF_ONE_FORM:
            return True
        who = caller() if most else None
        if who is None:
            return False
        if not worked and attempts.count(connection, "report_unworked", who) > max(1, most // _SHARE_WITHOUT_WORK):
            return True
        return attempts.count(connection, "report", who) > most


def _keep(typed: Typed, number: str, attachments: tuple[Attachment, ...]) -> int:
    """The report in the database, once for the same form with the same words. Returns its id."""
    rt = runtime()
    said = typed.as_fields()
    unique = message_id(number, *said.values(), report_form.digest_of_files(attachments))
    message = replace(
        read_message("/lapor", {**said, "token": unique}), sender=f"web:{unique}", attachments=attachments
    )
    received = receive(rt, CHANNEL, message)
    report_id = received.remembered.report_id if received.remembered else None
    if report_id is None:
        abort(400)
    wished = {name: True for name, wish in (("anonymous", typed.anonymous), ("secret", typed.secret)) if wish}
    if wished:
        with rt.engine.begin() as connection:
            reports.amend(connection, report_id, wished)
    return report_id


def read_message(path: str, typed: Mapping[str, str]) -> InboundMessage:
    """What was typed, read by the channel like everything that comes in."""
    rt = runtime()
    channel = rt.channels[CHANNEL]
    inbound = InboundRequest(f"{rt.settings.public_url}{path}", Headers(), form=tuple(typed.items()))
    channel.verify(inbound)
    return channel.parse(inbound)


@pages.get("/robots.txt")
def tell_robots() -> Response:
    """Nothing here is for search engines but the home, the form and the public pages."""
    words = "User-agent: *\nDisallow: /lapor/\nDisallow: /lacak\nDisallow: /meja\nDisallow: /hooks/\nDisallow: /lab\n"
    return Response(words, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=3600"})
