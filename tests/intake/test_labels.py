"""Corrections become labels; several citizens' reports of one matter become one, and part again."""

from __future__ import annotations

import csv
import io
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from intake import desk, labels, merging, report_file
from intake.cli import main
from intake.domain.reference import reference_of
from intake.domain.report import State, StepNotAllowed
from intake.labels import NotAChoice, without_identities
from intake.receive import receive
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage import corrections, officers
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import CLEAR_TEXT, MUARA_ENIM, OTHER_PHONE, an_sms
from workers import jobs


def an_officer(rt: Runtime, username: str, regency: str | None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=username, name=username, password="kata-sandi-contoh",
            role="regency" if regency else "central", regency=regency,
        )  # fmt: skip
    assert made is not None
    return made


@pytest.fixture
def own(rt: Runtime) -> Officer:
    return an_officer(rt, "muaraenim", MUARA_ENIM)


def a_report(rt: Runtime, said: str = CLEAR_TEXT, *, sender: str = "+628110000001") -> str:
    kept = receive(rt, "sms_twilio", an_sms(said, sender=sender)).remembered
    assert kept is not None
    jobs.carry_out(rt, Job.PROCESS)
    return reference_of(kept.message_id)


def the_labels(rt: Runtime) -> list[tuple[str, str | None, str | None]]:
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select field, shown, chosen from correction order by id"))
        return [(row.field, row.shown, row.chosen) for row in rows]


def test_a_correction_is_a_label_with_what_was_shown(rt: Runtime, own: Officer) -> None:
    reference = a_report(rt)
    report = labels.correct(rt, own, reference, {"topic": "INF.02", "urgency": "tinggi", "type": "pengaduan"})
    assert (report.topic, report.urgency) == ("INF.02", "tinggi")
    assert ("topic", "INF.01", "INF.02") in the_labels(rt)
    assert not [label for label in the_labels(rt) if label[0] == "type"]
    with rt.engine.connect() as connection:
        assert report_file.open_file(connection, own, reference).history[-1].action == "corrected"


def test_a_new_topic_brings_its_unit(rt: Runtime, own: Officer) -> None:
    reference = a_report(rt)
    report = labels.correct(rt, own, reference, {"topic": "KES.01"})
    assert report.unit is not None
    assert "Kesehatan" in report.unit
    again = labels.correct(rt, own, reference, {"unit": "Puskesmas Tanjung"})
    assert again.unit == "Puskesmas Tanjung"


@pytest.mark.parametrize(
    "values", [{"topic": "XXX.99"}, {"type": "keluhan"}, {"urgency": "gawat"}, {"unit": "x" * 201}]
)
def test_what_is_no_choice_is_refused(rt: Runtime, own: Officer, values: dict[str, str]) -> None:
    with pytest.raises(NotAChoice):
        labels.correct(rt, own, a_report(rt), values)
    assert the_labels(rt) == []


def test_a_stranger_corrects_nothing(rt: Runtime) -> None:
    with pytest.raises(NotYours):
        labels.correct(rt, an_officer(rt, "bogor", "32.01"), a_report(rt), {"topic": "INF.02"})


def test_sending_back_and_routing_are_labels_too(rt: Runtime, own: Officer) -> None:
    reference = a_report(rt)
    desk.send_back(rt, own, reference, reason="di Bogor")
    desk.route(rt, an_officer(rt, "pusat", None), reference, regency="32.01")
    assert the_labels(rt) == [("regency", MUARA_ENIM, None), ("regency", MUARA_ENIM, "32.01")]
    with rt.engine.connect() as connection:
        [row] = corrections.labelled(connection)
        assert row.regency == "32.01"
        [kept] = [each for each in corrections.quality(connection) if each.field == "regency"]
    assert (kept.guessed, kept.kept) == (1, 0)


def test_the_first_guess_is_measured(rt: Runtime, own: Officer) -> None:
    one, other = a_report(rt), a_report(rt, sender=OTHER_PHONE)
    desk.answer(rt, own, one, words="Besok.")
    labels.correct(rt, own, other, {"topic": "INF.02"})
    with rt.engine.connect() as connection:
        found = {each.field: (each.kept, each.guessed) for each in corrections.quality(connection, regency=MUARA_ENIM)}
        assert corrections.quality(connection, regency="32.01") == []
    assert found["topic"] == (1, 2)
    assert found["regency"] == (2, 2)


def test_the_export_names_nobody(rt: Runtime, own: Officer) -> None:
    said = f"Nama saya Budi Contoh hp 0811 0000 123, NIK 1603012345678901, a.b@example.com. {CLEAR_TEXT}"
    labels.correct(rt, own, a_report(rt, said), {"topic": "INF.02"})
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}
    printed = CliRunner(env=environ).invoke(main, ["corrections", "export"])
    [row] = list(csv.DictReader(io.StringIO(printed.stdout)))
    assert row["topic"] == "INF.02"
    assert "Tegal Rejo" in row["text"]
    for personal in ("Budi", "0811", "1603012345678901", "a.b@example.com", "+62811"):
        assert personal not in printed.stdout
    measured = CliRunner(env=environ).invoke(main, ["quality", "--json"])
    assert json.loads(measured.stdout)["topic"] == {"guessed": 1, "kept": 0}


def test_numbers_of_streets_stay_and_numbers_of_people_go() -> None:
    kept = without_identities("RT 04 RW 02 no 12, hub +62 811-0000-123 atau https://example.com/x")
    assert kept == "RT 04 RW 02 no 12, hub <nomor> atau <tautan>"


def test_similar_reports_are_suggested_merged_and_answered_together(rt: Runtime, own: Officer) -> None:
    one = a_report(rt)
    other = a_report(
        rt, "Jalan rusak parah di desa Tegal Rejo Lawang Kidul kab Muara Enim tolong diperbaiki", sender=OTHER_PHONE
    )
    far = a_report(rt, "jalan berlubang di kecamatan Gelumbang Muara Enim dekat pasar lama", sender="+628110000003")
    with rt.engine.connect() as connection:
        found = merging.similar(connection, own, report_file.find(connection, own, one))
    assert [each.reference for each in found][:1] == [other]
    assert far not in [each.reference for each in found]
    child = merging.merge(rt, own, other, into=one)
    assert child.state is State.DIGABUNG
    desk.answer(rt, own, one, words="Besok diperbaiki.")
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select recipient, text from reply where kind = 'answered' order by id")).all()
    assert [row.recipient for row in rows] == ["+628110000001", OTHER_PHONE]
    assert one in rows[0].text
    assert other in rows[1].text
    parted = merging.part(rt, own, other)
    assert (parted.state, parted.merged_into) == (State.TERDISPOSISI, None)


def test_no_chains_and_no_strangers_in_a_merger(rt: Runtime, own: Officer) -> None:
    one, other, third = (a_report(rt, sender=f"+62811000000{n}") for n in (1, 2, 3))
    merging.merge(rt, own, other, into=one)
    with pytest.raises(StepNotAllowed):
        merging.merge(rt, own, third, into=other)
    with pytest.raises(StepNotAllowed):
        merging.merge(rt, own, one, into=third)
    with pytest.raises(NotYours):
        merging.merge(rt, own, third, into=third)
    with pytest.raises(NotYours):
        merging.merge(rt, an_officer(rt, "bogor", "32.01"), third, into=one)
