"""The desk's codes as officers read them. A code without a word here is shown as it is, without its underscores."""

from __future__ import annotations

from intake.search import View
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


def actions() -> dict[str, str]:
    """Every step a history can hold."""
    return {
        "hand_over": _("Diteruskan otomatis"),
        "ask_place": _("Menanyakan tempat kejadian"),
        "ask_which": _("Menanyakan kabupaten/kota yang mana"),
        "triage": _("Menunggu pemeriksaan petugas pusat"),
        "put_aside": _("Disisihkan otomatis"),
        "published": _("Ditampilkan di daftar publik"),
        "unpublished": _("Ditarik dari daftar publik"),
        "added": _("Pelapor menambah keterangan"),
        "routed": _("Diteruskan"),
        "sent_back": _("Dikembalikan: bukan wewenang"),
        "taken_up": _("Mulai dikerjakan"),
        "given_back": _("Dikembalikan unit ke admin daerah"),
        "handed_back": _("Dilepas karena akun petugasnya ditutup"),
        "answered": _("Dijawab"),
        "closed": _("Diselesaikan"),
        "archived": _("Diarsipkan"),
        "restored": _("Dipulihkan dari arsip"),
        "asked": _("Bertanya kepada pelapor"),
        "answer_came": _("Jawaban pelapor masuk"),
        "gave_up_asking": _("Pelapor tidak menjawab"),
        "reminded": _("Pelapor diingatkan"),
        "passed_on": _("Diteruskan ke instansi lain"),
        "auto_closed": _("Ditutup otomatis"),
        "corrected": _("Data diperbaiki"),
        "merged": _("Digabung ke laporan lain"),
        "parted": _("Dipisah kembali"),
        "taken_down": _("Dicatat petugas dari laporan langsung"),
        "taken_back": _("Ditarik kembali"),
        "withdrawn": _("Dicabut pelapor"),
        "finished": _("Dinyatakan selesai oleh pelapor"),
        "reopened": _("Dibuka kembali oleh pelapor"),
        "reopened_by_officer": _("Dibuka kembali oleh petugas"),
        "rated": _("Pelapor menilai"),
        "rating_seen": _("Penilaian ditangani"),
        "resent": _("Pelapor mengirim ulang"),
        "asked_secret": _("Pelapor minta dirahasiakan"),
        "asked_anonymous": _("Pelapor minta anonim"),
        "incomplete": _("Pesan pelapor terpotong"),
        "alarm_sounded": _("Petugas dikabari: ada bahaya"),
        "reply_failed": _("Pesan kepada pelapor gagal dikirim"),
        "hand_over_failed": _("Gagal diteruskan ke sistem daerah"),
        "number_confirmed": _("Pelapor memastikan nomornya"),
        "number_removed": _("Pelapor menghapus nomornya"),
        "verified": _("Diverifikasi"),
        "disposed": _("Didisposisikan ke unit"),
        "part_answered": _("Bagian unit dijawab"),
        "part_taken_back": _("Disposisi ditarik kembali"),
        "sender_blocked": _("Pengirim diblokir"),
        "sender_unblocked": _("Blokir pengirim dibuka"),
    }


def action(name: str) -> str:
    """A line of the history."""
    return _or_plain(actions(), name)


def reasons() -> dict[str, str]:
    """Every reason that is a code of ours."""
    return {
        "wilayah_jelas": _("wilayahnya jelas dari laporan"),
        "wilayah_ganda": _("ada beberapa wilayah yang cocok"),
        "wilayah_belum_jelas": _("wilayahnya belum jelas"),
        "kurang_yakin_wilayah": _("wilayah ini meminta kepastian tempat yang lebih tinggi"),
        "kurang_yakin_topik": _("wilayah ini meminta kepastian topik yang lebih tinggi"),
        "wilayah_tidak_disebut": _("wilayahnya tidak disebut"),
        "dipilih_pelapor": _("dipilih sendiri oleh pelapor"),
        "dibenarkan_pelapor": _("bacaan kami dibenarkan oleh pelapor"),
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
        "tanpa_balasan": _("tidak ada balasan selama 10 hari kerja"),
        "tidak_dijawab": _("pelapor tidak menjawab"),
        "diralat_pelapor": _("diralat oleh pelapor"),
        "bukan_pilihan": _("pelapor tidak memilih satu pun pilihan kami"),
        "ditanya_ulang": _("ditanya sekali lagi"),
        "dicabut_pelapor": _("dicabut oleh pelapor"),
        "selesai_menurut_pelapor": _("selesai menurut pelapor"),
        "correction": _("ralat dari pelapor"),
        "part": _("lanjutan pesan pelapor"),
        "opted_out": _("pelapor mengirim STOP"),
        "blocked": _("pengirim diblokir"),
        "unreachable": _("pelapor tidak dapat dijangkau"),
        "salah_kirim": _("salah kirim"),
        "kosong": _("kosong"),
    }


def reason(code: str) -> str:
    """Why: a code of ours, or an officer's own words."""
    return reasons().get(code, code)


def silence(code: str | None) -> str:
    """Why somebody is not written to."""
    known = {
        "opted_out": _("Pelapor mengirim STOP: tidak ada lagi balasan kami yang sampai kepadanya."),
        "blocked": _("Pengirim ini diblokir petugas: laporannya disimpan, tetapi tidak dibalas."),
        "unreachable": _("Penyedia menyatakan pelapor ini tidak dapat dijangkau: balasan tidak sampai."),
    }
    return known.get(code or "", "")


def failure(code: str) -> str:
    """Why something of ours did not arrive: a code of ours in words, a provider's as it is."""
    known = {
        "opted_out": _("pelapor mengirim STOP"),
        "blocked": _("pengirim diblokir"),
        "unreachable": _("tidak dapat dijangkau"),
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
        "ask": _("Pertanyaan dikirim. Batas waktu berhenti sampai pelapor menjawab."),
        "pass_on": _("Laporan diteruskan ke luar dan pelapor diberi tahu."),
        "note": _("Catatan disimpan. Pelapor tidak dapat membacanya."),
        "correct": _("Data laporan diperbaiki."),
        "merge": _("Laporan digabung. Pelapornya ikut menerima setiap jawaban."),
        "part": _("Laporan dipisah kembali."),
        "verify": _("Laporan diverifikasi."),
        "readers": _("Daftar pembaca laporan rahasia ini disimpan."),
        "dispose": _("Laporan didisposisikan."),
        "answer_part": _("Jawaban unit disimpan. Pelapor menerima jawaban dari unit utama."),
        "take_back": _("Disposisi ditarik kembali."),
        "block_sender": _("Pengirim diblokir. Laporannya tetap masuk, tetapi tidak dibalas."),
        "unblock_sender": _("Blokir dibuka. Pengirim dibalas lagi seperti biasa."),
        "reopen": _("Laporan dibuka kembali dan pelapor diberi tahu."),
        "rating_seen": _("Penilaian ditandai sudah ditangani."),
        "view_kept": _("Tampilan disimpan."),
        "view_dropped": _("Tampilan dihapus."),
        "template_kept": _("Templat disimpan."),
        "template_dropped": _("Templat dihapus."),
        "taken_down": _("Laporan dicatat. Bila belum tampak di bawah, muat ulang halaman ini sebentar lagi."),
    }
    return known.get(name, "")


def clock(kind: str) -> str:
    """What a deadline is for."""
    known = {
        "verify": _("verifikasi"),
        "reroute": _("penerusan kembali"),
        "first_response": _("tanggapan pertama"),
        "finish": _("penyelesaian"),
        "answer": _("jawaban pelapor"),
        "close": _("tutup otomatis"),
    }
    return _or_plain(known, kind)


def lateness(code: str) -> str:
    """Whether a deadline is over or near."""
    known = {"terlambat": _("terlambat"), "segera": _("segera jatuh tempo")}
    return known.get(code, "")


def reminded(step: str) -> str:
    """Who was reminded."""
    known = {
        "remind_officer": _("petugas"),
        "remind_head": _("kepala unit"),
        "tell_leader": _("pimpinan"),
    }
    return _or_plain(known, step)


def report_class(code: str) -> str:
    """The class that decides how long finishing may take."""
    known = {
        "informasi": _("permintaan informasi"),
        "tidak_berkadar": _("pengaduan biasa"),
        "berkadar": _("berkadar pengawasan"),
    }
    return _or_plain(known, code)


def spoken_for(about: str) -> str:
    """What a marked word of a text speaks for."""
    known = {
        "place": _("wilayah"),
        "topic": _("topik"),
        "type": _("jenis"),
        "urgency": _("keadaan mendesak"),
        "secrecy": _("kerahasiaan"),
        "spam": _("bukan laporan"),
    }
    return _or_plain(known, about)


def template_field(name: str) -> str:
    """What a field of a template is filled with."""
    known = {
        "nomor": _("nomor laporan"),
        "dinas": _("unit yang menangani, atau nama daerah"),
        "wilayah": _("nama kabupaten atau kota"),
        "topik": _("topik laporan"),
        "tanggal": _("tanggal laporan masuk"),
    }
    return _or_plain(known, name)


def unknown_field(name: str) -> str:
    """Something in braces is no field."""
    return _("Isian {field} tidak dikenal. Hapus kurung kurawalnya, atau pakai salah satu isian yang ada.").format(
        field="{" + name + "}"
    )


def part_state(state: str) -> str:
    """How far a unit is with its part."""
    known = {"waiting": _("belum menjawab"), "answered": _("sudah menjawab"), "ended": _("sudah ditarik")}
    return _or_plain(known, state)


def bulk_step(step: str) -> str:
    """What is done with all reports that were ticked."""
    known = {
        "verifikasi": _("Verifikasi yang dipilih"),
        "disposisi": _("Disposisikan yang dipilih"),
        "arsip": _("Arsipkan yang dipilih"),
        "gabung": _("Gabung yang dipilih"),
    }
    return _or_plain(known, step)


def outcome(result: str) -> str:
    """What became of one of them."""
    known = {
        "done": _("selesai dikerjakan"),
        "changed": _("sudah diubah rekan, tidak disentuh"),
        "not_possible": _("tidak mungkin dalam keadaan ini"),
        "not_found": _("tidak ada lagi di meja Anda"),
        "target": _("laporan tujuan, tidak digabung"),
    }
    return _or_plain(known, result)
