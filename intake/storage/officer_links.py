"""Links by which an officer chooses a password: an invitation, or a forgotten one. Each opens once, and not for long."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection, text

from intake.storage.officers import COLUMNS, Officer, officer_of
from intake.storage.sessions import digest_of

Purpose = Literal["invite", "reset"]


def make(connection: Connection, officer_id: int, purpose: Purpose, *, lives: timedelta) -> tuple[int, str]:
    """(Its number, its secret). Links made before for the same officer open nothing any more."""
    drop(connection, officer_id)
    secret = secrets.token_urlsafe(24)
    row = connection.execute(
        text("""insert into officer_link (officer_id, purpose, digest, expires_at)
                values (:officer_id, :purpose, :digest, now() + :lives) returning id"""),
        {"officer_id": officer_id, "purpose": purpose, "digest": digest_of(secret), "lives": lives},
    )
    return int(row.scalar_one()), secret


def find(connection: Connection, secret: str) -> Officer | None:
    """Whose link it is, while it opens."""
    columns = ", ".join(f"o.{name.strip()}" for name in COLUMNS.split(","))
    row = connection.execute(
        text(f"""select {columns} from officer_link l join officer o on o.id = l.officer_id
                where l.digest = :digest and l.used_at is null and l.expires_at > now() and o.active"""),
        {"digest": digest_of(secret)},
    ).one_or_none()
    return None if row is None else officer_of(row)


def use(connection: Connection, secret: str) -> Purpose | None:
    """Open a link, once: of two at the same moment one wins. None when it opens nothing."""
    row = connection.execute(
        text("""update officer_link set used_at = now()
                where digest = :digest and used_at is null and expires_at > now() returning purpose"""),
        {"digest": digest_of(secret)},
    ).one_or_none()
    return None if row is None else row.purpose


def drop(connection: Connection, officer_id: int) -> None:
    """No open link of this officer opens any more."""
    connection.execute(
        text(
            "update officer_link set expires_at = now() where officer_id = :id and used_at is null and expires_at > now()"
        ),
        {"id": officer_id},
    )
