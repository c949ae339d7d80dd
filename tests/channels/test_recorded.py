"""Recorded requests, replayed: what came in and what we must have read; what we said and what was seen on the wire.

One file a case under ``recorded/<channel>/in`` and ``recorded/<channel>/out``; ``about`` says what a case is for.
A channel that is replayed here is its recordings and a line in ``SETTINGS`` and ``WIRES``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass, replace
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.channel import Channel, Forged, ReportsDelivery, SendFailed, Unreadable
from channels.email_mime import EmailMime
from channels.messages import Headers, InboundRequest, OutboundMessage
from channels.registry import CHANNELS
from tests.channels.local_servers import HttpAnswer, HttpServer, SmtpServer

RECORDED = Path(__file__).parent / "recorded"
PUBLIC_URL = "https://sahut.example.go.id"

SECRETS = {
    "SMS_TWILIO_AUTH_TOKEN": "token-of-the-account-now, token-of-the-account-before, 12345",
    "SMS_TWILIO_SHARED_KEYS": "webhooks_sharedkey_1:secret-of-the-shared-key",
    "EMAIL_MIME_SECRETS": "the-secret-of-the-pipe-now, the-secret-of-the-pipe-before",
    "EMAIL_REPLY_SECRET": "the-secret-of-reply-addresses-now, the-secret-of-reply-addresses-before",
}
SETTINGS = {
    "sms_twilio": {
        "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "SMS_TWILIO_AUTH_TOKEN": SECRETS["SMS_TWILIO_AUTH_TOKEN"],
        "SMS_TWILIO_SHARED_KEYS": SECRETS["SMS_TWILIO_SHARED_KEYS"],
        "SMS_TWILIO_NUMBERS": "+6281100009999, +6281100008888",
        "SMS_TWILIO_API_URL": "http://127.0.0.1:9",
    },
    "email_mime": {
        "EMAIL_MIME_SECRETS": SECRETS["EMAIL_MIME_SECRETS"],
        "EMAIL_REPLY_SECRET": SECRETS["EMAIL_REPLY_SECRET"],
        "EMAIL_ADDRESS": "lapor@sahut.example.go.id, aduan@sahut.example.go.id",
        "EMAIL_SMTP_URL": "smtp://127.0.0.1:9?tls=no",
    },
    "web_form": {},
}


def cases(direction: str) -> list[Any]:
    files = sorted(RECORDED.glob(f"*/{direction}/*.json"))
    return [pytest.param(file, id=f"{file.parts[-3]}-{file.stem}") for file in files]


def open_one(name: str, **settings: str) -> Channel:
    channel = CHANNELS[name]({**SETTINGS[name], **settings}, public_url=PUBLIC_URL)
    assert channel is not None
    return channel


def read_request(recorded: Mapping[str, Any], folder: Path) -> InboundRequest:
    """The request as the web application hands it over."""
    body = recorded.get("body", "").encode()
    if "body_file" in recorded:
        body = (folder / recorded["body_file"]).read_bytes()
    is_form = recorded["headers"].get("Content-Type", "").startswith("application/x-www-form-urlencoded")
    url = recorded["url"]
    return InboundRequest(
        url=url,
        headers=Headers(recorded["headers"]),
        body=body,
        form=tuple(parse_qsl(body.decode(), keep_blank_values=True)) if is_form else (),
        query=tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
    )


def plain(value: Any) -> Any:
    """A value as JSON would have it."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.isoformat() if isinstance(value, datetime) else value


@pytest.mark.parametrize("file", cases("in"))
def test_what_came_in(file: Path) -> None:
    case = json.loads(file.read_text())
    channel = open_one(file.parts[-3])
    if "now" in case:
        assert isinstance(channel, EmailMime)
        channel = replace(channel, unix_seconds=lambda: float(case["now"]))
    request = read_request(case["request"], file.parent)
    if case["verify"] == "forged":
        with pytest.raises(Forged):
            channel.verify(request)
        assert "parse" not in case
        return
    if case["verify"] == "genuine":
        channel.verify(request)
    match case.get("parse"):
        case "unreadable":
            with pytest.raises(Unreadable):
                channel.parse(request)
        case "delivery_unreadable":
            assert isinstance(channel, ReportsDelivery)
            with pytest.raises(Unreadable):
                channel.parse_delivery(request)
        case "delivery":
            assert isinstance(channel, ReportsDelivery)
            read = plain(channel.parse_delivery(request))
            assert {key: read[key] for key in case["value"]} == case["value"]
        case "message":
            message = channel.parse(request)
            assert message == channel.parse(request), "reading twice gives the same"
            read = plain(message)
            expected = case["value"]
            assert {key: read[key] for key in expected if key != "extra"} == {
                key: value for key, value in expected.items() if key != "extra"
            }
            for key, value in expected.get("extra", {}).items():
                assert read["extra"].get(key) == value
            json.dumps(read["extra"])
        case None:
            assert case["verify"] == "genuine"
        case other:
            pytest.fail(f"the runner does not know {other}")


class Wire:
    """What was seen and how to reach the server that saw it."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self.settings = settings
        self.seen: list[Any] = []


@contextmanager
def http_wire(case: Mapping[str, Any]) -> Iterator[Wire]:
    answers = [
        HttpAnswer(
            status=answer.get("status", 200),
            headers=answer.get("headers", {}),
            body=json.dumps(answer["json"]).encode() if "json" in answer else answer.get("body", "").encode(),
            cut=answer.get("cut", False),
        )
        for answer in case["answers"]
    ]
    with HttpServer(*answers) as server:
        wire = Wire({"SMS_TWILIO_API_URL": server.url})
        yield wire
        for request in server.seen:
            path = urlsplit(request.path)
            wire.seen.append(
                {
                    "method": request.method,
                    "path": path.path,
                    "query": dict(parse_qsl(path.query)),
                    "headers": request.headers,
                    "form": request.form(),
                }
            )


@contextmanager
def smtp_wire(case: Mapping[str, Any]) -> Iterator[Wire]:
    with SmtpServer(dict(case["answers"]), utf8=case.get("utf8", False)) as server:
        wire = Wire({"EMAIL_SMTP_URL": f"smtp://127.0.0.1:{server.port}?tls=no"})
        yield wire
        for mail in server.received:
            assert all(len(line) <= 998 for line in mail.content.split(b"\r\n")), "RFC 5322, 2.1.1"
            letter = message_from_bytes(mail.content, policy=policy.default)
            assert not letter.defects
            wire.seen.append(
                {
                    "mail_from": mail.mail_from,
                    "rcpt_tos": list(mail.rcpt_tos),
                    "headers": {name: str(value) for name, value in letter.items()},
                    "text": body_of(letter, "plain"),
                }
            )


def body_of(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@contextmanager
def no_wire(case: Mapping[str, Any]) -> Iterator[Wire]:
    assert not case["answers"]
    yield Wire({})


WIRES = {"sms_twilio": http_wire, "email_mime": smtp_wire, "web_form": no_wire}


def each_secret(settings: Mapping[str, str]) -> list[str]:
    return [secret.strip().rpartition(":")[2] for value in settings.values() for secret in value.split(",")]


@pytest.mark.parametrize("file", cases("out"))
def test_what_went_out(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    case = json.loads(file.read_text())
    name = file.parts[-3]
    message = OutboundMessage(**{**case["message"], "references": tuple(case["message"].get("references", ()))})
    failure: SendFailed | None = None
    with caplog.at_level(logging.DEBUG), WIRES[name](case) as wire:
        channel = open_one(name, **{**wire.settings, **case.get("settings", {})})
        receipt = None
        try:
            receipt = channel.send(message)
        except SendFailed as raised:
            failure = raised
    if "receipt" in case:
        assert failure is None
        assert plain(receipt) == {"segments": None, "stalled": False, **case["receipt"]}
    else:
        assert failure is not None, f"sent, receipt {receipt}"
        expected = case["failure"]
        wait = failure.retry_after
        seen = {"kind": failure.kind, "code": failure.code, "uncertain": failure.uncertain}
        assert seen == {key: expected[key] for key in seen}
        assert (wait.total_seconds() if wait else None) == expected.get("retry_after_seconds")
        assert failure.retryable == (failure.kind in {"retryable", "throttled", "config"})
        assert message.text not in failure.reason
        assert message.to not in failure.reason
    if "seen" in case:
        compare_seen(wire.seen, case["seen"])
    assert_silent_about(each_secret(SECRETS), [message.to, message.text], caplog.records, failure)


def compare_seen(seen: list[Any], expected: list[Any]) -> None:
    assert len(seen) == len(expected)
    for actual, wanted in zip(seen, expected, strict=True):
        absent = wanted.pop("absent_headers", [])
        for key, value in wanted.items():
            if key == "headers":
                assert {name: actual["headers"].get(name) for name in value} == value
            else:
                assert actual[key] == value
        assert not [name for name in absent if name in actual["headers"]]


def assert_silent_about(
    secrets: list[str], personal: list[str], records: list[logging.LogRecord], failure: SendFailed | None
) -> None:
    """No secret in any record at any level, nor in the error; nobody's number or words at the level we run at."""
    formatter = logging.Formatter("%(name)s %(message)s")
    # "mail.log" is the test's own mail server speaking.
    written = [(record.levelno, formatter.format(record)) for record in records if record.name != "mail.log"]
    told = "\n".join(text for _, text in written) + repr(failure)
    assert not [secret for secret in secrets if secret in told]
    loud = "\n".join(text for level, text in written if level >= logging.INFO)
    assert not [words for words in personal if words and words in loud]


def test_every_channel_has_recordings() -> None:
    for name in CHANNELS:
        assert list((RECORDED / name).rglob("*.json")), f"nothing recorded for {name}"
    assert set(SETTINGS) == set(WIRES) == {file.parts[-3] for file in RECORDED.glob("*/in/*.json")}
    assert set(SETTINGS) == {file.parts[-3] for file in RECORDED.glob("*/out/*.json")}
