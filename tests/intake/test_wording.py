"""Every sentence to a citizen fits its price: one GSM-7 part with its longest values."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

from channels.gsm import plan
from intake import wording
from intake.domain.report import State
from intake.understand.locate import regencies
from intake.wording import ANSWER_SEGMENTS, STATE_WORDS, Occasion, Wording
from intake.words import languages

REFERENCE = "W8W-QMHW"
LINK = f"https://lapor.kabupaten.example.go.id/lapor/{REFERENCE}?k={'w' * 20}"
LONGEST_REGENCY = max((regency.short for regency in regencies().values()), key=len)
LONGEST_STATE = max(STATE_WORDS.values(), key=len)
#: The pairs that are really asked for: a regency and the city of the same name, and the longest names.
PAIRS = [["Kab. Kotawaringin Barat", "Kab. Kotawaringin Timur"], ["Kab. Bogor", "Kota Bogor", "Kab. Bandung Barat"]]

SENTENCES: list[Callable[[Occasion], Wording]] = [
    lambda at: wording.acknowledged(at, regency=LONGEST_REGENCY),
    wording.acknowledged_for_triage,
    wording.ask_place,
    lambda at: wording.ask_which(at, places=PAIRS[0]),
    lambda at: wording.ask_which(at, places=PAIRS[1]),
    wording.emergency,
    lambda at: wording.emergency(at, numbers="112 (darurat), 0734 000000 (BPBD), 0734 000001 (RSUD)"),
    lambda at: wording.acknowledged_outside(at, regency=LONGEST_REGENCY, agency="Kantor Pertanahan (BPN) Kabupaten"),
    lambda at: wording.acknowledged_outside(at, regency=LONGEST_REGENCY, agency="PLN"),
    lambda at: wording.forwarded(at, regency=LONGEST_REGENCY),
    wording.added,
    wording.closed,
    lambda at: wording.status(at, state=LONGEST_STATE, place=LONGEST_REGENCY),
    wording.unknown_reference,
    wording.finished,
    wording.resent,
    wording.incomplete,
    wording.remind_place,
    lambda at: wording.which_report(at, other=REFERENCE, answer="3"),
    lambda at: wording.name_a_report(at, command="SELESAI", other=REFERENCE),
    wording.withdrawn,
    wording.reopened,
    wording.rated,
    wording.kept_secret,
    wording.kept_anonymous,
    wording.help_,
    wording.opted_out,
    wording.opted_in,
    wording.queued,
    wording.nothing_open,
]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_is_one_segment(sentence: Callable[[Occasion], Wording], language: str) -> None:
    said = sentence(Occasion("sms", REFERENCE, LINK, language))
    planned = plan(said.text)
    assert (planned.encoding, planned.segments) == ("gsm7", 1), (planned, said.text)
    assert said.subject == ""


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_mail_says_more_and_has_the_reference_in_its_subject(sentence: Callable[[Occasion], Wording]) -> None:
    said = sentence(Occasion("email", REFERENCE, LINK))
    assert REFERENCE in said.subject
    assert LINK in said.text
    assert "{" not in said.text + said.subject


@pytest.mark.parametrize("length", [10, 150, 400, 3000])
def test_an_answer_takes_three_segments_at_most_and_says_where_the_rest_is(length: int) -> None:
    answer = ("Perbaikan jalan dijadwalkan bulan depan. " * 100)[:length].strip()
    said = wording.answered(Occasion("sms", REFERENCE, LINK), office="Dinas PUPR", answer=answer)
    assert plan(said.text).segments <= ANSWER_SEGMENTS
    assert (answer in said.text) == (LINK not in said.text)
    assert REFERENCE in said.text


def test_a_typographic_answer_does_not_cost_double() -> None:
    said = wording.answered(Occasion("sms", REFERENCE, LINK), office="Dinas PUPR", answer="“Sudah” – kami perbaiki…")
    assert plan(said.text).encoding == "gsm7"


def test_braces_in_an_answer_are_the_officers_own() -> None:
    assert "{link}" in wording.answered(Occasion("email", REFERENCE, LINK), office="X", answer="{link} {0}").text
    assert "(0)" in wording.answered(Occasion("sms", REFERENCE, LINK), office="X", answer="(0) {x}").text


def test_every_state_has_its_words() -> None:
    assert set(STATE_WORDS) == {str(state) for state in State}


def test_no_sentence_is_forgotten_above() -> None:
    said = {name for each in SENTENCES for name in (each.__name__, *each.__code__.co_names)}
    words = {
        name
        for name, function in inspect.getmembers(wording, inspect.isfunction)
        if function.__module__ == wording.__name__ and not name.startswith("_")
    }
    assert words - said == {"answered"}  # an officer's own words: three segments
