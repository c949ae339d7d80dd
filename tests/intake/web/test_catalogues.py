"""Every sentence has its English, and the compiled catalogue is the one of the translated file."""

from __future__ import annotations

import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

import intake
from intake import converse
from intake.web import desk_words
from intake.wording import STATE_WORDS
from intake.words import DOMAIN, FOLDER, SOURCE_LANGUAGE, languages, own_name, translated
from tools.catalogues import compiled, gather, read_translation

TRANSLATIONS = [code for code in languages() if code != SOURCE_LANGUAGE]
_PLACES = re.compile(r"\{[a-z_]*\}|%\([a-z_]*\)s")


@pytest.fixture(scope="module")
def sentences() -> Catalog:
    return gather()


def test_there_is_english() -> None:
    assert "en" in TRANSLATIONS


def test_templates_pages_and_wording_are_gathered(sentences: Catalog) -> None:
    for sentence in ("Buat laporan", "Yang kami pahami", "Halaman tidak ditemukan", "Kotak surat", "menunggu dikirim"):
        assert sentence in sentences
    assert all(words in sentences for words in STATE_WORDS.values())
    assert "LAPOR {reference}: {where}" in sentences


def test_languages_name_themselves() -> None:
    assert (own_name("id"), own_name("en"), own_name("ban")) == ("Bahasa Indonesia", "English", "ban")


@pytest.mark.parametrize("code", ["jv", "su", "ban", "min", "ace", "mad", "bug"])
def test_a_regional_language_needs_no_code(code: str, sentences: Catalog) -> None:
    """Most of them are unknown to Babel: the catalogue is begun, translated and compiled all the same."""
    translation = read_translation(code)
    translation.update(sentences)
    translation["Bahasa Indonesia"].string = "Basa Conto"
    found = gettext.GNUTranslations(io.BytesIO(compiled(translation)))
    assert found.gettext("Bahasa Indonesia") == "Basa Conto"


@pytest.mark.parametrize("code", TRANSLATIONS)
def test_every_sentence_is_translated_with_its_places(code: str, sentences: Catalog) -> None:
    translation = read_translation(code)
    done = {message.id for message in translation if message.string}
    missing = [message.id for message in sentences if message.id and message.id not in done]
    assert missing == [], "make catalogues, then translate"
    for message in translation:
        if message.id:
            assert not message.fuzzy, message.id
            assert sorted(_PLACES.findall(str(message.string))) == sorted(_PLACES.findall(str(message.id)))


@pytest.mark.parametrize("code", TRANSLATIONS)
def test_nothing_is_translated_that_nobody_says(code: str, sentences: Catalog) -> None:
    known = {message.id for message in sentences}
    assert [m.id for m in read_translation(code) if m.id not in known] == []


@pytest.mark.parametrize("code", TRANSLATIONS)
def test_the_compiled_catalogue_is_fresh(code: str) -> None:
    kept = (FOLDER / code / "LC_MESSAGES" / f"{DOMAIN}.mo").read_bytes()
    assert kept == compiled(read_translation(code)), "make catalogues"


def test_a_sentence_reaches_its_reader() -> None:
    assert translated("Buat laporan", "en") == "Make a report"
    assert translated("Buat laporan", "id") == "Buat laporan"


def test_no_template_says_anything_outside_the_catalogues() -> None:
    """Words between tags that are not marked; names that are the same in every language excepted."""
    commands = {spellings[0].upper() for spellings in converse.SPELLINGS.values()}
    allowed = {"Sahut", "SMS", "Lab", "PDF", "CSV", "XLSX", "OpenStreetMap", "Enter"} | commands
    for template in sorted((Path(intake.__file__).parent / "web" / "templates").rglob("*.html")):
        source = template.read_text(encoding="utf-8")
        # Names of classes and attributes that stand outside tags.
        source = re.sub(
            r"\{% block kind %\}.*?\{% endblock %\}|\{% macro (?:described|points_to).*?endmacro %\}", "", source
        )
        plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", source, flags=re.DOTALL)
        plain = re.sub(r"<[^>]*>", "\n", plain)
        said = set(re.findall(r"[A-Za-z]{3,}", plain))
        assert said <= allowed, template.name


def test_every_state_has_words_for_officers_too() -> None:
    source = Path(desk_words.__file__).read_text(encoding="utf-8")
    assert all(f'"{state}"' in source for state in STATE_WORDS)
