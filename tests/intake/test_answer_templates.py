"""Templates of answers: a desk's own, filled for each report, and no braces ever reach a citizen."""

from __future__ import annotations

import pytest

from intake import answer_templates
from intake.answer_templates import FIELDS, NameTaken, UnknownField, fill, keep_template, list_templates
from intake.desk import EmptyText
from intake.domain.permission import Role
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import officers
from intake.storage.officers import Officer
from intake.storage.reports import Report
from tests.factories import MUARA_ENIM
from tests.intake.web.conftest import BOGOR, a_report


def an_officer(rt: Runtime, name: str, role: Role, regency: str | None, unit: str | None = None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=name, name=name, password="kata-sandi-contoh", role=role, regency=regency, unit=unit
        )  # fmt: skip
    assert made is not None
    return made


@pytest.fixture
def report(rt: Runtime) -> Report:
    return a_report(rt)


def test_every_field_is_filled(report: Report) -> None:
    words = fill(report, "No {nomor} ({ TOPIK }) dari {wilayah} tgl {tanggal}, ditangani {dinas}.")
    assert words.startswith(f"No {report.reference} (")
    assert "Kab. Muara Enim" in words
    assert report.unit
    assert report.unit in words
    assert "{" not in words
    for name in FIELDS:
        assert fill(report, f"{{{name}}}"), name


@pytest.mark.parametrize("words", ["{nama}", "Yth. {dinasnya}", "{}", "a {nomor} b {x y}"])
def test_a_field_that_does_not_exist_stops_everything(report: Report, words: str) -> None:
    with pytest.raises(UnknownField):
        fill(report, words)


@pytest.mark.parametrize("words", ["tanpa isian", "50 { 60", "} terbalik {", "{a\nb}", "{" + "x" * 60 + "}"])
def test_what_is_no_field_stays_as_it_is(report: Report, words: str) -> None:
    assert fill(report, words) == words


def test_templates_are_of_one_desk(rt: Runtime, report: Report) -> None:
    admin, unit = an_officer(rt, "a", "regency", MUARA_ENIM), an_officer(rt, "u", "unit", MUARA_ENIM, "PUPR")
    stranger, leader = an_officer(rt, "b", "regency", BOGOR), an_officer(rt, "l", "leader", MUARA_ENIM)
    keep_template(rt, admin, name="  Sudah  dijadwalkan ", body="Laporan {nomor} dijadwalkan {dinas}.")
    kept = list_templates(rt, admin)
    assert [(t.name, t.body, t.changed_by) for t in kept] == [
        ("Sudah dijadwalkan", "Laporan {nomor} dijadwalkan {dinas}.", "a")
    ]
    assert list_templates(rt, unit) == kept
    assert list_templates(rt, stranger) == list_templates(rt, leader) == []
    for other in (stranger, leader, unit):
        with pytest.raises(NotYours):
            keep_template(rt, other, name="x", body="y", template_id=kept[0].id)
        with pytest.raises(NotYours):
            answer_templates.drop_template(rt, other, kept[0].id)
    with pytest.raises(NotYours):
        answer_templates.find_template(rt, stranger, kept[0].id)
    keep_template(rt, stranger, name="Sudah dijadwalkan", body="another desk may call it so too")
    answer_templates.drop_template(rt, admin, kept[0].id)
    assert list_templates(rt, admin) == []


def test_names_and_fields_are_checked_when_it_is_written(rt: Runtime) -> None:
    admin = an_officer(rt, "a", "regency", MUARA_ENIM)
    keep_template(rt, admin, name="Satu", body="x")
    keep_template(rt, admin, name="Dua", body="y")
    two = next(t for t in list_templates(rt, admin) if t.name == "Dua")
    with pytest.raises(NameTaken):
        keep_template(rt, admin, name="Satu", body="z")
    with pytest.raises(NameTaken):
        keep_template(rt, admin, name="Satu", body="z", template_id=two.id)
    with pytest.raises(UnknownField):
        keep_template(rt, admin, name="Tiga", body="Halo {nama}")
    for name, body in (("", "x"), ("x", " ")):
        with pytest.raises(EmptyText):
            keep_template(rt, admin, name=name, body=body)
    keep_template(rt, admin, name="Dua", body="baru", template_id=two.id)
    assert {t.name: t.body for t in list_templates(rt, admin)} == {"Satu": "x", "Dua": "baru"}
