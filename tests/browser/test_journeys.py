"""What people do with the pages, in a real browser: a citizen reports, an officer answers, the citizen reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from intake import desk
from intake.domain.reference import report_id_of
from intake.storage import officers
from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.factories import a_photo
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


def fill_story(page: Page, house: House, words: str = TEXT) -> None:
    """The first step of the form, up to the second."""
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Apa yang terjadi, dan di mana?").fill(words)
    page.get_by_role("button", name="Lanjut").click()
    expect(page.get_by_role("heading", name="Periksa dan kirim")).to_be_visible()


def send(page: Page) -> None:
    """The second step, as it stands."""
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_text("Laporan Anda sudah kami terima")).to_be_visible(timeout=20_000)


def reference_on(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_report_by_the_form_is_answered_on_its_page(house: House, open_page: OpensPage, javascript: bool) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    citizen = open_page(javascript=javascript)
    fill_story(citizen, house)
    expect(citizen.get_by_label("Ya, benar: Tegal Rejo, Kec. Lawang Kidul, Kab. Muara Enim")).to_be_checked()
    citizen.get_by_label("Nama", exact=True).fill("Warga Contoh")
    send(citizen)
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
    citizen.get_by_role("button", name="Kirim", exact=True).click()
    expect(citizen.get_by_text("masih ada satu lubang lagi")).to_be_visible()
    house.work()
    officer.reload()
    expect(officer.get_by_text("masih ada satu lubang lagi")).to_be_visible()
    expect(officer.locator(".badges")).to_contain_text("pelapor membalas")


def test_the_question_for_the_place_is_answered_by_a_button(house: House, open_page: OpensPage) -> None:
    page = open_page()
    fill_story(page, house, "Lampu jalan mati semua di Kecamatan Bandung, gelap sekali")
    page.get_by_label("Saya tidak tahu").check()
    send(page)
    report_id = report_id_of(reference_on(page))
    assert report_id is not None
    ask_which(house.rt, report_id, TWO_BANDUNGS)
    expect(page.get_by_role("heading", name="Di mana kejadiannya?")).to_be_visible(timeout=20_000)
    page.get_by_role("button", name="Kota Bandung").click()
    expect(page.locator("#ucapan")).to_contain_text("Kota Bandung")
    house.work()
    expect(page.locator("#keadaan")).to_contain_text("Kota Bandung", timeout=20_000)


def test_a_village_is_found_by_typing_with_the_keyboard_alone(house: House, open_page: OpensPage) -> None:
    page = open_page()
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Apa yang terjadi, dan di mana?").focus()
    page.keyboard.type("Air mati sejak kemarin, tolong")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Kami belum menemukan tempatnya")).to_be_visible()
    expect(page.get_by_label("Cari desa, kecamatan atau kabupaten")).to_be_visible()
    page.get_by_label("Cari desa, kecamatan atau kabupaten").focus()
    page.keyboard.type("tegal rejo lawang")
    expect(page.locator("#find-list").get_by_role("option")).to_have_text(
        ["Tegal Rejo, Kec. Lawang Kidul, Kab. Muara Enim"]
    )
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#village")).to_have_value("16.03.07.2004")
    expect(page.get_by_label("Saya pilih dari daftar")).to_be_checked()
    page.get_by_role("button", name="Kirim laporan").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Laporan Anda sudah kami terima")).to_be_visible(timeout=20_000)
    house.work()
    expect(page.locator("#keadaan")).to_contain_text("Kab. Muara Enim", timeout=20_000)


def test_a_place_is_chosen_step_by_step_without_javascript(house: House, open_page: OpensPage) -> None:
    page = open_page(javascript=False)
    fill_story(page, house, "Air mati sejak kemarin, tolong")
    page.get_by_label("Saya pilih dari daftar").check()
    for level, name in (("Provinsi", "Sumatera Selatan"), ("Kabupaten atau kota", "Kab. Muara Enim")):
        page.get_by_label(level).select_option(label=name)
        page.get_by_role("button", name="Tampilkan pilihan berikutnya").click()
    page.locator("#district").select_option(label="Lawang Kidul")
    page.get_by_label("Tanggal kejadian").fill("2026-01-31")
    page.get_by_label("Rahasia").check()
    send(page)
    house.work()
    page.get_by_role("link", name="Muat ulang halaman ini").click()
    expect(page.locator("#keadaan")).to_contain_text("Kab. Muara Enim")
    expect(page.locator("#keadaan")).to_contain_text("rahasia")


def test_a_photo_and_the_position_of_the_phone_go_with_the_report(
    house: House, open_page: OpensPage, tmp_path: Path
) -> None:
    page = open_page(position=(-3.6540, 103.7740))
    fill_story(page, house, "Pohon tumbang menutup jalan")
    photo = tmp_path / "pohon.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(60_000))
    page.get_by_label("Foto, video atau dokumen").set_input_files(photo)
    page.get_by_role("button", name="Pakai posisi HP saya").click()
    expect(page.get_by_text("Posisi HP Anda ikut dipakai.")).to_be_visible()
    assert page.locator("#files").evaluate("field => field.files.length") == 1, "files stay chosen"
    expect(page.get_by_label("Ya, benar: Kab. Muara Enim")).to_be_checked()
    send(page)
    expect(page.locator("#berkas")).to_contain_text("pohon.jpg (0,1 MB)")
    with house.rt.engine.connect() as connection:
        found = connection.execute(
            text("""select m.latitude, m.longitude, a.name, a.size from message m
                    join attachment a on a.message_id = m.id""")
        ).one()
    assert found == (-3.654, 103.774, "pohon.jpg", 60_004)


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_the_place_of_a_photo_goes_with_the_report_when_it_is_allowed(
    house: House, open_page: OpensPage, tmp_path: Path, javascript: bool
) -> None:
    page = open_page(javascript=javascript)
    fill_story(page, house, "Pohon tumbang menutup jalan")
    photo = tmp_path / "pohon.jpg"
    photo.write_bytes(a_photo(-3.6540, 103.7740))
    page.get_by_label("Foto, video atau dokumen").set_input_files(photo)
    page.get_by_label("Pakai posisi dari foto saya").check()
    if javascript:  # it is read here, and what it says is shown
        expect(page.get_by_text("Posisi dari foto ikut dipakai.")).to_be_visible()
        expect(page.get_by_label("Ya, benar: Kab. Muara Enim")).to_be_checked()
        assert page.locator("#files").evaluate("field => field.files.length") == 1, "files stay chosen"
    else:
        page.get_by_label("Saya tidak tahu").check()
    send(page)
    with house.rt.engine.connect() as connection:
        found = connection.execute(text("select latitude, longitude, extra->>'position_by' from message")).one()
    assert (round(found[0], 3), round(found[1], 3), found[2]) == (-3.654, 103.774, "photo")


def test_a_photo_without_a_place_is_said_to_have_none(house: House, open_page: OpensPage, tmp_path: Path) -> None:
    page = open_page()
    fill_story(page, house, "Pohon tumbang menutup jalan")
    plain, broken = tmp_path / "pohon.png", tmp_path / "rusak.jpg"
    plain.write_bytes(b"\x89PNG" + bytes(100))
    broken.write_bytes(a_photo(-3.6540, 103.7740)[:60])
    page.get_by_label("Pakai posisi dari foto saya").check()
    for photo in (plain, broken):
        page.get_by_label("Foto, video atau dokumen").set_input_files(photo)
        expect(page.get_by_text("Foto itu tidak menyimpan posisi.")).to_be_visible()


def test_files_that_are_too_large_are_told_before_anything_is_sent(
    house: House, open_page: OpensPage, tmp_path: Path
) -> None:
    page = open_page()
    fill_story(page, house)
    large = tmp_path / "besar.mp4"
    with large.open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)
    page.get_by_label("Foto, video atau dokumen").set_input_files(large)
    expect(page.get_by_text("lebih besar dari 10 MB: besar.mp4")).to_be_visible()
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.locator("#files")).to_be_focused()
    page.get_by_label("Foto, video atau dokumen").set_input_files([])
    send(page)


def test_a_broken_line_loses_nothing_and_makes_one_report(house: House, open_page: OpensPage) -> None:
    page = open_page()
    fill_story(page, house)
    page.get_by_label("Nama", exact=True).fill("Warga Contoh")
    page.get_by_label("Anonim").check()
    page.context.set_offline(True)
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_text("Sambungan terputus, jadi belum terkirim.")).to_be_visible()
    page.context.set_offline(False)
    # The phone is switched off and on: a new page in the same browser.
    again = page.context.new_page()
    page.close()
    again.goto(f"{house.address}/lapor")
    expect(again.get_by_text("yang belum terkirim ada lagi di bawah")).to_be_visible()
    expect(again.get_by_label("Apa yang terjadi, dan di mana?")).to_have_value(TEXT)
    again.get_by_role("button", name="Lanjut").click()
    expect(again.get_by_label("Nama", exact=True)).to_have_value("Warga Contoh")
    expect(again.get_by_label("Anonim")).to_be_checked()
    send(again)
    again.goto(f"{house.address}/lapor")
    expect(again.get_by_label("Apa yang terjadi, dan di mana?")).to_have_value("")
    with house.rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from report where anonymous")).scalar_one() == 1


def test_a_fault_is_shown_in_place_and_what_was_typed_stays(house: House, open_page: OpensPage, tmp_path: Path) -> None:
    page = open_page()
    fill_story(page, house)
    photo = tmp_path / "jalan.png"
    photo.write_bytes(b"\x89PNG" + bytes(100))
    page.get_by_label("Foto, video atau dokumen").set_input_files(photo)
    page.get_by_label("Nomor HP atau e-mail").fill("rumah nomor tiga")
    page.get_by_role("button", name="Kirim laporan").click()
    fault = page.locator("#contact-fault")
    expect(fault).to_contain_text("bukan nomor HP atau alamat e-mail")
    expect(page.get_by_label("Nomor HP atau e-mail")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Nomor HP atau e-mail").fill("0811 0000 0012")
    send(page)
    expect(page.get_by_text("jalan.png")).to_be_visible()


def test_a_number_is_confirmed_by_a_code_and_another_browser_opens_the_report_by_one(
    house: House, open_page: OpensPage
) -> None:
    page = open_page()
    fill_story(page, house)
    page.get_by_label("Nomor HP atau e-mail").fill("0811 0000 0012")
    send(page)
    reference = reference_on(page)
    house.work()
    page.get_by_text("Jawaban lewat SMS juga").click()
    expect(page.get_by_label("Nomor HP")).to_have_value("0811 0000 0012")
    page.get_by_role("button", name="Kirim kode lewat SMS").click()
    expect(page.get_by_text("Kode dikirim lewat SMS")).to_be_visible()
    page.get_by_label("Kode 6 angka dari SMS").fill("000000" if code_sent(house) != "000000" else "111111")
    page.get_by_role("button", name="Konfirmasi nomor").click()
    expect(page.locator("#code-fault")).to_contain_text("Kode itu salah")
    page.get_by_label("Kode 6 angka dari SMS").fill(code_sent(house))
    page.get_by_role("button", name="Konfirmasi nomor").click()
    expect(page.get_by_text("Nomor Anda sudah dikonfirmasi")).to_be_visible()

    other = open_page(width=1280, javascript=False)
    other.goto(f"{house.address}/lacak")
    other.get_by_label("Nomor laporan").fill(reference.lower())
    other.get_by_label("Nomor HP atau e-mail yang Anda pakai").fill("+62 811 0000 0012")
    other.get_by_role("button", name="Kirim kode").click()
    expect(other.get_by_text("Bila laporan itu ada")).to_be_visible()
    other.get_by_label("Kode 6 angka dari SMS atau e-mail").fill(code_sent(house))
    other.get_by_role("button", name="Buka laporan").click()
    assert reference_on(other) == reference


def test_who_lost_the_link_gets_a_code_in_the_mailbox(house: House, open_page: OpensPage) -> None:
    page = open_page()
    fill_story(page, house)
    page.get_by_label("Nomor HP atau e-mail").fill("warga@example.id")
    send(page)
    reference = reference_on(page)
    house.work()
    other = open_page(width=768, javascript=False)
    other.goto(f"{house.address}/lapor/{reference}")
    expect(other.get_by_role("heading", name="Laporan ini terkunci")).to_be_visible()
    other.get_by_role("link", name="Minta kode").click()
    expect(other.get_by_label("Nomor laporan")).to_have_value(reference)
    other.get_by_label("Nomor HP atau e-mail yang Anda pakai").fill("Warga@example.id")
    other.get_by_role("button", name="Kirim kode").click()
    house.work()
    mailbox = open_page(width=1280)
    mailbox.goto(f"{house.address}/lab")
    expect(mailbox.locator("#mails")).to_contain_text("Kode untuk membuka laporan Anda", timeout=20_000)
    expect(mailbox.locator("#mails")).to_contain_text(code_sent(house))
    other.get_by_label("Kode 6 angka dari SMS atau e-mail").fill(code_sent(house))
    other.get_by_role("button", name="Buka laporan").click()
    assert reference_on(other) == reference


def press_until(page: Page, name: str, role: Literal["button", "link", "textbox", "checkbox"] = "button") -> None:
    """Go forward with the Tab key until that part has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.get_by_role(role, name=name, exact=True).first.evaluate("it => it === document.activeElement"):
            return
    pytest.fail(f"the Tab key does not lead to {name}")


def test_a_report_is_sent_followed_and_withdrawn_with_the_keyboard_alone(house: House, open_page: OpensPage) -> None:
    page = open_page(width=768)
    page.goto(house.address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
    page.keyboard.press("Enter")
    press_until(page, "Buat laporan", "link")
    page.keyboard.press("Enter")
    press_until(page, "Apa yang terjadi, dan di mana?", "textbox")
    page.keyboard.type(TEXT)
    press_until(page, "Lanjut")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Periksa dan kirim")).to_be_visible()
    press_until(page, "Kirim laporan")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Laporan Anda sudah kami terima")).to_be_visible(timeout=20_000)
    house.work()
    page.reload()
    press_until(page, "Tambah keterangan atau balas", "textbox")
    page.keyboard.type("Sejak kemarin bertambah satu lubang.")
    press_until(page, "Kirim")
    page.keyboard.press("Enter")
    expect(page.locator("#ucapan")).to_contain_text("bertambah satu lubang")
    page.locator("summary", has_text="Cabut laporan").focus()
    page.keyboard.press("Enter")
    press_until(page, "Ya, saya mencabut laporan ini", "checkbox")
    page.keyboard.press("Space")
    press_until(page, "Cabut laporan")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Laporan Anda cabut.")).to_be_visible()


def test_the_question_is_answered_without_javascript(house: House, open_page: OpensPage) -> None:
    page = open_page(javascript=False)
    fill_story(page, house, "Lampu jalan mati semua di Kecamatan Bandung, gelap sekali")
    page.get_by_label("Saya tidak tahu").check()
    send(page)
    report_id = report_id_of(reference_on(page))
    assert report_id is not None
    ask_which(house.rt, report_id, TWO_BANDUNGS)
    page.get_by_role("link", name="Muat ulang halaman ini").click()
    page.get_by_role("button", name="Kota Bandung").click()
    house.work()
    page.get_by_role("link", name="Muat ulang halaman ini").click()
    expect(page.locator("#keadaan")).to_contain_text("Kota Bandung")


def code_sent(house: House) -> str:
    """The code of the newest SMS that carries one, as the phone would show it."""
    with house.rt.engine.connect() as connection:
        said = connection.execute(text("select text from reply where kind = 'code' order by id desc limit 1"))
        return str(re.findall(r"\b\d{6}\b", said.scalar_one())[0])


def test_a_report_is_rated_reopened_and_withdrawn_without_javascript(house: House, open_page: OpensPage) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    page = open_page(javascript=False)
    fill_story(page, house)
    send(page)
    reference = reference_on(page)
    house.work()
    with house.rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    desk.answer(house.rt, officer, reference, words=ANSWER)
    house.work()
    page.get_by_role("link", name="Muat ulang halaman ini").click()
    page.get_by_text("Nilai penanganannya").click()
    page.get_by_label("4 puas").check()
    page.get_by_role("button", name="Kirim nilai").click()
    expect(page.get_by_text("Terima kasih atas penilaian Anda.")).to_be_visible()
    expect(page.locator("#keadaan")).to_contain_text("Nilai Anda")
    page.get_by_text("Belum beres: buka kembali").click()
    page.get_by_label("Apa yang belum beres?").fill("Lubang kedua belum ditambal.")
    page.get_by_role("button", name="Buka kembali").click()
    expect(page.get_by_text("Laporan dibuka kembali")).to_be_visible()
    expect(page.locator("#ucapan")).to_contain_text("Lubang kedua belum ditambal.")
    house.work()
    page.get_by_text("Cabut laporan", exact=True).first.click()
    page.get_by_label("Ya, saya mencabut laporan ini").check()
    page.get_by_role("button", name="Cabut laporan").click()
    expect(page.get_by_text("Laporan Anda cabut.")).to_be_visible()


def test_going_back_and_changing_the_words_makes_a_new_report(house: House, open_page: OpensPage) -> None:
    page = open_page()
    fill_story(page, house)
    send(page)
    first = reference_on(page)
    page.evaluate("history.go(-2)")
    page.get_by_label("Apa yang terjadi, dan di mana?").fill("Ada juga pohon tumbang di Desa Tegal Rejo Muara Enim")
    page.get_by_role("button", name="Lanjut").click()
    send(page)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(first)
    expect(page.locator("#ucapan")).to_contain_text("pohon tumbang")


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
