"""``sahut locate``: which regency a text concerns, as JSON, for one text or a file of them.

What surprises: with ``--jsonl`` a line that cannot be read becomes an object with ``error`` in its place; the run goes
on, so that a million lines do not die on one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import click

from intake.understand.locate import Boundaries, Coordinates, Hints, Location, explain_in_words
from intake.understand.locate import locate as locate_text


@click.command(epilog='Example: sahut locate "jalan rusak di desa Tegal Rejo, Lawang Kidul"')
@click.argument("text", required=False)
@click.option(
    "--jsonl",
    "lines",
    type=click.File("r", encoding="utf-8", errors="replace"),
    help="A file of objects with `text` and optional `hints`, or - for standard input.",
)
@click.option("--explain", "in_words", is_flag=True, help="Tell it in two sentences of Indonesian instead of JSON.")
def locate(text: str | None, lines: Iterable[str] | None, in_words: bool) -> None:
    """Say which regency TEXT concerns: decided, to be asked, or none."""
    boundaries = _imported_boundaries()
    if lines is not None:
        for answer in locate_lines(lines, in_words=in_words, boundaries=boundaries):
            click.echo(json.dumps(answer, ensure_ascii=False))
        return
    if text is None:
        raise click.UsageError("give a TEXT, or --jsonl FILE")
    found = locate_text(text, boundaries=boundaries)
    click.echo(_tell(found) if in_words else json.dumps(found.as_dict(), ensure_ascii=False, indent=2))


def locate_lines(
    lines: Iterable[str], *, in_words: bool = False, boundaries: Boundaries | None = None
) -> Iterator[dict[str, Any]]:
    """One answer a line, in order; a line that is no object with a text gives ``{"error": ...}``."""
    for line in lines:
        if not line.strip():
            continue
        try:
            asked = json.loads(line)
            answer = locate_text(_text_of(asked), hints=read_hints(asked.get("hints")), boundaries=boundaries)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
            yield {"error": f"{type(wrong).__name__}: {wrong}"[:200]}
            continue
        yield {**answer.as_dict(), "explanation": explain_in_words(answer)} if in_words else answer.as_dict()


def _text_of(asked: Any) -> str:
    text = asked["text"]
    if not isinstance(text, str):
        raise TypeError("`text` must be a string")
    return text


def read_hints(given: Any) -> Hints:
    """Hints from JSON: ``{"regencies": [["16.03", 300], "16.71"], "latitude": -3.6, "longitude": 103.8}``.

    ``origin`` (text, photo, form) says who gave the point; a code without a strength counts as an earlier report.

    Raises ValueError or TypeError for anything else.
    """
    if not given:
        return Hints()
    pairs = []
    for item in given.get("regencies", ()):
        code, strength = (item, 60.0) if isinstance(item, str) else item
        if not isinstance(code, str):
            raise TypeError("a hint's regency must be a code such as 16.03")
        if not 0 < float(strength) < 1e9:
            raise ValueError("a hint's strength must be a positive number")
        pairs.append((code, float(strength)))
    point = None
    if given.get("latitude") is not None and given.get("longitude") is not None:
        origin = given.get("origin", "form")
        if origin not in ("text", "photo", "form"):
            raise ValueError("origin must be text, photo or form")
        point = Coordinates(float(given["latitude"]), float(given["longitude"]), origin)
    return Hints(tuple(pairs), point)


def _tell(found: Location) -> str:
    lines = [explain_in_words(found), ""]
    lines += [
        f"  {candidate.probability:6.1%}  {candidate.regency}  {candidate.name}" for candidate in found.candidates[:5]
    ]
    for item in found.evidence:
        mark = "+" if item.supports else "-"
        lines.append(
            f"  {mark} {item.weight:.2f}  {item.text or '(saluran)'}: {item.reading}"
            + (f" ({item.note})" if item.note else "")
        )
    return "\n".join(lines)


def _imported_boundaries() -> Boundaries | None:
    from intake.commands.regions import imported_boundaries

    return imported_boundaries()
