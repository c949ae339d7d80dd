"""Every sentence we send to citizens.

By SMS a sentence costs: each of these fits one GSM-7 part of 160 characters with its longest values (a test holds every
one of them to it); only an officer's own answer may take more. By e-mail and on the web there is room for more words.
The sentences are in the message catalogues: ``_`` marks them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from channels.channel import Medium
from channels.gsm import make_gsm, plan
from intake.words import SOURCE_LANGUAGE, translated

#: An officer's answer by SMS takes at most so many parts; the rest is behind the link.
ANSWER_SEGMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said. ``subject`` is empty where the medium has none."""

    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Occasion:
    """To whom, by what, about which report."""

    medium: Medium
    reference: str
    link: str = ""
    language: str = SOURCE_LANGUAGE


def _(text: str) -> str:
    """Marks a sentence for the catalogues."""
    return text


def _say(occasion: Occasion, *, sms: str, letter: str, subject: str, **values: str) -> Wording:
    values = {**values, "reference": occasion.reference, "link": occasion.link}
    if occasion.medium == "sms":
        return Wording(make_gsm(translated(sms, occasion.language).format(**values)))
    text = translated(letter, occasion.language).format(**values)
    if occasion.medium == "web":
        return Wording(text)
    head = translated(subject, occasion.language).format(**values)
    foot = translated(
        _("Lihat perkembangan laporan Anda: {link}\nBalas surat ini untuk menambah keterangan."), occasion.language
    ).format(**values)
    return Wording(f"{text}\n\n{foot}\n", f"{head} [{occasion.reference}]")


def acknowledged(occasion: Occasion, *, regency: str) -> Wording:
    """The report is here and at which desk; with the number to keep."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan diterima, diteruskan ke {regency}. Simpan no. ini. Cek: balas CEK {reference}"
        ),
        letter=_(
            "Laporan Anda kami terima dengan nomor {reference} dan kami teruskan ke {regency}. "
            "Tanggapan pertama paling lama 5 hari kerja."
        ),
        subject=_("Laporan Anda diterima"),
        regency=regency,
    )


def acknowledged_for_triage(occasion: Occasion) -> Wording:
    """The report is here; a person looks where it belongs."""
    return _say(
        occasion,
        sms=_("LAPOR {reference}: laporan diterima, diverifikasi paling lama 3 hari kerja. Cek: balas CEK {reference}"),
        letter=_(
            "Laporan Anda kami terima dengan nomor {reference}. Petugas memeriksa ke mana laporan ini diteruskan, "
            "paling lama 3 hari kerja."
        ),
        subject=_("Laporan Anda diterima"),
    )


def ask_place(occasion: Occasion) -> Wording:
    """Nothing in the text says where."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan diterima. Di mana kejadiannya? Balas dgn nama desa/kelurahan, kecamatan dan kabupaten/kota"
        ),
        letter=_(
            "Laporan Anda kami terima dengan nomor {reference}. Supaya sampai ke pemerintah daerah yang tepat, kami perlu "
            "tahu tempatnya: mohon balas dengan nama desa atau kelurahan, kecamatan, dan kabupaten atau kota."
        ),
        subject=_("Di mana kejadiannya?"),
    )


def ask_which(occasion: Occasion, *, places: Sequence[str]) -> Wording:
    """The text fits several places: let the citizen choose by a digit."""
    listed = " ".join(f"{number} {place}" for number, place in enumerate(places, start=1))
    lines = "\n".join(f"{number}. {place}" for number, place in enumerate(places, start=1))
    wording = _say(
        occasion,
        sms=_("LAPOR {reference}: di mana kejadiannya? {listed}. Balas angkanya, atau nama kab/kota lain"),
        letter=_(
            "Laporan Anda kami terima dengan nomor {reference}. Di mana kejadiannya?\n{lines}\n"
            "Balas dengan angkanya, atau tulis nama kabupaten/kota yang lain."
        ),
        subject=_("Di mana kejadiannya?"),
        listed=listed,
        lines=lines,
    )
    if occasion.medium == "sms" and len(places) > 2 and plan(wording.text).segments > 1:
        return ask_which(occasion, places=places[:2])
    return wording


def emergency(occasion: Occasion, *, numbers: str | None = None) -> Wording:
    """Danger to life now: whom to call. Goes out at once, beside everything else. ``numbers``: the region's own."""
    if numbers:
        return _say(
            occasion,
            sms=_("LAPOR {reference}: bila ada bahaya sekarang TELEPON {numbers}. SMS ini bukan layanan darurat"),
            letter=_(
                "Bila ada bahaya sekarang, TELEPON {numbers}. Laporan {reference} tetap kami proses, "
                "tetapi ini bukan layanan darurat."
            ),
            subject=_("Bila ada bahaya, telepon nomor darurat"),
            numbers=numbers,
        )
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: bila ada bahaya sekarang TELEPON 112 (darurat), 110 (polisi), 119 (medis), 113 (damkar). SMS ini bukan layanan darurat"
        ),
        letter=_(
            "Bila ada bahaya sekarang, TELEPON 112 (darurat), 110 (polisi), 119 (medis) atau 113 (pemadam kebakaran). "
            "Laporan {reference} tetap kami proses, tetapi ini bukan layanan darurat."
        ),
        subject=_("Bila ada bahaya, telepon 112"),
    )


def acknowledged_outside(occasion: Occasion, *, regency: str, agency: str) -> Wording:
    """The report is here, and it is not the regency's to settle: it passes it on to whose it is. No wrong door."""
    wording = _say(
        occasion,
        sms=_(
            "LAPOR {reference}: diterima. Ini kewenangan {agency}, disampaikan lewat {regency}. Cek: balas CEK {reference}"
        ),
        letter=_(
            "Laporan Anda kami terima dengan nomor {reference}. Masalah ini kewenangan {agency}; {regency} menyampaikannya "
            "ke sana dan memberi tahu Anda hasilnya."
        ),
        subject=_("Laporan Anda diterima"),
        regency=regency,
        agency=agency,
    )
    if occasion.medium == "sms" and plan(wording.text).segments > 1:  # a long name: who it is stands on the page
        return acknowledged(occasion, regency=regency)
    return wording


def forwarded(occasion: Occasion, *, regency: str) -> Wording:
    """Found out where it belongs (after asking, after triage, after a mistake)."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan diteruskan ke {regency}. Tanggapan paling lama 5 hari kerja. Cek: balas CEK {reference}"
        ),
        letter=_("Laporan {reference} diteruskan ke {regency}. Tanggapan pertama paling lama 5 hari kerja."),
        subject=_("Laporan Anda diteruskan"),
        regency=regency,
    )


def added(occasion: Occasion) -> Wording:
    """More was said to a report that is on its way."""
    return _say(
        occasion,
        sms=_("LAPOR {reference}: keterangan tambahan sudah kami terima dan sampaikan ke petugas"),
        letter=_("Keterangan tambahan untuk laporan {reference} sudah kami terima dan sampaikan ke petugas."),
        subject=_("Keterangan tambahan diterima"),
    )


def answered(occasion: Occasion, *, office: str, answer: str) -> Wording:
    """What an officer answers, in the officer's own words."""
    if occasion.medium != "sms":
        return _say(
            occasion,
            sms="",
            letter=_(
                "{office} menjawab laporan {reference}:\n\n{answer}\n\nBila belum sesuai, balas dalam 10 hari kerja."
            ),
            subject=_("Jawaban atas laporan Anda"),
            office=office,
            answer=answer.strip(),
        )
    sentence = translated(
        _("LAPOR {reference}: {office} menjawab: {answer} (Balas bila belum sesuai)"), occasion.language
    )
    shortened = translated(_("... lengkapnya: {link}"), occasion.language).format(link=occasion.link)
    plain = make_gsm(" ".join(answer.split()))

    def whole(part: str) -> str:
        return make_gsm(sentence.format(reference=occasion.reference, office=office, answer=part))

    if plan(whole(plain)).segments <= ANSWER_SEGMENTS:
        return Wording(whole(plain))
    low, high = 0, len(plain)
    while low < high:  # the longest beginning that fits with the link behind it
        middle = (low + high + 1) // 2
        if plan(whole(plain[:middle].rstrip() + shortened)).segments <= ANSWER_SEGMENTS:
            low = middle
        else:
            high = middle - 1
    return Wording(whole(plain[:low].rstrip() + shortened))


def closed(occasion: Occasion) -> Wording:
    """Finished; how content they are, and how to say that it is not finished."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan selesai. Puas? Balas {reference} 1 (tidak puas) s/d 5 (sangat puas). Belum beres? Balas {reference} BUKA"
        ),
        letter=_(
            "Laporan {reference} dinyatakan selesai. Terima kasih. Seberapa puas Anda? Balas dengan {reference} dan angka 1 "
            "(tidak puas) sampai 5 (sangat puas). Bila masalahnya belum beres, balas {reference} BUKA atau tulis keterangan Anda."
        ),
        subject=_("Laporan Anda selesai"),
    )


def finished(occasion: Occasion) -> Wording:
    """The citizen says it is finished (SELESAI)."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: terima kasih, laporan kami tutup. Puas? Balas {reference} 1 (tidak puas) s/d 5 (sangat puas)"
        ),
        letter=_(
            "Terima kasih. Laporan {reference} kami tutup. Seberapa puas Anda? Balas dengan {reference} dan angka 1 (tidak "
            "puas) sampai 5 (sangat puas)."
        ),
        subject=_("Laporan Anda ditutup"),
    )


def resent(occasion: Occasion) -> Wording:
    """The same again: it joined the first one. Told once."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan yang sama sudah kami terima dan digabung di nomor ini, tidak perlu dikirim ulang. Cek: balas CEK {reference}"
        ),
        letter=_(
            "Laporan yang sama sudah kami terima dengan nomor {reference}. Kiriman Anda yang baru kami gabungkan ke nomor "
            "itu; Anda tidak perlu mengirim ulang."
        ),
        subject=_("Laporan yang sama sudah diterima"),
    )


def incomplete(occasion: Occasion) -> Wording:
    """Only a part of a long message arrived."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan diterima, tetapi SMS Anda terpotong dan hanya sebagian yang sampai. Mohon balas dgn bagian yang belum masuk"
        ),
        letter=_(
            "Laporan {reference} kami terima, tetapi hanya sebagian pesan Anda yang sampai. Mohon balas dengan bagian yang "
            "belum masuk."
        ),
        subject=_("Pesan Anda terpotong"),
    )


def remind_place(occasion: Occasion) -> Wording:
    """We still do not know where."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: kami masih menunggu tempat kejadian. Balas dgn nama desa/kelurahan, kecamatan dan kab/kota agar bisa diteruskan"
        ),
        letter=_(
            "Kami masih menunggu tempat kejadian untuk laporan {reference}. Mohon balas dengan nama desa atau kelurahan, "
            "kecamatan, dan kabupaten atau kota, agar laporan bisa diteruskan."
        ),
        subject=_("Di mana kejadiannya?"),
    )


def which_report(occasion: Occasion, *, other: str, answer: str) -> Wording:
    """Two questions wait, and the answer fits both."""
    return _say(
        occasion,
        sms=_("LAPOR: jawaban Anda utk laporan yang mana? Balas {reference} {answer} atau {other} {answer}"),
        letter=_(
            "Jawaban Anda bisa untuk laporan {reference} atau {other}. Mohon balas dengan nomor laporan di depan jawaban: "
            "{reference} {answer} atau {other} {answer}."
        ),
        subject=_("Untuk laporan yang mana?"),
        other=other,
        answer=answer,
    )


def name_a_report(occasion: Occasion, *, command: str, other: str) -> Wording:
    """A command that changes something, without a number, from somebody with several reports."""
    return _say(
        occasion,
        sms=_(
            "LAPOR: ada beberapa laporan Anda yang berjalan. Balas {command} dgn nomornya, misalnya {command} {reference} atau {command} {other}"
        ),
        letter=_(
            "Ada beberapa laporan Anda yang sedang berjalan. Mohon balas {command} dengan nomornya, misalnya {command} "
            "{reference} atau {command} {other}."
        ),
        subject=_("Untuk laporan yang mana?"),
        command=command,
        other=other,
    )


def withdrawn(occasion: Occasion) -> Wording:
    """BATAL."""
    return _say(
        occasion,
        sms=_("LAPOR {reference}: laporan dicabut atas permintaan Anda. Untuk membukanya lagi, balas BUKA {reference}"),
        letter=_("Laporan {reference} dicabut atas permintaan Anda. Untuk membukanya lagi, balas BUKA {reference}."),
        subject=_("Laporan Anda dicabut"),
    )


def reopened(occasion: Occasion) -> Wording:
    """BUKA."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan dibuka kembali dan disampaikan ke petugas. Balas SMS ini bila ada keterangan tambahan"
        ),
        letter=_("Laporan {reference} dibuka kembali dan disampaikan ke petugas. Balas bila ada keterangan tambahan."),
        subject=_("Laporan Anda dibuka kembali"),
    )


def rated(occasion: Occasion) -> Wording:
    """A rating is kept."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: terima kasih atas penilaian Anda. Bila masalahnya belum beres, balas BUKA {reference}"
        ),
        letter=_(
            "Terima kasih atas penilaian Anda untuk laporan {reference}. Bila belum beres, balas BUKA {reference}."
        ),
        subject=_("Terima kasih atas penilaian Anda"),
    )


def kept_secret(occasion: Occasion) -> Wording:
    """RAHASIA."""
    return _say(
        occasion,
        sms=_("LAPOR {reference}: isi laporan ini dirahasiakan dan tidak ditampilkan kepada umum"),
        letter=_("Isi laporan {reference} dirahasiakan dan tidak ditampilkan kepada umum."),
        subject=_("Laporan Anda dirahasiakan"),
    )


def kept_anonymous(occasion: Occasion) -> Wording:
    """ANONIM."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: nama dan nomor Anda tidak ditampilkan kepada umum maupun kepada pihak yang dilaporkan"
        ),
        letter=_(
            "Nama dan alamat Anda dalam laporan {reference} tidak ditampilkan kepada umum maupun kepada pihak yang dilaporkan."
        ),
        subject=_("Identitas Anda tidak ditampilkan"),
    )


def help_(occasion: Occasion) -> Wording:
    """BANTUAN: how to use us, in one SMS."""
    return _say(
        occasion,
        sms=_(
            "LAPOR: tulis kejadian, desa, kecamatan, kab/kota. Lalu dgn nomor laporan: CEK, BATAL, BUKA, SELESAI, RAHASIA, ANONIM. STOP: jangan dibalas. Tarif SMS biasa"
        ),
        letter=_(
            "Tulis apa yang terjadi dan di mana: desa atau kelurahan, kecamatan, kabupaten atau kota. Dengan nomor laporan "
            "Anda bisa mengirim CEK, BATAL, BUKA, SELESAI, RAHASIA atau ANONIM. STOP: kami tidak membalas lagi."
        ),
        subject=_("Cara melapor"),
    )


def opted_out(occasion: Occasion) -> Wording:
    """STOP: the last word from us, and how to get the next."""
    return _say(
        occasion,
        sms=_(
            "LAPOR: kami tidak akan mengirim SMS lagi ke nomor ini. Laporan Anda tetap diproses. Kirim MULAI bila ingin dibalas lagi"
        ),
        letter=_(
            "Kami tidak akan menulis lagi ke alamat ini. Laporan Anda tetap diproses. Kirim MULAI bila ingin dibalas lagi."
        ),
        subject=_("Kami tidak akan membalas lagi"),
    )


def opted_in(occasion: Occasion) -> Wording:
    """MULAI."""
    return _say(
        occasion,
        sms=_("LAPOR: Anda akan menerima balasan kami. Kirim BANTUAN utk cara melapor, STOP utk berhenti"),
        letter=_("Anda akan menerima balasan kami. Kirim BANTUAN untuk cara melapor, STOP untuk berhenti."),
        subject=_("Anda akan menerima balasan kami"),
    )


def queued(occasion: Occasion) -> Wording:
    """We have said much to this person already, or there is a flood: it is here, and it waits."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: pesan Anda diterima dan sedang antre. Mohon tunggu, tidak perlu dikirim ulang. Cek: balas CEK {reference}"
        ),
        letter=_("Pesan Anda kami terima dengan nomor {reference} dan sedang antre. Anda tidak perlu mengirim ulang."),
        subject=_("Pesan Anda sedang antre"),
    )


def nothing_open(occasion: Occasion) -> Wording:
    """A command without a number, from somebody who has no report."""
    return _say(
        occasion,
        sms=_(
            "LAPOR: tidak ada laporan yang berjalan dari nomor HP ini. Utk melapor, tulis kejadian, desa, kecamatan dan kab/kota"
        ),
        letter=_("Tidak ada laporan yang sedang berjalan dari alamat ini."),
        subject=_("Tidak ada laporan"),
    )


def status(occasion: Occasion, *, state: str, place: str) -> Wording:
    """The answer to CEK."""
    where = translated(_("{state} di {place}") if place else _("{state}"), occasion.language)
    return _say(
        occasion,
        sms=_("LAPOR {reference}: {where}"),
        letter=_("Laporan {reference}: {where}."),
        subject=_("Status laporan Anda"),
        where=where.format(state=translated(state, occasion.language), place=place),
    )


def unknown_reference(occasion: Occasion) -> Wording:
    """CEK for a report that is not this sender's, or none at all: the same words for both."""
    return _say(
        occasion,
        sms=_(
            "LAPOR: nomor laporan itu tidak ditemukan utk nomor HP ini. Utk melapor, tulis kejadian, desa, kecamatan dan kab/kota"
        ),
        letter=_("Nomor laporan itu tidak ditemukan untuk alamat ini."),
        subject=_("Laporan tidak ditemukan"),
    )


#: The states as a citizen reads them.
STATE_WORDS: Final[dict[str, str]] = {
    "diterima": _("diterima"),
    "menunggu_verifikasi": _("sedang diverifikasi"),
    "tertunda": _("menunggu jawaban Anda"),
    "terverifikasi": _("terverifikasi"),
    "terdisposisi": _("sudah diteruskan, menunggu tanggapan"),
    "diproses": _("sedang diproses"),
    "ditindaklanjuti": _("sudah ditanggapi"),
    "ditanggapi_pelapor": _("tanggapan Anda diterima petugas"),
    "selesai": _("selesai"),
    "dibuka_kembali": _("dibuka kembali"),
    "dikembalikan": _("sedang diverifikasi kembali"),
    "diteruskan": _("diteruskan ke instansi lain"),
    "digabung": _("digabung dengan laporan lain"),
    "diarsipkan": _("diarsipkan"),
}
