"""What the lab's phones and mailboxes hold, as files in the data folder: ``lab/phone/*.json`` and ``lab/mail/*.eml``.

Two processes write here: the stand-in (what was sent to a citizen) and the web application (what was typed on the lab's
pages), so every file appears whole (written aside, then renamed), and its name sorts by time. Each folder keeps the
newest thousand: a test run may not fill a disk.
"""

import json
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Literal, Self, cast

KEPT_FILES = 1_000
# A writer counts for itself and looks at the folder only now and then. With up to four writers, none of them can take
# the folder past the limit between two looks.
_WRITES_BETWEEN_LOOKS = 16
_LEFT_AFTER_A_LOOK = KEPT_FILES - 4 * _WRITES_BETWEEN_LOOKS

_ENVELOPE_HEADERS = ("X-Lab-Direction", "X-Lab-Mailbox", "Return-Path", "Delivered-To")

Direction = Literal["from_citizen", "to_citizen"]


@dataclass(frozen=True)
class Sms:
    """One short message. `phone` is the citizen's number, `number` ours, both as E.164; `at` is ISO 8601 in UTC."""

    sid: str
    direction: Direction
    phone: str
    number: str
    text: str
    at: str
    status: str  # Twilio's words: received, failed; queued, sent, delivered
    file: str = field(default="", compare=False)

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Mail:
    """One mail in one mailbox. `raw` is what was transmitted, without the lines the spool puts before it."""

    id: str
    direction: Direction
    mailbox: str
    envelope_from: str
    envelope_to: str
    raw: bytes = field(repr=False)

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", ""))

    @property
    def text(self) -> str:
        """The plain text of the mail; of a mail that has none, or an unreadable one, as much as can be shown."""
        part = self.message.get_body(preferencelist=("plain", "html"))
        if part is None:
            return ""
        try:
            return str(part.get_content()).replace("\r\n", "\n")
        except (LookupError, ValueError, KeyError):
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


class Spool:
    """The lab's folder of one data folder. Safe to use from several threads and processes."""

    def __init__(self, phone: Path, mail: Path) -> None:
        self._phone, self._mail = phone, mail
        self._writes = 0

    @classmethod
    def in_data(cls, data: Path) -> Self:
        """The spool of this data folder, made if missing."""
        lab = data / "lab"
        for each in (lab, lab / "phone", lab / "mail"):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        return cls(lab / "phone", lab / "mail")

    def put_sms(self, sms: Sms) -> Sms:
        """Keep a message; the result knows its file and can be given to `settle_sms`."""
        kept = replace(sms, file=_new_name(".json"))
        self._write(self._phone / kept.file, _as_json(kept))
        return kept

    def settle_sms(self, sms: Sms, status: str) -> Sms:
        """Write down how far a kept message got. Nothing happens if it has been dropped from the spool since."""
        settled = replace(sms, status=status)
        if (self._phone / sms.file).exists():
            self._write(self._phone / sms.file, _as_json(settled))
        return settled

    def put_mail(self, raw: bytes, *, direction: Direction, envelope_from: str, envelope_to: str) -> str:
        """Keep a mail in the mailbox of the citizen it is to or from; returns its id."""
        name = _new_name(".eml")
        values = (direction, _choose_mailbox(direction, envelope_from, envelope_to), f"<{envelope_from}>", envelope_to)
        # One line each whatever an address contains: nobody writes a header of ours by a line break.
        lines = [f"{k}: {' '.join(v.split())}" for k, v in zip(_ENVELOPE_HEADERS, values, strict=True)]
        self._write(self._mail / name, "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n" + raw)
        return name.removesuffix(".eml")

    def list_phones(self) -> list[str]:
        """The citizens' numbers that have messages, the one with the newest first."""
        return _newest_first(sms.phone for sms in self.list_sms())

    def list_sms(self, phone: str | None = None) -> list[Sms]:
        """The messages of one phone, or of all, oldest first."""
        found = (_read_sms(path) for path in _in_order(self._phone, ".json"))
        return [sms for sms in found if sms is not None and phone in {None, sms.phone}]

    def list_mailboxes(self) -> list[str]:
        """The citizens' addresses that have mail, the one with the newest first."""
        return _newest_first(mail.mailbox for mail in self.list_mails())

    def list_mails(self, mailbox: str | None = None) -> list[Mail]:
        """The mails of one mailbox, or of all, oldest first."""
        found = (_read_mail(path) for path in _in_order(self._mail, ".eml"))
        wanted = mailbox.lower() if mailbox else None
        return [mail for mail in found if mail is not None and wanted in {None, mail.mailbox}]

    def _write(self, path: Path, content: bytes) -> None:
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.replace(path)
        self._writes += 1
        if self._writes % _WRITES_BETWEEN_LOOKS == 0:
            for folder, ending in ((self._phone, ".json"), (self._mail, ".eml")):
                _drop_oldest(folder, ending)


def now_text() -> str:
    """This moment as the spool writes it."""
    return datetime.now(UTC).isoformat()


def _new_name(ending: str) -> str:
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}{ending}"


def _as_json(sms: Sms) -> bytes:
    values = asdict(sms)
    del values["file"]
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _choose_mailbox(direction: Direction, envelope_from: str, envelope_to: str) -> str:
    return (envelope_from if direction == "from_citizen" else envelope_to).lower()


def _in_order(folder: Path, ending: str) -> list[Path]:
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(ending) and entry.name[0] != ".")
    return [folder / name for name in names]


def _drop_oldest(folder: Path, ending: str) -> None:
    paths = _in_order(folder, ending)
    if len(paths) > _LEFT_AFTER_A_LOOK:
        for path in paths[:-_LEFT_AFTER_A_LOOK]:
            path.unlink(missing_ok=True)


def _read_sms(path: Path) -> Sms | None:
    # The oldest may be dropped by another process between listing and reading.
    with suppress(FileNotFoundError):
        return Sms(**json.loads(path.read_bytes().decode("utf-8", "surrogatepass")), file=path.name)
    return None


def _read_mail(path: Path) -> Mail | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    lines = content.split(b"\r\n", len(_ENVELOPE_HEADERS))
    values = [line.decode("utf-8", "surrogateescape").partition(": ")[2] for line in lines[:-1]]
    direction, mailbox, envelope_from, envelope_to = values
    return Mail(path.stem, cast("Direction", direction), mailbox, envelope_from[1:-1], envelope_to, lines[-1])


def _newest_first(names: Iterable[str]) -> list[str]:
    return list(_unique(reversed(list(names))))


def _unique(names: Iterable[str]) -> Iterator[str]:
    yield from dict.fromkeys(names)
