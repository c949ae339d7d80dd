"""Does the sender ask for secrecy, and of what kind?

Two independent flags, as in SP4N-LAPOR!: *rahasia* (the text is not public) and *anonim* (the name is not shown). A
wish like "jangan sebut nama saya" sets both: whoever fears to be known is mostly known by what they tell. The bare word
"anonim" sets only the second.

What surprises: "rahasia" is often not a wish ("sudah rahasia umum", "anggarannya dirahasiakan"), so it counts only
near a word of asking or of the sender's own; and it is taken back by a "tidak perlu" in front of it.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from intake.understand.classify.lexicon import Lexicon, Reading
from intake.understand.classify.matching import Hit

_SHORT_REQUEST = re.compile(r"^\W*(rahasia|anonim)\b(?!\s+umum)|\b(rahasia|anonim)\W*$")
_TAKES_BACK = frozenset({"perlu", "usah", "bukan"})
_REFUSABLE = ("rahasia", "anonim", "samar", "sembunyi")
_STRONG_TOPIC, _LIKELY, _LIKELY_IF_SPOKEN = 18.0, 0.3, 0.05
_HINTS = frozenset(
    {"record", "secret", "confidential", "redaksi", "samaran", "rhs", "perlindungan", "lindungi", "dilindungi", "siapa"}
    | {"dikenal", "kenal", "hide", "nama", "identitas", "jati", "data", "biodata", "inisial", "nomor", "nomer", "hp"}
    | {
        "asma",
        "namo",
        "jeneng",
        "sumber",
        "jangan",
        "tandatangani",
        "ditandatangani",
        "ojo",
        "aja",
        "ojok",
        "ulah",
        "jan",
        "jang",
    }
    | {
        "jo",
        "ampun",
        "sampun",
        "usah",
        "ulun",
        "takut",
        "wedi",
        "ajrih",
        "sieun",
        "takuik",
        "jejeh",
        "jeri",
        "boleh",
        "keamanan",
        "terlibat",
    }
    | {
        "dimusuhi",
        "dicari",
        "dipecat",
        "diteror",
        "dipersulit",
        "diancam",
        "dikucilkan",
        "dilabrak",
        "didatangi",
        "kita",
        "sendiri",
        "muncul",
        "tampil",
        "nongol",
        "curiga",
        "tahu",
        "dilihat",
        "dibaca",
        "diakses",
        "tong",
    }
)
_HINT_PARTS = ("rahas", "samar", "ungkap", "rapat", "hanya untuk")
_ABOUT_SENDER = r"(?:nama|identitas|jati diri|data diri|biodata|inisial|nomor|nomer|hp|asma|namo|jeneng)"
_ASKS = (
    r"\b(?:off (?:the )?record|keep (?:it )?(?:a )?secret|confidential|nama ada pada redaksi|bukan nama sebenarnya"
    r"|nama samaran|rhs|rhsia|rahsia|(?:di ?)?rahasia(?:in|ken|kno)|disamarin"
    r"|(?:tolong|mohon|minta|harap|agar|supaya|biar|jadi|ya) (?:\w+ ){0,3}(?:rahasiakan|dirahasiakan|disamarkan|samarkan)"
    r"|kerahas\w+|perlindungan (?:saksi|pelapor|hukum|kalau|buat saya|untuk saya)|minta (?:di)?lindung\w*"
    r"|(?:ingin|mau|minta|biar|supaya) tetap tidak (?:di)?kenal|(?:hide|sembunyikan|lindungi|tutupi?) "
    + _ABOUT_SENDER
    + r"|"
    + _ABOUT_SENDER
    + r" (?:\w+ ){0,3}(?:di ?tutup(?! pohon)|ditutupi|disensor|diblur|disembunyikan|dilindungi)"
    r"|(?:tidak|belum|maaf tidak) (?:\w+ ){0,2}(?:menyebut|menyebutkan|sebut|sebutkan|cantumkan|mencantumkan|nyebut"
    r"|ngasih|kasih|memberi|memberikan|menulis|tulis) (?:nama|identitas|jati diri)"
    r"(?! (?:jalan|gang|toko|desa|orang|obat|dokter))"
    r"|(?<!kami tidak )(?<!saya tidak )(?<!warga tidak )(?:tahu|tau) siapa (?:yang )?"
    r"(?:kirim|lapor|ngadu|mengadu|adu|nulis|menulis|sms|mengirim|melapor|melaporkan)"
    r"|jangan (?:sampai )?(?:ada )?(?:yang|orang|siapa) (?:\w+ )?(?:tahu|tau)|jangan (?:\w+ )?(?:diketahui|cerita|ceritakan)"
    r"|(?:antara|cukup) kita (?:berdua|saja)|demi keamanan(?! (?:warga|siswa|anak|jalan|pengguna|lingkungan|bersama))"
    r"|jangan (?:\w+ )?(?:sangkut\w*|disangkut\w*|libatkan(?! anak)|dilibatkan|seret|diseret|bawa nama"
    r"(?! (?:rakyat|masyarakat|warga|orang|agama|tuhan|bangsa))|dibawa bawa)"
    r"|saya tidak (?:mau|ingin) (?:terlibat|dilibatkan|terseret|jadi saksi|dibawa bawa|ada masalah|dimusuhi|dicari)"
    r"|nanti saya (?:yang )?(?:\w+ )?(?:dicari|dimusuhi|dikucilkan|dipecat|diteror|dipersulit|diancam|dilabrak|didatangi)"
    r"|sumber (?:\w+ ){0,2}jangan|jangan (?:\w+ ){0,2}(?:ekspos|expose|dishare|upload|diunggah|dibocorkan|bocorin)"
    r"|(?:surat|laporan|sms|pesan|aduan|isi) (?:\w+ ){0,2}hanya untuk (?:bapak|ibu|pak|bu|bupati|inspektorat|walikota)"
    r"|(?:jangan|tidak) (?:\w+ ){0,2}(?:di ?ungkap\w*|diungkapkan|dicantumkan sebagai pelapor)"
    r"|jangan (?:\w+ )?di(?:kasih|kasi|beri|perlihatkan|tunjukkan) (?:lihat|tahu|tau|ke (?:orangnya|yang bersangkutan))"
    r"|(?:simpan|disimpan|pegang|jaga|dijaga) rapat"
    r"|tidak (?:saya |kami )?(?:tandatangani|tanda tangani|ditandatangani) karena"
    r"|(?:ojo|aja|ojok|ulah|jan|jang|jo|ampun|sampun|ndak usah|tak usah|usah|ulun) (?:\w+ ){0,3}"
    r"(?:bilang|bebeja|ngomong|omong|sabuik|sebut|disebut|nyebut|carita|kandah|dibeja\w*|kasi tau|padahan|sambat)"
    r"|(?:takut|wedi|ajrih|sieun|takuik|jejeh|gamang|jeri) (?:\w+ ){0,4}(?:tahu|tau|ketahuan|ketauan|kaweruhan"
    r"|disengiti|dimarahi|diintimidasi|dendam|dibalas|dibales|membalas|dibenci|dipecat|diteror|digerebek|diapa apakan)"
    r"|(?:suami|istri|orang rumah|bos|mandor|atasan|kades|kadus|rt|rw|lurah|mereka|dia|pelaku) (?:\w+ )?"
    r"(?:tidak boleh|jangan sampai|jangan) (?:tahu|tau)"
    r"|(?:bapak|ibu|pak|bu|admin|min) (?:simpan|pegang) sendiri"
    r"|(?:tidak|belum) (?:\w+ )?(?:siap|berani|bisa|mau|ingin|dapat|sanggup) (?:\w+ )?(?:buka|membuka|ungkap|mengungkap"
    r"|mengungkapkan|perlihatkan|memperlihatkan|tunjukkan|menunjukkan) (?:nama|identitas|jati diri|siapa|muka|wajah)"
    r"|(?:ampun|sampun|ojo|aja|ojok|ulah|tong|jan|jang|usah|jangan) (?:\w+ ){0,5}"
    r"(?:kewiyak|konangan|kawruhan|kaweruhan|kauninga|kanyahoan|katahuan|kadangaran|tacium|tercium)"
    r"|jangan (?:\w+ )?(?:di ?)?(?:omong|omongin|omongkan|ngomong|gosipkan|kabarkan|umbar|beberkan|koarkan|sampaikan)"
    r" (?:\w+ )?(?:ke|kepada|sama|pada) (?:siapa|orang|tetangga|warga|yang|pihak|kades|rt|rw|lurah|bos|atasan)"
    r"|nanti (?:para )?(?:tetangga|suami|istri|mereka|orangnya|orang itu|dia|bos|mandor|atasan|mertua|majikan|pelakunya)"
    r" (?:\w+ )?(?:curiga|tahu|tau|dengar|baca|membaca|mendengar)"
    r"|(?:isi|aduan|laporan|pesan|surat|sms|keluhan|nama|identitas) (?:\w+ ){0,3}(?:tidak|jangan) (?:\w+ ){0,2}"
    r"(?:dilihat|dibaca|diakses|terlihat|terbaca) (?:\w+ )?(?:orang|umum|publik|siapa|yang|warga|pihak|oleh)"
    r"|(?:tolong|mohon|minta|harap|agar|supaya|biar|kalau bisa|sebisa mungkin|sebaiknya) (?:\w+ )?"
    r"(?:nama|identitas|nomor) (?:saya|kami|pelapor|pengirim) (?:\w+ )?(?:dihilangkan|dicoret|dikosongkan|dibuang"
    r"|ditiadakan|dilepas)(?! dari (?:daftar|dtks|pkh|data|penerima))"
    r"|jangan (?:\w+ ){0,3}(?:nama|identitas|alamat) (?:saya|kami) (?:\w+ )?(?:metu|muncul|keluar|tampil|nongol|tercantum"
    r"|kesebut|kebawa|terbawa|ikut)|tidak (?:mau|ingin) (?:nama|identitas|alamat) (?:saya|kami) (?:\w+ )?(?:tercantum|muncul"
    r"|keluar|disebut|diketahui|dibaca)|(?:kami|keluarga (?:saya|kami)) tidak (?:mau|ingin) (?:disebut|dikenal|dikenali)"
    r"|(?:kosongkan|hilangkan|coret|buang) (?:nama|identitas|nomor) (?:saya|kami|pelapor|pengirim)"
    r"|(?:saya|kami) (?:\w+ ){0,4}tidak (?:mau|ingin|usah|perlu) (?:muncul|tampil|nongol|kelihatan|terlihat)"
    r"(?! (?:masalah|lagi|keributan|konflik)))\b"
)
_OPENS = frozenset({
    "off", "keep", "confidential", "nama", "bukan", "rhs", "rhsia", "rahsia", "di", "disamarin", "tolong", "mohon",
    "minta", "harap", "agar", "supaya", "biar", "jadi", "ya", "perlindungan", "ingin", "mau", "hide", "sembunyikan",
    "lindungi", "tutup", "tutupi", "identitas", "jati", "data", "biodata", "inisial", "nomor", "nomer", "hp", "asma",
    "namo", "jeneng", "tidak", "belum", "maaf", "tahu", "tau", "jangan", "antara", "cukup", "demi", "saya", "nanti",
    "sumber", "surat", "laporan", "sms", "pesan", "aduan", "isi", "keluhan", "simpan", "disimpan", "pegang", "jaga",
    "dijaga", "ojo", "aja", "ojok", "ulah", "jan", "jang", "jo", "ampun", "sampun", "ndak", "tak", "usah", "ulun",
    "takut", "wedi", "ajrih", "sieun", "takuik", "jejeh", "gamang", "jeri", "suami", "istri", "orang", "bos", "mandor",
    "atasan", "kades", "kadus", "rt", "rw", "lurah", "mereka", "dia", "pelaku", "bapak", "ibu", "pak", "bu", "admin",
    "min", "tong", "kalau", "sebisa", "sebaiknya", "kosongkan", "hilangkan", "coret", "buang", "kami", "keluarga",
})  # fmt: skip
_OPENING_PARTS = ("rahasia", "dirahasia", "kerahas")
"""The words one of which every request in ``_ASKS`` begins with: it is tried there only, which takes a fifth of the time."""
_OTHERS_HIDE = re.compile(
    r"rahasia(?:in|kan)? (?:terjamin|umum|negara|dagang|bank|kode)|kerahasiaan (?:terjamin|data nasabah)"
)
_LOOK_ALIKES = (
    ("bilang", r"jangan (?:cuma |hanya |selalu )?bilang (?:\w+ )?(?:tidak|belum|nanti|sudah|masih|akan|anggaran)"),
    ("bocor", r"\b(?:pipa|atap|air|keran|kran|ledeng|genteng|tangki|tanggul|selang|gas|got) (?:\w+ ){0,6}bocor"),
    ("siapa", r"(?:saya|kami|warga) (?:\w+ )?tidak (?:pernah )?tahu siapa"),
    ("jangan", r"^(?!.*jangan.*jangan).*nama (?:saya |kami )?jangan (?:\w+ )?(?:dihapus|dicoret|dihilangkan)"),
    (
        "jangan",
        r"^(?!.*jangan.*jangan).*jangan (?:hapus|coret|hilangkan|bawa bawa|bawa|jual) nama (?!saya|kami|pelapor)",
    ),
    (
        "jangan",
        r"^(?!.*jangan.*jangan).*(?:petugas|oknum|kades|dia|rt|lurah) (?:\w+ )?(?:bilang|pesan|suruh) (?:\w+ )?jangan",
    ),
    ("rahasia", r"(?:kode|nomor) rahasia|rahasia (?:pasien|negara|alam|dapur)"),
    ("bocor", r"data (?!saya|kami|pelapor|diri|pribadi|pengadu)\w+ (?:\w+ )?bocor"),
    ("nomor", r"nomor (?:antri\w*|antre\w*|loket|rumah|induk|kendaraan|polisi|rekening|urut|peserta)"),
    ("nama", r"nama (?:\w+ )?(?:jalan|gang|desa|dusun|anak|ibu|ayah|bapak|istri|suami|toko|sekolah|obat|orang tua)\b"),
    ("nama", r"(?:papan|ganti|beri|kasih|salah|ejaan) (?:\w+ )?nama|nama (?:\w+ ){0,4}salah|tanpa nama di\b"),
)
"""Words near each other that mean something else: a pipe that leaks, the number of a queue, the name of a street."""
_SPEAKS_OF_IT = frozenset(
    {"jangan", "rahasia", "nama", "identitas", "takut", "sebut", "siapa", "tahu", "hanya", "cukup", "diam", "bocor"}
    | {"kenal", "dikenal", "sembunyi", "malu", "tanpa", "khusus", "lindungi", "pelapor", "hapus", "umum", "publik"}
    | {"bilang", "kasih", "ketahuan", "ancam", "dendam", "balas", "pecat", "aman", "keamanan", "keselamatan", "inisial"}
    | {"samar", "tutup", "cerita", "khawatir", "risiko", "intimidasi", "teror", "ribut", "muncul", "tampil", "sebar"}
    | {"share", "baca", "nomor", "hubungi", "telepon", "wedi", "sieun", "data", "pribadi", "jaga", "sampai", "sumber"}
)


class Wish(NamedTuple):
    """What the sender asks for, and the words that say so. ``said`` is false where only the judge thinks so."""

    secret: bool
    anonymous: bool
    words: tuple[str, ...]
    said: bool


def find_wish(lexicon: Lexicon, reading: Reading, likely: float = 0.0) -> Wish:
    """Return the wish for secrecy found in ``reading``.

    ``likely`` is the judge's probability that the sender asks: where no rule says so either way, it decides. A wish that
    is missed may cost somebody their work; one that is imagined costs a click.
    """
    number = lexicon.number
    asked, hidden, withdrawn = number["sec.minta"], number["sec.anonim"], number["sec.cabut"]
    secret: list[str] = []
    anonymous: list[str] = []
    scores, spoken = reading.scores, " ".join(reading.words)
    taken_back = _places_of(withdrawn, reading.hits) if scores[withdrawn] else []
    asks = scores[asked] or scores[hidden]
    mistaken = _mistaken(spoken) if asks else set()
    for hit in reading.hits if asks else ():
        kinds = {place for place, _ in hit.worth} & {asked, hidden}
        if not kinds or _is_taken_back(hit.start, hit.end, taken_back, reading.roots):
            continue
        if mistaken and not mistaken.isdisjoint(reading.roots[hit.start : hit.end + 1 : max(1, hit.end - hit.start)]):
            continue
        if asked in kinds:
            secret.append(hit.term)
        if hidden in kinds:
            anonymous.append(hit.term)
    plain = _plain_request(spoken) if _may_ask(reading) else None
    if plain and not taken_back and not _refused(spoken, plain.start()):
        anonymous.append(plain.group(0))
    decided = secret or anonymous or taken_back or mistaken
    if not decided and likely >= (_LIKELY if _SPEAKS_OF_IT.isdisjoint(reading.roots) else _LIKELY_IF_SPOKEN):
        return Wish(True, True, ("kalimatnya",), said=False)
    short = _SHORT_REQUEST.search(reading.text) if "rahasia" in spoken or "anonim" in spoken else None
    if short and not taken_back:
        word = short.group(1) or short.group(2)
        (anonymous if word == "anonim" else secret).append(word)
    only_anonymous = all(word == "anonim" for word in anonymous)
    return Wish(
        bool(secret) or (bool(anonymous) and not only_anonymous),
        bool(anonymous),
        tuple(dict.fromkeys(word.replace("_", " ").replace("~", " … ") for word in secret + anonymous)),
        said=bool(secret or anonymous),
    )


def _places_of(number: int, hits: list[Hit]) -> list[tuple[int, int]]:
    """Return where the terms of a class stand."""
    return [(hit.start, hit.end) for hit in hits if any(place == number for place, _ in hit.worth)]


def _may_ask(reading: Reading) -> bool:
    """Whether a word stands in the text without which no plain request is made: most texts are spared the search."""
    return not _HINTS.isdisjoint(reading.words) or any(part in reading.text for part in _HINT_PARTS)


def _plain_request(spoken: str) -> re.Match[str] | None:
    request, start = _compiled(_ASKS), 0
    for word in spoken.split(" "):
        if word in _OPENS or word.startswith(_OPENING_PARTS):
            found = request.match(spoken, start)
            if found is not None:
                return found
        start += len(word) + 1
    return None


def _mistaken(spoken: str) -> set[str]:
    return {word for word, pattern in _LOOK_ALIKES if _compiled(pattern).search(spoken)}


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return ``pattern`` ready for use; made when first needed, because starting must be quick."""
    return re.compile(pattern)


def _refused(spoken: str, start: int) -> bool:
    """Whether what stands at ``start`` is not asked for but spoken of: refused, or done by somebody else."""
    before = spoken[:start].split()[-3:]
    if "jangan" not in before and not _TAKES_BACK.isdisjoint(before):
        return True
    return bool(_OTHERS_HIDE.search(spoken, start))


def _is_taken_back(start: int, end: int, taken_back: list[tuple[int, int]], roots: list[str]) -> bool:
    if any(first <= end and start <= last for first, last in taken_back):
        return True
    for place in range(start, end + 1):
        if roots[place].startswith(_REFUSABLE):
            before = roots[max(0, place - 2) : place]
            if _TAKES_BACK.intersection(before) and "jangan" not in before:
                return True
    return False


def topic_demands_secrecy(lexicon: Lexicon, reading: Reading, topic: str) -> str | None:
    """Return the code of the topic that makes a report secret by itself (levies, abuse, violence), or None."""
    if lexicon.taxonomy.topic(topic).secret and reading.scores[lexicon.number[topic]] > 0:
        return topic
    for code in lexicon.secret_topics:
        if reading.scores[lexicon.number[code]] >= _STRONG_TOPIC:
            return code
    return None
