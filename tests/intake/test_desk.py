"""What officers may do, and what they may not even know of."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text

from intake import desk, labels, merging, report_file, search
from intake.desk import EmptyText
from intake.domain.password import WeakPassword
from intake.domain.reference import reference_of
from intake.domain.report import State, StepNotAllowed
from intake.receive import receive
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.search import Wanted
from intake.storage import officers, replies
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from tests.factories import MUARA_ENIM, an_sms
from workers import jobs

PASSWORD = "kata-sandi-contoh"


def an_officer(rt: Runtime, username: str, regency: str | None) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username=username, name=username, password=PASSWORD,
            role="regency" if regency else "central", regency=regency,
        )  # fmt: skip
    assert made is not None
    return made


@pytest.fixture
def own(rt: Runtime) -> Officer:
    return an_officer(rt, "muaraenim", MUARA_ENIM)


@pytest.fixture
def stranger(rt: Runtime) -> Officer:
    return an_officer(rt, "bogor", "32.01")


@pytest.fixture
def central(rt: Runtime) -> Officer:
    return an_officer(rt, "pusat", None)


def a_leader(rt: Runtime, regency: str = MUARA_ENIM) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="bupati", name="Bupati", password=PASSWORD, role="leader", regency=regency
        )
    assert made is not None
    return made


@pytest.fixture
def reference(rt: Runtime) -> str:
    """A report at the desk of Muara Enim."""
    remembered = receive(rt, "sms_twilio", an_sms()).remembered
    assert remembered is not None
    jobs.carry_out(rt, Job.PROCESS)
    return reference_of(remembered.message_id)


def said(rt: Runtime) -> list[str]:
    with rt.engine.connect() as connection:
        return list(connection.execute(text("select kind from reply order by id")).scalars())


def seen(rt: Runtime, officer: Officer) -> list[str]:
    with rt.engine.connect() as connection:
        return [row.reference for row in search.inbox(connection, officer, now=rt.clock())]


def test_a_regency_sees_its_own_and_the_centre_what_is_unclear(
    rt: Runtime, reference: str, own: Officer, stranger: Officer, central: Officer
) -> None:
    unclear = receive(rt, "sms_twilio", an_sms("lampu jalan mati", sender="")).remembered
    assert unclear is not None
    jobs.carry_out(rt, Job.PROCESS)
    assert seen(rt, own) == [reference]
    assert seen(rt, stranger) == []
    assert seen(rt, central) == [reference_of(unclear.message_id)]


DOINGS: list[Callable[[Runtime, Officer, str], object]] = [
    lambda rt, who, which: desk.answer(rt, who, which, words="x"),
    desk.close,
    lambda rt, who, which: desk.send_back(rt, who, which, reason="x"),
    desk.take_up,
    lambda rt, who, which: desk.archive(rt, who, which, reason="x"),
    desk.restore,
    lambda rt, who, which: desk.route(rt, who, which, regency="32.01"),
    lambda rt, who, which: desk.ask(rt, who, which, question="x"),
    lambda rt, who, which: desk.pass_on(rt, who, which, target="x", reason="x"),
    lambda rt, who, which: desk.add_note(rt, who, which, words="x"),
    lambda rt, who, which: labels.correct(rt, who, which, {"urgency": "tinggi"}),
    lambda rt, who, which: merging.merge(rt, who, which, into=which),
    merging.part,
]


@pytest.mark.parametrize("doing", DOINGS)
def test_a_stranger_can_do_nothing_and_learns_nothing(
    rt: Runtime, reference: str, stranger: Officer, doing: Callable[[Runtime, Officer, str], object]
) -> None:
    with pytest.raises(NotYours):
        doing(rt, stranger, reference)
    with pytest.raises(NotYours):
        doing(rt, stranger, reference_of(123_456))
    with rt.engine.connect() as connection:
        assert report_file.find(connection, an_officer(rt, "p", None), reference).state is State.TERDISPOSISI


@pytest.mark.parametrize("doing", DOINGS)
def test_a_leader_looks_on_and_changes_nothing(
    rt: Runtime, reference: str, doing: Callable[[Runtime, Officer, str], object]
) -> None:
    leader = a_leader(rt)
    with pytest.raises(NotYours):
        doing(rt, leader, reference)
    with rt.engine.connect() as connection:
        assert report_file.find(connection, leader, reference).state is State.TERDISPOSISI
        with pytest.raises(NotYours):
            report_file.find(connection, a_leader_of_bogor(rt), reference)


def a_leader_of_bogor(rt: Runtime) -> Officer:
    with rt.engine.begin() as connection:
        made = officers.add(
            connection, username="bupati-bogor", name="B", password=PASSWORD, role="leader", regency="32.01"
        )
    assert made is not None
    return made


def test_passed_on_the_clock_rests_and_the_citizen_is_told(rt: Runtime, reference: str, own: Officer) -> None:
    with pytest.raises(EmptyText):
        desk.pass_on(rt, own, reference, target="PLN", reason=" ")
    report = desk.pass_on(rt, own, reference, target=" PLN  ULP Muara Enim ", reason="jaringan listrik")
    assert report.state is State.DITERUSKAN
    with rt.engine.connect() as connection:
        last = replies.of_report(connection, report.id)[-1]
        standing = report_file.open_file(connection, own, reference).standing
    assert "diteruskan ke PLN ULP Muara Enim" in last.text
    assert standing is not None
    assert standing.next_due is None
    desk.answer(rt, own, reference, words="Tiang sudah diganti PLN.")


def test_a_note_is_for_colleagues_only(rt: Runtime, reference: str, own: Officer) -> None:
    before = said(rt)
    desk.add_note(rt, own, reference, words="  Kades sudah ditelepon. ")
    with rt.engine.connect() as connection:
        file = report_file.open_file(connection, own, reference)
    assert [(note.text, note.officer) for note in file.notes] == [("Kades sudah ditelepon.", "muaraenim")]
    assert said(rt) == before
    assert all("Kades" not in str(step) for step in file.history)


def listed(rt: Runtime, officer: Officer, **asked: str) -> list[str]:
    with rt.engine.connect() as connection:
        rows = search.inbox(connection, officer, Wanted.of({"tampilan": "semua", **asked}), now=rt.clock())
    return [row.reference for row in rows]


def test_reports_are_found_by_stems_numbers_and_only_in_the_own_regency(
    rt: Runtime, reference: str, own: Officer, stranger: Officer, central: Officer
) -> None:
    for words in (
        "rusaknya jalan",
        '"jalan rusak"',
        "kerusakan",
        reference.lower(),
        "berlubang or rusak",
        "jalan -banjir",
    ):
        assert listed(rt, own, cari=words) == [reference], words
        assert listed(rt, stranger, cari=words) == [], words
    assert listed(rt, central, cari="jalan rusak") == [reference]
    assert listed(rt, own, cari="banjir") == []
    assert listed(rt, own, cari="jalan -rusak") == []
    for odd in ("'@32.01'", '"', "& | !", "16.03", "@16.03", ":*", "\\"):
        listed(rt, stranger, cari=odd)
        assert listed(rt, stranger, cari=odd) == []
    receive(rt, "sms_twilio", an_sms(f"{reference} dekat jembatan gantung"))
    jobs.carry_out(rt, Job.PROCESS)
    assert listed(rt, own, cari="jembatan") == [reference], "what was added later is found too"


def test_filters_narrow(rt: Runtime, reference: str, own: Officer) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update deadline set next_due = now() - interval '1 hour', soon_at = null"))
        day = connection.execute(text("select (opened_at at time zone 'Asia/Jakarta')::date from report")).scalar_one()
    for kept in (
        {"batas": "terlambat"}, {"topik": "INF.01"}, {"keadaan": "terdisposisi"}, {"saluran": "sms_twilio"},
        {"dari": str(day), "sampai": str(day)}, {"batas": "x", "keadaan": "y", "dari": "z"},
    ):  # fmt: skip
        assert listed(rt, own, **kept) == [reference], kept
    for none in (
        {"batas": "segera"}, {"topik": "KES.01"}, {"keadaan": "selesai"}, {"urgensi": "darurat"},
        {"sampai": "2020-01-01"}, {"saluran": "email_mime"}, {"unit": "Dinas Lain"},
    ):  # fmt: skip
        assert listed(rt, own, **none) == [], none
    with rt.engine.connect() as connection:
        assert search.counts(connection, own, now=rt.clock()).late == 1


def test_what_was_wanted_survives_its_address() -> None:
    asked = {"tampilan": "semua", "batas": "segera", "topik": "INF.01", "dari": "2026-01-02", "cari": "jalan rusak"}
    assert Wanted.of(asked).as_query() == asked
    assert Wanted.of({}).as_query() == {"tampilan": "perlu_tindakan"}


def test_an_answer_is_promised_to_the_citizen(rt: Runtime, reference: str, own: Officer) -> None:
    report = desk.answer(rt, own, reference, words="  Besok diperbaiki.  ")
    assert report.state is State.DITINDAKLANJUTI
    with rt.engine.connect() as connection:
        reply = replies.of_report(connection, report.id)[-1]
    assert "Besok diperbaiki." in reply.text
    assert reply.text.startswith(f"LAPOR {reference}: Kab. Muara Enim menjawab")
    with pytest.raises(EmptyText):
        desk.answer(rt, own, reference, words="  ")


def test_two_answers_at_once_are_one(rt: Runtime, reference: str, own: Officer) -> None:
    gate = threading.Barrier(2)
    outcomes: list[str] = []

    def click() -> None:
        gate.wait()
        try:
            desk.answer(rt, own, reference, words="Besok.")
            outcomes.append("sent")
        except StepNotAllowed:
            outcomes.append("told")

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["sent", "told"]
    assert said(rt).count("answered") == 1


def test_back_to_the_centre_and_on_to_the_right_one(
    rt: Runtime, reference: str, own: Officer, stranger: Officer, central: Officer
) -> None:
    with pytest.raises(EmptyText):
        desk.send_back(rt, own, reference, reason=" ")
    desk.send_back(rt, own, reference, reason="di Bogor")
    assert seen(rt, own) == []
    assert seen(rt, central) == [reference]
    desk.route(rt, central, reference, regency="32.01")
    assert seen(rt, stranger) == [reference]
    assert said(rt) == ["hand_over", "forwarded"]
    with pytest.raises(NotYours):
        desk.route(rt, central, reference, regency="99.99")


def test_the_whole_life(rt: Runtime, reference: str, own: Officer) -> None:
    desk.take_up(rt, own, reference)
    desk.answer(rt, own, reference, words="Besok.")
    receive(rt, "sms_twilio", an_sms(f"{reference} belum diperbaiki pak"))
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        assert report_file.find(connection, own, reference).state is State.DITANGGAPI_PELAPOR
    desk.answer(rt, own, reference, words="Sudah selesai hari ini.")
    desk.close(rt, own, reference)
    assert said(rt) == ["hand_over", "answered", "added", "answered", "closed"]
    receive(rt, "sms_twilio", an_sms(f"{reference} jalannya rusak lagi"))
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.connect() as connection:
        file = report_file.open_file(connection, own, reference)
    assert file.report.state is State.DIBUKA_KEMBALI
    assert len(file.conversation) == 3
    assert [step.to_state for step in file.history] == [
        "terdisposisi", "diproses", "ditindaklanjuti", "ditanggapi_pelapor", "ditindaklanjuti", "selesai",
        "dibuka_kembali",
    ]  # fmt: skip


def test_put_aside_and_restored(rt: Runtime, reference: str, own: Officer, central: Officer) -> None:
    desk.archive(rt, own, reference, reason="iseng")
    assert seen(rt, own) == []
    desk.restore(rt, own, reference)
    assert seen(rt, central) == [reference]


def test_what_a_page_offers_can_be_done(rt: Runtime, reference: str, own: Officer, central: Officer) -> None:
    with rt.engine.connect() as connection:
        report = report_file.find(connection, own, reference)
    assert report_file.may(report, own) == {
        "send_back", "take_up", "answer", "close", "archive", "ask", "pass_on", "merge", "correct", "note",
        "dispose", "block_sender",
    }  # fmt: skip
    assert report_file.may(report, a_leader(rt)) == frozenset()
    closed = desk.close(rt, own, reference)
    assert report_file.may(closed, central) == {"note", "block_sender", "reopen"}


def test_log_in_by_name_and_password(rt: Runtime, own: Officer) -> None:
    with rt.engine.begin() as connection:
        assert officers.log_in(connection, " MUARAENIM ", PASSWORD) == own
        assert officers.log_in(connection, "muaraenim", "wrong") is None
        assert officers.log_in(connection, "nobody", PASSWORD) is None
        officers.set_active(connection, own.id, active=False)
        assert officers.log_in(connection, "muaraenim", PASSWORD) is None


def test_names_are_taken_once_and_passwords_are_long(rt: Runtime, own: Officer) -> None:
    with rt.engine.begin() as connection:
        again = officers.add(
            connection, username="MuaraEnim", name="x", password=PASSWORD, role="central", regency=None
        )
        assert again is None
        with pytest.raises(WeakPassword):
            officers.add(connection, username="x", name="x", password="short", role="central", regency=None)
