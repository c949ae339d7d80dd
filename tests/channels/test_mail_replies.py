"""Replies in the shapes of the mail programs Indonesians use: what is new in them, and nothing less."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.mail_text import is_forward, read_reply

CASES = [
    case.partition("\n")
    for case in (Path(__file__).parent / "replies" / "indonesian.txt").read_text().split("\n=== ")[1:]
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_what_a_person_would_keep(case: tuple[str, str, str]) -> None:
    letter, _, kept = case[2].partition("--- kept\n")
    assert read_reply(letter).split() == kept.split()


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 40
    assert len({name for name, _, _ in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("subject", "forwarded"),
    [
        ("Fwd: Jembatan putus", True),
        ("FW: Jembatan putus", True),
        ("Trs: Jembatan putus", True),
        ("Terusan: Jembatan putus", True),
        ("Re: Jembatan putus", False),
        ("Forward jembatan", False),
        ("", False),
    ],
)
def test_subjects_of_forwarded_letters(subject: str, forwarded: bool) -> None:
    assert is_forward(subject) == forwarded


def test_what_was_forwarded_is_kept_where_it_looks_like_history() -> None:
    letter = """Mohon ditindaklanjuti.

Dari: Siti <siti@example.id>
Dikirim: Senin, 02 November 2026 10.15
Kepada: Budi <budi@example.id>
Perihal: Jembatan putus

Jembatan Tanjung Agung putus."""
    assert read_reply(letter, forwarded=True) == letter
    assert read_reply(letter) == "Mohon ditindaklanjuti."


@pytest.mark.parametrize(
    "ruler",
    [
        "---------- Forwarded message ---------",
        "---------- Pesan terusan ---------",
        "-------- Pesan yang Diteruskan --------",
        "Begin forwarded message:",
        "Awal pesan diteruskan:",
    ],
)
def test_a_forwarded_letter_is_kept_whole(ruler: str) -> None:
    letter = (
        f"Ini dari tetangga.\n\n{ruler}\nDari: Siti <siti@example.id>\nPerihal: Jembatan\nKe: Budi\n\nJembatan putus."
    )
    assert read_reply(letter).split() == letter.split()


def test_history_with_nothing_written_above_it_is_what_was_meant() -> None:
    letter = (
        "Dari: Siti <siti@example.id>\nDikirim: 2 November 2026\nKepada: Budi\nPerihal: Jembatan\n\nJembatan putus."
    )
    assert read_reply(letter) == letter


def test_a_quotation_that_makes_a_point_is_kept() -> None:
    letter = "> Pasal 5: jalan desa menjadi tanggung jawab kabupaten.\n\nMengapa tidak diperbaiki?"
    assert read_reply(letter) == letter
