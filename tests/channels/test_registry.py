"""Opening what is configured: nothing by accident, and every fault told at once without telling a secret."""

from __future__ import annotations

import pytest

from channels.channel import Channel, FindsSent, Misconfigured, ReportsDelivery
from channels.desks.email import EmailDesk
from channels.desks.webhook import WebhookDesk
from channels.registry import CHANNELS, DESKS, open_channels, open_desk

PUBLIC_URL = "https://sahut.example.go.id/"
SMS = {"SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "SMS_TWILIO_AUTH_TOKEN": "rahasia-token"}
EMAIL = {
    "EMAIL_MIME_SECRETS": "rahasia-pipa-0123456789",
    "EMAIL_REPLY_SECRET": "rahasia-alamat-0123456789",
    "EMAIL_ADDRESS": "Lapor@example.go.id",
    "EMAIL_SMTP_URL": "smtp://lapor:kata%40sandi@mail.example.go.id",
}


def test_only_the_form_without_settings() -> None:
    assert set(open_channels({}, public_url=PUBLIC_URL)) == {"web_form"}
    assert set(open_channels({"SMS_TWILIO_AUTH_TOKEN": " ", "EMAIL_ADDRESS": ""}, public_url=PUBLIC_URL)) == {
        "web_form"
    }


def test_everything_configured() -> None:
    opened = open_channels({**SMS, **EMAIL}, public_url=PUBLIC_URL)
    assert {"sms_twilio", "email_mime", "web_form"} <= set(opened)
    for name, channel in opened.items():
        assert channel.name == name
    assert opened["sms_twilio"].medium == "sms"
    assert opened["email_mime"].medium == "email"
    assert opened["web_form"].medium == "web"
    sms: Channel = opened["sms_twilio"]
    assert isinstance(sms, ReportsDelivery)
    assert isinstance(sms, FindsSent)


def test_names_are_those_of_the_modules() -> None:
    for name, open_channel in CHANNELS.items():
        assert getattr(open_channel, "__module__", "") == f"channels.{name}"
    for kind, opener in DESKS.items():
        assert getattr(opener, "__module__", "") == f"channels.desks.{kind}"


def test_no_representation_tells_a_secret() -> None:
    opened = open_channels({**SMS, "SMS_TWILIO_SHARED_KEYS": "k1:rahasia-kunci", **EMAIL}, public_url=PUBLIC_URL)
    desk = open_desk("webhook", {"url": "https://desa.example.id/", "secret": "rahasia-meja-0123456789"}, {})
    told = repr(opened) + repr(desk)
    assert "rahasia" not in told
    assert "kata" not in told


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SMS_TWILIO_ACCOUNT_SID": ""}, ["SMS_TWILIO_ACCOUNT_SID"]),
        ({"SMS_TWILIO_ACCOUNT_SID": "rahasia"}, ["SMS_TWILIO_ACCOUNT_SID"]),
        ({"SMS_TWILIO_AUTH_TOKEN": ""}, ["SMS_TWILIO_AUTH_TOKEN"]),
        ({"SMS_TWILIO_AUTH_TOKEN": " , "}, ["SMS_TWILIO_AUTH_TOKEN"]),
        ({"SMS_TWILIO_SHARED_KEYS": "rahasia"}, ["SMS_TWILIO_SHARED_KEYS"]),
        ({"SMS_TWILIO_SHARED_KEYS": "k1:ok,:rahasia"}, ["SMS_TWILIO_SHARED_KEYS"]),
        ({"SMS_TWILIO_NUMBERS": "+628110000001,rahasia"}, ["SMS_TWILIO_NUMBERS"]),
        ({"SMS_TWILIO_MESSAGING_SERVICE_SID": "MG1"}, ["SMS_TWILIO_MESSAGING_SERVICE_SID"]),
        ({"SMS_TWILIO_API_URL": "http://gateway.example.id"}, ["SMS_TWILIO_API_URL"]),
        ({"SMS_TWILIO_API_URL": "https://"}, ["SMS_TWILIO_API_URL"]),
        ({"SMS_TWILIO_API_URL": "ftp://127.0.0.1"}, ["SMS_TWILIO_API_URL"]),
        ({"EMAIL_MIME_SECRETS": ""}, ["EMAIL_MIME_SECRETS"]),
        ({"EMAIL_MIME_SECRETS": "rahasia-pipa-0123456789,pendek"}, ["EMAIL_MIME_SECRETS"]),
        ({"EMAIL_REPLY_SECRET": "rahasia"}, ["EMAIL_REPLY_SECRET"]),
        ({"EMAIL_ADDRESS": "lapor"}, ["EMAIL_ADDRESS"]),
        ({"EMAIL_ADDRESS": "lapor+x@example.go.id"}, ["EMAIL_ADDRESS"]),
        ({"EMAIL_SMTP_URL": ""}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "mail.example.go.id:587"}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "smtp://mail.example.go.id:587?tls=no"}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "smtps://127.0.0.1?tls=no"}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "smtp://127.0.0.1?starttls=no"}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "smtp://lapor@mail.example.go.id"}, ["EMAIL_SMTP_URL"]),
        ({"EMAIL_SMTP_URL": "smtp://u:rahasia@mail.example.go.id:notaport"}, ["EMAIL_SMTP_URL"]),
        (
            {"SMS_TWILIO_ACCOUNT_SID": "", "SMS_TWILIO_NUMBERS": "x", "EMAIL_ADDRESS": "", "EMAIL_MIME_SECRETS": "x"},
            ["SMS_TWILIO_ACCOUNT_SID", "SMS_TWILIO_NUMBERS", "EMAIL_MIME_SECRETS", "EMAIL_ADDRESS"],
        ),
    ],
)
def test_faults_are_told_together(changes: dict[str, str], named: list[str]) -> None:
    with pytest.raises(Misconfigured) as raised:
        open_channels({**SMS, **EMAIL, **changes}, public_url=PUBLIC_URL)
    assert [fault.partition(" ")[0] for fault in raised.value.faults] == named
    assert "rahasia" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081", "http://localhost:8081/", "http://[::1]:8081", "https://eu.example.com"]
)
def test_api_addresses_that_will_do(url: str) -> None:
    assert "sms_twilio" in open_channels({**SMS, "SMS_TWILIO_API_URL": url}, public_url=PUBLIC_URL)


def test_desks_by_kind() -> None:
    webhook = open_desk("webhook", {"url": "https://desa.example.id/masuk", "secret": "s" * 16}, {})
    assert isinstance(webhook, WebhookDesk)
    assert not webhook.allow_loopback
    email = open_desk("email", {"address": "pu@example.go.id"}, EMAIL)
    assert isinstance(email, EmailDesk)
    assert email.sender == "lapor@example.go.id"
    assert (email.server.user, email.server.password, email.server.port) == ("lapor", "kata@sandi", 587)


@pytest.mark.parametrize(
    ("kind", "config", "environ", "faults"),
    [
        ("pigeon", {}, {}, 1),
        ("webhook", {}, {}, 2),
        ("webhook", {"url": "http://desa.example.id/", "secret": "s" * 16}, {}, 1),
        ("webhook", {"url": "http://127.0.0.1:1/", "secret": "s" * 16}, {}, 1),
        ("webhook", {"url": "http://127.0.0.1:1/", "secret": "s" * 16}, {"DESK_WEBHOOK_ALLOW_LOOPBACK": "0"}, 1),
        ("webhook", {"url": "https://u:p@desa.example.id/", "secret": "s" * 16}, {}, 1),
        ("webhook", {"url": "https://desa.example.id/#x", "secret": "pendek"}, {}, 2),
        ("email", {"address": "bukan alamat"}, {}, 3),
        ("email", {"address": "a@b.example\nBcc: x@y.example"}, EMAIL, 1),
    ],
)
def test_desks_misconfigured(kind: str, config: dict[str, str], environ: dict[str, str], faults: int) -> None:
    with pytest.raises(Misconfigured) as raised:
        open_desk(kind, config, environ)
    assert len(raised.value.faults) == faults
