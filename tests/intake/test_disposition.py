"""A report in the hands of several units: each has its part, the main one answers, the citizen hears once."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from intake import desk, disposition, report_file
from intake.desk import EmptyText, NoSuchUnit
from intake.domain.permission import Role
from intake.domain.report import State, StepNotAllowed
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import officers, reports
from intake.storage.dispositions import Disposition
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.understand.classify import taxonomy
from tests.factories import MUARA_ENIM
from tests.intake.web.conftest import a_report

FIRST, SECOND, THIRD = "PUPR", "DLH", "DISHUB"
NAMES = {key: unit.name for key, unit in taxonomy().units.items()}


def an_officer(rt: Runtime, name: str, role: Role = "regency", unit: str | None = None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=name, name=name, password="kata-sandi-contoh", role=role, regency=MUARA_ENIM, unit=unit
        )  # fmt: skip
    assert made is not None
    return made


@dataclass(frozen=True)
class Case:
    rt: Runtime
    report: Report
    admin: Officer
    first: Officer
    second: Officer

    @property
    def reference(self) -> str:
        return self.report.reference

    def now(self) -> Report:
        with self.rt.engine.connect() as connection:
            return reports.read(connection, self.report.id)

    def parts(self) -> list[Disposition]:
        with self.rt.engine.connect() as connection:
            return report_file.open_file(connection, self.admin, self.reference).dispositions

    def heard(self) -> list[str]:
        """What officers caused the citizen to be told."""
        with self.rt.engine.connect() as connection:
            said = report_file.open_file(connection, self.admin, self.reference).replies
        return [reply.kind for reply in said if reply.kind in {"answered", "asked", "closed"}]

    def dispose(self, *units: str) -> Report:
        return disposition.dispose(self.rt, self.admin, self.reference, units=units, note="Mohon dicek")


@pytest.fixture
def case(rt: Runtime) -> Case:
    return Case(
        rt, a_report(rt), an_officer(rt, "admin"), an_officer(rt, "satu", "unit", FIRST),
        an_officer(rt, "dua", "unit", SECOND),
    )  # fmt: skip


def test_each_unit_has_its_part_and_the_citizen_hears_once(case: Case) -> None:
    case.dispose(FIRST, SECOND)
    assert [(p.unit, p.main, p.answered_at) for p in case.parts()] == [(FIRST, True, None), (SECOND, False, None)]
    assert case.now().unit == NAMES[FIRST]
    disposition.answer_part(case.rt, case.second, case.reference, unit="", words="Sampahnya sudah diangkut.")
    assert case.heard() == [], "the citizen hears from the main unit"
    assert case.now().state is State.TERDISPOSISI
    with pytest.raises(StepNotAllowed):
        disposition.answer_part(case.rt, case.second, case.reference, unit="", words="Sekali lagi.")
    desk.answer(case.rt, case.first, case.reference, words="Jalan ditambal Senin, sampah sudah diangkut.")
    assert case.heard() == ["answered"]
    assert case.now().state is State.DITINDAKLANJUTI
    done = {p.unit: (p.answered_by, p.words) for p in case.parts()}
    assert done[FIRST] == ("satu", "Jalan ditambal Senin, sampah sudah diangkut.")
    assert done[SECOND] == ("dua", "Sampahnya sudah diangkut.")


def test_a_unit_that_is_not_the_main_one_does_not_speak_to_the_citizen(case: Case) -> None:
    case.dispose(FIRST, SECOND)
    with pytest.raises(NotYours):
        desk.answer(case.rt, case.second, case.reference, words="x")
    with pytest.raises(NotYours):
        desk.ask(case.rt, case.second, case.reference, question="x")
    with pytest.raises(NotYours):
        desk.close(case.rt, case.second, case.reference)
    second, first = (report_file.may(case.now(), who, in_hand=case.parts()) for who in (case.second, case.first))
    assert {"answer", "ask", "close", "answer_part"} & second == {"answer_part"}
    assert {"answer", "ask", "close", "answer_part"} & first == {"answer", "ask", "close"}
    with pytest.raises(NoSuchUnit):
        disposition.answer_part(case.rt, case.first, case.reference, unit=SECOND, words="for another")
    assert case.heard() == []


def test_taking_back_leaves_the_others_and_the_next_one_leads(case: Case) -> None:
    case.dispose(FIRST, SECOND, THIRD)
    with pytest.raises(EmptyText):
        disposition.take_back(case.rt, case.admin, case.reference, unit=FIRST, reason=" ")
    disposition.take_back(case.rt, case.admin, case.reference, unit=FIRST, reason="salah unit")
    now = {p.unit: (p.main, p.ended_at is None) for p in case.parts()}
    assert now == {THIRD: (False, True), SECOND: (True, True), FIRST: (True, False)}
    assert case.now().unit == NAMES[SECOND]
    with case.rt.engine.connect() as connection, pytest.raises(NotYours):
        report_file.find(connection, case.first, case.reference)
    with pytest.raises(StepNotAllowed):
        disposition.take_back(case.rt, case.admin, case.reference, unit=FIRST, reason="salah unit")
    with case.rt.engine.connect() as connection:
        last = reports.history_of(connection, case.report.id)[-1]
    assert (last.action, last.reason, last.detail["units"]) == ("part_taken_back", "salah unit", [NAMES[FIRST]])


def test_another_main_unit_can_be_chosen(case: Case) -> None:
    case.dispose(FIRST, SECOND)
    case.dispose(SECOND, FIRST)
    assert {p.unit: p.main for p in case.parts()} == {SECOND: True, FIRST: False}
    case.dispose(THIRD)
    assert {p.unit: p.main for p in case.parts() if p.ended_at is None} == {THIRD: True}


@pytest.mark.parametrize("units", [(), ("TIDAK-ADA",), (FIRST, "TIDAK-ADA")])
def test_only_units_of_the_regency(case: Case, units: tuple[str, ...]) -> None:
    with pytest.raises(NoSuchUnit):
        case.dispose(*units)
    assert case.parts() == []


def test_what_a_colleague_changed_meanwhile_is_not_disposed(case: Case) -> None:
    desk.take_up(case.rt, case.admin, case.reference)
    with pytest.raises(StepNotAllowed):
        disposition.dispose(case.rt, case.admin, case.reference, units=[FIRST], seen=State.TERDISPOSISI)
    assert case.parts() == []
    disposition.dispose(case.rt, case.admin, case.reference, units=[FIRST], seen=State.DIPROSES)
    desk.close(case.rt, case.admin, case.reference)
    with pytest.raises(StepNotAllowed):
        case.dispose(SECOND)
