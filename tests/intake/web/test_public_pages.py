"""Pages for everybody: what happens with a report, and figures; the charts say what their tables say."""

from __future__ import annotations

import csv
import io
import re
from xml.etree import ElementTree as ET

from flask.testing import FlaskClient

from intake.domain.sla import NATIONAL_SLA
from intake.runtime import Runtime
from intake.web.charts import draw_bars, draw_columns
from tests.browser.reports import MUARA_ENIM, add_past_reports

SVG = "{http://www.w3.org/2000/svg}"


def test_the_process_page_tells_the_ways_the_deadlines_and_the_ombudsman(client: FlaskClient) -> None:
    page = client.get("/cara").text
    assert 'href="sms:+628110001708"' in page
    assert 'href="mailto:lapor@sahut.test"' in page
    plain = NATIONAL_SLA["tidak_berkadar"]
    for days in (plain.verify_days, plain.first_response_days, plain.close_days):
        assert f"{days} hari kerja" in page
    assert f"pengaduan {plain.finish_days} hari kerja" in page
    assert "Ombudsman Republik Indonesia" in page


def test_a_regency_with_nothing_to_tell_says_so(rt: Runtime, client: FlaskClient) -> None:
    assert "Belum ada cukup laporan" in client.get("/statistik/32.73").text
    assert client.get("/statistik/99.99").status_code == 404
    assert client.get("/statistik/99.99.csv").status_code == 404
    assert "Belum ada angka" in client.get("/statistik").text


def test_the_table_beside_a_chart_says_the_same(rt: Runtime, client: FlaskClient) -> None:
    add_past_reports(rt)
    page = client.get(f"/statistik/{MUARA_ENIM}").text
    assert f'href="/statistik/{MUARA_ENIM}"' in client.get("/statistik").text
    charts = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(charts) == 2
    tables = re.findall(r"<tbody>.*?</tbody>", page, re.DOTALL)
    for chart, table in zip(charts, tables, strict=True):
        drawn = re.findall(r'class="value"[^>]*>(\d+)<', chart)
        told = re.findall(r'<th scope="row">[^<]*</th><td>(\d+)</td>', table)
        assert drawn == told
        assert 'role="img" aria-label="' in chart


def test_the_download_holds_the_same_figures(rt: Runtime, client: FlaskClient) -> None:
    add_past_reports(rt)
    answer = client.get(f"/statistik/{MUARA_ENIM}.csv")
    assert answer.mimetype == "text/csv"
    assert 'filename="statistik-16.03.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    total = next(row for row in rows if row["jenis"] == "total")
    for kind in ("bulan", "topik"):
        assert sum(int(row["diterima"]) for row in rows if row["jenis"] == kind) == int(total["diterima"])
    assert all(int(row["diterima"]) >= 5 for row in rows)
    assert 1 <= float(total["hari_sampai_ditanggapi"]) < float(total["hari_sampai_selesai"])
    assert {row["hari_sampai_selesai"] for row in rows if row is not total} == {""}


def test_a_chart_is_one_picture_drawn_to_scale() -> None:
    for draw in (draw_bars, draw_columns):
        picture = ET.fromstring(str(draw("Menurut <bulan>", [("Satu & dua", 10), ("Tiga", 5), ("Nol", 0)])))
        assert picture.get("aria-label") == "Menurut <bulan>"
        sizes = [float(bar.get("width" if draw is draw_bars else "height") or 0) for bar in picture.iter("rect")]
        assert sizes[0] == 2 * sizes[1]
        assert sizes[2] == 0
        assert draw("nothing", []) == ""
