"""Find weighted words and phrases in a list of roots.

A term is a word ("trotoar"), a phrase ("lampu jalan": in this order, at most two words between), a tight phrase
("surat_izin": next to each other) or two words near each other in any order ("lampu~mati": at most five between).
Terms belong to classes with weights. Each term counts once however often it stands in the text.

What surprises: the cost is bounded by looking only at the nearest six words that occur in any phrase.
"""

from __future__ import annotations

import json
from typing import NamedTuple, TypeAlias

from intake.understand.classify.terms import GAP_WORDS, NEAR_WORDS, Terms, Worth

_AHEAD = 6
_decode = json.JSONDecoder().raw_decode
_Phrase: TypeAlias = tuple[int, str, str, int]
"""How far apart at most, a third word or "", the term, the place of its worth."""


class Hit(NamedTuple):
    """A term that was found: what it is worth to which class, and where its first and last word stand."""

    term: str
    start: int
    end: int
    worth: Worth


class _ReadEntries(dict[str, tuple[Worth | None, dict[str, list[_Phrase]]]]):
    """What a word is worth alone, and the phrases it begins by their next word; read when a text first holds it."""

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._terms = terms

    def __missing__(self, word: str) -> tuple[Worth | None, dict[str, list[_Phrase]]]:
        text = self._terms.entries[word]
        alone, phrases = _decode(text)[0] if text else (-1, {})
        found = self[word] = (None if alone < 0 else self._terms.worths[alone], phrases)
        return found


class Matcher:
    """Terms of numbered classes, found in one pass."""

    def __init__(self, terms: Terms) -> None:
        """Find ``terms``."""
        self._worths, self._entries = terms.worths, terms.entries
        self._read = _ReadEntries(terms)

    def find(self, roots: list[str]) -> list[Hit]:
        """Return the terms found in ``roots``, each once, in order of their first word."""
        entries, worths = self._entries, self._worths
        places = [place for place, root in enumerate(roots) if root in entries]
        live = [roots[place] for place in places]
        hits: dict[str, Hit] = {}
        make = tuple.__new__  # as Hit(...) does, without its detour: dozens are made of every text
        for after, (root, place, (value, seconds)) in enumerate(
            zip(live, places, map(self._read.__getitem__, live), strict=True), start=1
        ):
            if value is not None and root not in hits:
                hits[root] = make(Hit, (root, place, place, value))
            if not seconds:
                continue
            ahead = live[after : after + _AHEAD]
            if seconds.keys().isdisjoint(ahead):
                continue
            for second, next_place in zip(ahead, places[after : after + _AHEAD], strict=True):
                apart = next_place - place
                if apart > NEAR_WORDS:
                    break
                for gap, third, term, worth in seconds.get(second, ()):
                    if apart > gap or term in hits:
                        continue
                    if not third:
                        hits[term] = make(Hit, (term, place, next_place, worths[worth]))
                    elif third in roots[next_place + 1 : next_place + 1 + GAP_WORDS]:
                        end = roots.index(third, next_place + 1)
                        hits[term] = make(Hit, (term, place, end, worths[worth]))
        return list(hits.values())
