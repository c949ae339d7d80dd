"""Pages for everybody: what happens with a report, and figures about every regency (``intake.stats`` says which)."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Final

from babel.dates import format_date
from babel.numbers import format_decimal
from flask import Blueprint, Response, make_response, render_template

from intake import stats
from intake.domain.sla import NATIONAL_SLA
from intake.stats import Counted, Months, RegencyFigures
from intake.storage import regency_settings
from intake.understand.locate import regencies
from intake.web import citizen_words
from intake.web.charts import draw_bars, draw_columns
from intake.web.context import choose_language, public, runtime
from intake.web.context import in_language as _
from intake.web.errors import error_page
from intake.web.pages import ways_in

public_pages = Blueprint("public", __name__)

_MOST_BARS: Final = 12
#: What stands where a figure is held back.
HELD_BACK: Final = "–"
_LABELS_APART: Final = 8


@public_pages.get("/cara")
def show_process() -> Response:
    """What happens with a report: the ways in, the steps and their deadlines, rights, and the Ombudsman."""
    numbers, addresses = ways_in(runtime().settings.environ)
    return public(
        make_response(render_template("process.html", numbers=numbers, addresses=addresses, sla=NATIONAL_SLA))
    )


@public_pages.get("/statistik")
def show_all() -> Response:
    """The regencies there is something to tell about."""
    rt = runtime()
    with rt.engine.connect() as connection:
        told = stats.of_all(connection, now=rt.clock())
    return public(
        make_response(
            render_template("figures_all.html", told=told, since=stats.since_when(rt.clock()), shown=shown, days=days)
        )
    )


@public_pages.get("/statistik/<code>")
def show_regency(code: str) -> Response:
    """Figures of one regency: the whole, by month and by topic, each as a chart and as a table."""
    if code not in regencies():
        return error_page(404)
    figures = _figures(code)
    topics = [(_topic(topic), received) for topic, received in figures.topics]
    months = [(months_in_words(part), part.counted) for part in figures.months]
    return public(
        make_response(
            render_template(
                "figures.html",
                figures=figures,
                topics=topics,
                months=months,
                topic_chart=draw_bars(_("Laporan menurut topik"), topics[:_MOST_BARS]),
                month_chart=draw_columns(_("Laporan menurut bulan"), _column_labels(figures)),
                shown=shown,
                days=days,
                publishes=_publishes(code),
            )
        )
    )


def _publishes(code: str) -> bool:
    with runtime().engine.connect() as connection:
        return regency_settings.publishes(connection, code)


@public_pages.get("/statistik/<code>.csv")
def download(code: str) -> Response:
    """The same figures as a table for other programs (RFC 4180)."""
    if code not in regencies():
        return error_page(404)
    figures = _figures(code)
    file = io.StringIO()
    write = csv.writer(file).writerow
    head = ["wilayah", "jenis", "kunci", "nama", "diterima", "ditanggapi", "selesai"]
    write([*head, "hari_sampai_ditanggapi", "hari_sampai_selesai"])
    name = regencies()[code].short

    def line(kind: str, key: str, title: str, counted: Counted, *means: float | None) -> None:
        held = ["" if part is None else part for part in (counted.received, counted.answered, counted.finished)]
        write(
            [code, kind, key, title, *held, *["" if mean is None else f"{mean:.1f}" for mean in means or (None, None)]]
        )

    if figures.months:
        means = (figures.days_to_answer, figures.days_to_finish)
        line("total", figures.since.isoformat(), name, figures.total, *means)
    for part in figures.months:
        key = f"{part.first:%Y-%m}" + (f"/{part.last:%Y-%m}" if part.last != part.first else "")
        line("bulan", key, months_in_words(part), part.counted)
    for topic, received in figures.topics:
        line("topik", topic or "lain", _topic(topic), Counted(received, None, None))
    response = Response(file.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="statistik-{code}.csv"'
    return public(response)


def _figures(code: str) -> RegencyFigures:
    rt = runtime()
    with rt.engine.connect() as connection:
        return stats.of_regency(connection, code, now=rt.clock())


def _topic(code: str) -> str:
    return citizen_words.topic(code) or _("Topik lain")


def shown(count: int | None) -> str:
    """A count as it is told."""
    return HELD_BACK if count is None else format_decimal(count, locale=choose_language())


def days(value: float | None) -> str:
    """A mean of days, to one decimal."""
    return HELD_BACK if value is None else format_decimal(value, "0.0", locale=choose_language())


def months_in_words(part: Months) -> str:
    """``Januari 2026``, or ``Januari–Maret 2026`` for months told together."""
    return _span(part.first, part.last, "MMMM")


def _span(first: date, last: date, month: str) -> str:
    language = choose_language()
    end = format_date(last, f"{month} y", locale=language)
    if first == last:
        return end
    begin = month if first.year == last.year else f"{month} y"
    return f"{format_date(first, begin, locale=language)}–{end}"


def _column_labels(figures: RegencyFigures) -> list[tuple[str, int]]:
    """Short labels in two lines, month and year; with many columns only some are named."""
    every = 1 + len(figures.months) // _LABELS_APART
    labels = []
    for at, part in enumerate(figures.months):
        words = _span(part.first, part.first, "MMM").replace(" ", "\n") if at % every == 0 else ""
        labels.append((words, part.counted.received))
    return labels
