"""The desk's codes as officers read them. A code without a word here is shown as it is, without its underscores."""

from __future__ import annotations

from intake.desk import View
from intake.understand.classify.taxonomy import UnknownTopic, taxonomy
from intake.web.context import choose_language
from intake.web.context import in_language as _
from intake.words import SOURCE_LANGUAGE


def _or_plain(known: dict[str, str], code: str | None) -> str:
    return known.get(code or "") or (code or "").replace("_", " ")


def views() -> dict[View, str]:
    """The views of the inbox, in their order."""
    return {
        "perlu_tindakan": _("Perlu tindakan"),
        "menunggu": _("Menunggu"),
        "selesai": _("Selesai"),
        "disisihkan": _("Disisihkan"),
        "semua": _("Semua"),
    }


def state(code: str) -> str:
    """Where a report is, as its officers say it; the citizen's words for the same are in ``intake.wording``."""
    known = {
        "diterima": _("baru masuk"),
        "menunggu_verifikasi": _("menunggu verifikasi"),
        "tertunda": _("menunggu jawaban pelapor"),
        "terverifikasi": _("terverifikasi"),
        "terdisposisi": _("menunggu tanggapan"),
        "diproses": _("sedang dikerjakan"),
        "ditindaklanjuti": _("sudah dijawab"),
        "ditanggapi_pelapor": _("pelapor membalas"),
        "selesai": _("selesai"),
        "dibuka_kembali": _("dibuka kembali"),
        "dikembalikan": _("dikembalikan"),
        "diteruskan": _("diteruskan ke instansi lain"),
        "digabung": _("digabung"),
        "diarsipkan": _("diarsipkan"),
    }
    return _or_plain(known, code)


def topic(code: str | None) -> str:
    """The name of a topic; empty for none."""
    if not code:
        return ""
    try:
        found = taxonomy().topic(code)
    except UnknownTopic:
        return code
    return found.name_id if choose_language() == SOURCE_LANGUAGE else found.name_en


def kind(code: str | None) -> str:
    """Complaint, wish, question and so on."""
    known = {
        "pengaduan": _("Pengaduan"),
        "aspirasi": _("Aspirasi"),
        "permintaan_informasi": _("Permintaan informasi"),
        "terima_kasih": _("Ucapan terima kasih"),
    }
    return _or_plain(known, code)


def urgency(code: str | None) -> str:
    known = {"darurat": _("DARURAT"), "tinggi": _("Mendesak"), "sedang": _("Biasa"), "rendah": _("Tidak mendesak")}
    return _or_plain(known, code)


def channel(name: str) -> str:
    known = {"sms_twilio": _("SMS"), "email_mime": _("E-mail"), "web_form": _("Formulir web")}
    return _or_plain(known, name)


def delivery(state: str) -> str:
    """How far something we said has got."""
    known = {
        "promised": _("menunggu dikirim"),
        "sending": _("sedang dikirim"),
        "accepted": _("diterima penyedia"),
        "sent": _("terkirim ke jaringan"),
        "delivered": _("sampai"),
        "read": _("dibaca"),
        "undelivered": _("tidak sampai"),
        "failed": _("gagal dikirim"),
    }
    return _or_plain(known, state)


def action(name: str) -> str:
    """A line of the history."""
    known = {
        "hand_over": _("Diteruskan otomatis"),
        "ask_place": _("Menanyakan tempat kejadian"),
        "ask_which": _("Menanyakan kabupaten/kota yang mana"),
        "triage": _("Menunggu pemeriksaan petugas pusat"),
        "put_aside": _("Disisihkan otomatis"),
        "added": _("Pelapor menambah keterangan"),
        "routed": _("Diteruskan"),
        "sent_back": _("Dikembalikan: bukan wewenang"),
        "taken_up": _("Mulai dikerjakan"),
        "answered": _("Dijawab"),
        "closed": _("Diselesaikan"),
        "archived": _("Diarsipkan"),
        "restored": _("Dipulihkan dari arsip"),
        "reply_failed": _("Pesan kepada pelapor gagal dikirim"),
        "hand_over_failed": _("Gagal diteruskan ke sistem daerah"),
    }
    return _or_plain(known, name)


def reason(code: str) -> str:
    """Why: a code of ours, or an officer's own words."""
    known = {
        "wilayah_jelas": _("wilayahnya jelas dari laporan"),
        "wilayah_ganda": _("ada beberapa wilayah yang cocok"),
        "wilayah_belum_jelas": _("wilayahnya belum jelas"),
        "wilayah_tidak_disebut": _("wilayahnya tidak disebut"),
        "dipilih_pelapor": _("dipilih sendiri oleh pelapor"),
        "dijawab_pelapor": _("dijawab oleh pelapor"),
        "jawaban_tidak_terbaca": _("jawaban pelapor tidak terbaca"),
        "bukan_laporan": _("bukan laporan"),
        "iklan": _("iklan atau undian"),
        "berantai": _("pesan berantai"),
        "otp": _("kode OTP"),
        "bank": _("pemberitahuan bank"),
        "salam_kosong": _("hanya salam"),
        "uji_coba": _("uji coba"),
        "makian_kosong": _("makian tanpa isi"),
        "iseng": _("iseng"),
        "salah_kirim": _("salah kirim"),
        "kosong": _("kosong"),
    }
    return known.get(code, code)


def heard(what: str) -> str:
    """What the words of a text spoke for."""
    known = {
        "topic": _("Kata untuk topik"),
        "type": _("Kata untuk jenis"),
        "urgency": _("Kata untuk keadaan mendesak"),
        "secrecy": _("Kata untuk kerahasiaan"),
        "spam": _("Kata bukan laporan"),
    }
    return _or_plain(known, what)


def actor(name: str) -> str:
    known = {"system": _("Sistem"), "citizen": _("Pelapor"), "officer": _("Petugas")}
    return _or_plain(known, name)


def handover(state: str) -> str:
    known = {"promised": _("menunggu"), "given": _("diberikan"), "failed": _("gagal")}
    return _or_plain(known, state)


def done(name: str) -> str:
    """What is said after something was done."""
    known = {
        "route": _("Laporan diteruskan dan pelapor diberi tahu."),
        "send_back": _("Laporan dikembalikan ke admin pusat."),
        "take_up": _("Laporan ditandai sedang dikerjakan."),
        "answer": _("Jawaban dikirim ke pelapor."),
        "close": _("Laporan diselesaikan dan pelapor diberi tahu."),
        "archive": _("Laporan diarsipkan."),
        "restore": _("Laporan dipulihkan."),
    }
    return known.get(name, "")
