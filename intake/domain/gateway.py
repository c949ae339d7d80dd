"""By which of several gateways a message leaves: the terms an operator gives them, and the choice.

What surprises: the same person goes by the same gateway as long as it does well, so that two messages in a row keep their
order. The share of each gateway comes about over many people (weighted rendezvous hashing: Thaler and Ravishankar, "Using
name-based mappings to increase hit rates", 1998). A weight of 0 makes a reserve: used when no other one is up.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_WEIGHT: Final = re.compile(r"[0-9]{1,4}", re.ASCII)
_RATE: Final = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What an operator says about a gateway: its share, and how many segments it takes in a second (None: any number)."""

    name: str
    weight: int = 1
    segments_per_second: float | None = None

    @property
    def most_at_once(self) -> float:
        """Segments that may leave together after a pause: those of one second, one at least."""
        return max(1.0, self.segments_per_second or 0.0)


def read_gateways(written: str) -> tuple[tuple[Gateway, ...], tuple[str, ...]]:
    """``sms_kannel weight=3 rate=10, sms_twilio weight=0`` as gateways, and what is wrong with it (values are not told)."""
    gateways: dict[str, Gateway] = {}
    faults: list[str] = []
    for number, entry in enumerate((e for e in written.split(",") if e.strip()), start=1):
        name, *terms = entry.split()
        said = dict(term.partition("=")[::2] for term in terms)
        weight, rate = said.pop("weight", "1"), said.pop("rate", None)
        if not _NAME.fullmatch(name) or name in gateways:
            faults.append(f"entry {number} names no channel, or one that was named before")
        elif said or len(terms) != len({term.partition("=")[0] for term in terms}):
            faults.append(
                f"entry {number} holds something that is neither weight=... nor rate=..., or one of them twice"
            )
        elif not _WEIGHT.fullmatch(weight):
            faults.append(f"entry {number}: weight must be a whole number from 0 to 9999")
        elif rate is not None and not (_RATE.fullmatch(rate) and float(rate) > 0):
            faults.append(f"entry {number}: rate must be a number above 0, in segments per second")
        else:
            gateways[name] = Gateway(name, int(weight), None if rate is None else float(rate))
    return tuple(gateways.values()), tuple(faults)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A gateway by which a message could leave.

    ``is_up``         it has not failed too often.
    ``may_be_tried``  it is down, and the time has come to see whether it still is.
    ``is_pinned``     an operator wants it and no other, whatever its state.
    ``has_refused``   it said no to this very message.
    """

    name: str
    weight: int = 1
    is_up: bool = True
    may_be_tried: bool = False
    is_pinned: bool = False
    has_refused: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """``probing``: to see whether a gateway that is down takes messages again. One message at a time does that."""

    name: str
    probing: bool = False


def plan_attempts(person: str, candidates: Sequence[Candidate], *, may_probe: bool = True) -> list[Attempt]:
    """By which gateways to try this message, in this order: probes (of which another may be first), then the choice.

    Empty when none is up and none may be tried. ``may_probe`` False keeps a message from being the first one that a
    sick gateway gets, as long as there is a healthy one.
    """
    pinned = [each for each in candidates if each.is_pinned]
    if pinned:
        return [Attempt(_favourite(person, pinned).name)]
    up = [each for each in candidates if each.is_up]
    circle = [each for each in up if each.weight] or up
    choice = (
        [Attempt(_favourite(person, [each for each in circle if not each.has_refused] or circle).name)] if up else []
    )
    probes = [
        Attempt(each.name, probing=True)
        for each in candidates
        if each.may_be_tried and not each.is_up and (not choice or (may_probe and not each.has_refused))
    ]
    return [*probes, *choice]


def _favourite(person: str, candidates: Sequence[Candidate]) -> Candidate:
    return max(candidates, key=lambda each: (_score(person, each), each.name))


def _score(person: str, candidate: Candidate) -> float:
    digest = hashlib.sha256(f"{candidate.name}\0{person}".encode()).digest()
    chance = (int.from_bytes(digest[:7]) + 1) / (2**56 + 1)
    return -(candidate.weight or 1) / math.log(chance)
