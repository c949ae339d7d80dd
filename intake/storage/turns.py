"""Whose reply is sent next: answers before reminders, and each regency in its turn.

A flood of one regency's replies must not hold up another's answer. So replies wait in lanes, one for each channel and
regency, and a worker that claims some takes the oldest of each lane, then the second of each. It walks from lane to lane by
an index and never reads the whole queue.

What surprises: which lane begins is drawn by lot each time. When there is room for a few only, the oldest first would be
the flood's again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from sqlalchemy import Connection, text

from intake.storage import outbox
from intake.storage.outbox import Claim, Job


class Priority(IntEnum):
    """Lower goes first, always."""

    URGENT = 0
    ANSWER = 1
    CAN_WAIT = 2


#: A code somebody waits for and a warning of danger; and what we say unasked.
_PRIORITIES: Final = {
    "code": Priority.URGENT, "emergency": Priority.URGENT, "alarm": Priority.URGENT, "reminder": Priority.CAN_WAIT,
    "digest": Priority.CAN_WAIT,
}  # fmt: skip

_CLAIMABLE = "job = 'deliver' and parked_at is null and due_at <= now() and (held_until is null or held_until < now())"


def lane_of(channel: str, regency: str | None) -> str:
    """The lane of a reply; ``take_in_turn`` reads the channel from it."""
    return f"{channel} {regency or ''}".rstrip()


def priority_of(kind: str) -> Priority:
    """What of our replies leaves first."""
    return _PRIORITIES.get(kind, Priority.ANSWER)


def promise_in_lanes(connection: Connection, replies: Sequence[tuple[int, Priority, str]]) -> None:
    """Promise to send replies that were just written, in one statement: id, priority and lane of each."""
    if not replies:
        return
    connection.execute(
        text("""
            insert into outbox (job, subject_id, priority, lane)
            select 'deliver', * from unnest(cast(:ids as bigint[]), cast(:priorities as smallint[]),
                                            cast(:lanes as text[]))
        """),
        {
            "ids": [number for number, _, _ in replies],
            "priorities": [int(priority) for _, priority, _ in replies],
            "lanes": [lane for _, _, lane in replies],
        },
    )
    outbox.wake(connection)


@dataclass(frozen=True, slots=True)
class Cap:
    """So many replies of these channels together may be claimed: more would only be put back."""

    channels: tuple[str, ...]
    most: int


def take_in_turn(connection: Connection, *, limit: int, hold: timedelta, caps: Sequence[Cap] = ()) -> list[Claim]:
    """Claim up to ``limit`` due replies, in the order in which they should leave, and no more than the caps let.

    As ``outbox.take``: one whose last holder died with it comes alone, and the caller commits at once.
    """
    rows = connection.execute(
        text(f"""
            with recursive lanes as (
                (select priority, lane from outbox where {_CLAIMABLE} order by priority, lane limit 1)
                union all
                select next.priority, next.lane from lanes cross join lateral (
                    select priority, lane from outbox
                    where {_CLAIMABLE} and (outbox.priority, outbox.lane) > (lanes.priority, lanes.lane)
                    order by priority, lane limit 1) as next
            ), open_lanes as (
                select priority, lane, cap, most, count(*) over (partition by priority) as lanes_beside
                from lanes left join unnest(cast(:channels as text[]), cast(:caps as int[]), cast(:mosts as int[]))
                                     as capped (channel, cap, most) on channel = split_part(lane, ' ', 1)
                where coalesce(most, 1) > 0
            ), locked as (
                select heads.*, open_lanes.priority, lane, cap, most from open_lanes cross join lateral (
                    select subject_id, token is not null as died, due_at from outbox
                    where {_CLAIMABLE} and priority = open_lanes.priority and lane = open_lanes.lane
                    order by due_at, subject_id limit (:limit + lanes_beside - 1) / lanes_beside
                    for update skip locked) as heads
            ), in_turn as (
                select *, random() as lot,
                       row_number() over (partition by priority, lane order by not died, due_at, subject_id) as turn
                from locked
            ), within_caps as (
                select *, row_number() over (partition by cap order by priority, not died, turn, lot) as used
                from in_turn
            ), placed as (
                select subject_id, died,
                       row_number() over (order by priority, not died, turn, lot) as place
                from within_caps where cap is null or used <= most
            ), chosen as (
                select subject_id, place from placed
                where place = 1 or (not died and not exists (select 1 from placed where place = 1 and died))
                order by place limit :limit
            )
            update outbox set token = (select gen_random_uuid()), held_until = now() + :hold, attempts = outbox.attempts + 1
            where outbox.job = 'deliver' and outbox.subject_id = any(array(select subject_id from chosen))
            returning outbox.subject_id, outbox.token, outbox.attempts,
                      (select place from chosen where chosen.subject_id = outbox.subject_id) as place
        """),
        {
            "limit": limit,
            "hold": hold,
            "channels": [channel for cap in caps for channel in cap.channels],
            "caps": [number for number, cap in enumerate(caps) for _ in cap.channels],
            "mosts": [cap.most for cap in caps for _ in cap.channels],
        },
    )
    return [Claim(Job.DELIVER, r.subject_id, r.token, r.attempts) for r in sorted(rows, key=lambda r: r.place)]
