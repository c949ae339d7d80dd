"""Cutting a text: offsets that hold, spellings that meet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.understand.locate.tokens import LONGEST_TEXT, cut, key_of, plain


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pekanbaru", "pekan baru"),
        ("Bau-Bau", "baubau"),
        ("Ma'u", "Mau"),
        ("Muaro Bungo", "Muara Bungo"),
        ("Sei Rampah", "Sungai Rampah"),
        ("Tj. Enim", "Tanjung Enim"),
        ("Poigar II", "poigar dua"),
        ("Koto XI Tarusan", "Koto 11 Tarusan"),
        ("Kep. Sula", "Kepulauan Sula"),
        ("Mns. Lhok", "Meunasah Lhok"),
    ],
)
def test_two_spellings_have_one_key(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_koto_is_not_kota() -> None:
    assert key_of("Koto Baru") != key_of("Kotabaru")


@given(st.text(max_size=300))
@settings(deadline=None)
def test_every_token_stands_where_it_says(text: str) -> None:
    readable = plain(text)
    assert len(readable) == len(text)
    for token in cut(readable):
        assert readable[token.start : token.end] == token.raw


def test_a_text_is_read_to_the_longest_length() -> None:
    assert len(plain("é" * (LONGEST_TEXT + 5))) == LONGEST_TEXT


def test_words_glued_by_capitals_are_parted() -> None:
    assert [token.text for token in cut(plain("#BanjirSamarinda SARJepara"))] == [
        "banjir",
        "samarinda",
        "sar",
        "jepara",
    ]


def test_full_width_and_invisible_characters_do_not_matter() -> None:
    assert key_of("Ｍｅｄａｎ") == "medan"
    assert key_of("Me\u200bdan") == "medan"
    assert key_of("Bérau") == "berau"
