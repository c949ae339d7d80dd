"""References: short, unique, safe to read out and to mistype."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.domain.reference import ALPHABET, CAPACITY, reference_of, references_in, report_id_of

ids = st.integers(0, CAPACITY - 1)


@given(ids)
def test_a_reference_leads_back_to_its_report(report_id: int) -> None:
    assert report_id_of(reference_of(report_id)) == report_id


@given(ids)
def test_case_spaces_and_dashes_do_not_matter(report_id: int) -> None:
    reference = reference_of(report_id)
    assert report_id_of(reference.lower().replace("-", "")) == report_id
    assert report_id_of(f" {reference.replace('-', ' ')} ") == report_id


@given(ids, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(report_id: int, place: int, other: str) -> None:
    plain = reference_of(report_id).replace("-", "")
    wrong = plain[:place] + other + plain[place + 1 :]
    assert (report_id_of(wrong) == report_id) == (wrong == plain)
    if wrong != plain:
        assert report_id_of(wrong) is None


@given(ids, st.integers(0, 5))
def test_two_swapped_neighbours_are_noticed(report_id: int, place: int) -> None:
    plain = reference_of(report_id).replace("-", "")
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    if swapped != plain:
        assert report_id_of(swapped) is None


def test_neighbours_do_not_share_a_reference_or_look_alike() -> None:
    references = [reference_of(number) for number in range(1000, 1200)]
    assert len(set(references)) == 200
    assert len({reference[:3] for reference in references}) > 150


def test_no_character_is_mistaken_for_another() -> None:
    assert not set("01OILUV") & set(ALPHABET)


def test_references_in_a_sentence() -> None:
    reference = reference_of(4711)
    assert list(references_in(f"pak yg {reference.lower()}, blm ada tindakan")) == [4711]
    assert list(references_in("jalan rusak di desa kami")) == []


@pytest.mark.parametrize("report_id", [-1, CAPACITY])
def test_no_reference_beyond_the_capacity(report_id: int) -> None:
    with pytest.raises(ValueError, match="no reference"):
        reference_of(report_id)
