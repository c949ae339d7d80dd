"""A decision in two sentences, and two decisions compared."""

from __future__ import annotations

import pytest

from intake.understand.locate import Hints, compare, explain_in_words, locate


@pytest.mark.parametrize(
    "text",
    [
        "jalan rusak di desa Tegal Rejo, kec. Lawang Kidul, kab. Muara Enim",
        "bandung macet parah",
        "desa sukamaju jalan rusak",
        "lampu mati tolong",
        "saya asal Palembang, jalan di Muara Enim rusak",
        "Jl. Sudirman no. 5. Kel. Pluit. Banjir.",
    ],
)
def test_an_explanation_is_two_sentences(text: str) -> None:
    told = explain_in_words(locate(text))
    assert told.count(". ") == 1
    assert told.endswith(".")


def test_it_names_the_place_and_the_reason() -> None:
    told = explain_in_words(locate("jalan rusak di desa Tegal Rejo, kec. Lawang Kidul, kab. Muara Enim"))
    assert "Kabupaten Muara Enim, Sumatera Selatan" in told
    assert "Tegal Rejo" in told
    assert '"Lawang Kidul"' in told


def test_it_names_what_speaks_against() -> None:
    told = explain_in_words(locate("saya asal Palembang, jalan di Muara Enim rusak"))
    assert 'tidak mendukung: "Palembang"' in told


def test_a_hint_is_told_as_one() -> None:
    told = explain_in_words(locate("bandung macet", hints=Hints((("32.73", 300.0),))))
    assert "petunjuk saluran" in told


def test_a_new_result_that_goes_elsewhere_is_a_move() -> None:
    here, there = locate("kabupaten Muara Enim"), locate("kota Kupang")
    assert compare(here, there).moved
    assert not compare(here, here).moved
    assert compare(here, there).before.startswith("16.03 (")
    assert compare(locate("lampu mati"), here).before == "none"
