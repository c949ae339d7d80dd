"""An officer who reads many reports by key, and one who wants no keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.browser.reports import MUARA_ENIM
from tests.factories import CLEAR_TEXT
from tests.intake.web.conftest import a_report

pytestmark = pytest.mark.browser


def arrive(page: Page, heading: str) -> None:
    """Wait until a page is there with what listens for keys: its heading is seen before its scripts have run."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    page.wait_for_load_state()


def log_in(page: Page, house: House) -> None:
    page.goto(f"{house.address}/meja/masuk")
    page.get_by_label("Nama pengguna").fill("muaraenim")
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    arrive(page, "Kab. Muara Enim")


def test_reports_are_read_chosen_and_answered_by_key(house: House, open_page: OpensPage) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    first, second = (
        a_report(house.rt, f"{CLEAR_TEXT} ke-{n}", sender=f"+62811000060{n}") for n in (1, 2)
    )  # the second is the newest, and so the first in the list
    page = open_page(width=1280)
    log_in(page, house)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name=f"Pilih {second.reference}")).to_be_checked()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    arrive(page, first.reference)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Tombol pintas")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.type("jx?u")
    assert page.get_by_label("Jawaban", exact=True).input_value() == "jx?u", "in a field letters are letters"
    page.get_by_role("heading", name=first.reference).click()
    page.keyboard.press("u")
    arrive(page, "Kab. Muara Enim")
    page.keyboard.press("/")
    page.keyboard.type("jalan")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=second.reference)).to_be_visible()
    # Switched off, a letter does nothing.
    page.get_by_role("link", name="Tombol pintas").click()
    page.get_by_role("button", name="Matikan").click()
    expect(page.get_by_text("Tombol pintas mati")).to_be_visible()
    page.goto(f"{house.address}/meja")
    page.keyboard.press("/")
    expect(page.get_by_label("Cari dalam laporan")).not_to_be_focused()


def test_several_steps_at_once_need_no_script_and_enter_does_nothing_by_chance(
    house: House, open_page: OpensPage
) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    found = [a_report(house.rt, f"{CLEAR_TEXT} ke-{n}", sender=f"+62811000061{n}") for n in (1, 2)]
    page = open_page(javascript=False)
    log_in(page, house)
    for each in found:
        page.get_by_role("checkbox", name=f"Pilih {each.reference}").check()
    page.get_by_text("Langkah untuk yang dipilih").click()
    page.get_by_label("Alasan").fill("uji coba")
    page.get_by_label("Alasan").press("Enter")
    expect(page.get_by_role("heading", name="Kab. Muara Enim")).to_be_visible()
    page.get_by_role("button", name="Arsipkan yang dipilih").click()
    expect(page.get_by_role("status")).to_have_text("2 / 2 laporan selesai dikerjakan")
    page.get_by_role("link", name="Kembali ke daftar").click()
    expect(page.get_by_text("Tidak ada laporan di sini.")).to_be_visible()
