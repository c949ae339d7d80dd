"""How much likelier some words are a name than words, in nats: by their rarity, their cue, and how they are written."""

from __future__ import annotations

from math import exp, log
from typing import Final

from intake.understand.locate.context import Words
from intake.understand.locate.cues import STRONG, Cue
from intake.understand.locate.gazetteer import gazetteer
from intake.understand.locate.readings import Reading, acronym_kind
from intake.understand.locate.tokens import Token
from intake.understand.locate.words import usual_phrases

_WEAK: Final = frozenset(
    {Cue.BARE, Cue.LOCATIVE, Cue.FEATURE, Cue.COMPANY, Cue.STREET, Cue.STREET_TAIL, Cue.ALSO_VILLAGE, Cue.ALSO_DISTRICT}
)
# A strong cue explains itself too: a nested reading that eats it must be that much better.
_CUE_EXPLAINED: Final = 4.0
_COST_OF_EDIT: Final = 3.5


def gain_of(words: Words, first: int, last: int, cue: Cue, reading: Reading, where: int, edits: int) -> float:
    """How much likelier the words ``[first, last)`` are the name behind ``where`` than words.

    ``edits``: letters that are written wrongly.
    """
    gain = words.surprise_before[last] - words.surprise_before[first] + reading.log_mass
    if gain < -6:
        return gain
    tokens = words.tokens
    if edits:
        gain -= _COST_OF_EDIT * edits
    if words.cased:
        gain += 1.0 if tokens[last - 1].raw[0].isupper() else -0.7
    weak = cue in _WEAK
    if weak:
        gain -= _everyday(words, first, last)
        if last - first == 1:
            if words.is_doubled(first, last) or _is_shortened_word(tokens[first]):
                gain -= 4.0
            elif _heads_a_line(words, first, last):
                gain -= 8.0
        elif not edits and gazetteer().is_one_word(where):
            gain -= 3.0
    if last - first == 1 and len(tokens[first].text) <= _LONGEST_ACRONYM:
        kind = acronym_kind(where)
        shouted = tokens[first].raw.isupper() and not words.shouts
        gain += _ACRONYM_SHOUTED[kind] if shouted else _ACRONYM_UNCUED[kind] if weak else _ACRONYM_CUED[kind]
    return gain


def _is_shortened_word(token: Token) -> bool:
    """ "Tj" or "sei" alone is the beginning of some name, not the place Tanjung."""
    return token.raw.lower() != token.text and not token.raw.isdigit() and "'" not in token.raw


def _heads_a_line(words: Words, first: int, last: int) -> bool:
    """ "Sumber: Tempo", "Sumber : warga" tell who says so, not that it is in Sumber."""
    return words.tokens[first].text == "sumber" and last < len(words.tokens) and ":" in words.tokens[last].gap


# By ``acronym_kind``: "OKI" in a text that does not shout, "oki" uncued, and after a cue.
_LONGEST_ACRONYM: Final = 8
_PHRASE_SURPRISE: Final = 10.0
_ACRONYM_SHOUTED: Final = (0.0, 2.5, 1.0, -0.5)
_ACRONYM_UNCUED: Final = (0.0, 0.0, -5.0, -5.0)
_ACRONYM_CUED: Final = (0.0, 0.0, -0.5, -1.5)


def _everyday(words: Words, first: int, last: int) -> float:
    """How much an uncued name made of plain words loses: plain words stand together more often than by chance."""
    if "".join([token.text for token in words.tokens[first:last]]) in usual_phrases():
        return max(7.0, words.surprise_before[last] - words.surprise_before[first] - _PHRASE_SURPRISE)
    highest = max(words.surprises[first:last])
    if highest > 12.0 and last - first > 1:
        return 0.0
    if last - first == 1:
        return 1.0 if highest <= 9.0 else 0.0
    if highest <= 9.0:
        return 4.0
    return 0.0 if words.tokens[first].raw[0].isupper() else 1.5


def gain_of_choice(gain: float, cue: Cue) -> float:
    """What a name adds to the description of the text; never negative."""
    return (log(1 + exp(gain)) if gain < 30 else gain) + (_CUE_EXPLAINED if cue in STRONG else 0.0)
