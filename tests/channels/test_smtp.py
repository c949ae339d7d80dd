"""Handing over a letter with and without TLS and login, and what a refusal means."""

from __future__ import annotations

import logging
import ssl

import pytest

from channels.channel import SendFailed
from channels.smtp import MailServer
from tests.channels.local_servers import SmtpServer, trusting_tls

LETTER = b"From: lapor@example.go.id\r\nTo: warga@example.id\r\nSubject: x\r\n\r\nisi\r\n"
LOGIN = ("lapor", "rahasia kata:sandi")


def submit(server: SmtpServer, **settings: object) -> None:
    values = {"host": "localhost", "port": server.port, "security": "none", **settings}
    MailServer(**values).submit(LETTER, sender="lapor@example.go.id", recipient="warga@example.id")  # type: ignore[arg-type]


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
