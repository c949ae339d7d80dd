"""What the form of a message says it wants."""

from __future__ import annotations

import pytest

from intake import converse
from intake.domain.reference import reference_of
from intake.understand.answer import chosen
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
        "CEK",
        "status tanah warga",
        "cek 1234567",
        "",
    ],
)
def test_a_report_that_begins_like_a_command_is_a_report(said: str) -> None:
    assert converse.read(an_sms(said)).kind == "report"


def test_references_are_noticed_also_in_the_subject() -> None:
    assert converse.read(a_mail("masih rusak", subject=f"Re: x [{REFERENCE}]")).mentioned == (4711,)


def test_a_machine_is_a_machine() -> None:
    assert converse.read(a_mail(f"CEK {REFERENCE}", automatic="list")).kind == "automatic"


@pytest.mark.parametrize("said", ["2", " 2 ", "(2)", "no 2", "No. 2", "nomor 2", "pilih 2", "2."])
def test_a_number_chooses(said: str) -> None:
    assert chosen(said, ["32.01", "32.71"]) == "32.71"


@pytest.mark.parametrize("said", ["3", "0", "12", "2 kota bogor", "dua", "", "jl no 2"])
def test_anything_else_does_not(said: str) -> None:
    assert chosen(said, ["32.01", "32.71"]) is None
