"""A village without a line: an officer's phone keeps what it is told, and sends it exactly once when it can.

The line is real: a small relay between Chromium and the server, which these tests cut.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from tests.browser.conftest import PASSWORD, House, OpensPage
from tests.browser.reports import MUARA_ENIM

pytestmark = pytest.mark.browser

STORY = "Sumur bor di desa Tegal Rejo kecamatan Lawang Kidul kering sejak Agustus"
PHOTO = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000" "1f15c4890000000d49444154789c6360f8cfc0f01f000501"
    "01ff5b5a0c8a0000000049454e44ae426082"
)  # fmt: skip


class Line:
    """Carries bytes between a browser and a server until it is cut; it can also lose the answers to some requests."""

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._lost: bytes | None = None
        self._is_cut = False
        self._open: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, name="line")]
        self._threads[0].start()

    def cut(self) -> None:
        self._is_cut = True
        for end in list(self._open):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._is_cut = False
        self._lost = None

    def lose_answers_to(self, request_line: bytes) -> None:
        self._lost = request_line

    def end(self) -> None:
        self.cut()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(caller,), name="line")
            self._threads.append(thread)
            thread.start()

    def _carry(self, caller: socket.socket) -> None:
        with closing(caller):
            if self._is_cut:
                return
            with closing(socket.create_connection(("127.0.0.1", self._to))) as server:
                self._open |= {caller, server}
                loses: list[bool] = []
                back = threading.Thread(target=self._pump, args=(server, caller, lambda data: b"" if loses else data))
                back.start()

                def ask(data: bytes) -> bytes:
                    if self._lost and data.startswith(self._lost):
                        loses.append(True)
                    return data

                self._pump(caller, server, ask)
                back.join()
                self._open -= {caller, server}

    def _pump(self, source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                passed = change(data)
                if not passed:  # an answer that is lost: the server has done its work, the browser hears a broken line
                    break
                sink.sendall(passed)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def line(house: House) -> Iterator[Line]:
    made = Line(int(house.address.rpartition(":")[2]))
    yield made
    made.end()


def log_in(page: Page, address: str, username: str = "muaraenim") -> None:
    page.goto(f"{address}/meja/masuk?lanjut=/meja/laporan-langsung")
    page.get_by_label("Nama pengguna").fill(username)
    page.get_by_label("Kata sandi").fill(PASSWORD)
    page.get_by_role("button", name="Masuk").click()
    expect(page.get_by_role("heading", name="Catat laporan langsung")).to_be_visible()


def told(house: House) -> list[tuple[str, int]]:
    """(Text, number of files) of everything that was taken down."""
    with house.rt.engine.connect() as connection:
        rows = connection.execute(
            text("""select m.text, (select count(*) from attachment a where a.message_id = m.id) as files from message m
                    join report r on r.id = m.id order by m.id""")
        )
        return [(row.text, row.files) for row in rows]


def test_what_is_told_without_a_line_arrives_once_with_its_photo(
    house: House, open_page: OpensPage, line: Line
) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    address = f"http://127.0.0.1:{line.port}"
    page = open_page()
    log_in(page, address)
    expect(page.get_by_text("Halaman ini dapat dibuka tanpa jaringan.")).to_be_visible()
    line.cut()
    page.goto(f"{address}/meja/laporan-langsung")  # the phone was switched off and on again, in the village
    for number in (1, 2):
        page.get_by_label("Apa yang dilaporkan").fill(f"{STORY} {number}")
        if number == 1:
            page.get_by_label("Foto").set_input_files({"name": "sumur.png", "mimeType": "image/png", "buffer": PHOTO})
        page.get_by_role("button", name="Catat laporan").click()
        expect(page.get_by_role("heading", name=f"Belum terkirim: {number}")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("Tidak ada jaringan")
    assert told(house) == []
    page.reload()
    expect(page.get_by_role("heading", name="Belum terkirim: 2")).to_be_visible()
    expect(page).to_have_title("(2) Catat laporan langsung · Sahut")
    expect(page.get_by_text(f"{STORY} 1")).to_be_visible()
    line.mend()
    page.get_by_role("button", name="Kirim sekarang").click()
    expect(page.get_by_role("status")).to_contain_text("Semua catatan sudah terkirim")
    expect(page.get_by_role("heading", name="Belum terkirim")).to_be_hidden()
    assert told(house) == [(f"{STORY} 1", 1), (f"{STORY} 2", 0)]
    page.reload()
    expect(page).to_have_title("Catat laporan langsung · Sahut")
    assert len(told(house)) == 2
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_when_only_the_answer_is_lost_it_is_sent_again_and_stays_one(
    house: House, open_page: OpensPage, line: Line
) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    page = open_page()
    log_in(page, f"http://127.0.0.1:{line.port}")
    line.lose_answers_to(b"POST /meja/laporan-langsung/kirim")
    page.get_by_label("Apa yang dilaporkan").fill(STORY)
    page.get_by_role("button", name="Catat laporan").click()
    expect(page.get_by_role("status")).to_contain_text("Tidak ada jaringan")
    expect(page.get_by_role("heading", name="Belum terkirim: 1")).to_be_visible()
    assert told(house) == [(STORY, 0)], "the server has it, the phone does not know"
    line.mend()
    page.get_by_role("button", name="Kirim sekarang").click()
    expect(page.get_by_role("status")).to_contain_text("Semua catatan sudah terkirim")
    expect(page.locator("#terkirim").get_by_role("link")).to_have_count(1)
    assert told(house) == [(STORY, 0)]


def test_whose_log_in_is_over_logs_in_again_and_nothing_is_lost_or_anothers(
    house: House, open_page: OpensPage, line: Line
) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    house.add_officer("rekan", MUARA_ENIM)
    address = f"http://127.0.0.1:{line.port}"
    page = open_page()
    log_in(page, address)
    expect(page.get_by_text("Halaman ini dapat dibuka tanpa jaringan.")).to_be_visible()
    page.context.clear_cookies()
    page.get_by_label("Apa yang dilaporkan").fill(STORY)
    page.get_by_role("button", name="Catat laporan").click()
    expect(page.get_by_role("status")).to_contain_text("Masuk dulu ke meja")
    log_in(page, address, "rekan")
    expect(page.get_by_text("catatan petugas lain tersimpan di perangkat ini")).to_be_visible()
    expect(page.get_by_text(STORY)).to_have_count(0)
    assert told(house) == []
    page.context.clear_cookies()
    log_in(page, address)
    expect(page.get_by_role("status")).to_contain_text("Semua catatan sudah terkirim")
    assert told(house) == [(STORY, 0)]


def test_what_the_server_refuses_stays_with_its_reason_and_can_be_changed(house: House, open_page: OpensPage) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    page = open_page()
    log_in(page, house.address)
    page.get_by_label("Apa yang dilaporkan").fill("CEK 7K3-QX4M")
    page.get_by_role("button", name="Catat laporan").click()
    expect(page.get_by_role("status")).to_contain_text("ditolak server")
    expect(page.get_by_text("perintah seperti CEK bukan laporan")).to_be_visible()
    page.get_by_role("button", name="Ubah").click()
    page.get_by_label("Apa yang dilaporkan").fill(STORY)
    page.get_by_role("button", name="Catat laporan").click()
    expect(page.get_by_role("status")).to_contain_text("Semua catatan sudah terkirim")
    assert told(house) == [(STORY, 0)]


def test_without_javascript_it_is_an_ordinary_form_with_a_photo(house: House, open_page: OpensPage) -> None:
    house.add_officer("muaraenim", MUARA_ENIM)
    page = open_page(javascript=False)
    log_in(page, house.address)
    page.get_by_label("Apa yang dilaporkan").fill(STORY)
    page.get_by_label("Foto").set_input_files({"name": "sumur.png", "mimeType": "image/png", "buffer": PHOTO})
    page.get_by_role("button", name="Catat laporan").click()
    expect(page.get_by_text("Laporan dicatat.")).to_be_visible()
    assert told(house) == [(STORY, 1)]
