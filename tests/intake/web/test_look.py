"""What the eye needs: contrast in both schemes, and a form that is light enough for a slow line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import intake.web
from tests.factories import CLEAR_TEXT
from tests.intake.web.conftest import form_to

STYLES = (Path(intake.web.__file__).parent / "static" / "sahut.css").read_text(encoding="utf-8")
LIGHTEST_BYTES = 60 * 1024

#: Text and the ground it stands on, as the style sheet pairs them.
PAIRS = [
    ("text", "ground"),
    ("text", "surface"),
    ("muted", "ground"),
    ("muted", "surface"),
    ("brand", "ground"),
    ("brand", "surface"),
    ("brand-deep", "ground"),
    ("brand-deep", "surface"),
    ("on-brand", "brand"),
    ("on-brand", "brand-deep"),
    ("on-soft", "soft"),
    ("good", "good-soft"),
    ("bad", "bad-soft"),
    ("bad", "ground"),
    ("bad", "surface"),
    ("warn", "warn-soft"),
]
#: Borders of fields and the ring of the focus: WCAG 2.2, 1.4.11 asks 3:1.
EDGES = [("edge", "surface"), ("edge", "ground"), ("focus", "surface"), ("focus", "ground")]


def tokens(scheme: str) -> dict[str, str]:
    light, dark = re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", light if scheme == "light" else dark))


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2, definitions)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def contrast(one: str, other: str) -> float:
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    colours = tokens(scheme)
    for text, ground in PAIRS:
        assert contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
    for edge, ground in EDGES:
        assert contrast(colours[edge], colours[ground]) >= 3, (scheme, edge, ground)


def test_the_measure_of_contrast_is_right() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_both_schemes_have_every_token() -> None:
    assert tokens("light").keys() == tokens("dark").keys()


def test_the_form_and_all_it_needs_weigh_little(client: FlaskClient) -> None:
    page = client.get("/lapor", headers={"Accept-Encoding": "gzip"})
    text = client.get("/lapor").text
    needed = set(re.findall(r'(?:src|href)="(/static/[^"]*)"', text))
    assert {"/static/sahut.css", "/static/form.js", "/static/lapor.js"} <= needed
    parts = {
        address: len(client.get(address, headers={"Accept-Encoding": "gzip"}, buffered=True).data) for address in needed
    }
    assert len(page.data) + sum(parts.values()) <= LIGHTEST_BYTES
    first = form_to(client.get("/lapor"), "/lapor/periksa")
    second = client.post(first.action, data={**first.fields, "text": CLEAR_TEXT})
    assert len(second.data) <= LIGHTEST_BYTES / 2  # never compressed: it holds what was typed and a token
