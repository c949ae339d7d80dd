"""A resend is found however it was changed on the way; two reports are never made one."""

from __future__ import annotations

import pytest

from intake.understand.duplicates import find_resend, fingerprint, is_resend, trigram_similarity

REPORT = "Lampu jalan di Gang Mawar RT 03 Desa Sukamaju mati sudah dua minggu, mohon segera diperbaiki karena gelap"


@pytest.mark.parametrize(
    "again",
    [
        REPORT,
        REPORT.upper() + "!!!",
        "Lampu jln di gg Mawar RT 03 ds Sukamaju mati sdh dua mgg, mhn sgra diperbaiki krn gelap",
        "Lampu jaln di Gang Mawar RT 03 Desa Sukamju mati sudah dua mingu, mohon segera dperbaiki karena gelap",
        "Assalamualaikum pak, " + REPORT + " terima kasih",
        REPORT[:70],
    ],
)
def test_the_same_report_sent_again(again: str) -> None:
    assert is_resend(again, REPORT)


@pytest.mark.parametrize(
    "other",
    [
        REPORT.replace("Mawar", "Melati"),
        REPORT.replace("03", "05"),
        REPORT.replace("Lampu jalan", "Saluran air"),
        "Sampah di pasar tidak diangkut",
        "",
    ],
)
def test_another_report_of_the_same_sender(other: str) -> None:
    assert not is_resend(other, REPORT)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("bocah kintir neng kali", "Assalamualaikum pak, bocah kintir neng kali terima kasih"),
        ("anak saya ditolak sekolah", "murangkalh saya ditolak sekolah"),
        ("sumur warga kering semua", "kepada yth bapak bupati mohon maaf, sumur warga kering semua, mohon segera"),
    ],
)
def test_a_short_text_is_known_again_in_a_long_greeting_and_in_misspelled_dialect(first: str, again: str) -> None:
    assert is_resend(again, first)
    assert is_resend(first, again)


@pytest.mark.parametrize(
    ("first", "other"),
    [("tiang roboh di depan balai", "orang roboh di depan balai"), ("mohon maaf pak", "mohon tolong bu")],
)
def test_a_word_that_is_another_word_makes_another_report(first: str, other: str) -> None:
    assert not is_resend(other, first)


def test_fingerprints_are_equal_after_normalisation_only() -> None:
    assert fingerprint("Jln RUSAK parahhh!!") == fingerprint("jalan rusak parah")
    assert fingerprint("jalan rusak") != fingerprint("jalan bagus")


def test_the_newest_matching_report_is_named() -> None:
    earlier = [(9, "sampah menumpuk di pasar"), (7, REPORT), (3, REPORT)]
    assert find_resend(REPORT + ".", earlier) == 7
    assert find_resend("listrik padam di dusun kami", earlier) is None


def test_trigram_similarity_runs_from_nothing_to_all() -> None:
    assert trigram_similarity(REPORT, REPORT) == 1.0
    assert trigram_similarity(REPORT, "") == 0.0
    near = trigram_similarity("banjir di jalan mawar sejak pagi", "jalan mawar banjir dari tadi pagi")
    far = trigram_similarity("banjir di jalan mawar sejak pagi", "guru sering tidak masuk kelas")
    assert near > 0.35 > far
