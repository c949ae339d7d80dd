"""`sahut train`: make a classifier model from officers' corrections and the project's own corpus. Offline, on a PC.

Needs scikit-learn (in the development requirements); nothing that runs in production imports it. The result is a file
of plain numbers under ``SAHUT_DATA/models``, which `sahut models` compares and activates.

What surprises: the lexicon grew while people looked at some of the rows that are trained on, so it knows those too well:
they are shown with some of their words forgotten, and how sure a model may say it is comes from rows that nobody looked
at. Words enter a model only as hashes, and only those that at least three examples share, so that a model carries no name
from any report.
"""

from __future__ import annotations

import base64
import json
import os
import random
import warnings
import zlib
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from intake.commands.examples import OWN_CORPUS, Example, UnreadableExamples, labels_of, read_examples
from intake.understand.classify.features import FEATURES_VERSION, dense, dense_names, hashed
from intake.understand.classify.judges import HEADS, WISH
from intake.understand.classify.lexicon import Lexicon, Reading, lexicon

_SHARED_BY_AT_LEAST = 3
_WORD_WEIGHT = 6.0
_REGULARISATION = {"type": 0.5, "urgency": 0.4, "report": 0.8, "wish": 0.8}
_FOLDS, _STEPS = 4, 120
_RARE_COUNTS_MORE = 0.2
_SURE, _RIGHT_WHEN_SURE, _ENOUGH_TO_TELL = 0.8, 0.95, 300
"""Of new texts whose topic group is given at .8 or more, nineteen in twenty shall be right. It is told by models that have
seen three rows in four, so that the one that has seen all keeps a little more."""
_COPIES, _GROUP_COPIES, _FORGOTTEN_SHARE = 2, 1, 0.33
"""How often, and with how many of the lexicon's words forgotten, a row is shown that the lexicon grew on."""


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
    labels = [labels_of(example, known) for example in examples]
    heads, bias, dense_columns, word_columns = [], [], [], []
    sureness = (0.0, 1.0)
    asked = HEADS if any(label["wish"] == WISH[1] for label in labels) else HEADS[:-1]
    for head in asked:
        labelled = [
            (copy, label[head], number, example.tells)
            for number, (reading, label, example) in enumerate(zip(readings, labels, examples, strict=True))
            if label[head] is not None
            for copy in _copies(
                reading, known, number, (_GROUP_COPIES if head == "group" else _COPIES) * example.grown_on
            )
        ]
        fitted = _fit(head, labelled, keys, names)
        heads.append({"name": head, "classes": fitted.classes, "temperature": round(fitted.temperature, 3)})
        sureness = fitted.sureness if head == "group" else sureness
        bias += fitted.bias
        dense_columns += fitted.dense
        word_columns += fitted.words
    scales = [max((abs(number) for number in column), default=0.0) / 127 or 1.0 for column in word_columns]
    weights = array("b")
    kept = array("I")
    for place, key in enumerate(keys):
        row = [round(column[place] / scale) for column, scale in zip(word_columns, scales, strict=True)]
        if any(row):
            kept.append(key)
            weights.extend(row + [0] * (-len(row) % 3))
    written = base64.b64encode(weights.tobytes())  # each row is filled up to three bytes, and can be read alone
    return {
        "version": version,
        "features": FEATURES_VERSION,
        "lexicon": known.version,
        "taxonomy": known.taxonomy.version,
        "examples": len(examples),
        "heads": heads,
        "sureness": [round(number, 4) for number in sureness],
        "dense_names": list(names),
        "bias": [round(number, 4) for number in bias],
        "dense": [[round(number, 4) for number in column] for column in dense_columns],
        "scales": [round(scale, 7) for scale in scales],
        "keys": base64.b64encode(kept.tobytes()).decode(),
        "weights": written.decode(),
        "check": zlib.crc32(written, zlib.crc32(kept)),
    }


@dataclass(frozen=True, slots=True)
class _Fitted:
    classes: list[str]
    temperature: float
    sureness: tuple[float, float]
    bias: list[float]
    dense: list[list[float]]
    words: list[list[float]]


def _copies(reading: Reading, known: Lexicon, seed: int, copies: int) -> list[Reading]:
    """Return ``copies`` of ``reading``, each as if the lexicon did not know some of its words; itself where none."""
    if not copies:
        return [reading]
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    words = sorted({reading.roots[place] for hit in reading.hits for place in (hit.start, hit.end)})
    return [
        known.forget(reading, {word for word in words if chance.random() < _FORGOTTEN_SHARE}) for _ in range(copies)
    ]


def _fit(
    head: str, labelled: Sequence[tuple[Reading, Any, int, float]], keys: Sequence[int], names: Sequence[str]
) -> _Fitted:
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    from intake.commands.tied import TiedRegression

    used = np.array([_used(head, name) for name in names])
    place_of = {key: place for place, key in enumerate(keys)}
    rows, columns, values = [], [], []
    for number, (reading, *_) in enumerate(labelled):
        places = [place_of[key] for key in hashed(reading) if key in place_of]
        rows += [number] * len(places)
        columns += places
        values += [_WORD_WEIGHT * max(1, len(places)) ** -0.5] * len(places)
    words = csr_matrix((values, (rows, columns)), shape=(len(labelled), len(keys)))
    numbers = np.array([dense(reading) for reading, *_ in labelled]) * used
    matrix = hstack([csr_matrix(numbers), words]).tocsr()
    truth = np.array([label for _, label, *_ in labelled])
    if head == "group":
        learner: Any = TiedRegression([name.removeprefix("group.") for name in names if name.startswith("group.")])
    else:
        learner = LogisticRegression(
            C=_REGULARISATION[head], max_iter=_STEPS, tol=1e-3, class_weight=_weights(head, truth.tolist())
        )
    sources = [number for _, _, number, _ in labelled]
    folds = GroupKFold(max(2, min(_FOLDS, len(set(sources)))), shuffle=True, random_state=1)
    names_of_classes = sorted(set(truth.tolist()))
    unseen = np.full((len(labelled), len(names_of_classes)), -20.0)
    for seen, left in folds.split(matrix, truth, sources):
        _learn(learner, matrix[seen], truth[seen])
        places = [names_of_classes.index(name) for name in learner.classes_]
        unseen[np.ix_(left, places)] = learner.predict_log_proba(matrix[left])
    _learn(learner, matrix, truth)
    classes = [str(name) for name in learner.classes_]
    coefficients, bias = learner.coef_, learner.intercept_
    if len(classes) == 2:
        coefficients, bias = np.vstack([0 * coefficients, coefficients]), np.concatenate([[0.0], bias])
    width = len(names)
    telling = np.array([tells for *_, tells in labelled])
    if np.count_nonzero(telling) < _ENOUGH_TO_TELL:
        telling[:] = 1.0
    asked = telling > 0
    right = np.array([classes.index(label) for _, label, *_ in labelled])
    return _Fitted(
        classes,
        temperature_for(unseen[asked], right[asked], telling[asked]),
        sureness_for(unseen[asked], right[asked], telling[asked]),
        [float(number) for number in bias],
        [[float(number) for number in row[:width] * used] for row in coefficients],
        [[float(number) * _WORD_WEIGHT for number in row[width:]] for row in coefficients],
    )


def _learn(learner: Any, matrix: Any, truth: Any) -> None:
    """Fit ``learner``. It stops after so many steps on purpose: what the last ones would change is not worth the minutes."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        learner.fit(matrix, truth)


def _weights(head: str, truth: list[str]) -> dict[str, float] | None:
    """Return a weight for each type: rare ones count a little more. Other heads: no weights."""
    if head != "type":
        return None
    counted = Counter(truth)
    return {name: (len(truth) / (len(counted) * count)) ** _RARE_COUNTS_MORE for name, count in counted.items()}


def _used(head: str, name: str) -> float:
    """How strongly a dense number enters: the group head trusts each group's own score, and what else is there half."""
    return 1.0 if head != "group" or name.startswith("group.") else 0.5


def temperature_for(unseen: Any, truth: Any, counts: Any) -> float:
    """Return the temperature under which unseen predictions were least surprised by the truth.

    ``unseen``: logarithms of probabilities, a row for each example; ``counts``: how much each example counts.
    """
    import numpy as np

    def surprise(temperature: float) -> float:
        logits = np.clip(unseen, -50, 0) / temperature
        chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -float(np.average(chances[np.arange(len(truth)), truth], weights=counts))

    return min((surprise(step / 100), step / 100) for step in range(40, 201, 5))[1]


def sureness_for(unseen: Any, truth: Any, counts: Any) -> tuple[float, float]:
    """Return where sureness starts and how fast it grows with the lead of the likeliest class over the next.

    Fitted to how often unseen predictions were right, then made to grow slower until those that are sure are right as
    often as promised.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    ordered = np.sort(np.clip(unseen, -50, 0), axis=1)
    lead = ordered[:, -1] - ordered[:, -2]
    right = unseen.argmax(axis=1) == truth
    if right.all() or not right.any():
        return 0.0, 1.0
    fitted = LogisticRegression(C=100.0).fit(lead[:, None], right, sample_weight=counts)
    start, slope = float(fitted.intercept_[0]), max(float(fitted.coef_[0, 0]), 0.01)
    for percent in range(100, 10, -1):
        sure = start + slope * percent / 100 * lead >= np.log(_SURE / (1 - _SURE))
        if not sure.any() or np.average(right[sure], weights=counts[sure]) >= _RIGHT_WHEN_SURE:
            return start, slope * percent / 100
    return start, slope * 0.1


def models_folder(data: str | None = None) -> Path:
    """Return where models live: ``SAHUT_DATA``/models, by default ./data/models."""
    return Path(data or os.environ.get("SAHUT_DATA") or "data") / "models"


@click.command(epilog="Example: sahut train corrections.csv")
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
