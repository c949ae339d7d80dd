"""Letters that providers bring: the doors are thin, what is proven is proven, the letter is read as everywhere."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from channels.channel import Channel, Forged, Misconfigured, Unreadable
from channels.email_mailgun import EmailMailgun
from channels.email_mime import EmailMime
from channels.email_sendgrid import EmailSendgrid
from channels.messages import Headers, InboundMessage, InboundRequest
from channels.registry import CHANNELS, open_channels
from tests.channels import replay

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def shown(key: ec.EllipticCurvePrivateKey) -> str:
    written = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(written).decode()


MAILBOX = {
    "EMAIL_REPLY_SECRET": "the-secret-of-reply-addresses-now",
    "EMAIL_ADDRESS": "lapor@sahut.example.go.id",
    "EMAIL_SMTP_URL": "smtp://127.0.0.1:9?tls=no",
    "EMAIL_REGENCIES": "+muaraenim=16.03",
}
MAILGUN_KEY = "an-invented-signing-key-of-mailgun"
SETTINGS = {
    "email_sendgrid": {**MAILBOX, "EMAIL_SENDGRID_KEYS": f"{shown(OTHER_KEY)}, {shown(KEY)}"},
    "email_mailgun": {**MAILBOX, "EMAIL_MAILGUN_KEYS": f"the-signing-key-before-this-one, {MAILGUN_KEY}"},
    "email_postmark": {**MAILBOX, "EMAIL_POSTMARK_LOGINS": "old:an-invented-password, postmark:an-invented-password"},
}


def open_one(name: str) -> Channel:
    channel = CHANNELS[name](SETTINGS[name], public_url=replay.PUBLIC_URL)
    assert channel is not None
    return channel


def with_headers(request: InboundRequest, **more: str) -> InboundRequest:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return replace(request, headers=Headers({**request.headers, **named}))


def sign_sendgrid(request: InboundRequest, *, at: float | None = None, key: Any = KEY) -> InboundRequest:
    moment = str(int(time.time() if at is None else at))
    signature = key.sign(moment.encode() + request.body, ec.ECDSA(hashes.SHA256()))
    return with_headers(
        request,
        X_Twilio_Email_Event_Webhook_Signature=base64.b64encode(signature).decode(),
        X_Twilio_Email_Event_Webhook_Timestamp=moment,
    )


def sign_mailgun(
    request: InboundRequest, *, at: float | None = None, token: str = "a" * 50, key: str = MAILGUN_KEY
) -> InboundRequest:
    moment = str(int(time.time() if at is None else at))
    signature = hmac.new(key.encode(), (moment + token).encode(), hashlib.sha256).hexdigest()
    fields = {"timestamp": moment, "token": token, "signature": signature}
    if request.headers["Content-Type"].startswith("multipart/"):
        parts = "".join(
            f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        return replace(request, body=parts.encode() + request.body)
    body = request.body + b"".join(f"&{name}={value}".encode() for name, value in fields.items())
    return replace(request, body=body)


SIGN: dict[str, Callable[[InboundRequest], InboundRequest]] = {
    "email_sendgrid": sign_sendgrid,
    "email_mailgun": sign_mailgun,
    "email_postmark": lambda request: request,
}
RECORDED = [(name, param.values[0]) for name in SIGN for param in replay.recordings(name)]


@pytest.mark.parametrize(("name", "path"), RECORDED, ids=lambda value: value if isinstance(value, str) else value.stem)
def test_what_came_in(name: str, path: Path) -> None:
    channel, recording = open_one(name), replay.read(path)
    request = SIGN[name](replay.request_of(recording))
    channel.verify(request)
    if "unreadable" in recording:
        with pytest.raises(Unreadable, match=recording["unreadable"]):
            channel.parse(request)
        return
    message = channel.parse(request)
    assert {field: getattr(message, field) for field in recording["message"]} == recording["message"]
    for field, value in recording.get("extra", {}).items():
        assert message.extra[field] == value
    assert "<1@example.id>" in message.external_id


def letter_of(name: str) -> InboundRequest:
    return replay.request_of(replay.read(replay.RECORDED / name / "letter.json"))


def test_the_same_letter_by_every_door_is_the_same_message() -> None:
    read: list[InboundMessage] = [open_one(name).parse(SIGN[name](letter_of(name))) for name in SIGN]
    assert len({(each.external_id, each.text, each.sender, each.sent_at) for each in read}) == 1


@pytest.mark.parametrize("name", SIGN)
def test_without_proof_nobody_gets_in(name: str) -> None:
    request = letter_of(name)
    bare = replace(request, headers=Headers({"Content-Type": request.headers["Content-Type"]}))
    with pytest.raises(Forged):
        open_one(name).verify(bare)


def test_sendgrid_refuses_what_its_keys_did_not_sign() -> None:
    channel, request = open_one("email_sendgrid"), letter_of("email_sendgrid")
    stranger = ec.generate_private_key(ec.SECP256R1())
    channel.verify(sign_sendgrid(request, key=OTHER_KEY))
    signed = sign_sendgrid(request)
    refused = [
        sign_sendgrid(request, key=stranger),
        sign_sendgrid(request, at=time.time() - 4 * 24 * 3600),
        sign_sendgrid(request, at=time.time() + 3600),
        replace(signed, body=signed.body.replace(b"Muara Enim", b"Kota Bogor")),
        with_headers(signed, X_Twilio_Email_Event_Webhook_Timestamp=str(int(time.time()) - 1)),
        with_headers(signed, X_Twilio_Email_Event_Webhook_Timestamp="now"),
        with_headers(signed, X_Twilio_Email_Event_Webhook_Signature="not base64!"),
        with_headers(signed, X_Twilio_Email_Event_Webhook_Signature="AAAA"),
    ]
    for each in refused:
        with pytest.raises(Forged):
            channel.verify(each)


def test_mailgun_takes_a_token_for_one_letter_only() -> None:
    channel, request = open_one("email_mailgun"), letter_of("email_mailgun")
    first = sign_mailgun(request)
    channel.verify(first)
    channel.verify(first)  # the same letter tried again
    other = replace(request, body=request.body.replace(b"Muara+Enim", b"Kota+Bogor"))
    with pytest.raises(Forged):
        channel.verify(sign_mailgun(other))
    channel.verify(sign_mailgun(other, token="b" * 50))
    old = [sign_mailgun(request, at=time.time() - 13 * 3600, token="c"), sign_mailgun(request, key="x" * 20, token="d")]
    old += [sign_mailgun(request, at=time.time() + 3600, token="e"), sign_mailgun(request, token="f" * 200)]
    for refused in old:
        with pytest.raises(Forged):
            channel.verify(refused)


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!", "Bearer cG9zdG1hcms6YW4taW52ZW50ZWQtcGFzc3dvcmQ=", "Basic cG9zdG1hcms6eA=="],
)
def test_postmark_with_a_wrong_login(authorization: str) -> None:
    with pytest.raises(Forged):
        open_one("email_postmark").verify(with_headers(letter_of("email_postmark"), Authorization=authorization))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("EMAIL_SENDGRID_KEYS", {"EMAIL_SENDGRID_KEYS": "bm8ga2V5"}),
        ("EMAIL_MAILGUN_KEYS", {"EMAIL_MAILGUN_KEYS": "too-little"}),
        ("EMAIL_POSTMARK_LOGINS", {"EMAIL_POSTMARK_LOGINS": "postmark:too-little"}),
        ("EMAIL_POSTMARK_LOGINS", {"EMAIL_POSTMARK_LOGINS": "no-colon-in-this-long-word"}),
        ("EMAIL_REGENCIES", {"EMAIL_REGENCIES": "muaraenim=16.03", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
        ("EMAIL_REGENCIES", {"EMAIL_REGENCIES": "+muaraenim=1603", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
        ("EMAIL_CHECK_DKIM", {"EMAIL_CHECK_DKIM": "yes", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
        ("EMAIL_DKIM_KEY", {"EMAIL_DKIM_KEY": "selector", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
        ("EMAIL_DKIM_KEY", {"EMAIL_DKIM_KEY": "s1:/nowhere/key.pem", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
        ("EMAIL_DKIM_KEY", {"EMAIL_DKIM_KEY": f"s1:{__file__}", "EMAIL_MAILGUN_KEYS": MAILGUN_KEY}),
    ],
)
def test_settings_that_cannot_work_are_named(name: str, changes: dict[str, str]) -> None:
    with pytest.raises(Misconfigured) as told:
        open_channels({**MAILBOX, **changes}, public_url=replay.PUBLIC_URL)
    assert any(fault.startswith(name) for fault in told.value.faults)
    assert not any("too-little" in fault for fault in told.value.faults)


def test_only_the_doors_that_are_set_are_open() -> None:
    every: dict[str, str] = {}
    for settings in SETTINGS.values():
        every |= settings
    assert set(open_channels(every, public_url=replay.PUBLIC_URL)) == {*SIGN, "web_form"}
    by_mailbox = open_channels(
        {**MAILBOX, "EMAIL_IMAP_URL": "imaps://u:p@mail.example.go.id"}, public_url=replay.PUBLIC_URL
    )
    pipe = by_mailbox["email_mime"]
    assert isinstance(pipe, EmailMime)
    with pytest.raises(Forged):  # without a secret of its own the hook is shut
        pipe.verify(InboundRequest("u", Headers({"Authorization": "Bearer "}), b"x"))


def test_no_representation_tells_a_secret() -> None:
    for name in SIGN:
        channel = open_one(name)
        assert isinstance(channel, EmailSendgrid | EmailMailgun) or name == "email_postmark"
        assert "invented" not in repr(channel)
        assert "secret" not in repr(channel)
