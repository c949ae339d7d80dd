"""Who is not answered, and why: those who said STOP, those an officer blocked, those a provider will not carry to.

What they send is kept and worked on all the same; only our answers stay away. A person is an address within a family of
channels: who says STOP to one SMS gateway has said it to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class PersonState:
    """Moments at which answering ended; None where it did not. ``reason`` is a code or an officer's words."""

    opted_out_at: datetime | None = None
    blocked_at: datetime | None = None
    unreachable_at: datetime | None = None
    reason: str = ""

    @property
    def silence(self) -> str | None:
        """Why this person is not answered, or None: ``blocked``, ``opted_out`` or ``unreachable``."""
        if self.blocked_at is not None:
            return "blocked"
        if self.opted_out_at is not None:
            return "opted_out"
        return "unreachable" if self.unreachable_at is not None else None


_ANSWERED_AS_USUAL = PersonState()


def family_of(channel: str) -> str:
    """What channels of one kind share: ``sms`` for ``sms_twilio`` and ``sms_kannel``."""
    return channel.partition("_")[0]


def state_of(connection: Connection, channel: str, address: str) -> PersonState:
    """How things stand with a person; most have no row and are answered as usual."""
    return states_of(connection, [(channel, address)])[channel, address]


def states_of(connection: Connection, people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], PersonState]:
    """The same of many, by channel and address, in one statement."""
    wanted = list(dict.fromkeys(people))
    rows = connection.execute(
        text("""select family, address, opted_out_at, blocked_at, unreachable_at, reason from person
                where (family, address) in (select * from unnest(cast(:families as text[]), cast(:addresses as text[])))"""),
        {"families": [family_of(channel) for channel, _ in wanted], "addresses": [address for _, address in wanted]},
    )
    found = {
        (row.family, row.address): PersonState(row.opted_out_at, row.blocked_at, row.unreachable_at, row.reason)
        for row in rows
    }
    return {
        (channel, address): found.get((family_of(channel), address), _ANSWERED_AS_USUAL) for channel, address in wanted
    }


def opt_out(connection: Connection, channel: str, address: str) -> bool:
    """They want no more from us. False when they had said so before."""
    return _mark(connection, channel, address, "opted_out_at", reason="")


def opt_in(connection: Connection, channel: str, address: str) -> None:
    """They want our answers again: what a provider refused before is tried again too. A block stays."""
    connection.execute(
        text("""update person set opted_out_at = null, unreachable_at = null
                where family = :family and address = :address"""),
        {"family": family_of(channel), "address": address},
    )


def mark_unreachable(connection: Connection, channel: str, address: str, *, reason: str) -> None:
    """A provider says that this person wants, or can get, nothing by this channel. ``reason``: its code."""
    _mark(connection, channel, address, "unreachable_at", reason=reason)


def block(connection: Connection, channel: str, address: str, *, reason: str) -> None:
    """An officer's decision, with the reason: kept, not answered."""
    _mark(connection, channel, address, "blocked_at", reason=reason)


def unblock(connection: Connection, channel: str, address: str) -> None:
    """Answered as usual again."""
    connection.execute(
        text("update person set blocked_at = null, reason = '' where family = :family and address = :address"),
        {"family": family_of(channel), "address": address},
    )


def _mark(connection: Connection, channel: str, address: str, moment: str, *, reason: str) -> bool:
    done = connection.execute(
        text(f"""insert into person as p (family, address, {moment}, reason)
                 values (:family, :address, now(), :reason)
                 on conflict (family, address) do update
                 set {moment} = now(), reason = case when :reason = '' then p.reason else :reason end
                 where p.{moment} is null"""),
        {"family": family_of(channel), "address": address, "reason": reason},
    )
    return done.rowcount == 1
