"""Who looked at whose identity and why, and what happened to accounts. Append-only: the database refuses anything else.

What surprises: a line tells the report's number and the officer's, never what was seen. Its regency is that of the
moment, so that a report which moved on later is still found where it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

Kind = Literal[
    "identity_seen", "anonymous_revealed", "reader_named", "reader_unnamed",
    "logged_in", "log_in_refused", "logged_out", "session_ended", "sessions_ended",
    "invited", "link_renewed", "reset_asked", "password_chosen", "password_changed",
    "second_factor_on", "second_factor_off", "recovery_codes_made", "recovery_code_used",
    "account_closed", "account_opened", "report_handed_back", "work_released",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: Looks at who reports; the other kinds are about accounts.
LOOKS: Final[tuple[Kind, ...]] = ("identity_seen", "anonymous_revealed")


@dataclass(frozen=True, slots=True)
class Entry:
    """``officer`` is who did it (None: the command line, or somebody who was not let in), ``about`` whose account."""

    id: int
    kind: Kind
    officer: str | None
    about: str | None
    reference: str | None
    regency: str | None
    reason: str
    at: datetime


def write(
    connection: Connection,
    kind: Kind,
    *,
    officer_id: int | None = None,
    about: int | None = None,
    report_id: int | None = None,
    regency: str | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line. Without ``regency`` it is that of the account it is about, or else of who did it."""
    connection.execute(
        text("""
            insert into audit (kind, officer_id, about_officer_id, report_id, regency, reason, detail)
            values (:kind, :officer_id, :about, :report_id,
                    coalesce(:regency, (select regency from officer
                                        where id = coalesce(cast(:about as bigint), cast(:officer_id as bigint)))),
                    :reason, :detail)
        """),
        {
            "kind": kind, "officer_id": officer_id, "about": about, "report_id": report_id, "regency": regency,
            "reason": reason, "detail": Jsonb(dict(detail or {})),
        },
    )  # fmt: skip


def read(
    connection: Connection,
    *,
    regency: str | None,
    kinds: tuple[Kind, ...] = KINDS,
    before: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """The latest lines of a regency (None: of the country), newest first; ``before``: only those of smaller id."""
    rows = connection.execute(
        text("""
            select a.id, a.kind, o.name as officer, b.name as about, r.reference, a.regency, a.reason, a.at
            from audit a left join officer o on o.id = a.officer_id left join officer b on b.id = a.about_officer_id
            left join report r on r.id = a.report_id
            where (cast(:regency as text) is null or a.regency = :regency) and a.kind = any(:kinds)
              and (cast(:before as bigint) is null or a.id < :before)
            order by a.id desc limit :limit
        """),
        {"regency": regency, "kinds": list(kinds), "before": before, "limit": limit},
    )
    return [Entry(**row._mapping) for row in rows]


def read_all(connection: Connection, *, regency: str | None, kinds: tuple[Kind, ...] = KINDS) -> Iterator[Entry]:
    """Every line, newest first, a thousand at a time."""
    before: int | None = None
    while page := read(connection, regency=regency, kinds=kinds, before=before, limit=1000):
        yield from page
        before = page[-1].id
