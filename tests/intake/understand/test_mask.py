"""What tells who somebody is does not stay in a masked text; what a report is about does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.understand.mask import cut, mask


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("hub saya di 0811-0000-0012 ya", "hub saya di [nomor] ya"),
        ("WA +62 811 0000 0012.", "WA [nomor]."),
        ("NIK 1603011234560001 sudah terdaftar", "NIK [nomor] sudah terdaftar"),
        ("NIK: 16 03 01 123456 0001", "NIK: [nomor]"),
        ("rekening BRI 0011-01-000012-30-5", "rekening BRI [nomor]"),
        ("surat ke warga.contoh@example.id dong", "surat ke [e-mail] dong"),
        ("lihat https://example.com/foto?id=3 pak", "lihat [tautan] pak"),
        ("truk BG 8123 XY ngebut", "truk [nomor polisi] ngebut"),
        ("motor B3456ABC", "motor [nomor polisi]"),
        ("nopol b 1234 cd", "nopol [nomor polisi]"),
        ("rumah RT 03/RW 05", "rumah [nomor rumah]"),
        ("di rt.3 rw.5 desa Tegal Rejo", "di [nomor rumah] [nomor rumah] desa Tegal Rejo"),
        ("Jl. Merdeka no. 12 Lawang Kidul", "Jl. Merdeka [nomor rumah] Lawang Kidul"),
        ("Perum Asri Blok C2 No 14", "Perum Asri [nomor rumah]"),
        ("oleh Pak Budi Santoso kemarin", "oleh Pak [nama] kemarin"),
        ("kata bu siti begitu", "kata bu [nama] begitu"),
        ("bapak H. Mansur minta uang", "bapak H. [nama] minta uang"),
        ("Nama saya Warga Contoh, mohon dibantu", "Nama saya [nama], mohon dibantu"),
        ("a.n. Siti Aminah", "a.n. [nama]"),
        ("nama saya budi santoso, rumah di Tegal Rejo", "nama saya [nama], rumah di Tegal Rejo"),
        ("motor bg 8123 xy ngebut", "motor [nomor polisi] ngebut"),
        ("nol delapan satu satu nol nol nol nol", "[nomor]"),
        ("di -3.6589, 103.7736 rusak", "di [titik] rusak"),
        ("ig budi_santoso dan @warga.contoh", "ig [akun] dan [akun]"),
        ("Jl. Mawar 12 air mati", "Jl. Mawar [nomor rumah] air mati"),
        ("rt tiga, rumah nomor empat", "[nomor rumah], rumah [nomor rumah]"),
        ("Perum Asri C2/14 banjir", "Perum Asri [nomor rumah] banjir"),
    ],
)
def test_what_tells_who_somebody_is_is_masked(said: str, masked: str) -> None:
    assert mask(said) == masked


@pytest.mark.parametrize(
    ("said", "masked"),
    [
        ("Pak Kades Suryanto minta uang", "Pak Kades [nama] minta uang"),
        ("lurah Bambang Hermawan tidak adil", "lurah [nama] tidak adil"),
        ("kata pak lurah bambang begitu", "kata pak lurah [nama] begitu"),
        ("Kades Tegal Rejo, Suryanto, tidak di kantor", "Kades Tegal Rejo, [nama], tidak di kantor"),
        ("Kepala Desa Tegal Rejo Hendra Wijaya", "Kepala Desa Tegal Rejo [nama]"),
        ("kepala sekolah SDN 3 Ibu Rina Marlina pungli", "kepala sekolah SDN 3 Ibu [nama] pungli"),
        ("pak budi santoso minta uang", "pak [nama] minta uang"),
        ("PAK BUDI SANTOSO MINTA UANG DI DESA TEGAL REJO", "PAK [nama] MINTA UANG DI DESA TEGAL REJO"),
        ("Sdri Maria Ulfa dan sdr Tono", "Sdri [nama] dan sdr [nama]"),
        ("suami saya Joko dipukul tetangga saya Rudi Hartono", "suami saya [nama] dipukul tetangga saya [nama]"),
        ("orang bernama rudi hartono mengambilnya", "orang bernama [nama] mengambilnya"),
        ("guru olahraga bernama Dedi memukul anak saya", "guru olahraga bernama [nama] memukul anak saya"),
        ("oknum polisi Agus minta uang", "oknum polisi [nama] minta uang"),
        ("Rudi Hartono mengambil uang. Maruli Siregar juga", "[nama] mengambil uang. [nama] juga"),
        ("Terima kasih. Hormat saya,\nBudi", "Terima kasih. Hormat saya,\n[nama]"),
        ("saya Siti dari Tegal Rejo", "saya [nama] dari Tegal Rejo"),
    ],
)
def test_other_people_have_a_right_to_it_too(said: str, masked: str) -> None:
    assert mask(said, places=["Tegal Rejo", "Kab. Muara Enim"]) == masked


@pytest.mark.parametrize(
    "said",
    [
        "Kades Tegal Rejo dan Camat Lawang Kidul sudah diberi tahu",
        "Jalan Ahmad Yani depan RSUD Dr. Soetomo rusak, juga Jl. H. Agus Salim",
        "rusak di jl sudirman dekat masjid ahmad dahlan",
        "Jalan Mawar 12 meter rusak, jalan sudirman 2 bulan",
        "truk d 2024 yg lewat",
        "bapak saya sakit, ibu hamil butuh ambulan, pak jalan rusak",
        "Petugas PLN tidak datang, bu bidan tidak ada",
        "Lampu Indah Permai mati",
    ],
)
def test_places_and_offices_are_nobody(said: str) -> None:
    assert mask(said, places=["Tegal Rejo", "Lawang Kidul"]) == said


def test_what_is_masked_is_shown_where_it_stood() -> None:
    said = "Hub Pak Budi 0811 0000 0012 ya"
    assert [(piece, hidden.stands if hidden else "") for piece, hidden in cut(said)] == [
        ("Hub Pak ", ""), ("Budi", "[nama]"), (" ", ""), ("0811 0000 0012", "[nomor]"), (" ya", ""),
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_nothing_is_lost_but_what_is_masked(said: str) -> None:
    assert "".join(piece for piece, _ in cut(said)) == said


@pytest.mark.parametrize(
    "said",
    [
        "Jalan di Desa Tegal Rejo Kecamatan Lawang Kidul rusak parah, sudah 3 bulan",
        "Pak Kades dan Pak Camat sudah diberi tahu",
        "Pak tolong lampu jalan mati 2 minggu di km 12",
        "bantuan Rp 600 ribu belum cair sejak 2025",
        "dr pasar sampai jembatan gelap",
        "Di Jalan Sudirman air mati",
        "guru SD 5 tidak masuk",
    ],
)
def test_what_a_report_is_about_stays(said: str) -> None:
    assert mask(said) == said


def test_what_the_reporter_told_of_themselves_is_masked_wherever_it_stands() -> None:
    said = "SAYA budi dari Tegal Rejo. Tertanda BUDI SANTOSO"
    assert mask(said, known=["Budi Santoso"]) == "SAYA [nama] dari Tegal Rejo. Tertanda [nama]"
    assert mask("al di pasar", known=["al"]) == "al di pasar"


@pytest.mark.parametrize(
    "said",
    [
        "",
        " ",
        "pak",
        "bu " * 3000,
        "1" * 9000,
        "a@" * 4000,
        "RT " * 3000,
        "nama " * 3000,
        "Budi " * 2000,
        "jalan budi " * 900,
        "pak kades " * 1000,
    ],
)
def test_any_text_is_masked_in_good_time(said: str) -> None:
    assert isinstance(mask(said), str)


@pytest.mark.parametrize("said", ["pak ", "Bapak Haji ", "Kades ", "pak Kades Camat ", "kepala desa "])
def test_titles_without_end_hold_nobody_up(said: str) -> None:
    # Read again from each of them, these take minutes, and whoever is served by the same process waits.
    assert mask(said * 30_000 + "pak Budi Santoso").endswith(" pak [nama]")
