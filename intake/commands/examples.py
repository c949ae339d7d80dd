"""Examples to learn from and to measure with: officers' corrections and the project's own texts, with their labels.

What surprises: examples whose id has an odd CRC-32 are held back: they are never trained on, so that any two models can
be compared on the same rows for ever.
"""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intake.understand.classify.judges import REPORT, WISH
from intake.understand.classify.lexicon import TYPES, URGENCIES, Lexicon
from intake.understand.classify.taxonomy import PRAISE

_GROWN_ON = ("classify_a.jsonl", "classify_b.jsonl", "classify_drill.jsonl", "classify_voices.jsonl")
"""Files whose rows were looked at while the lexicon grew: it knows them too well."""
_LOOKED_AT = (*_GROWN_ON, "classify_villages.jsonl", "classify_towns.jsonl", "classify_gates.jsonl")
"""Files whose rows were looked at: too easy to show how sure a model may be."""
_TELLS = {
    "classify_villages_unread.jsonl": 0.0,
    "classify_towns_unread.jsonl": 0.25,
    "classify_gates_unread.jsonl": 0.0,
}
"""Files of which many texts were written so as not to name what they are about. How sure a model may be is told by them as
the exception that they are, and not at all by those that hold nothing else."""
OWN_CORPUS = (
    "bench/data/classify_a.jsonl",
    "bench/data/classify_b.jsonl",
    "tools/classify_drill.jsonl",
    "tools/classify_voices.jsonl",
    "tools/classify_voices_unread.jsonl",
    "tools/classify_villages.jsonl",
    "tools/classify_villages_unread.jsonl",
    "tools/classify_towns.jsonl",
    "tools/classify_towns_unread.jsonl",
    "tools/classify_gates.jsonl",
    "tools/classify_gates_unread.jsonl",
)


class UnreadableExamples(ValueError):
    """Corrections that cannot be used: what is wrong, and where."""

    def __init__(self, what: str, where: str = "") -> None:
        """Say what is wrong and, where known, in which file and row."""
        super().__init__(f"{where}: {what}" if where else what)


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what is known of it; None where nobody said."""

    id: str
    text: str
    topic: str | None
    type: str | None
    urgency: str | None
    not_a_report: str | None
    asks_secrecy: bool | None = None
    praised: str | None = None
    grown_on: bool = False
    tells: float = 1.0
    """How much this example counts when it is told how sure a model may be."""

    @property
    def held_back(self) -> bool:
        """Whether this example is kept for measuring, never for training."""
        return is_held_back(self.id)


def is_held_back(identity: str) -> bool:
    """Return whether rows with this id are measured with and never trained on."""
    return zlib.crc32(identity.encode()) % 2 == 1


def read_examples(path: Path, known: Lexicon) -> Iterator[Example]:
    """Yield the examples of a CSV (as the desk exports corrections) or JSONL file; raises ``UnreadableExamples``."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows: Iterable[Mapping[str, Any]]
        rows = csv.DictReader(lines) if path.suffix == ".csv" else (_object(line) for line in lines if line.strip())
        for number, row in enumerate(rows, start=1):
            where = f"{path.name}, row {number}"
            text = row.get("text")
            if not isinstance(text, str) or not text.strip():
                raise UnreadableExamples("no text", where)
            topic = row.get("topic") or None
            if topic is not None and topic not in known.taxonomy.topics:
                raise UnreadableExamples("no such topic", where)
            kind, urgency = row.get("type") or None, row.get("urgency") or None
            if kind not in (None, *TYPES) or urgency not in (None, *URGENCIES):
                raise UnreadableExamples("no such type or urgency", where)
            identity = str(row.get("id") or f"{path.name}:{number}")
            yield Example(
                identity,
                text,
                topic,
                kind,
                urgency,
                row.get("not_a_report") or None,
                _asks(row, known),
                praised=next((code for code in row.get("also") or () if code in known.taxonomy.topics), None),
                grown_on=path.name in _GROWN_ON,
                tells=_tells(path.name),
            )


def _tells(name: str) -> float:
    return 0.0 if name in _LOOKED_AT else _TELLS.get(name, 1.0)


def _object(line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UnreadableExamples("a line that is no JSON object")
    return row


def _asks(row: Mapping[str, Any], known: Lexicon) -> bool | None:
    """Whether the sender asks for secrecy; a report that is secret for what it is about says nothing of that."""
    anonymous, secret = (str(row.get(name, "")).lower() in ("true", "1", "ya") for name in ("anonymous", "secret"))
    if "anonymous" not in row or anonymous:
        return True if anonymous else None
    about = [row.get("topic"), *(row.get("also") or ())]
    if secret and any(code in known.taxonomy.topics and demands_secrecy(known, str(code)) for code in about):
        return None
    return secret


def demands_secrecy(known: Lexicon, code: str) -> bool:
    """Return whether a topic makes a report secret by itself."""
    topic = known.taxonomy.topics[code]
    return topic.secret or topic.group == "HKM"


def labels_of(example: Example, known: Lexicon) -> dict[str, str | None]:
    """Return the label of each head, None where the example says nothing about it."""
    if example.not_a_report:
        return {"group": None, "type": None, "urgency": None, "report": REPORT[1], "wish": None}
    # Thanks are a type. What they are given for is a topic like any other, or a polite letter about a road would be
    # taken for praise; that praise is filed under "other" follows from the type (see ``Classifier``).
    about = example.praised if example.topic == PRAISE else example.topic
    group = known.taxonomy.topics[about].group if about else None
    wish = None if example.asks_secrecy is None else WISH[example.asks_secrecy]
    return {"group": group, "type": example.type, "urgency": example.urgency, "report": REPORT[0], "wish": wish}
