"""Officers and their log-ins. Passwords by argon2id; many failures lock an account for a while."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, text

from intake.domain.permission import Action, Role, may

__all__ = ["Officer", "PasswordTooShort", "Role", "add", "find", "log_in"]

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second recommendation
#: Compared against when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))
SHORTEST_PASSWORD: Final = 10
FAILURES_BEFORE_LOCK: Final = 8
LOCKED_FOR: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Officer:
    id: int
    username: str
    name: str
    role: Role
    regency: str | None
    session_key: str
    unit: str | None = None

    def may(self, action: Action) -> bool:
        """Whether their role does such things at all; which reports are theirs is told by ``storage.scope``."""
        return may(self.role, action)


_COLUMNS: Final = "id, username, name, role, regency, session_key, unit"


def _officer(row: Any) -> Officer:
    return Officer(row.id, row.username, row.name, row.role, row.regency, row.session_key, row.unit)


class PasswordTooShort(Exception):
    """Fewer than SHORTEST_PASSWORD characters."""


def add(
    connection: Connection,
    *,
    username: str,
    name: str,
    password: str,
    role: Role,
    regency: str | None,
    unit: str | None = None,
) -> Officer | None:
    """A new officer; None when the user name is taken."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort
    row = connection.execute(
        text(f"""
            insert into officer (username, name, password_hash, role, regency, unit, session_key)
            values (:username, :name, :hash, :role, :regency, :unit, :key) on conflict (folded) do nothing
            returning {_COLUMNS}
        """),
        {
            "username": username.strip(), "name": name, "hash": _HASHER.hash(password), "role": role,
            "regency": regency, "unit": unit, "key": secrets.token_urlsafe(12),
        },
    ).one_or_none()  # fmt: skip
    return None if row is None else _officer(row)


def _is_right(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


def log_in(connection: Connection, username: str, password: str) -> Officer | None:
    """The officer, or None: wrong name, wrong password, inactive and locked all look the same."""
    row = connection.execute(
        text(f"""select {_COLUMNS}, password_hash,
                       active and (locked_until is null or locked_until < now()) as allowed
                from officer where folded = lower(:username) for update"""),
        {"username": username.strip()},
    ).one_or_none()
    right = _is_right(_NOBODY if row is None else row.password_hash, password)
    if row is None:
        return None
    if not right or not row.allowed:
        connection.execute(
            text("""update officer set
                        failed_logins = case when failed_logins + 1 >= :most then 0 else failed_logins + 1 end,
                        locked_until = case when failed_logins + 1 >= :most then now() + :locked else locked_until end
                    where id = :id and (locked_until is null or locked_until < now())"""),
            {"id": row.id, "most": FAILURES_BEFORE_LOCK, "locked": LOCKED_FOR},
        )
        return None
    connection.execute(text("update officer set failed_logins = 0, locked_until = null where id = :id"), {"id": row.id})
    return _officer(row)


def find(connection: Connection, officer_id: int, session_key: str) -> Officer | None:
    """The officer of a log-in cookie; None when it has been ended since."""
    row = connection.execute(
        text(f"""select {_COLUMNS} from officer
                where id = :id and session_key = :key and active"""),
        {"id": officer_id, "key": session_key},
    ).one_or_none()
    return None if row is None else _officer(row)


def ensure_lab_officers(connection: Connection) -> list[tuple[str, str, str]]:
    """Log-ins for trying the product out on one's own machine: (user name, password, what for), new ones only."""
    made = []
    wanted: tuple[tuple[str, str, Role, str | None], ...] = (
        ("pusat", "Admin Pusat (lab)", "central", None),
        ("muaraenim", "Admin Muara Enim (lab)", "regency", "16.03"),
        ("bogor", "Admin Kab. Bogor (lab)", "regency", "32.01"),
    )
    for username, name, role, regency in wanted:
        password = secrets.token_urlsafe(9)
        if add(connection, username=username, name=name, password=password, role=role, regency=regency):
            made.append((username, password, name))
    return made
