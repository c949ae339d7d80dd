"""Every page a citizen meets, read by axe-core in a real browser: no violation, nothing to scroll sideways, at the width
of a small phone, a tablet and a desk. With ``SAHUT_PICTURES=folder`` a picture of each is kept there.

The rules are those of WCAG 2.2 AA. pa11y, with axe and HTML_CodeSniffer, reads every page once more as it stands.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from intake import desk
from intake.domain.reference import reference_of, report_id_of
from intake.storage import officers
from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.browser.reports import MUARA_ENIM, add_past_reports, publish_past_reports
from tests.browser.test_journeys import ANSWER, fill_story, reference_on, send
from tests.factories import a_photo
from tests.intake.web.conftest import TWO_BANDUNGS, ask_which

pytestmark = pytest.mark.browser

WIDTHS = (360, 768, 1280)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: How a page is reached: an address, or a walk that ends on it.
Walk = Callable[[Page, House], None]


def go_to(address: str) -> Walk:
    def walk(page: Page, house: House) -> None:
        page.goto(house.address + address)

    return walk


def to_story_fault(page: Page, house: House) -> None:
    page.goto(f"{house.address}/lapor")
    page.get_by_label("Apa yang terjadi, dan di mana?").fill("CEK 7K3-QX4M")
    page.get_by_role("button", name="Lanjut").click()
    page.locator("#text-fault").wait_for()


def to_details_with_faults(page: Page, house: House) -> None:
    fill_story(page, house)
    page.get_by_label("Nomor HP atau e-mail").fill("rumah nomor tiga")
    page.get_by_role("button", name="Kirim laporan").click()
    page.locator("#contact-fault").wait_for()


def to_details_with_lists(page: Page, house: House) -> None:
    fill_story(page, house, "Air mati sejak kemarin, tolong")
    page.get_by_label("Saya pilih dari daftar").check()
    page.get_by_label("Provinsi").select_option(label="Sumatera Selatan")
    page.get_by_label("Kabupaten atau kota").select_option(label="Kab. Muara Enim")
    page.get_by_label("Cari desa, kecamatan atau kabupaten").fill("lawang kidul")
    page.locator("#find-list").get_by_role("option").first.wait_for()


def to_sent_report(page: Page, house: House) -> None:
    fill_story(page, house)
    send(page)


def to_question(page: Page, house: House) -> None:
    fill_story(page, house, "Lampu jalan mati semua di Kecamatan Bandung, gelap sekali")
    page.get_by_label("Saya tidak tahu").check()
    send(page)
    report_id = report_id_of(reference_on(page))
    assert report_id is not None
    ask_which(house.rt, report_id, TWO_BANDUNGS)
    page.reload()


def to_answered_report(page: Page, house: House) -> None:
    fill_story(page, house)
    page.get_by_label("Anonim").check()
    send(page)
    house.work()
    with house.rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    desk.answer(house.rt, officer, reference_on(page), words=ANSWER)
    house.work()
    page.reload()
    for part in page.locator("summary").all():
        part.click()


def to_finished_report(page: Page, house: House) -> None:
    to_answered_report(page, house)
    page.get_by_role("button", name="Ya, laporan ini selesai").click()
    page.get_by_text("Laporan selesai.").wait_for()


def to_faults_of_a_report(page: Page, house: House) -> None:
    to_answered_report(page, house)
    page.locator("input[name=score]").evaluate_all("all => all.forEach(one => { one.required = false; })")
    page.get_by_role("button", name="Kirim nilai").click()
    page.locator("#rate-fault").wait_for()


def to_number_to_confirm(page: Page, house: House) -> None:
    to_sent_report(page, house)
    page.get_by_text("Jawaban lewat SMS juga").click()
    page.get_by_label("Nomor HP").fill("0811 0000 0012")
    page.get_by_role("button", name="Kirim kode lewat SMS").click()
    page.get_by_label("Kode 6 angka dari SMS").wait_for()


def to_report_with_a_photo(page: Page, house: House) -> None:
    fill_story(page, house)
    page.get_by_label("Tanggal kejadian").fill("2026-01-31")
    page.get_by_label("Foto, video atau dokumen").set_input_files(
        {"name": "jalan.jpg", "mimeType": "image/jpeg", "buffer": a_photo()}
    )
    page.get_by_label("Pakai posisi dari foto saya").check()
    page.get_by_text("Posisi dari foto ikut dipakai.").wait_for()
    send(page)
    house.work()
    page.reload()
    page.get_by_role("link", name="jalan.jpg").wait_for()


def to_code(page: Page, house: House) -> None:
    page.goto(f"{house.address}/lacak")
    page.get_by_label("Nomor laporan").fill("7K3-QX4M")
    page.get_by_label("Nomor HP atau e-mail yang Anda pakai").fill("0811 0000 0012")
    page.get_by_role("button", name="Kirim kode").click()
    page.get_by_text("Bila laporan itu ada").wait_for()


PAGES: dict[str, Walk] = {
    "home": go_to("/"),
    "form": go_to("/lapor"),
    "form-fault": to_story_fault,
    "details": fill_story,
    "details-faults": to_details_with_faults,
    "details-lists": to_details_with_lists,
    "sent": to_sent_report,
    "question": to_question,
    "answered": to_answered_report,
    "finished": to_finished_report,
    "report-faults": to_faults_of_a_report,
    "number": to_number_to_confirm,
    "with-photo": to_report_with_a_photo,
    "find": go_to("/lacak"),
    "code": to_code,
    "process": go_to("/cara"),
    "figures": go_to("/statistik"),
    "regency": go_to(f"/statistik/{MUARA_ENIM}"),
    "published": go_to(f"/publik/{MUARA_ENIM}"),
    "locked": go_to(f"/lapor/{reference_of(4711)}"),
    "not-found": go_to("/lapor/AAA-BBBB?k=x"),
}


def read_by_axe(page: Page, node_modules: Path) -> list[str]:
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", AXE_RULES
    )
    assert len(found["passes"]) > 10, "axe read nothing"
    return [f"{v['id']}: {node['html'][:120]}" for v in found["violations"] for node in v["nodes"]]


@pytest.fixture
def lived_in(house: House) -> House:
    """The house with an officer, a past, and reports on its public list."""
    house.add_officer("muaraenim", MUARA_ENIM)
    add_past_reports(house.rt)
    publish_past_reports(house.rt)
    return house


#: The pages in two parts, and more time than other tests have: each is a walk through several pages.
PARTS = [dict(list(PAGES.items())[at::2]) for at in range(2)]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("part", PARTS, ids=["one half", "the other"])
def test_no_page_of_the_citizens_stands_in_anybodys_way(
    lived_in: House, open_page: OpensPage, debugging_port: int, node_modules: Path, part: dict[str, Walk]
) -> None:
    """Each page once, made as wide as a phone, a tablet and a desk; then pa11y takes hold of the same browser."""
    wrong: dict[str, list[str]] = {}
    for name, walk in part.items():
        page = open_page()
        walk(page, lived_in)
        page.evaluate("name => { window.name = name; }", name)
        page.context.set_offline(True)  # what it would ask again by itself would only keep the machine busy
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            keep_picture(page, f"{name}-{width}")
            found = read_by_axe(page, node_modules)
            sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if sideways:
                found.append(f"{sideways} px to scroll sideways")
            if found:
                wrong[f"{name} at {width} px"] = found
    wrong |= {f"{name} by pa11y": found for name, found in read_by_pa11y(debugging_port, node_modules, part).items()}
    assert wrong == {}, "\n".join(f"{name}: {found}" for name, found in wrong.items())


def read_by_pa11y(debugging_port: int, node_modules: Path, names: Iterable[str]) -> dict[str, list[str]]:
    """What pa11y has to say about the open pages of these names; nothing for those it is content with."""
    done = subprocess.run(
        ["node", Path(__file__).with_name("pa11y.cjs"), node_modules, f"http://127.0.0.1:{debugging_port}", *names],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, list[str]] = json.loads(done.stdout)
    assert set(read) == set(names)
    return {name: found for name, found in read.items() if found}


def test_dark_pages_and_english_ones_neither(lived_in: House, open_page: OpensPage, node_modules: Path) -> None:
    wrong: dict[str, list[str]] = {}
    for name in ("home", "details-faults", "answered", "regency", "process"):
        page = open_page(dark=True)
        PAGES[name](page, lived_in)
        keep_picture(page, f"{name}-dark")
        if found := read_by_axe(page, node_modules):
            wrong[name] = found
        if name in {"home", "regency", "process"}:
            page.get_by_role("link", name="English").click()
        if found := read_by_axe(page, node_modules):
            wrong[f"{name} in English"] = found
        page.context.close()
    assert wrong == {}, "\n".join(f"{name}: {found}" for name, found in wrong.items())


def test_the_readers_find_what_is_wrong(open_page: OpensPage, debugging_port: int, node_modules: Path) -> None:
    page = open_page()
    page.set_content(
        "<html><body><img src='x.png'><input><p style='color:#bbb;background:#fff'>pucat</p></body></html>"
    )
    assert len(read_by_axe_unasserted(page, node_modules)) >= 3
    page.evaluate("window.name = 'pale'")
    assert len(read_by_pa11y(debugging_port, node_modules, ["pale"])["pale"]) >= 3


def read_by_axe_unasserted(page: Page, node_modules: Path) -> list[str]:
    page.evaluate((node_modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    return [violation["id"] for violation in page.evaluate("axe.run()")["violations"]]


def keep_picture(page: Page, name: str) -> None:
    folder = os.environ.get("SAHUT_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
