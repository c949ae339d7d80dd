"""Codes about people as officers read them: roles, what is wrong with a password or an account, lines of the audit."""

from __future__ import annotations

from intake.domain.password import LONGEST, SHORTEST
from intake.domain.permission import Role
from intake.storage.audit import Kind
from intake.web.context import in_language as _


def try_again() -> str:
    return _("Itu belum terkirim. Silakan coba sekali lagi.")


def roles() -> dict[Role, str]:
    """What each role is called."""
    return {
        "central": _("Admin pusat"),
        "regency": _("Admin daerah"),
        "unit": _("Petugas unit"),
        "inspector": _("Inspektorat"),
        "leader": _("Pimpinan"),
        "operator": _("Operator teknis"),
    }


def role_hint(role: Role) -> str:
    """What a role is for, in one line."""
    known: dict[Role, str] = {
        "central": _("memeriksa dan meneruskan laporan seluruh daerah"),
        "regency": _("menerima laporan satu daerah dan menyerahkannya kepada unit"),
        "unit": _("menjawab laporan yang diserahkan kepada unitnya"),
        "inspector": _("menangani laporan berkadar pengawasan"),
        "leader": _("melihat angka dan laporan, tidak mengubah apa pun"),
        "operator": _("menjaga mesinnya, tidak membaca laporan"),
    }
    return known[role]


def weak(why: str) -> str:
    """Why a password is not taken."""
    known = {
        "short": _("Terlalu pendek. Paling sedikit {n} huruf; beberapa kata acak lebih mudah diingat.").format(
            n=SHORTEST
        ),
        "long": _("Terlalu panjang. Paling banyak {n} huruf.").format(n=LONGEST),
        "common": _("Itu termasuk yang pertama dicoba orang. Gabungkan kata-kata yang tidak biasa."),
        "simple": _("Itu hanya ulangan atau deretan. Gabungkan beberapa kata."),
    }
    return known[why]


def fault(field: str) -> str:
    """What is wrong with an account as typed."""
    known = {
        "username": _("Nama pengguna: 3 sampai 40 huruf kecil, angka, titik, garis."),
        "taken": _("Nama pengguna itu sudah dipakai."),
        "name": _("Tuliskan namanya, paling banyak 80 huruf."),
        "email": _("Alamat e-mail itu tidak dapat dipakai."),
        "role": _("Pilih perannya."),
        "regency": _("Pilih daerahnya."),
        "unit": _("Pilih unit dari daerah itu."),
        "reason": _("Tuliskan alasannya."),
    }
    return known[field]


def done(name: str) -> str:
    """What is said after something was done."""
    known = {
        "invited": _("Undangan dikirim lewat e-mail."),
        "closed": _("Akun ditutup."),
        "second_factor": _("Kode kedua dihapus. Pemiliknya masuk dengan kata sandi saja sampai memasangnya lagi."),
        "password": _("Kata sandi diganti. Di perangkat lain Anda sudah dikeluarkan."),
        "wrong_password": _("Kata sandi lama salah."),
        "session": _("Sudah dikeluarkan dari perangkat itu."),
        "sessions": _("Sudah dikeluarkan dari semua perangkat lain."),
        "second_factor_off": _("Kode kedua dimatikan."),
        "released": _("Pekerjaan itu dicoba lagi."),
        "readers": _("Daftar pembaca laporan rahasia ini disimpan."),
    }
    return known.get(name, "")


def kinds() -> dict[Kind, str]:
    """A line of the audit."""
    return {
        "identity_seen": _("Melihat identitas pelapor"),
        "anonymous_revealed": _("Membuka identitas pelapor anonim"),
        "reader_named": _("Menunjuk pembaca laporan rahasia"),
        "reader_unnamed": _("Mencabut pembaca laporan rahasia"),
        "logged_in": _("Masuk"),
        "log_in_refused": _("Gagal masuk"),
        "logged_out": _("Keluar"),
        "session_ended": _("Mengeluarkan satu perangkat"),
        "sessions_ended": _("Mengeluarkan semua perangkat"),
        "invited": _("Mengundang"),
        "link_renewed": _("Mengirim tautan baru"),
        "reset_asked": _("Meminta kata sandi baru"),
        "password_chosen": _("Memilih kata sandi"),
        "password_changed": _("Mengganti kata sandi"),
        "second_factor_on": _("Memasang kode kedua"),
        "second_factor_off": _("Menghapus kode kedua"),
        "recovery_codes_made": _("Membuat kode cadangan"),
        "recovery_code_used": _("Memakai kode cadangan"),
        "account_closed": _("Menutup akun"),
        "account_opened": _("Membuka akun lagi"),
        "report_handed_back": _("Melepas laporan dari akun yang ditutup"),
        "work_released": _("Mencoba lagi pekerjaan yang diparkir"),
    }
