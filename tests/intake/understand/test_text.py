"""Spelling for matching: abbreviations, repeated letters, doubled words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from intake.understand.text import MAX_LENGTH_CHARS, clean, fold, words_of


def test_abbreviations_repetition_and_doubling_are_spelled_out() -> None:
    assert words_of("jln2 di kmpg sy rsk parahhhh, blm jg dprbaiki") == [
        "jalan", "di", "kampung", "saya", "rusak", "parah", "belum", "juga", "diperbaiki",
    ]  # fmt: skip
    assert words_of("anak-anak jalan-jalan gorong2") == ["anak", "jalan", "gorong"]
    assert words_of("bayar 100rb atau 2jt") == ["bayar", "100", "ribu", "atau", "2", "juta"]


def test_invisible_marks_and_wide_letters_do_not_hide_words() -> None:
    assert clean("J\u200bALAN ｒｕｓａｋ") == "jalan rusak"


def test_long_texts_are_read_from_both_ends() -> None:
    text = "awal " + "x" * 30_000 + " akhir"
    cleaned = clean(text)
    assert len(cleaned) <= MAX_LENGTH_CHARS + 1
    assert cleaned.startswith("awal")
    assert cleaned.endswith("akhir")


@given(st.text(max_size=300))
def test_folding_twice_changes_nothing_more_than_folding_once_for_plain_words(text: str) -> None:
    assert isinstance(fold(text), str)
    assert fold(text) == fold(text.upper().lower()) or not text.isascii()
