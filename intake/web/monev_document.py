"""The figures of a period as a document: the same sections and tables on the page, in the spreadsheet and on paper.

The form is the one regencies publish: a summary, then a line for each office with what came in, what nobody has begun
with, what is in work and finished, the percentage and the mean days; then months, districts, topics and the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from babel.dates import format_date

from intake.monev import Comparison, Figures, Period, Row, Share
from intake.understand.locate import gazetteer, regencies
from intake.web import desk_words
from intake.web.context import choose_language
from intake.web.context import in_language as _

Kind = Literal["text", "count", "days", "percent", "rupiah"]
_SCORES: Final = (1, 2, 3, 4, 5)
#: Tables that stand beside each other have fewer columns: up to the percentage.
_BESIDE: Final = frozenset({"districts", "topics", "types", "channels"})
_COLUMNS_BESIDE: Final = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and what it is. ``percent`` is of a hundred; None is "nothing to count", not zero."""

    value: str | float | None
    kind: Kind = "text"

    @property
    def words(self) -> str:
        """As Indonesian readers write it: 1.234; 7,3; 97,3 %; Rp1.500."""
        if self.value is None:
            return "–"
        if isinstance(self.value, str):
            return self.value
        if self.kind == "percent":
            return f"{decimal(self.value)} %"
        if self.kind == "days":
            return decimal(self.value)
        grouped = f"{round(self.value):,}".replace(",", ".")
        return f"Rp{grouped}" if self.kind == "rupiah" else grouped


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its heading. The first column holds names, the second mostly counts."""

    key: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    place: str
    span: str
    made: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]


def decimal(value: float) -> str:
    """A number with one decimal and a comma."""
    return f"{value:.1f}".replace(".", ",")


def _n(value: int) -> Cell:
    return Cell(value, "count")


def _share(of: Share) -> Cell:
    return Cell(of.percent, "percent")


def _of(whole: int) -> str:
    return _("dari {n}").format(n=_n(whole).words)


def span_in_words(period: Period) -> str:
    """``Tahun 2020``, ``November 2026``, or both days of it."""
    language, since, until = choose_language(), period.since, period.until
    if (since.month, since.day, until.month, until.day) == (1, 1, 12, 31) and since.year == until.year:
        return f"{_('Tahun')} {since.year}"
    if since.day == 1 and (since.year, since.month) == (until.year, until.month) and _ends_month(until):
        return str(format_date(since, "MMMM y", locale=language))
    return f"{format_date(since, 'd MMM y', locale=language)} – {format_date(until, 'd MMM y', locale=language)}"


def _ends_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def month_in_words(name: str) -> str:
    """``2026-11`` as ``November 2026``."""
    year, month = name.split("-")
    return str(format_date(date(int(year), int(month), 1), "MMMM y", locale=choose_language()))


def place_in_words(regency: str | None) -> str:
    return regencies()[regency].name if regency else _("Semua wilayah")


def district_in_words(code: str) -> str:
    """The name of a district; reports whose district nobody named have none."""
    number = gazetteer().district_at(code) if code else None
    return gazetteer().district_name(number) if number is not None else code or _("tidak disebut")


def compose(
    found: Figures,
    *,
    regency: str | None,
    unit: str | None,
    period: Period,
    comparison: Comparison,
    price_rupiah: float,
    made: str,
) -> Document:
    """All sections, in the order of the form. ``price_rupiah``: of one SMS; 0 when nobody said what it is."""
    return Document(
        title=_("Laporan Pengelolaan Pengaduan Masyarakat"),
        place=" · ".join(part for part in (place_in_words(regency), unit or "") if part),
        span=span_in_words(period),
        made=made,
        sections=tuple(_sections(found, period, comparison, price_rupiah)),
        notes=notes(),
    )


def _sections(found: Figures, period: Period, comparison: Comparison, price_rupiah: float) -> Iterable[Section]:
    yield _summary(found, price_rupiah)
    yield _compared(found.total, period, comparison)
    yield _tally("units", _("Per perangkat daerah"), _("Perangkat daerah"), found.units, found.total,
                 name=lambda row: row.name or _("tanpa unit"))  # fmt: skip
    yield _tally("months", _("Per bulan"), _("Bulan"), found.months, found.total,
                 name=lambda row: month_in_words(row.name))  # fmt: skip
    yield _tally("districts", _("Per kecamatan"), _("Kecamatan"), found.districts, None,
                 name=lambda row: district_in_words(row.name))  # fmt: skip
    yield _tally("topics", _("Topik terbanyak"), _("Topik"), found.topics, None,
                 name=lambda row: desk_words.topic(row.name) or _("tanpa topik"))  # fmt: skip
    yield _tally("types", _("Per klasifikasi"), _("Klasifikasi"), found.types, found.total,
                 name=lambda row: desk_words.kind(row.name) or _("belum diklasifikasi"))  # fmt: skip
    yield _tally("channels", _("Per saluran"), _("Saluran"), found.channels, found.total,
                 name=lambda row: desk_words.channel(row.name))  # fmt: skip
    yield Section(
        "ages", _("Laporan terbuka menurut umur"), (_("Umur"), _("Laporan")),
        tuple((Cell(f"{age} {_('hari')}"), _n(n)) for age, n in found.ages),
    )  # fmt: skip
    yield Section(
        "ratings", _("Kepuasan pelapor"), (_("Nilai"), _("Laporan")),
        tuple((Cell(f"{score} {words}".strip()), _n(n)) for score, words, n in zip(
            _SCORES, (_("(tidak puas)"), "", "", "", _("(sangat puas)")), found.ratings, strict=True)),
    )  # fmt: skip
    if found.put_aside:
        yield Section(
            "aside", _("Diarsipkan menurut alasan"), (_("Alasan"), _("Laporan")),
            tuple((Cell(desk_words.reason(reason) or _("tanpa alasan")), _n(n)) for reason, n in found.put_aside),
        )  # fmt: skip


def _summary(found: Figures, price_rupiah: float) -> Section:
    total = found.total
    rows: list[tuple[str, Cell, str]] = [
        (_("Laporan masuk"), _n(total.received), ""),
        (_("Belum ditindaklanjuti"), _n(total.not_begun), ""),
        (_("Dalam proses"), _n(total.in_work), ""),
        (_("Selesai"), _n(total.finished), ""),
        (_("Diteruskan ke instansi lain"), _n(total.passed_on), ""),
        (_("Persentase selesai"), _share(total.share), ""),
        (_("Sudah ditindaklanjuti"), _share(total.followed_up), ""),
        (_("Diverifikasi dalam batas waktu"), _share(total.verified), _of(total.verified.whole)),
        (_("Tanggapan pertama dalam batas waktu"), _share(total.first_response),
         _of(total.first_response.whole)),
        (_("Ditindaklanjuti dalam batas waktu"), _share(total.in_time), _of(total.in_time.whole)),
        (_("Melewati batas waktu, masih terbuka"), _n(total.late), ""),
        (_("Rata-rata hari kerja sampai ditindaklanjuti"), Cell(total.working_days, "days"), ""),
        (_("Rata-rata hari kalender sampai ditindaklanjuti"), Cell(total.calendar_days, "days"), ""),
        (_("Dikembalikan: bukan wewenang"), _share(found.sent_back), _of(found.sent_back.whole)),
        (_("Dibuka kembali"), _share(total.reopened), _of(total.reopened.whole)),
        (_("Nilai rata-rata pelapor, 1 sampai 5"), Cell(found.mean_rating, "days"),
         _("{n} penilaian").format(n=_n(found.rated.part).words)),
        (_("Digabung dengan laporan lain"), _n(found.merged), ""),
        (_("Diarsipkan"), _n(sum(n for _reason, n in found.put_aside)), ""),
        (_("Bagian SMS terkirim"), _n(found.sms_segments), ""),
    ]  # fmt: skip
    if price_rupiah:
        rows.append((_("Biaya SMS"), Cell(found.sms_segments * price_rupiah, "rupiah"), ""))
    return Section(
        "summary", _("Ringkasan"), (_("Ukuran"), _("Angka"), _("Keterangan")),
        tuple((Cell(name), value, Cell(note)) for name, value, note in rows),
    )  # fmt: skip


def _compared(total: Row, period: Period, comparison: Comparison) -> Section:
    columns = [(period, total), comparison.before, comparison.year_before]
    measures: Sequence[tuple[str, list[Cell]]] = [
        (_("Laporan masuk"), [_n(row.received) for _p, row in columns]),
        (_("Selesai"), [_n(row.finished) for _p, row in columns]),
        (_("Persentase selesai"), [_share(row.share) for _p, row in columns]),
        (_("Diverifikasi dalam batas waktu"), [_share(row.verified) for _p, row in columns]),
        (_("Tanggapan pertama dalam batas waktu"), [_share(row.first_response) for _p, row in columns]),
        (_("Ditindaklanjuti dalam batas waktu"), [_share(row.in_time) for _p, row in columns]),
        (_("Rata-rata hari kerja"), [Cell(row.working_days, "days") for _p, row in columns]),
        (_("Dibuka kembali"), [_share(row.reopened) for _p, row in columns]),
    ]
    return Section(
        "compared", _("Dibandingkan"), (_("Ukuran"), *(span_in_words(p) for p, _row in columns)),
        tuple((Cell(name), *cells) for name, cells in measures),
    )  # fmt: skip


def _tally(
    key: str, title: str, first: str, rows: Sequence[Row], total: Row | None, *, name: Callable[[Row], str]
) -> Section:
    head = (
        first, _("Masuk"), _("Belum"), _("Proses"), _("Selesai"), "%", _("Diteruskan"), _("Terlambat"),
        _("Hari kerja"), _("Hari kalender"),
    )  # fmt: skip
    most = _COLUMNS_BESIDE if key in _BESIDE else len(head)
    return Section(
        key, title, head[:most], tuple(_line(name(row), row)[:most] for row in rows),
        total=_line(_("Jumlah"), total)[:most] if total is not None else (),
    )  # fmt: skip


def _line(name: str, row: Row) -> tuple[Cell, ...]:
    counts = (row.received, row.not_begun, row.in_work, row.finished)
    return (
        Cell(name), *map(_n, counts), _share(row.share), _n(row.passed_on), _n(row.late),
        Cell(row.working_days, "days"), Cell(row.calendar_days, "days"),
    )  # fmt: skip


def compare_months(years: Sequence[Row], months: Sequence[Row]) -> tuple[Section, Section]:
    """The years side by side, and each month of them: how many came in, and what share of them is finished."""
    by_name = {row.name: row for row in months}
    names = [row.name for row in years]
    head = (_("Bulan"), *(f"{_('Masuk')} {n}" for n in names), *(f"{_('Selesai')} {n}" for n in names))
    lines = []
    for month in range(1, 13):
        found = [by_name.get(f"{name}-{month:02}") for name in names]
        label = str(format_date(date(2000, month, 1), "LLLL", locale=choose_language()))
        lines.append(
            (Cell(label), *(_n(row.received) if row else Cell(None) for row in found),
             *(_share(row.share) if row else Cell(None) for row in found))
        )  # fmt: skip
    return (
        _tally("years", _("Per tahun"), _("Tahun"), years, None, name=lambda row: row.name),
        Section("months_of_years", _("Bulan demi bulan"), head, tuple(lines)),
    )


def notes() -> tuple[str, ...]:
    """What the words mean, in short; ``docs/glossary.md`` has each definition in full."""
    return (
        _("Masuk: laporan yang diterima dalam kurun ini, tanpa yang diarsipkan dan yang digabung."),
        _("Selesai: laporan yang ditutup; yang baru dijawab masih dalam proses."),
        _("Dalam batas waktu: dari laporan yang batas waktunya sudah lewat atau sudah dipenuhi."),
        _(
            "Hari: rata-rata dari penerusan ke wilayah sampai tindak lanjut pertama, dalam hari kerja dan hari kalender."
        ),
    )


_NAME_OF_A_FILE: Final = re.compile(r"[^a-z0-9-]+")


def file_name(regency: str | None, period: Period, ending: str) -> str:
    """``monev-1603-2020-01-01-2020-12-31.pdf``."""
    place = (regency or "nasional").replace(".", "")
    return f"{_NAME_OF_A_FILE.sub('', f'monev-{place}-{period.since}-{period.until}')}.{ending}"
