"""`sahut train`: make a classifier model from officers' corrections and the project's own corpus. Offline, on a PC.

Needs scikit-learn (in the development requirements); nothing that runs in production imports it. The result is a file
of plain numbers under ``SAHUT_DATA/models``, which `sahut models` compares and activates.

What surprises: examples whose id has an odd CRC-32 are held back: they are never trained on, so that any two models can
be compared on the same rows for ever. Words enter a model only as hashes, and only those that at least two examples
share, so that a model carries no name from any report.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from intake.understand.classify.features import FEATURES_VERSION, dense, dense_names, hashed
from intake.understand.classify.judges import HEADS, REPORT
from intake.understand.classify.lexicon import TYPES, URGENCIES, Lexicon, Reading, lexicon

OWN_CORPUS = ("bench/data/classify_a.jsonl", "bench/data/classify_b.jsonl")
_SHARED_BY_AT_LEAST = 2
_WORD_WEIGHT = 6.0
_REGULARISATION = {"group": 1.5, "type": 2.0, "urgency": 1.5, "report": 3.0}
_FOLDS, _STEPS = 5, 200
_GROUP_CUES = ("type.terima_kasih", "type.info")


class UnreadableExamples(ValueError):
    """A corrections file that cannot be used, with the line."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what is known of it; None where nobody said."""

    id: str
    text: str
    topic: str | None
    type: str | None
    urgency: str | None
    not_a_report: str | None

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
            text = row.get("text")
            if not isinstance(text, str) or not text.strip():
                raise UnreadableExamples(f"{path.name}, row {number}: no text")
            topic = row.get("topic") or None
            if topic is not None and topic not in known.taxonomy.topics:
                raise UnreadableExamples(f"{path.name}, row {number}: no such topic: {topic}")
            kind, urgency = row.get("type") or None, row.get("urgency") or None
            if kind not in (None, *TYPES) or urgency not in (None, *URGENCIES):
                raise UnreadableExamples(f"{path.name}, row {number}: no such type or urgency")
            identity = str(row.get("id") or f"{path.name}:{number}")
            yield Example(identity, text, topic, kind, urgency, row.get("not_a_report") or None)


def _object(line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise UnreadableExamples("a line that is no JSON object")
    return row


def labels_of(example: Example, known: Lexicon) -> dict[str, str | None]:
    """Return the label of each head, None where the example says nothing about it."""
    if example.not_a_report:
        return {"group": None, "type": None, "urgency": None, "report": REPORT[1]}
    group = known.taxonomy.topics[example.topic].group if example.topic else None
    return {"group": group, "type": example.type, "urgency": example.urgency, "report": REPORT[0]}


def train_model(examples: Sequence[Example], known: Lexicon, *, version: str) -> dict[str, Any]:
    """Return a model trained on ``examples``, none of which may be held back.

    Each head is a multinomial logistic regression; its temperature comes from predictions of folds it did not see.
    """
    if any(example.held_back for example in examples):
        raise UnreadableExamples("held-back examples may not be trained on")
    readings = [known.read(example.text) for example in examples]
    counted = Counter(key for reading in readings for key in hashed(reading))
    keys = sorted(key for key, count in counted.items() if count >= _SHARED_BY_AT_LEAST)
    names = dense_names(known)
    heads, bias, dense_columns, word_columns = [], [], [], []
    for head in HEADS:
        labelled = [
            (reading, label)
            for reading, example in zip(readings, examples, strict=True)
            if (label := labels_of(example, known)[head]) is not None
        ]
        fitted = _fit(head, labelled, keys, names)
        heads.append({"name": head, "classes": fitted.classes, "temperature": round(fitted.temperature, 3)})
        bias += fitted.bias
        dense_columns += fitted.dense
        word_columns += fitted.words
    scales = [max((abs(number) for number in column), default=0.0) / 127 or 1.0 for column in word_columns]
    weights = array("b")
    kept = array("H")
    for place, key in enumerate(keys):
        row = [round(column[place] / scale) for column, scale in zip(word_columns, scales, strict=True)]
        if any(row):
            kept.append(key)
            weights.extend(row)
    return {
        "version": version,
        "features": FEATURES_VERSION,
        "lexicon": known.version,
        "taxonomy": known.taxonomy.version,
        "examples": len(examples),
        "heads": heads,
        "dense_names": list(names),
        "bias": [round(number, 4) for number in bias],
        "dense": [[round(number, 4) for number in column] for column in dense_columns],
        "scales": [round(scale, 7) for scale in scales],
        "keys": base64.b64encode(kept.tobytes()).decode(),
        "weights": base64.b64encode(weights.tobytes()).decode(),
    }


@dataclass(frozen=True, slots=True)
class _Fitted:
    classes: list[str]
    temperature: float
    bias: list[float]
    dense: list[list[float]]
    words: list[list[float]]


def _fit(head: str, labelled: Sequence[tuple[Reading, str]], keys: Sequence[int], names: Sequence[str]) -> _Fitted:
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    used = [_is_used(head, name) for name in names]
    place_of = {key: place for place, key in enumerate(keys)}
    rows, columns, values = [], [], []
    for number, (reading, _) in enumerate(labelled):
        places = [place_of[key] for key in hashed(reading) if key in place_of]
        rows += [number] * len(places)
        columns += places
        values += [_WORD_WEIGHT * max(1, len(places)) ** -0.5] * len(places)
    words = csr_matrix((values, (rows, columns)), shape=(len(labelled), len(keys)))
    numbers = np.array([dense(reading) for reading, _ in labelled]) * np.array(used, dtype=float)
    matrix = hstack([csr_matrix(numbers), words]).tocsr()
    truth = np.array([label for _, label in labelled])
    learner = LogisticRegression(C=_REGULARISATION[head], max_iter=_STEPS, tol=1e-3)
    rarest = min(Counter(truth.tolist()).values())
    folds = StratifiedKFold(max(2, min(_FOLDS, rarest)), shuffle=True, random_state=1)
    unseen = cross_val_predict(learner, matrix, truth, cv=folds, method="predict_log_proba")
    learner.fit(matrix, truth)
    classes = [str(name) for name in learner.classes_]
    coefficients, bias = learner.coef_, learner.intercept_
    if len(classes) == 2:
        coefficients, bias = np.vstack([0 * coefficients, coefficients]), np.concatenate([[0.0], bias])
    width = len(names)
    return _Fitted(
        classes,
        _temperature(unseen, [classes.index(label) for _, label in labelled]),
        [float(number) for number in bias],
        [[float(number) for number in row[:width] * np.array(used, dtype=float)] for row in coefficients],
        [[float(number) * _WORD_WEIGHT for number in row[width:]] for row in coefficients],
    )


def _is_used(head: str, name: str) -> bool:
    """The group head looks at group scores and little else, so that it stays readable and general."""
    return head != "group" or name.startswith("group.") or name in _GROUP_CUES


def _temperature(unseen: Any, truth: Sequence[int]) -> float:
    """Return the temperature under which unseen predictions were least surprised by the truth."""
    import numpy as np

    best = (float("inf"), 1.0)
    for step in range(40, 201, 5):
        scaled = np.clip(unseen, -50, 0) / (step / 100)
        scaled = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        loss = -float(np.mean(scaled[np.arange(len(truth)), list(truth)]))
        best = min(best, (loss, step / 100))
    return best[1]


def models_folder(data: str | None = None) -> Path:
    """Return where models live: ``SAHUT_DATA``/models, by default ./data/models."""
    return Path(data or os.environ.get("SAHUT_DATA") or "data") / "models"


@click.command()
@click.argument("corrections", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--own/--no-own", default=True, help="Also train on the project's own corpus (bench/data).")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the model.")
@click.option("--version", help="Name of the model; by default the moment of training.")
def train(corrections: tuple[Path, ...], own: bool, output: Path | None, version: str | None) -> None:
    """Train a model on CORRECTIONS (CSV or JSONL with text, topic, type, urgency, not_a_report)."""
    known = lexicon()
    paths = [*corrections, *(Path(name) for name in OWN_CORPUS if own and Path(name).exists())]
    try:
        examples = [example for path in paths for example in read_examples(path, known)]
    except UnreadableExamples as fault:
        raise click.ClickException(str(fault)) from fault
    training = [example for example in examples if not example.held_back]
    if not training:
        raise click.ClickException("nothing to train on")
    name = version or datetime.now(tz=UTC).strftime("%Y%m%d-%H%M%S")
    try:
        model = train_model(training, known, version=name)
    except ImportError as missing:
        raise click.ClickException("training needs scikit-learn: install the development requirements") from missing
    target = output or models_folder() / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(model), encoding="utf-8")
    click.echo(f"{target}: trained on {len(training)} examples, {len(examples) - len(training)} held back")
