"""How gateways do, as all workers see it: failures, probes, pins, and the segments that may leave.

Each change is one statement on one row: two workers at once take turns at the row and none reads what it then writes. All
times are the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

#: Between two probes of a gateway that stays down: each time twice as long, up to this.
LONGEST_PROBE_WAIT: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class GatewayState:
    """``failures`` since it last took something; ``probe_in`` is None while it is up, and zero when it may be tried."""

    name: str
    failures: int = 0
    down_since: datetime | None = None
    probe_in: timedelta | None = None
    good_probes: int = 0
    pinned_at: datetime | None = None

    @property
    def is_up(self) -> bool:
        return self.down_since is None


def read_states(connection: Connection, names: Collection[str]) -> dict[str, GatewayState]:
    """The state of each of these gateways; one that nobody has heard of does well."""
    rows = connection.execute(
        text("""select name, cardinality(failed_at) as failures, down_since, good_probes, pinned_at,
                       case when down_since is not null then greatest(probe_at - now(), interval '0') end as probe_in
                from gateway where name = any(:names)"""),
        {"names": list(names)},
    )
    found = {row.name: GatewayState(**row._mapping) for row in rows}
    return {name: found.get(name) or GatewayState(name) for name in names}


def register(connection: Connection, names: Collection[str]) -> None:
    """Give each of these gateways a row, so that everything else is a plain update."""
    connection.execute(
        text("insert into gateway (name) select unnest(cast(:names as text[])) on conflict (name) do nothing"),
        {"names": sorted(names)},
    )


def claim_probe(connection: Connection, name: str, *, wait: timedelta) -> bool:
    """Be the one who sees whether a gateway that is down takes messages again; nobody else before ``wait`` is over."""
    done = connection.execute(
        text("""update gateway set probe_at = now() + :wait
                where name = :name and down_since is not null and probe_at <= now()"""),
        {"name": name, "wait": wait},
    )
    return done.rowcount == 1


def note_success(connection: Connection, name: str, *, probing: bool, probes: int) -> bool:
    """It took a message. True when it is up again by that: after ``probes`` good ones in a row."""
    if not probing:
        # A message that was on its way when the gateway was found down proves nothing about now.
        connection.execute(
            text("""update gateway set failed_at = '{}'
                    where name = :name and down_since is null and cardinality(failed_at) > 0"""),
            {"name": name},
        )
        return False
    row = connection.execute(
        text("""update gateway set good_probes = good_probes + 1, failed_probes = 0, probe_at = now(),
                       down_since = case when good_probes + 1 < :probes then down_since end, failed_at = '{}'
                where name = :name and down_since is not null returning down_since is null as up"""),
        {"name": name, "probes": probes},
    ).one_or_none()
    return row is not None and bool(row.up)


def note_failure(
    connection: Connection, name: str, *, probing: bool, failures: int, within: timedelta, probe_after: timedelta
) -> bool:
    """It did not take a message. True when it is down by that: ``failures`` in a row ``within`` that time."""
    if probing:
        connection.execute(
            text("""update gateway set good_probes = 0, failed_probes = least(failed_probes + 1, 20),
                           probe_at = now() + least(:probe_after * power(2, failed_probes + 1), :longest)
                    where name = :name and down_since is not null"""),
            {"name": name, "probe_after": probe_after, "longest": LONGEST_PROBE_WAIT},
        )
        return False
    connection.execute(
        text("""update gateway set failed_at = (failed_at || now())[greatest(1, cardinality(failed_at) + 2 - :failures):]
                where name = :name and down_since is null"""),
        {"name": name, "failures": failures},
    )
    done = connection.execute(
        text("""update gateway set down_since = now(), probe_at = now() + :probe_after, good_probes = 0, failed_probes = 0
                where name = :name and down_since is null and cardinality(failed_at) >= :failures
                  and failed_at[1] > now() - :within"""),
        {"name": name, "failures": failures, "within": within, "probe_after": probe_after},
    )
    return done.rowcount == 1


def pin(connection: Connection, name: str) -> None:
    """From now on everything that can leave by this gateway does."""
    register(connection, [name])
    connection.execute(text("update gateway set pinned_at = now() where name = :name"), {"name": name})


def unpin(connection: Connection, name: str) -> bool:
    """Let the state and the weights decide again. False when it was not pinned."""
    done = connection.execute(
        text("update gateway set pinned_at = null where name = :name and pinned_at is not null"), {"name": name}
    )
    return done.rowcount == 1


def take_room(
    connection: Connection, name: str, *, segments: int, per_second: float, most: float, priority: int,
    channels: Sequence[str],
) -> bool:  # fmt: skip
    """Take room for so many segments from the gateway's bucket, or none. One statement, so that workers share it.

    The bucket fills by ``per_second`` up to ``most``. More than it ever holds leaves when it is full, and the next one waits
    the longer. What can wait gets no room while something of a lower ``priority`` by these ``channels`` is due.
    """
    done = connection.execute(
        text("""
            update gateway
            set room = least(:most, coalesce(room, :most) + :rate * coalesce(extract(epoch from
                             clock_timestamp() - filled_at)::float8, 0)) - :segments,
                filled_at = clock_timestamp()
            where name = :name
              and least(:most, coalesce(room, :most) + :rate * coalesce(extract(epoch from
                        clock_timestamp() - filled_at)::float8, 0)) >= least(:segments, :most)
              and not exists (select 1 from outbox where job = 'deliver' and parked_at is null and priority < :priority
                              and split_part(lane, ' ', 1) = any(:channels) and due_at <= now())
        """),
        {
            "name": name, "segments": float(segments), "rate": per_second, "most": most, "priority": priority,
            "channels": list(channels),
        },
    )  # fmt: skip
    return done.rowcount == 1


def empty_bucket(connection: Connection, name: str) -> None:
    """The gateway says that it is too much: nothing more in this second."""
    connection.execute(
        text("update gateway set room = least(coalesce(room, 0), 0), filled_at = clock_timestamp() where name = :name"),
        {"name": name},
    )


@dataclass(frozen=True, slots=True)
class Room:
    """What was left in a bucket, and how long ago that was: both None for one that was never used.

    ``is_open``: the gateway is up, or may be tried.
    """

    name: str
    segments: float | None
    seconds_ago: float | None
    is_open: bool
    is_pinned: bool


def read_rooms(connection: Connection, names: Collection[str]) -> list[Room]:
    rows = connection.execute(
        text("""select name, room as segments, extract(epoch from clock_timestamp() - filled_at)::float8 as seconds_ago,
                       down_since is null or probe_at <= now() as is_open, pinned_at is not null as is_pinned
                from gateway where name = any(:names)"""),
        {"names": list(names)},
    )
    return [Room(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the replies a gateway was last given in a time; ``segments`` of those it took."""

    given: int = 0
    segments: int = 0
    delivered: int = 0
    failed: int = 0
    uncertain: int = 0


def tally(connection: Connection, *, last: timedelta) -> dict[str, Tally]:
    """By gateway, of the replies promised in this time."""
    rows = connection.execute(
        text("""select coalesce(gateway, channel) as name, count(*) as given, coalesce(sum(segments), 0) as segments,
                       count(*) filter (where state in ('delivered', 'read')) as delivered,
                       count(*) filter (where state in ('failed', 'undelivered')) as failed,
                       count(*) filter (where state = 'sending') as uncertain
                from reply where created_at > now() - :last and state <> 'promised' group by 1"""),
        {"last": last},
    )
    return {row.name: Tally(row.given, row.segments, row.delivered, row.failed, row.uncertain) for row in rows}


#: A receipt that is this late does not come; of what is older than the second nobody asks any more.
RECEIPTS_TAKE_AT_MOST: Final = timedelta(minutes=30)
_LOOKED_BACK: Final = timedelta(days=3)
_MOST_LOOKED_AT: Final = 2000


def undelivered_in_a_row(connection: Connection) -> dict[str, int]:
    """By gateway, how many replies it took since the last one of which it said that it arrived; of the last 2,000 replies of
    all gateways, those not counted whose receipt may still come.
    """
    rows = connection.execute(
        text("""
            select name, count(*) as n from (
                select id, name, external_id, state,
                       max(id) filter (where state in ('delivered', 'read')) over (partition by name) as arrived
                from (select id, coalesce(gateway, channel) as name, external_id, state from reply
                      where created_at > now() - :back and created_at < now() - :late
                      order by created_at desc limit :most) as last
            ) as found
            where external_id is not null and state not in ('delivered', 'read') and id > coalesce(arrived, 0)
            group by name
        """),
        {"back": _LOOKED_BACK, "late": RECEIPTS_TAKE_AT_MOST, "most": _MOST_LOOKED_AT},
    )
    return {row.name: int(row.n) for row in rows}
