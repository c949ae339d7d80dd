"""The topics a report can have, the units that answer for them, and what each topic means for secrecy and deadlines.

The tables are data (``data/taxonomy*.tsv``), versioned by the first line of ``taxonomy.tsv``. A regency may call its
units by other names and give a topic to another unit: ``Taxonomy.for_regency`` returns a taxonomy that says so.

What surprises: a topic's code never changes, but its group may: groups with few reports are merged into a neighbour
(fuel into economy, mining into environment, sport into religion and youth).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from intake.understand.text import read_table

REGENCY, PROVINCE, NATIONAL, VILLAGE, OUT_OF_SCOPE = "regency", "province", "national", "village", "out_of_scope"
AUTHORITIES = (REGENCY, PROVINCE, NATIONAL, VILLAGE, OUT_OF_SCOPE)
OTHER = "LLN.02"
"""The topic of a report that fits no other: it goes to the desk."""
NOT_A_REPORT = "LLN.04"
PRAISE = "LLN.01"


class UnknownTopic(LookupError):
    """A code that is not in the taxonomy."""


class UnknownUnit(LookupError):
    """A unit that is not in the taxonomy."""


class UnknownAuthority(ValueError):
    """A level of authority that does not exist."""


class Unit(NamedTuple):
    """A unit of a regency (OPD) or its water company, and what citizens call it."""

    key: str
    name: str
    aliases: tuple[str, ...] = ()


class Group(NamedTuple):
    """A group of topics, the level at which the classifier is measured."""

    code: str
    name_id: str
    name_en: str


class Topic(NamedTuple):
    """One topic: ``unit`` is the regency's own, ``forward_to`` who takes it when the regency does not."""

    code: str
    group: str
    name_id: str
    name_en: str
    official: str
    unit: Unit
    authority: str
    forward_to: str
    secret: bool
    urgency: str
    deadline: str
    aliases: tuple[str, ...]
    note: str


class Taxonomy(NamedTuple):
    """All topics by code, groups by code, units by key."""

    version: str
    topics: Mapping[str, Topic]
    groups: Mapping[str, Group]
    units: Mapping[str, Unit]
    overridden: bool = False

    def topic(self, code: str) -> Topic:
        """Return the topic with ``code``; raises ``UnknownTopic``."""
        try:
            return self.topics[code]
        except KeyError:
            raise UnknownTopic(code) from None

    def unit_called(self, name: str) -> Unit | None:
        """Return the unit that is called ``name`` by somebody (its name, key or an alias), or None."""
        wanted = name.strip().casefold()
        for unit in self.units.values():
            if wanted in (unit.key.casefold(), unit.name.casefold(), *(alias.casefold() for alias in unit.aliases)):
                return unit
        return None

    def deadline_class(self, code: str, kind: str) -> str:
        """Return ``informasi``, ``tidak_berkadar`` or ``berkadar`` (pengawasan) for a report of type ``kind``.

        A question is answered within the short time of PermenPANRB's information class whatever its topic.
        """
        if kind in ("permintaan_informasi", "terima_kasih"):
            return "informasi"
        return self.topic(code).deadline

    def for_regency(self, overrides: Mapping[str, Any]) -> Taxonomy:
        """Return this taxonomy as a regency has it.

        ``overrides``: ``{"units": {key: {"name": ..., "aliases": [...]}}, "topics": {code: {"unit": key,
        "authority": ..., "forward_to": ...}}}``; every part may be missing. A key that is not in ``units`` yet makes
        a new unit. Raises ``UnknownTopic``, ``UnknownUnit``, ``UnknownAuthority``.
        """
        units = dict(self.units)
        for key, change in overrides.get("units", {}).items():
            known = units.get(key, Unit(key, key))
            aliases = (*known.aliases, *(alias for alias in change.get("aliases", ()) if alias not in known.aliases))
            name = change.get("name", known.name)
            if name != known.name and known.name not in aliases and key in units:
                aliases = (*aliases, known.name)
            units[key] = Unit(key, name, aliases)
        topics = {code: topic._replace(unit=units[topic.unit.key]) for code, topic in self.topics.items()}
        for code, change in overrides.get("topics", {}).items():
            if code not in topics:
                raise UnknownTopic(code)
            unit = change.get("unit", topics[code].unit.key)
            if unit not in units:
                raise UnknownUnit(unit)
            authority = change.get("authority", topics[code].authority)
            if authority not in AUTHORITIES:
                raise UnknownAuthority(authority)
            topics[code] = topics[code]._replace(
                unit=units[unit],
                authority=authority,
                forward_to=change.get("forward_to", topics[code].forward_to),
            )
        return self._replace(topics=topics, units=units, overridden=True)


def _rows(name: str) -> tuple[str, list[list[str]]]:
    lines = read_table(name)
    version = lines[0].removeprefix("# taxonomy ").split(":", 1)[0]
    data = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return version, data[1:]


def _aliases(text: str) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in text.split(",") if alias.strip())


@functools.cache
def taxonomy() -> Taxonomy:
    """Return the taxonomy that ships with the project, read once."""
    _, unit_rows = _rows("taxonomy_units.tsv")
    _, group_rows = _rows("taxonomy_groups.tsv")
    version, topic_rows = _rows("taxonomy.tsv")
    units = {key: Unit(key, name, _aliases(aliases)) for key, name, aliases in unit_rows}
    topics = {
        row[0]: Topic(
            code=row[0],
            group=row[1],
            name_id=row[2],
            name_en=row[3],
            official=row[4],
            unit=units[row[5]],
            authority=row[6],
            forward_to=row[7],
            secret=row[8] == "rahasia",
            urgency=row[9],
            deadline=row[10],
            aliases=_aliases(row[11]),
            note=row[12],
        )
        for row in topic_rows
    }
    return Taxonomy(version, topics, {row[0]: Group(*row) for row in group_rows}, units)
