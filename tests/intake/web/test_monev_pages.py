"""The figures as leaders see them and hand them in: on the page, as a spreadsheet, on paper; the same in all three."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import officers
from intake.web.monev_document import Cell
from intake.web.monev_files import _sheet_name
from tests.factories import MUARA_ENIM
from tests.intake.test_monev import PUPR, fill_a_year
from tests.intake.web.conftest import PASSWORD, log_in

YEAR = "dari=2020-01-01&sampai=2020-12-31"


@pytest.fixture
def leader(rt: Runtime, client: FlaskClient) -> FlaskClient:
    """The Bupati looks at the year in which 262 came in and 255 were finished."""
    with rt.engine.begin() as connection:
        fill_a_year(connection, year=2019, came=200, finished=150)
        fill_a_year(connection, year=2020, came=262, finished=255)
        officers.add(connection, username="bupati", name="Bupati", password=PASSWORD, role="leader", regency=MUARA_ENIM)
    assert log_in(client, "bupati").status_code == 303
    return client


def cells(page: str, heading: str) -> list[list[str]]:
    """The rows of the table below a heading."""
    table = page.split(f">{heading}</h2>", 1)[1].split("</table>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_the_page_prints_the_year_as_it_was_published(leader: FlaskClient) -> None:
    page = leader.get(f"/meja/monev?{YEAR}").text
    assert "Kabupaten Muara Enim, Tahun 2020" in page
    found = re.findall(r'class="value">([^<]*)</span><span class="name">([^<]*)', page)
    tiles = {name.strip(): value for value, name in found}
    assert (tiles["Laporan masuk"], tiles["Selesai"], tiles["Persentase selesai"]) == ("262", "255", "97,3 %")
    head, *units, total = cells(page, "Per perangkat daerah")
    assert head[:7] == ["Perangkat daerah", "Masuk", "Belum", "Proses", "Selesai", "%", "Diteruskan"]
    assert [row[:7] for row in units] == [[PUPR, "262", "0", "7", "255", "97,3 %", "0"]]
    assert total[:7] == ["Jumlah", "262", "0", "7", "255", "97,3 %", "0"]
    compared = {row[0]: row[1:] for row in cells(page, "Dibandingkan")}
    assert compared["Ukuran"] == ["Tahun 2020", "Tahun 2019", "Tahun 2019"]
    assert compared["Persentase selesai"] == ["97,3 %", "75,0 %", "75,0 %"]


def test_every_picture_has_a_table_that_says_the_same(leader: FlaskClient) -> None:
    page = leader.get(f"/meja/monev?{YEAR}").text
    pictures = re.findall(r'<svg class="chart"[^>]*aria-label="([^"]+)".*?</svg>', page, re.DOTALL)
    assert {"Per perangkat daerah", "Per bulan", "Per saluran"} <= set(pictures)
    for name in pictures:
        drawn = page.split(f'aria-label="{name}"', 1)[1].split("</svg>", 1)[0]
        values = re.findall(r'class="value"[^>]*>(\d+)<', drawn)
        assert values, name
        assert values == [row[1] for row in cells(page, name)[1 : len(values) + 1]], name


def test_the_spreadsheet_holds_numbers_that_can_be_computed_with(leader: FlaskClient) -> None:
    answer = leader.get(f"/meja/monev.xlsx?{YEAR}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="monev-1603-2020-01-01-2020-12-31.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    units = book["Per perangkat daerah"]
    assert [units["A1"].value, units["A2"].value] == [
        "Laporan Pengelolaan Pengaduan Masyarakat", "Kabupaten Muara Enim, Tahun 2020",
    ]  # fmt: skip
    last = [cell.value for cell in units[units.max_row]]
    assert last[:5] == ["Jumlah", 262, 0, 7, 255]
    percent = units.cell(units.max_row, 6)
    assert (percent.value, percent.number_format) == (pytest.approx(0.973), "0.0%")
    summary = {row[0].value: row[1].value for row in book["Ringkasan"].iter_rows(min_row=5)}
    assert (summary["Laporan masuk"], summary["Persentase selesai"]) == (262, pytest.approx(0.973))


def test_no_spreadsheet_takes_a_name_for_a_formula(rt: Runtime, leader: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update report set unit = '=1+1'"))
    book = openpyxl.load_workbook(io.BytesIO(leader.get(f"/meja/monev.xlsx?{YEAR}").data))
    named = book["Per perangkat daerah"].cell(6, 1)
    assert (named.value, named.data_type) == ("=1+1", "s")


def test_the_paper_says_the_same(leader: FlaskClient) -> None:
    answer = leader.get(f"/meja/monev.pdf?{YEAR}")
    assert answer.content_type == "application/pdf"
    said = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)
    assert "Laporan Pengelolaan Pengaduan Masyarakat" in said
    assert "Kabupaten Muara Enim" in said
    assert "Tahun 2020" in said
    assert "97,3 %" in said
    assert re.search(r"Jumlah\s+262\s+0\s+7\s+255\s+97,3 %", said)


def test_a_month_is_named_and_compared_with_the_month_before(leader: FlaskClient) -> None:
    page = leader.get("/meja/monev?dari=2020-03-01&sampai=2020-03-31").text
    assert "Kabupaten Muara Enim, Maret 2020" in page
    compared = {row[0]: row[1:] for row in cells(page, "Dibandingkan")}
    assert compared["Ukuran"] == ["Maret 2020", "Februari 2020", "Maret 2019"]
    assert compared["Laporan masuk"] == ["31", "29", "31"]


def test_years_and_their_months_side_by_side(leader: FlaskClient) -> None:
    page = leader.get(f"/meja/monev/banding?{YEAR}").text
    years = cells(page, "Per tahun")
    assert [row[0] for row in years] == ["Tahun", "2019", "2020"]
    assert [row[1] for row in years[1:]] == ["200", "262"]
    drawn = page.split("<svg", 1)[1].split("</svg>", 1)[0]
    assert ">Jan</text>" in drawn, "twelve names side by side are short ones"
    head, january, *_, december = cells(page, "Bulan demi bulan")
    assert head == ["Bulan", "Masuk 2019", "Masuk 2020", "Selesai 2019", "Selesai 2020"]
    assert january == ["Januari", "29", "29", "100,0 %", "100,0 %"]
    assert december[0] == "Desember"


def test_what_sms_cost_is_shown_when_somebody_said_what_one_costs(rt: Runtime, leader: FlaskClient) -> None:
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into reply (report_id, cause, kind, channel, recipient, sender, text, segments)
            select id, 'x' || id, 'answered', 'sms_twilio', 'x', '', 'x', 5 from report where opened_at < '2020-01-01'""")
        )
    assert "Biaya SMS" not in leader.get(f"/meja/monev?{YEAR}").text
    page = leader.get("/meja/monev?dari=2019-01-01&sampai=2019-12-31").text
    assert 'class="value">1.000</span><span class="name">Bagian SMS terkirim' in page


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(1234, "count"), "1.234"), (Cell(97.3, "percent"), "97,3 %"), (Cell(7.25, "days"), "7,2"),
        (Cell(1250000.0, "rupiah"), "Rp1.250.000"), (Cell(None, "percent"), "–"), (Cell("a"), "a"),
    ],
)  # fmt: skip
def test_numbers_the_indonesian_way(cell: Cell, words: str) -> None:
    assert cell.words == words


def test_a_sheet_has_a_name_that_spreadsheets_take() -> None:
    assert _sheet_name("Laporan [terbuka]: menurut umur dan seterusnya") == "Laporan terbuka menurut umur da"


def test_only_the_own_regency_whatever_the_address_says(leader: FlaskClient) -> None:
    for ending in ("", ".csv", ".pdf", ".xlsx", "/banding"):
        answer = leader.get(f"/meja/monev{ending}?wilayah=32.01&{YEAR}")
        assert answer.status_code == 200
        assert "1603" in answer.headers.get("Content-Disposition", "1603")
