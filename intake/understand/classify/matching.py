"""Find weighted words and phrases in a list of roots.

A term is a word ("trotoar"), a phrase ("lampu jalan": in this order, at most two words between), a tight phrase
("surat_izin": next to each other) or two words near each other in any order ("lampu~mati": at most five between).
Terms belong to classes with weights. Each term counts once however often it stands in the text.

What surprises: the cost is bounded by looking only at the nearest six words that occur in any phrase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

_GAP, _NEAR, _AHEAD = 3, 6, 6
_SHORTEST, _LONGEST = 2, 3
_Worth: TypeAlias = tuple[tuple[int, float], ...]
_Pair: TypeAlias = tuple[int, str, str, _Worth]
"""How far apart at most, a third word or "", the term, what it is worth."""


class UnreadableTerm(ValueError):
    """A term in a data file that is neither word nor phrase."""


class Hit(NamedTuple):
    """A term that was found: what it is worth to which class, and where its first and last word stand.

    A tuple with names and no dataclass, because dozens are made of every text and a frozen dataclass takes thrice as long.
    """

    term: str
    start: int
    end: int
    worth: tuple[tuple[int, float], ...]


class Matcher:
    """Terms of numbered classes, found in one pass."""

    def __init__(self, terms: Iterable[tuple[str, int, float]]) -> None:
        """Take (term, class number, weight); the same term may stand under several classes."""
        collected: dict[str, _Worth] = {}
        for term, number, weight in terms:
            known = collected.get(term)
            collected[term] = ((number, weight),) if known is None else _join(known, number, weight)
        self._worth = collected
        self._single: dict[str, _Worth] = {}
        self._phrases: dict[str, list[str]] = {}
        self._pairs: dict[str, dict[str, list[_Pair]]] = {}
        for term, value in collected.items():
            if term.isalnum():
                self._single[term] = value
                continue
            parts = term.replace("_", " ").replace("~", " ").split(" ")
            if not _SHORTEST <= len(parts) <= _LONGEST:
                raise UnreadableTerm(term)
            self._phrases.setdefault(parts[0], []).append(term)
            if "~" in term:
                self._phrases.setdefault(parts[1], []).append(term)
        self.words = frozenset(" ".join(collected).replace("_", " ").replace("~", " ").split(" "))
        """Every word that stands in a term."""

    def _take_apart(self, first: str) -> dict[str, list[_Pair]]:
        """Return the phrases of ``first`` by their next word; done when a text first needs it, for a quick start."""
        seconds: dict[str, list[_Pair]] = {}
        for term in self._phrases[first]:
            parts = term.replace("_", " ").replace("~", " ").split(" ")
            if "~" in term:
                second = parts[1] if parts[0] == first else parts[0]
                entry = (_NEAR, "", term, self._worth[term])
            else:
                second = parts[1]
                gap = 1 if term[len(first)] == "_" else _GAP
                entry = (gap, parts[2] if len(parts) == _LONGEST else "", term, self._worth[term])
            seconds.setdefault(second, []).append(entry)
        self._pairs[first] = seconds
        return seconds

    def find(self, roots: list[str]) -> list[Hit]:
        """Return the terms found in ``roots``, each once, in order of their first word."""
        words, single, pairs, phrases = self.words, self._single, self._pairs, self._phrases
        live = [(place, root) for place, root in enumerate(roots) if root in words]
        hits: dict[str, Hit] = {}
        for number, (place, root) in enumerate(live):
            value = single.get(root)
            if value is not None and root not in hits:
                hits[root] = Hit(root, place, place, value)
            seconds = pairs.get(root)
            if seconds is None:
                if root not in phrases:
                    continue
                seconds = self._take_apart(root)
            for there, second in live[number + 1 : number + 1 + _AHEAD]:
                apart = there - place
                if apart > _NEAR:
                    break
                if second not in seconds:
                    continue
                for gap, third, term, worth in seconds[second]:
                    if apart > gap or term in hits:
                        continue
                    if not third:
                        hits[term] = Hit(term, place, there, worth)
                    elif third in roots[there + 1 : there + 1 + _GAP]:
                        hits[term] = Hit(term, place, roots.index(third, there + 1), worth)
        return list(hits.values())


def _join(known: tuple[tuple[int, float], ...], number: int, weight: float) -> tuple[tuple[int, float], ...]:
    """Return ``known`` with one more class; a term listed twice for one class keeps its greater weight."""
    for place, other in known:
        if place == number:
            if abs(other) >= abs(weight):
                return known
            return (*(pair for pair in known if pair[0] != number), (number, weight))
    return (*known, (number, weight))


def read_terms(lines: Iterable[str], numbers: Mapping[str, int]) -> list[tuple[str, int, float]]:
    """Read lines "class TAB weight TAB term, term, ..."; ``numbers`` gives each class its number; # is a comment."""
    terms = []
    for line in lines:
        if not line or line[0] == "#":
            continue
        name, weight, listed = line.split("\t")
        number, value = numbers[name], float(weight)
        terms += [(term, number, value) for term in listed.replace(", ", ",").split(",") if term]
    return terms
