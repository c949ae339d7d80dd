"""How many working days a report of a class is promised, nationally and where a region promises otherwise.

National figures with their sources, and a table of changes that is read from JSON and refused with all its faults.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal, Self

from intake.domain.calendar import REGION_CODE

FinishFrom = Literal["received", "verified", "handed_over"]


class UnknownClass(ValueError):
    """A class of reports for which nothing is promised."""


class UnusableSla(ValueError):
    """An SLA table cannot be used. ``faults`` says which entries and why, all of them."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class SLA:
    """What one class of reports is promised, in working days.

    The rule in force is PermenPANRB 5/2025 on SP4N, after 62/2018; the figures are those its operator and governments
    publish, for we found no readable text of the rule:

    * ``verify_days`` 3 and ``first_response_days`` 5: page of the SP4N LAPOR! app by KemenPANRB in the App Store,
      https://apps.apple.com/xk/app/sp4n-lapor/id1486554343; verification also in the operator's FAQ, "paling lambat 3
      hari kerja", http://blog.lapor.go.id/index.php/338-frequently-asked-questions-faq-seputar-lapor
    * ``finish_days`` 5 for a request for information, 14 and 60 for complaints without and with *kadar pengawasan*
      (alleged misconduct): 5, 14 and 60 in the service standard of a kelurahan in Wajo,
      https://sippn.menpan.go.id/pelayanan-publik/8304801/kelurahan-paria/pelayanan-surat-pengantar-skck
      and 3, 14 and 60 in Kota Tangerang Selatan, 2024,
      https://merdeka.com/peristiwa/pemkot-tangsel-sudah-tindaklanjuti-997-aduan-masyarakat-lewat-program-sp4n-lapor-246714-mvk.html
    * ``close_days`` 10 after a follow-up to which nobody replied: the App Store page above.
    * ``answer_days`` 10 for the citizen to answer our question, ``reroute_days`` 3 to find a new addressee for what a
      unit gave back, and when to remind whom: ours, shaped after the above.

    ``finish_from``: which event begins ``finish``. No source says; UU 25/2009 counts from the complete file, which is
    what verification establishes. Regencies differ (Pati promises 14 days in all), so it is
    a setting.
    ``remind_days_before``, ``remind_finish_days_before``: working days before the due day on which the officer hears.
    ``leader_days_after``: working days after it on which the leader does.
    """

    finish_days: int
    verify_days: int = 3
    reroute_days: int = 3
    first_response_days: int = 5
    answer_days: int = 10
    close_days: int = 10
    finish_from: FinishFrom = "verified"
    remind_days_before: int = 1
    remind_finish_days_before: int = 1
    leader_days_after: int = 3


NATIONAL_SLA: Final[Mapping[str, SLA]] = {
    "informasi": SLA(finish_days=5),
    "tidak_berkadar": SLA(finish_days=14, remind_finish_days_before=3),
    "berkadar": SLA(finish_days=60, remind_finish_days_before=5),
}
#: In an SLA table: the whole country, or every class.
ALL: Final = "*"

_MOST_DAYS: Final = 250  # a year of work
_RANGES: Final[Mapping[str, range]] = {
    **{f.name: range(1, _MOST_DAYS + 1) for f in fields(SLA) if f.name != "finish_from"},
    "remind_days_before": range(_MOST_DAYS + 1),
    "remind_finish_days_before": range(_MOST_DAYS + 1),
}
_FINISH_FROM: Final[tuple[FinishFrom, ...]] = ("received", "verified", "handed_over")


@dataclass(frozen=True, slots=True)
class SlaTable:
    """The SLA of every class, for the country and with what provinces and regencies changed.

    ``changes``: region (a Kemendagri code, or ``*``) → class (or ``*``) → field of SLA → value. Wider regions are
    applied before narrower ones, and in a region ``*`` before the class.
    """

    changes: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def default(cls) -> Self:
        """The national figures, unchanged."""
        return cls()

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Read a table as it is kept in JSON. Raises UnusableSla with all faults."""
        if not isinstance(data, Mapping):
            raise UnusableSla(["an SLA table maps regions to classes"])
        faults = list(_faults_of_table(data))
        if faults:
            raise UnusableSla(faults)
        return cls({region: {c: dict(v) for c, v in of.items()} for region, of in data.items()})

    def to_dict(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The changes as plain values for JSON; ``from_dict`` reads them back."""
        return {region: {c: dict(v) for c, v in of.items()} for region, of in self.changes.items()}

    def sla_of(self, report_class: str, region: str | None = None) -> SLA:
        """What reports of a class are promised in a region; nationally without one. Raises UnknownClass."""
        if report_class not in NATIONAL_SLA:
            raise UnknownClass(report_class)
        sla = NATIONAL_SLA[report_class]
        for place in (ALL, *((region[:2], region) if region else ())):
            if changed := self.changes.get(place):
                sla = replace(sla, **{**changed.get(ALL, {}), **changed.get(report_class, {})})
        return sla


def _faults_of_table(data: Mapping[Any, Any]) -> Iterable[str]:
    for region, of_region in data.items():
        if region != ALL and not (isinstance(region, str) and REGION_CODE.fullmatch(region)):
            yield f"{region!r}: no code of a province or regency, nor {ALL!r}"
        if not isinstance(of_region, Mapping):
            yield f"{region}: maps classes to their changes"
            continue
        for report_class, changed in of_region.items():
            where = f"{region}.{report_class}"
            if report_class != ALL and report_class not in NATIONAL_SLA:
                yield f"{where}: unknown class; known: {', '.join(NATIONAL_SLA)}, {ALL}"
            if not isinstance(changed, Mapping):
                yield f"{where}: maps fields to values"
                continue
            for name, value in changed.items():
                fault = _fault_of_value(name, value)
                if fault:
                    yield f"{where}.{name}: {fault}"


def _fault_of_value(name: object, value: object) -> str | None:
    if name == "finish_from":
        return None if value in _FINISH_FROM else f"{value!r} is none of {', '.join(_FINISH_FROM)}"
    if not isinstance(name, str) or name not in _RANGES:
        return f"unknown; known: {', '.join(f.name for f in fields(SLA))}"
    # type(), because True is an int to isinstance and JSON has booleans
    if type(value) is not int or value not in _RANGES[name]:
        return f"{value!r} is no number from {_RANGES[name][0]} to {_RANGES[name][-1]}"
    return None
