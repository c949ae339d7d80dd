"""What we could not read, kept as it came; and what we refused, counted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

#: Proofs of origin are secrets: they are not kept with the request.
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Kept:
    id: int
    channel: str
    reason: str
    times: int
    received_at: datetime
    replayed_at: datetime | None


def keep(
    connection: Connection, channel: str, *, query: str, headers: Mapping[str, str], body: bytes, reason: str
) -> int:
    """Keep a request; the same one again (a provider's retry) is counted, not kept twice."""
    digest = hashlib.sha256(channel.encode() + b"\0" + query.encode() + b"\0" + body).hexdigest()
    kept = connection.execute(
        text("""
            insert into quarantine (channel, digest, query, headers, body, reason)
            values (:channel, :digest, :query, :headers, :body, :reason)
            on conflict (channel, digest) do update set times = quarantine.times + 1 returning id
        """),
        {
            "channel": channel,
            "digest": digest,
            "query": query,
            "headers": Jsonb({k: v for k, v in headers.items() if k.lower() not in _SECRET_HEADERS}),
            "body": body,
            "reason": reason,
        },
    )
    return int(kept.scalar_one())


def waiting(connection: Connection, *, limit: int = 200) -> list[Kept]:
    rows = connection.execute(
        text("""select id, channel, reason, times, received_at, replayed_at from quarantine
                where replayed_at is null order by id limit :limit"""),
        {"limit": limit},
    )
    return [Kept(**row._mapping) for row in rows]


def raw(connection: Connection, kept_id: int) -> tuple[str, str, Mapping[str, str], bytes]:
    """Channel, query, headers and body of a kept request."""
    row = connection.execute(
        text("select channel, query, headers, body from quarantine where id = :id"), {"id": kept_id}
    ).one()
    return row.channel, row.query, row.headers, bytes(row.body)


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
