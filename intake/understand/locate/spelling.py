"""Names written wrongly: "lhoksukn", "aceh utra", "kec. Kodopok".

Looked up only where a name is expected (after "kec.", "kab." ...) or where a long word is nothing else, among the names
of the level that is expected, of about the same length and with the same first letter. A typo in the first letter is
missed.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from intake.understand.locate.gazetteer import gazetteer

REGENCY_NAMES: Final = 0
DISTRICT_NAMES: Final = 1
VILLAGE_NAMES: Final = 2

SHORTEST: Final = 5
LONGEST: Final = 32
SHORTEST_BEGINNING: Final = 6
MOST_BEGINNING: Final = 12


def allowed_edits(length: int) -> int:
    """How many letters may be wrong in a key of this length."""
    if length < 8:
        return 1
    return 2 if length < 14 else 3


@lru_cache(maxsize=4096)
def near_names(key: str, scopes: tuple[int, ...], edits: int) -> tuple[tuple[str, int], ...]:
    """The keys nearest to a misspelt one as (key, edits), all equally near; none when none or more than three are."""
    if not SHORTEST <= len(key) <= LONGEST:
        return ()
    gaz = gazetteer()
    best = edits
    found: list[tuple[str, int]] = []
    for scope in scopes:
        for length in range(len(key) - edits, len(key) + edits + 1):
            bucket = gaz.buckets.get((scope, length, key[0]))
            if bucket is None or abs(length - len(key)) > best:
                continue
            names = gaz.keys[bucket[0] : bucket[1]]
            for name, distance, _ in extract(key, names, scorer=OSA.distance, score_cutoff=best, limit=4):
                if distance < best:
                    best = int(distance)
                    found = [pair for pair in found if pair[1] <= best]
                if distance <= best:
                    found.append((name, int(distance)))
    nearest = [pair for pair in found if pair[1] == best]
    return tuple(nearest) if len(nearest) <= 3 else ()


@lru_cache(maxsize=4096)
def names_beginning(key: str, scope: int) -> tuple[str, ...]:
    """The longer names of one level that begin with this key, as in "kec. Angkola": none when more than twelve do."""
    if len(key) < SHORTEST_BEGINNING:
        return ()
    gaz = gazetteer()
    found: list[str] = []
    for length in range(len(key) + 2, LONGEST):
        bucket = gaz.buckets.get((scope, length, key[0]))
        if bucket is None:
            continue
        at = bisect_left(gaz.keys, key, *bucket)
        while at < bucket[1] and gaz.keys[at].startswith(key):
            found.append(gaz.keys[at])
            at += 1
            if len(found) > MOST_BEGINNING:
                return ()
    return tuple(found)
