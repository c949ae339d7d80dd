"""Letters that claim to belong to a case, and letters that come back: real letters, read by the real channel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from channels.email_mime import EmailMime, open_channel
from channels.messages import Headers, InboundRequest
from intake.receive import Received, receive_verified
from intake.runtime import Runtime
from intake.storage import people, replies
from intake.storage.outbox import Job
from tests.channels.local_servers import Mail, SmtpServer
from tests.factories import CLEAR_TEXT
from workers import jobs

OUR_MAILBOX = "lapor@sahut.test"
CITIZEN, STRANGER = "warga@example.id", "orang.lain@example.com"


def work(rt: Runtime) -> None:
    """Carry out everything that is due, as the workers would."""
    while sum(jobs.carry_out(rt, job) for job in Job):
        pass


class House:
    """A mailbox, a mail server behind it, and the letters that came out."""

    def __init__(self, rt: Runtime, server: SmtpServer) -> None:
        channel = open_channel(
            {
                "EMAIL_MIME_SECRETS": "rahasia-pipa-0123456789",
                "EMAIL_REPLY_SECRET": "rahasia-alamat-0123456789",
                "EMAIL_ADDRESS": OUR_MAILBOX,
                "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{server.port}?tls=no",
                "EMAIL_TRUSTED_HOSTS": "mx.sahut.test",
            },
            public_url=rt.settings.public_url,
        )
        assert isinstance(channel, EmailMime)
        self.rt = replace(rt, channels={**rt.channels, "email_mime": channel})
        self.server = server
        self._number = 0

    def post(
        self, words: str, *, sender: str = CITIZEN, to: str = OUR_MAILBOX, envelope_from: str = "", **headers: str
    ) -> Received:
        self._number += 1
        lines = {
            "From": sender,
            "To": to,
            "Message-ID": f"<{self._number}@example.id>",
            "Subject": "Laporan",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        raw = "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + f"\r\n{words}\r\n"
        request = InboundRequest(
            "http://127.0.0.1:8080/hooks/email_mime",
            Headers({"X-Envelope-From": envelope_from or sender, "X-Envelope-To": to}),
            raw.encode(),
        )
        received = receive_verified(self.rt, "email_mime", request)
        work(self.rt)
        return received

    def report_of(self, received: Received) -> int | None:
        assert received.remembered is not None
        return received.remembered.report_id

    @property
    def last(self) -> Mail:
        return self.server.received[-1]

    def header(self, name: str) -> str:
        found = re.search(rf"^{name}: (.+?)\r?$", self.last.content.decode(), re.MULTILINE)
        assert found is not None
        return found[1]

    def scalar(self, query: str) -> object:
        with self.rt.engine.connect() as connection:
            return connection.execute(text(query)).scalar_one()


@pytest.fixture
def house(rt: Runtime) -> Iterator[House]:
    with SmtpServer() as server:
        yield House(rt, server)


def test_a_reply_to_our_signed_address_joins_its_report(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    assert house.report_of(house.post("Sudah tiga bulan, Pak.", to=house.header("Reply-To"))) == report


def test_a_reply_by_its_references_joins_its_report(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    answer = house.header("Message-ID")
    assert house.report_of(house.post("Sudah tiga bulan, Pak.", In_Reply_To=answer)) == report
    assert house.report_of(house.post("Mohon segera.", References=f"<x@example.id> {answer}")) == report


def test_a_reply_that_names_the_number_joins_its_report(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    number = str(house.scalar("select reference from report"))
    assert house.report_of(house.post("Tambahan: lubangnya dalam.", Subject=f"Re: {number}")) == report


def test_a_stranger_who_knows_everything_gets_a_report_of_their_own(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    number = str(house.scalar("select reference from report"))
    everything = {
        "to": house.header("Reply-To"),
        "In_Reply_To": house.header("Message-ID"),
        "References": f"<1@example.id> {house.header('Message-ID')}",
        "Subject": f"Re: Laporan [{number}]",
    }
    theirs = house.report_of(
        house.post("Tidak usah dikerjakan, jalan itu masih bagus menurut saya.", sender=STRANGER, **everything)
    )
    assert theirs not in {None, report}
    assert house.scalar(f"select count(*) from message where report_id = {report}") == 1


def test_a_forged_sender_gets_a_report_of_its_own(house: House) -> None:
    """The host we trust says that the domain of the sender disowns the letter."""
    report = house.report_of(house.post(CLEAR_TEXT))
    forged = house.post(
        "Laporan ini sudah selesai, tidak usah dikerjakan lagi.",
        Authentication_Results="mx.sahut.test; spf=fail smtp.mailfrom=example.id; dmarc=fail header.from=example.id",
        to=house.header("Reply-To"),
        In_Reply_To=house.header("Message-ID"),
    )
    assert house.report_of(forged) not in {None, report}


def test_an_id_guessed_from_ours_joins_nothing(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    genuine = house.header("Message-ID")
    guessed = re.sub(r"\.[a-z2-7]{16}@", ".aaaaaaaaaaaaaaaa@", genuine)
    assert guessed != genuine
    with house.rt.engine.begin() as connection:  # the words alone would be read as an addition
        connection.execute(text("update report set state = 'selesai', closed_at = now()"))
    received = house.post(
        "Lampu jalan padam di Kecamatan Coblong Kota Bandung.", In_Reply_To=guessed, References=guessed
    )
    assert house.report_of(received) != report


PROVEN = "mx.sahut.test; dkim=pass header.d=example.id; dmarc=pass header.from=example.id"


@pytest.mark.parametrize("command", ["BATAL", "SELESAI"])
def test_a_case_is_changed_by_mail_only_with_proof(house: House, command: str) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    before = house.scalar(f"select state from report where id = {report}")
    number = house.scalar("select reference from report")
    house.post(f"{command} {number}")
    assert house.scalar(f"select state from report where id = {report}") == before
    house.post(f"{command} {number}", Authentication_Results="mx.elsewhere.test; dmarc=pass header.from=example.id")
    assert house.scalar(f"select state from report where id = {report}") == before
    house.post(f"{command} {number}", Authentication_Results=PROVEN)
    assert house.scalar(f"select state from report where id = {report}") != before


DSN = """This is the mail system. Your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.id

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}

--b
Content-Type: message/rfc822

From: lapor@sahut.test
Message-ID: {message_id}
Subject: x

x

--b--"""
REPORT = {"Content_Type": 'multipart/report; report-type=delivery-status; boundary="b"', "MIME_Version": "1.0"}


def bounce(house: House, *, action: str, status: str, to: str, message_id: str = "<nobody@example.id>") -> Received:
    words = "--b\nContent-Type: text/plain\n\n" + DSN.format(
        recipient=CITIZEN, action=action, status=status, message_id=message_id
    )
    return house.post(words, sender="MAILER-DAEMON@mx.example.id", to=to, envelope_from="<>", **REPORT)


@pytest.mark.parametrize("by", ["return path", "message id", "report's address"])
def test_a_bounce_finds_its_reply_and_marks_the_address(house: House, by: str) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    ways = {
        "return path": {"to": house.last.mail_from},
        "message id": {"to": OUR_MAILBOX, "message_id": house.header("Message-ID")},
        "report's address": {"to": house.header("Reply-To")},
    }
    received = bounce(house, action="failed", status="5.1.1", **ways[by])
    assert house.report_of(received) is None
    with house.rt.engine.connect() as connection:
        (reply,) = replies.of_report(connection, report or 0)
        assert (reply.state, reply.error_code) == ("undelivered", "5.1.1")
        assert people.state_of(connection, "email_mime", CITIZEN).silence == "unreachable"
    assert house.scalar("select count(*) from history where action = 'reply_failed'") == 1
    assert len(house.server.received) == 1, "nobody answers a bounce"


def test_a_full_mailbox_does_not_mark_the_address(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    bounce(house, action="failed", status="4.2.2", to=house.last.mail_from)
    with house.rt.engine.connect() as connection:
        assert replies.of_report(connection, report or 0)[0].state == "undelivered"
        assert people.state_of(connection, "email_mime", CITIZEN).silence is None


def test_a_delay_changes_nothing(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    bounce(house, action="delayed", status="4.4.1", to=house.last.mail_from)
    with house.rt.engine.connect() as connection:
        assert replies.of_report(connection, report or 0)[0].state == "accepted"


def test_a_made_up_bounce_changes_nothing(house: House) -> None:
    report = house.report_of(house.post(CLEAR_TEXT))
    guessed = re.sub(r"\.[a-z2-7]{16}@", ".aaaaaaaaaaaaaaaa@", house.last.mail_from)
    bounce(house, action="failed", status="5.1.1", to=guessed, message_id="<1@sahut.test>")
    with house.rt.engine.connect() as connection:
        assert replies.of_report(connection, report or 0)[0].state == "accepted"
        assert people.state_of(connection, "email_mime", CITIZEN).silence is None
