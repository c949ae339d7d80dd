"""The terms of both files, arranged by their first word, as one text file that is read in a moment.

``data/classify_terms.txt`` is made from ``lexicon.tsv``, ``classify_cues.tsv`` and the taxonomy by
`python tools/index_lexicon.py`. It holds text and numbers only. A worker starts ten times as fast with it as with the files
that people edit.

What surprises: the index carries a checksum of its sources. Where they have changed since, it is not believed and made
anew in memory, so that an edited lexicon is never silently ignored; starting is then slow, and a test fails. The terms of
a word stay unread text until a message first holds that word.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from zlib import crc32

from intake.understand.classify.taxonomy import Taxonomy
from intake.understand.text import read_table

LEXICON, CUES_FILE, INDEX = "lexicon.tsv", "classify_cues.tsv", "classify_terms.txt"
GAP_WORDS, NEAR_WORDS = 3, 6
"""How far the words of a phrase may stand apart, and those that are only near each other."""
_SHARED_WORD = 0.3
_SHORTEST, _LONGEST = 2, 3
_FORMAT = 1

Worth: TypeAlias = tuple[tuple[int, float], ...]
"""What a term is worth to which class."""


class UnreadableTerm(ValueError):
    """A term in a data file that is neither word nor phrase."""


class Terms(NamedTuple):
    """All terms. ``entries``: each word that stands in a term → JSON of what begins with it, "" for nothing.

    That JSON is ``[worth of the word alone or -1, {next word: [[words apart at most, third word or "", term, worth]]}]``,
    where a worth is a place in ``worths``.
    """

    version: str
    worths: list[Worth]
    entries: dict[str, str]


def terms_of(known: Taxonomy, classes: Sequence[str]) -> Terms:
    """Return the terms that ship with the project, for ``classes`` in this order."""
    sources = (read_table(LEXICON), read_table(CUES_FILE))
    try:
        head, worths, words, *entries = read_table(INDEX)
    except FileNotFoundError:
        head = ""
    if head != _checksum(classes, sources):
        return arrange(known, classes, *sources)
    return Terms(version_of(*sources), _read_worths(worths), dict(zip(words.split(" "), entries, strict=True)))


def write_terms(known: Taxonomy, classes: Sequence[str]) -> str:
    """Return what ``data/classify_terms.txt`` must hold."""
    sources = (read_table(LEXICON), read_table(CUES_FILE))
    found = arrange(known, classes, *sources)
    lines = [_checksum(classes, sources), json.dumps(found.worths), " ".join(found.entries), *found.entries.values()]
    return "\n".join(lines) + "\n"


def _checksum(classes: Sequence[str], sources: Iterable[Sequence[str]]) -> str:
    number = crc32(" ".join(classes).encode())
    for lines in sources:
        number = crc32("\n".join(lines).encode(), number)
    return f"# terms {_FORMAT} {number:08x}"


def _read_worths(line: str) -> list[Worth]:
    return [tuple((number, weight) for number, weight in worth) for worth in json.loads(line)]


def version_of(*sources: Sequence[str]) -> str:
    """Return the versions that the first lines of the term files name, joined."""
    return "+".join(_version(lines[0]) for lines in sources)


def _version(line: str) -> str:
    words = line.split(" ")
    return f"{words[1]}-{words[2].rstrip(':')}" if len(words) > 2 and words[0] == "#" else "unversioned"


def arrange(known: Taxonomy, classes: Sequence[str], lexicon: Sequence[str], cues: Sequence[str]) -> Terms:
    """Return the terms of the lines of the two files; raises ``UnreadableTerm``."""
    numbers = {name: place for place, name in enumerate(classes)}
    group_of = [known.topics[name].group if name in known.topics else name for name in classes]
    listed = [*_lower_shared(read_terms(lexicon, numbers), group_of), *read_terms(cues, numbers)]
    return index_terms(listed, version_of(lexicon, cues))


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


def _lower_shared(terms: list[tuple[str, int, float]], group_of: Sequence[str]) -> list[tuple[str, int, float]]:
    """Return ``terms`` with the weight of those that speak for several groups lowered."""
    groups: dict[str, set[str]] = {}
    for term, number, _ in terms:
        groups.setdefault(term, set()).add(group_of[number])
    return [(term, number, weight * len(groups[term]) ** -_SHARED_WORD) for term, number, weight in terms]


def index_terms(terms: Iterable[tuple[str, int, float]], version: str = "unversioned") -> Terms:
    """Return (term, class number, weight) arranged by first word; raises ``UnreadableTerm``."""
    collected: dict[str, Worth] = {}
    for term, number, weight in terms:
        collected[term] = _join(collected.get(term, ()), number, weight)
    worths: dict[Worth, int] = {}
    alone: dict[str, int] = {}
    phrases: dict[str, dict[str, list[tuple[int, str, str, int]]]] = {}
    words: dict[str, None] = {}
    for term, value in collected.items():
        worth = worths.setdefault(value, len(worths))
        parts = term.replace("_", " ").replace("~", " ").split(" ")
        words.update(dict.fromkeys(parts))
        if term.isalnum():
            alone[term] = worth
            continue
        if not _SHORTEST <= len(parts) <= _LONGEST:
            raise UnreadableTerm(term)
        first, second, third = parts[0], parts[1], "".join(parts[2:])
        if "~" in term:
            for one, other in dict.fromkeys(((first, second), (second, first))):
                phrases.setdefault(one, {}).setdefault(other, []).append((NEAR_WORDS, "", term, worth))
        else:
            gap = 1 if term[len(first)] == "_" else GAP_WORDS
            phrases.setdefault(first, {}).setdefault(second, []).append((gap, third, term, worth))
    entries = {
        word: json.dumps([alone.get(word, -1), phrases.get(word, {})], separators=(",", ":"))
        if word in alone or word in phrases
        else ""
        for word in words
    }
    return Terms(version, list(worths), entries)


def _join(known: Worth, number: int, weight: float) -> Worth:
    """Return ``known`` with one more class; a term listed twice for one class keeps its greater weight."""
    for place, other in known:
        if place == number:
            if abs(other) >= abs(weight):
                return known
            return (*(pair for pair in known if pair[0] != number), (number, weight))
    return (*known, (number, weight))
