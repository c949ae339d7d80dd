"""What is no report is put aside with its reason; an angry report stays a report."""

from __future__ import annotations

import pytest

from intake.understand.classify import classify, lexicon
from intake.understand.classify.nonreports import find_reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "kosong"),
        ("  \n ", "kosong"),
        ("tes", "uji_coba"),
        ("assalamualaikum", "salam_kosong"),
        ("Kode OTP Anda 123456. Jangan berikan kode ini kepada siapa pun. Berlaku 5 menit", "otp"),
        ("Pinjaman cepat cair tanpa jaminan, bunga rendah, syarat mudah, hubungi WA sekarang, promo hari ini", "iklan"),
        ("sebarkan pesan ini ke 20 teman anda, jangan diputus, nanti dapat rezeki", "berantai"),
        ("goblok", "makian_kosong"),
        ("Servis AC kulkas panggilan, teknisi datang ke rumah, garansi, hub 0811 0000 2233", "iklan"),
        ("Saldo rekening Anda Rp2.410.233. Transaksi QRIS Rp45.000 berhasil", "bank"),
    ],
)
def test_put_aside_with_a_reason(text: str, reason: str) -> None:
    found = classify(text)
    assert found.spam
    assert found.not_a_report == reason
    assert found.topic == "LLN.04"


@pytest.mark.parametrize(
    "text",
    [
        "dasar pejabat goblok, jalan rusak dua tahun tidak diperbaiki, anjing kalian semua",
        "banyak sms penipuan pinjol dan judi slot masuk ke hp warga, tolong diblokir",
        "banjir",
        "selamat pagi pak, air pdam mati",
        "sampah!",
        "jalan!!!",
        "rahasiakan identitas saya ya pak",
        "lowongan kerja di pabrik minta uang 5 juta, calo",
    ],
)
def test_reports_stay_reports(text: str) -> None:
    assert not classify(text).spam


def test_a_text_in_which_no_word_speaks_for_an_advert_or_the_like_has_to_be_likelier_to_be_put_aside() -> None:
    silent, advert = lexicon().read("kartu si kecil pudar dalam sebulan"), lexicon().read("promo diskon hanya hari ini")
    assert [find_reason(lexicon(), silent, chance) is None for chance in (0.15, 0.25)] == [True, False]
    assert find_reason(lexicon(), advert, 0.15) == "iklan"


def test_who_is_likelier_in_danger_than_not_is_never_put_aside() -> None:
    reading = lexicon().read("dia masih di dalam, cepat ke sini, kami tidak tahu harus bagaimana")
    assert find_reason(lexicon(), reading, 0.97) is not None
    assert find_reason(lexicon(), reading, 0.97, danger=0.6) is None
