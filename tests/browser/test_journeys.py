"""What people do with the pages, in a real browser: a citizen reports, an officer answers, the citizen reads it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from intake.domain.reference import report_id_of
from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.intake.web.conftest import TWO_BANDUNGS, ask_which

pytestmark = pytest.mark.browser

MUARA_ENIM = "16.03"
TEXT = "Jalan di Desa Tegal Rejo Kecamatan Lawang Kidul Muara Enim rusak parah, sudah tiga bulan berlubang."
ANSWER = "Terima kasih. Lubang kami tambal hari Senin, bahan sudah di tempat."


def log_in(page: Page, house: House, username: str) -> None:
    page.goto(f"{house.address}/meja")
    page.get_by_label("Nama pengguna").fill(username)
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def reference_on(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_report_by_the_form_is_answered_on_its_page(house: House, open_page: OpensPage, javascript: bool) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    citizen = open_page(javascript=javascript)
    citizen.goto(house.address)
    citizen.get_by_role("link", name="Buat laporan").last.click()
    citizen.get_by_label("Apa yang terjadi, dan di mana?").fill(TEXT)
    citizen.get_by_label("Nama", exact=True).fill("Warga Contoh")
    citizen.get_by_role("button", name="Kirim laporan").click()
    expect(citizen.get_by_text("Laporan Anda sudah kami terima")).to_be_visible()
    reference = reference_on(citizen)

    house.work()

    officer = open_page(width=1280, javascript=javascript)
    log_in(officer, house, "muaraenim")
    officer.get_by_role("link", name=reference).click()
    expect(officer.get_by_text(TEXT)).to_be_visible()
    officer.get_by_label("Jawaban").fill(ANSWER)
    officer.get_by_role("button", name="Kirim jawaban").click()
    expect(officer.get_by_text("Jawaban dikirim ke pelapor.")).to_be_visible()

    house.work()
    if javascript:  # the page finds out by itself
        expect(citizen.get_by_text(ANSWER)).to_be_visible(timeout=20_000)
    else:
        citizen.get_by_role("link", name="Muat ulang halaman ini").click()
        expect(citizen.get_by_text(ANSWER)).to_be_visible()
    expect(citizen.get_by_text("sudah ditanggapi").first).to_be_visible()

    citizen.get_by_label("Tambah keterangan atau balas").fill("Terima kasih, tetapi masih ada satu lubang lagi.")
    citizen.get_by_role("button", name="Kirim").click()
    expect(citizen.get_by_text("masih ada satu lubang lagi")).to_be_visible()
    house.work()
    officer.reload()
    expect(officer.get_by_text("masih ada satu lubang lagi")).to_be_visible()
    expect(officer.locator(".badges")).to_contain_text("pelapor membalas")


def test_the_question_for_the_place_is_answered_by_a_button(house: House, open_page: OpensPage) -> None:
    page = open_page()
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Apa yang terjadi, dan di mana?").fill(
        "Lampu jalan mati semua di Kecamatan Bandung, gelap sekali"
    )
    page.get_by_role("button", name="Kirim laporan").click()
    report_id = report_id_of(reference_on(page))
    assert report_id is not None
    ask_which(house.rt, report_id, TWO_BANDUNGS)
    expect(page.get_by_role("heading", name="Di mana kejadiannya?")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Kota Bandung").click()
    expect(page.locator("#ucapan")).to_contain_text("Kota Bandung")
    house.work()
    expect(page.locator("#keadaan")).to_contain_text("Kota Bandung", timeout=20_000)


def test_a_regency_is_found_by_typing(house: House, open_page: OpensPage) -> None:
    page = open_page()
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Cari kabupaten atau kota").fill("muara enim")
    page.keyboard.press("Enter")
    assert page.locator("#regency").input_value() == MUARA_ENIM
    page.get_by_label("Apa yang terjadi, dan di mana?").fill("Air mati sejak kemarin")
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_text("Laporan Anda sudah kami terima")).to_be_visible()
    house.work()
    expect(page.locator("#keadaan")).to_contain_text("Kab. Muara Enim", timeout=20_000)


def test_going_back_and_changing_the_words_makes_a_new_report(house: House, open_page: OpensPage) -> None:
    page = open_page()
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Apa yang terjadi, dan di mana?").fill(TEXT)
    page.get_by_role("button", name="Kirim laporan").click()
    first = reference_on(page)
    page.go_back()
    page.get_by_label("Apa yang terjadi, dan di mana?").fill("Ada juga pohon tumbang di Desa Tegal Rejo Muara Enim")
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    expect(page.get_by_text("pohon tumbang")).to_be_visible()


def test_the_phone_and_the_mailbox_of_the_lab(house: House, open_page: OpensPage) -> None:
    page = open_page(width=1280)
    page.goto(f"{house.address}/lab")
    page.get_by_label("SMS ke +628110001708").fill(TEXT)
    page.get_by_role("button", name="Kirim SMS").click()
    expect(page.locator("#sms")).to_contain_text(TEXT)
    house.work()
    expect(page.locator("#sms")).to_contain_text("diteruskan ke Kab. Muara Enim", timeout=20_000)

    page.get_by_label("Perihal").fill("Jalan rusak")
    page.get_by_label("Isi surat").fill(TEXT)
    page.get_by_role("button", name="Kirim surat").click()
    expect(page.locator("#mails")).to_contain_text("dikirim ke lapor@sahut.test")
    house.work()
    expect(page.locator("#mails")).to_contain_text("Re: Jalan rusak", timeout=20_000)
    page.get_by_role("link", name="Balas").click()
    page.get_by_label("Isi surat").fill("Tambahan: ada dua lubang lagi.")
    page.get_by_role("button", name="Kirim surat").click()
    house.work()
    expect(page.locator("#mails")).to_contain_text("Keterangan tambahan", timeout=20_000)
