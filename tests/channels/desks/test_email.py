"""Handing over by e-mail: one letter an officer can read, and nothing of a secret report in it."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy

import pytest

from channels.channel import Misconfigured, SendFailed
from channels.desks.desk import HandOver, Happening
from channels.desks.email import EmailDesk, for_unit, open_desk
from channels.smtp import MailServer
from tests.channels.desks.test_webhook import REPORT
from tests.channels.local_servers import Mail, SmtpServer


def hand_over(report: HandOver, **refusals: str) -> Mail:
    with SmtpServer(refusals) as server:
        desk = EmailDesk("pu@example.go.id", "lapor@example.go.id", MailServer("127.0.0.1", server.port, "none"))
        receipt = desk.hand_over(report)
    assert receipt.external_id == "<handover-7.desk@example.go.id>"
    [mail] = server.received
    return mail


def test_the_letter() -> None:
    mail = hand_over(REPORT)
    letter = message_from_bytes(mail.content, policy=policy.default)
    assert (mail.mail_from, mail.rcpt_tos) == ("lapor@example.go.id", ("pu@example.go.id",))
    assert letter["Subject"] == "[7K3-9QX] Jalan rusak: Jalan “rusak”"
    assert letter["Message-ID"] == "<handover-7.desk@example.go.id>"
    assert letter["Auto-Submitted"] == "auto-generated"
    text = str(letter.get_content())
    for words in (REPORT.text, REPORT.link, REPORT.reference, REPORT.location, REPORT.regency_name, "21-11-2026 10:00"):
        assert words in text


def test_a_secret_report_stays_at_home() -> None:
    mail = hand_over(replace(REPORT, secret=True))
    letter = message_from_bytes(mail.content, policy=policy.default)
    told = f"{letter['Subject']} {letter.get_content()}"
    for words in (REPORT.text, REPORT.subject, REPORT.location, REPORT.topic_name):
        assert words not in told
    assert REPORT.link in told


def test_a_subject_starts_no_header() -> None:
    letter = message_from_bytes(hand_over(replace(REPORT, subject="x\r\nBcc: y@example.com")).content)
    assert letter["Bcc"] is None


@pytest.mark.parametrize(("refusal", "kind"), [("450 later", "retryable"), ("550 never", "permanent")])
def test_refusals(refusal: str, kind: str) -> None:
    with pytest.raises(SendFailed) as raised:
        hand_over(REPORT, RCPT=refusal)
    assert raised.value.kind == kind


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("withdrawn", "[7K3-9QX] Laporan dicabut oleh pelapor"), ("added", "[7K3-9QX] Keterangan baru dari pelapor"),
        ("reopened", "[7K3-9QX] Laporan dibuka kembali oleh pelapor"), ("rated", "[7K3-9QX] Penilaian dari pelapor"),
        ("finished_by_citizen", "[7K3-9QX] Pelapor menyatakan laporan selesai"),
        ("taken_back", "[7K3-9QX] Laporan ini bukan lagi di wilayah Anda"),
    ],
)  # fmt: skip
def test_what_happens_afterwards_is_a_letter_too(event: str, subject: str) -> None:
    happening = Happening(
        "7K3-9QX-8", event, "7K3-9QX", "16.03", "Kabupaten Muara Enim", "", REPORT.received_at, "Di RT 03", 2,
        secret=False, link=REPORT.link,
    )  # fmt: skip
    with SmtpServer({}) as server:
        desk = EmailDesk("pu@example.go.id", "lapor@example.go.id", MailServer("127.0.0.1", server.port, "none"))
        desk.tell(happening)
        desk.tell(replace(happening, secret=True, id="7K3-9QX-9"))
    letters = [message_from_bytes(mail.content, policy=policy.default) for mail in server.received]
    assert [letter["Subject"] for letter in letters] == [subject, subject]
    open_, secret = (str(letter.get_content()) for letter in letters)
    assert "Di RT 03" in open_
    assert "Di RT 03" not in secret
    assert (REPORT.link in open_) is (event != "taken_back")


def test_a_unit_has_a_mailbox_of_its_own_where_one_is_set() -> None:
    config = {"address": "aduan@example.go.id", "address@Dinas Kesehatan": "dinkes@example.go.id"}
    environ = {"EMAIL_ADDRESS": "lapor@example.go.id", "EMAIL_SMTP_URL": "smtp://127.0.0.1:2525"}
    for unit, address in (("Dinas Kesehatan", "dinkes@example.go.id"), ("Dinas PU", "aduan@example.go.id"),
                          ("", "aduan@example.go.id")):  # fmt: skip
        assert open_desk(for_unit(config, unit), environ).address == address
    with pytest.raises(Misconfigured) as raised:
        open_desk({**config, "address@Dinas PU": "nobody"}, environ)
    assert raised.value.faults == ("address@Dinas PU must be a mailbox like dinas@example.go.id",)
