"""WhatsApp by Twilio: what comes in as recorded, what leaves, and whose turn it is when it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from channels.channel import Channel, FindsSent, Forged, Misconfigured, ReportsDelivery, SendFailed
from channels.messages import Ack, Headers, InboundRequest, OutboundMessage
from channels.whatsapp_twilio import WhatsappTwilio, open_channel
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.channels.replay import PUBLIC_URL, check, make_request, recordings

ACCOUNT = "AC" + "0" * 32
TOKEN = "token-of-the-account"
SETTINGS = {
    "SMS_TWILIO_ACCOUNT_SID": ACCOUNT,
    "SMS_TWILIO_AUTH_TOKEN": TOKEN,
    "WHATSAPP_TWILIO_NUMBERS": "+628110000100",
}
MESSAGE = OutboundMessage(id="42", to="+628110000001", sender="+628110000100", text="Laporan 7K3 diterima.")


def whatsapp(**more: str) -> WhatsappTwilio:
    channel = open_channel({**SETTINGS, **more}, public_url=PUBLIC_URL)
    assert channel is not None
    return channel


def signed(request: InboundRequest) -> InboundRequest:
    proof = RequestValidator(TOKEN).compute_signature(request.url, dict(request.form))
    return replace(request, headers=Headers({**request.headers, "X-Twilio-Signature": proof}))


def answer(http_status: int, **fields: object) -> HttpAnswer:
    return HttpAnswer(http_status, {"Content-Type": "application/json"}, json.dumps(fields).encode())


TAKEN = answer(201, sid="SM" + "1" * 32, body=MESSAGE.text, direction="outbound-api", num_segments="1", status="queued")


def test_is_a_channel_with_the_abilities_of_sms() -> None:
    channel: Channel = whatsapp()
    assert (channel.name, channel.medium) == ("whatsapp_twilio", "sms")
    assert isinstance(channel, ReportsDelivery)
    assert isinstance(channel, FindsSent)
    assert "<Response/>" in channel.render_ack(Ack.ACCEPTED).body


@pytest.mark.parametrize("path", recordings("whatsapp_twilio"))
def test_recorded(path: Path) -> None:
    check(whatsapp(), path, sign=signed)


def test_unsigned_is_forged() -> None:
    request = make_request(
        f"{PUBLIC_URL}/hooks/whatsapp_twilio",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        body=b"From=whatsapp%3A%2B628110000001&MessageSid=SM1",
    )
    with pytest.raises(Forged):
        whatsapp().verify(request)


@pytest.mark.parametrize(
    ("to", "sender", "leaves_to", "leaves_from"),
    [
        ("+628110000001", "+628110000100", "whatsapp:+628110000001", "whatsapp:+628110000100"),
        ("+628110000001", "", "whatsapp:+628110000001", "whatsapp:+628110000100"),
        ("ID.13491208655302741918", "+628119999999", "whatsapp:ID.13491208655302741918", "whatsapp:+628110000100"),
    ],
)
def test_what_leaves(to: str, sender: str, leaves_to: str, leaves_from: str) -> None:
    with HttpServer(TAKEN) as server:
        receipt = whatsapp(WHATSAPP_TWILIO_API_URL=server.url).send(replace(MESSAGE, to=to, sender=sender))
    form = server.seen[0].form()
    assert (form["To"], form["From"], form["Body"]) == (leaves_to, leaves_from, MESSAGE.text)
    assert form["StatusCallback"] == f"{PUBLIC_URL}/hooks/whatsapp_twilio/delivery?mid=42"
    assert (receipt.external_id, receipt.segments) == ("SM" + "1" * 32, None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 63016, "permanent"),
        (400, 63014, "opted_out"),
        (400, 63007, "config"),
        (400, 63018, "throttled"),
        (429, 63018, "throttled"),
        (400, 63012, "retryable"),
        (400, 21610, "opted_out"),
        (401, 20003, "config"),
        (500, 20500, "retryable"),
    ],
)
def test_refusals(status: int, code: int, kind: str) -> None:
    with HttpServer(answer(status, code=code, message="no", status=status)) as server:
        channel = whatsapp(WHATSAPP_TWILIO_API_URL=server.url)
        with pytest.raises(SendFailed) as failed:
            channel.send(MESSAGE)
    assert (failed.value.kind, failed.value.code, failed.value.uncertain) == (kind, str(code), False)


def test_a_lost_answer_is_uncertain_and_the_message_is_found_by_its_whatsapp_address() -> None:
    found = {"sid": "SM" + "2" * 32, "body": MESSAGE.text, "direction": "outbound-api", "num_segments": "1"}
    page = answer(200, messages=[found], next_page_uri=None, uri="/x", page=0, page_size=100)
    with HttpServer(HttpAnswer(cut=True), page) as server:
        channel = whatsapp(WHATSAPP_TWILIO_API_URL=server.url)
        with pytest.raises(SendFailed) as failed:
            channel.send(MESSAGE)
        receipt = channel.find_sent(MESSAGE, since=datetime.now(UTC))
    assert failed.value.uncertain
    assert receipt is not None
    assert receipt.external_id == "SM" + "2" * 32
    assert "To=whatsapp%3A%2B628110000001" in server.seen[1].path


def test_not_configured_by_sms_alone() -> None:
    assert open_channel({k: v for k, v in SETTINGS.items() if k.startswith("SMS_")}, public_url=PUBLIC_URL) is None


def test_another_account_brings_its_own_secrets() -> None:
    other = {"WHATSAPP_TWILIO_ACCOUNT_SID": "AC" + "1" * 32}
    with pytest.raises(Misconfigured) as wrong:
        whatsapp(**other)
    assert wrong.value.faults == ("WHATSAPP_TWILIO_AUTH_TOKEN is missing",)
    assert whatsapp(**other, WHATSAPP_TWILIO_AUTH_TOKEN="another-token").line.signature.auth_tokens == (
        "another-token",
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"WHATSAPP_TWILIO_NUMBERS": "kantor"}, "WHATSAPP_TWILIO_NUMBERS holds something"),
        (
            {"WHATSAPP_TWILIO_NUMBERS": "", "WHATSAPP_TWILIO_API_URL": "https://x.test"},
            "WHATSAPP_TWILIO_NUMBERS is missing",
        ),
        (
            {"WHATSAPP_TWILIO_NUMBERS": "", "WHATSAPP_TWILIO_NUMBER": "+628110000100"},
            "WHATSAPP_TWILIO_NUMBER is not one",
        ),
    ],
)
def test_faults_name_our_variables(settings: dict[str, str], told: str) -> None:
    lonely = {"WHATSAPP_TWILIO_NUMBER"} & set(settings)
    environ = {**({} if lonely else SETTINGS), **settings}
    with pytest.raises(Misconfigured) as wrong:
        open_channel(environ, public_url=PUBLIC_URL)
    assert [fault for fault in wrong.value.faults if fault.startswith(told)]
