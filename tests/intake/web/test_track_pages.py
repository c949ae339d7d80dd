"""What a citizen does on the page of the own report: rate, reopen, take back, confirm a number; and the way back to it."""

from __future__ import annotations

import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from channels.mail_pictures import coordinates_of
from intake import desk, links, track
from intake.domain.reference import reference_of, report_id_of
from intake.runtime import Runtime
from intake.storage import officers, threads
from intake.storage.outbox import Job
from intake.track import NotOpened
from tests.factories import a_photo
from tests.intake.web.conftest import PASSWORD, a_report, an_officer, form_to, report_typed, work
from workers import jobs

CODE = re.compile(r"\b\d{6}\b")


def reported(rt: Runtime, client: FlaskClient, **more: object) -> str:
    """The address of the page of a report that was read."""
    address = report_typed(client, **more).location  # type: ignore[arg-type]
    work(rt)
    return address


def answered(rt: Runtime, client: FlaskClient) -> str:
    address = reported(rt, client)
    an_officer(rt)
    with rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    desk.answer(rt, officer, address.split("/")[2][:8], words="Senin ditambal.")
    work(rt)
    return address


def do(client: FlaskClient, address: str, doing: str, **typed: str) -> TestResponse:
    form = form_to(client.get(address), f"/{doing}")
    return client.post(form.action, data={**form.fields, **typed})


def state_of(rt: Runtime) -> str:
    with rt.engine.connect() as connection:
        return str(connection.execute(text("select state from report")).scalar_one())


def test_the_page_says_what_was_understood_why_and_until_when(rt: Runtime, client: FlaskClient) -> None:
    page = client.get(reported(rt, client)).text
    assert "Laporan ini diarahkan ke Kabupaten Muara Enim" in page
    assert "&#34;Lawang Kidul&#34; sebagai Kecamatan Lawang Kidul" in page
    assert "Jalan rusak / berlubang" in page
    assert re.search(r"<dt>Tanggapan pertama</dt><dd>paling lambat (Senin|Selasa|Rabu|Kamis|Jumat), \d", page)


@pytest.mark.parametrize("score", ["1", "5"])
def test_a_rating_counts_at_once_and_once(rt: Runtime, client: FlaskClient, score: str) -> None:
    address = answered(rt, client)
    form = form_to(client.get(address), "/nilai")
    for _ in range(2):
        assert client.post(form.action, data={**form.fields, "score": score}).status_code == 303
    assert f"<dt>Nilai Anda</dt><dd>{score}</dd>" in client.get(address).text
    work(rt)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select score from rating")).scalars().all() == [int(score)]
        report_id = report_id_of(address.split("/")[2][:8])
        assert report_id is not None
        assert threads.rating_of(connection, report_id) == int(score)
        assert connection.execute(text("select count(*) from report")).scalar_one() == 1


def test_a_rating_is_one_to_five_and_only_of_what_was_answered(rt: Runtime, client: FlaskClient) -> None:
    address = answered(rt, client)
    for wrong in ("0", "6", "", "sangat"):
        refused = do(client, address, "nilai", score=wrong)
        assert refused.status_code == 400
        assert "Pilih dulu satu sampai lima." in refused.text
    unanswered = reported(rt, client)
    assert "/nilai" not in client.get(unanswered).text
    token = form_to(client.get(unanswered), "/cabut").fields
    sneaked = client.post(unanswered.replace("?", "/nilai?"), data={**token, "score": "1"})
    assert sneaked.status_code == 409
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from rating")).scalar_one() == 0


def test_what_is_not_solved_is_opened_again_with_the_reason(rt: Runtime, client: FlaskClient) -> None:
    address = answered(rt, client)
    refused = do(client, address, "buka", text=" ")
    assert refused.status_code == 400
    assert "Tuliskan dulu apa yang belum beres." in refused.text
    assert do(client, address, "buka", text="Lubang kedua belum ditambal.").status_code == 303
    assert state_of(rt) == "ditanggapi_pelapor"
    work(rt)
    assert state_of(rt) == "ditanggapi_pelapor"
    assert "Lubang kedua belum ditambal." in client.get(address).text


def test_the_reporter_finishes_and_opens_again(rt: Runtime, client: FlaskClient) -> None:
    address = answered(rt, client)
    assert do(client, address, "selesai").status_code == 303
    assert state_of(rt) == "selesai"
    assert do(client, address, "buka", text="Ternyata rusak lagi.").status_code == 303
    assert state_of(rt) == "dibuka_kembali"
    with rt.engine.connect() as connection:
        done = (
            connection.execute(text("select action from history where actor = 'citizen' order by id")).scalars().all()
        )
    assert done[:2] == ["finished", "reopened"]


def test_a_report_is_taken_back_only_when_it_is_meant_and_comes_back(rt: Runtime, client: FlaskClient) -> None:
    address = reported(rt, client)
    refused = do(client, address, "cabut")
    assert refused.status_code == 400
    assert "Centang dulu" in refused.text
    assert state_of(rt) == "terdisposisi"
    assert do(client, address, "cabut", sure="1").status_code == 303
    assert state_of(rt) == "diarsipkan"
    assert do(client, address, "buka", text="Saya berubah pikiran.").status_code == 303
    assert state_of(rt) == "menunggu_verifikasi"


def test_what_an_officer_put_aside_is_not_brought_back_by_a_button(rt: Runtime, client: FlaskClient) -> None:
    address = reported(rt, client)
    an_officer(rt)
    with rt.engine.begin() as connection:
        officer = officers.log_in(connection, "muaraenim", PASSWORD)
    assert officer is not None
    desk.archive(rt, officer, address.split("/")[2][:8], reason="uji coba")
    assert "/buka" not in client.get(address).text


def test_a_page_that_was_open_meanwhile_is_told_and_its_words_stay(rt: Runtime, client: FlaskClient) -> None:
    address = answered(rt, client)
    open_page = form_to(client.get(address), "/buka")
    do(client, address, "buka", text="Satu")
    late = client.post(open_page.action, data={**open_page.fields, "text": "Dua, panjang sekali"})
    assert late.status_code == 409
    assert "sudah berubah" in late.text
    assert "Dua, panjang sekali" in late.text


def test_a_foreign_token_does_nothing(rt: Runtime, client: FlaskClient) -> None:
    address = reported(rt, client)
    form = form_to(client.get(address), "/cabut")
    assert client.post(form.action, data={**form.fields, "token": "x" * 40, "sure": "1"}).status_code == 400
    assert state_of(rt) == "terdisposisi"


def test_files_are_added_on_the_page(rt: Runtime, client: FlaskClient) -> None:
    address = reported(rt, client)
    form = next(f for f in [form_to(client.get(address), address.split("?")[0])] if "text" in f.fields)
    sent = client.post(
        form.action, data={**form.fields, "text": "Ini fotonya", "files": [(io.BytesIO(b"x" * 9), "a.jpg")]}
    )
    assert sent.status_code == 303
    assert "a.jpg (0,1 MB)" in client.get(address).text
    wrong = client.post(form.action, data={**form.fields, "text": "Lagi", "files": [(io.BytesIO(b"x"), "a.exe")]})
    assert wrong.status_code == 400
    assert form_to(wrong, address.split("?")[0]).fields["text"] == "Lagi"


def a_file_sent(rt: Runtime, client: FlaskClient, content: bytes, name: str = "jalan.jpg") -> tuple[str, str]:
    """A report with a file that was looked at: the address of its page, and of its file."""
    address = reported(rt, client, files=[(io.BytesIO(content), name)])
    while jobs.carry_out(rt, Job.INSPECT):
        pass
    link = re.search(r'href="(/lapor/[^"]*/berkas/\d+\?k=[^"]*)" download', client.get(address).text)
    return address, link[1] if link else ""


def test_the_own_file_is_given_back_to_be_saved_and_to_nobody_else(rt: Runtime, client: FlaskClient) -> None:
    _, file = a_file_sent(rt, client, a_photo())
    given = client.get(file)
    assert given.status_code == 200
    assert given.headers["Content-Disposition"].startswith('attachment; filename="jalan.jpg"')
    assert "sandbox" in given.headers["Content-Security-Policy"]
    assert given.headers["Cache-Control"] == "no-store"
    assert coordinates_of(given.data) is None  # where it was taken is not in what is kept
    other, _ = a_file_sent(rt, client, a_photo(None), "lain.jpg")
    number = file.split("/")[4].partition("?")[0]
    assert client.get(other.replace("?", f"/berkas/{number}?")).status_code == 404
    assert client.get(file.partition("?")[0]).status_code == 403


def test_a_file_that_may_not_be_given_has_no_link(rt: Runtime, client: FlaskClient) -> None:
    address, link = a_file_sent(rt, client, b"MZ\x90\x00" + bytes(200), "surat.pdf")
    assert link == ""
    page = client.get(address).text
    assert "surat.pdf" in page
    assert "tidak dapat diunduh" in page


def test_the_day_it_happened_is_on_the_page(rt: Runtime, client: FlaskClient) -> None:
    page = client.get(reported(rt, client, date="2026-01-31")).text
    assert "<dt>Tanggal kejadian</dt><dd>Sabtu, 31 Januari 2026</dd>" in page
    assert "Tanggal kejadian" not in client.get(reported(rt, client)).text


# A number, and the way back.


def code_sent(rt: Runtime) -> str:
    with rt.engine.connect() as connection:
        said = connection.execute(
            text("select text from reply where kind = 'code' order by id desc limit 1")
        ).scalar_one()
    return str(CODE.findall(said)[0])


def test_a_number_is_confirmed_and_neither_it_nor_the_code_is_on_any_page(rt: Runtime, client: FlaskClient) -> None:
    address = reported(rt, client, contact="0811 0000 0012")
    assert form_to(client.get(address), "/nomor").fields["number"] == "0811 0000 0012"
    assert do(client, address, "nomor").status_code == 303
    page = client.get(address).text
    assert "Kode dikirim lewat SMS" in page
    assert code_sent(rt) not in page
    wrong = do(client, address, "kode", code="12")
    assert wrong.status_code == 400
    assert "Kode itu salah" in wrong.text
    assert do(client, address, "kode", code=code_sent(rt)).status_code == 303
    page = client.get(address).text
    assert "berakhiran</p>" not in page
    assert "<strong>012</strong>" in page
    assert do(client, address, "tanpa-sms").status_code == 303
    assert "/nomor" in client.get(address).text


def test_a_number_that_cannot_be_is_told_at_its_field(rt: Runtime, client: FlaskClient) -> None:
    refused = do(client, reported(rt, client), "nomor", number="1708")
    assert refused.status_code == 400
    assert "Ini bukan nomor HP Indonesia" in refused.text


def test_reports_by_sms_are_not_offered_sms(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt)
    secret = links.tracking_token(rt.settings, report.id)
    assert "/nomor" not in client.get(f"/lapor/{report.reference}?k={secret}").text


def search(client: FlaskClient, reference: str, contact: str) -> TestResponse:
    form = form_to(client.get("/lacak"), "/lacak")
    return client.post("/lacak", data={**form.fields, "reference": reference, "contact": contact})


def test_who_reported_by_sms_finds_the_page_by_a_code(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt, sender="+6281100000123")
    sent = search(client, report.reference, "0811 0000 0123")
    assert sent.status_code == 200
    form = form_to(sent, "/lacak/kode")
    assert form.fields["reference"] == report.reference
    opened = client.post(form.action, data={**form.fields, "code": code_sent(rt)})
    assert opened.status_code == 303
    assert report.reference in client.get(opened.location).text


def test_the_answer_is_the_same_whether_there_is_a_report_or_not(rt: Runtime, client: FlaskClient) -> None:
    report = a_report(rt, sender="+6281100000123")
    pages = []
    for reference, contact in (
        (report.reference, "0811 0000 0123"),
        (report.reference, "0811 0000 0999"),
        (reference_of(report.id + 500), "0811 0000 0123"),
        ("bukan nomor", "0811 0000 0123"),
        (report.reference, "bukan nomor"),
    ):
        sent = search(client, reference, contact)
        tried = client.post("/lacak/kode", data={**form_to(sent, "/lacak/kode").fields, "code": "000001"})
        for page in (sent, tried):
            plain = page.text.replace(reference, "").replace('href="/lacak/kode?', 'href="/lacak?')
            pages.append((page.status_code, re.sub(r'name="csrf_token" value="[^"]*"', "", plain)))
    assert len(set(pages[0::2])) == 1
    assert len(set(pages[1::2])) == 1


def test_guessing_a_secret_is_slowed_down_for_who_guesses_only(rt: Runtime) -> None:
    report = a_report(rt)
    secret = links.tracking_token(rt.settings, report.id)
    for number in range(20):
        with pytest.raises(NotOpened):
            track.open_report(rt, report.reference, f"wrong{number}", caller=f"guesser of {report.id}")
    with pytest.raises(NotOpened):
        track.open_report(rt, report.reference, secret, caller=f"guesser of {report.id}")
    assert track.open_report(rt, report.reference, secret, caller="the reporter").report.id == report.id
    assert track.open_report(rt, report.reference, secret, caller=None).report.id == report.id
