"""The classifier says what an officer would say of plain cases, and never fails on any text."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.understand.classify import TYPES, URGENCIES, classify, taxonomy


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Jalan desa kami berlubang parah sejak tahun lalu, mohon diperbaiki", "INF"),
        ("lampu jalan di gang mawar mati sdh 2 minggu, gelap bgt", "TRN"),
        ("air pdam tidak mengalir tiga hari di perumahan kami", "AIR"),
        ("listrik padam terus tiap malam, pln tidak ada kabar", "LST"),
        ("sampah menumpuk di pinggir pasar, baunya busuk, tidak diangkut", "LHD"),
        ("KTP elektronik saya belum dicetak di dukcapil, katanya blangko habis", "ADM"),
        ("dokter puskesmas tidak pernah ada, pasien menunggu dari pagi", "KES"),
        ("sekolah minta uang komite lima ratus ribu kepada wali murid", "PDD"),
        ("bansos pkh saya dipotong ketua kelompok", "SOS"),
        ("pupuk subsidi langka, petani kesulitan menanam padi", "PTN"),
        ("Perusahaan belum membayar upah dan THR karyawan", "TNK"),
        ("kades menyelewengkan dana desa, apbdes tidak pernah dipasang", "DES"),
        ("sertifikat tanah program ptsl belum jadi di bpn", "PRT"),
        ("maling motor merajalela, warga resah, tolong polisi patroli", "TRB"),
        ("gas elpiji 3 kg langka dan mahal di pengecer", "EKO"),
    ],
)
def test_plain_cases_reach_their_group(text: str, group: str) -> None:
    assert classify(text).group == group


def test_when_will_it_be_mended_is_a_complaint_and_what_is_needed_is_a_question() -> None:
    assert classify("jalan rusak di depan kantor camat kapan diperbaiki pak?").type == "pengaduan"
    assert classify("mau buat kartu keluarga baru, syaratnya apa saja ya min?").type == "permintaan_informasi"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("nyetrum belut di sawah sendiri melanggar ga?", "permintaan_informasi"),
        ("kupon pasar murah bisa diwakilkan ga ya", "permintaan_informasi"),
        ("mending sewa tenda dihapus, bikin aula saja pak", "aspirasi"),
        ("syukron, jembatan kampung sudah jadi, adem hati kami", "terima_kasih"),
    ],
)
def test_a_question_at_the_end_a_wish_and_thanks_in_everyday_words(text: str, kind: str) -> None:
    assert classify(text).type == kind


def test_what_is_not_the_regencys_is_forwarded_with_a_reason_not_refused() -> None:
    found = classify("listrik padam tiap malam di dusun kami, PLN tolong diperbaiki")
    assert (found.authority, found.forward_to, found.unit, found.spam) == ("national", "PLN", "PLN", False)


def test_a_national_road_is_not_the_regencys_though_its_topic_is() -> None:
    found = classify("jalan nasional lintas sumatera rusak parah banyak lubang")
    assert (found.topic, found.authority) == ("INF.01", "national")
    assert "jalan nasional" in found.evidence["authority"]


def test_a_senior_school_is_the_provinces() -> None:
    found = classify("atap ruang kelas SMA negeri roboh, siswa belajar di lantai")
    assert (found.group, found.authority) == ("PDD", "province")


def test_danger_to_life_now_is_darurat_and_a_figure_of_speech_is_not() -> None:
    now = classify("tolong cepat, rumah kebakaran, masih ada orang terjebak di dalam sekarang")
    said = classify("pedagang kebakaran jenggot karena sewa kios pasar naik dua kali lipat")
    assert now.urgency == "darurat"
    assert not now.spam
    assert said.urgency != "darurat"


@pytest.mark.parametrize(
    "text",
    [
        "air sudah sedada, nenek saya lumpuh belum bisa keluar rumah",
        "bapak saya napasnya berat, ambulans belum datang, bagaimana ini",
        "kintir pak bocahe neng kali, tulung",
        "tiang listrik roboh kena orang, masih ada setrumnya",
        "saya tersesat di hutan, tolong, hp tinggal 5 persen",
    ],
)
def test_danger_is_heard_in_everyday_and_regional_words_and_never_put_aside(text: str) -> None:
    found = classify(text)
    assert (found.urgency, found.spam) == ("darurat", False)


@pytest.mark.parametrize(
    "text",
    [
        "rumah sakit darurat covid dulu sekarang mangkrak",
        "bangunan sd ambruk bulan lalu belum dibangun lagi",
        "saya hampir keselek waktu lihat tagihan pdam",
        "sekarang harga pupuk mencekik petani",
    ],
)
def test_danger_that_is_past_or_a_manner_of_speaking_is_no_darurat(text: str) -> None:
    assert classify(text).urgency != "darurat"


def test_evidence_and_versions_come_with_every_answer() -> None:
    found = classify("jembatan gantung putus, anak sekolah tidak bisa lewat").as_dict()
    assert "jembatan" in found["evidence"]["topic"]
    assert found["versions"]["taxonomy"] == taxonomy().version
    assert set(found["versions"]) == {"taxonomy", "lexicon", "model"}


def test_topics_are_at_most_three_the_first_is_the_answer_and_none_repeats() -> None:
    found = classify("jalan berlubang dan lampu jalan mati, sampah juga menumpuk")
    codes = [guess.code for guess in found.topics]
    assert codes[0] == found.topic
    assert len(codes) == len(set(codes)) <= 3


def test_a_subject_is_read_too() -> None:
    assert classify("Mohon ditindaklanjuti, terima kasih.", subject="Jembatan rusak").group == "INF"


@given(st.text(max_size=400), st.none() | st.text(max_size=40))
def test_any_text_gets_a_complete_answer(text: str, subject: str | None) -> None:
    found = classify(text, subject=subject)
    assert found.type in TYPES
    assert found.urgency in URGENCIES
    assert found.topic in taxonomy().topics
    assert 0.0 <= found.confidence <= 1.0
    assert found.spam == (found.not_a_report is not None)
    json.dumps(found.as_dict())


@pytest.mark.parametrize("text", ["a" * 200_000, "jalan " * 40_000, "-".join(["jalan"] * 30_000), "1" * 100_000])
def test_endless_texts_are_read_in_part(text: str) -> None:
    assert classify(text).topic in taxonomy().topics


def test_nothing_heavy_is_imported_at_run_time() -> None:
    code = (
        "import sys, intake.understand.classify as c; c.classify('jalan rusak'); "
        "print([m for m in ('numpy', 'sklearn', 'scipy', 'flask', 'sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
