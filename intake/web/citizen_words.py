"""Codes of ours as citizens read them on their pages."""

from __future__ import annotations

from intake.domain.deadline import ClockKind
from intake.understand.classify.taxonomy import UnknownTopic, taxonomy
from intake.web.context import choose_language
from intake.web.context import in_language as _
from intake.words import SOURCE_LANGUAGE


def kind(code: str | None) -> str:
    """Complaint, wish, question and so on; empty for none."""
    known = {
        "pengaduan": _("Pengaduan"),
        "aspirasi": _("Aspirasi"),
        "permintaan_informasi": _("Permintaan informasi"),
        "terima_kasih": _("Ucapan terima kasih"),
    }
    return known.get(code or "", "")


def topic(code: str | None) -> str:
    """The name of a topic; empty for none."""
    if not code:
        return ""
    try:
        found = taxonomy().topic(code)
    except UnknownTopic:
        return ""
    return found.name_id if choose_language() == SOURCE_LANGUAGE else found.name_en


def clock(kind_of_clock: ClockKind) -> str:
    """What is owed, before "until"."""
    known = {
        ClockKind.VERIFY: _("Diverifikasi"),
        ClockKind.FIRST_RESPONSE: _("Tanggapan pertama"),
        ClockKind.FINISH: _("Selesai ditangani"),
        ClockKind.ANSWER: _("Jawaban Anda kami tunggu"),
        ClockKind.CLOSE: _("Balasan Anda kami tunggu"),
    }
    return known.get(kind_of_clock, "")


def score(value: int) -> str:
    """One to five in words."""
    known = {
        1: _("sangat tidak puas"),
        2: _("tidak puas"),
        3: _("cukup"),
        4: _("puas"),
        5: _("sangat puas"),
    }
    return known[value]


def code_not_sent(why: str) -> str:
    """Why no code was sent (``confirm.CodeNotSent.why``), and what to do."""
    known = {
        "not_a_mobile": _("Ini bukan nomor HP Indonesia. Contoh: 0811 0000 0001."),
        "too_often": _("Kode sudah terlalu sering diminta. Coba lagi satu jam lagi."),
        "no_sms": _("SMS sedang tidak tersedia. Jawaban tetap ada di halaman laporan."),
    }
    return known.get(why, "")


def wrong_code() -> str:
    """A code that opens nothing, whatever the reason."""
    return _("Kode itu salah atau sudah tidak berlaku. Periksa kiriman terakhir, atau minta kode baru.")
