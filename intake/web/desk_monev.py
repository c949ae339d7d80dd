"""Monitoring and evaluation for leaders and officers: figures, charts with the same figures in tables, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import date
from typing import Final

from flask import Blueprint, Response, make_response, render_template, request

from intake import monev
from intake.domain.calendar import ZONES
from intake.domain.permission import Action
from intake.monev import Figures, Period, Row
from intake.storage import regency_settings
from intake.storage.deadlines import CENTRAL_ZONE
from intake.understand.locate import regencies
from intake.web import charts, desk_words
from intake.web.context import in_language as _
from intake.web.context import regencies_by_province, runtime
from intake.web.log_in import allows, officer_here, require_officer

desk_monev = Blueprint("monev", __name__, url_prefix="/meja")
desk_monev.before_request(require_officer)

_A_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@desk_monev.get("/monev")
@allows(Action.SEE_FIGURES)
def show_dashboard() -> Response:
    """The figures of the officer's regency; of any, or of all, for the central desk."""
    regency, period, unit, found = _asked()
    return make_response(
        render_template(
            "desk/monev.html",
            officer=officer_here(),
            regency=regency,
            period=period,
            unit=unit,
            found=found,
            provinces=regencies_by_province() if officer_here().regency is None else (),
            months=charts.draw_columns(_("Laporan masuk per bulan"), [(m, n) for m, n, _done in found.months]),
            topics=charts.draw_bars(_("Topik terbanyak"), [(_topic(code), n) for code, n in found.topics]),
            ages=charts.draw_bars(_("Laporan terbuka menurut umur"), [(f"{a} {_('hari')}", n) for a, n in found.ages]),
            topic=_topic,
            words=desk_words,
            percent=percent,
            days=decimal,
            price=runtime().settings.sms_price_rupiah,
        )
    )


@desk_monev.get("/monev.csv")
@allows(Action.SEE_FIGURES)
def download_table() -> Response:
    """The table of units as CSV, in the columns regencies print."""
    regency, period, _unit, found = _asked()
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        ["unit", "masuk", "belum", "proses", "selesai", "diteruskan", "persen_selesai", "rata_hari_kerja",
         "rata_hari_kalender"]
    )  # fmt: skip
    for row in (*found.units, found.total):
        name = ("jumlah" if row is found.total else row.name) or "tanpa unit"
        writer.writerow([_harmless(name), *_cells(row)])
    answer = make_response(file.getvalue())
    answer.content_type = "text/csv; charset=utf-8"
    place = (regency or "nasional").replace(".", "")
    answer.headers["Content-Disposition"] = f'attachment; filename="monev-{place}-{period.since}-{period.until}.csv"'
    return answer


def _cells(row: Row) -> list[str]:
    numbers = [row.received, row.not_begun, row.in_work, row.finished, row.passed_on]
    return [*map(str, numbers), *("" if v is None else f"{v:.1f}" for v in
            (row.share.percent, row.working_days, row.calendar_days))]  # fmt: skip


def _harmless(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(_A_FORMULA) else name


def _asked() -> tuple[str | None, Period, str | None, Figures]:
    """What the address asks for, within what the officer may see; this year without a period."""
    officer, rt = officer_here(), runtime()
    regency = monev.scope_of(officer, request.args.get("wilayah", ""))
    zone = ZONES[regencies()[regency].zone if regency else CENTRAL_ZONE]
    today = rt.clock().astimezone(zone).date()
    since = _day(request.args, "dari") or date(today.year, 1, 1)
    until = _day(request.args, "sampai") or today
    period = Period(min(since, until), max(since, until))
    unit = request.args.get("unit", "")[:200].replace("\0", "") or None
    with rt.engine.connect() as connection:
        if officer.role == "unit":
            unit = regency_settings.unit_name(connection, officer.regency, officer.unit)
        return regency, period, unit, monev.figures(
            connection, regency=regency, period=period, now=rt.clock(), unit=unit
        )  # fmt: skip


def _day(typed: Mapping[str, str], name: str) -> date | None:
    try:
        found = date.fromisoformat(typed.get(name, ""))
    except ValueError:
        return None
    return found if found.year > 2000 else None


def _topic(code: str) -> str:
    return desk_words.topic(code) or _("tanpa topik")


def decimal(value: float | None) -> str:
    """A number with one decimal as Indonesian readers write it; a dash for none."""
    return "–" if value is None else f"{value:.1f}".replace(".", ",")


def percent(value: float | None) -> str:
    """A percentage as it is printed: 97,3 %."""
    return "–" if value is None else f"{decimal(value)} %"
