"""`sahut classify`: what a text is about, for a person (`--explain`) or as one JSON object a line.

What surprises: with ``--jsonl`` a line that cannot be read becomes an object with ``error`` in its place, so that
answers stay in step with questions and one bad line never ends a run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import click

from intake.commands.train import models_folder
from intake.understand.classify import Classification, Classifier, taxonomy
from intake.understand.classify.shelf import ModelShelf

_TEXT_FIELDS = ("text", "isi", "message", "body")


@click.command(epilog='Example: sahut classify "lampu jalan mati sudah dua minggu"')
@click.argument("text", required=False)
@click.option("--subject", help="Subject of a mail or title of a form.")
@click.option(
    "--jsonl",
    "source",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="One text a line: JSON object with 'text', or a JSON string. '-' reads standard input.",
)
@click.option("--explain", is_flag=True, help="Say it in words instead of JSON.")
def classify(text: str | None, subject: str | None, source: TextIO | None, explain: bool) -> None:
    """Say what TEXT is about: type, topic, unit, authority, urgency, secrecy, and whether it is a report at all."""
    if source is not None:
        if text is not None:
            raise click.UsageError("Give TEXT or --jsonl, not both.")
        for answer in answer_lines(source):
            sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        return
    if text is None:
        raise click.UsageError("Give a TEXT, or --jsonl FILE.")
    found = active_classifier().classify(text, subject=subject)
    if explain:
        click.echo(explain_in_words(found))
    else:
        click.echo(json.dumps(found.as_dict(), ensure_ascii=False))


def answer_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield one answer a line that is not blank, in order; an ``id`` in the question is repeated in the answer."""
    classifier = active_classifier()
    for line in lines:
        if line.strip():
            yield _answer(line, classifier)


def active_classifier() -> Classifier:
    """Return the classifier with the model that `sahut models` made active in ``SAHUT_DATA``."""
    return ModelShelf(models_folder()).classifier()


def _answer(line: str, classifier: Classifier) -> dict[str, Any]:
    try:
        question = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "not JSON"}
    known: dict[str, Any] = {}
    if isinstance(question, dict):
        if "id" in question:
            known["id"] = question["id"]
        text = next((question[name] for name in _TEXT_FIELDS if name in question), None)
        subject = question.get("subject")
    else:
        text, subject = question, None
    if not isinstance(text, str):
        return {**known, "error": "no text"}
    return {**known, **classifier.classify(text, subject=subject if isinstance(subject, str) else None).as_dict()}


_YES = {True: "ya", False: "tidak"}
_LEVELS = {
    "regency": "kabupaten/kota",
    "province": "provinsi",
    "national": "pusat / instansi vertikal",
    "village": "desa",
    "out_of_scope": "di luar kewenangan",
}


def explain_in_words(found: Classification) -> str:
    """Return a few lines for a reader."""
    names = taxonomy().topics
    if found.not_a_report:
        words = ", ".join(found.evidence.get("not_a_report", ())) or "-"
        return f"Bukan laporan: {found.not_a_report} (kata: {words}). Disisihkan, dapat dipulihkan."
    topic = f"{found.topic} {names[found.topic].name_id} (kelompok {found.group}, {found.confidence:.0%})"
    lines = [
        f"Jenis      : {found.type} ({found.type_confidence:.0%}){_because(found, 'type')}",
        f"Topik      : {topic}{_because(found, 'topic')}",
    ]
    lines += [
        f"  atau     : {guess.code} {names[guess.code].name_id} ({guess.confidence:.0%})" for guess in found.topics[1:]
    ]
    secrecy = f"{_YES[found.secret]}   Anonim: {_YES[found.anonymous]}{_because(found, 'secrecy')}"
    lines += [
        f"Unit       : {found.unit}",
        f"Wewenang   : {_LEVELS[found.authority]}{_because(found, 'authority')}",
        f"Urgensi    : {found.urgency} ({found.urgency_confidence:.0%}){_because(found, 'urgency')}",
        f"Rahasia    : {secrecy}",
        f"Batas waktu: {found.deadline}",
        "Versi      : " + ", ".join(f"{name} {version}" for name, version in found.versions.items()),
    ]
    if not found.confident:
        lines.insert(2, "             kurang yakin: diperiksa petugas dahulu, tidak dikirim ke unit")
    return "\n".join(lines)


def _because(found: Classification, about: str) -> str:
    words = found.evidence.get(about, ())
    return f"  karena: {', '.join(words)}" if words else ""
