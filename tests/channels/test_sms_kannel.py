"""Kannel's requests as recorded, its answers as it gives them, and settings told all at once."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.channel import Channel, Forged, Misconfigured, ReportsDelivery, SendFailed
from channels.messages import Ack, AckResponse, OutboundMessage
from channels.registry import open_channels
from channels.sms_kannel import SmsKannel, open_channel, open_more
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.channels.replay import PUBLIC_URL, SECRET, check, make_request, read, recordings, request_of

SETTINGS = {
    "SMS_KANNEL_URL": "http://127.0.0.1:13013/cgi-bin/sendsms",
    "SMS_KANNEL_USER": "sahut",
    "SMS_KANNEL_PASSWORD": "kata-sandi-kannel",
    "SMS_KANNEL_SECRETS": f"{SECRET},rahasia-jalan-lama",
    "SMS_KANNEL_NUMBERS": "1708",
}
MESSAGE = OutboundMessage(id="42", to="+628110000001", sender="1708", text="Laporan 7K3 diterima.")


def kannel(**more: str) -> SmsKannel:
    channel = open_channel({**SETTINGS, **more}, public_url=PUBLIC_URL)
    assert channel is not None
    return channel


def test_is_a_channel_that_reports_delivery() -> None:
    channel: Channel = kannel()
    assert (channel.name, channel.medium) == ("sms_kannel", "sms")
    assert isinstance(channel, ReportsDelivery)


@pytest.mark.parametrize("path", recordings("sms_kannel"))
def test_recorded(path: Path) -> None:
    check(kannel(), path)


@given(query=st.binary(max_size=200), body=st.binary(max_size=200), charset=st.text(max_size=12))
def test_no_bytes_break_reading(query: bytes, body: bytes, charset: str) -> None:
    raw = query.decode("latin-1").replace("#", "")
    url = f"{PUBLIC_URL}/hooks/sms_kannel/{SECRET}?id=1&charset={charset}&{raw}"
    message = kannel().parse(make_request(url, body=body))
    assert "\x00" not in message.text + message.sender + message.recipient
    message.text.encode()


@pytest.mark.parametrize("secret", [SECRET, "rahasia-jalan-lama"])
@pytest.mark.parametrize("end", ["", "/delivery", "/"])
def test_every_secret_of_a_rotation_opens(secret: str, end: str) -> None:
    kannel().verify(make_request(f"{PUBLIC_URL}/hooks/sms_kannel/{secret}{end}?id=1"))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/salah",
        f"/{SECRET}x",
        f"/{SECRET[:-1]}",
        f"/{SECRET}/lain",
        f"?secret={SECRET}",
        "/délivery",
        "/delivery",
    ],
)
def test_without_the_secret_it_is_forged(path: str) -> None:
    with pytest.raises(Forged):
        kannel().verify(make_request(f"{PUBLIC_URL}/hooks/sms_kannel{path}"))


@pytest.mark.parametrize(
    ("allowed", "caller", "welcome"),
    [
        ("", "127.0.0.1", True),
        ("", "::1", True),
        ("", "::ffff:127.0.0.1", True),
        ("", "10.0.0.5", False),
        ("", "", False),
        ("", "unix:", False),
        ("10.0.0.0/24, 192.168.7.9", "10.0.0.5", True),
        ("10.0.0.0/24, 192.168.7.9", "192.168.7.9", True),
        ("10.0.0.0/24, 192.168.7.9", "127.0.0.1", False),
        ("fd00::/8", "fd00::5%eth0", True),
    ],
)
def test_only_listed_callers(allowed: str, caller: str, welcome: bool) -> None:
    request = make_request(f"{PUBLIC_URL}/hooks/sms_kannel/{SECRET}", remote_address=caller)
    channel = kannel(SMS_KANNEL_ALLOW=allowed)
    if welcome:
        channel.verify(request)
    else:
        with pytest.raises(Forged):
            channel.verify(request)


def test_acknowledgement_is_empty_because_kannel_sends_it_to_the_citizen() -> None:
    assert {kannel().render_ack(ack) for ack in Ack} == {AckResponse(200, body="")}


class _Box(BaseHTTPRequestHandler):
    """A sendsms address that answers as it is told, or hangs up."""

    answers: tuple[int, str] | None = (202, "0: Accepted for delivery")
    heard: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append((self.path, dict(self.headers.items()), body))
        if self.answers is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, words = self.answers
        self.send_response(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
        """Nothing."""


@contextmanager
def answering(answers: tuple[int, str] | None) -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    heard: list[tuple[str, dict[str, str], bytes]] = []
    box = type("Box", (_Box,), {"answers": answers, "heard": heard})
    with ThreadingHTTPServer(("127.0.0.1", 0), box) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/cgi-bin/sendsms", heard
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("words", ["0: Accepted for delivery", "3: Queued for later delivery"])
def test_both_kinds_of_yes(words: str) -> None:
    with answering((202, words)) as (url, _):
        receipt = kannel(SMS_KANNEL_URL=url).send(MESSAGE)
    assert (receipt.external_id, receipt.segments) == ("", 1)


@pytest.mark.parametrize(
    ("status", "words", "kind", "uncertain"),
    [
        (403, "Authorization failed for sendsms", "config", False),
        (403, "Not routable. Do not try again.", "permanent", False),
        (400, "Number(s) has/have been denied by white- and/or black-lists.", "permanent", False),
        (400, "Empty receiver number not allowed, rejected", "permanent", False),
        (400, "Charset or body misformed, rejected", "permanent", False),
        (400, "Sender missing and no global set, rejected", "config", False),
        (400, "DLR-URL field misformed, rejected", "config", False),
        (503, "Temporal failure, try again later.", "retryable", False),
        (502, "<html>proxy</html>", "retryable", False),
        (404, "Unknown request.", "config", False),
        (302, "", "config", False),
        (200, "<html>Wi-Fi login</html>", "retryable", True),
        (202, "1: something new", "retryable", True),
    ],
)
def test_refusals(status: int, words: str, kind: str, uncertain: bool) -> None:
    with answering((status, words)) as (url, heard), pytest.raises(SendFailed) as failed:
        kannel(SMS_KANNEL_URL=url).send(MESSAGE)
    assert len(heard) == 1
    assert (failed.value.kind, failed.value.uncertain, failed.value.code) == (kind, uncertain, str(status))
    assert "+62" not in failed.value.reason


def test_nobody_listens_so_nothing_left() -> None:
    with answering((202, "")) as (url, _):
        pass
    with pytest.raises(SendFailed) as failed:
        kannel(SMS_KANNEL_URL=url).send(MESSAGE)
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", False)


def test_connection_cut_after_the_question_is_uncertain() -> None:
    with answering(None) as (url, _), pytest.raises(SendFailed) as failed:
        kannel(SMS_KANNEL_URL=url).send(MESSAGE)
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", True)


def test_what_leaves() -> None:
    with answering((202, "0: Accepted for delivery")) as (url, heard):
        channel = kannel(SMS_KANNEL_URL=url, SMS_KANNEL_SMSC="operator")
        channel.send(replace(MESSAGE, id="a/b", sender="0899"))
        channel.send(replace(MESSAGE, text="Jalan 🚧"))
    path, headers, body = heard[0]
    assert path == "/cgi-bin/sendsms"
    assert body == b"Laporan 7K3 diterima."
    assert headers["X-Kannel-To"] == "+628110000001"
    assert headers["X-Kannel-From"] == "1708"
    assert headers["X-Kannel-SMSC"] == "operator"
    assert headers["X-Kannel-DLR-Mask"] == "31"
    assert headers["X-Kannel-DLR-URL"] == (
        f"{PUBLIC_URL}/hooks/sms_kannel/{SECRET}/delivery?mid=a%%2Fb&type=%d&fid=%F&ans=%A"
    )
    assert "X-Kannel-Coding" not in headers
    assert heard[1][1]["X-Kannel-Coding"] == "2"
    assert heard[1][2] == "Jalan 🚧".encode()


@pytest.mark.parametrize("to", ["", "BANK ABC", "+628110000001 +628110000002", "+628110000001\r\nX-Kannel-From: 1"])
def test_only_one_number_may_be_written_to(to: str) -> None:
    with answering((202, "0: Accepted for delivery")) as (url, heard), pytest.raises(SendFailed) as failed:
        kannel(SMS_KANNEL_URL=url).send(replace(MESSAGE, to=to))
    assert (failed.value.kind, heard) == ("permanent", [])


def test_nothing_secret_or_personal_is_logged_or_shown(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), answering((202, "0: Accepted for delivery")) as (url, _):
        channel = kannel(SMS_KANNEL_URL=url)
        channel.send(MESSAGE)
    written = caplog.text + repr(channel)
    for private in ("kata-sandi-kannel", SECRET, "628110000001", "Laporan"):
        assert private not in written


def test_not_configured() -> None:
    assert open_channel({}, public_url=PUBLIC_URL) is None


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("SMS_KANNEL_URL", "", "SMS_KANNEL_URL is missing"),
        ("SMS_KANNEL_URL", "http://sms.example.com/sendsms", "SMS_KANNEL_URL must be an https"),
        ("SMS_KANNEL_URL", "ftp://127.0.0.1/sendsms", "SMS_KANNEL_URL must be an https"),
        ("SMS_KANNEL_URL", "http://127.0.0.1:99999/", "SMS_KANNEL_URL must be an https"),
        ("SMS_KANNEL_URL", "http://127.0.0.1/sendsms?password=x", "SMS_KANNEL_URL must hold neither"),
        ("SMS_KANNEL_USER", "", "SMS_KANNEL_USER is missing"),
        ("SMS_KANNEL_PASSWORD", "", "SMS_KANNEL_PASSWORD is missing"),
        ("SMS_KANNEL_PASSWORD", "kunci-🔑", "SMS_KANNEL_PASSWORD and the user may hold ASCII"),
        ("SMS_KANNEL_SECRETS", "", "SMS_KANNEL_SECRETS is missing"),
        ("SMS_KANNEL_SECRETS", "pendek", "SMS_KANNEL_SECRETS holds a secret shorter"),
        ("SMS_KANNEL_SECRETS", "rahasia/dengan/miring", "SMS_KANNEL_SECRETS may hold letters"),
        ("SMS_KANNEL_ALLOW", "10.0.0.0/24, kantor", "SMS_KANNEL_ALLOW holds something"),
    ],
)
def test_faults_are_told_without_their_values(name: str, value: str, told: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        kannel(**{name: value})
    assert [fault for fault in wrong.value.faults if fault.startswith(told)]
    assert not value or value not in str(wrong.value)


def test_all_faults_at_once() -> None:
    with pytest.raises(Misconfigured) as wrong:
        open_channel({"SMS_KANNEL_ALLOW": "kantor"}, public_url=PUBLIC_URL)
    assert len(wrong.value.faults) == 5


@pytest.mark.parametrize("url", ["http://10.20.30.40:13013/sendsms", "https://sms.example.com/sendsms"])
def test_private_networks_and_https(url: str) -> None:
    assert kannel(SMS_KANNEL_URL=url).sendsms_url == url


def test_a_quarantined_request_is_read_without_its_secret() -> None:
    recording = read(Path(__file__).parent / "recorded" / "sms_kannel" / "ascii.json")
    request = request_of(recording)
    again = replace(request, url=request.url.replace(f"/{SECRET}", ""))
    assert kannel().parse(again) == kannel().parse(request)


# --- several ---

_SECOND = {
    "SMS_KANNEL_MORE": "b",
    "SMS_KANNEL_B_URL": "http://127.0.0.1:13014/cgi-bin/sendsms",
    "SMS_KANNEL_B_USER": "u",
    "SMS_KANNEL_B_PASSWORD": "rahasia-kedua",
    "SMS_KANNEL_B_SECRETS": "s" * 20,
    "SMS_KANNEL_B_NUMBERS": "1708",
}


def test_a_second_kannel_is_a_channel_of_its_own() -> None:
    (second,) = open_more(_SECOND, public_url="https://lapor.example.go.id")
    assert (second.name, second.numbers, second.password) == ("sms_kannel_b", ["1708"], "rahasia-kedua")
    assert second.delivery_url == f"https://lapor.example.go.id/hooks/sms_kannel_b/{'s' * 20}/delivery"
    assert second.sends_as("1708")
    assert not second.sends_as("1709")
    assert open_channels(_SECOND, public_url="https://lapor.example.go.id").keys() == {"sms_kannel_b", "web_form"}


def test_faults_of_a_second_kannel_are_told_by_its_own_names() -> None:
    with pytest.raises(Misconfigured) as told:
        open_more({**_SECOND, "SMS_KANNEL_B_USER": "", "SMS_KANNEL_MORE": "b, c, b, x-y"}, public_url="")
    assert told.value.faults == (
        "SMS_KANNEL_B_USER is missing",
        "SMS_KANNEL_C_URL is missing",
        "SMS_KANNEL_MORE must name each by letters and digits, once",
        "SMS_KANNEL_MORE must name each by letters and digits, once",
    )


def test_queued_for_later_says_that_the_line_is_away() -> None:
    for words, stalled in ((b"0: Accepted for delivery", False), (b"3: Queued for later delivery", True)):
        with HttpServer(HttpAnswer(202, body=words)) as server:
            assert kannel(SMS_KANNEL_URL=server.url).send(MESSAGE).stalled is stalled
