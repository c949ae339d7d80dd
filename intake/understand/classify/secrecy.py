"""Does the sender ask for secrecy, and of what kind?

Two independent flags, as in SP4N-LAPOR!: *rahasia* (the text is not public) and *anonim* (the name is not shown). A
wish like "jangan sebut nama saya" sets both: whoever fears to be known is mostly known by what they tell. The bare word
"anonim" sets only the second.

What surprises: "rahasia" is often not a wish ("sudah rahasia umum", "anggarannya dirahasiakan"), so it counts only
near a word of asking or of the sender's own; and it is taken back by a "tidak perlu" in front of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from intake.understand.classify.lexicon import Lexicon, Reading

_SHORT_REQUEST = re.compile(r"^\W*(rahasia|anonim)\b(?!\s+umum)|\b(rahasia|anonim)\W*$")
_TAKES_BACK = frozenset({"perlu", "usah", "bukan"})
_REFUSABLE = ("rahasia", "anonim", "samar", "sembunyi")
_STRONG_TOPIC, _LIKELY = 18.0, 0.25
_SPEAKS_OF_IT = frozenset(
    {"jangan", "rahasia", "nama", "identitas", "takut", "sebut", "siapa", "tahu", "hanya", "cukup", "diam", "bocor"}
    | {"kenal", "dikenal", "sembunyi", "malu", "tanpa", "khusus", "lindungi", "pelapor", "hapus", "umum", "publik"}
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the sender asks for, and the words that say so."""

    secret: bool
    anonymous: bool
    words: tuple[str, ...]


def find_wish(lexicon: Lexicon, reading: Reading, likely: float = 0.0) -> Wish:
    """Return the wish for secrecy found in ``reading``.

    ``likely`` is the judge's probability that the sender asks: where no rule says so either way, it decides. A wish that
    is missed may cost somebody their work; one that is imagined costs a click.
    """
    number = lexicon.number
    asked, hidden, withdrawn = number["sec.minta"], number["sec.anonim"], number["sec.cabut"]
    secret: list[str] = []
    anonymous: list[str] = []
    taken_back = [(hit.start, hit.end) for hit in reading.hits if any(place == withdrawn for place, _ in hit.worth)]
    for hit in reading.hits:
        kinds = {place for place, _ in hit.worth} & {asked, hidden}
        if not kinds or _is_taken_back(hit.start, hit.end, taken_back, reading.roots):
            continue
        if asked in kinds:
            secret.append(hit.term)
        if hidden in kinds:
            anonymous.append(hit.term)
    if likely >= _LIKELY and not (secret or anonymous or taken_back) and not _SPEAKS_OF_IT.isdisjoint(reading.roots):
        return Wish(True, True, ("kalimatnya",))
    short = _SHORT_REQUEST.search(reading.text)
    if short and not taken_back:
        word = short.group(1) or short.group(2)
        (anonymous if word == "anonim" else secret).append(word)
    only_anonymous = all(word == "anonim" for word in anonymous)
    return Wish(
        bool(secret) or (bool(anonymous) and not only_anonymous),
        bool(anonymous),
        tuple(dict.fromkeys(word.replace("_", " ").replace("~", " … ") for word in secret + anonymous)),
    )


def _is_taken_back(start: int, end: int, taken_back: list[tuple[int, int]], roots: list[str]) -> bool:
    if any(first <= end and start <= last for first, last in taken_back):
        return True
    for place in range(start, end + 1):
        if roots[place].startswith(_REFUSABLE):
            before = roots[max(0, place - 2) : place]
            if _TAKES_BACK.intersection(before) and "jangan" not in before:
                return True
    return False


def topic_demands_secrecy(lexicon: Lexicon, reading: Reading, topic: str) -> str | None:
    """Return the code of the topic that makes a report secret by itself (levies, abuse, violence), or None."""
    if lexicon.taxonomy.topic(topic).secret:
        return topic
    for code in lexicon.secret_topics:
        if reading.scores[lexicon.number[code]] >= _STRONG_TOPIC:
            return code
    return None
