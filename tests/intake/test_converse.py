"""What the form of a message says it wants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from intake import converse
from intake.converse import NO_REPORT
from intake.domain.reference import reference_of
from intake.understand.answer import chosen, refuses_all
from tests.factories import a_mail, an_sms

REFERENCE = reference_of(4711)


@pytest.mark.parametrize(
    "said",
    [f"CEK {REFERENCE}", f"cek {REFERENCE.lower()}", f"Status: {REFERENCE.replace('-', ' ')}.", f"cek#{REFERENCE}"],
)
def test_a_command_is_the_whole_message(said: str) -> None:
    reading = converse.read(an_sms(said))
    assert (reading.kind, reading.command, reading.subject_id) == ("command", "cek", 4711)


@pytest.mark.parametrize(
    "said",
    [
        "cek kondisi jalan di desa kami pak",
        f"cek {REFERENCE} kok belum diperbaiki",
        f"{REFERENCE} 2 lampu lagi mati",
        f"{REFERENCE} 6",
        "status tanah warga",
        "stop dulu pembangunan ini",
        "kami minta stop sekarang juga",
        "STOP 12345",
        "berhenti buang sampah di sungai",
        "batalkan proyek itu",
        "buka jalan yang ditutup",
        "selesai dari mana, masih rusak",
        "bantuan sosial tidak merata",
        "mulai kemarin air mati",
        "lanjutkan pembangunan jalan desa",
        "rahasia umum kades korupsi",
        "anonim saja ya, kades minta uang",
        "nilai 4",
        "puas",
        "beres",
        "cabut",
        "tolong",
        "5",
        "",
    ],
)
def test_a_report_that_begins_like_a_command_is_a_report(said: str) -> None:
    assert converse.read(an_sms(said)).kind == "report"


@pytest.mark.parametrize(
    ("said", "command", "subject", "score"),
    [
        ("CEK", "cek", None, None),
        ("cek laporan saya pak", "cek", None, None),
        ("STATUS", "cek", None, None),
        (f"cek{REFERENCE}", "cek", 4711, None),
        (f"laporan {REFERENCE} status", "cek", 4711, None),
        ("cek 9QZ-AQ3H", "cek", NO_REPORT, None),
        ("cek 1234567", "cek", NO_REPORT, None),
        (f"BATAL {REFERENCE}", "batal", 4711, None),
        (f"batalkan laporan saya {REFERENCE} pak", "batal", 4711, None),
        (f"1708 BATAL {REFERENCE}", "batal", 4711, None),
        ("batal", "batal", None, None),
        (f"{REFERENCE} BUKA", "buka", 4711, None),
        (f"buka lagi {REFERENCE}", "buka", 4711, None),
        (f"selsai {REFERENCE}", "selesai", 4711, None),
        (f"selesia {REFERENCE}", "selesai", 4711, None),
        ("sudah selesai pak", "selesai", None, None),
        (f"{REFERENCE} 5", "nilai", 4711, 5),
        (f"({REFERENCE}) 3", "nilai", 4711, 3),
        (f"nilai {REFERENCE} 4 pak", "nilai", 4711, 4),
        (f"RAHASIA {REFERENCE}", "rahasia", 4711, None),
        (f"anonym {REFERENCE}", "anonim", 4711, None),
        ("BANTUAN", "bantuan", None, None),
        ("help", "bantuan", None, None),
        ("STOP", "stop", None, None),
        ("Stop. Terima kasih", "stop", None, None),
        ("berhenti sms", "stop", None, None),
        ("UNSUBSCRIBE", "stop", None, None),
        ("MULAI", "mulai", None, None),
        ("lanjut", "mulai", None, None),
    ],
)
def test_commands_are_forgiven_their_spelling(said: str, command: str, subject: int | None, score: int | None) -> None:
    reading = converse.read(an_sms(said))
    assert (reading.kind, reading.command, reading.subject_id, reading.score) == ("command", command, subject, score)


def test_a_command_in_answer_to_a_letter_is_about_the_report_of_its_subject() -> None:
    reading = converse.read(a_mail("SELESAI", subject=f"Re: Jalan rusak [{REFERENCE}]"))
    assert (reading.command, reading.subject_id) == ("selesai", 4711)


@pytest.mark.parametrize(("word", "command"), [("STOP", "stop"), ("START", "mulai"), ("HELP", "bantuan")])
def test_what_the_provider_answered_is_not_answered_again(word: str, command: str) -> None:
    reading = converse.read(replace(an_sms("whatever was typed"), extra={"opt_out": word}))
    assert (reading.kind, reading.command, reading.answered_already) == ("command", command, True)


@pytest.mark.parametrize(
    ("text", "fills"),
    [("a" * 149, False), ("a" * 150, True), ("a" * 160, True), ("a" * 161, False), ("€" * 75, True), ("‘" * 63, True),
     ("‘" * 62, False), ("", False)],
)  # fmt: skip
def test_a_text_that_fills_its_sms_may_go_on(text: str, fills: bool) -> None:
    assert converse.fills_one_sms(text) is fills


def test_references_are_noticed_also_in_the_subject() -> None:
    assert converse.read(a_mail("masih rusak", subject=f"Re: x [{REFERENCE}]")).mentioned == (4711,)


def test_a_machine_is_a_machine() -> None:
    assert converse.read(a_mail(f"CEK {REFERENCE}", automatic="list")).kind == "automatic"


@pytest.mark.parametrize("said", ["2", " 2 ", "(2)", "no 2", "No. 2", "nomor 2", "pilih 2", "2."])
def test_a_number_chooses(said: str) -> None:
    assert chosen(said, ["32.01", "32.71"]) == "32.71"


@pytest.mark.parametrize(
    "said", ["dua", "yang kedua", "2 ya pak", "2 kota bogor", "kota bogor", "bogor kota", "yg kota"]
)
def test_a_name_or_a_word_chooses_too(said: str) -> None:
    assert chosen(said, ["32.01", "32.71"]) == "32.71"


@pytest.mark.parametrize("said", ["lain", "yang lain pak", "bukan keduanya", "Tidak ada", "bukan"])
def test_none_of_these(said: str) -> None:
    assert refuses_all(said)
    assert chosen(said, ["32.01", "32.71"]) is None


@pytest.mark.parametrize("said", ["3", "0", "12", "1 kota bogor", "bogor", "dua hari lagi", "", "jl no 2"])
def test_anything_else_does_not(said: str) -> None:
    assert chosen(said, ["32.01", "32.71"]) is None
