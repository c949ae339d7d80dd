"""What a raw probability is worth, measured: a rising curve fitted on development data.

``bench/calibrate_locate.py`` fits it and writes ``places_calibration.json``.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from intake.understand.locate.gazetteer import DATA

# Names are shared by many small places and one large one; the large one is right more often than in proportion.
STANDS_OUT: Final = 1.25


@dataclass(frozen=True, slots=True)
class Calibration:
    """Points of the curve, rising in both columns; between them it is straight."""

    version: str
    raw: tuple[float, ...]
    real: tuple[float, ...]

    def apply(self, probability: float, others: Collection[float] = (), spoken: float = 0.0) -> float:
        """The calibrated probability, 0 to 1, of the likeliest regency.

        ``others``: the raw probabilities of the other regencies spoken of; ``spoken``: the sum of all, with the first.
        What the curve adds it takes from the regencies nobody spoke of, hardly from those that were: a tie stays a tie,
        one village name of eight stays one of eight, and one that stands out is a little surer than its share.
        """
        if not others or probability >= 0.98 * spoken:
            return self._on_curve(probability)
        share: float = 1 / (1 + sum([pow(other / probability, STANDS_OUT) for other in others]))
        return min(self._on_curve(spoken * share), share)

    def _on_curve(self, probability: float) -> float:
        if probability <= self.raw[0]:
            return self.real[0]
        if probability >= self.raw[-1]:
            return self.real[-1]
        at = bisect_right(self.raw, probability)
        low, high = self.raw[at - 1], self.raw[at]
        part = (probability - low) / (high - low)
        return self.real[at - 1] + part * (self.real[at] - self.real[at - 1])


AS_IS: Final = Calibration("none", (0.0, 1.0), (0.0, 1.0))


@lru_cache(maxsize=1)
def calibration() -> Calibration:
    """The curve of this release; the straight line when none has been fitted."""
    path = DATA / "places_calibration.json"
    if not path.exists():
        return AS_IS
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return Calibration(loaded["version"], tuple(loaded["raw"]), tuple(loaded["real"]))
