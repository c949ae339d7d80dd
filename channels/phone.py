"""Telephone numbers as people and gateways write them, made one: E.164.

Surprises: Indonesians write ``0811...`` and mean ``+62811...``; gateways drop the plus sign. Short codes (``1708``) and
names (``BANK ABC``) are senders too, but nobody can answer them. We ask whether a number is *possible*, never whether
it is assigned: number plans change faster than tables, and a report is not thrown away for a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

HOME_REGION = "ID"
_SHORT_CODE = re.compile(r"\+?[0-9]{2,8}", re.ASCII)
_WRITTEN_NUMBER = re.compile(r"[+(]?[0-9][0-9 ()./-]*", re.ASCII)
_INTERNATIONAL_PREFIX = re.compile(r"00[1-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Who sent an SMS: a number in E.164, or the name or short code as it came."""

    address: str
    answerable: bool


def read_correspondent(written: str) -> Correspondent:
    """The sender of an SMS. Not answerable: names, short codes, and what cannot be a number. Never raises."""
    written = written.replace("\x00", "").strip()
    number = normalise_number(written)
    return Correspondent(number, True) if number else Correspondent(written, False)


def normalise_number(written: str) -> str | None:
    """E.164 of a number written at home or abroad, or None for a name, a short code, or no possible number."""
    written = written.strip()
    if _is_plain_and_at_home(written):
        return written
    if not _WRITTEN_NUMBER.fullmatch(written) or _SHORT_CODE.fullmatch(re.sub(r"[^+0-9]", "", written)):
        return None
    if _INTERNATIONAL_PREFIX.match(written):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, HOME_REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_plain_and_at_home(written: str) -> bool:
    """Whether this is E.164 of our own country already, of a possible length: nearly every sender. The library finds the
    same, but takes fifty times as long.
    """
    prefix, lengths = _at_home()
    digits = written[len(prefix) :]
    return (
        len(digits) in lengths
        and written.startswith(prefix)
        and digits.isascii()
        and digits.isdecimal()
        and digits[0] != "0"  # the national prefix: the library takes it away
    )


@lru_cache(maxsize=1)
def _at_home() -> tuple[str, frozenset[int]]:
    """How E.164 numbers of our country begin, and how many digits may follow."""
    known: Any = phonenumbers.PhoneMetadata.metadata_for_region(HOME_REGION)
    return f"+{known.country_code}", frozenset(known.general_desc.possible_length)


def prime() -> None:
    """Load the number tables now, so that the first citizen does not wait for them."""
    normalise_number("08110000001")
