"""Log-ins, one row each. The cookie holds a secret, the row its digest: whoever reads the table opens nothing with it.

All times are the database's clock, so that hosts agree on when a log-in has ended.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, text

from intake.storage.officers import COLUMNS, Officer, officer_of

#: How fine the moment of the last request is kept: a write for each request would be a write for each click.
_SEEN_EVERY: Final = timedelta(minutes=1)
_LONGEST_BROWSER: Final = 80


@dataclass(frozen=True, slots=True)
class Limits:
    """A log-in ends after so long without a request, and after so long in any case."""

    idle: timedelta
    absolute: timedelta


@dataclass(frozen=True, slots=True)
class Present:
    """Who a request comes from. ``has_second_factor``: their log-ins need a code besides the password."""

    officer: Officer
    session_id: int
    has_second_factor: bool


@dataclass(frozen=True, slots=True)
class Session:
    """``browser`` is what it called itself, shortened."""

    id: int
    browser: str
    since: datetime
    seen_at: datetime


def digest_of(secret: str) -> str:
    """What is kept of a secret of ours. The secrets are random and long, so that no salt is needed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def begin(connection: Connection, officer_id: int, *, browser: str) -> str:
    """A new log-in. Returns the secret for its cookie."""
    secret = secrets.token_urlsafe(32)
    connection.execute(
        text("insert into officer_session (officer_id, digest, browser) values (:officer_id, :digest, :browser)"),
        {"officer_id": officer_id, "digest": digest_of(secret), "browser": browser[:_LONGEST_BROWSER]},
    )
    return secret


_OPEN: Final = "s.ended_at is null and s.seen_at > now() - :idle and s.since > now() - :absolute"


def find(connection: Connection, secret: str, limits: Limits) -> Present | None:
    """Who this log-in belongs to; None when it has ended, was ended, or the account is closed. Notes that it was used."""
    columns = ", ".join(f"o.{name.strip()}" for name in COLUMNS.split(","))
    row = connection.execute(
        text(f"""select {columns}, s.id as session_id, o.totp_since is not null as has_second_factor,
                       s.seen_at < now() - :every as stale
                from officer_session s join officer o on o.id = s.officer_id
                where s.digest = :digest and o.active and {_OPEN}"""),
        {"digest": digest_of(secret), "idle": limits.idle, "absolute": limits.absolute, "every": _SEEN_EVERY},
    ).one_or_none()
    if row is None:
        return None
    if row.stale:
        connection.execute(
            text("update officer_session set seen_at = now() where id = :id and ended_at is null"),
            {"id": row.session_id},
        )
    return Present(officer_of(row), row.session_id, row.has_second_factor)


def of_officer(connection: Connection, officer_id: int, limits: Limits) -> list[Session]:
    """The log-ins that are open now, the latest used first."""
    rows = connection.execute(
        text(f"""select s.id, s.browser, s.since, s.seen_at from officer_session s
                where s.officer_id = :officer_id and {_OPEN} order by s.seen_at desc, s.id desc"""),
        {"officer_id": officer_id, "idle": limits.idle, "absolute": limits.absolute},
    )
    return [Session(**row._mapping) for row in rows]


def end(connection: Connection, officer_id: int, session_id: int) -> bool:
    """End one log-in of an officer. False when it is none of theirs, or ended before."""
    done = connection.execute(
        text("""update officer_session set ended_at = now()
                where id = :id and officer_id = :officer_id and ended_at is null"""),
        {"id": session_id, "officer_id": officer_id},
    )
    return done.rowcount == 1


def end_all(connection: Connection, officer_id: int, *, but: int | None = None) -> int:
    """End every log-in of an officer, but one. Returns how many."""
    done = connection.execute(
        text("""update officer_session set ended_at = now()
                where officer_id = :officer_id and ended_at is null and id is distinct from cast(:but as bigint)"""),
        {"officer_id": officer_id, "but": but},
    )
    return done.rowcount
