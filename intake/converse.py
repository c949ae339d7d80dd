"""What a message wants from a conversation: to report, to ask where a report is, to stop us, to answer us.

Decided from its form alone, before anything is understood: cheap enough for the request that receives it.

A command is the *whole* message. "CEK 7K3-QX4M", "cek laporan saya pak" and "stop, terima kasih" are commands; "cek kondisi
jalan di desa kami" and "stop dulu pembangunan ini" are reports. Politeness around a command is taken off, spelling is
forgiven; a single letter more is forgiven only where a genuine reference stands beside it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from rapidfuzz.distance import DamerauLevenshtein

from channels.gsm import plan
from channels.messages import InboundMessage
from intake.domain.reference import references_in, report_id_of

Command = Literal["cek", "batal", "buka", "selesai", "nilai", "rahasia", "anonim", "bantuan", "stop", "mulai"]


@dataclass(frozen=True, slots=True)
class Reading:
    """``command`` messages open no report; ``mentioned`` are the ids of references typed in the text.

    ``subject_id`` is the report a command names, None where it names none; ``score`` goes with ``nilai``.
    ``answered_already``: the provider confirmed the command itself, so a second confirmation would only cost money.
    """

    kind: Literal["report", "command", "automatic"]
    command: Command | None = None
    subject_id: int | None = None
    mentioned: tuple[int, ...] = ()
    score: int | None = None
    answered_already: bool = False


#: How each command is spelled. All are exact words of a whole message; the first is the one we teach.
SPELLINGS: Final[dict[Command, tuple[str, ...]]] = {
    "cek": ("cek", "check", "chek", "cekk", "cak", "status", "setatus", "statu", "stats", "lacak", "pantau", "ccek"),
    "batal": ("batal", "batalkan", "btal", "btl", "batalin", "cabut", "tarik"),
    "buka": ("buka", "bka", "bukak", "buka kembali", "buka lagi", "dibuka", "buka ulang"),
    "selesai": ("selesai", "slesai", "selsai", "selesei", "sudah selesai", "sdh selesai", "beres", "sudah beres",
                "sdh beres"),
    "nilai": ("nilai", "rating", "bintang", "puas"),
    "rahasia": ("rahasia", "rahasiakan", "rhs", "rahasiain"),
    "anonim": ("anonim", "anonym", "anonymous", "anonimkan"),
    "bantuan": ("bantuan", "help", "panduan", "petunjuk", "cara lapor", "cara melapor", "format", "menu", "bantu",
                "info"),
    "stop": ("stop", "stopp", "stp", "berhenti", "brhenti", "berenti", "unreg", "stop sms", "berhenti sms", "stop kirim sms",
             "jangan sms lagi", "jgn sms lagi", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"),
    "mulai": ("mulai", "start", "unstop", "lanjut", "lanjutkan", "mulai lagi", "mulai sms", "aktifkan"),
}  # fmt: skip
# Without a reference beside them these are too common as words, or would be dangerous: they need one.
_NEEDS_REFERENCE: Final = frozenset(
    {
        "cak",
        "pantau",
        "cabut",
        "tarik",
        "dibuka",
        "stats",
        "statu",
        "beres",
        "sudah beres",
        "sdh beres",
        "nilai",
        "puas",
    }
)
_COMMAND_OF: Final = {spelling: command for command, spellings in SPELLINGS.items() for spelling in spellings}
#: Commands that are about one report: a reference may stand before or behind.
_ABOUT_A_REPORT: Final = frozenset({"cek", "batal", "buka", "selesai", "nilai", "rahasia", "anonim"})

_LONGEST_COMMAND: Final = 80
_REFERENCE: Final = re.compile(r"(?<![0-9a-z])[0-9a-z]{3}[\s.–-]?[0-9a-z]{4}(?![0-9a-z])", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+")
_GLUED: Final = re.compile(r"^(\W*(?:cek|status|batal|buka))(?=[0-9a-z]{3}[ .-]?[0-9a-z]{4}$)", re.IGNORECASE)
#: No report has this id: the subject of a command beside a number that is nobody's ("CEK 7K3-QX4N", one letter wrong).
NO_REPORT: Final = -1
_MISTYPED: Final = re.compile(
    r"\W*(?P<command>cek|status|batal|buka|selesai)\W+(?:(?:no|nomor|laporan)\W+)?"
    r"(?P<number>[0-9a-z]{3}-[0-9a-z]{4}|(?=[a-z]*[0-9])[0-9a-z]{7})\W*",
    re.IGNORECASE,
)
_POLITE: Final = frozenset(
    {
        "1708", "pak", "pk", "bpk", "bapak", "bu", "ibu", "min", "admin", "kak", "mas", "mbak", "gan", "yth", "mohon",
        "mhn", "tolong", "tlg", "tlong", "minta", "dong", "donk", "ya", "y", "yah", "aja", "saja", "sj", "dulu",
        "trims", "trimakasih", "terimakasih", "terima", "kasih", "makasih", "mksh", "thx", "thanks", "thank", "you",
        "tks", "please", "pls", "hallo", "halo", "permisi", "maaf", "mau", "ingin", "utk", "untuk", "sms",
    }
)  # fmt: skip
_OBJECT: Final = frozenset(
    {
        "no", "nmr", "nomor", "nomer", "laporan", "lap", "lapor", "aduan", "pengaduan", "tiket", "id", "ref", "kode",
        "saya", "sy", "sya", "kami", "ku", "milik", "dengan", "dgn", "dg", "nya", "ini",
    }
)  # fmt: skip
_SCORE: Final = re.compile(r"(?<![0-9a-z])([1-5])(?![0-9a-z])", re.IGNORECASE)
#: What Twilio says it has answered itself (``OptOutType``).
_PROVIDERS_WORD: Final[dict[str, Command]] = {"STOP": "stop", "START": "mulai", "HELP": "bantuan"}


def read(message: InboundMessage) -> Reading:
    """Read the form of a message. Never raises; what is not clearly something else is a report."""
    if message.automatic:
        return Reading("automatic")
    told = _PROVIDERS_WORD.get(str(message.extra.get("opt_out", "")).upper())
    if told is not None:
        return Reading("command", told, answered_already=True)
    if len(message.text) + len(message.subject) > _SHORT:
        return _read_words(message.subject, message.text)
    return _read_short_words(message.subject, message.text)


def _read_words(subject: str, text: str) -> Reading:
    mentioned = tuple(dict.fromkeys(references_in(f"{subject}\n{text[:2000]}")))[:10]
    found = _read_command(text)
    if found is None:
        return Reading("report", mentioned=mentioned)
    if found.subject_id is None and found.command in _ABOUT_A_REPORT and mentioned:
        # An answer to a letter of ours: the reference stands in its subject.
        return Reading("command", found.command, mentioned[0], score=found.score)
    return found


#: For a moment, because whoever works on a message asks several times; a letter is not kept for that.
_read_short_words: Final = lru_cache(maxsize=8)(_read_words)
_SHORT: Final = 2000


def _read_command(text: str) -> Reading | None:
    text = text.strip()
    if not text or len(text) > _LONGEST_COMMAND:
        return None
    text = _GLUED.sub(r"\1 ", text)
    mistyped = _MISTYPED.fullmatch(text)
    if mistyped is not None and report_id_of(mistyped["number"]) is None:
        return Reading("command", _COMMAND_OF[mistyped["command"].lower()], NO_REPORT)
    subject, rest = _take_reference(text)
    score = None
    if subject is not None and (scored := _SCORE.search(rest)) and len(_SCORE.findall(rest)) == 1:
        score, rest = int(scored[1]), rest[: scored.start()] + rest[scored.end() :]
    words = [word.lower() for word in _WORD.findall(rest)]
    said = " ".join(_without_politeness(words))
    if not said:
        if score is not None:
            return Reading("command", "nilai", subject, score=score)
        return None
    command = _command_named(said, beside_reference=subject is not None)
    if command is None or (score is not None) != (command == "nilai"):
        return None
    if subject is not None and command not in _ABOUT_A_REPORT:
        return Reading("command", command) if command == "stop" else None
    return Reading("command", command, subject, score=score)


def _take_reference(text: str) -> tuple[int | None, str]:
    """The one genuine reference in a text, and the text without it."""
    for found in _REFERENCE.finditer(text):
        subject = report_id_of(found[0])
        if subject is not None:
            return subject, f"{text[: found.start()]} {text[found.end() :]}"
    return None, text


def _without_politeness(words: list[str]) -> list[str]:
    """The words without what is said for manners at both ends, and without "laporan saya" behind a command."""
    while words and words[0] in _POLITE:
        words = words[1:]
    if " ".join(words) in _COMMAND_OF:
        return words
    while words and (words[-1] in _POLITE or (len(words) > 1 and words[-1] in _OBJECT)):
        words = words[:-1]
        if " ".join(words) in _COMMAND_OF:
            break
    while len(words) > 1 and words[0] in _OBJECT:
        words = words[1:]
    return words


def _command_named(said: str, *, beside_reference: bool) -> Command | None:
    command = _COMMAND_OF.get(said)
    if command is not None:
        return command if beside_reference or said not in _NEEDS_REFERENCE else None
    if beside_reference and len(said) >= 4 and " " not in said:
        for known in SPELLINGS:
            if DamerauLevenshtein.distance(said, known, score_cutoff=1) <= 1:
                return known
    return None


# A text this close to the end of one SMS may be the first part of a longer one (160 septets alone, 153 joined).
_FULL_FROM: Final = {"gsm7": 150, "ucs2": 63}


def fills_one_sms(text: str) -> bool:
    """Whether a text is as long as one SMS can be, so that its writer may have gone on in a second one."""
    planned = plan(text)
    return planned.segments == 1 and planned.units >= _FULL_FROM[planned.encoding]
