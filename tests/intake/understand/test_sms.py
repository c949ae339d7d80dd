"""Forms of an SMS taken apart: tolerant of every form, harmless to free text, never slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.understand.locate import locate
from intake.understand.sms import (
    begins_anew,
    is_about_earlier,
    is_correction,
    is_courtesy,
    is_cut_inside_word,
    join_parts,
    read_sms,
)

FREE = "jalan rusak parah di depan sekolah, tolong diperbaiki"


@pytest.mark.parametrize(
    ("text", "body", "regency"),
    [
        ("KAB. NGANJUK jalan rusak", "jalan rusak", "35.18"),
        ("KAB NGANJUK#jalan rusak", "jalan rusak", "35.18"),
        ("KAB. NGANJUK<spasi>jalan rusak", "jalan rusak", "35.18"),
        ("KAB. NGANJUK (spasi) jalan rusak", "jalan rusak", "35.18"),
        ("kota malang: jalan rusak", "jalan rusak", "35.73"),
        ("kabupaten muara enim\njalan rusak", "jalan rusak", "16.03"),
        ("1708 KAB. NGANJUK jalan rusak", "jalan rusak", "35.18"),
        ("sms ke 1708: LAPOR KAB. NGANJUK jalan rusak", "jalan rusak", "35.18"),
        ("LAPOR jalan rusak", "jalan rusak", None),
        ("ADUAN#jalan rusak", "jalan rusak", None),
        ("Pengaduan : jalan rusak", "jalan rusak", None),
        ("sambat jalan rusak", "jalan rusak", None),
        ("LAPOR, LAPOR! jalan rusak", "jalan rusak", None),
        ("Budi#Kota Malang#jalan rusak", "jalan rusak", "35.73"),
        ("jalan rusak#Budi Santoso#Kota Malang", "jalan rusak", "35.73"),
        ("Kota Malang#jalan rusak#Budi", "jalan rusak", "35.73"),
        ("REG#Budi#Kota Malang#jalan rusak", "jalan rusak", "35.73"),
        ("(LOK)kab Nganjuk (JB)banjir", "banjir", "35.18"),
        ("(TBT)160507, (JB)Banjir, (LOK)kab Nganjuk, (PKL)10.30wib", "Banjir", "35.18"),
    ],
)
def test_the_form_is_taken_off_and_the_place_is_kept(text: str, body: str, regency: str | None) -> None:
    told = read_sms(text)
    assert told.body == body
    assert locate(told.places).regency == regency


@pytest.mark.parametrize(
    "text",
    [
        FREE,
        "aduan saya kemarin belum ditanggapi",
        "laporan saya kok belum",
        "info dari warga ada banjir",
        "sms center bupati tidak aktif",
        "jl mawar #12 rusak",
        "rahasia umum kalau kades memotong bantuan",
        "kota kami kotor sekali",
        "kab ini jalannya rusak semua",
        "lapor",
        "1708",
        "(kemarin) jalan (baru) rusak",
        "",
    ],
)
def test_what_is_no_form_stays_as_it_is(text: str) -> None:
    told = read_sms(text)
    assert (told.body, told.places, told.name) == (text, text, "")
    assert not told.secret
    assert not told.anonymous


def test_a_name_field_is_no_place() -> None:
    told = read_sms("Siti Aminah#Kota Malang#lampu jalan mati sudah dua minggu")
    assert told.name == "Siti Aminah"
    assert "Siti" not in told.places + told.body


@pytest.mark.parametrize(
    ("text", "secret", "anonymous"),
    [
        ("RAHASIA kades memotong bantuan", True, False),
        ("rahasiakan: kades memotong bantuan", True, False),
        ("LAPOR RAHASIA kades memotong bantuan", True, False),
        ("ANONIM kades memotong bantuan", False, True),
        ("ANONIM RAHASIA kades memotong bantuan", True, True),
        ("kades memotong bantuan", False, False),
    ],
)
def test_words_in_front_ask_for_secrecy(text: str, secret: bool, anonymous: bool) -> None:
    told = read_sms(text)
    assert (told.secret, told.anonymous, told.body) == (secret, anonymous, "kades memotong bantuan")


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("lampu ja", "lan mati", "lampu jalan mati"),
        ("lampu jalan", "mati", "lampu jalan mati"),
        ("lampu jalan ", "mati", "lampu jalan  mati"),
        ("di kec", "Gelumbang", "di kec Gelumbang"),
        ("", "mati", "mati"),
        ("x" * 20_000, "mati", "x" * 20_000 + " mati"),
    ],
)
def test_parts_are_joined_where_they_were_cut(before: str, after: str, whole: str) -> None:
    assert join_parts(before, after) == whole
    assert is_cut_inside_word(before, after) == (before + after == whole and bool(before))


@pytest.mark.parametrize(
    "text",
    ["ralat: maksud saya kec X", "Maaf pak, ralat", "maksud saya desa Darmo", "yang benar kab Ngawi", "salah ketik"],
)
def test_a_correction_is_one(text: str) -> None:
    assert is_correction(text)


@pytest.mark.parametrize(
    "text", [FREE, "maksudnya apa jalan kami dibiarkan rusak", "benar benar rusak", "maaf pak jalan rusak"]
)
def test_no_correction(text: str) -> None:
    assert not is_correction(text)


@pytest.mark.parametrize(
    "text",
    [
        "blm ada tindakan jg pak yg kmrn",
        "laporan saya kemarin gimana",
        "kapan perbaikannya pak",
        "Laporan Sudah 3 Hari Tidak Ditanggapi",
        "gmn kelanjutan aduan kami",
    ],
)
def test_pointing_back(text: str) -> None:
    assert is_about_earlier(text)


@pytest.mark.parametrize(
    "text", [FREE, "jalan belum diperbaiki", "sampah menumpuk dari kemarin", "kapan jalan desa diaspal"]
)
def test_not_pointing_back(text: str) -> None:
    assert not is_about_earlier(text)


@pytest.mark.parametrize(
    "text", ["ok", "ya pak", "Terima kasih banyak atas bantuannya", "sip makasih min", "alhamdulillah sudah diperbaiki"]
)
def test_courtesy(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", [FREE, "ok jalan rusak", "terima kasih tapi belum beres", "", "2"])
def test_no_courtesy(text: str) -> None:
    assert not is_courtesy(text)


def test_a_greeting_begins_a_message_of_its_own() -> None:
    assert begins_anew("Ass wr wb pak")
    assert begins_anew("LAPOR jalan rusak")
    assert not begins_anew("jutnya lampu juga mati")


@given(st.text(max_size=400))
def test_no_text_is_too_strange(text: str) -> None:
    told = read_sms(text)
    assert isinstance(told.body, str)
    assert isinstance(told.places, str)
    is_courtesy(text)
    is_correction(text)
    is_about_earlier(text)
    join_parts(text, text)


@pytest.mark.parametrize(
    "filling",
    [" ", "#", "(", "<", "a", "ok ", "lapor ", "laporan ", "1708 ", "kab ", "(LOK)", "yang ", ".", "<spasi>", "a#"],
)
@pytest.mark.timeout(10)
def test_no_text_is_read_for_ever(filling: str) -> None:
    text = (filling * 10_000)[:10_000]
    read_sms(text)
    is_courtesy(text)
    is_correction(text)
    is_about_earlier(text)
    is_cut_inside_word(text, text)
