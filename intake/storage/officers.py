"""Officers and their accounts. Passwords by argon2id. Who is let in, and how often one may try: ``intake.coming_in``."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, text

from intake.domain.password import check_password
from intake.domain.permission import Action, Role, may

__all__ = [
    "COLUMNS", "Account", "Officer", "Role", "account", "accounts", "add", "called", "ensure_lab_officers", "log_in",
    "officer_of", "read", "set_active", "set_password",
]  # fmt: skip

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's second recommendation
#: Compared against when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))
#: No hash at all: an account whose owner has not chosen a password yet.
_NO_PASSWORD: Final = ""
COLUMNS: Final = "id, username, name, role, regency, unit"


@dataclass(frozen=True, slots=True)
class Officer:
    """``unit`` is the key of a unit in the regency's taxonomy, for officers of units."""

    id: int
    username: str
    name: str
    role: Role
    regency: str | None
    unit: str | None = None

    def may(self, action: Action | str) -> bool:
        """Whether their role does such things at all; which reports are theirs is told by ``storage.scope``."""
        return may(self.role, Action(action))


def officer_of(row: Any) -> Officer:
    """The officer in a row that holds ``COLUMNS``."""
    return Officer(row.id, row.username, row.name, row.role, row.regency, row.unit)


def add(
    connection: Connection,
    *,
    username: str,
    name: str,
    password: str | None,
    role: Role,
    regency: str | None,
    unit: str | None = None,
    email: str | None = None,
) -> Officer | None:
    """A new officer; None when the user name is taken. Without a password nobody comes in until one is chosen.

    Raises WeakPassword.
    """
    if password is not None:
        check_password(password, about=(username, name))
    row = connection.execute(
        text(f"""
            insert into officer (username, name, password_hash, role, regency, unit, email, session_key)
            values (:username, :name, :hash, :role, :regency, :unit, :email, :key) on conflict (folded) do nothing
            returning {COLUMNS}
        """),
        {
            "username": username.strip(), "name": name, "role": role, "regency": regency, "unit": unit, "email": email,
            "hash": _NO_PASSWORD if password is None else _HASHER.hash(password), "key": secrets.token_urlsafe(12),
        },
    ).one_or_none()  # fmt: skip
    return None if row is None else officer_of(row)


def _is_right(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, password)
    except (Argon2Error, InvalidHashError):
        return False


def log_in(connection: Connection, username: str, password: str) -> Officer | None:
    """The officer, or None: wrong name, wrong password and closed all look the same and take as long.

    Counts nothing and asks for no second factor: ``intake.coming_in`` does.
    """
    row = connection.execute(
        text(f"select {COLUMNS}, password_hash, active from officer where folded = lower(:username)"),
        {"username": username.strip()},
    ).one_or_none()
    hashed = _NOBODY if row is None or row.password_hash == _NO_PASSWORD else row.password_hash
    right = _is_right(hashed, password)
    return officer_of(row) if row is not None and right and hashed is not _NOBODY and row.active else None


def set_password(connection: Connection, officer: Officer, password: str) -> None:
    """A new password. Raises WeakPassword."""
    check_password(password, about=(officer.username, officer.name))
    connection.execute(
        text("update officer set password_hash = :hash where id = :id"),
        {"id": officer.id, "hash": _HASHER.hash(password)},
    )


def read(connection: Connection, officer_id: int) -> Officer | None:
    """An officer, whether the account is open or closed; None when there is none."""
    row = connection.execute(text(f"select {COLUMNS} from officer where id = :id"), {"id": officer_id}).one_or_none()
    return None if row is None else officer_of(row)


def called(connection: Connection, username: str) -> Officer | None:
    """An officer with an open account, by user name."""
    row = connection.execute(
        text(f"select {COLUMNS} from officer where folded = lower(:username) and active"),
        {"username": username.strip()},
    ).one_or_none()
    return None if row is None else officer_of(row)


@dataclass(frozen=True, slots=True)
class Account:
    """An officer as the page of people shows them."""

    officer: Officer
    email: str | None
    active: bool
    has_password: bool
    has_second_factor: bool
    last_seen: datetime | None
    invited_until: datetime | None


_ACCOUNT: Final = f"""
    select {COLUMNS}, email, active, password_hash <> '' as has_password, totp_since is not null as has_second_factor,
           (select max(seen_at) from officer_session s where s.officer_id = officer.id) as last_seen,
           (select max(expires_at) from officer_link l
            where l.officer_id = officer.id and l.used_at is null and l.expires_at > now()) as invited_until
    from officer
"""


def _account(row: Any) -> Account:
    return Account(
        officer_of(row), row.email, row.active, row.has_password, row.has_second_factor, row.last_seen, row.invited_until
    )  # fmt: skip


def accounts(connection: Connection, regency: str | None, *, limit: int = 500) -> list[Account]:
    """The accounts of a regency (None: of the country), open ones first, by name."""
    rows = connection.execute(
        text(f"""{_ACCOUNT} where cast(:regency as text) is null or regency = :regency
                 order by not active, coalesce(regency, ''), role, lower(name), id limit :limit"""),
        {"regency": regency, "limit": limit},
    )
    return [_account(row) for row in rows]


def account(connection: Connection, officer_id: int) -> Account | None:
    """One account."""
    row = connection.execute(text(f"{_ACCOUNT} where id = :id"), {"id": officer_id}).one_or_none()
    return None if row is None else _account(row)


def set_active(connection: Connection, officer_id: int, *, active: bool) -> bool:
    """Open or close an account. False when it was so before."""
    done = connection.execute(
        text("update officer set active = :active where id = :id and active <> :active"),
        {"id": officer_id, "active": active},
    )
    return done.rowcount == 1


def ensure_lab_officers(connection: Connection) -> list[tuple[str, str, str]]:
    """Log-ins for trying the product out on one's own machine: (user name, password, what for), new ones only."""
    made = []
    wanted: tuple[tuple[str, str, Role, str | None], ...] = (
        ("pusat", "Admin Pusat (lab)", "central", None),
        ("muaraenim", "Admin Muara Enim (lab)", "regency", "16.03"),
        ("bogor", "Admin Kab. Bogor (lab)", "regency", "32.01"),
    )
    for username, name, role, regency in wanted:
        password = secrets.token_urlsafe(12)
        if add(connection, username=username, name=name, password=password, role=role, regency=regency):
            made.append((username, password, name))
    return made
