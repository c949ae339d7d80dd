"""Addresses that citizens have shown to be theirs, and the one-time codes by which they show it.

A code is kept as a digest, dies after a few wrong tries, and is taken once: of two at the same moment one wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, text

#: ``confirm``: this number is mine, answer me there. ``open``: let me see my report without its link.
Purpose = Literal["confirm", "open"]


@dataclass(frozen=True, slots=True)
class WaitingCode:
    id: int
    address: str
    digest: str
    tries: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    family: str
    address: str
    confirmed_at: datetime


def keep_code(
    connection: Connection, purpose: Purpose, report_id: int, address: str, digest: str, *, expires_at: datetime
) -> int:
    """A new code; those before it for the same purpose and report are void. Returns its id."""
    gone = connection.execute(
        text("""delete from code where (purpose = :purpose and report_id = :report_id)
                or expires_at < now() - interval '1 day' returning id"""),
        {"purpose": purpose, "report_id": report_id},
    )
    _blacken(connection, gone.scalars().all())
    return int(
        connection.execute(
            text("""insert into code (purpose, report_id, address, digest, expires_at)
                    values (:purpose, :report_id, :address, :digest, :expires_at) returning id"""),
            {
                "purpose": purpose, "report_id": report_id, "address": address, "digest": digest,
                "expires_at": expires_at,
            },
        ).scalar_one()
    )  # fmt: skip


def waiting_code(connection: Connection, purpose: Purpose, report_id: int) -> WaitingCode | None:
    """The code that was sent last, locked until this transaction ends, expired or not."""
    row = connection.execute(
        text("""select id, address, digest, tries, expires_at from code
                where purpose = :purpose and report_id = :report_id order by id desc limit 1 for update"""),
        {"purpose": purpose, "report_id": report_id},
    ).one_or_none()
    return None if row is None else WaitingCode(**row._mapping)


def count_try(connection: Connection, code_id: int) -> None:
    connection.execute(text("update code set tries = tries + 1 where id = :id"), {"id": code_id})


def use_up(connection: Connection, code_id: int) -> None:
    """It was the right one: it opens nothing a second time."""
    connection.execute(text("delete from code where id = :id"), {"id": code_id})
    _blacken(connection, [code_id])


def cause_of(code_id: int) -> str:
    """The cause of the reply that carries a code."""
    return f"code:{code_id}"


def _blacken(connection: Connection, code_ids: Sequence[int]) -> None:
    """The reply that carried a code need not hold it once the code is worth nothing."""
    if code_ids:
        connection.execute(
            text(r"""update reply set text = regexp_replace(text, '\d{6}', '------') where cause = any(:causes)"""),
            {"causes": [cause_of(code_id) for code_id in code_ids]},
        )


def confirm(connection: Connection, report_id: int, family: str, address: str) -> None:
    """From now on this address is known to be the citizen's."""
    connection.execute(
        text("""insert into contact (report_id, family, address) values (:report_id, :family, :address)
                on conflict (report_id, family, address) do nothing"""),
        {"report_id": report_id, "family": family, "address": address},
    )


def forget(connection: Connection, report_id: int, family: str) -> None:
    """The citizen wants no more there for this report."""
    connection.execute(
        text("delete from contact where report_id = :report_id and family = :family"),
        {"report_id": report_id, "family": family},
    )


def of_report(connection: Connection, report_id: int) -> list[Contact]:
    rows = connection.execute(
        text("select family, address, confirmed_at from contact where report_id = :id order by confirmed_at, address"),
        {"id": report_id},
    )
    return [Contact(**row._mapping) for row in rows]


def is_confirmed(connection: Connection, report_id: int, family: str, address: str) -> bool:
    """Whether this address was confirmed for this report."""
    return any((known.family, known.address) == (family, address) for known in of_report(connection, report_id))
