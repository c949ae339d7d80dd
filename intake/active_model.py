"""The model that this installation has made active (`sahut models activate`), for whoever classifies what comes in.

A change is noticed by the file's time, so that running workers go over to a new model, or back, without a restart.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from intake.understand.classify import Classification, Classifier
from intake.understand.classify.shelf import ModelShelf


def classify_here(text: str, *, subject: str | None = None) -> Classification:
    """As ``classify``, with the active model; with the shipped one where none is active or it cannot be used."""
    data = os.environ.get("SAHUT_DATA") or "data"
    try:
        changed = os.stat(f"{data}/models/active.json").st_mtime_ns  # noqa: PTH116 - for every text: a Path costs more
    except OSError:
        changed = 0
    return _classifier(data, changed).classify(text, subject=subject)


@lru_cache(maxsize=1)
def _classifier(data: str, changed: int) -> Classifier:  # noqa: ARG001 - a change of the file is another classifier
    return ModelShelf(Path(data) / "models").classifier()
