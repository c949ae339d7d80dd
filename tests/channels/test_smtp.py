"""Handing over a letter with and without TLS and login, and what a refusal means."""

from __future__ import annotations

import logging
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest

from channels.channel import SendFailed
from channels.smtp import MOST_LETTERS, MailServer
from tests.channels.local_servers import SmtpServer, trusting_tls

LETTER = b"From: lapor@example.go.id\r\nTo: warga@example.id\r\nSubject: x\r\n\r\nisi\r\n"
LOGIN = ("lapor", "rahasia kata:sandi")


def submit(server: SmtpServer, **settings: object) -> None:
    values = {"host": "localhost", "port": server.port, "security": "none", **settings}
    MailServer(**values).submit(LETTER, sender="lapor@example.go.id", recipient="warga@example.id")  # type: ignore[arg-type]


def hand_over(mail: MailServer) -> None:
    mail.submit(LETTER, sender="lapor@example.go.id", recipient="warga@example.id")


def failure_of(server: SmtpServer, **settings: object) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        submit(server, **settings)
    return raised.value


def test_starttls_and_login(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), SmtpServer(login=LOGIN, starttls=True) as server:
        submit(server, security="starttls", user=LOGIN[0], password=LOGIN[1], trust=trusting_tls())
    assert server.logins == [LOGIN]
    assert [mail.content for mail in server.received] == [LETTER]
    assert not [record for record in caplog.records if record.name.startswith("channels")]


def test_tls_from_the_start() -> None:
    with SmtpServer(tls=True) as server:
        submit(server, security="tls", trust=trusting_tls())
    assert len(server.received) == 1


def test_wrong_password_is_ours_to_repair() -> None:
    with SmtpServer(login=LOGIN, starttls=True) as server:
        failure = failure_of(server, security="starttls", user="lapor", password="lain", trust=trusting_tls())
    assert (failure.kind, failure.code, server.received) == ("config", "535", [])


def test_password_never_travels_in_the_clear() -> None:
    """STARTTLS is required, not tried: a server (or somebody in between) that does not offer it gets nothing."""
    with SmtpServer(login=LOGIN) as server:
        failure = failure_of(server, security="starttls", user=LOGIN[0], password=LOGIN[1])
    assert (failure.kind, server.logins, server.received) == ("config", [], [])


def test_login_not_offered() -> None:
    with SmtpServer() as server:
        failure = failure_of(server, user=LOGIN[0], password=LOGIN[1])
    assert failure.kind == "config"
    assert not server.received


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_a_stranger(security: str) -> None:
    with SmtpServer(starttls=security == "starttls", tls=security == "tls") as server:
        failure = failure_of(server, security=security, trust=ssl.create_default_context())
    assert (failure.kind, failure.uncertain, server.received) == ("config", False, [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificate_of_another_name(security: str) -> None:
    with SmtpServer(starttls=security == "starttls", tls=security == "tls", certificate="other-") as server:
        failure = failure_of(server, security=security, trust=trusting_tls("other-"))
    assert (failure.kind, server.received) == ("config", [])


def test_nobody_listening() -> None:
    with SmtpServer() as server:
        port = server.port
    failure = failure_of(server, port=port)
    assert (failure.kind, failure.uncertain) == ("retryable", False)


def test_size_is_announced() -> None:
    with SmtpServer() as server:
        submit(server)
    assert f"SIZE={len(LETTER)}" in [option.upper() for option in server.received[0].options]


def test_letters_share_a_connection_and_its_login() -> None:
    with SmtpServer(login=LOGIN, starttls=True) as server:
        mail = MailServer(
            "localhost", server.port, user=LOGIN[0], password=LOGIN[1], trust=trusting_tls()
        )  # fmt: skip
        for _ in range(3):
            hand_over(mail)
    assert (server.logins, server.connections) == ([LOGIN], 1)
    assert [letter.content for letter in server.received] == [LETTER] * 3


def test_a_connection_takes_only_so_many_letters() -> None:
    with SmtpServer() as server:
        mail = MailServer("localhost", server.port, security="none")
        for _ in range(MOST_LETTERS + 1):
            hand_over(mail)
    assert (server.connections, len(server.received)) == (2, MOST_LETTERS + 1)


def test_a_connection_the_server_has_closed_is_not_used() -> None:
    with SmtpServer() as server:
        mail = MailServer("localhost", server.port, security="none")
        hand_over(mail)
        server.hang_up()
        hand_over(mail)
    assert (server.connections, len(server.received)) == (2, 2)


def test_a_refusal_is_not_carried_over_to_the_next_letter() -> None:
    with SmtpServer({"RCPT": "550 5.1.1 unknown"}) as server:
        mail = MailServer("localhost", server.port, security="none")
        with pytest.raises(SendFailed):
            hand_over(mail)
        server.refusals.clear()
        hand_over(mail)
    assert [letter.rcpt_tos for letter in server.received] == [("warga@example.id",)]


def test_each_thread_has_a_connection_to_itself() -> None:
    with SmtpServer() as server, ThreadPoolExecutor(8) as pool:
        mail = MailServer("localhost", server.port, security="none")
        for sent in [pool.submit(hand_over, mail) for _ in range(100)]:
            sent.result()
    assert [letter.content for letter in server.received] == [LETTER] * 100
    assert server.connections <= 8 + 100 // MOST_LETTERS
