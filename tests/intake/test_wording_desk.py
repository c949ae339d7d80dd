"""The sentences of the desk: by SMS each fits one part with its longest values, in every language; a letter has all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from channels.gsm import plan
from intake import wording_desk
from intake.desk import LONGEST_TARGET
from intake.wording import ANSWER_SEGMENTS, Occasion, Wording
from intake.words import languages

REFERENCE = "WWW-WWWW"
LINK = "https://lapor.sebuah-kabupaten-panjang.go.id/lapor/WWW-WWWW?k=" + "w" * 20

ONE_PART: list[Callable[[Occasion], Wording]] = [
    lambda at: wording_desk.passed_on(at, target="W" * LONGEST_TARGET),
    wording_desk.closed_in_silence,
]


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("say", ONE_PART)
def test_one_sms_is_enough(say: Callable[[Occasion], Wording], language: str) -> None:
    words = say(Occasion("sms", REFERENCE, LINK, language))
    planned = plan(words.text)
    assert (planned.segments, planned.encoding) == (1, "gsm7"), (len(words.text), words.text)
    assert REFERENCE in words.text


@pytest.mark.parametrize("language", languages())
def test_a_question_is_said_whole_or_led_to(language: str) -> None:
    for question in ("Di RT berapa?", "Mohon sebutkan " * 60):
        words = wording_desk.asked(
            Occasion("sms", REFERENCE, LINK, language), office="Kab. Muara Enim", question=question
        )
        assert plan(words.text).segments <= ANSWER_SEGMENTS
        assert question in words.text or LINK in words.text


@pytest.mark.parametrize("say", [*ONE_PART, lambda at: wording_desk.asked(at, office="Kab. X", question="Di mana?")])
def test_a_letter_names_the_report_and_the_link(say: Callable[[Occasion], Wording]) -> None:
    words = say(Occasion("email", REFERENCE, LINK))
    assert REFERENCE in words.text
    assert LINK in words.text
    assert words.subject.endswith(f"[{REFERENCE}]")
