"""How an SMS is written: the forms people were taught for 1708 and its like, taken apart so that the rest can be read.

Every form is optional, free text is always welcome. ``KAB. NGANJUK<spasi>isi``, ``LAPOR isi``, ``nama#kota#isi`` with its
fields in any order, ``(LOK)ds antasari (JB)banjir``, and ``1708`` typed first: all were advertised by some office.

What surprises: fields are told apart by what they hold, never by where they stand; and the place words are kept for the
resolver in ``places``, while ``body``, for the classifier, has the form taken off. Nothing here is shown to anybody:
officers read what the citizen typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from intake.understand.classify import classify
from intake.understand.locate import locate, regencies
from intake.understand.locate.words import usual_words


@dataclass(frozen=True, slots=True)
class Told:
    """An SMS taken apart. ``secret`` and ``anonymous`` are asked for by a word in front (RAHASIA, ANONIM)."""

    body: str
    places: str
    name: str = ""
    secret: bool = False
    anonymous: bool = False


_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SEPARATORS: Final = r"[\s:#,.;!?>)*\-–]"
_SHORT_CODE: Final = re.compile(rf"\W*(?:(?:sms|ke|to|kirim)\s+)*1708(?!\d){_SEPARATORS}*", re.IGNORECASE)
# Always a form in front; and words that are one only where no sentence goes on with them ("aduan saya kemarin ...").
_KEYWORD: Final = re.compile(rf"\W*(?:lapor(?:kan)?|mengadu|ngadu|sambat|reg|ulang)(?=\W){_SEPARATORS}+", re.IGNORECASE)
_NOUN: Final = re.compile(
    rf"\W*(?:laporan|lap|aduan|pengaduan|keluhan|info|informasi|sms)(?=\W)"
    rf"(?:\s*[:#,;>\-–]{_SEPARATORS}*|\s+(?!(?:saya|sy|sya|kami|ku|kemarin|kmrn|kmarin|tadi|yg|yang|no|nomor|nmr|ini|itu|"
    r"dari|dr|tentang|ttg|soal|warga|masyarakat|sudah|sdh|belum|blm|tidak|tdk|palsu|center|gateway)\b))",
    re.IGNORECASE,
)
# "Rahasia umum" is an open secret, "rahasia negara" somebody else's.
_SECRET: Final = re.compile(
    rf"\W*rahasia(?:kan)?(?=\W)(?!\s+(?:umum|negara|dapur|dagang|perusahaan)\b){_SEPARATORS}+", re.IGNORECASE
)
_ANONYMOUS: Final = re.compile(rf"\W*anonim(?=\W){_SEPARATORS}+", re.IGNORECASE)
_TYPED_SPACE: Final = re.compile(r"[<(\[] ?spasi ?[>)\]] ?", re.IGNORECASE)

_TAG: Final = re.compile(r"\(\s*([A-Za-z]{2,8})\s*\)\s*")
_PLACE_TAGS: Final = frozenset({"lok", "lokasi", "tempat", "tmp", "alamat", "almt"})
_TOLD_TAGS: Final = frozenset({"jb", "jenis", "isi", "kejadian", "kej", "jk", "aduan", "ket", "kor", "par", "rsk"})
_WHEN_TAGS: Final = frozenset({"tbt", "tgl", "tanggal", "pkl", "jam", "wkt", "waktu"})
_NAME_TAGS: Final = frozenset({"nama", "nm", "pel", "pelapor"})
_TAGS: Final = _PLACE_TAGS | _TOLD_TAGS | _WHEN_TAGS | _NAME_TAGS

_PLACE_CUE: Final = re.compile(
    r"(?:kab|kabupaten|kota|kodya|kec|kecamatan|ds|desa|kel|kelurahan|dsn|dusun|prov|provinsi|jl|jln|jalan|rt|rw|gang|gg"
    r"|nagari|gampong|pekon|distrik|kampung|kp|lokasi|alamat)\b",
    re.IGNORECASE,
)
_PERSON: Final = re.compile(r"(?:nama\s*[:=]?\s*)?[^\W\d_][^\W\d_'.]*(?:\s+[^\W\d_][^\W\d_'.]*){0,3}\.?", re.IGNORECASE)
_MOST_FIELDS: Final = 12
_SHORT_FIELD_WORDS: Final = 6


def read_sms(text: str) -> Told:
    """Take an SMS apart. Never raises; a text in no known form comes back as body and places alike."""
    rest = _TYPED_SPACE.sub(", ", _INVISIBLE.sub("", text)).strip()
    secret = anonymous = False
    for _ in range(5):
        for form in (_SHORT_CODE, _KEYWORD, _NOUN, _SECRET, _ANONYMOUS):
            found = form.match(rest)
            if found is None or found.end() >= len(rest):
                continue
            secret |= form is _SECRET
            anonymous |= form is _ANONYMOUS
            rest = rest[found.end() :]
            break
        else:
            break
    told = _by_tags(rest) or _by_fields(rest) or (_behind_regency(rest), rest, "")
    return Told(*told, secret=secret, anonymous=anonymous)


_REGENCY_IN_FRONT: Final = re.compile(
    r"\W*(?:kab(?:upaten)?|kota)\b[\s.]*(?P<rest>[^\W\d_].*)", re.IGNORECASE | re.DOTALL
)
_MOST_NAME_WORDS: Final = 4


def _behind_regency(text: str) -> str:
    """The text behind ``KAB. NGANJUK``, where a regency's name stands in front; the resolver still sees it all."""
    found = _REGENCY_IN_FRONT.match(text)
    if found is None:
        return text
    names = _regency_names()
    words = list(re.finditer(r"[^\W_]+", found["rest"][:80]))[:_MOST_NAME_WORDS]
    for count in range(len(words), 0, -1):
        if " ".join(word[0].lower() for word in words[:count]) in names:
            return found["rest"][words[count - 1].end() :].strip(" ,.:;#-\n") or text
    return text


@lru_cache(maxsize=1)
def _regency_names() -> frozenset[str]:
    return frozenset(regency.short.partition(" ")[2].lower() for regency in regencies().values())


def _by_tags(text: str) -> tuple[str, str, str] | None:
    """``(TBT)160507, (JB)Banjir, (LOK)ds antasari``: two known tags at least."""
    pieces = _TAG.split(text)
    tagged = [(pieces[i].lower(), pieces[i + 1].strip(" ,;.\n")) for i in range(1, len(pieces) - 1, 2)]
    if sum(tag in _TAGS for tag, _ in tagged) < 2:
        return None
    places = [value for tag, value in tagged if tag in _PLACE_TAGS and value]
    name = next((value for tag, value in tagged if tag in _NAME_TAGS), "")
    told = [pieces[0].strip(" ,;")]
    told += [value for tag, value in tagged if tag not in _PLACE_TAGS | _NAME_TAGS | _WHEN_TAGS and value]
    body = ", ".join(part for part in told if part)
    return body, ". ".join([*places, body]), name


def _by_fields(text: str) -> tuple[str, str, str] | None:
    """``nama#kota#isi``, whatever the order. ``jl mawar #12`` is no form: what begins with a digit is no field."""
    fields = [field.strip(" ,;.\n") for field in text.split("#")[:_MOST_FIELDS]]
    fields = [field for field in fields if field]
    if len(fields) < 2 or any(field[0].isdigit() for field in fields[1:]):
        return None
    story = max(range(len(fields)), key=lambda at: (not classify(fields[at]).spam, len(fields[at].split())))
    places: list[str] = []
    others: list[str] = []
    names: list[str] = []
    for at, field in enumerate(fields):
        short = len(field.split()) <= _SHORT_FIELD_WORDS
        if at == story:
            others.append(field)
        elif _PLACE_CUE.match(field) or (short and locate(field).probability >= 0.25):
            places.append(field)
        elif _PERSON.fullmatch(field) and not names:
            names.append(field)
        else:
            others.append(field)
    body = ", ".join(others)
    return body, ". ".join([", ".join(places), body]) if places else body, "".join(names)


_OWN_BEGINNING: Final = re.compile(
    r"\W*(?:1708|lapor|laporan|aduan|pengaduan|ralat|ass|asl|aslm|assalam\w*|selamat|slmt|met|yth|kepada|kpd|halo|hallo|permisi"
    r"|kab|kabupaten)\b",
    re.IGNORECASE,
)
#: Longer runs of letters are no words (and would make the search below slow).
_LONGEST_WORD: Final = 40
_LAST_WORD: Final = re.compile(r"([^\W\d_]+)$")
_FIRST_WORD: Final = re.compile(r"([^\W\d_]+)")


def begins_anew(text: str) -> bool:
    """Whether a message opens as a message of its own does: a form word, a greeting."""
    return _OWN_BEGINNING.match(text) is not None


def is_cut_inside_word(before: str, after: str) -> bool:
    """Whether one text ends and the next begins inside the same word ("... lampu ja" + "lan mati")."""
    last, first = _LAST_WORD.search(before[-_LONGEST_WORD:]), _FIRST_WORD.match(after)
    if last is None or first is None or not first[1][0].islower():
        return False
    words = usual_words()
    whole = (last[1] + first[1]).lower()
    return whole in words and (last[1].lower() not in words or first[1].lower() not in words)


def join_parts(before: str, after: str) -> str:
    """Two parts of one message as one text; a word that was cut is whole again."""
    if is_cut_inside_word(before, after):
        return before + after
    return f"{before} {after}" if before and after else before or after


_CORRECTION: Final = re.compile(
    r"\W*(?:maaf\W+|mohon maaf\W+|sorry\W+)?(?:pak\W+|bu\W+)?"
    r"(?:ralat|ralatnya|koreksi|revisi|salah (?:ketik|tulis|kirim|sebut|alamat|lokasi)|(?:yg|yang) benar"
    r"|maksud(?:nya(?!\W+(?:apa|gimana|gmn|bagaimana))| (?:saya|sy|sya|kami)|ku)|tadi salah|keliru)\b",
    re.IGNORECASE,
)
_ABOUT_EARLIER: Final = re.compile(
    r"\b(?:laporan|laporn|lap|aduan|pengaduan|keluhan|sms)\W+(?:(?:saya|sy|sya|kami|yg|yang)\W+)?"
    r"(?:saya|sy|sya|kami|kemarin|kmrn|kmarin|tadi|sebelumnya|dulu|itu|tsb|tersebut|tempo hari"
    r"|(?:minggu|mggu|bln|bulan) (?:lalu|kmrn|kemarin))\b"
    r"|\b(?:yg|yang)\W+(?:kemarin|kmrn|kmarin|tadi|saya lapor\w*|sy lapor\w*|saya adukan|sudah (?:saya|sy) lapor\w*)\b"
    r"|^\W*(?:laporan|lap|aduan|pengaduan)\b.{0,40}\b(?:belum|blm|blom|tidak|tdk|gak|ga|nggak|kok|kapan|kpn)\b"
    r"|\b(?:gimana|gmn|gmana|bagaimana|bgmn|kapan|kpn)\b.{0,30}"
    r"\b(?:laporan|aduan|pengaduan|kelanjutan\w*|tindak lanjut\w*|perbaikannya|hasilnya|jawabannya)\b",
    re.IGNORECASE,
)
_THANKS: Final = re.compile(
    r"\W*(?:(?:ok|oke|okay|siap|sip|baik|ya|iya|y|alhamdulillah|mantap|terima ?kasih|terimakasih|trima ?kasih|trimakasih"
    r"|makasih|mksh|mksih|trims|tks|thx|thanks|suwun|matur nuwun|hatur nuhun|banyak|bnyk|pak|pa|pk|bu|ibu|bapak|bpk|min"
    r"|admin|kak|mas|mbak|atas|respon\w*|jawaban\w*|bantuan\w*|infonya|informasinya|sudah|dibantu|ditindaklanjuti|diperbaiki)\W*){1,12}",
    re.IGNORECASE,
)


_ANNOUNCED: Final = re.compile(
    r"\b(?:mau|ingin|pengen|juga|jg|sekalian|sklian|sekaligus|tambah)\W+(?:mau\W+|saya\W+)?(?:me?)?(?:lapor|ngadu|mengadu|adukan)"
    r"|\b(?:lapor|laporan|aduan|masalah)\W+(?:juga|jg|lagi|lain|lainnya|baru|kedua|satu lagi)\b|\bsatu lagi\b",
    re.IGNORECASE,
)


def announces_another(text: str) -> bool:
    """Whether somebody says that this is one more matter ("mau lapor juga pak ...")."""
    return _ANNOUNCED.search(text) is not None


def is_correction(text: str) -> bool:
    """Whether somebody mends what they said before ("ralat: maksud saya ...")."""
    return _CORRECTION.match(text) is not None


def is_about_earlier(text: str) -> bool:
    """Whether a text points back to a report without its number ("laporan saya kemarin kok belum ada tindakan")."""
    return _ABOUT_EARLIER.search(text) is not None


def is_courtesy(text: str) -> bool:
    """Whether a text is thanks or assent and nothing else ("ok makasih pak")."""
    return _THANKS.fullmatch(text.strip()) is not None
