"""Until when a report must be verified, answered and finished, as a pure function of what happened to it.

``compute_deadlines`` folds the events of a report into clocks. A clock starts, is held while the citizen is asked,
rests while nothing is owed, and is done; ``RULES`` says which event does what to which clock, and nothing else does.

What surprises:

* A deadline is not moved by hand and not counted on from a stored one: it follows from the events each time, so that a
  changed calendar, class or SLA moves it, and computing twice changes nothing.
* While the citizen is asked there is no date. When the answer comes the days that were left are counted on from the
  answer, which counts as come in by the same rule as a report does. A deadline that had passed before the question
  stays passed: asking late mends nothing.
* Giving a report back and forth, or to a second unit, gains nobody time towards the citizen: ``finish`` runs through.
  Only the new unit's ``first_response`` begins anew.
* A citizen's reply to a follow-up lets ``finish`` go on with the days that were left, but with no fewer than a first
  response has: units often answer on the last day, and a reply must not be overdue before it was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, StrEnum, auto
from functools import lru_cache
from typing import Final

from intake.domain.calendar import WorkingCalendar, localise
from intake.domain.events import Event, EventKind
from intake.domain.sla import SLA, FinishFrom, SlaTable

# What goes in is named here too, so that who computes deadlines imports from one place.
__all__ = [
    "RING_AT", "RULES", "SLA", "Alarm", "AlarmStep", "Clock", "ClockKind", "ClockState", "ClockStatus", "Deadlines",
    "Event", "EventKind", "SlaTable", "compute_deadlines",
]  # fmt: skip

#: When people are reminded. Offices open at 07.30 local time (Perpres 21/2023, art. 4), in Ramadan at 08.00; and a
#: report is closed by day, so that no citizen is woken by the news.
RING_AT: Final = time(8, 0)
_RING_UNTIL: Final = time(17, 0)  # an alarm that cannot wait for the morning rings in office hours or not today
_BREATH: Final = timedelta(hours=1)


class ClockKind(StrEnum):
    """``answer`` and ``close`` run for the citizen and exist only while they run; the others run for officers."""

    VERIFY = "verify"
    REROUTE = "reroute"
    FIRST_RESPONSE = "first_response"
    FINISH = "finish"
    ANSWER = "answer"
    CLOSE = "close"


_FOR_THE_CITIZEN: Final = frozenset({ClockKind.ANSWER, ClockKind.CLOSE})


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"  # the citizen is asked
    RESTING = "resting"  # nothing is owed: forwarded, merged or archived
    DONE = "done"


#: Names for what is asked for every clock of every report: an enumeration looks its members up slowly.
_RUNNING, _PAUSED, _RESTING, _IS_DONE = ClockState
_HAS_A_DATE: Final = frozenset({_RUNNING, _IS_DONE})
_HELD: Final = frozenset({_PAUSED, _RESTING})


class ClockStatus(StrEnum):
    ON_TIME = "on_time"
    DUE_SOON = "due_soon"  # from the moment on at which the officer is reminded
    OVERDUE = "overdue"
    PAUSED = "paused"
    RESTING = "resting"
    MET = "met"
    MISSED = "missed"


class AlarmStep(StrEnum):
    REMIND_OFFICER = "remind_officer"
    REMIND_HEAD = "remind_head"
    TELL_LEADER = "tell_leader"
    STOP_WAITING = "stop_waiting"  # the citizen did not answer our question
    CLOSE_REPORT = "close_report"  # nobody replied to the follow-up


@dataclass(frozen=True, slots=True)
class Alarm:
    """Who is to hear, or what is to be done, about which clock, and when."""

    at: datetime
    clock: ClockKind
    step: AlarmStep


def _ringing_order(alarm: Alarm) -> tuple[datetime, ClockKind, AlarmStep]:
    return alarm.at, alarm.clock, alarm.step


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock as the events left it.

    ``due_at`` is the end of a working day; while the clock is held, the earliest it can become. ``since``: when it came
    into its state. ``days_left``: working days left when it was held or done, None when it was late by then.
    """

    kind: ClockKind
    started_at: datetime
    due_at: datetime
    since: datetime
    state: ClockState = ClockState.RUNNING
    days_left: int | None = None
    alarms: tuple[Alarm, ...] = ()

    def status(self, now: datetime) -> ClockStatus:
        """How it stands at a moment that is not before its last event."""
        if self.state is ClockState.DONE:
            return ClockStatus.MISSED if self.days_left is None else ClockStatus.MET
        if self.state is not ClockState.RUNNING:
            return ClockStatus(self.state.value)
        if now > self.due_at:
            return ClockStatus.OVERDUE
        return ClockStatus.DUE_SOON if self.alarms and now >= self.alarms[0].at else ClockStatus.ON_TIME


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The clocks of a report that have begun. A due moment is None where no date is promised now.

    ``calendar_version``: of the calendar that made them; compute again when it is no longer the current one.
    """

    calendar_version: str
    clocks: tuple[Clock, ...]

    def clock(self, kind: ClockKind) -> Clock | None:
        """The clock of a kind, or None while there is none."""
        for clock in self.clocks:
            if clock.kind is kind:
                return clock
        return None

    def due(self, kind: ClockKind) -> datetime | None:
        """When it is or was due; None without a clock and while it is held, so that ``due < now`` is never wrong."""
        clock = self.clock(kind)
        return clock.due_at if clock and clock.state in _HAS_A_DATE else None

    @property
    def verify_due(self) -> datetime | None:
        return self.due(ClockKind.VERIFY)

    @property
    def first_response_due(self) -> datetime | None:
        return self.due(ClockKind.FIRST_RESPONSE)

    @property
    def finish_due(self) -> datetime | None:
        return self.due(ClockKind.FINISH)

    @property
    def answer_due(self) -> datetime | None:
        return self.due(ClockKind.ANSWER)

    @property
    def close_due(self) -> datetime | None:
        return self.due(ClockKind.CLOSE)

    def status(self, now: datetime) -> dict[ClockKind, ClockStatus]:
        """How each clock stands."""
        return {clock.kind: clock.status(now) for clock in self.clocks}

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """All alarms of the clocks that run, past ones too, in order. After the leader was told nothing more rings."""
        return tuple(sorted((a for c in self.clocks for a in c.alarms), key=_ringing_order))

    def alarms_between(self, after: datetime, until: datetime) -> tuple[Alarm, ...]:
        """All that was to ring later than ``after`` and not later than ``until``, in order."""
        return tuple(alarm for alarm in self.alarms if after < alarm.at <= until)

    def next_alarm(self, now: datetime) -> Alarm | None:
        """The first to ring later than ``now``. Others may ring at the same moment: ask ``alarms_between`` then."""
        coming = [alarm for clock in self.clocks for alarm in clock.alarms if alarm.at > now]
        return min(coming, key=_ringing_order, default=None)


class _Effect(Enum):
    START = auto()  # with all its days, unless it is running or paused
    RESTART = auto()  # with all its days, in any case
    BEGIN = auto()  # with all its days if it never began; goes on if it was held
    PAUSE = auto()  # unless it is late
    GO_ON = auto()  # after a pause
    WAKE = auto()  # after a pause or a rest
    REPLY = auto()  # when it was done: goes on with the days left, and some to read the reply
    UNDO = auto()  # when it was done: as if it had not been
    REST = auto()
    DONE = auto()
    DROP = auto()  # as if it never began


_START, _RESTART, _BEGIN, _PAUSE, _GO_ON, _WAKE, _REPLY, _UNDO, _REST, _DONE, _DROP = _Effect
_E, _K, _C = _Effect, EventKind, ClockKind
_DECIDED: Final = (_K.FORWARDED, _K.MERGED, _K.ARCHIVED)
_SETTLED: Final = dict.fromkeys((_K.VERIFIED, _K.HANDED_OVER, _K.FOLLOWED_UP, _K.FINISHED, *_DECIDED), _E.DONE)
_HOLDS: Final = {_K.ASKED: _E.PAUSE, _K.ANSWERED: _E.GO_ON}

#: What each event does to each clock; what is not here does nothing. RECEIVED begins ``finish`` by setting only.
RULES: Final[Mapping[ClockKind, Mapping[EventKind, _Effect]]] = {
    _C.VERIFY: {_K.RECEIVED: _E.BEGIN, **_HOLDS, **_SETTLED},
    _C.REROUTE: {_K.RETURNED: _E.START, _K.RESTORED: _E.START, **_HOLDS, **_SETTLED},
    _C.FIRST_RESPONSE: {
        _K.HANDED_OVER: _E.BEGIN, _K.REOPENED: _E.START, _K.REPLIED: _E.START, **_HOLDS,
        **dict.fromkeys((_K.FIRST_RESPONDED, _K.FOLLOWED_UP, _K.FINISHED), _E.DONE),
        **dict.fromkeys(_DECIDED, _E.REST), _K.RETURNED: _E.DROP, _K.RESTORED: _E.DROP,
    },
    _C.FINISH: {
        _K.VERIFIED: _E.BEGIN, _K.HANDED_OVER: _E.BEGIN, _K.REOPENED: _E.START, _K.REPLIED: _E.REPLY, **_HOLDS,
        _K.RETURNED: _E.WAKE, _K.RESTORED: _E.WAKE, _K.RESUMED: _E.UNDO,
        **dict.fromkeys((_K.FOLLOWED_UP, _K.FINISHED), _E.DONE), **dict.fromkeys(_DECIDED, _E.REST),
    },
    _C.ANSWER: {
        _K.ASKED: _E.RESTART,
        **dict.fromkeys((_K.ANSWERED, _K.RETURNED), _E.DROP),
        **dict.fromkeys(_SETTLED, _E.DROP),
    },
    _C.CLOSE: {
        _K.FOLLOWED_UP: _E.RESTART,
        **dict.fromkeys((_K.REPLIED, _K.RESUMED, _K.ASKED, _K.FINISHED, *_DECIDED), _E.DROP),
    },
}  # fmt: skip

_ORDER: Final = {kind: place for place, kind in enumerate(EventKind)}
_CLOCKS: Final = tuple(ClockKind)
_CLOSE: Final = ClockKind.CLOSE
_TO_A_FOLLOW_UP: Final = frozenset({EventKind.REPLIED, EventKind.RESUMED})


def compute_deadlines(
    events: Iterable[Event], sla: SLA, calendar: WorkingCalendar, *, zone: str, region: str | None = None
) -> Deadlines:
    """The deadlines of a report to which ``events`` happened, in a region of zone WIB, WITA or WIT.

    The order of the events and repetitions of one do not matter. For how things stood at a moment, leave out what
    happened later. Raises NaiveMoment and UnknownZone.
    """
    keeper = _Keeper(sla, calendar, zone, region)
    moments = {(localise(event.at, zone), _ORDER[event.kind], event.kind) for event in events}
    clocks: dict[ClockKind, Clock] = {}
    for at, _, happened in sorted(moments):
        if happened in _TO_A_FOLLOW_UP and _CLOSE not in clocks:
            continue  # no follow-up waits: a word of thanks after the end, say, moves no clock
        for kind, effect in keeper.effects[happened]:
            kept = keeper.apply(effect, kind, clocks.get(kind), at)
            if kept:
                clocks[kind] = kept
            else:
                clocks.pop(kind, None)
    return Deadlines(calendar.version, tuple([keeper.with_alarms(clocks[kind]) for kind in _CLOCKS if kind in clocks]))


def _ringing(clock: Clock, alarms: tuple[Alarm, ...]) -> Clock:
    return Clock(clock.kind, clock.started_at, clock.due_at, clock.since, clock.state, clock.days_left, alarms)


@lru_cache(maxsize=1024)
def _days_of(sla: SLA) -> Mapping[ClockKind, int]:
    return {kind: int(getattr(sla, f"{kind.value}_days")) for kind in ClockKind}


@lru_cache
def _effects_of(finish_from: FinishFrom) -> Mapping[EventKind, Sequence[tuple[ClockKind, _Effect]]]:
    """``RULES`` from the other side: what an event does, clock by clock."""
    finish = dict(RULES[ClockKind.FINISH])
    if finish_from == "received":
        finish[EventKind.RECEIVED] = _Effect.BEGIN
    elif finish_from == "handed_over":
        del finish[EventKind.VERIFIED]
    rules = {**RULES, ClockKind.FINISH: finish}
    return {
        event: [(clock, effects[event]) for clock, effects in rules.items() if event in effects] for event in EventKind
    }


class _Keeper:
    """Sets the clocks of one report: knows its SLA, its calendar and where it is."""

    def __init__(self, sla: SLA, calendar: WorkingCalendar, zone: str, region: str | None) -> None:
        self.sla, self.calendar, self.zone, self.region = sla, calendar, zone, region
        self.days, self.effects = _days_of(sla), _effects_of(sla.finish_from)

    def apply(self, effect: _Effect, kind: ClockKind, clock: Clock | None, at: datetime) -> Clock | None:
        """The clock after the effect; None for no clock."""
        if effect is _DROP:
            return None
        if effect is _RESTART or (clock is None and (effect is _START or effect is _BEGIN)):
            return self._started(kind, at)
        if clock is None:
            return None
        state = clock.state
        if effect is _START and (state is _RESTING or state is _IS_DONE):
            return self._started(kind, at)
        if effect is _PAUSE and state is _RUNNING and at <= clock.due_at:
            return self._stopped(clock, _PAUSED, at)
        if effect is _REST and (state is _RUNNING or state is _PAUSED):
            return self._stopped(clock, _RESTING, at)
        if effect is _DONE and state is not _IS_DONE:
            return self._stopped(clock, _IS_DONE, at)
        if (effect is _BEGIN or effect is _WAKE) and state in _HELD:
            return self._continued(clock, at)
        if effect is _GO_ON and state is _PAUSED:
            return self._continued(clock, at)
        if effect is _UNDO and state is _IS_DONE:
            return Clock(clock.kind, clock.started_at, clock.due_at, at)
        if effect is _REPLY and state is _IS_DONE:
            return self._continued(clock, at, at_least_days=self.sla.first_response_days)
        return clock

    def with_alarms(self, clock: Clock) -> Clock:
        """The clock with what it will ring for; nothing unless it runs."""
        if clock.state is not _RUNNING:
            return clock
        due_day = clock.due_at.date()
        if clock.kind in _FOR_THE_CITIZEN:
            step = AlarmStep.STOP_WAITING if clock.kind is ClockKind.ANSWER else AlarmStep.CLOSE_REPORT
            return _ringing(clock, (Alarm(self._morning(due_day, 1), clock.kind, step),))
        before = self.sla.remind_finish_days_before if clock.kind is ClockKind.FINISH else self.sla.remind_days_before
        officer = self._morning(due_day, -before)
        # A clock that goes on when it was late already rings from that day on: what is past would be rung for nobody.
        last_day = max(due_day, self._counted(clock.since))
        head = self._morning(last_day, 0)
        if head <= clock.since:  # the last day has begun: soon, or tomorrow, but not never
            head = clock.since + _BREATH
            if head.date() != last_day or head.time() > _RING_UNTIL:
                head = self._morning(last_day, 1)
        alarms = (
            Alarm(officer, clock.kind, AlarmStep.REMIND_OFFICER),
            Alarm(head, clock.kind, AlarmStep.REMIND_HEAD),
            Alarm(self._morning(last_day, self.sla.leader_days_after), clock.kind, AlarmStep.TELL_LEADER),
        )
        return _ringing(clock, alarms if officer > clock.since else alarms[1:])

    def _morning(self, day: date, days: int) -> datetime:
        """When reminders go out, so many working days after (or before) a working day."""
        return self.calendar.moment_on(day, days, RING_AT, zone=self.zone, region=self.region)

    def _counted(self, at: datetime) -> date:
        return self.calendar.day_counted(at, zone=self.zone, region=self.region)

    def _due(self, at: datetime, days: int) -> datetime:
        return self.calendar.add_working_days(at, days, zone=self.zone, region=self.region)

    def _started(self, kind: ClockKind, at: datetime) -> Clock:
        return Clock(kind, started_at=at, due_at=self._due(at, self.days[kind]), since=at)

    def _stopped(self, clock: Clock, state: ClockState, at: datetime) -> Clock:
        """Held or done; the days left are counted when it was running, and kept when it was held already."""
        left = clock.days_left
        if clock.state is _RUNNING and at <= clock.due_at:
            # After hours on the last day counts as the day after it: that leaves none, not minus one.
            due_day = clock.due_at.date()
            left = max(0, self.calendar.working_days_between(self._counted(at), due_day, region=self.region))
        elif clock.state is _RUNNING:
            left = None
        return Clock(clock.kind, clock.started_at, clock.due_at, at, state, left)

    def _continued(self, clock: Clock, at: datetime, *, at_least_days: int = 0) -> Clock:
        due = clock.due_at
        if clock.days_left is not None:
            due = self._due(at, max(clock.days_left, at_least_days))
        return Clock(clock.kind, clock.started_at, due, at)
