"""The officers' pages, read by axe-core in a real browser: no violation, nothing to scroll sideways.

With ``SAHUT_PICTURES=folder`` a picture of each is kept there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page
from sqlalchemy import text

from intake import answer_templates, desk, disposition, views
from intake.search import Wanted
from intake.storage import officers
from intake.storage.reports import Report
from tests.browser.conftest import PASSWORD, WIDTHS, House, OpensPage
from tests.browser.reports import MUARA_ENIM
from tests.browser.test_accessibility import keep_picture, read_by_axe
from tests.factories import CLEAR_TEXT
from tests.intake.web.conftest import a_report

pytestmark = pytest.mark.browser

LONG = f"{CLEAR_TEXT}. Sudah kami sampaikan ke kepala desa dan camat, " + "tetapi belum ada tindak lanjut. " * 8


@pytest.fixture
def report(house: House) -> Report:
    """A report with all that can stand on its page, and some more in the list; an officer who has saved views."""
    house.add_officer("muaraenim", MUARA_ENIM)
    with house.rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    for number in range(3):
        a_report(house.rt, f"{CLEAR_TEXT} ke-{number}", sender=f"+62811000070{number}")
    found = a_report(house.rt, LONG, sender="+628110000710")
    rt = house.rt
    disposition.dispose(rt, officer, found.reference, units=["PUPR", "DLH", "DISHUB"], note="Mohon cek lapangan")
    disposition.answer_part(rt, officer, found.reference, unit="DLH", words="Saluran di tepi jalan sudah dibersihkan.")
    desk.add_note(rt, officer, found.reference, words="Kepala desa sudah ditelepon.")
    desk.block_sender(rt, officer, found.reference, reason="uji coba tampilan")
    for name, query in (("Jalan", {"topik": found.topic or ""}), ("Darurat hari ini", {"urgensi": "darurat"})):
        views.keep_view(rt, officer, name=name, wanted=Wanted.of(query), shared=name == "Jalan")
    answer_templates.keep_template(rt, officer, name="Sudah dijadwalkan", body="Laporan {nomor} dijadwalkan {dinas}.")
    this = {"id": found.id}
    late = "update deadline set next_due = now() - interval '1 hour' where report_id = :id"
    with rt.engine.begin() as connection:
        connection.execute(text("update message set latitude = -3.6551, longitude = 103.7745 where id = :id"), this)
        connection.execute(text(late), this)
    return found


def log_in(page: Page, house: House) -> None:
    page.goto(f"{house.address}/meja/masuk")
    page.get_by_label("Nama pengguna").fill("muaraenim")
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()


def unfold(page: Page) -> None:
    for part in page.locator("main summary").all():
        if part.is_visible():
            part.click()


def walk(page: Page, house: House, name: str, report: Report) -> None:
    """Go to a page of this name, and open everything on it."""
    at = house.address
    match name:
        case "inbox":
            page.goto(f"{at}/meja?tampilan=semua&topik={report.topic}")
            unfold(page)
        case "report":
            page.goto(f"{at}/meja/{report.reference}")
            page.get_by_label("Jawaban", exact=True).fill("Selamat pagi.")
            page.get_by_label("Templat").select_option(label="Sudah dijadwalkan")
            page.get_by_role("button", name="Pakai").click()
            page.locator(".preview").wait_for()
            unfold(page)
        case "bulk":
            page.goto(f"{at}/meja?tampilan=semua")
            for box in page.locator(".inbox input[type=checkbox]").all()[:3]:
                box.check()
            page.get_by_text("Langkah untuk yang dipilih").click()
            page.get_by_label("Unit").select_option(index=2)
            page.get_by_role("button", name="Disposisikan yang dipilih").click()
        case "templates":
            page.goto(f"{at}/meja/templat")
            unfold(page)
        case "visit":
            page.goto(f"{at}/meja/laporan-langsung")
            page.get_by_label("Apa yang dilaporkan").fill("CEK 7K3-QX4M")
            page.get_by_role("button", name="Catat laporan").click()
            page.get_by_text("Belum terkirim: 1").wait_for()
        case "keys":
            page.goto(f"{at}/meja/tombol")
        case "dialog":
            page.goto(f"{at}/meja")
            page.keyboard.press("?")
        case "print":
            page.goto(f"{at}/meja/{report.reference}/cetak")
        case _:
            raise ValueError(name)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_of_the_desk_stands_in_anybodys_way(
    house: House, open_page: OpensPage, node_modules: Path, report: Report, width: int
) -> None:
    wrong: dict[str, list[str]] = {}
    page = open_page(width=width)
    log_in(page, house)
    for name in ("inbox", "report", "templates", "visit", "keys", "dialog", "print", "bulk"):
        walk(page, house, name, report)
        keep_picture(page, f"desk-{name}-{width}")
        found = read_by_axe(page, node_modules)
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if sideways:
            found.append(f"{sideways} px to scroll sideways")
        if found:
            wrong[name] = found
    assert wrong == {}, "\n".join(f"{name}: {found}" for name, found in wrong.items())
