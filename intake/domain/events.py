"""What happened to a report, as its clocks see it; read from the steps of its history.

What surprises:

* Taking a report up is the first response: the citizen who asks reads "sedang diproses" from then on.
* Leaving ``tertunda`` in whatever direction ends the question, whether the citizen answered or we went on without.
* An officer who goes on after the own follow-up (``ditindaklanjuti`` to ``diproses``) takes the follow-up back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Final

from intake.domain.report import State


class EventKind(StrEnum):
    """What can happen to a report that matters to its clocks. At one and the same moment, in this order."""

    RECEIVED = "received"
    RESTORED = "restored"  # taken back from the archive or out of a merger
    RETURNED = "returned"  # by the unit or the addressee: not ours
    ASKED = "asked"  # the citizen is asked and we wait
    ANSWERED = "answered"
    VERIFIED = "verified"
    HANDED_OVER = "handed_over"  # to a unit, or to one more
    FIRST_RESPONDED = "first_responded"
    FOLLOWED_UP = "followed_up"
    REPLIED = "replied"  # the citizen, to a follow-up
    RESUMED = "resumed"  # by the unit itself, after its follow-up
    FINISHED = "finished"
    REOPENED = "reopened"
    FORWARDED = "forwarded"  # to an addressee outside: nothing is owed here
    MERGED = "merged"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, and when (with a time zone)."""

    kind: EventKind
    at: datetime


_E = EventKind
_S = State

#: What a step into a state is to the clocks, wherever it comes from.
_INTO: Final[dict[State, tuple[EventKind, ...]]] = {
    _S.TERTUNDA: (_E.ASKED,),
    _S.TERVERIFIKASI: (_E.VERIFIED,),
    _S.TERDISPOSISI: (_E.VERIFIED, _E.HANDED_OVER),
    _S.DITINDAKLANJUTI: (_E.FOLLOWED_UP,),
    _S.SELESAI: (_E.FINISHED,),
    _S.DIBUKA_KEMBALI: (_E.REOPENED,),
    _S.DIKEMBALIKAN: (_E.RETURNED,),
    _S.DITERUSKAN: (_E.FORWARDED,),
    _S.DIGABUNG: (_E.MERGED,),
    _S.DIARSIPKAN: (_E.ARCHIVED,),
}


def events_of(opened_at: datetime, steps: Iterable[tuple[str | None, str, datetime]]) -> list[Event]:
    """The events of a report that was opened then and took these steps: (from state, to state, when)."""
    events = [Event(EventKind.RECEIVED, opened_at)]
    for before, after, at in steps:
        events += [Event(kind, at) for kind in _kinds_of(before, after)]
    return events


@cache
def _kinds_of(before: str | None, after: str) -> tuple[EventKind, ...]:
    return tuple(_find_kinds(None if before is None else State(before), State(after)))


def _find_kinds(was: State | None, now: State) -> Iterator[EventKind]:
    if was in {_S.DIARSIPKAN, _S.DIGABUNG}:
        yield _E.RESTORED
    if was is _S.TERTUNDA and now is not _S.TERTUNDA:
        yield _E.ANSWERED
    if now is _S.DIPROSES and was is _S.DITINDAKLANJUTI:
        yield _E.RESUMED
    elif now is _S.DIPROSES and was is not _S.TERTUNDA:
        yield _E.FIRST_RESPONDED
    elif now is _S.DITANGGAPI_PELAPOR and was is _S.DITINDAKLANJUTI:
        yield _E.REPLIED
    yield from _INTO.get(now, ())
