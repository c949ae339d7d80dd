"""The sentences that follow from what an officer does, beside those of ``intake.wording``; the same rules hold here."""

from __future__ import annotations

from intake.wording import Occasion, Wording, _say, answered


def _(text: str) -> str:
    """Marks a sentence for the catalogues."""
    return text


def asked(occasion: Occasion, *, office: str, question: str) -> Wording:
    """An officer's question, in the officer's own words; the report waits for the answer."""
    if occasion.medium != "sms":
        return _say(
            occasion,
            sms="",
            letter=_(
                "{office} bertanya tentang laporan {reference}:\n\n{question}\n\n"
                "Mohon balas dalam 10 hari kerja supaya laporan Anda dapat dilanjutkan."
            ),
            subject=_("Kami perlu keterangan Anda"),
            office=office,
            question=question.strip(),
        )
    return answered(occasion, office=office, answer=question)


def passed_on(occasion: Occasion, *, target: str) -> Wording:
    """Given to somebody outside: the province, another authority. What they do, and when, we cannot promise."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan diteruskan ke {target}. Jawaban mereka kami sampaikan. Cek: balas CEK {reference}"
        ),
        letter=_(
            "Laporan {reference} bukan wewenang pemerintah daerah dan diteruskan ke {target}. Jawaban mereka kami "
            "sampaikan kepada Anda."
        ),
        subject=_("Laporan Anda diteruskan"),
        target=target,
    )


def closed_in_silence(occasion: Occasion) -> Wording:
    """Nobody replied to the follow-up for ten working days: closed by itself, and how to say that it is not solved."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan ditutup karena tidak ada balasan 10 hari kerja. Puas? Balas {reference} 1 s/d 5. "
            "Belum beres? Balas {reference} BUKA"
        ),
        letter=_(
            "Laporan {reference} ditutup karena tidak ada balasan selama 10 hari kerja setelah jawaban kami. Bila belum "
            "beres, balas {reference} BUKA atau tulis keterangan Anda. Seberapa puas Anda? Balas dengan {reference} dan "
            "angka 1 (tidak puas) sampai 5 (sangat puas)."
        ),
        subject=_("Laporan Anda ditutup"),
    )


def closed_for_good(occasion: Occasion) -> Wording:
    """It was closed so long ago that it is not opened again; a new report is."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan ini sudah lama ditutup, tidak dibuka lagi. Masih ada masalah? Kirim laporan baru"
        ),
        letter=_(
            "Laporan {reference} sudah lama ditutup, jadi tidak dibuka lagi. Bila masih ada masalah, kirim laporan baru "
            "dan sebut nomor ini."
        ),
        subject=_("Laporan ini sudah lama ditutup"),
    )
