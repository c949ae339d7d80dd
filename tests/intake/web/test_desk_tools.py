"""What officers do with a report besides answering: look closer, correct, ask, pass on, merge, note, print, take down."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from intake.runtime import Runtime
from intake.storage import reports
from intake.storage.reports import Report
from intake.web.app import create_app
from intake.web.desk_marks import Piece, mark
from tests.factories import CLEAR_TEXT, MUARA_ENIM
from tests.intake.test_paper import words_of
from tests.intake.web.conftest import BOGOR, a_report, an_officer, do, form_to, log_in, work


@pytest.fixture
def report(rt: Runtime) -> Report:
    return a_report(rt)


@pytest.fixture
def regency(rt: Runtime, client: FlaskClient) -> FlaskClient:
    an_officer(rt)
    assert log_in(client).status_code == 303
    return client


def read(rt: Runtime, report: Report) -> Report:
    with rt.engine.connect() as connection:
        return reports.read(connection, report.id)


def test_the_words_a_decision_rests_on_are_marked(regency: FlaskClient, report: Report) -> None:
    page = regency.get(f"/meja/{report.reference}").text
    marked = re.findall(r'<mark class="for-(\w+)"[^>]*>([^<]*)</mark>', page)
    assert ("place", "Muara Enim") in [(about, words[-10:]) for about, words in marked]
    bubble = re.search(r'<div class="bubble">(.*?)</div>', page, re.DOTALL)
    assert bubble is not None
    assert CLEAR_TEXT in re.sub(r"<[^>]+>", "", bubble[1]), "marking changes no letter"


@pytest.mark.parametrize(
    ("words", "cues", "pieces"),
    [
        ("Jalan di Muara Enim", [("muara enim", "place")], [("Jalan di ", ""), ("Muara Enim", "place")]),
        ("<b>Enim</b>", [("Enim", "place"), ("b", "topic")], [("<", ""), ("b", "topic"), (">", ""), ("Enim", "place"),
                                                              ("</", ""), ("b", "topic"), (">", "")]),
        ("Enimku", [("enim", "place")], [("Enimku", "")]),
        ("a.b axb", [("a.b", "topic")], [("a.b", "topic"), (" axb", "")]),
        ("tak ada", [], [("tak ada", "")]),
        ("", [("x", "topic")], []),
    ],
)  # fmt: skip
def test_marking_cuts_and_changes_nothing(
    words: str, cues: list[tuple[str, str]], pieces: list[tuple[str, str]]
) -> None:
    found = mark(words, cues)
    assert found == [Piece(*piece) for piece in pieces]
    assert "".join(piece.text for piece in found) == words


def test_an_answer_is_seen_before_it_leaves(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    form = form_to(regency.get(f"/meja/{report.reference}"), "/jawab")
    assert ("pratinjau", "ya") in form.buttons
    seen = regency.post(form.action, data={**form.fields, "words": "Besok ditambal.", "pratinjau": "ya"})
    assert seen.status_code == 200
    assert f"LAPOR {report.reference}: Kab. Muara Enim menjawab: Besok ditambal." in seen.text
    assert ": 1 SMS" in seen.text
    assert "Rp" not in seen.text, "nobody said what an SMS costs"
    assert form_to(seen, "/jawab").fields["words"] == "Besok ditambal."
    assert read(rt, report).state == "terdisposisi"
    priced = create_app(replace(rt, settings=replace(rt.settings, sms_price_rupiah=350))).test_client()
    log_in(priced)
    long = "Lubang di depan sekolah sudah diukur dan masuk jadwal. " * 5
    form = form_to(priced.get(f"/meja/{report.reference}"), "/jawab")
    page = priced.post(form.action, data={**form.fields, "words": long, "pratinjau": "ya"}).text
    assert ": 3 SMS" in page
    assert "Rp1.050" in page


def test_a_template_is_filled_priced_and_sent(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    page = regency.get("/meja/templat")
    assert "Belum ada templat" in page.text
    form = form_to(page, "/templat")
    wrong = regency.post(form.action, data={**form.fields, "name": "Jadwal", "body": "Yth. {nama}"})
    assert wrong.status_code == 400
    assert "Isian {nama} tidak dikenal" in wrong.text
    body = "Laporan {nomor} masuk jadwal {dinas}."
    assert regency.post(form.action, data={**form.fields, "name": "Jadwal", "body": body}).status_code == 303
    form = form_to(regency.get(f"/meja/{report.reference}"), "/jawab")
    assert ("pakai", "ya") in form.buttons
    number = re.search(r'<option value="(\d+)">Jadwal', regency.get(f"/meja/{report.reference}").text)
    assert number is not None
    typed = {**form.fields, "words": "Selamat pagi.", "templat": number[1], "pakai": "ya"}
    seen = regency.post(form.action, data=typed)
    assert seen.status_code == 200
    written = form_to(seen, "/jawab").fields["words"]
    assert written == f"Selamat pagi.\n\nLaporan {report.reference} masuk jadwal {report.unit}."
    assert ": 1 SMS" in seen.text or ": 2 SMS" in seen.text
    assert read(rt, report).state == "terdisposisi", "looking sends nothing"
    unknown = regency.post(form.action, data={**form.fields, "words": "Yth. {nama}"})
    assert unknown.status_code == 400
    assert form_to(unknown, "/jawab").fields["words"] == "Yth. {nama}", "nothing typed is lost"
    assert regency.post(form.action, data={**form.fields, "words": "Nomor {nomor}"}).status_code == 303
    with rt.engine.connect() as connection:
        said = connection.execute(text("select text from reply where kind = 'answered'")).scalar_one()
    assert f"Nomor {report.reference}" in said


def test_a_sender_is_blocked_with_a_reason_and_answered_again(
    rt: Runtime, regency: FlaskClient, report: Report
) -> None:
    assert do(regency, report.reference, "blokir", reason=" ").status_code == 400
    assert do(regency, report.reference, "blokir", reason="kata kotor berulang").status_code == 303
    page = regency.get(f"/meja/{report.reference}").text
    assert "Pengirim ini diblokir petugas" in page
    assert "kata kotor berulang" in page
    assert do(regency, report.reference, "buka-blokir").status_code == 303
    page = regency.get(f"/meja/{report.reference}").text
    assert "Pengirim ini diblokir petugas" not in page
    assert "Blokir pengirim dibuka" in page
    for why in ("opted_out_at", "unreachable_at"):
        with rt.engine.begin() as connection:
            connection.execute(text("update person set opted_out_at = null, unreachable_at = null"))
            connection.execute(text(f"update person set {why} = now()"))
        page = regency.get(f"/meja/{report.reference}").text
        assert ("mengirim STOP" in page, "tidak dapat dijangkau" in page) == (
            why == "opted_out_at", why == "unreachable_at",
        )  # fmt: skip


def test_a_position_is_a_link_and_never_a_map_of_others(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    assert "openstreetmap" not in regency.get(f"/meja/{report.reference}").text
    with rt.engine.begin() as connection:
        connection.execute(text("update message set latitude = -3.6551, longitude = 103.7745"))
    page = regency.get(f"/meja/{report.reference}").text
    assert 'href="geo:-3.655100,103.774500"' in page
    assert (
        'href="https://www.openstreetmap.org/?mlat=-3.655100&amp;mlon=103.774500#map=17/-3.655100/103.774500"' in page
    )
    assert "<iframe" not in page
    assert "<img" not in page.partition("<main")[2]


def test_units_share_a_report_on_its_page(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    form = form_to(regency.get(f"/meja/{report.reference}"), "/disposisi")
    data = {**form.fields, "unit": ["PUPR", "DLH"], "note": "Cek lapangan"}
    assert regency.post(form.action, data=data).status_code == 303
    page = regency.get(f"/meja/{report.reference}").text
    assert "utama: menjawab pelapor" in page
    assert "Cek lapangan" in page
    assert do(regency, report.reference, "jawab-unit", unit="DLH", part="Sampah <sudah> diangkut").status_code == 303
    page = regency.get(f"/meja/{report.reference}").text
    assert "Sampah &lt;sudah&gt; diangkut" in page
    assert "sudah menjawab" in page
    assert do(regency, report.reference, "tarik", unit="DLH", reason="selesai bagiannya").status_code == 303
    assert "sudah ditarik" in regency.get(f"/meja/{report.reference}").text


def test_a_pdf_holds_the_report_and_hides_who_it_is_to_hide(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    do(regency, report.reference, "jawab", words="Besok ditambal.")
    do(regency, report.reference, "catat", note="catatan untuk rekan saja")
    answer = regency.get(f"/meja/{report.reference}/laporan.pdf")
    assert answer.content_type == "application/pdf"
    assert f"laporan-{report.reference}.pdf" in answer.headers["Content-Disposition"]
    words = words_of(answer.data)
    assert CLEAR_TEXT.replace("\n", " ") in " ".join(words.split())
    assert "Besok ditambal." in words
    assert "Kab. Muara Enim" in words
    assert "Dijawab" in words
    assert report.sender not in words
    assert report.sender[-3:] in words, "masked as on the screen"
    assert "catatan untuk rekan" not in words
    assert "k=" not in words, "no link opens the citizen's page"
    with rt.engine.begin() as connection:
        reports.amend(connection, report.id, {"anonymous": True})
    words = words_of(regency.get(f"/meja/{report.reference}/laporan.pdf").data)
    assert "anonim: tidak ditampilkan" in words
    assert "•" not in words


def test_data_is_corrected_and_the_page_says_so(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    wrong = do(regency, report.reference, "perbaiki", topic="XXX.99")
    assert wrong.status_code == 400
    assert "Pilihan itu tidak dikenal" in wrong.text
    assert do(regency, report.reference, "perbaiki", topic="KES.01", urgency="tinggi").status_code == 303
    now = read(rt, report)
    assert (now.topic, now.urgency, now.unit) == ("KES.01", "tinggi", "Dinas Kesehatan")
    assert "Data diperbaiki" in regency.get(f"/meja/{report.reference}").text


def test_asked_and_passed_on(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    assert do(regency, report.reference, "tanya", question=" ").status_code == 400
    assert do(regency, report.reference, "tanya", question="Di RT berapa?").status_code == 303
    page = regency.get(f"/meja/{report.reference}").text
    assert "Batas waktu berhenti selama pelapor ditanya." in page
    assert "menunggu jawaban pelapor" in page
    assert do(regency, report.reference, "luar", target="PLN", reason="jaringan PLN").status_code == 303
    assert "Diteruskan ke instansi lain: PLN" in regency.get(f"/meja/{report.reference}").text
    assert read(rt, report).state == "diteruskan"


def test_a_similar_report_is_shown_merged_and_parted(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    other = a_report(rt, f"{CLEAR_TEXT} mohon segera", sender="+628110000555")
    page = regency.get(f"/meja/{other.reference}")
    assert f'name="into" value="{report.reference}"' in page.text
    for wrong in (
        "AAA-BBBB",
        other.reference,
        a_report(rt, "Jalan rusak di Cibinong Bogor", sender="+628110000556").reference,
    ):
        assert do(regency, other.reference, "gabung", into=wrong).status_code == 400, wrong
    assert do(regency, other.reference, "gabung", into=report.reference).status_code == 303
    assert read(rt, other).merged_into == report.id
    parent = regency.get(f"/meja/{report.reference}").text
    assert "Digabung ke sini" in parent
    assert other.reference in parent
    assert do(regency, other.reference, "pisah").status_code == 303
    assert read(rt, other).merged_into is None


def test_a_note_is_shown_at_the_desk_and_nowhere_else(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    assert do(regency, report.reference, "catat", note="Kades <sudah> ditelepon").status_code == 303
    assert "Kades &lt;sudah&gt; ditelepon" in regency.get(f"/meja/{report.reference}").text
    work(rt)
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from reply where text like '%Kades%'")).scalar_one() == 0
    assert "Kades" not in regency.get(f"/meja/{report.reference}/cetak").text


def test_on_paper_there_is_no_form_and_no_masked_name_undone(regency: FlaskClient, report: Report) -> None:
    page = regency.get(f"/meja/{report.reference}/cetak").text
    assert CLEAR_TEXT in page
    assert report.sender not in page
    assert page.count("<form") == 1, "going out, which paper does not show"


def test_a_report_taken_face_to_face(rt: Runtime, regency: FlaskClient) -> None:
    form = form_to(regency.get("/meja/laporan-langsung"), "/laporan-langsung")
    empty = regency.post(form.action, data={**form.fields, "text": " ", "name": "Warga Contoh"})
    assert empty.status_code == 400
    assert form_to(empty, "/laporan-langsung").fields["name"] == "Warga Contoh"
    data = {**form.fields, "text": "Sumur bor di desa Tegal Rejo kering sejak Agustus", "name": "Warga Contoh"}
    done = regency.post(form.action, data=data)
    assert done.status_code == 303
    assert regency.post(form.action, data=data).location == done.location, "sent twice it is one report"
    work(rt)
    with rt.engine.connect() as connection:
        row = connection.execute(
            text("""select r.reference, r.channel, r.regency, o.username from report r
                    join history h on h.report_id = r.id and h.action = 'taken_down'
                    join officer o on o.id = h.officer_id""")
        ).one()
    assert (row.channel, row.regency, row.username) == ("web_form", MUARA_ENIM, "muaraenim")
    page = regency.get(done.location).text
    assert row.reference in page
    # Who reported is shown to who says why they look, and to nobody else.
    assert "Warga Contoh" not in regency.get(f"/meja/{row.reference}").text
    assert "Warga Contoh" in do(regency, row.reference, "identitas", reason="menelepon balik pelapor").text


def test_who_wants_no_name_has_none(rt: Runtime, regency: FlaskClient) -> None:
    form = form_to(regency.get("/meja/laporan-langsung"), "/laporan-langsung")
    data = {**form.fields, "text": "Pungli di kantor desa Tegal Rejo", "name": "Warga Contoh", "anonymous": "ya"}
    assert regency.post(form.action, data=data).status_code == 303
    work(rt)
    with rt.engine.connect() as connection:
        anonymous, extra = connection.execute(
            text("select r.anonymous, m.extra from report r join message m on m.id = r.id")
        ).one()
    assert anonymous is True
    assert "Warga Contoh" not in str(extra)


def test_lateness_is_a_badge_and_a_filter(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    assert "melewati batas waktu" not in regency.get("/meja").text
    with rt.engine.begin() as connection:
        connection.execute(text("update deadline set next_due = now() - interval '1 hour'"))
    page = regency.get("/meja?tampilan=semua&batas=terlambat").text
    assert "1 laporan melewati batas waktu" in page
    assert '<span class="badge terlambat">' in page
    assert '<span class="badge terlambat">' in regency.get(f"/meja/{report.reference}").text
    assert report.reference not in regency.get("/meja?tampilan=semua&batas=segera").text


def test_a_search_finds_and_keeps_its_words(regency: FlaskClient, report: Report) -> None:
    page = regency.get("/meja?cari=jalan+berlubang+or+rusak").text
    assert report.reference in page
    assert 'value="jalan berlubang or rusak"' in page
    assert report.reference not in regency.get("/meja?cari=banjir").text
    assert regency.get("/meja?cari=%00%27%29%3B--&dari=x&sebelum=y&topik=%00").status_code == 200


def test_the_figures_of_the_own_regency_and_their_table(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    a_report(rt, "Jalan rusak di Cibinong Kabupaten Bogor", sender="+628110000125")
    page = regency.get(f"/meja/monev?wilayah={BOGOR}").text
    assert "Kabupaten Muara Enim" in page
    assert "Bogor" not in page
    table = regency.get(f"/meja/monev.csv?wilayah={BOGOR}")
    lines = table.text.splitlines()
    assert lines[0].startswith("unit,masuk,belum,proses,selesai,diteruskan,persen_selesai")
    assert lines[-1] == "jumlah,1,1,0,0,0,0.0,,"
    assert len(lines) == 3


def test_a_unit_that_looks_like_a_formula_is_none(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update report set unit = '=1+1'"))
    assert "'=1+1,1" in regency.get("/meja/monev.csv").text


def test_the_page_for_visits_is_all_kept_for_days_without_a_line(regency: FlaskClient) -> None:
    page = regency.get("/meja/laporan-langsung")
    worker = regency.get("/meja/laporan-langsung/luring.js")
    assert worker.content_type.startswith("text/javascript")
    assert worker.headers["Service-Worker-Allowed"] == "/meja/laporan-langsung", "this page and nothing above it"
    for answer in (page, worker):
        assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
    needed = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
    assert len(needed) >= 4
    assert [address for address in needed if f'"{address}"' not in worker.text] == []


def test_what_a_phone_sends_is_taken_once_or_refused_with_its_reason(regency: FlaskClient) -> None:
    token = regency.get("/meja/laporan-langsung/keadaan").get_json()["csrf_token"]
    entry = {"csrf_token": token, "id": "0f8fad5b-d9cb-469f-a165-70867728950e", "text": "Sumur kering di Tegal Rejo"}
    kept = regency.post("/meja/laporan-langsung/kirim", data=entry)
    again = regency.post("/meja/laporan-langsung/kirim", data=entry)
    assert kept.status_code == 200
    assert kept.get_json() == again.get_json()
    for wrong in ({"id": "x"}, {"text": " "}, {"text": "STOP", "id": "1f8fad5b-d9cb-469f-a165-70867728950e"}):
        refused = regency.post("/meja/laporan-langsung/kirim", data={**entry, **wrong})
        assert refused.status_code == 400
        assert refused.get_json()["refused"]


def test_a_list_is_kept_under_a_name_with_its_count(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    form = form_to(regency.get(f"/meja?tampilan=semua&topik={report.topic}"), "/tampilan")
    refused = regency.post(form.action, data={**form.fields, "nama": " "})
    assert refused.status_code == 400
    assert form_to(refused, "/tampilan").fields["topik"] == report.topic, "the list is not lost"
    kept = regency.post(form.action, data={**form.fields, "nama": "Jalan <kita>", "bersama": "ya"})
    assert kept.location == f"/meja?tampilan=semua&topik={report.topic}"
    page = regency.get("/meja")
    found = re.search(
        r'href="([^"]+)">Jalan &lt;kita&gt; <span class="small">bersama</span> <span class="count">1<', page.text
    )
    assert found is not None
    assert report.reference in regency.get(found[1].replace("&amp;", "&")).text
    drop = form_to(page, "/hapus")
    assert regency.post(drop.action, data=drop.fields).status_code == 303
    assert "Jalan &lt;kita&gt;" not in regency.get("/meja").text


def test_several_are_archived_and_each_is_told(rt: Runtime, regency: FlaskClient, report: Report) -> None:
    other = a_report(rt, f"{CLEAR_TEXT} juga di sebelahnya", sender="+628110000777")
    form = form_to(regency.get("/meja"), "/banyak/verifikasi")
    both = {**form.fields, "pilih": [f"{report.reference}.terdisposisi", f"{other.reference}.diproses"]}
    assert regency.post("/meja/banyak/arsip", data=both).status_code == 400, "a reason is asked for"
    told = regency.post("/meja/banyak/arsip", data={**both, "reason": "uji coba"})
    assert told.status_code == 200
    assert "1 / 2 laporan selesai dikerjakan" in told.text
    assert "sudah diubah rekan, tidak disentuh" in told.text
    assert (read(rt, report).state, read(rt, other).state) == ("diarsipkan", "terdisposisi")
    assert regency.post("/meja/banyak/hapus", data=both).status_code == 404


def test_the_keys_are_told_and_nothing_needs_them(regency: FlaskClient, report: Report) -> None:
    page = regency.get("/meja/tombol").text
    for key in ("j", "k", "x", "/", "a", "n", "u", "?"):
        assert f"<kbd>{key}</kbd>" in page
    assert "/meja/tombol" in regency.get("/meja").text
