"""Monitoring and evaluation for leaders and officers: figures, charts with the same figures in tables, files to hand in."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from intake import monev
from intake.domain.calendar import ZONES
from intake.domain.permission import Action
from intake.monev import Figures, Period, Row
from intake.storage import regency_settings
from intake.storage.deadlines import CENTRAL_ZONE
from intake.understand.locate import regencies
from intake.web import charts, monev_document
from intake.web.context import in_language as _
from intake.web.context import moment_in_words, regencies_by_province, runtime
from intake.web.log_in import allows, officer_here, require_officer
from intake.web.monev_document import Document, Section, month_in_words
from intake.web.monev_files import write_paper, write_spreadsheet

desk_monev = Blueprint("monev", __name__, url_prefix="/meja")
desk_monev.before_request(require_officer)

_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SPREADSHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The sections that are shown as a picture, too: bars for names, columns for what goes by in time.
_PICTURED: Final = ("units", "months", "districts", "topics", "channels", "ages", "ratings")
_MOST_BARS: Final = 12


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, within what the officer may see; this year without a period."""

    regency: str | None
    period: Period
    unit: str | None
    today: date

    @property
    def arguments(self) -> dict[str, str]:
        """The address of the same figures again."""
        found = {
            "wilayah": self.regency or "", "unit": self.unit or "", "dari": self.period.since.isoformat(),
            "sampai": self.period.until.isoformat(),
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}


@desk_monev.get("/monev")
@allows(Action.SEE_FIGURES)
def show_dashboard() -> Response:
    """The figures of the officer's regency; of any, or of all, for the central desk."""
    asked = _asked()
    found, document = _document(asked)
    return make_response(
        render_template(
            "desk/monev.html",
            officer=officer_here(),
            asked=asked,
            found=found,
            document=document,
            sections={section.key: section for section in document.sections},
            pictures={s.key: picture for s in document.sections if (picture := _picture(s))},
            spans=_spans(asked.today),
            provinces=regencies_by_province() if officer_here().regency is None else (),
        )
    )


@desk_monev.get("/monev/banding")
@allows(Action.SEE_FIGURES)
def compare_years() -> Response:
    """Three years beside each other, and month for month."""
    asked = _asked()
    rt = runtime()
    with rt.engine.connect() as connection:
        years, months = monev.year_on_year(
            connection, regency=asked.regency, last_year=asked.period.until.year, now=rt.clock(), unit=asked.unit
        )
    sections = monev_document.compare_months(years, months)
    columns = [(_month_on_two_lines(month_in_words(row.name)), row.received) for row in months[-12:]]
    return make_response(
        render_template(
            "desk/monev_years.html",
            officer=officer_here(),
            asked=asked,
            place=monev_document.place_in_words(asked.regency),
            sections=sections,
            picture=charts.draw_columns(_("Laporan masuk per bulan"), columns),
        )
    )


@desk_monev.get("/monev.csv")
@allows(Action.SEE_FIGURES)
def download_table() -> Response:
    """The table of units as CSV, in the columns regencies print."""
    asked = _asked()
    rt = runtime()
    with rt.engine.connect() as connection:
        found = monev.figures(
            connection, regency=asked.regency, period=asked.period, now=rt.clock(), unit=asked.unit
        )  # fmt: skip
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ["unit", "masuk", "belum", "proses", "selesai", "diteruskan", "persen_selesai", "rata_hari_kerja",
         "rata_hari_kalender"]
    )  # fmt: skip
    for row in (*found.units, found.total):
        name = ("jumlah" if row is found.total else row.name) or "tanpa unit"
        writer.writerow([_harmless(name), *_cells(row)])
    return _file(file.getvalue().encode(), asked, "csv", "text/csv; charset=utf-8")


@desk_monev.get("/monev.xlsx")
@allows(Action.SEE_FIGURES)
def download_spreadsheet() -> Response:
    """All sections as a spreadsheet, a sheet each."""
    asked = _asked()
    _found, document = _document(asked)
    return _file(write_spreadsheet(document, made_at=runtime().clock()), asked, "xlsx", _SPREADSHEET)


@desk_monev.get("/monev.pdf")
@allows(Action.SEE_FIGURES)
def download_paper() -> Response:
    """All sections on paper, as it is handed in each month and year."""
    asked = _asked()
    _found, document = _document(asked)
    return _file(write_paper(document, made_at=runtime().clock()), asked, "pdf", "application/pdf")


def _file(content: bytes, asked: Asked, ending: str, content_type: str) -> Response:
    answer = make_response(content)
    answer.content_type = content_type
    name = monev_document.file_name(asked.regency, asked.period, ending)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _document(asked: Asked) -> tuple[Figures, Document]:
    rt = runtime()
    now = rt.clock()
    with rt.engine.connect() as connection:
        found = monev.figures(connection, regency=asked.regency, period=asked.period, now=now, unit=asked.unit)
        comparison = monev.compare(connection, regency=asked.regency, period=asked.period, now=now, unit=asked.unit)
    made = _("Dihitung {when}").format(when=Markup.striptags(moment_in_words(now, asked.regency)))
    return found, monev_document.compose(
        found, regency=asked.regency, unit=asked.unit, period=asked.period, comparison=comparison,
        price_rupiah=rt.settings.sms_price_rupiah, made=made,
    )  # fmt: skip


def _picture(section: Section) -> Markup:
    """The names and first counts of a section as a chart; empty for one that has none."""
    if section.key not in _PICTURED:
        return Markup("")
    figures = [(row[0].words, int(row[1].value or 0)) for row in section.rows]
    if section.key == "months":
        return charts.draw_columns(section.title, [(_month_on_two_lines(name), n) for name, n in figures[-12:]])
    return charts.draw_bars(section.title, figures[:_MOST_BARS]) if any(n for _name, n in figures) else Markup("")


def _month_on_two_lines(name: str) -> str:
    month, year = name.split(" ")
    return f"{month[:3]}\n{year}"


def _spans(today: date) -> tuple[tuple[str, Period], ...]:
    """The periods people ask for: this month and year, and the last ones."""
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    new_year = date(today.year, 1, 1)
    return (
        (_("Bulan ini"), Period(first, today)),
        (_("Bulan lalu"), Period(before.replace(day=1), before)),
        (_("Tahun ini"), Period(new_year, today)),
        (_("Tahun lalu"), Period(date(today.year - 1, 1, 1), new_year - timedelta(days=1))),
    )


def _cells(row: Row) -> list[str]:
    numbers = [row.received, row.not_begun, row.in_work, row.finished, row.passed_on]
    return [*map(str, numbers), *("" if v is None else f"{v:.1f}" for v in
            (row.share.percent, row.working_days, row.calendar_days))]  # fmt: skip


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(_A_FORMULA) else name


def _asked() -> Asked:
    officer, rt = officer_here(), runtime()
    regency = monev.scope_of(officer, request.args.get("wilayah", ""))
    zone = ZONES[regencies()[regency].zone if regency else CENTRAL_ZONE]
    today = rt.clock().astimezone(zone).date()
    since = _day(request.args, "dari") or date(today.year, 1, 1)
    until = _day(request.args, "sampai") or today
    unit = request.args.get("unit", "")[:200].replace("\0", "") or None
    if officer.role == "unit":
        with rt.engine.connect() as connection:
            unit = regency_settings.unit_name(connection, officer.regency, officer.unit)
    return Asked(regency, Period(min(since, until), max(since, until)), unit, today)


def _day(typed: Mapping[str, str], name: str) -> date | None:
    try:
        found = date.fromisoformat(typed.get(name, ""))
    except ValueError:
        return None
    return found if 2000 < found.year < 2100 else None
