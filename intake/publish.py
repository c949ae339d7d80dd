"""A regency's public list: an officer masks a report, reads it and lets it be shown. Off unless the regency turns it on.

Nothing gets there by itself, and never one that is secret or that nobody has looked at yet. What is shown is what the
officer let through, not what is said later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from intake import identity, report_file
from intake.desk import EmptyText
from intake.domain.permission import Action
from intake.runtime import Runtime
from intake.storage import messages, publications, regency_settings, replies, reports
from intake.storage.messages import StoredMessage
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.understand.locate.gazetteer import districts_of, regencies, villages_of
from intake.understand.mask import cut

LONGEST_TEXT: Final = 2000
_ANSWER: Final = "answered"


class NotToBeShown(Exception):
    """``off``: the regency has no public list; ``secret``; ``unverified``: nobody has looked at it, or it was put aside."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Draft:
    """What an officer reads before it is shown. ``original`` is the citizen's, an anonymous one's without who they are, and
    ``original_answer`` ours: in pieces, each with what the machine shows instead of it, or "" where it stays.
    ``why_not`` is a NotToBeShown's reason.
    """

    report: Report
    original: Sequence[tuple[str, str]]
    original_answer: Sequence[tuple[str, str]]
    text: str
    answer: str
    is_published: bool
    why_not: str


def draft(rt: Runtime, officer: Officer, reference: str) -> Draft:
    """The report as it may be shown: as it was let through before, or masked now. Raises NotYours."""
    with rt.engine.connect() as connection:
        report = report_file.find_to_change(connection, officer, reference, Action.PUBLISH)
        said = messages.of_report(connection, report.id)
        before = publications.of_report(connection, report.id)
        why_not = "" if regency_settings.publishes(connection, report.regency) else "off"
        answers = [
            r.text
            for r in replies.of_report(connection, report.id)
            if r.kind == _ANSWER and r.channel == report.channel
        ]
        hidden_from = identity.describe(connection, report, said) if report.anonymous else None
    known = list(_known_of(said, report))
    opening = "\n".join(part for part in (said[0].subject, said[0].text) if part)
    if hidden_from is not None:
        opening = identity.hide(opening, hidden_from)
    places = _places_of(report)
    story, said_by_us = (
        [(piece, "" if hidden is None else hidden.stands) for piece, hidden in cut(text, known=known, places=places)]
        for text in (opening, answers[-1] if answers else "")
    )
    words, answer = before or (_masked(story), _masked(said_by_us))
    return Draft(
        report,
        story,
        said_by_us,
        words[:LONGEST_TEXT],
        answer[:LONGEST_TEXT],
        is_published=before is not None,
        why_not=why_not or _why_not(report),
    )


def publish(rt: Runtime, officer: Officer, reference: str, *, words: str, answer: str) -> None:
    """Show these words to everybody, read by this officer. Raises NotYours, EmptyText, NotToBeShown."""
    said = words.strip().replace("\x00", "")[:LONGEST_TEXT]
    if not said:
        raise EmptyText
    with rt.engine.begin() as connection:
        report = report_file.find_to_change(connection, officer, reference, Action.PUBLISH)
        why_not = "" if regency_settings.publishes(connection, report.regency) else "off"
        if why_not := why_not or _why_not(report):
            raise NotToBeShown(why_not)
        publications.publish(
            connection, report.id, officer_id=officer.id, words=said,
            answer=answer.strip().replace("\x00", "")[:LONGEST_TEXT],
        )  # fmt: skip
        reports.record(connection, report.id, actor="officer", officer_id=officer.id, action="published")


def withdraw(rt: Runtime, officer: Officer, reference: str) -> None:
    """Show it no longer. Raises NotYours."""
    with rt.engine.begin() as connection:
        report = report_file.find_to_change(connection, officer, reference, Action.PUBLISH)
        if publications.withdraw(connection, report.id):
            reports.record(connection, report.id, actor="officer", officer_id=officer.id, action="unpublished")


def _why_not(report: Report) -> str:
    if report.secret:
        return "secret"
    return "" if report.state in publications.SHOWN else "unverified"


def _masked(pieces: Iterable[tuple[str, str]]) -> str:
    return "".join(stands or piece for piece, stands in pieces)


def _places_of(report: Report) -> list[str]:
    """The names of the regency and of all places in it: what stands behind "Kades" may be one of them."""
    regency = regencies().get(report.regency or "")
    if regency is None:
        return []
    districts = districts_of(regency.code)
    villages = [village.name for district in districts for village in villages_of(district.code)]
    return [regency.name, regency.short, *(district.name for district in districts), *villages]


def _known_of(said: Iterable[StoredMessage], report: Report) -> Iterable[str]:
    """What the reporter told about themselves."""
    for message in said:
        yield from (str(message.extra[name]) for name in ("name", "contact") if message.extra.get(name))
    if report.sender and not report.sender.startswith("web:"):
        yield report.sender
