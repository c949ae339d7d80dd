"""One step for several reports: each by itself, none unseen, and of each it is told what became of it."""

from __future__ import annotations

import pytest

from intake import bulk, desk, report_file
from intake.bulk import BULK, Chosen, Outcome, carry_out, read_chosen
from intake.desk import EmptyText
from intake.domain.permission import Role
from intake.domain.report import State
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import officers, reports
from intake.storage.officers import Officer
from intake.storage.reports import Report
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.web.conftest import BOGOR, a_report


def an_officer(rt: Runtime, name: str, role: Role, regency: str | None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=name, name=name, password="kata-sandi-contoh", role=role, regency=regency
        )
    assert made is not None
    return made


@pytest.fixture
def admin(rt: Runtime) -> Officer:
    return an_officer(rt, "admin", "regency", MUARA_ENIM)


@pytest.fixture
def three(rt: Runtime) -> list[Report]:
    return [a_report(rt, f"{CLEAR_TEXT} ke-{n}", sender=f"+62811000040{n}") for n in range(3)]


def as_seen(*found: Report) -> list[Chosen]:
    return [Chosen(each.reference, each.state) for each in found]


def state_of(rt: Runtime, report: Report) -> State:
    with rt.engine.connect() as connection:
        return reports.read(connection, report.id).state


def test_all_are_archived_but_the_one_a_colleague_took(rt: Runtime, admin: Officer, three: list[Report]) -> None:
    desk.take_up(rt, admin, three[1].reference)
    found = carry_out(rt, admin, "arsip", as_seen(*three), {"reason": "uji coba"})
    assert found == [
        Outcome(three[0].reference, "done"), Outcome(three[1].reference, "changed"), Outcome(three[2].reference, "done"),
    ]  # fmt: skip
    assert [state_of(rt, each) for each in three] == [State.DIARSIPKAN, State.DIPROSES, State.DIARSIPKAN]
    again = carry_out(rt, admin, "arsip", as_seen(*three), {"reason": "uji coba"})
    assert {each.result for each in again} == {"changed"}, "the same button again changes nothing"


def test_disposed_together(rt: Runtime, admin: Officer, three: list[Report]) -> None:
    found = carry_out(rt, admin, "disposisi", as_seen(*three), {"unit": "PUPR", "note": "cek"})
    assert {each.result for each in found} == {"done"}
    with rt.engine.connect() as connection:
        assert [p.unit for p in report_file.open_file(connection, admin, three[2].reference).dispositions] == ["PUPR"]
    unknown = carry_out(rt, admin, "disposisi", as_seen(three[0]), {"unit": "TIDAK-ADA"})
    assert unknown == [Outcome(three[0].reference, "not_possible")]


def test_merged_into_one_of_them(rt: Runtime, admin: Officer, three: list[Report]) -> None:
    found = carry_out(rt, admin, "gabung", as_seen(*three), {"into": f" {three[0].reference} "})
    assert [each.result for each in found] == ["target", "done", "done"]
    assert [state_of(rt, each) for each in three[1:]] == [State.DIGABUNG] * 2
    with pytest.raises(NotYours):
        carry_out(rt, admin, "gabung", as_seen(three[0]), {"into": "AAA-BBBB"})


def test_verified_together_where_it_is_possible(rt: Runtime, admin: Officer, three: list[Report]) -> None:
    desk.archive(rt, admin, three[0].reference, reason="x")
    waiting = desk.restore(rt, admin, three[0].reference)
    found = carry_out(rt, admin, "verifikasi", as_seen(waiting, three[1]), {})
    assert [each.result for each in found] == ["done", "not_possible"]
    assert state_of(rt, three[0]) is State.TERVERIFIKASI


def test_what_is_not_theirs_is_not_there(rt: Runtime, admin: Officer, three: list[Report]) -> None:
    stranger, leader = an_officer(rt, "b", "regency", BOGOR), an_officer(rt, "l", "leader", MUARA_ENIM)
    found = carry_out(rt, stranger, "arsip", as_seen(three[0]), {"reason": "x"})
    assert found == [Outcome(three[0].reference, "not_found")]
    for step in BULK:
        with pytest.raises(NotYours):
            carry_out(rt, leader, step, as_seen(three[0]), {"reason": "x", "unit": "PUPR", "into": "x"})
    assert state_of(rt, three[0]) is State.TERDISPOSISI


@pytest.mark.parametrize(("step", "typed"), [("arsip", {"reason": " "}), ("disposisi", {}), ("gabung", {"into": ""})])
def test_what_a_step_needs_is_asked_for_before_anything_is_done(
    rt: Runtime, admin: Officer, three: list[Report], step: str, typed: dict[str, str]
) -> None:
    with pytest.raises(EmptyText):
        carry_out(rt, admin, step, as_seen(*three), typed)
    with pytest.raises(EmptyText):
        carry_out(rt, admin, step, [], {"reason": "x", "unit": "PUPR", "into": "x"})
    with pytest.raises(NotYours):
        carry_out(rt, admin, "hapus", as_seen(*three), {})


def test_boxes_are_read_once_each_and_nonsense_is_left_out() -> None:
    assert read_chosen(["A.diproses", "A.selesai", "B.tidak", "C", "", "D.selesai.x", "E.selesai"]) == [
        Chosen("A", State.DIPROSES), Chosen("E", State.SELESAI),
    ]  # fmt: skip
    assert len(read_chosen([f"{n}.selesai" for n in range(500)])) == bulk.MOST_AT_ONCE
