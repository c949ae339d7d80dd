"""Templates of answers: written once by a desk, with fields in braces that are filled for each report.

Filled when an answer is looked at before it leaves, and when it leaves: whoever types ``{nomor}`` by hand gets the same. A
field that does not exist stops the sending, so that no citizen reads braces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from babel.dates import format_date

from intake.desk import LONGEST_ANSWER, EmptyText
from intake.domain.calendar import ZONES
from intake.domain.permission import Action
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import answer_templates
from intake.storage.answer_templates import AnswerTemplate
from intake.storage.deadlines import CENTRAL_ZONE
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.telling import office_of
from intake.understand.classify.taxonomy import UnknownTopic, taxonomy
from intake.understand.locate import regencies

LONGEST_NAME: Final = 80
_FIELD: Final = re.compile(r"\{\s*([^{}\n]{0,40}?)\s*\}")


class UnknownField(Exception):
    """Something stands in braces that is no field."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__("no such field")


class NameTaken(Exception):
    """The desk has another template of this name."""


def _day(report: Report) -> str:
    found = regencies().get(report.regency or "")
    zone = ZONES[found.zone if found else CENTRAL_ZONE]
    return str(format_date(report.opened_at.astimezone(zone), "d MMMM y", locale="id"))


def _topic(report: Report) -> str:
    try:
        return taxonomy().topic(report.topic or "").name_id
    except UnknownTopic:
        return "laporan Anda"


#: The fields, by what stands in the braces; answers to citizens are in Indonesian.
FIELDS: Final[Mapping[str, Callable[[Report], str]]] = {
    "nomor": lambda report: report.reference,
    "dinas": lambda report: report.unit or office_of(report),
    "wilayah": office_of,
    "topik": _topic,
    "tanggal": _day,
}


def fill(report: Report, words: str) -> str:
    """The words with every field filled. Raises UnknownField."""

    def value(found: re.Match[str]) -> str:
        field = FIELDS.get(found[1].lower())
        if field is None:
            raise UnknownField(found[1])
        return field(report)

    return _FIELD.sub(value, words)


def check(words: str) -> None:
    """Raises UnknownField for the first thing in braces that is no field."""
    for found in _FIELD.finditer(words):
        if found[1].lower() not in FIELDS:
            raise UnknownField(found[1])


def desk_of(officer: Officer) -> str:
    """Whose templates (and shared views) an officer uses: their regency's, or the central desk's."""
    return officer.regency or ""


def list_templates(rt: Runtime, officer: Officer) -> list[AnswerTemplate]:
    """The templates of the officer's desk; none for who answers nobody."""
    if not officer.may(Action.USE_TEMPLATES):
        return []
    with rt.engine.connect() as connection:
        return answer_templates.of_desk(connection, desk_of(officer))


def find_template(rt: Runtime, officer: Officer, template_id: int) -> AnswerTemplate:
    """One of the officer's desk. Raises NotYours."""
    found = None
    if officer.may(Action.USE_TEMPLATES):
        with rt.engine.connect() as connection:
            found = answer_templates.find(connection, desk_of(officer), template_id)
    if found is None:
        raise NotYours
    return found


def keep_template(rt: Runtime, officer: Officer, *, name: str, body: str, template_id: int | None = None) -> None:
    """Write a template, or change one. Raises NotYours, EmptyText, UnknownField, NameTaken."""
    called, said = " ".join(name.split())[:LONGEST_NAME], body.strip()[:LONGEST_ANSWER]
    if not officer.may(Action.WRITE_TEMPLATES):
        raise NotYours
    if not called or not said:
        raise EmptyText
    check(said)
    with rt.engine.begin() as connection:
        if template_id is not None and answer_templates.find(connection, desk_of(officer), template_id) is None:
            raise NotYours
        kept = answer_templates.keep(
            connection, desk_of(officer), name=called, body=said, officer_id=officer.id, template_id=template_id
        )
        if not kept:
            raise NameTaken


def drop_template(rt: Runtime, officer: Officer, template_id: int) -> None:
    """Away with a template. Raises NotYours."""
    if not officer.may(Action.WRITE_TEMPLATES):
        raise NotYours
    with rt.engine.begin() as connection:
        if not answer_templates.drop(connection, desk_of(officer), template_id):
            raise NotYours
