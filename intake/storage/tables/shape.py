"""What all tables share: one metadata, the names of their constraints, and moments.

Moments are ``timestamptz``; ids are bigint.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, DateTime, MetaData, text

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)

NOW = text("now()")


def moment(name: str, *, default_now: bool = False) -> Column[object]:
    """A moment; without a default it may be empty: it has not happened."""
    return Column(name, DateTime(timezone=True), nullable=not default_now, server_default=NOW if default_now else None)
