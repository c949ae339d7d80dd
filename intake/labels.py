"""Officers correct what was understood; every correction is a label from which the next model learns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from intake import alarm
from intake.domain.permission import Action
from intake.domain.report import AT_REST
from intake.report_file import NotYours, find_to_change
from intake.runtime import Runtime
from intake.storage import corrections, reports
from intake.storage.corrections import Field
from intake.storage.officers import Officer
from intake.storage.reports import Report
from intake.understand.classify import taxonomy

TYPES: Final = ("pengaduan", "aspirasi", "permintaan_informasi", "terima_kasih")
URGENCIES: Final = ("darurat", "tinggi", "sedang", "rendah")
_CORRECTABLE: Final[tuple[Field, ...]] = ("type", "topic", "unit", "urgency")


class NotAChoice(Exception):
    """A value that a field cannot have."""


def correct(rt: Runtime, officer: Officer, reference: str, values: Mapping[str, str]) -> Report:
    """Correct type, topic, unit or urgency of a report. What is as it was is no correction.

    A new topic brings its unit with it unless the unit is given too. Raises NotYours, NotAChoice.
    """
    chosen: dict[str, str] = {
        name: value.strip() for name, value in values.items() if name in _CORRECTABLE and value.strip()
    }
    _check(chosen)
    with rt.engine.begin() as connection:
        report = find_to_change(connection, officer, reference, Action.CORRECT)
        if report.state in AT_REST:
            raise NotYours
        if "topic" in chosen and chosen["topic"] != report.topic and chosen.get("unit") in {None, report.unit}:
            chosen["unit"] = taxonomy().topic(chosen["topic"]).unit.name
        changed = {name: value for name, value in chosen.items() if getattr(report, name) != value}
        if not changed:
            return report
        for field in _CORRECTABLE:
            if field in changed:
                corrections.add(
                    connection, report_id=report.id, officer_id=officer.id, field=field,
                    shown=getattr(report, field), chosen=changed[field],
                )  # fmt: skip
        reports.amend(connection, report.id, changed)
        reports.record(
            connection, report.id, actor="officer", officer_id=officer.id, action="corrected",
            detail={name: {"from": getattr(report, name), "to": value} for name, value in changed.items()},
        )  # fmt: skip
        if "urgency" in changed:
            alarm.sound(rt, connection, report.id)
        return reports.read(connection, report.id)


def _check(chosen: Mapping[str, str]) -> None:
    if (
        chosen.get("type", TYPES[0]) not in TYPES
        or chosen.get("urgency", URGENCIES[0]) not in URGENCIES
        or ("topic" in chosen and chosen["topic"] not in taxonomy().topics)
        or len(chosen.get("unit", "")) > 200
    ):
        raise NotAChoice


_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_LINK: Final = re.compile(r"https?://\S{1,500}")
_NUMBER: Final = re.compile(r"(?<!\w)\+?\d(?:[\s.-]?\d){5,}(?!\w)")
_NAMED: Final = re.compile(
    r"\b((?:nama|saya|dari|ttd|hormat saya|wassalam)\s*[:,]?\s+)((?:[A-Z][a-z]+)(?:\s+[A-Z][a-z]*\.?){0,3})"
)


def without_identities(text: str) -> str:
    """A text for training: addresses, links, long numbers (phone, NIK, accounts) and self-given names masked.

    A name told in passing may stay: an export is for those who may read the reports, not for publication.
    """
    masked = _LINK.sub("<tautan>", text)
    masked = _EMAIL.sub("<email>", masked)
    masked = _NUMBER.sub("<nomor>", masked)
    return _NAMED.sub(r"\1<nama>", masked)
