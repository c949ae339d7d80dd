"""Which reports are an officer's: a condition that every query on reports for the desk carries.

A report that is not theirs is never read, so no list, search, count, page, export, print or similar-report panel can
show it, whatever a template does. Whoever writes a new query for officers puts ``where {own.where}`` into it and gives
it ``own.values``; whoever has one report's id asks ``sees``.

| role | reports |
|---|---|
| central | all |
| regency | of the own regency |
| unit | of the own regency that were handed to the unit and not taken back |
| inspector | of the own regency that are supervision cases (class ``berkadar``), or were handed to the inspectorate |
| leader | of the own regency |
| operator | none |

Secret reports (rahasia) are for the central desk, the regency's admin and, where it is their case, the inspector. A unit
officer or a leader sees one only when named for it (``reader``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from intake.storage.officers import Officer

_NAMED: Final = "exists (select 1 from reader n where n.report_id = {r}.id and n.officer_id = :own_officer)"
_HANDED: Final = """exists (select 1 from disposition h where h.report_id = {r}.id and h.unit = :own_unit
    and h.ended_at is null)"""
_SUPERVISION: Final = "exists (select 1 from deadline c where c.report_id = {r}.id and c.sla_class = 'berkadar')"
_OWN_REGENCY: Final = "{r}.regency = :own_regency"

_CONDITIONS: Final[Mapping[str, str]] = {
    "central": "true",
    "regency": _OWN_REGENCY,
    "unit": f"({_OWN_REGENCY} and {_HANDED} and (not {{r}}.secret or {_NAMED}))",
    "inspector": f"({_OWN_REGENCY} and ({_SUPERVISION} or {_HANDED}))",
    "leader": f"({_OWN_REGENCY} and (not {{r}}.secret or {_NAMED}))",
    "operator": "false",
}
#: The inspectorate has no list of units of its own to choose from: it is this one, in every regency.
INSPECTORATE: Final = "INSPEKTORAT"


@dataclass(frozen=True, slots=True)
class Scope:
    """``where`` stands in a query over ``report`` under the alias it was made for; ``values`` go with it."""

    where: str
    values: Mapping[str, object]


def of(officer: Officer, alias: str = "r") -> Scope:
    """The reports of this officer."""
    condition = _CONDITIONS[officer.role].format(r=alias)
    values: dict[str, object] = {}
    if ":own_regency" in condition:
        values["own_regency"] = officer.regency
    if ":own_unit" in condition:
        values["own_unit"] = officer.unit or INSPECTORATE
    if ":own_officer" in condition:
        values["own_officer"] = officer.id
    return Scope(condition, values)


def sees(connection: Connection, officer: Officer, report_id: int) -> bool:
    """Whether a report is this officer's."""
    own = of(officer)
    found = connection.execute(
        text(f"select exists (select 1 from report r where r.id = :report_id and {own.where})"),
        {"report_id": report_id, **own.values},
    )
    return bool(found.scalar_one())
