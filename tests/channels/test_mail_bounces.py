"""What bounces say: whose letter came back, and whether trying again can help."""

from __future__ import annotations

import pytest

from channels.mail_bounces import read_bounce
from channels.mail_parts import read_letter


def dsn(*, action: str = "failed", status: str = "5.1.1", diagnostic: str = "", text: str = "x") -> bytes:
    return (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\n\n{text}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.id\n\n"
        f"Final-Recipient: rfc822; Warga@example.id\nAction: {action}\nStatus: {status}\n"
        + (f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else "")
        + "\n--b\nContent-Type: message/rfc822\n\nMessage-ID: <41.x@sahut.test>\nSubject: y\n\nz\n--b--\n"
    ).encode()


@pytest.mark.parametrize(
    ("raw", "fate"),
    [
        (dsn(), "permanent"),
        (dsn(status="5.1.2"), "permanent"),
        (dsn(status="5.0.0", diagnostic="550 5.1.1 user unknown"), "permanent"),
        (dsn(status="5.0.0", diagnostic="550 no such user here"), "permanent"),
        (dsn(status="5.2.2"), "temporary"),
        (dsn(status="5.0.0", text="The mailbox is full."), "temporary"),
        (dsn(status="4.4.1"), "temporary"),
        (dsn(status="5.7.1"), "temporary"),
        (dsn(action="delayed", status="4.4.1"), "delayed"),
        (dsn(action="delivered", status="2.0.0"), "delivered"),
        (dsn(action="relayed", status="2.0.0"), "delivered"),
        (b"Subject: failure notice\n\nHi. This is the qmail-send program.\n<a@example.id>:\nuser unknown", "permanent"),
        (b"Subject: failure notice\n\nnothing to be learnt from this", "unknown"),
        (b"Subject: Warning: message delayed\n\nYour message has not yet been delivered. Will be retried.", "delayed"),
        (
            b'Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/feedback-report\n\nx: y\n--b--',
            "complaint",
        ),
    ],
)
def test_what_became_of_the_letter(raw: bytes, fate: str) -> None:
    assert read_bounce(read_letter(raw)).fate == fate


def test_whose_letter_came_back() -> None:
    bounce = read_bounce(read_letter(dsn()))
    assert (bounce.recipient, bounce.status, bounce.message_ids) == (
        "warga@example.id",
        "5.1.1",
        ("<41.x@sahut.test>",),
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: failure\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <41.x@sahut.test>\n\nz",
        b"Subject: failure\n\n> Message-Id: <41.x@sahut.test>\n",
        b"In-Reply-To: <41.x@sahut.test>\nSubject: failure\n\nx",
        (
            b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/rfc822-headers\n\n'
            b"Message-ID: <41.x@sahut.test>\n--b--\n"
        ),
    ],
)
def test_the_id_of_the_letter_is_found_wherever_it_stands(raw: bytes) -> None:
    assert "<41.x@sahut.test>" in read_bounce(read_letter(raw)).message_ids


def test_a_charset_that_is_none_breaks_no_bounce() -> None:
    raw = (
        b'From: MAILER-DAEMON@example.id\nContent-Type: multipart/report; boundary="b"\n\n'
        b"--b\nContent-Type: text/rfc822-headers; charset=a\x00b\n\nMessage-ID: <41.x@sahut.test>\n\xff\n"
        b"--b\nContent-Type: message/delivery-status; charset=a\x00b\n\nStatus: 5.1.1\n\xff\n--b--\n"
    )
    assert "<41.x@sahut.test>" in read_bounce(read_letter(raw)).message_ids
