"""Who asks not to be known is heard, and who only speaks of secrets is not taken to ask."""

from __future__ import annotations

import pytest

from intake.understand.classify import classify


@pytest.mark.parametrize(
    "text",
    [
        "lampu jalan mati, jgn sebut nama sy ya",
        "jalan rusak karena truk, tolong rahasiakan identitas saya",
        "guru sering bolos, mohon nama saya dirahasiakan",
        "kandang ayam bau, jangan sampai ketahuan saya yang lapor",
        "warung jual miras, nama saya disamarkan pak",
        "limbah pabrik dibuang ke sungai, tolong lindungi identitas pelapor",
        "ini off the record ya, bidan desa jarang di tempat",
        "pasar kotor. maaf saya tidak menyebut nama demi keamanan",
        "nyuwun tulung asma kula ampun disebut, dalan kampung rusak",
        "saya pegawai di situ, data diri saya mohon dijaga kerahasiaannya",
        "minta perlindungan pelapor kalau laporan ini diproses",
        "tolong dirahasiain",
        "lapak tuak di simpang, jangan diomongin ke siapa-siapa ya pak",
        "saya belum siap membuka jati diri, periksa saja gudang pupuknya",
        "mohon isi aduan tidak bisa dilihat orang lain, ini soal kepala kantor",
        "petugas jangan ke rumah, nanti tetangga curiga saya yang melapor",
        "sebisa mungkin nama kami dihilangkan dari berkas",
        "kades jual pupuk subsidi, saya jangan ikut diseret, nama saya tutup rapat",
        "judi di warung kopi, ojo nganti jenengku metu pak",
        "petugas minta uang damai, saya tidak mau alamat saya tercantum",
    ],
)
def test_a_wish_to_stay_unknown_sets_both_flags(text: str) -> None:
    found = classify(text)
    assert found.secret
    assert found.anonymous
    assert found.evidence["secrecy"]


def test_the_bare_word_anonim_hides_the_name_and_not_the_text() -> None:
    found = classify("lampu jalan mati di gang melati. anonim ya pak")
    assert (found.secret, found.anonymous) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "jalan rusak parah, nama saya tidak perlu dirahasiakan",
        "sudah rahasia umum jalan itu selalu banjir",
        "anak-anak takut lewat jembatan rusak itu",
        "jembatan goyang, kami takut jatuh",
        "pipa bocor di depan pasar, jangan dibiarkan",
        "nama jalan di papan salah tulis, mohon diganti",
        "jangan bilang tidak ada anggaran terus",
        "nomor antrian jangan dibuka jam 10 dong",
        "lampu mati, nama saya siap disebut kalau perlu",
        "nama saya jangan dicoret dari penerima bantuan",
        "data penerima bansos bocor ke tim sukses",
        "jangan bawa nama rakyat untuk menaikkan tarif parkir",
        "kami tidak tahu siapa yang melapor, sampah itu bukan dari kami",
    ],
)
def test_talk_of_secrets_and_fear_is_no_wish(text: str) -> None:
    found = classify(text)
    assert not found.secret
    assert not found.anonymous


@pytest.mark.parametrize(
    "text",
    [
        "ada pungli di kantor itu, oknum minta uang pelicin",
        "korupsi dana desa oleh kepala desa",
        "anak tetangga dipukuli ayah tirinya tiap malam, kekerasan anak",
    ],
)
def test_some_topics_are_secret_by_themselves(text: str) -> None:
    found = classify(text)
    assert found.secret
    assert not found.anonymous
