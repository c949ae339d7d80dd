"""Which of several gateways a message is given to: shares, reserves, pins, probes."""

from __future__ import annotations

from collections import Counter

import pytest

from intake.domain.gateway import Attempt, Candidate, Gateway, plan_attempts, read_gateways

PEOPLE = [f"+62811000{number:05}" for number in range(4000)]


def first(person: str, *candidates: Candidate) -> str:
    return plan_attempts(person, candidates)[0].name


def test_the_terms_are_read() -> None:
    gateways, faults = read_gateways(" sms_kannel weight=3 rate=10, sms_kannel_b rate=0.5 ,sms_twilio weight=0,")
    assert faults == ()
    assert gateways == (Gateway("sms_kannel", 3, 10.0), Gateway("sms_kannel_b", 1, 0.5), Gateway("sms_twilio", 0))
    assert [each.most_at_once for each in gateways] == [10.0, 1.0, 1.0]
    assert read_gateways("") == ((), ())


@pytest.mark.parametrize(
    "written",
    ["a, a", "a weight=-1", "a weight=1.5", "a rate=0", "a rate=nan", "a rate=1e9", "a speed=1", "a weight=1 weight=2",
     "a weight", "Rahasia-123"],
)  # fmt: skip
def test_wrong_terms_are_told_without_their_value(written: str) -> None:
    _, faults = read_gateways(written)
    (fault,) = faults
    assert fault.startswith("entry ")
    assert "Rahasia" not in fault


def test_each_gets_its_share_of_the_people() -> None:
    shares = Counter(first(person, Candidate("a", 3), Candidate("b", 1)) for person in PEOPLE)
    assert 2900 < shares["a"] < 3100


def test_the_same_person_stays_with_a_gateway_and_only_those_of_the_sick_one_move() -> None:
    everywhere = [Candidate("a"), Candidate("b"), Candidate("c")]
    without_b = [Candidate("a"), Candidate("b", is_up=False), Candidate("c")]
    for person in PEOPLE[:300]:
        before, after = first(person, *everywhere), first(person, *without_b)
        assert after == before or before == "b"
        assert after != "b"


def test_a_reserve_is_for_when_no_other_is_up() -> None:
    reserve = Candidate("reserve", weight=0)
    assert {first(person, Candidate("a"), reserve) for person in PEOPLE[:200]} == {"a"}
    assert first(PEOPLE[0], Candidate("a", has_refused=True), reserve) == "a"
    assert first(PEOPLE[0], Candidate("a", is_up=False), reserve) == "reserve"


def test_who_refused_this_message_is_not_asked_again_while_another_is_up() -> None:
    for person in PEOPLE[:50]:
        assert first(person, Candidate("a", has_refused=True), Candidate("b")) == "b"
        assert first(person, Candidate("a", has_refused=True), Candidate("b", has_refused=True)) in {"a", "b"}


def test_a_pin_goes_before_state_weight_and_refusal() -> None:
    sick = Candidate("a", weight=0, is_up=False, is_pinned=True, has_refused=True)
    assert plan_attempts("x", [Candidate("b", weight=9), sick]) == [Attempt("a")]


def test_a_probe_comes_before_the_choice_but_not_for_what_is_urgent() -> None:
    sick, well = Candidate("a", is_up=False, may_be_tried=True), Candidate("b")
    assert plan_attempts("x", [sick, well]) == [Attempt("a", probing=True), Attempt("b")]
    assert plan_attempts("x", [sick, well], may_probe=False) == [Attempt("b")]
    assert plan_attempts("x", [Candidate("a", is_up=False, may_be_tried=True, has_refused=True), well]) == [
        Attempt("b")
    ]


def test_with_none_up_even_what_was_refused_or_is_urgent_tries() -> None:
    sick = Candidate("a", is_up=False, may_be_tried=True, has_refused=True)
    assert plan_attempts("x", [sick], may_probe=False) == [Attempt("a", probing=True)]
    assert plan_attempts("x", [Candidate("a", is_up=False)]) == []
