"""What tells who somebody is does not stay in a masked text; what a report is about does."""

from __future__ import annotations

import pytest

from intake.understand.mask import mask


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
    ],
)
def test_what_tells_who_somebody_is_is_masked(said: str, masked: str) -> None:
    assert mask(said) == masked


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


@pytest.mark.parametrize("said", ["", " ", "pak", "bu " * 3000, "1" * 9000, "a@" * 4000, "RT " * 3000, "nama " * 3000])
def test_any_text_is_masked_in_good_time(said: str) -> None:
    assert isinstance(mask(said), str)
