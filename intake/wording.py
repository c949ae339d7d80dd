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


def emergency(occasion: Occasion) -> Wording:
    """Danger to life now: whom to call. Goes out at once, beside everything else."""
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
    """Finished; how to say that it is not."""
    return _say(
        occasion,
        sms=_(
            "LAPOR {reference}: laporan dinyatakan selesai. Terima kasih. Bila masalah belum beres, balas SMS ini dgn keterangan Anda"
        ),
        letter=_(
            "Laporan {reference} dinyatakan selesai. Terima kasih. Bila masalahnya belum beres, balas dengan keterangan Anda."
        ),
        subject=_("Laporan Anda selesai"),
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
