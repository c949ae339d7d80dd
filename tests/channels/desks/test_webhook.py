"""Handing over by webhook: what a receiver sees and can check, what its answers mean, and where we never call."""

from __future__ import annotations

import json
import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest

from channels.channel import Forged, SendFailed
from channels.desks.desk import HandOver
from channels.desks.webhook import WebhookDesk, is_reachable
from channels.signing import check_signature
from tests.channels.local_servers import HttpAnswer, HttpServer, trusting_tls

SECRET = "rahasia-meja-0123456789"
NOW = 1795233600.0
REPORT = HandOver(
    id="handover-7",
    reference="7K3-9QX",
    regency="16.03",
    regency_name="Kabupaten Muara Enim",
    received_at=datetime(2026, 11, 21, 10, 0, tzinfo=UTC),
    channel="sms_twilio",
    type="pengaduan",
    topic="INF.01",
    topic_name="Jalan rusak",
    urgency="biasa",
    subject="Jalan “rusak”",
    text="Jalan rusak di Desa Karang Raja 🙏",
    location="Desa Karang Raja",
    unit="Dinas PU",
    secret=False,
    link="https://sahut.example.go.id/meja/7K3-9QX",
)


def desk_at(server: HttpServer, path: str = "/masuk?kunci=1") -> WebhookDesk:
    return WebhookDesk(server.url + path, SECRET, allow_loopback=True, unix_seconds=lambda: NOW)


def failure_of(desk: WebhookDesk) -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        desk.hand_over(REPORT)
    return raised.value


def test_what_the_receiver_sees(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), HttpServer(HttpAnswer(201, body=b'{"id": "PU-2026-11"}')) as server:
        receipt = desk_at(server).hand_over(REPORT)
    assert receipt.external_id == "PU-2026-11"
    [request] = server.seen
    assert (request.method, request.path) == ("POST", "/masuk?kunci=1")
    assert request.headers["Host"] == f"127.0.0.1:{server.port}"
    assert request.headers["Idempotency-Key"] == "handover-7"
    assert request.headers["Content-Type"] == "application/json"
    said = json.loads(request.body)
    assert said["event"] == "report.handed_over"
    assert said["report"]["received_at"] == "2026-11-21T10:00:00+00:00"
    assert said["report"]["text"] == REPORT.text
    assert set(said["report"]) == set(HandOver.__dataclass_fields__)
    signature = request.headers["X-Sahut-Signature"]
    check_signature(signature, request.body, secrets=["lain", SECRET], now=NOW + 60)
    with pytest.raises(Forged):
        check_signature(signature, request.body + b" ", secrets=[SECRET], now=NOW)
    assert SECRET not in caplog.text
    assert REPORT.text not in caplog.text


def test_over_tls() -> None:
    with HttpServer(HttpAnswer(204), tls=True) as server:
        desk = WebhookDesk(f"{server.url}/masuk", SECRET, allow_loopback=True, trust=trusting_tls())
        assert desk.hand_over(REPORT).external_id == ""
        assert server.seen[0].headers["Host"] == f"localhost:{server.port}"


def test_certificate_of_a_stranger() -> None:
    with HttpServer(HttpAnswer(204), tls=True) as server:
        failure = failure_of(WebhookDesk(f"{server.url}/masuk", SECRET, allow_loopback=True))
    assert (failure.kind, server.seen) == ("config", [])


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (HttpAnswer(400), "permanent", None),
        (HttpAnswer(404), "permanent", None),
        (HttpAnswer(410), "permanent", None),
        (HttpAnswer(408), "retryable", None),
        (HttpAnswer(425), "retryable", None),
        (HttpAnswer(429, {"Retry-After": "30"}), "throttled", timedelta(seconds=30)),
        (HttpAnswer(500), "retryable", None),
        (HttpAnswer(503, {"Retry-After": "120"}), "retryable", timedelta(minutes=2)),
        (HttpAnswer(503, {"Retry-After": "9999999999"}), "retryable", timedelta(days=1)),
        (HttpAnswer(503, {"Retry-After": "besok"}), "retryable", None),
    ],
    ids=lambda value: str(value.status) if isinstance(value, HttpAnswer) else None,
)
def test_refusals(answer: HttpAnswer, kind: str, wait: timedelta | None) -> None:
    with HttpServer(answer) as server:
        failure = failure_of(desk_at(server))
    assert (failure.kind, failure.code, failure.retry_after) == (kind, str(answer.status), wait)
    assert not failure.uncertain


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_never_followed(status: int) -> None:
    with HttpServer() as elsewhere, HttpServer(HttpAnswer(status, {"Location": elsewhere.url})) as server:
        failure = failure_of(desk_at(server))
    assert failure.kind == "config"
    assert not elsewhere.seen


@pytest.mark.parametrize(
    "body", [b"", b"OK", b"[1]", b'{"id": null}', b'{"id": {"a": 1}}', b"[" * 60_000, b"\xff", b'{"nomor": 1}']
)
def test_any_answer_of_2xx_is_enough(body: bytes) -> None:
    with HttpServer(HttpAnswer(200, body=body)) as server:
        assert desk_at(server).hand_over(REPORT).external_id == ""


def test_a_number_is_a_name_too() -> None:
    with HttpServer(HttpAnswer(200, body=b'{"id": 77}')) as server:
        assert desk_at(server).hand_over(REPORT).external_id == "77"


@pytest.mark.parametrize("answer", [HttpAnswer(cut=True), HttpAnswer(silent=True)], ids=["cut", "silent"])
def test_no_answer_leaves_us_uncertain(answer: HttpAnswer) -> None:
    with HttpServer(answer) as server:
        failure = failure_of(WebhookDesk(server.url, SECRET, allow_loopback=True, read_seconds=0.2))
    assert (failure.kind, failure.uncertain) == ("retryable", True)
    assert not answer.silent or isinstance(failure.__cause__, TimeoutError)


def test_nobody_listening() -> None:
    with HttpServer() as server:
        desk = desk_at(server)
    failure = failure_of(desk)
    assert (failure.kind, failure.uncertain) == ("retryable", False)


def test_a_name_nobody_knows() -> None:
    failure = failure_of(WebhookDesk("https://desa..example.id/", SECRET))
    assert (failure.kind, failure.uncertain) == ("retryable", False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "0x7f000001", "2130706433"])
def test_never_calls_this_machine_unasked(host: str) -> None:
    """Also by the odd spellings the resolver understands: the address decides, not its spelling."""
    with HttpServer() as server:
        failure = failure_of(WebhookDesk(f"http://{host}:{server.port}/", SECRET))
    assert failure.kind in {"config", "retryable"}
    assert not server.seen


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255",
        "224.0.0.1", "192.0.2.1", "198.18.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "::", "ff02::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1",
        "::ffff:224.0.0.1", "64:ff9b::a00:1", "2002:a00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    ],
)  # fmt: skip
def test_addresses_inside(address: str) -> None:
    assert not is_reachable(address, allow_loopback=False)


@pytest.mark.parametrize("address", ["103.10.0.1", "8.8.8.8", "2404:6800:4003::1", "::ffff:8.8.8.8"])
def test_addresses_outside(address: str) -> None:
    assert is_reachable(address, allow_loopback=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_only_when_allowed(address: str) -> None:
    assert is_reachable(address, allow_loopback=True)
    assert not is_reachable(address, allow_loopback=False)


def test_one_inside_address_among_others_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an address inside and a public one: whichever comes first, we do not call."""

    def resolve(host: str, port: int, **_: object) -> list[object]:
        assert host == "desa.example.id"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.1", "8.8.8.8")]

    with HttpServer() as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        failure = failure_of(WebhookDesk(f"http://desa.example.id:{server.port}/", SECRET))
    assert failure.kind == "config"
    assert not server.seen
