"""How much we say of our own accord, so that two machines stop answering each other and one person cannot empty a purse.

Officers' answers are never held back, and nothing a citizen sends is: only our automatic replies are counted. At the
limit the person is told once that the message is here and waits ("sedang antre"); after that we are silent until the
hour, or the day, is over. In a flood from everybody the small words (thanks, "added", help) stay away, and who reports
is told the number and that it waits; questions are asked all the same, for without an answer nothing goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, Protocol

#: ``free``: say it. ``busy``: what matters, in a flood. ``brief``: once, that it is here and waits. ``silent``: nothing.
Voice = Literal["free", "busy", "brief", "silent"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Automatic replies to one person, and to everybody; and the waits of a conversation."""

    per_person_hour: int = 12
    per_person_day: int = 30
    #: Danger to life is answered beyond the hour's limit, not beyond this one.
    emergencies_per_person_day: int = 60
    per_minute_to_all: int = 3000
    #: A message that fills its SMS to the brim may go on in another one: so long it waits for that.
    part_wait: timedelta = timedelta(seconds=8)
    #: Parts of one message come within this time of each other.
    part_gap: timedelta = timedelta(minutes=2)
    #: Nobody answers our question: a reminder after the first, a person after the second.
    remind_after: timedelta = timedelta(days=1)
    give_up_after: timedelta = timedelta(days=2)


LIMITS: Final = Limits()


class Counted(Protocol):
    """What was said already; ``storage.threads.Said`` counts it."""

    @property
    def hour(self) -> int: ...
    @property
    def day(self) -> int: ...
    @property
    def minute_to_all(self) -> int: ...
    @property
    def told_to_wait(self) -> bool: ...


def voice(counted: Counted, limits: Limits = LIMITS) -> Voice:
    """How much may be said now to this person."""
    if counted.day >= limits.per_person_day or counted.hour >= limits.per_person_hour:
        return "silent" if counted.told_to_wait else "brief"
    return "busy" if counted.minute_to_all >= limits.per_minute_to_all else "free"


def may_warn(counted: Counted, limits: Limits = LIMITS) -> bool:
    """Whether a warning of danger to life may still be sent to this person today."""
    return counted.day < limits.emergencies_per_person_day
