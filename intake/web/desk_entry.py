"""What a citizen says to an officer's face: typed in by the officer, and from then on a report like any other.

It is kept by the channel of our own form, with the officer in its history; the citizen reads its progress by the link
that the officer hands over, for there is no number to write to.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, Self

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from channels.messages import InboundMessage
from channels.web_form import NAME as CHANNEL
from intake.domain.permission import Action
from intake.domain.reference import reference_of
from intake.receive import receive
from intake.storage import reports
from intake.web import desk_words
from intake.web.context import in_language as _
from intake.web.context import runtime
from intake.web.form_tokens import make_token, message_id, read_token
from intake.web.log_in import allows, officer_here, require_officer

desk_entry = Blueprint("desk_entry", __name__, url_prefix="/meja")
desk_entry.before_request(require_officer)

_PURPOSE: Final = "walk-in"
_LONGEST_TEXT: Final = 10_000
_LONGEST_LINE: Final = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What the officer typed."""

    token: str = ""
    text: str = ""
    name: str = ""
    contact: str = ""
    anonymous: str = ""

    @classmethod
    def of_request(cls) -> Self:
        return cls(**{each.name: request.form.get(each.name, "").replace("\0", "") for each in fields(cls)})


@desk_entry.get("/laporan-langsung")
@allows(Action.ENTER_REPORT)
def show_entry() -> Response:
    """The form for a report taken face to face."""
    return _page(Told())


def _page(told: Told, fault: str = "", status: int = 200) -> Response:
    settings = runtime().settings
    token = told.token if read_token(settings, _PURPOSE, told.token) else make_token(settings, _PURPOSE)
    return make_response(
        render_template(
            "desk/entry.html", officer=officer_here(), told=told, token=token, fault=fault, words=desk_words
        ),
        status,
    )


@desk_entry.post("/laporan-langsung")
@allows(Action.ENTER_REPORT)
def take_down() -> Any:
    """Keep it; the officer is led to the list, where it appears as soon as it has been read."""
    officer, rt, told = officer_here(), runtime(), Told.of_request()
    number = read_token(rt.settings, _PURPOSE, told.token)
    if number is None or not told.text.strip() or len(told.text) > _LONGEST_TEXT:
        return _page(told, _("Tuliskan dulu apa yang dilaporkan, paling banyak 10.000 huruf."), 400)
    extra = {
        "name": "" if told.anonymous else told.name.strip()[:_LONGEST_LINE],
        "contact": "" if told.anonymous else told.contact.strip()[:_LONGEST_LINE],
        "face_to_face": True,
    }
    received = receive(
        rt,
        CHANNEL,
        InboundMessage(
            message_id(number, told.text, told.name, told.contact), "", "", told.text.strip(),
            regency=officer.regency, extra={name: value for name, value in extra.items() if value},
        ),
    )  # fmt: skip
    kept = received.remembered
    if kept is None or kept.report_id is None:
        return _page(told, _("Itu perintah, bukan laporan. Tuliskan apa yang terjadi."), 400)
    if kept.new:
        with rt.engine.begin() as connection:
            if told.anonymous:
                reports.amend(connection, kept.report_id, {"anonymous": True})
            reports.record(connection, kept.report_id, actor="officer", officer_id=officer.id, action="taken_down")
    flash("taken_down")
    return redirect(url_for("desk.show_inbox", cari=reference_of(kept.report_id)), 303)
