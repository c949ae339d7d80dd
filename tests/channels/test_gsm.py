"""Units and segments, against a public implementation's counts and against a slow, plain packing of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.gsm import DEFAULT_ALPHABET, EXTENSION_ALPHABET, SegmentPlan, is_gsm, make_gsm, plan

RECORDED = Path(__file__).parent / "recorded" / "gsm" / "segments.json"
COUNTED: list[dict[str, Any]] = json.loads(RECORDED.read_text())["texts"]

any_text = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)
gsm_text = st.text(alphabet=DEFAULT_ALPHABET + EXTENSION_ALPHABET, max_size=700)


@pytest.mark.parametrize("counted", COUNTED, ids=range(len(COUNTED)))
def test_counts_as_twilio_counts(counted: dict[str, Any]) -> None:
    planned = plan(counted["text"])
    assert (planned.encoding, planned.segments) == (counted["encoding"], counted["segments"])


@pytest.mark.parametrize(
    ("text", "planned"),
    [
        ("", SegmentPlan("gsm7", 0, 1)),
        ("a" * 160, SegmentPlan("gsm7", 160, 1)),
        ("a" * 161, SegmentPlan("gsm7", 161, 2)),
        ("a" * 306, SegmentPlan("gsm7", 306, 2)),
        ("a" * 307, SegmentPlan("gsm7", 307, 3)),
        ("€" * 80, SegmentPlan("gsm7", 160, 1)),
        # 306 septets would fill two segments, were no pair on the border of the first.
        ("€" * 153, SegmentPlan("gsm7", 306, 3)),
        ("ж" * 70, SegmentPlan("ucs2", 70, 1)),
        ("ж" * 134, SegmentPlan("ucs2", 134, 2)),
        ("😀" * 35, SegmentPlan("ucs2", 70, 1)),
        # 134 units would fit into two segments, were no surrogate pair on the border of the first.
        ("😀" * 67, SegmentPlan("ucs2", 134, 3)),
        ("“" + "a" * 69, SegmentPlan("ucs2", 70, 1)),
        ("“" + "a" * 70, SegmentPlan("ucs2", 71, 2)),
    ],
)
def test_borders(text: str, planned: SegmentPlan) -> None:
    assert plan(text) == planned


def test_the_alphabet_is_the_standards() -> None:
    assert len(DEFAULT_ALPHABET) == len(set(DEFAULT_ALPHABET)) == 127
    codes = {code + (code > 0x1A): character for code, character in enumerate(DEFAULT_ALPHABET)}
    assert {
        0x00: "@",
        0x0A: "\n",
        0x10: "Δ",
        0x1A: "Ξ",
        0x1C: "Æ",
        0x20: " ",
        0x24: "¤",
        0x41: "A",
        0x5F: "§",
    }.items() <= (codes.items())
    assert codes[0x7F] == "à"
    assert set(EXTENSION_ALPHABET) == set("\f^{}\\[~]|€")


@given(any_text)
def test_every_character_has_room(text: str) -> None:
    planned = plan(text)
    single, joined = (160, 153) if planned.encoding == "gsm7" else (70, 67)
    if planned.encoding == "ucs2":
        assert planned.units == len(text.encode("utf-16-be")) // 2
    assert (planned.segments == 1) == (planned.units <= single)
    # A segment loses at most one unit to a pair that would not be torn.
    assert planned.segments == 1 or (planned.segments - 1) * (joined - 1) < planned.units <= planned.segments * joined


@given(any_text)
def test_made_gsm_never_costs_more(text: str) -> None:
    made = make_gsm(text)
    assert make_gsm(made) == made
    assert "\x00" not in made
    if is_gsm(made) and not is_gsm(text):
        assert plan(made).encoding == "gsm7"


@given(gsm_text)
def test_gsm_stays_as_it_is(text: str) -> None:
    assert is_gsm(text)
    assert make_gsm(text) == text


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("“Jalan” ‘rusak’", "\"Jalan\" 'rusak'"),
        ("Rp 5.000–10.000 — segera…", "Rp 5.000-10.000 - segera..."),
        ("Jl.\u00a0Merdeka\u2009No.\t5", "Jl. Merdeka No. 5"),
        ("na\u00efve d\u00e9j\u00e0 \u0101 \u1e25 e\u0301", "naive déjà a h é"),
        ("a\u200bb\u00adc\ufeffd", "abcd"),
        ("5 m² ½ ﬁ Ａ １", "5 m2 1/2 fi A 1"),
        ("baris\r\nbaru “x”", 'baris\nbaru "x"'),
        ("Terima kasih 🙏 “Pak”", 'Terima kasih 🙏 "Pak"'),
        ("道路", "道路"),
        ("क्षेत्र “x”", 'क्षेत्र "x"'),
        ("\x1f\r\x85", "\x1f\n"),
    ],
)
def test_spellings(typed: str, sent: str) -> None:
    assert make_gsm(typed) == sent
