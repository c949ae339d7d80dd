"""Read a text: its words, their roots, and the weighted terms found in it.

The lexicon (``data/lexicon.tsv``) says which words speak for which topic or group; the cues
(``data/classify_cues.tsv``) which words speak for a type, an urgency, a wish for secrecy, or for a text that is no
report at all. Both are found in one pass.

What surprises: every word of the two files is a root by itself, so what the files list decides how far words are cut.
A word at the start of a text counts three times as much as one at its end: people say first what it is about.
"""

from __future__ import annotations

import functools
from collections.abc import Container
from typing import NamedTuple

from intake.understand.classify.matching import Hit, Matcher
from intake.understand.classify.stems import Roots
from intake.understand.classify.taxonomy import Taxonomy, taxonomy
from intake.understand.classify.terms import Terms, terms_of
from intake.understand.text import clean, words_of

TYPES = ("pengaduan", "aspirasi", "permintaan_informasi", "terima_kasih")
URGENCIES = ("darurat", "tinggi", "sedang", "rendah")
CUES = (
    "type.info",
    "type.aspirasi",
    "type.pengaduan",
    "type.terima_kasih",
    "urg.bahaya",
    "urg.kini",
    "urg.orang",
    "urg.lampau",
    "urg.andai",
    "urg.kiasan",
    "urg.tinggi",
    "urg.rendah",
    "sec.minta",
    "sec.anonim",
    "sec.cabut",
    "spam.iklan",
    "spam.undian",
    "spam.berantai",
    "spam.otp",
    "spam.bank",
    "spam.salam",
    "spam.uji",
    "spam.makian",
    "spam.iseng",
    "spam.pribadi",
    "auth.province",
    "auth.national",
    "auth.village",
)
_SECOND, _THIRD = 0.3, 0.3
_SUBJECT_FIRST = 2.0


class Reading(NamedTuple):
    """A text as the judges see it. ``scores`` has one number a class, in the order of ``Lexicon.classes``."""

    text: str
    words: list[str]
    roots: list[str]
    hits: list[Hit]
    scores: list[float]
    groups: list[float]


class Lexicon:
    """Terms of topics, groups and cues; reads texts."""

    def __init__(self, known: Taxonomy, terms: Terms | None = None) -> None:
        """Read with the topics of ``known``, and with ``terms`` or those that ship with the project."""
        self.taxonomy = known
        self.groups = tuple(known.groups)
        self.topics = tuple(known.topics)
        self.classes = classes_of(known)
        self.number = {name: place for place, name in enumerate(self.classes)}
        places = {group: place for place, group in enumerate(self.groups)}
        self.secret_topics = tuple(code for code, topic in known.topics.items() if topic.secret)
        self.group_of = [places[topic.group] for topic in known.topics.values()]
        found = terms_of(known, self.classes) if terms is None else terms
        self.version = found.version
        self._matcher = Matcher(found)
        self._roots = Roots(found.entries)
        self._first_cue = len(self.topics) + len(self.groups)

    def read(self, text: str) -> Reading:
        """Return the reading of ``text``. Time grows with its length; at most ``text.MAX_LENGTH_CHARS`` are read."""
        cleaned = clean(text)
        words = words_of(cleaned)
        roots = self._roots.of(words)
        return self._score(cleaned, words, roots, self._matcher.find(roots))

    def knows(self, word: str) -> bool:
        """Return whether ``word``, as it is written, stands in a term."""
        return word in self._roots

    def forget(self, reading: Reading, forgotten: Container[str]) -> Reading:
        """Return ``reading`` as a lexicon without the ``forgotten`` roots would have made it. For training only."""
        hits = [
            hit
            for hit in reading.hits
            if reading.roots[hit.start] not in forgotten and reading.roots[hit.end] not in forgotten
        ]
        return self._score(reading.text, reading.words, reading.roots, hits)

    def _score(self, cleaned: str, words: list[str], roots: list[str], hits: list[Hit]) -> Reading:
        scores = [0.0] * len(self.classes)
        first_cue, length = self._first_cue, len(roots) or 1
        for hit in hits:
            early = 1 + _SUBJECT_FIRST * (1 - hit.start / length)
            for number, weight in hit.worth:
                scores[number] += weight * early if number < first_cue else weight
        return Reading(cleaned, words, roots, hits, scores, self._group_scores(hits, scores))

    def _group_scores(self, hits: list[Hit], scores: list[float]) -> list[float]:
        """Score each group by its best topic, a share of the next two, and what speaks for the group as a whole."""
        count = len(self.topics)
        best: dict[int, list[float]] = {}
        for number in {number for hit in hits for number, _ in hit.worth if number < count}:
            best.setdefault(self.group_of[number], []).append(scores[number])
        groups = scores[count : self._first_cue]
        for place, found in best.items():
            found.sort(reverse=True)
            groups[place] += found[0] + _SECOND * sum(found[1:2]) + _THIRD * sum(found[2:3])
        return groups


def classes_of(known: Taxonomy) -> tuple[str, ...]:
    """Return the names of all that a term may speak for: topics, groups, cues. A class's number is its place here."""
    return (*known.topics, *known.groups, *CUES)


@functools.cache
def lexicon() -> Lexicon:
    """Return the lexicon that ships with the project, read once."""
    return Lexicon(taxonomy())
