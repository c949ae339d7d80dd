"""What a regency sets for itself, beside its desk: emergency numbers, the names of its units and who takes which topic,
how sure the machine has to be before a report goes there unseen, and how long a finished one may be opened again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, text

from intake.understand.classify import Taxonomy, taxonomy

#: Working days in which its citizen may open a finished report again: about as long as a conversation is remembered.
REOPEN_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Own:
    """What a regency has of its own: the numbers to call in danger (None: the national ones), its topics and units.

    ``least_place``, ``least_topic``: from 0 to 1, how sure of either the machine has to be; None: as sure as anywhere.
    ``verifies_itself``: a person there looks before a report is handed to a unit. ``reopen_days``: see ``REOPEN_DAYS``.
    """

    emergency_numbers: str | None = None
    taxonomy: Taxonomy = field(default_factory=taxonomy)
    least_place: float | None = None
    least_topic: float | None = None
    verifies_itself: bool = False
    reopen_days: int = REOPEN_DAYS


def read_own(connection: Connection, codes: Iterable[str | None]) -> dict[str | None, Own]:
    """What each of these regencies has of its own, in one statement; the defaults where it set nothing."""
    wanted = set(codes)
    rows = connection.execute(
        text("""select regency, emergency_numbers, taxonomy, least_place, least_topic, verifies_itself, reopen_days
                from regency_setting where regency = any(:codes)"""),
        {"codes": sorted(code for code in wanted if code is not None)},
    )
    found: dict[str | None, Own] = {
        row.regency: Own(
            row.emergency_numbers or None,
            taxonomy().for_regency(row.taxonomy) if row.taxonomy else taxonomy(),
            row.least_place,
            row.least_topic,
            row.verifies_itself,
            row.reopen_days or REOPEN_DAYS,
        )
        for row in rows
    }
    defaults = Own()
    return {code: found.get(code, defaults) for code in wanted}


def emergency_numbers(connection: Connection, regency: str | None) -> str | None:
    """The numbers to call in danger there, as a citizen reads them; None for the national ones."""
    found = connection.execute(
        text("select emergency_numbers from regency_setting where regency = :code"), {"code": regency}
    ).scalar_one_or_none()
    return str(found) if found else None


def taxonomy_of(connection: Connection, regency: str | None) -> Taxonomy:
    """The topics and units as this regency has them."""
    found = connection.execute(
        text("select taxonomy from regency_setting where regency = :code"), {"code": regency}
    ).scalar_one_or_none()
    return taxonomy().for_regency(found) if found else taxonomy()


def unit_name(connection: Connection, regency: str | None, key: str | None) -> str:
    """What a unit is called in this regency; its key when it is in no list any more."""
    found = taxonomy_of(connection, regency).units.get(key or "")
    return found.name if found else key or ""


def set_emergency_numbers(connection: Connection, regency: str, numbers: str | None) -> None:
    connection.execute(
        text("""insert into regency_setting (regency, emergency_numbers) values (:code, :numbers)
                on conflict (regency) do update set emergency_numbers = excluded.emergency_numbers"""),
        {"code": regency, "numbers": numbers},
    )


def set_verification(
    connection: Connection, regency: str, *, least_place: float | None, least_topic: float | None, itself: bool
) -> None:
    """How sure the machine has to be, and whether a person of the regency looks first (see ``Own``)."""
    connection.execute(
        text("""insert into regency_setting (regency, least_place, least_topic, verifies_itself)
                values (:code, :place, :topic, :itself)
                on conflict (regency) do update set least_place = excluded.least_place,
                    least_topic = excluded.least_topic, verifies_itself = excluded.verifies_itself"""),
        {"code": regency, "place": least_place, "topic": least_topic, "itself": itself},
    )


def set_reopen_days(connection: Connection, regency: str, days: int | None) -> None:
    """In how many working days a finished report may be opened again; None: as everywhere."""
    connection.execute(
        text("""insert into regency_setting (regency, reopen_days) values (:code, :days)
                on conflict (regency) do update set reopen_days = excluded.reopen_days"""),
        {"code": regency, "days": days},
    )


def set_taxonomy(connection: Connection, regency: str, overrides: Mapping[str, Any]) -> None:
    """Keep what differs here. Raises UnknownTopic, UnknownUnit or UnknownAuthority when it cannot be."""
    taxonomy().for_regency(overrides)
    connection.execute(
        text("""insert into regency_setting (regency, taxonomy) values (:code, cast(:overrides as jsonb))
                on conflict (regency) do update set taxonomy = excluded.taxonomy"""),
        {"code": regency, "overrides": json.dumps(dict(overrides))},
    )


def publishes(connection: Connection, regency: str | None) -> bool:
    """Whether there is a public list of this regency's reports; there is none unless it was turned on."""
    found = connection.execute(
        text("select publishes from regency_setting where regency = :code"), {"code": regency}
    ).scalar_one_or_none()
    return bool(found)


def set_publishes(connection: Connection, regency: str, *, on: bool) -> None:
    connection.execute(
        text("""insert into regency_setting (regency, publishes) values (:code, :on)
                on conflict (regency) do update set publishes = excluded.publishes"""),
        {"code": regency, "on": on},
    )
