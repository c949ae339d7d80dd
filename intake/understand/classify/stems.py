"""Find the root of an Indonesian word among the roots we know.

Not a stemmer for its own sake: a word is only cut as far as makes it a root that the lexicon lists, so a derived form
that means something of its own ("penerangan", street lighting) is simply listed as a root and stays whole.

What surprises: words without vowels ("jmbtn", "prbaikan") are compared by their consonants, and only where exactly
one root has those consonants.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

_ENDINGS = ("nya", "lah", "kah", "pun", "nyo", "ku", "mu", "ne", "ny", "x", "e")
_SUFFIXES = ("kan", "an", "i", "in", "keun", "ke")
_PREFIXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("memper", ("",)),
    ("diper", ("",)),
    ("menge", ("",)),
    ("penge", ("",)),
    ("meng", ("", "k")),
    ("peng", ("", "k")),
    ("meny", ("s",)),
    ("peny", ("s",)),
    ("mem", ("", "p")),
    ("pem", ("", "p")),
    ("men", ("", "t")),
    ("pen", ("", "t")),
    ("me", ("",)),
    ("pe", ("",)),
    ("ber", ("", "r")),
    ("per", ("", "r")),
    ("ter", ("", "r")),
    ("be", ("",)),
    ("te", ("",)),
    ("nge", ("",)),
    ("ng", ("", "k")),
    ("ny", ("s", "c")),
    ("di", ("",)),
    ("ke", ("",)),
    ("se", ("",)),
)
_PREFIXES_BY_LETTER = {
    letter: tuple(entry for entry in _PREFIXES if entry[0][0] == letter)
    for letter in {entry[0][0] for entry in _PREFIXES}
}
_WITHOUT_VOWELS = str.maketrans("", "", "aiueo")
_MIN_ROOT, _MIN_CUT_ROOT, _MIN_SKELETON = 3, 4, 4
_CACHE_WORDS = 6_000


def skeleton(word: str) -> str:
    """Return the consonants of ``word`` in order: jembatan → jmbtn."""
    return word.translate(_WITHOUT_VOWELS)


class _Known(dict[str, str]):
    """Words and their roots, found when first asked for; forgets everything when full."""

    def __init__(self, find: Callable[[str], str]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, word: str) -> str:
        if len(self) >= _CACHE_WORDS:
            self.clear()
        root = self[word] = self._find(word)
        return root


class Roots:
    """Roots, and the way from a written word to its root. Holds a bounded cache."""

    def __init__(self, roots: Collection[str]) -> None:
        """Know ``roots`` as they are written; asking whether one is among them should be quick."""
        self._roots = roots
        self._known = _Known(self._root)
        self._skeletons: dict[str, str] | None = None

    def __contains__(self, word: object) -> bool:
        return word in self._roots

    def of(self, words: Iterable[str]) -> list[str]:
        """Return the root of each word, in order; a word without one keeps its form."""
        return list(map(self._known.__getitem__, words))

    def _root(self, word: str) -> str:
        roots = self._roots
        if word in roots or len(word) <= _MIN_ROOT or len(word) > 24:
            return word
        shorter = word
        forms = [word]
        for ending in _ENDINGS if word.endswith(_ENDINGS) else ():
            if word.endswith(ending) and len(word) - len(ending) >= _MIN_ROOT:
                shorter = word[: -len(ending)]
                forms.append(shorter)
                break
        for form in [form for form in forms if form.endswith(_SUFFIXES)]:
            forms += [form[: -len(s)] for s in _SUFFIXES if form.endswith(s) and len(form) - len(s) >= _MIN_CUT_ROOT]
        for form in forms:
            if form in roots:
                return form
        prefixes = _PREFIXES_BY_LETTER.get(word[0], ())
        for form in forms if prefixes else ():
            for prefix, restored in prefixes:
                if form.startswith(prefix):
                    rest = form[len(prefix) :]
                    if len(rest) >= _MIN_ROOT - 1:
                        for first in restored:
                            if first + rest in roots and len(first + rest) >= _MIN_CUT_ROOT:
                                return first + rest
        return self._by_consonants(word) or (shorter if len(shorter) > _MIN_ROOT else word)

    def _by_consonants(self, word: str) -> str | None:
        bare = skeleton(word)
        if len(bare) < _MIN_SKELETON or (len(word) - len(bare)) * 4 > len(word):
            return None
        if self._skeletons is None:  # made when first needed: most texts have no such word, and starting must be quick
            self._skeletons = {}
            for root in sorted(self._roots):
                if len(root) > _MIN_SKELETON:
                    known = skeleton(root)
                    if len(known) >= _MIN_SKELETON:
                        self._skeletons[known] = "" if known in self._skeletons else root
        return self._skeletons.get(bare) or None
