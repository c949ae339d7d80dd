"""The models of an installation: a folder of model files, which one is active, and which were before.

``active.json`` in that folder holds the history, newest last; it is replaced in one step, so that a reader never sees
half of it. The names ``shipped`` (the model in the package) and ``lexicon`` (no model) are always there.

What surprises: nothing here decides whether a model is good enough; `sahut models activate` measures first.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from intake.understand.classify.classifier import Classifier, shipped_judge
from intake.understand.classify.judges import Judge, LexiconJudge, LinearJudge, UnusableModel, parse_model
from intake.understand.classify.lexicon import Lexicon, lexicon

if TYPE_CHECKING:  # pathlib is slow to import, and most who import this package never open a shelf
    from pathlib import Path

SHIPPED, LEXICON = "shipped", "lexicon"
_ACTIVE = "active.json"


class NothingBefore(LookupError):
    """There is no earlier model to go back to."""


class ModelShelf:
    """Model files in ``folder``; the folder need not exist."""

    def __init__(self, folder: Path) -> None:
        """Keep models in ``folder``."""
        self._folder = folder

    def names(self) -> list[str]:
        """Return all names, the two that are always there first."""
        found = sorted(path.stem for path in self._folder.glob("*.json") if path.name != _ACTIVE)
        return [SHIPPED, LEXICON, *(name for name in found if name not in (SHIPPED, LEXICON))]

    def judge(self, name: str, known: Lexicon | None = None) -> Judge:
        """Return the judge called ``name``; raises ``UnusableModel``."""
        words = known or lexicon()
        if name == SHIPPED:
            return shipped_judge(words)
        if name == LEXICON:
            return LexiconJudge(words)
        if name not in self.names():
            raise UnusableModel("no model of that name")
        return LinearJudge(words, parse_model((self._folder / f"{name}.json").read_text("utf-8")))

    def history(self) -> list[str]:
        """Return the names that were active, oldest first; the last one is active now. Starts with ``shipped``."""
        try:
            names = json.loads((self._folder / _ACTIVE).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return [SHIPPED]
        return [str(name) for name in names] if isinstance(names, list) and names else [SHIPPED]

    def active(self) -> str:
        """Return the name of the active model."""
        return self.history()[-1]

    def classifier(self) -> Classifier:
        """Return a classifier with the active model; with the shipped one where the active one cannot be used."""
        words = lexicon()
        try:
            return Classifier(words, self.judge(self.active(), words))
        except (UnusableModel, OSError):
            return Classifier(words, shipped_judge(words))

    def activate(self, name: str) -> None:
        """Make ``name`` the active model; raises ``UnusableModel`` when it cannot be read."""
        self.judge(name)
        self._remember([*self.history(), name])

    def roll_back(self) -> str:
        """Return to the model that was active before and return its name; raises ``NothingBefore``."""
        names = self.history()
        if len(names) < 2:
            raise NothingBefore
        self._remember(names[:-1])
        return names[-2]

    def _remember(self, names: list[str]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{_ACTIVE}.{os.getpid()}"
        fresh.write_text(json.dumps(names), encoding="utf-8")
        fresh.replace(self._folder / _ACTIVE)
