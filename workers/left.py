"""What is left of promises that were tried together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intake.storage.outbox import Claim


@dataclass(frozen=True, slots=True)
class Left:
    """``alone``: to be kept one by one, now; ``not_begun``: the turn was over before them, others may have them."""

    alone: Sequence[Claim] = ()
    not_begun: Sequence[Claim] = ()
