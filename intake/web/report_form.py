"""What somebody typed into the form for reports: read, checked, and made a message of.

Two steps: first the story alone; then where we read it to be, for a yes or no, and what else may be said. What was typed
travels with the pages, so nothing is kept until it is sent and nothing is lost when it cannot be.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import PurePosixPath
from typing import Final, Literal, Self

from werkzeug.datastructures import FileStorage

from channels.mail_addresses import is_address
from channels.mail_pictures import coordinates_of_pictures
from channels.messages import Attachment, Coordinates, InboundMessage
from channels.phone import normalise_number
from intake import converse
from intake.understand.locate import regencies
from intake.web.context import in_language as _
from intake.web.places import REGENCY, Reading, deepest, place_called, read_place

LONGEST_TEXT: Final = 10_000
LONGEST_LINE: Final = 200
MOST_FILES: Final = 5
LARGEST_FILE_BYTES: Final = 10 * 1024 * 1024
#: What a phone makes, and what an office reads.
FILE_KINDS: Final = (
    "jpg", "jpeg", "png", "webp", "heic", "gif", "pdf", "mp4", "3gp", "m4a", "mp3", "ogg", "doc", "docx", "odt",
)  # fmt: skip
_LONGEST_NAME: Final = 120
_MEGABYTE: Final = 1024 * 1024
#: Somewhere in the country it is tomorrow already.
EASTERNMOST: Final = timezone(timedelta(hours=9))
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?", re.ASCII)
#: Choices of the place that are no code: from the lists below; and "I do not know, ask me or look yourselves".
CHOOSE: Final = "pilih"
UNKNOWN: Final = "tanya"
#: The trap: no person ever meets this field. Its name means nothing to what fills in forms by itself.
TRAP: Final = "situs"


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form as they were typed. ``place`` is a code of a region, ``CHOOSE``, ``UNKNOWN`` or empty."""

    token: str = ""
    text: str = ""
    place: str = ""
    province: str = ""
    regency: str = ""
    district: str = ""
    village: str = ""
    latitude: str = ""
    longitude: str = ""
    position_by: str = ""
    photo_position: str = ""
    date: str = ""
    anonymous: str = ""
    secret: str = ""
    name: str = ""
    contact: str = ""

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Self:
        return cls(**{field.name: form.get(field.name, "") for field in fields(cls)})

    @property
    def picked(self) -> str:
        """The code chosen from the lists, as deep as it is true; empty for none."""
        return deepest(self.province, self.regency, self.district, self.village)

    @property
    def code(self) -> str:
        """The code of the place the citizen says it is; empty where they leave it to us."""
        if self.place == CHOOSE:
            return self.picked if len(self.picked) >= REGENCY else ""
        return self.place if place_called(self.place) else ""

    @property
    def coordinates(self) -> Coordinates | None:
        """The position of the phone, where it was given and lies on earth."""
        if not (_DEGREES.fullmatch(self.latitude) and _DEGREES.fullmatch(self.longitude)):
            return None
        point = Coordinates(float(self.latitude), float(self.longitude))
        return point if abs(point.latitude) <= 90 and abs(point.longitude) <= 180 else None

    @property
    def contact_kind(self) -> Literal["phone", "email", ""]:
        """What the contact is; empty for none, and for what is neither."""
        written = self.contact.strip()
        if normalise_number(written):
            return "phone"
        return "email" if is_address(written) else ""

    def placed_by_photos(self, attachments: Sequence[Attachment]) -> Self:
        """The same, with the position a photograph names, where the citizen lets us read it and gave none."""
        point = coordinates_of_pictures(attachments) if self.photo_position and self.coordinates is None else None
        if point is None:
            return self
        where = {"latitude": f"{point.latitude:.6f}", "longitude": f"{point.longitude:.6f}"}
        return replace(self, **where, position_by="photo")

    def reading(self) -> Reading:
        """Where we read the story to be, with the position as a hint."""
        return read_place(self.text, self.coordinates)

    def faults_of_text(self) -> dict[str, str]:
        """What is wrong with the story, in words that say what to do."""
        text = self.text.strip()
        if not text:
            return {"text": _("Tuliskan dulu apa yang terjadi.")}
        if len(text) > LONGEST_TEXT:
            return {"text": _("Tulisan ini terlalu panjang: paling banyak 10.000 huruf. Mohon dipersingkat.")}
        if converse.read(InboundMessage("", "", "", text)).kind != "report":
            told = _("Ini nomor laporan, bukan laporan. Untuk melihat perkembangannya, buka tautan yang Anda terima.")
            return {"text": told}
        return {}

    def faults(self, now: datetime) -> dict[str, str]:
        """What is wrong anywhere but in the files, by field."""
        found = self.faults_of_text()
        if self.place == CHOOSE and not self.code:
            found["place"] = _("Pilih paling sedikit provinsi dan kabupaten atau kota.")
        elif self.place != UNKNOWN and not self.code:
            found["place"] = _("Pilih tempat kejadiannya, atau pilih bahwa Anda tidak tahu.")
        if self.date.strip():
            happened = _read_date(self.date)
            if happened is None:
                found["date"] = _("Tanggal ini tidak terbaca. Contoh: 2026-11-21.")
            elif happened > now.astimezone(EASTERNMOST).date():
                found["date"] = _("Tanggal ini belum terjadi. Periksa lagi, atau kosongkan.")
        if len(self.name) > LONGEST_LINE:
            found["name"] = _("Nama ini terlalu panjang: paling banyak 200 huruf.")
        if len(self.contact) > LONGEST_LINE:
            found["contact"] = _("Kontak ini terlalu panjang: paling banyak 200 huruf.")
        elif self.contact.strip() and not self.contact_kind:
            found["contact"] = _("Ini bukan nomor HP atau alamat e-mail. Perbaiki, atau kosongkan.")
        return found

    def as_fields(self) -> dict[str, str]:
        """The fields as the channel reads them (``channels.web_form``), but for the token."""
        code = self.code
        point = self.coordinates
        return {
            "text": self.text,
            "regency": code[:REGENCY] if code[:REGENCY] in regencies() else "",
            "place": code,
            "place_by": "" if not code else "chosen" if self.place == CHOOSE else "confirmed",
            "latitude": self.latitude if point else "",
            "longitude": self.longitude if point else "",
            "position_by": self.position_by if point else "",
            "event_date": happened.isoformat() if (happened := _read_date(self.date)) else "",
            "anonymous": "1" if self.anonymous else "",
            "secret": "1" if self.secret else "",
            "name": self.name,
            "contact": self.contact,
            "contact_kind": self.contact_kind,
        }


def _read_date(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def read_files(given: Sequence[FileStorage]) -> tuple[tuple[Attachment, ...], str]:
    """The files that were sent, and what is wrong with them; of wrong ones none is taken. Reads and closes them."""
    try:
        return _read_files([file for file in given if file.filename])
    finally:
        for file in given:
            file.close()


def _read_files(chosen: Sequence[FileStorage]) -> tuple[tuple[Attachment, ...], str]:
    if len(chosen) > MOST_FILES:
        return (), _("Paling banyak {count} berkas. Pilih yang terpenting.").format(count=MOST_FILES)
    attachments = []
    for file in chosen:
        name = _file_name(file.filename or "")
        if PurePosixPath(name).suffix.lower().removeprefix(".") not in FILE_KINDS:
            told = _("Berkas {name} tidak dapat kami terima. Yang dapat: foto, PDF, video, suara, dokumen.")
            return (), told.format(name=name)
        content = file.stream.read(LARGEST_FILE_BYTES + 1)
        if len(content) > LARGEST_FILE_BYTES:
            told = _("Berkas {name} terlalu besar: paling besar {size} MB.")
            return (), told.format(name=name, size=LARGEST_FILE_BYTES // _MEGABYTE)
        if not content:
            return (), _("Berkas {name} kosong. Pilih lagi, atau kirim tanpa berkas itu.").format(name=name)
        attachments.append(Attachment(name, file.mimetype or "application/octet-stream", content))
    return tuple(attachments), ""


def _file_name(given: str) -> str:
    """The last part of what the browser calls the file, printable, its ending kept."""
    name = "".join(c for c in given.replace("\\", "/").rpartition("/")[2] if c.isprintable()).strip() or "berkas"
    path = PurePosixPath(name)
    return name if len(name) <= _LONGEST_NAME else path.stem[: _LONGEST_NAME - 10] + path.suffix[:10]


def digest_of_files(attachments: Sequence[Attachment]) -> str:
    """What makes two sendings of the same form with other files two messages."""
    whole = hashlib.sha256()
    for attachment in attachments:
        whole.update(hashlib.sha256(attachment.content or b"").digest())
    return whole.hexdigest() if attachments else ""
