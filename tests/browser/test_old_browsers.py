"""A ten-year-old phone: scripts in the language of its browser, and the form with what such a browser has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

import intake.web
from intake.web.form_work import is_worked
from tests.browser.conftest import House, OpensPage
from tests.browser.test_journeys import TEXT, fill_story, reference_on, send

pytestmark = pytest.mark.browser

SCRIPTS = Path(intake.web.__file__).parent / "static"
#: What browsers learnt after 2014, taken away from this one.
FORGET = """
    for (const [where, names] of [
        [window, ["fetch", "SubmitEvent", "IntersectionObserver", "ResizeObserver", "URLSearchParams", "AbortController"]],
        [Element.prototype, ["replaceChildren", "replaceWith", "before", "after", "append", "prepend", "closest",
                             "toggleAttribute", "getAttributeNames", "remove"]],
        [NodeList.prototype, ["forEach", "entries", "keys", "values", Symbol.iterator]],
        [HTMLCollection.prototype, [Symbol.iterator]],
        [FormData.prototype, ["delete", "set", "get", "has", "entries", "forEach", Symbol.iterator]],
        [Array, ["from", "of"]],
        [Array.prototype, ["includes", "find", "findIndex", "flat", "flatMap", "fill", "at"]],
        [Object, ["assign", "entries", "values", "fromEntries"]],
        [String.prototype, ["includes", "startsWith", "endsWith", "padStart", "normalize", "repeat", "replaceAll"]],
        [KeyboardEvent.prototype, ["key"]],
        [File.prototype, ["text", "arrayBuffer"]],
        [Blob.prototype, ["text", "arrayBuffer", "stream"]],
    ]) for (const name of names) delete where[name];
"""


def read_by_acorn(node_modules: Path, script: Path) -> subprocess.CompletedProcess[str]:
    reader = node_modules / "acorn" / "bin" / "acorn"
    return subprocess.run(
        ["node", reader, "--ecma5", "--silent", script], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["form.js", "lapor.js", "refresh.js", "work.js"])
def test_a_script_is_in_the_language_of_2009(name: str, node_modules: Path) -> None:
    told = read_by_acorn(node_modules, SCRIPTS / name)
    assert told.returncode == 0, told.stderr


def test_the_reader_of_scripts_knows_newer_ones(node_modules: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.js"
    newer.write_text("const grow = (one) => `${one}`;", encoding="utf-8")
    assert read_by_acorn(node_modules, newer).returncode != 0


def test_an_old_browser_keeps_a_draft_finds_a_village_and_sends_once(house: House, open_page: OpensPage) -> None:
    page = open_page()
    page.context.add_init_script(FORGET)
    fill_story(page, house, "Air mati sejak kemarin, tolong")
    assert page.evaluate("typeof window.fetch + typeof [].find") == "undefinedundefined"
    page.get_by_label("Saya pilih dari daftar").check()
    page.get_by_label("Provinsi").select_option(label="Sumatera Selatan")
    page.get_by_label("Kabupaten atau kota").select_option(label="Kab. Muara Enim")
    page.get_by_label("Cari desa, kecamatan atau kabupaten").press_sequentially("tegal rejo lawang")
    page.locator("#find-list").get_by_role("option").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#village")).to_have_value("16.03.07.2004")
    page.get_by_label("Nama", exact=True).fill("Warga Contoh")
    page.context.set_offline(True)
    page.get_by_role("button", name="Kirim laporan").click()
    expect(page.get_by_text("Sambungan terputus, jadi belum terkirim.")).to_be_visible()
    page.context.set_offline(False)
    send(page)
    house.work()
    expect(page.locator("#keadaan")).to_contain_text("Kab. Muara Enim", timeout=20_000)


def test_a_button_that_only_looks_again_sends_nothing_in_an_old_browser(house: House, open_page: OpensPage) -> None:
    page = open_page(position=(-3.6540, 103.7740))
    page.context.add_init_script(FORGET)
    fill_story(page, house, "Pohon tumbang menutup jalan")
    page.get_by_role("button", name="Pakai posisi HP saya").click()
    page.get_by_role("button", name="Jangan pakai posisi").click()
    expect(page.get_by_text("Posisi HP Anda ikut dipakai.")).to_have_count(0)
    expect(page.get_by_role("heading", name="Periksa dan kirim")).to_be_visible()
    page.get_by_label("Saya tidak tahu").check()
    send(page)


@pytest.mark.parametrize("house", [{"SAHUT_FORM_WORK_BITS": "10"}], indirect=True)
def test_the_work_for_the_machine_is_done_unnoticed_and_rightly(house: House, open_page: OpensPage) -> None:
    page = open_page()
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.method == "POST" else None)
    fill_story(page, house, TEXT)
    send(page)
    assert reference_on(page)
    token, number = (re.findall(rf'name="{name}"\r\n\r\n([^\r]*)', sent[-1])[0] for name in ("token", "work"))
    assert is_worked(token, number, bits=10)
