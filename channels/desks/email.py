"""A report handed over as a letter to the unit's mailbox.

What surprises: a report that is secret does not travel in the letter, mail being read by many; the letter brings only
its number and the way to the desk, where whoever may read it can. The words are for officers, hence Indonesian.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from channels.channel import Misconfigured
from channels.desks.desk import DeskReceipt, HandOver, Happening
from channels.mail_addresses import is_address
from channels.mail_box import read_own_addresses
from channels.mail_writing import one_line, write_letter
from channels.smtp import MailServer, read_mail_server
from channels.variables import Variables

KIND: Final = "email"
_OF_UNIT: Final = "address@"


@dataclass(frozen=True)
class EmailDesk:
    """One unit's mailbox. ``sender`` is ours."""

    address: str
    sender: str
    server: MailServer
    unix_seconds: Callable[[], float] = time.time

    def hand_over(self, report: HandOver) -> DeskReceipt:
        """Raises SendFailed. A repeated letter has the same Message-ID, by which most mailboxes show it once."""
        subject = f"[{report.reference}] {report.topic_name}: {report.subject or report.regency_name}"
        if report.secret:
            subject = f"[{report.reference}] Laporan rahasia untuk {report.regency_name}"
        return self._write(report.id, subject, word(report))

    def tell(self, happening: Happening) -> DeskReceipt:
        """Raises SendFailed."""
        subject = f"[{happening.reference}] {_HAPPENED[happening.event]}"
        return self._write(happening.id, subject, word_happening(happening))

    def _write(self, key: str, subject: str, words: str) -> DeskReceipt:
        message_id = f"<{one_line(key).replace(' ', '')}.desk@{self.sender.rpartition('@')[2]}>"
        letter = write_letter(
            message_id=message_id,
            sender=self.sender,
            recipient=self.address,
            subject=subject,
            text=words,
            written_at=datetime.fromtimestamp(self.unix_seconds(), UTC),
            automatic="auto-generated",
        )
        self.server.submit(letter, sender=self.sender, recipient=self.address)
        return DeskReceipt(message_id)


_HAPPENED: Final = {
    "taken_back": "Laporan ini bukan lagi di wilayah Anda",
    "withdrawn": "Laporan dicabut oleh pelapor",
    "finished_by_citizen": "Pelapor menyatakan laporan selesai",
    "reopened": "Laporan dibuka kembali oleh pelapor",
    "added": "Keterangan baru dari pelapor",
    "rated": "Penilaian dari pelapor",
}


def word_happening(happening: Happening) -> str:
    """The text of a letter about an event; of a secret report it says only that something happened."""
    lines = [f"{_HAPPENED[happening.event]}: {happening.reference}."]
    if happening.score is not None:
        lines += ["", f"Nilai: {happening.score} dari 5"]
    if happening.text and not happening.secret:
        lines += ["", happening.text]
    if happening.event == "taken_back":
        return "\n".join([*lines, ""])
    return "\n".join([*lines, "", "Baca di meja laporan:", happening.link, ""])


def word(report: HandOver) -> str:
    """The letter's text."""
    lines = [
        f"Laporan {report.reference} diteruskan kepada {report.regency_name}.",
        "",
        f"Diterima : {report.received_at:%d-%m-%Y %H:%M %Z} melalui {report.channel}",
    ]
    if report.secret:
        lines += ["", "Laporan ini bersifat rahasia. Isinya hanya dapat dibaca di meja laporan:"]
    else:
        facts = (
            ("Jenis", report.type),
            ("Topik", report.topic_name),
            ("Urgensi", report.urgency),
            ("Lokasi", report.location),
            ("Unit", report.unit),
        )
        lines += [f"{name:<9}: {value}" for name, value in facts if value]
        lines += [
            "",
            *([report.subject, ""] if report.subject else []),
            report.text,
            "",
            "Baca dan jawab di meja laporan:",
        ]
    return "\n".join([*lines, report.link, ""])


def for_unit(config: Mapping[str, str], unit: str) -> dict[str, str]:
    """The configuration with which a unit's own mailbox is written to, where it has one; else the regency's."""
    return {**config, "address": config.get(_OF_UNIT + unit) or config.get("address", "")}


def open_desk(config: Mapping[str, str], environ: Mapping[str, str]) -> EmailDesk:
    """From ``address``; sent through EMAIL_SMTP_URL from EMAIL_ADDRESS. Raises Misconfigured with every fault.

    ``address@NAME`` is the mailbox of the unit of that name (``for_unit``).
    """
    variables = Variables(environ, "EMAIL_ADDRESS", "EMAIL_SMTP_URL")
    address = config.get("address", "").strip()
    faults = [] if is_address(address) else ["address must be a mailbox like dinas@example.go.id"]
    for name, of_unit in config.items():
        if name.startswith(_OF_UNIT) and not is_address(of_unit.strip()):
            faults.append(f"{name} must be a mailbox like dinas@example.go.id")
    own = read_own_addresses(variables)
    server = read_mail_server(variables, "EMAIL_SMTP_URL")
    try:
        variables.raise_faults()
    except Misconfigured as found:
        faults += found.faults
    if faults or server is None:
        raise Misconfigured(faults)
    return EmailDesk(address=address, sender=own[0], server=server)
