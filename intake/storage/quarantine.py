"""What we could not read, kept as it came; and what we refused, counted."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, Engine, text

#: Proofs of origin are secrets: they are not kept with the request.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one channel is taken into quarantine within an hour, and how much of it lies there at most."""

    most_requests: int = 2000
    most_bytes: int = 256 * 1024 * 1024
    most_requests_in_all: int = 20_000
    most_bytes_in_all: int = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Held:
    """What lies in quarantine of one channel. ``unread``: those of the requests that nobody has read since."""

    requests: int = 0
    bytes: int = 0
    unread: int = 0

    def share(self, limits: Limits) -> float:
        """How much of what may lie there does: 1 is full."""
        return max(self.requests / limits.most_requests_in_all, self.bytes / limits.most_bytes_in_all)


@dataclass(frozen=True, slots=True)
class Kept:
    id: int
    channel: str
    reason: str
    times: int
    received_at: datetime
    replayed_at: datetime | None


def _storable(said: str) -> str:
    """Text that PostgreSQL takes, whatever it was."""
    return said.encode("utf-8", "replace").decode().replace("\x00", "")


def keep(
    connection: Connection, channel: str, *, query: str, headers: Mapping[str, str], body: bytes, reason: str
) -> int:
    """Keep a request; the same one again (a provider's retry) is counted, not kept twice."""
    query = _storable(query)
    kept = connection.execute(
        text("""
            insert into quarantine (channel, digest, query, headers, body, reason)
            values (:channel, :digest, :query, :headers, :body, :reason)
            on conflict (channel, digest) do update set times = quarantine.times + 1 returning id
        """),
        {
            "channel": channel,
            "digest": _digest(channel, query, body),
            "query": query,
            "headers": Jsonb(
                {_storable(k): _storable(v) for k, v in headers.items() if k.lower() not in _SECRET_HEADERS}
            ),
            "body": body,
            "reason": _storable(reason),
        },
    )
    return int(kept.scalar_one())


def _digest(channel: str, query: str, body: bytes) -> str:
    return hashlib.sha256(channel.encode() + b"\0" + query.encode() + b"\0" + body).hexdigest()


def count_again(connection: Connection, channel: str, *, query: str, body: bytes) -> int | None:
    """Count a request that lies here already, for which there is always room; its number, None for a new one."""
    found: int | None = connection.execute(
        text("""update quarantine set times = times + 1 where channel = :channel and digest = :digest returning id"""),
        {"channel": channel, "digest": _digest(channel, _storable(query), body)},
    ).scalar_one_or_none()
    return found


def is_full(connection: Connection, channel: str, limits: Limits) -> bool:
    """Whether this channel has brought so much, within the last hour or in all, that no more is taken.

    What was read since it came makes room first: its messages are kept. How much of that went is counted.
    """
    row = connection.execute(
        text("""select count(*) as requests, coalesce(sum(octet_length(body)), 0) as bytes from quarantine
                where channel = :channel and received_at > now() - interval '1 hour'"""),
        {"channel": channel},
    ).one()
    if int(row.requests) >= limits.most_requests or int(row.bytes) >= limits.most_bytes:
        return True
    if held(connection).get(channel, Held()).share(limits) < 1:
        return False
    give_up(
        connection,
        "channel = :channel and replayed_at is not null",
        {"channel": channel},
        counted_as="read_and_given_up",
    )
    return held(connection).get(channel, Held()).share(limits) >= 1


def held(connection: Connection) -> dict[str, Held]:
    """What lies here, by channel."""
    rows = connection.execute(
        text("""select channel, count(*) as requests, coalesce(sum(octet_length(body)), 0) as bytes,
                       count(*) filter (where replayed_at is null) as unread from quarantine group by channel""")
    )
    return {row.channel: Held(row.requests, int(row.bytes), row.unread) for row in rows}


def give_up(connection: Connection, which: str, values: Mapping[str, object], *, counted_as: str = "given_up") -> int:
    """Delete these requests (``which`` is SQL) and count them as refused, under that name. Returns how many."""
    rows = connection.execute(text(f"delete from quarantine where {which} returning channel"), dict(values))
    gone = Counter(str(channel) for channel in rows.scalars())
    for channel, times in sorted(gone.items()):
        count_refusal(connection, channel, counted_as, times=times)
    return gone.total()


def waiting(connection: Connection, *, limit: int = 200) -> list[Kept]:
    rows = connection.execute(
        text("""select id, channel, reason, times, received_at, replayed_at from quarantine
                where replayed_at is null order by id limit :limit"""),
        {"limit": limit},
    )
    return [Kept(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Raw:
    """A request as it was kept."""

    channel: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    reason: str
    received_at: datetime


def raw(connection: Connection, kept_id: int) -> Raw:
    row = connection.execute(
        text("select channel, query, headers, body, reason, received_at from quarantine where id = :id"),
        {"id": kept_id},
    ).one()
    return Raw(row.channel, row.query, row.headers, bytes(row.body), row.reason, row.received_at)


def holds_many(connection: Connection, channel: str, *, reason_begins: str, most: int) -> bool:
    """Whether so many requests of a channel wait here for such a reason."""
    found = connection.execute(
        text("""select count(*) from (select 1 from quarantine where channel = :channel and replayed_at is null
                                      and starts_with(reason, :begins) limit :most) as found"""),
        {"channel": channel, "begins": reason_begins, "most": most},
    )
    return int(found.scalar_one()) >= most


def mark_replayed(connection: Connection, kept_id: int) -> None:
    connection.execute(text("update quarantine set replayed_at = now() where id = :id"), {"id": kept_id})


def count_refusal(connection: Connection, channel: str, reason: str, *, times: int = 1) -> None:
    connection.execute(
        text("""
            insert into refusal (channel, reason, times) values (:channel, :reason, :times)
            on conflict (day, channel, reason) do update set times = refusal.times + excluded.times
        """),
        {"channel": channel, "reason": reason, "times": times},
    )


def refusals(connection: Connection) -> dict[tuple[str, str], int]:
    """All refusals ever, by channel and reason."""
    rows = connection.execute(text("select channel, reason, sum(times) as n from refusal group by channel, reason"))
    return {(row.channel, row.reason): int(row.n) for row in rows}


class Refusals:
    """Counts of one process, written down at once by whoever is free to do so.

    Anybody may send what is refused, as fast as they can. All counts of a day are one row: were every refusal to write
    it, they would wait for each other and take every connection from those who have something to say.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending: Counter[tuple[str, str]] = Counter()

    def count(self, engine: Engine, channel: str, reason: str) -> None:
        """Count one; another thread that writes already takes it along. Raises what the database raises."""
        with self._lock:
            self._pending[channel, reason] += 1
        while self._pending and self._writing.acquire(blocking=False):
            try:
                self._write(engine)
            finally:
                self._writing.release()

    def _write(self, engine: Engine) -> None:
        with self._lock:
            taken, self._pending = self._pending, Counter()
        try:
            with engine.begin() as connection:
                for (channel, reason), times in sorted(taken.items()):
                    count_refusal(connection, channel, reason, times=times)
        except BaseException:
            with self._lock:
                self._pending += taken
            raise
