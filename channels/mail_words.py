"""How mail programs announce what they repeat, in Indonesian and in the other languages of their makers.

Expressions only; ``mail_text`` says what follows from them. All of them are anchored, and none looks at a character more
often than a fixed number of times.
"""

from __future__ import annotations

import re
from typing import Final

_VERBS: Final = (
    r"wrote|writes|menulis|berkata|a écrit|schrieb|ha scritto|escribió|escreveu|skrev|schreef|kirjoitti"
    r"|napisał(?:\(a\)|a)?|написал(?:\(а\)|а)?|пишет|píše|napsal(?:\(a\))?|yazdı|έγραψε|nulis|nyerat"
)
_FIRST_WORDS: Final = r"On|Pada|Tanggal|At|Le|Em|No dia|El|Il|Am|Op|Den|Dnia|W dniu|Dne|Dana|Il giorno|Ing dinten"

# "On 1 Nov 2026, at 10:00, X <x@example.com> wrote:" and "Pada tanggal ... menulis:", folded over some lines or not.
INTRODUCTION: Final = re.compile(
    rf"^[ \t>*]*(?:{_FIRST_WORDS})\b.{{4,400}}?\b(?:{_VERBS})[ \t]*:[ \t*]*$", re.IGNORECASE
)
# "Lapor <lapor@example.go.id> menulis:", on one line only: any text may stand in front.
SIGNED_INTRODUCTION: Final = re.compile(
    rf"^.{{1,200}}?<[^<>\n]+@[^<>\n]+>[ \t]*(?:{_VERBS})(?:[ \t].{{0,60}})?[ \t]*:[ \t]*$", re.IGNORECASE
)
# "Pada Sen, 2 Nov 2026 pada 10.15, Lapor<lapor@example.go.id> menulis:   Di mana?": Yahoo on Android goes on in the line.
INTRODUCTION_IN_LINE: Final = re.compile(
    r"^[ \t]*(?:On|Pada)\b[^<>\n]{4,200}[0-9][^<>\n]{0,100}<[^<>\s]+@[^<>\s]+>[ \t]*(?:wrote|menulis):[ \t]{2,}\S",
    re.IGNORECASE,
)
DATE_OR_ADDRESS: Final = re.compile(r"@|[0-9]")
# A time of day, a year, or an address: what an announcement in any language has, and few sentences have before a colon.
MOMENT_OR_ADDRESS: Final = re.compile(r"<[^<>\s]+@[^<>\s]+>|\b[0-9]{1,2}[:.][0-9]{2}\b|\b(?:19|20)[0-9]{2}\b")
# "2026-11-02 10:15 GMT+07:00 Lapor <lapor@example.go.id>:" as an older Gmail wrote it; the colon gets lost.
DATED_WITHOUT_COLON: Final = re.compile(
    r"^[ \t]*[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{1,2}:[0-9]{2} GMT[+-][0-9]{1,2}:[0-9]{2} .{1,200}$"
)
RULER: Final = re.compile(
    r"^[ \t>*]*-{2,}[ \t]*(?:Original (?:Message|Email)|Reply Message|Pesan Asli|Pesan asal|Pesan sebelumnya|E-?mail asli"
    r"|Ursprüngliche (?:Nachricht|E-?Mail)|Message d'origine|Message original|Mensaje original|Mensagem original"
    r"|Messaggio originale|Oorspronkelijk bericht|Ursprungligt meddelande|Opprinnelig melding|Oprindelig meddelelse"
    r"|Исходное сообщение|Wiadomość oryginalna)[ \t]*-{2,}[ \t*]*(?:$|(?:From|Dari)[ \t]*:)",
    re.IGNORECASE,
)
LINE_ABOVE_HEADERS: Final = re.compile(r"^[ \t_*-]*$")
FORWARDED: Final = re.compile(
    r"^[ \t>*]*(?:-{2,}[ \t]*(?:Forwarded (?:message|mail)(?: from .{1,80}?)?|Pesan (?:yang )?(?:di)?teruskan"
    r"|Pesan terusan|Surat terusan|Email (?:yang )?diteruskan)[ \t]*-{2,}"
    r"|Begin forwarded message:|Awal pesan (?:yang )?diteruskan:|Mulai pesan (?:yang )?diteruskan:)",
    re.IGNORECASE,
)
FORWARDING_SUBJECT: Final = re.compile(r"^[ \t]*(?:fwd?|trs|terusan|diteruskan|tr|wg|rv|enc)[ \t]*:", re.IGNORECASE)

FIRST_HEADERS: Final = frozenset(
    {"from", "dari", "von", "de", "da", "van", "från", "fra", "od", "от", "lähettäjä", "kimden", "pengirim"}
)
LATER_HEADERS: Final = frozenset(
    {
        "sent",
        "date",
        "to",
        "cc",
        "subject",
        "dikirim",
        "terkirim",
        "tanggal",
        "waktu",
        "kepada",
        "ke",
        "untuk",
        "tembusan",
    }
    | {
        "subjek",
        "perihal",
        "hal",
        "judul",
        "gesendet",
        "datum",
        "an",
        "betreff",
        "envoyé",
        "date d'envoi",
        "à",
        "objet",
    }
    | {
        "enviado",
        "enviado el",
        "fecha",
        "para",
        "asunto",
        "assunto",
        "data",
        "inviato",
        "a",
        "oggetto",
        "verzonden",
        "aan",
    }
    | {"onderwerp", "skickat", "till", "ämne", "sendt", "til", "emne", "wysłano", "do", "temat", "отправлено", "дата"}
    | {"кому", "тема", "gönderildi", "kime", "konu", "lähetetty", "vastaanottaja", "aihe"}
)
HEADER_LINE: Final = re.compile(
    rf"^[ \t>*]*(?P<name>{'|'.join(sorted(FIRST_HEADERS | LATER_HEADERS, key=len, reverse=True))})"
    r"[ \t]*\*?[ \t]*:\*?(?:[ \t]|$)",
    re.IGNORECASE,
)

_THINGS: Final = (
    r"i(?:phone|pad|pod)|android|galaxy|samsung|xiaomi|redmi|poco|oppo|vivo|realme|infinix|huawei|asus|nokia|lenovo"
    r"|blackberry|windows|outlook|yahoo|gmail|mail|e-?mail|surel|ponsel|perangkat|handphone|hp|gawai|smartphone|telepon"
    r"|tablet|aol|k-9|bluemail|proton|zimbra|thunderbird|spark|aplikasi|mi phone"
)
DEVICE: Final = re.compile(
    r"^[ \t>*_]*(?:"
    rf"(?:Sent|Get|Diterima|Dikirim|Terkirim|Dikirimkan|Dapatkan|Unduh|Dibuat)\b[^\n]{{0,40}}?\b(?:{_THINGS})\b[^\n]{{0,140}}"
    r"|Sent from my\b[^\n]{0,80}|Powered by [^\n]{0,40}BlackBerry[^\n]{0,60}"
    r"|Mohon maaf (?:atas|jika) (?:ringkas|singkat|salah ketik)[^\n]{0,60}"
    r"|(?:Bebas virus|Virus-free)\.?[^\n]{0,80}"
    r")[ \t*_]*$",
    re.IGNORECASE,
)
QUOTED_LINE: Final = re.compile(r"^[ \t]*(?:>|[A-Z]{1,2}>)")
SIGNATURE_RULER: Final = re.compile(r"^[ \t]*--[ \t]*$|^—[ \t]*$")
LONG_RULER: Final = re.compile(r"^[ \t]*_{5,}[ \t]*$")
NOTHING_BUT_SIGNS: Final = re.compile(r"^[ \t]*[-_=~*#+ᐧ.\u2014\u2013]+[ \t]*$")
