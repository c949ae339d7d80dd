"""The words around a name, in one text: what stands before it, and whether the writer tells names by capitals."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

from intake.understand.locate.cues import ASIDE, CUE_OF, NEIGHBOURHOOD, SENT_FROM, STREET_NAMED_BY, Cue
from intake.understand.locate.tokens import Token
from intake.understand.locate.words import surprise

# What ends a name, and what ends a sentence.
BREAKS: Final = frozenset(',;!?\n\r()[]|:/"*')
STOPS: Final = frozenset(".!?\n;")
_SETS_APART: Final = frozenset({",", ":", "-", "..", "...", ".", ";", "="})
_SPOKEN_TO: Final = frozenset({"pak", "bu", "bapak", "ibu", "min", "mohon", "tolong", "pk", "bpk", "mhn", "tlg"})
_OWN_PEOPLE: Final = frozenset(
    {"saya", "sy", "kami", "warga", "wrg", "masyarakat", "laporan", "aduan", "masy", "salam"}
)
_SKIPPED_ASIDE: Final = frozenset({Cue.PERSON, Cue.COMPANY, Cue.FEATURE, Cue.STREET, Cue.PRODUCT})


class Words:
    """The tokens of one text with what is asked of them again and again."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.texts = [token.text for token in tokens]
        self.cue_words = list(map(CUE_OF.get, self.texts))
        self.surprises = list(map(surprise, self.texts))
        self.surprise_before = [0.0, *accumulate(self.surprises)]
        raws = [token.raw for token in tokens]
        letters = len(raws) - sum(map(str.isdigit, raws))
        capitals = letters - sum(map(str.islower, raws))
        self.shouts = capitals > 0 and sum(map(str.isupper, raws)) > 0.6 * letters
        # Capitals tell names only where the writer uses both.
        self.cased = not self.shouts and 1 < capitals < 0.75 * letters
        self._cues: dict[int, Cue] = {}

    def cue_before(self, at: int) -> Cue:
        """What stands right before token ``at``."""
        cue = self._cues.get(at)
        if cue is None:
            cue = self._cues[at] = self._find_cue(at)
        return cue

    def _find_cue(self, at: int) -> Cue:
        if at == 0:
            return Cue.BARE
        gap = self.tokens[at].gap
        if self.tokens[at - 1].raw.isdigit() and self._follows_neighbourhood(at):
            return Cue.ADDRESS
        if gap != " " and not BREAKS.isdisjoint(gap) and gap.strip() not in {":", "/", ".:", ": ("}:
            return Cue.BARE
        before = self.tokens[at - 1].text
        cue = CUE_OF.get(before, Cue.BARE)
        if cue == Cue.BARE and before in ASIDE:
            return Cue.LOCATIVE
        if cue == Cue.BARE and at > 1:
            if before in STREET_NAMED_BY and CUE_OF.get(self.tokens[at - 2].text) == Cue.STREET:
                return Cue.STREET
            if self._is_second_of_street(at):
                return Cue.STREET_TAIL
        return cue

    def _is_second_of_street(self, at: int) -> bool:
        """Behind one rare word behind "jalan": the rest of the street's name, or the town it lies in."""
        return (
            self.surprises[at - 1] > 9
            and CUE_OF.get(self.tokens[at - 2].text) == Cue.STREET
            and not self.tokens[at].gap.strip()
            and STOPS.isdisjoint(self.tokens[at - 1].gap.strip(" ."))
        )

    def _follows_neighbourhood(self, at: int) -> bool:
        """Behind "RT 02 RW 05", "rt 06/06", "RW 11"."""
        if not STOPS.isdisjoint(self.tokens[at].gap.strip(" .")):
            return False
        for before in range(at - 1, max(at - 6, -1), -1):
            token = self.tokens[before]
            if token.text in NEIGHBOURHOOD:
                return True
            if not token.raw.isdigit():
                return False
        return False

    def cue_of_opening(self, last: int) -> Cue:
        """For words that open the text: set apart ("Lapeo, jalan ...", "Marisa pak, ..."), they tell where."""
        if last < len(self.tokens) and (
            self.tokens[last].gap.strip() in _SETS_APART or self.tokens[last].text in _SPOKEN_TO
        ):
            return Cue.LOCATIVE
        return Cue.BARE

    def aside_before(self, at: int) -> tuple[float, str]:
        """How likely the report is not about the place named at ``at``, by the words before it; and that word."""
        for step in range(1, 4):
            before = at - step
            if before < 0:
                break
            word = self.tokens[before].text
            aside = ASIDE.get(word)
            if aside is not None:
                return (self._from_where(before, step, aside) if word in {"dari", "dr"} else aside), word
            cue = CUE_OF.get(word)
            if word not in {"di", "pada"} and (cue is None or cue in _SKIPPED_ASIDE):
                break
            if len(word) > 3 and not STOPS.isdisjoint(self.tokens[before].gap):
                break
        return 0.0, ""

    def _from_where(self, at: int, step: int, aside: float) -> float:
        """ "Saya dari desa X" and "warga dari X" say where the report is from, "air dari X" where something else is."""
        if at == 0 or step > 1 or self.tokens[at - 1].text in _OWN_PEOPLE:
            return 0.08
        if any(token.text in SENT_FROM for token in self.tokens[max(at - 3, 0) : at]):
            return 0.55
        return aside

    def is_doubled(self, first: int, last: int) -> bool:
        """Whether a one-word name is half of a doubled word: "buru-buru", "terburu buru", "hati hati"."""
        if last - first != 1:
            return False
        word = self.tokens[first].text
        before = self.tokens[first - 1].text if first else ""
        after = self.tokens[last].text if last < len(self.tokens) else ""
        return after == word or (len(before) >= len(word) and before.endswith(word))
