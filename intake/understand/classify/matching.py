"""Find weighted words and phrases in a list of roots.

A term is a word ("trotoar"), a phrase ("lampu jalan": in this order, at most two words between), a tight phrase
("surat_izin": next to each other) or two words near each other in any order ("lampu~mati": at most five between).
Terms belong to classes with weights. Each term counts once however often it stands in the text.

What surprises: the cost is bounded by looking only at the nearest eight words that occur in any phrase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_GAP, _NEAR, _AHEAD = 3, 6, 8


class UnreadableTerm(ValueError):
    """A term in a data file that is neither word nor phrase."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A term that was found: what it is worth to which class, and where its first and last word stand."""

    term: str
    start: int
    end: int
    worth: tuple[tuple[int, float], ...]


class Matcher:
    """Terms of numbered classes, found in one pass."""

    def __init__(self, terms: Iterable[tuple[str, int, float]]) -> None:
        """Take (term, class number, weight); the same term may stand under several classes."""
        collected: dict[str, dict[int, float]] = {}
        for term, number, weight in terms:
            worth = collected.setdefault(term, {})
            worth[number] = max(weight, worth[number], key=abs) if number in worth else weight
        self._single: dict[str, tuple[tuple[int, float], ...]] = {}
        self._ordered: dict[str, dict[str, list[tuple[int, str, str, tuple[tuple[int, float], ...]]]]] = {}
        words: set[str] = set()
        for term, worth in collected.items():
            value = tuple(worth.items())
            if "~" in term:
                first, _, second = term.partition("~")
                self._add(first, second, -_NEAR, "", term, value)
                words |= {first, second}
                continue
            parts = term.replace("_", " ").split(" ")
            if len(parts) == 1:
                self._single[term] = value
            elif len(parts) in (2, 3):
                gap = 1 if term[len(parts[0])] == "_" else _GAP
                self._add(parts[0], parts[1], gap, parts[2] if len(parts) == 3 else "", term, value)
            else:
                raise UnreadableTerm(term)
            words.update(parts)
        self.words = frozenset(words)
        """Every word that stands in a term."""

    def _add(
        self, first: str, second: str, gap: int, third: str, term: str, value: tuple[tuple[int, float], ...]
    ) -> None:
        self._ordered.setdefault(first, {}).setdefault(second, []).append((gap, third, term, value))
        if gap < 0:
            self._ordered.setdefault(second, {}).setdefault(first, []).append((gap, third, term, value))

    def find(self, roots: list[str]) -> list[Hit]:
        """Return the terms found in ``roots``, each once, in order of their first word."""
        words, single, ordered = self.words, self._single, self._ordered
        live = [(place, root) for place, root in enumerate(roots) if root in words]
        hits: dict[str, Hit] = {}
        for number, (place, root) in enumerate(live):
            value = single.get(root)
            if value is not None and root not in hits:
                hits[root] = Hit(root, place, place, value)
            seconds = ordered.get(root)
            if seconds is None:
                continue
            for ahead in range(number + 1, min(number + 1 + _AHEAD, len(live))):
                there, second = live[ahead]
                apart = there - place
                if apart > _NEAR:
                    break
                for gap, third, term, worth in seconds.get(second, ()):
                    if term in hits or apart > abs(gap):
                        continue
                    if not third:
                        hits[term] = Hit(term, place, there, worth)
                    elif third in roots[there + 1 : there + 1 + _GAP]:
                        hits[term] = Hit(term, place, roots.index(third, there + 1), worth)
        return list(hits.values())


def read_terms(lines: Iterable[str], numbers: Mapping[str, int]) -> list[tuple[str, int, float]]:
    """Read lines "class TAB weight TAB term, term, ..."; ``numbers`` gives each class its number. # starts a comment."""
    terms = []
    for line in lines:
        if not line or line[0] == "#":
            continue
        name, weight, listed = line.split("\t")
        number, value = numbers[name], float(weight)
        terms += [(term.strip(), number, value) for term in listed.split(",") if term.strip()]
    return terms
