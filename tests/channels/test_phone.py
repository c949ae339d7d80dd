"""Numbers as people and gateways write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.phone import normalise_number, read_correspondent


@pytest.mark.parametrize(
    "written",
    ["081100000123", "0811-0000-0123", "(0811) 0000 0123", "+62 811 0000 0123", "6281100000123", "81100000123",
     "006281100000123", "+62 0811 0000 0123", "\x00081100000123 "],
)  # fmt: skip
def test_one_number_in_many_spellings(written: str) -> None:
    assert (read_correspondent(written).address, read_correspondent(written).answerable) == ("+6281100000123", True)


@pytest.mark.parametrize(
    ("written", "number"),
    [("+85251234567", "+85251234567"), ("0274512345", "+62274512345"), ("+14155550123", "+14155550123")],
)
def test_landlines_and_foreign_numbers(written: str, number: str) -> None:
    assert normalise_number(written) == number


@pytest.mark.parametrize(
    "written",
    ["1708", "+1708", "4444", "12345678", "BANK MAJU", "Anonymous", "", "+", "0", "+62811", "1-800-FLOWERS", "08" * 20,
     "whatsapp:+6281100000123", "081100000123x9", "٠٨١١٠٠٠٠٠١٢٣", "lapor@example.id"],
)  # fmt: skip
def test_nobody_to_answer(written: str) -> None:
    assert normalise_number(written) is None
    assert read_correspondent(written).address == written
    assert not read_correspondent(written).answerable


@given(st.text(max_size=40))
def test_any_sender_is_read(written: str) -> None:
    read = read_correspondent(written)
    assert not read.answerable or re.fullmatch(r"\+[1-9][0-9]{5,16}", read.address)
    if read.answerable:
        assert normalise_number(read.address) == read.address


_DIGITS = st.text("0123456789", max_size=19)


@given(st.one_of(_DIGITS.map("+62{}".format), _DIGITS.map("+628{}".format), _DIGITS.map("+6221{}".format)))
def test_the_short_way_for_numbers_at_home_finds_what_the_library_finds(written: str) -> None:
    padded = f"{written[:3]} {written[3:]}"  # a space: the short way does not take it
    assert normalise_number(written) == normalise_number(padded)
