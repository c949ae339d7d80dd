"""Gather every sentence of the code and the templates, bring the translations up to date, compile them.

    python tools/catalogues.py      (or: make catalogues)

Indonesian is the language of the source and has no catalogue. A new language: make ``intake/translations/<code>/
LC_MESSAGES``, run this, translate the .po file, run this again. Sentences that nobody marks any more are dropped.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

REPOSITORY = Path(__file__).resolve().parent.parent
TRANSLATIONS = REPOSITORY / "intake" / "translations"
_NO_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def gather() -> Catalog:
    """Every sentence marked in the code and the templates."""
    with (REPOSITORY / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found = Catalog(project="sahut", charset="utf-8")
    for root in sorted({pattern.partition("/")[0] for pattern, _ in methods}):
        within = [(pattern.partition("/")[2], method) for pattern, method in methods]
        of_patterns = {pattern.partition("/")[2]: chosen for pattern, chosen in options.items()}
        for _, _, sentence, _, context in extract_from_dir(REPOSITORY / root, within, of_patterns):
            found.add(sentence, context=context)
    return found


def read_translation(code: str) -> Catalog:
    """The .po file of a language; an empty catalogue where there is none yet."""
    path = TRANSLATIONS / code / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        # By its code: most languages of Indonesia are none that Babel knows.
        return Catalog(locale=code, project="sahut", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code)


def _plain_header(translation: Catalog) -> None:
    """A header without names and with one moment, so that running this again changes nothing."""
    translation.header_comment = "# Sahut: what citizens and officers read. Gathered by tools/catalogues.py."
    translation.fuzzy = False
    translation.version = ""
    translation.creation_date = translation.revision_date = _NO_MOMENT
    translation.msgid_bugs_address = translation.last_translator = translation.language_team = ""


def compiled(translation: Catalog) -> bytes:
    """The .mo file of a translation."""
    file = io.BytesIO()
    write_mo(file, translation)
    return file.getvalue()


def main() -> int:
    """Rewrite every .po and .mo file; 1 when something is not translated yet."""
    sentences = gather()
    missing = 0
    for folder in sorted(TRANSLATIONS.glob("*/LC_MESSAGES")):
        code = folder.parent.name
        translation = read_translation(code)
        translation.update(sentences, no_fuzzy_matching=True)
        translation.obsolete.clear()
        _plain_header(translation)
        with (folder / "messages.po").open("wb") as file:
            write_po(file, translation, sort_output=True, no_location=True, omit_header=False, width=120)
        (folder / "messages.mo").write_bytes(compiled(read_translation(code)))
        empty = [message.id for message in translation if message.id and not message.string]
        missing += len(empty)
        print(f"{code}: {len(translation)} sentences, {len(empty)} not translated")
        for sentence in empty:
            print(f"  {sentence!r}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
