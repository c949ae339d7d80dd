"""What recordings cannot show: the message list asked page by page, time-outs, the environment of the process."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from werkzeug.datastructures import MultiDict

from channels.channel import Forged, Misconfigured, SendFailed
from channels.messages import Ack, Headers, InboundRequest, OutboundMessage, ProviderReceipt
from channels.sms_twilio import SmsTwilio, open_channel
from channels.twilio_api import CONNECTIONS, MOST_ANSWERED_BYTES, TwilioApi
from channels.twilio_signature import TwilioSignature
from tests.channels.local_servers import HttpAnswer, HttpServer

SID = "AC" + "0" * 32
TOKEN = "rahasia-token-twilio"
SINCE = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
MESSAGE = OutboundMessage("41", "+6281100000123", "+6281100009999", "Laporan 7K3-9QX diterima.  Terima kasih.")


def listed(sid: str, **changes: object) -> dict[str, object]:
    return {
        "sid": sid,
        "body": "Laporan 7K3-9QX diterima.  Terima kasih.",
        "direction": "outbound-api",
        "num_segments": "1",
        "date_created": "Sat, 21 Nov 2026 10:00:05 +0000",
        "date_sent": None,
        **changes,
    }


def page(*messages: Mapping[str, object], following: str | None = None) -> HttpAnswer:
    return HttpAnswer(200, body=json.dumps({"messages": messages, "next_page_uri": following}).encode())


def channel_at(server: HttpServer, **more: str) -> SmsTwilio:
    return channel_to(server.url, **more)


def channel_to(url: str, **more: str) -> SmsTwilio:
    environ = {"SMS_TWILIO_ACCOUNT_SID": SID, "SMS_TWILIO_AUTH_TOKEN": TOKEN, "SMS_TWILIO_API_URL": url, **more}
    channel = open_channel(environ, public_url="https://sahut.example.go.id")
    assert channel is not None
    return channel


def test_finds_what_was_sent() -> None:
    other = listed("SM1", body="Laporan lain.")
    # Twilio trims blanks; a message still queued has no date of sending.
    ours = listed("SM2", body="Laporan 7K3-9QX diterima. Terima kasih. ", num_segments="2")
    with HttpServer(page(other, ours)) as server:
        receipt = channel_at(server).find_sent(MESSAGE, since=SINCE)
    assert receipt is not None
    assert (receipt.external_id, receipt.segments) == ("SM2", 2)
    asked = parse_qs(urlsplit(server.seen[0].path).query)
    assert asked["To"] == ["+6281100000123"]
    assert set(asked) == {"To", "PageSize"}


@pytest.mark.parametrize(
    "found",
    [
        listed("SM1", body="Laporan lain."),
        listed("SM1", date_created="Sat, 21 Nov 2026 09:50:00 +0000"),
        listed("SM1", direction="inbound"),
    ],
    ids=["other text", "long before", "what they said"],
)
def test_finds_nothing_else(found: dict[str, object]) -> None:
    with HttpServer(page(found)) as server:
        assert channel_at(server).find_sent(MESSAGE, since=SINCE) is None


def test_finds_on_the_next_page() -> None:
    following = f"/2010-04-01/Accounts/{SID}/Messages.json?To=%2B6281100000123&PageSize=100&Page=1&PageToken=PA1"
    with HttpServer(page(listed("SM1", body="x"), following=following), page(listed("SM2"))) as server:
        receipt = channel_at(server).find_sent(MESSAGE, since=SINCE)
    assert receipt is not None
    assert receipt.external_id == "SM2"
    assert server.seen[1].path == following


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (HttpAnswer(503), "retryable"),
        (HttpAnswer(401), "config"),
        (HttpAnswer(429, {"Retry-After": "5"}), "throttled"),
        (HttpAnswer(200, body=b"<html>"), "retryable"),
        (HttpAnswer(200, body=b'{"messages": [{}], "next_page_uri": null}'), "retryable"),
        (HttpAnswer(cut=True), "retryable"),
    ],
)
def test_cannot_tell(answer: HttpAnswer, kind: str) -> None:
    with HttpServer(answer) as server, pytest.raises(SendFailed) as raised:
        channel_at(server).find_sent(MESSAGE, since=SINCE)
    assert raised.value.kind == kind


def test_a_silent_gateway_leaves_us_uncertain() -> None:
    with HttpServer(HttpAnswer(silent=True)) as server:
        channel = replace(
            channel_at(server),
            api=TwilioApi(account_sid=SID, auth_token=TOKEN, base_url=server.url, read_seconds=0.2),
        )
        with pytest.raises(SendFailed) as raised:
            channel.send(MESSAGE)
    assert raised.value.kind == "retryable"
    assert raised.value.uncertain
    assert isinstance(raised.value.__cause__, urllib3.exceptions.ReadTimeoutError)


@pytest.mark.parametrize(
    ("answer", "uncertain"),
    [
        (HttpAnswer(502, body=b"<html>bad gateway"), True),
        (HttpAnswer(504), True),
        (HttpAnswer(500, body=b'{"code": 20500, "message": "Internal Server Error"}'), False),
        (HttpAnswer(503, body=b'{"code": 20503}'), False),
        (HttpAnswer(503), False),
    ],
)
def test_what_stands_in_front_of_the_gateway_cannot_say_what_it_took(answer: HttpAnswer, *, uncertain: bool) -> None:
    with HttpServer(answer) as server, pytest.raises(SendFailed) as raised:
        channel_at(server).send(MESSAGE)
    assert (raised.value.kind, raised.value.uncertain) == ("retryable", uncertain)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"SM1"', b"{}", b'{"sid": ""}', b'{"sid": null}', b"[" * 100_000,
        b'{"sid": "SM1", "num_segments": Infinity}', b'{"sid": "SM1", "num_segments": "two"}', b'\xff{"sid": "SM1"}',
    ],
)  # fmt: skip
def test_a_yes_that_cannot_be_read_is_uncertain(body: bytes) -> None:
    with HttpServer(HttpAnswer(201, body=body)) as server, pytest.raises(SendFailed) as raised:
        channel_at(server).send(MESSAGE)
    assert (raised.value.kind, raised.value.uncertain) == ("retryable", True)


def test_nobody_listening_leaves_us_certain() -> None:
    with HttpServer() as server:
        channel = channel_at(server)
    with pytest.raises(SendFailed) as raised:
        channel.send(MESSAGE)
    assert raised.value.kind == "retryable"
    assert not raised.value.uncertain


def test_a_gateway_with_a_strange_certificate_was_told_nothing() -> None:
    with HttpServer(tls=True) as server, pytest.raises(SendFailed) as raised:
        channel_at(server).send(MESSAGE)
    assert (raised.value.kind, raised.value.uncertain) == ("retryable", False)
    assert not server.seen


def test_connections_are_kept_and_as_many_as_are_used_at_once() -> None:
    opened: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            opened.append(self.client_address)
            super().setup()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps(listed("SM1")).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        channel = channel_to(f"http://127.0.0.1:{server.server_port}")
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in range(4):
                list(pool.map(channel.send, [MESSAGE] * CONNECTIONS))
        server.shutdown()
    assert len(opened) <= CONNECTIONS


def test_an_answer_without_end_is_read_no_further() -> None:
    written: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.end_headers()
            with suppress(OSError):
                while sum(written) < 4 * MOST_ANSWERED_BYTES:
                    written.append(self.wfile.write(b" " * 65536))

        def log_message(self, *args: object) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        with pytest.raises(SendFailed) as raised:
            channel_to(f"http://127.0.0.1:{server.server_port}").send(MESSAGE)
        server.shutdown()
    assert raised.value.uncertain
    assert sum(written) < 2 * MOST_ANSWERED_BYTES


def test_edge_and_region_of_the_process_do_not_move_our_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    with HttpServer(HttpAnswer(201, body=json.dumps(listed("SM1")).encode()), page(listed("SM2"))) as server:
        channel = channel_at(server)
        assert channel.send(MESSAGE).external_id == "SM1"
        assert channel.find_sent(MESSAGE, since=SINCE) == ProviderReceipt("SM2", 1)  # by the library, which reads them


@pytest.mark.parametrize(
    ("more", "address"),
    [
        ({}, "https://api.twilio.com"),
        ({"SMS_TWILIO_EDGE": "singapore"}, "https://api.singapore.us1.twilio.com"),
        ({"SMS_TWILIO_EDGE": "dublin", "SMS_TWILIO_REGION": "ie1"}, "https://api.dublin.ie1.twilio.com"),
    ],
)
def test_our_own_edge_and_region_do(more: dict[str, str], address: str) -> None:
    channel = open_channel({"SMS_TWILIO_ACCOUNT_SID": SID, "SMS_TWILIO_AUTH_TOKEN": TOKEN, **more}, public_url="")
    assert channel is not None
    assert channel.api.base_url == address


@pytest.mark.parametrize(
    "more",
    [
        {"SMS_TWILIO_REGION": "ie1"},
        {"SMS_TWILIO_EDGE": "x.example.com/"},
        {"SMS_TWILIO_EDGE": "dublin", "SMS_TWILIO_API_URL": "https://api.twilio.com"},
        {"SMS_TWILIO_VALIDITY_SECONDS": "36001"},
        {"SMS_TWILIO_VALIDITY_SECONDS": "0"},
        {"SMS_TWILIO_VALIDITY_SECONDS": "-5"},
    ],
)
def test_wrong_places_and_times_are_told(more: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as told:
        open_channel({"SMS_TWILIO_ACCOUNT_SID": SID, "SMS_TWILIO_AUTH_TOKEN": TOKEN, **more}, public_url="")
    (fault,) = told.value.faults
    assert fault.startswith(("SMS_TWILIO_EDGE ", "SMS_TWILIO_VALIDITY_SECONDS "))


def test_asking_logs_no_number(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), HttpServer(page(listed("SM1"))) as server:
        channel_at(server).find_sent(MESSAGE, since=SINCE)
    assert not caplog.records


@pytest.mark.parametrize("ack", list(Ack))
def test_every_acknowledgement_is_empty_twiml(ack: Ack) -> None:
    with HttpServer() as server:
        answer = channel_at(server).render_ack(ack)
    assert (answer.status, answer.content_type) == (200, "text/xml; charset=utf-8")
    assert answer.body.endswith("<Response/>")


_WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(_WORD, _WORD), min_size=1, max_size=8), st.sampled_from(["HMAC_SHA1", "HMAC_SHA256"]))
def test_what_is_signed_is_what_the_library_signs(form: list[tuple[str, str]], algorithm: str) -> None:
    """Names and values in any order, repeated, empty, in any script."""
    url, key = "https://lapor.example.go.id/hooks/sms_twilio?a=1", "an invented key"
    given_ = RequestValidator(key).compute_signature(url, MultiDict(form), algorithm)
    settings = (
        {} if algorithm == "HMAC_SHA1" else {"X-Twilio-Webhooks-Signature-Settings": "key=k,algorithm=HMAC_SHA256"}
    )
    request = InboundRequest(url, Headers({"X-Twilio-Signature": given_, **settings}), b"x", form=tuple(form))
    signature = TwilioSignature([key], {"k": key})
    signature.check(request)
    with pytest.raises(Forged):
        signature.check(replace(request, form=(*form, ("x", "y" * 9))))
