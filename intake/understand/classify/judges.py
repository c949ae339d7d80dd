"""Two ways of weighing a reading, behind one interface: by the lexicon alone, or by a linear model on top of it.

The lexicon judges from the first day, when nobody has corrected anything. A linear model is trained from officers'
corrections (``intake.commands.train``) and shipped as plain numbers; which of the two is asked is decided by measured
quality on corrections it has not seen (``intake.commands.models``).

What surprises: the hashed weights are whole numbers from -127 to 127 with one scale a column, which makes a row of all
heads a slice of bytes. A row is read from its base64 when a text first holds its word, and is then kept as one long
integer with 32 bits a column, so that adding up a text's words is adding integers, not lists. The weights of the dense
numbers are such integers too, with 64 bits a column; the numbers themselves are rounded to 1/256. How sure a model is of
the likeliest group follows from how far the next one lies behind, which tells more than its probability among all.
"""

from __future__ import annotations

import json
import struct
from array import array
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from math import exp
from typing import Any, NamedTuple, Protocol
from zlib import crc32

from intake.understand.classify.features import FEATURES_VERSION, dense, dense_names, hashed
from intake.understand.classify.lexicon import CUES, TYPES, URGENCIES, Lexicon, Reading

HEADS = ("group", "type", "urgency", "report", "wish")
WISH = ("biasa", "rahasia")
REPORT = ("laporan", "bukan_laporan")


_RAISE = 128
_RAISED = bytes((number + _RAISE) % 256 for number in range(256))
"""Turns signed bytes into unsigned ones that are greater by ``_RAISE``: sums of long integers must not borrow."""
_DENSE_RAISE, _DENSE_STEPS = 1 << 24, 256
"""Dense weights are whole numbers from 0 to twice the first, dense numbers multiples of 1/256: 64 bits hold all sums."""


class UnusableModel(ValueError):
    """A model file that is damaged or was made for other features, groups or lexicon classes."""


class Verdict(NamedTuple):
    """Probabilities by name, for each question that is asked of a reading; ``sure``: that the likeliest group is right."""

    groups: dict[str, float]
    types: dict[str, float]
    urgencies: dict[str, float]
    no_report: float
    wish: float
    sure: float


class Judge(Protocol):
    """Weighs a reading."""

    @property
    def version(self) -> str:
        """Name and version, kept with every result."""
        ...

    def weigh(self, reading: Reading) -> Verdict:
        """Return probabilities; each mapping sums to 1."""
        ...


def _chance(odds: float) -> float:
    return 1 / (1 + exp(-max(-30.0, min(30.0, odds))))


def softmax(scores: Sequence[float], slope: float = 1.0) -> list[float]:
    """Return the scores, times ``slope``, as probabilities."""
    highest = max(scores)
    raised = [exp(slope * (score - highest)) for score in scores]
    total = sum(raised)
    return [value / total for value in raised]


class LexiconJudge:
    """Weighs by the lexicon's scores alone. Its confidences are honest about order, rough about height."""

    version = "lexicon"

    def __init__(self, lexicon: Lexicon) -> None:
        """Judge with the scores of ``lexicon``."""
        self._lexicon = lexicon
        self._other = lexicon.groups.index("LLN")
        self._cue = {name: lexicon.number[name] for name in CUES}

    def weigh(self, reading: Reading) -> Verdict:
        """Return probabilities from score differences."""
        scores = [0.3 * score for score in reading.groups]
        scores[self._other] += 1.5
        groups = dict(zip(self._lexicon.groups, softmax(scores), strict=True))
        cue = {name: reading.scores[number] for name, number in self._cue.items()}
        question = 1.5 if "?" in reading.text else 0.0
        types = softmax(
            [
                0.35 * cue["type.pengaduan"] + 0.8,
                0.4 * cue["type.aspirasi"],
                0.5 * cue["type.info"] + question - 0.5,
                0.5 * cue["type.terima_kasih"] - 1.2,
            ]
        )
        danger = cue["urg.bahaya"] + cue["urg.kini"] + cue["urg.orang"]
        doubt = cue["urg.lampau"] + cue["urg.andai"] + 2 * cue["urg.kiasan"]
        urgencies = softmax(
            [
                0.35 * (danger - doubt) - 3.0 if cue["urg.bahaya"] else -6.0,
                0.3 * cue["urg.tinggi"] - 0.5,
                1.0,
                0.4 * cue["urg.rendah"] + question - 0.5,
            ]
        )
        spam = max(cue[name] for name in CUES if name.startswith("spam."))
        topical = max(reading.groups)
        odds = 0.5 * (spam - 0.5 * topical) - 2.0
        return Verdict(
            groups,
            dict(zip(TYPES, types, strict=True)),
            dict(zip(URGENCIES, urgencies, strict=True)),
            _chance(odds),
            0.0,
            max(groups.values()),
        )


class _Packed(dict[int, int]):
    """Rows as long integers by their hash, each made when it is first asked for."""

    def __init__(self, rows: Mapping[int, int], weights: str, columns: int) -> None:
        super().__init__()
        self._rows, self._weights, self._columns, self._letters = rows, weights, columns, _letters(columns)

    def __missing__(self, key: int) -> int:
        place, columns = self._rows[key], self._columns
        wide = bytearray(4 * columns)
        wide[::4] = a2b_base64(self._weights[place : place + self._letters])[:columns].translate(_RAISED)
        row = self[key] = int.from_bytes(wide, "little")
        return row


def _letters(columns: int) -> int:
    """Return how many letters of base64 a row takes: rows are filled up to three bytes, so that each can be read alone."""
    return (columns + 2) // 3 * 4


class _Head(NamedTuple):
    name: str
    classes: tuple[str, ...]
    start: int
    end: int
    temperature: float


class LinearJudge:
    """Weighs by a linear model over lexicon features and hashed words."""

    def __init__(self, lexicon: Lexicon, model: Mapping[str, Any]) -> None:
        """Take a model as ``intake.commands.train`` writes it; raises ``UnusableModel``."""
        try:
            if model["features"] != FEATURES_VERSION or tuple(model["dense_names"]) != dense_names(lexicon):
                raise UnusableModel("this model was trained for other features")
            self.version = str(model["version"])
            self._heads = []
            start = 0
            for head in model["heads"]:
                classes = tuple(head["classes"])
                self._heads.append(
                    _Head(head["name"], classes, start, start + len(classes), float(head["temperature"]))
                )
                start += len(classes)
            if (
                tuple(head.name for head in self._heads) not in (HEADS, HEADS[:-1])
                or not set(self._heads[0].classes) <= set(lexicon.groups)
                or any(len(head.classes) != 2 for head in self._heads[3:])
            ):
                raise UnusableModel("this model was trained for other questions")
            self._questions = [
                (head.start + yes, head.start + 1 - yes, head.temperature)
                for head, (_, wanted) in zip(self._heads[3:], (REPORT, WISH), strict=False)
                for yes in (head.classes.index(wanted),)
            ]
            self._columns = start
            self._sure_from, self._sure_slope = (float(number) for number in model["sureness"])
            self._bias = [float(number) for number in model["bias"]]
            self._dense, self._dense_scale = _pack_dense(model["dense"], len(model["dense_names"]))
            self._scales = [float(number) for number in model["scales"]]
            keys = array("I")
            keys.frombytes(a2b_base64(model["keys"]))
            weights = str(model["weights"])
            if (
                crc32(weights.encode(), crc32(keys)) != model["check"]
                or not len(weights) == len(keys) * _letters(start)
                or not len(model["dense"]) == len(self._bias) == start
            ):
                raise UnusableModel("this model's tables do not fit each other")
        except (KeyError, TypeError, ValueError) as fault:
            if isinstance(fault, UnusableModel):
                raise
            raise UnusableModel("not a model: a part is missing or of the wrong kind") from fault
        self._rows = dict(zip(keys, range(0, len(weights), _letters(start)), strict=True))
        self._packed = _Packed(self._rows, weights, start)
        self._columns_of, self._dense_of = struct.Struct(f"<{start}I"), struct.Struct(f"<{start}Q")

    def weigh(self, reading: Reading) -> Verdict:
        """Return calibrated probabilities."""
        logits = self.logits(reading)
        second, first = sorted(logits[: len(self._heads[0].classes)])[-2:]
        found = {
            name: dict(zip(classes, softmax(logits[start:end], 1 / temperature), strict=True))
            for name, classes, start, end, temperature in self._heads[:3]
        }
        report, *wish = (_chance((logits[yes] - logits[no]) / temperature) for yes, no, temperature in self._questions)
        return Verdict(
            found["group"],
            found["type"],
            found["urgency"],
            report,
            wish[0] if wish else 0.0,
            _chance(self._sure_from + self._sure_slope * (first - second)),
        )

    def logits(self, reading: Reading) -> list[float]:
        """Return the raw sums, one a column, before temperature."""
        known = list(filter(self._rows.__contains__, hashed(reading)))
        words, count = sum(map(self._packed.__getitem__, known)), len(known)
        rest = times = 0
        for number, row in zip(dense(reading), self._dense, strict=True):
            if number and row:
                steps = int(number * _DENSE_STEPS)
                rest += steps * row
                times += steps
        share, raised = max(1, count) ** -0.5, _RAISE * count
        scale, lifted = self._dense_scale, _DENSE_RAISE * times
        return [
            bias + share * word_scale * (word - raised) + scale * (number - lifted)
            for bias, word_scale, word, number in zip(
                self._bias,
                self._scales,
                self._columns_of.unpack(words.to_bytes(self._columns_of.size, "little")),
                self._dense_of.unpack(rest.to_bytes(self._dense_of.size, "little")),
                strict=True,
            )
        ]

    def word_weight(self, key: int, column: int) -> float:
        """Return what the word hashed as ``key`` is worth to a column, 0 when unknown."""
        if key not in self._rows:
            return 0.0
        return ((self._packed[key] >> 32 * column & 0xFF) - _RAISE) * self._scales[column]


def _pack_dense(columns: Sequence[Sequence[float]], width: int) -> tuple[list[int], float]:
    """Return one long integer for each dense number (0 where it speaks for nothing), and what one unit of it is worth."""
    if any(len(column) != width for column in columns):
        raise UnusableModel("this model's tables do not fit each other")
    scale = max((abs(weight) for column in columns for weight in column), default=0.0) / _DENSE_RAISE or 1.0
    place = struct.Struct(f"<{len(columns)}Q")
    packed = [
        int.from_bytes(place.pack(*(round(weight / scale) + _DENSE_RAISE for weight in weights)), "little")
        if any(weights)
        else 0
        for weights in zip(*columns, strict=True)
    ]
    return packed, scale / _DENSE_STEPS


def parse_model(text: str) -> dict[str, Any]:
    """Return a model file's content; raises ``UnusableModel``."""
    try:
        model = json.loads(text)
    except ValueError as fault:
        raise UnusableModel("not a model file") from fault
    if not isinstance(model, dict):
        raise UnusableModel("not a model file")
    return model
