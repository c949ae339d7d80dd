"""One report in the hands of each role, in a real browser: triage, disposition, answer, supervision, figures, machinery;
and an invited officer who sets up a second factor. The new pages are read by axe on the way.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from intake.domain.permission import Role
from intake.receive import receive
from intake.storage import officers, reports
from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.browser.test_accessibility import keep_picture, read_by_axe
from tests.factories import PHONE, an_sms

pytestmark = pytest.mark.browser

MUARA_ENIM = "16.03"
TEXT = "Jalan rusak parah di depan pasar, tolong segera diperbaiki pak"
BRIBE = "Pegawai kantor kecamatan Lawang Kidul Muara Enim minta uang untuk urus surat, 200 ribu per orang"
ANSWER = "Terima kasih. Tim kami menambal jalan itu hari Senin."


def add(house: House, username: str, role: Role, regency: str | None, unit: str | None = None) -> None:
    with house.rt.engine.begin() as connection:
        assert officers.add(
            connection, username=username, name=f"Petugas {username}", password=PASSWORD, role=role, regency=regency,
            unit=unit,
        )  # fmt: skip


def come_in(open_page: OpensPage, house: House, username: str, *, width: int = 1280) -> Page:
    page = open_page(width=width)
    page.goto(f"{house.address}/meja")
    page.get_by_label("Nama pengguna").fill(username)
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("button", name="Keluar")).to_be_visible()
    return page


def looks_right(page: Page, node_modules: Path, name: str) -> None:
    """No violation, nothing to scroll sideways; on a small phone as on a desk."""
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        keep_picture(page, f"{name}-{width}")
        assert read_by_axe(page, node_modules) == [], f"{name} at {width}"
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sideways == 0, f"{name} at {width}: {sideways} px to scroll sideways"


def reported(house: House, words: str) -> tuple[int, str]:
    kept = receive(house.rt, "sms_twilio", an_sms(words)).remembered
    assert kept is not None
    house.work()
    with house.rt.engine.connect() as connection:
        return kept.message_id, reports.read(connection, kept.message_id).reference


def test_from_the_centre_to_the_regency_to_its_unit_to_the_citizen(
    house: House, open_page: OpensPage, node_modules: Path
) -> None:
    add(house, "pusat", "central", None)
    add(house, "muaraenim", "regency", MUARA_ENIM)
    add(house, "pupr", "unit", MUARA_ENIM, "PUPR")
    add(house, "dinkes", "unit", MUARA_ENIM, "DINKES")
    report_id, reference = reported(house, TEXT)

    page = come_in(open_page, house, "pusat")
    page.goto(f"{house.address}/meja/{reference}")
    page.get_by_label("Teruskan ke", exact=True).select_option(MUARA_ENIM)
    page.get_by_role("button", name="Teruskan", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("diteruskan")
    page.goto(f"{house.address}/meja/jejak")
    looks_right(page, node_modules, "audit")

    unit, other = come_in(open_page, house, "pupr", width=360), come_in(open_page, house, "dinkes")
    assert unit.goto(f"{house.address}/meja/{reference}").status == 404  # type: ignore[union-attr]

    page = come_in(open_page, house, "muaraenim")
    page.goto(f"{house.address}/meja/{reference}")
    page.locator("select[name=unit]").first.select_option("PUPR")
    page.locator("form[action$='/disposisi'] button").first.click()
    expect(page.get_by_role("status").first).to_be_visible()

    unit.goto(f"{house.address}/meja")
    unit.get_by_text(reference).first.click()
    unit.get_by_label("Jawaban", exact=True).fill(ANSWER)
    unit.get_by_role("button", name="Kirim jawaban").click()
    expect(unit.get_by_role("status").first).to_contain_text("Jawaban")
    assert other.goto(f"{house.address}/meja/{reference}").status == 404  # type: ignore[union-attr]
    with house.rt.engine.connect() as connection:
        said = connection.execute(
            text("select text from reply where report_id = :id and kind = 'answered'"), {"id": report_id}
        ).scalar_one()
    assert "menambal jalan" in said


def test_a_supervision_case_is_the_inspectors_and_who_reports_is_shown_with_a_reason(
    house: House, open_page: OpensPage, node_modules: Path
) -> None:
    add(house, "inspektur", "inspector", MUARA_ENIM)
    report_id, reference = reported(house, BRIBE)
    with house.rt.engine.begin() as connection:
        reports.amend(connection, report_id, {"topic": "HKM.01", "regency": MUARA_ENIM, "anonymous": True})
    page = come_in(open_page, house, "inspektur")
    page.goto(f"{house.address}/meja/{reference}")
    expect(page.get_by_text("anonim: tidak ditampilkan")).to_be_visible()
    page.locator("summary", has_text="Lihat identitas").click()
    page.get_by_label("Untuk apa?").fill("pemeriksaan 07/2026")
    page.get_by_role("button", name="Lihat identitas").click()
    expect(page.get_by_text(PHONE)).to_be_visible()
    looks_right(page, node_modules, "identity")
    page.goto(f"{house.address}/meja/jejak?jenis=identitas")
    expect(page.get_by_text("pemeriksaan 07/2026")).to_be_visible()


def test_a_leader_sees_the_figures_and_can_change_nothing(house: House, open_page: OpensPage) -> None:
    add(house, "bupati", "leader", MUARA_ENIM)
    report_id, reference = reported(house, f"{TEXT} di Lawang Kidul Muara Enim")
    with house.rt.engine.begin() as connection:
        reports.amend(connection, report_id, {"regency": MUARA_ENIM})
    page = come_in(open_page, house, "bupati")
    page.get_by_role("link", name="Monev").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(f"{house.address}/meja/{reference}")
    expect(page.get_by_role("heading", name=reference)).to_be_visible()
    assert page.locator("main form[method=post]").count() == 0
    assert page.get_by_role("link", name="Orang", exact=True).count() == 0


def test_an_operator_lets_parked_work_go_on_and_reads_no_report(
    house: House, open_page: OpensPage, node_modules: Path
) -> None:
    add(house, "teknis", "operator", None)
    kept = receive(house.rt, "sms_twilio", an_sms(TEXT)).remembered
    assert kept is not None
    with house.rt.engine.begin() as connection:
        connection.execute(text("update outbox set parked_at = now(), last_error = 'KeyError at x:y:1', attempts = 12"))
    page = come_in(open_page, house, "teknis")
    assert urlsplit(page.url).path == "/meja/teknis"
    expect(page.get_by_text("KeyError at x:y:1")).to_be_visible()
    assert page.get_by_role("link", name="Meja", exact=True).count() == 0
    looks_right(page, node_modules, "operate")
    page.get_by_role("button", name="Coba lagi").click()
    expect(page.get_by_text("Tidak ada yang diparkir.")).to_be_visible()


def test_an_invited_officer_chooses_a_password_and_sets_up_a_second_factor(
    house: House, open_page: OpensPage, node_modules: Path
) -> None:
    add(house, "muaraenim", "regency", MUARA_ENIM)
    page = come_in(open_page, house, "muaraenim")
    page.get_by_role("link", name="Orang", exact=True).click()
    page.get_by_label("Nama", exact=True).fill("Siti Contoh")
    page.get_by_label("Nama pengguna").fill("siti")
    page.locator("label[for=role-unit]").click()
    page.locator("#unit").select_option("PUPR")
    looks_right(page, node_modules, "people")
    page.get_by_role("button", name="Undang").click()
    link = page.locator("p.link").inner_text()

    fresh = open_page(width=360)
    fresh.goto(link)
    looks_right(fresh, node_modules, "choose-password")
    fresh.get_by_label("Kata sandi baru").fill("kelapa muda tiga butir")
    fresh.get_by_label("Sekali lagi").fill("kelapa muda tiga butir")
    fresh.get_by_role("button", name="Simpan kata sandi").click()
    expect(fresh.get_by_role("status")).to_contain_text("tersimpan")
    looks_right(fresh, node_modules, "log-in")

    def log_in() -> None:
        fresh.get_by_label("Nama pengguna").fill("siti")
        fresh.get_by_label("Kata sandi").fill("kelapa muda tiga butir")
        fresh.get_by_role("button", name="Masuk").click()

    log_in()
    fresh.get_by_role("link", name="Siti Contoh").click()
    looks_right(fresh, node_modules, "account")
    fresh.get_by_role("link", name="Pasang kode kedua").click()
    looks_right(fresh, node_modules, "second-factor")
    fresh.locator("summary").click()
    secret = fresh.locator("code.link").inner_text().replace(" ", "")
    fresh.get_by_label("Kode", exact=True).fill(pyotp.TOTP(secret).now())
    fresh.get_by_role("button", name="Pasang").click()
    codes = re.findall(r"\w{5}-\w{5}", fresh.locator("ul.codes").inner_text())
    assert len(codes) == 10
    looks_right(fresh, node_modules, "recovery-codes")
    fresh.get_by_role("link", name="Sudah saya simpan").click()
    fresh.get_by_role("button", name="Keluar").click()
    log_in()
    expect(fresh.get_by_role("heading", name="Kode kedua")).to_be_visible()
    looks_right(fresh, node_modules, "code")
    fresh.get_by_label("Kode", exact=True).fill(codes[0])
    fresh.get_by_role("button", name="Masuk").click()
    expect(fresh.get_by_role("button", name="Keluar")).to_be_visible()
