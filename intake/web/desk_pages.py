"""The officers' pages: the list of reports, one report, what can be done with it, and what could not be read.

Who may do what is decided in ``intake.desk``; these pages only offer what it allows. Every page here passes
``require_officer``, and a report that is another's is a page that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, make_response, redirect, render_template, request, url_for

from intake import answer_templates, desk, identity, labels, merging, report_file, search, views
from intake.answer_templates import UnknownField
from intake.bulk import BULK
from intake.desk import EmptyText, NoSuchUnit
from intake.domain.permission import Action as Permission
from intake.domain.reference import report_id_of
from intake.domain.report import State, StepNotAllowed
from intake.labels import NotAChoice
from intake.report_file import NotYours, ReportFile
from intake.saying import Preview, preview
from intake.search import Wanted
from intake.storage import quarantine, regency_settings, scope
from intake.understand.classify import taxonomy
from intake.understand.locate import regencies
from intake.web import desk_identity, desk_marks, desk_words
from intake.web.context import regencies_by_province, runtime
from intake.web.conversation import joined, without_secrets
from intake.web.desk_actions import ACTIONS, filled
from intake.web.log_in import allows, officer_here, require_officer

desk_pages = Blueprint("desk", __name__, url_prefix="/meja")
desk_pages.before_request(require_officer)

_PAGE_SIZE: Final = 50
_WORTH_SHOWING: Final = 0.05
#: What has a card of its own, beside the one of all other actions.
_ELSEWHERE_ON_THE_PAGE: Final = frozenset(
    {"answer", "note", "correct", "merge", "part", "answer_part", "take_back", "block_sender"}
)


@desk_pages.get("")
@allows(Permission.LIST_REPORTS)
def show_inbox() -> Response:
    """The officer's reports of one view, narrowed by what the address says."""
    wanted = Wanted.of(request.args)
    before = report_id_of(request.args.get("sebelum", ""))
    officer, now = officer_here(), runtime().clock()
    with runtime().engine.connect() as connection:
        counts = search.counts(connection, officer, now=now)
        saved = views.counted_views(connection, officer, now=now)
        rows = search.inbox(connection, officer, wanted, now=now, before=before, limit=_PAGE_SIZE + 1)
        units = regency_settings.taxonomy_of(connection, officer.regency).units
    more = len(rows) > _PAGE_SIZE
    rows = rows[:_PAGE_SIZE]
    return make_response(
        render_template(
            "desk/inbox.html",
            officer=officer,
            wanted=wanted,
            views=desk_words.views(),
            saved=saved,
            may_share=officer.may(views.WRITES_SHARED),
            bulk=[step for step, each in BULK.items() if officer.may(each.action)],
            units=units,
            counts=counts,
            # The most urgent of a page first; sorting keeps the rest in its order.
            rows=sorted(rows, key=lambda row: row.urgency != "darurat"),
            now=now,
            older=rows[-1].reference if more else None,
            topics=taxonomy().topics,
            states=list(State),
            words=desk_words,
        )
    )


@desk_pages.get("/karantina")
@allows(Permission.SEE_QUARANTINE)
def show_quarantine() -> Response:
    """What came in and could not be read: that it is there, not what it says."""
    with runtime().engine.connect() as connection:
        entries = quarantine.waiting(connection)
        refused = quarantine.refusals(connection)
    return make_response(
        render_template("desk/quarantine.html", officer=officer_here(), entries=entries, refused=refused)
    )


@desk_pages.get("/<reference>")
@allows(Permission.READ_REPORT)
def show_report(reference: str) -> Response:
    """Everything about one report, and what can be done with it."""
    return _report_page(reference)


@desk_pages.get("/<reference>/cetak")
@allows(Permission.PRINT_REPORT)
def print_report(reference: str) -> Response:
    """One report on paper: what was said, where it went, what was done, and no form."""
    return _report_page(reference, template="desk/print.html")


def _wanted(parts: Mapping[str, Any]) -> Permission | None:
    action = ACTIONS.get(parts["doing"])
    return action.permission if action else None


@desk_pages.post("/<reference>/<doing>")
@allows(_wanted)
def act(reference: str, doing: str) -> Any:
    """Do one thing with a report. A colleague who was quicker is told of honestly, and nothing typed is lost."""
    action = ACTIONS[doing]
    if action.name == "answer" and (request.form.get("pratinjau") or request.form.get("pakai")):
        return _preview(reference)
    try:
        report = action.do(runtime(), officer_here(), reference, request.form)
    except NotYours:
        if action.name == "route" and request.form.get("regency", "") not in regencies():
            return _report_page(reference, fault="no_regency", status=400)
        if action.name == "merge":
            return _report_page(reference, fault="no_such_report", status=400)
        abort(404)
    except EmptyText:
        return _report_page(reference, fault="empty", status=400)
    except (NotAChoice, NoSuchUnit):
        return _report_page(reference, fault="no_choice", status=400)
    except UnknownField as unknown:
        return _report_page(reference, fault="unknown_field", unknown=unknown.name, status=400)
    except StepNotAllowed:
        return _report_page(reference, fault="changed", status=409)
    flash(action.done or action.name)
    with runtime().engine.connect() as connection:
        still_theirs = scope.sees(connection, officer_here(), report.id)
    if not still_theirs:  # sent back: it is on somebody else's desk now
        return redirect(url_for(".show_inbox"), 303)
    return redirect(url_for(".show_report", reference=reference), 303)


def _preview(reference: str) -> Response:
    """An answer as the citizen would get it, its fields filled; of a template that was chosen, behind what was typed."""
    officer, rt = officer_here(), runtime()
    typed = request.form.get("words", "").replace("\0", "").strip()
    chosen = request.form.get("templat", "")
    try:
        if request.form.get("pakai") and chosen.isascii() and chosen.isdecimal():
            body = answer_templates.find_template(rt, officer, int(chosen[:18])).body
            typed = f"{typed}\n\n{body}" if typed else body
        typed = filled(rt, officer, reference, typed)
    except NotYours:
        abort(404)
    except UnknownField as unknown:
        return _report_page(reference, answer=typed, fault="unknown_field", unknown=unknown.name, status=400)
    return _report_page(reference, answer=typed, show_preview=True)


def _report_page(
    reference: str,
    *,
    fault: str = "",
    unknown: str = "",
    status: int = 200,
    answer: str | None = None,
    show_preview: bool = False,
    template: str = "desk/report.html",
) -> Response:
    """``answer`` is what stands in the form for the answer; None: what was typed there."""
    officer, rt = officer_here(), runtime()
    try:
        with rt.engine.connect() as connection:
            file = report_file.open_file(connection, officer, reference)
            alike = merging.similar(connection, officer, file.report)
            units = regency_settings.taxonomy_of(connection, file.report.regency).units
            readers = desk_identity.readers_of(connection, officer, file.report)
    except NotYours:
        abort(404)
    in_hand = [each for each in file.dispositions if each.ended_at is None]
    offered = report_file.may(file.report, officer, in_hand=in_hand)
    typed = request.form
    if answer is None:
        answer = typed.get("words", "")
    seen = preview(rt, file.report, answer) if show_preview and "answer" in offered else None
    cues = desk_marks.cues_of(file.decision)
    return make_response(
        render_template(
            template,
            officer=officer,
            file=file,
            report=file.report,
            said=joined(file.conversation, file.replies),
            mark=lambda words: desk_marks.mark(words, cues),
            without_secrets=without_secrets,
            reporter=file.reporter,
            may_look=identity.may_look(officer, file.report),
            readers=readers,
            offered=offered,
            actions=offered - _ELSEWHERE_ON_THE_PAGE,
            similar=alike,
            preview=seen,
            price=_price_of(seen),
            is_sms=rt.channels[file.report.channel].medium == "sms" if file.report.channel in rt.channels else False,
            now=rt.clock(),
            candidates=_candidates(file),
            guesses=_guesses(file),
            heard=_heard(file),
            provinces=regencies_by_province() if "route" in offered else (),
            topics=taxonomy().topics,
            units=units,
            in_hand=[each.unit for each in in_hand],
            parts=file.dispositions,
            points=_points(file),
            answer=answer,
            templates=answer_templates.list_templates(rt, officer) if "answer" in offered else [],
            unknown_field=desk_words.unknown_field(unknown) if unknown else "",
            types=labels.TYPES,
            urgencies=labels.URGENCIES,
            words=desk_words,
            typed=typed,
            fault=fault,
            longest_answer=desk.LONGEST_ANSWER,
        ),
        status,
    )


@dataclass(frozen=True, slots=True)
class Point:
    """A position that came with a message, as programs for maps take it. No map of others is shown on our page."""

    latitude: float
    longitude: float
    at: datetime

    @property
    def geo(self) -> str:
        """For the phone's own map (RFC 5870)."""
        return f"geo:{self.latitude:.6f},{self.longitude:.6f}"

    @property
    def osm(self) -> str:
        """The same place at OpenStreetMap."""
        place = f"{self.latitude:.6f}/{self.longitude:.6f}"
        return f"https://www.openstreetmap.org/?mlat={self.latitude:.6f}&mlon={self.longitude:.6f}#map=17/{place}"


def _points(file: ReportFile) -> list[Point]:
    """Where the reporter's messages say they are, newest last."""
    return [
        Point(said.latitude, said.longitude, said.received_at)
        for said in file.conversation
        if said.latitude is not None and said.longitude is not None
    ]


def _price_of(seen: Preview | None) -> int:
    """What an answer costs in rupiah; 0 where it costs nothing or nobody said what an SMS costs."""
    return 0 if seen is None else seen.segments * runtime().settings.sms_price_rupiah


def _candidates(file: ReportFile) -> list[tuple[str, str, float]]:
    """(Code, name, probability) of the regencies the resolver thought of, likeliest first."""
    found = file.decision.location.get("candidates", []) if file.decision else []
    return [(c["regency"], c["name"], float(c["probability"])) for c in found if c["regency"] in regencies()][:8]


def _guesses(file: ReportFile) -> list[tuple[str, float]]:
    """(Name, confidence) of the topics worth showing, likeliest first."""
    found = file.decision.classification.get("topics", []) if file.decision else []
    return [(desk_words.topic(t["code"]), float(t["confidence"])) for t in found if t["confidence"] >= _WORTH_SHOWING]


def _heard(file: ReportFile) -> list[tuple[str, list[str]]]:
    """(What it speaks for, the words of the text) of the classification."""
    found = file.decision.classification.get("evidence", {}) if file.decision else {}
    return [(desk_words.heard(what), list(cues)[:6]) for what, cues in found.items() if cues]
