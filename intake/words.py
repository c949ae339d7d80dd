"""The message catalogues. Indonesian is the language of the source, so it needs no catalogue; others are gettext files.

A further language is a folder ``translations/<code>/LC_MESSAGES`` and nothing else: its own name is its translation of
"Bahasa Indonesia".
"""

from __future__ import annotations

import gettext as _gettext
from functools import cache
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "translations"
DOMAIN: Final = "messages"
SOURCE_LANGUAGE: Final = "id"


@cache
def catalogue(language: str) -> _gettext.NullTranslations:
    """The catalogue of a language; the source texts themselves where there is none."""
    return _gettext.translation(DOMAIN, FOLDER, languages=[language], fallback=True)


@cache
def languages() -> tuple[str, ...]:
    """Every language a citizen can be answered in, the source language first."""
    found = sorted(p.parent.parent.name for p in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return (SOURCE_LANGUAGE, *(code for code in found if code != SOURCE_LANGUAGE))


def _(text: str) -> str:
    """Marks a sentence for the catalogues."""
    return text


_OWN_NAME: Final = _("Bahasa Indonesia")


def own_name(language: str) -> str:
    """What a language calls itself; its code while nobody has said."""
    if language == SOURCE_LANGUAGE:
        return _OWN_NAME
    said = catalogue(language).gettext(_OWN_NAME)
    return language if said == _OWN_NAME else said


def translated(text: str, language: str = SOURCE_LANGUAGE) -> str:
    """A sentence of the source in another language, or as it is."""
    return text if language == SOURCE_LANGUAGE or not text else catalogue(language).gettext(text)
