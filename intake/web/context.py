"""What every page needs around itself: the runtime, the language of this reader, moments and places in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, Response, current_app, request
from markupsafe import Markup

from intake.runtime import Runtime
from intake.told import beside_the_story
from intake.understand.locate import Regency, provinces, regencies
from intake.words import SOURCE_LANGUAGE, languages, own_name, translated

#: The three zones of the country (Keppres 41/1987) as they are written behind a time of day.
ZONES: Final[Mapping[str, ZoneInfo]] = {
    "WIB": ZoneInfo("Asia/Jakarta"),
    "WITA": ZoneInfo("Asia/Makassar"),
    "WIT": ZoneInfo("Asia/Jayapura"),
}
LANGUAGE_COOKIE: Final = "bahasa"
_A_YEAR_SECONDS: Final = 365 * 86_400


def runtime() -> Runtime:
    """The runtime this application was made with."""
    rt: Runtime = current_app.extensions["sahut"]
    return rt


def choose_language() -> str:
    """``?lang=`` first, then the cookie, then Indonesian: what a browser happens to prefer says little here."""
    for wanted in (request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if wanted in languages():
            return wanted
    return SOURCE_LANGUAGE


def in_language(text: str) -> str:
    """A sentence of the source in the reader's language. Imported as ``_``, the mark of the catalogues."""
    return translated(text, choose_language())


def link_in_language(code: str) -> str:
    """This very page in another language; its other parameters (a report's secret among them) stay."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "lang"]
    return f"{request.script_root}{request.path}?{urlencode([*kept, ('lang', code)])}"


def regency_called(code: str | None) -> str:
    """The everyday name of a regency; empty for none."""
    found = regencies().get(code or "")
    return found.short if found else ""


def moment_in_words(at: datetime, regency: str | None = None) -> Markup:
    """A moment as people of that regency read their clock, e.g. ``21 November 2026, 14.05 WIB``."""
    found = regencies().get(regency or "")
    zone = found.zone if found else "WIB"
    language = choose_language()
    pattern = "d MMMM y, HH.mm" if language == SOURCE_LANGUAGE else "d MMMM y, HH:mm"
    words = format_datetime(at, pattern, tzinfo=ZONES[zone], locale=language)
    return Markup('<time datetime="{}">{} {}</time>').format(at.isoformat(timespec="seconds"), words, zone)


def written_moment_in_words(written: str, regency: str | None = None) -> str | Markup:
    """The same of a moment kept as text; what is none stays as it is."""
    try:
        return moment_in_words(datetime.fromisoformat(written), regency)
    except ValueError:
        return written


def day_in_words(at: datetime, regency: str | None = None) -> str:
    """The day a moment falls on in that regency, e.g. ``Senin, 23 November 2026``."""
    found = regencies().get(regency or "")
    zone = ZONES[found.zone if found else "WIB"]
    return str(format_datetime(at, "EEEE, d MMMM y", tzinfo=zone, locale=choose_language()))


def date_in_words(day: date) -> str:
    """``Senin, 23 November 2026``, of a day that has no zone."""
    return str(format_date(day, "EEEE, d MMMM y", locale=choose_language()))


def month_in_words(day: date) -> str:
    """``Januari 2026``."""
    return str(format_date(day, "MMMM y", locale=choose_language()))


def month_of_moment(at: datetime, regency: str | None = None) -> date:
    """The first day of the month a moment falls in there."""
    found = regencies().get(regency or "")
    return at.astimezone(ZONES[found.zone if found else "WIB"]).date().replace(day=1)


def megabytes(size: int) -> str:
    """A size as people say it: ``1,4 MB``; nothing is smaller than 0,1."""
    return f"{format_decimal(max(0.1, size / 1_000_000), '0.0', locale=choose_language())} MB"


@lru_cache(maxsize=1)
def regencies_by_province() -> tuple[tuple[str, tuple[Regency, ...]], ...]:
    """(Province, its regencies) for a list to choose from, both in alphabetical order."""
    of: dict[str, list[Regency]] = {}
    for regency in regencies().values():
        of.setdefault(regency.province_code, []).append(regency)
    groups = [(province.short, of.get(province.code, [])) for province in provinces()]
    return tuple((name, tuple(sorted(found, key=lambda r: (r.base, r.is_city)))) for name, found in sorted(groups))


def public(response: Response) -> Response:
    """A page that holds nothing of anybody: a browser may keep it for going back, and it may leave compressed."""
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def prepare(app: Flask) -> None:
    """Give the templates what is above, and remember a language that was chosen."""
    app.jinja_env.filters["moment"] = moment_in_words
    app.jinja_env.filters["written_moment"] = written_moment_in_words
    app.jinja_env.filters["day"] = day_in_words
    app.jinja_env.filters["date"] = date_in_words
    app.jinja_env.filters["day_month"] = lambda at, regency=None: month_in_words(month_of_moment(at, regency))
    app.jinja_env.filters["month"] = month_in_words
    app.jinja_env.filters["megabytes"] = megabytes
    app.jinja_env.filters["regency"] = regency_called

    @app.context_processor
    def _around() -> dict[str, Any]:
        language = choose_language()
        others = [(code, own_name(code)) for code in languages() if code != language]
        return {
            "language": language,
            "other_languages": others,
            "link_in_language": link_in_language,
            "told_beside": beside_the_story,
            "lab": runtime().settings.lab,
        }

    @app.after_request
    def _remember_language(response: Any) -> Any:
        chosen = request.args.get("lang")
        if chosen in languages():
            response.set_cookie(
                LANGUAGE_COOKIE,
                chosen,
                max_age=_A_YEAR_SECONDS,
                secure=app.config["SESSION_COOKIE_SECURE"],
                httponly=True,
                samesite="Lax",
            )
        return response
