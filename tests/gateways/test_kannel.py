"""The channel against a real Kannel, between an operator's line (SMPP) or a handset and our hook."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels.channel import SendFailed
from channels.kannel_log import read_access_log
from channels.messages import DeliveryStatus, InboundMessage, OutboundMessage
from channels.sms_kannel import SmsKannel
from tests.gateways.kannel import Kannel
from tests.gateways.processes import free_port, wait_for

pytestmark = pytest.mark.gateways

CITIZEN = "+628110000001"
SHORT_CODE = "1708"
GSM, BINARY, UCS2 = 0, 4, 8


@pytest.fixture(autouse=True)
def _quiet(kannel: Kannel) -> None:
    """Every test begins with an empty line and an empty door."""
    kannel.door.heard.requests.clear()
    kannel.door.heard.messages.clear()
    kannel.door.heard.reports.clear()
    kannel.centre.submitted.clear()


def heard(kannel: Kannel, count: int = 1) -> list[InboundMessage]:
    wait_for(f"{count} messages", lambda: len(kannel.door.heard.messages) >= count)
    return kannel.door.heard.messages


def send(kannel: Kannel, text: str, *, id: str = "42", to: str = CITIZEN) -> int | None:  # noqa: A002
    channel = kannel.door.channel
    assert isinstance(channel, SmsKannel)
    return channel.send(OutboundMessage(id=id, to=to, sender=SHORT_CODE, text=text)).segments


def statuses(kannel: Kannel, count: int) -> set[DeliveryStatus]:
    wait_for(f"{count} delivery reports", lambda: len(kannel.door.heard.reports) >= count)
    return {report.status for report in kannel.door.heard.reports}


@pytest.mark.parametrize(
    ("content", "data_coding", "text"),
    [
        (b"lapor jalan rusak", GSM, "lapor jalan rusak"),
        (b"\x00 \x1b\x65 \x24", GSM, "@ € ¤"),
        ("Jalan é berlubang 🚧 中".encode("utf-16-be"), UCS2, "Jalan é berlubang 🚧 中"),
        (b"", GSM, ""),
        (b"\xd8\x3d", UCS2, "\ufffd"),
        (b"\x01\xff ab", BINARY, "\x01ÿ ab"),
    ],
    ids=["ascii", "gsm extension", "ucs2", "empty", "lone surrogate", "8 bit"],
)
def test_a_citizens_message_comes_in(kannel: Kannel, content: bytes, data_coding: int, text: str) -> None:
    kannel.centre.deliver(CITIZEN, SHORT_CODE, content, data_coding=data_coding)
    (message,) = heard(kannel)
    assert (message.sender, message.recipient, message.text) == (CITIZEN, SHORT_CODE, text)
    assert message.answerable
    assert message.sent_at is not None
    assert ("binary" in message.extra) == (data_coding == BINARY)


def test_from_a_handset_on_kannels_own_fake_centre(kannel: Kannel) -> None:
    kannel.text_from_handset("+628110000009", SHORT_CODE, "lampu jalan mati di Jl. Melati")
    (message,) = heard(kannel)
    assert (message.sender, message.text) == ("+628110000009", "lampu jalan mati di Jl. Melati")


def test_by_get_with_raw_bytes_in_the_address(kannel: Kannel) -> None:
    kannel.centre.deliver(CITIZEN, SHORT_CODE, "AMBIL é & 🚧 100%".encode("utf-16-be"), data_coding=UCS2)
    (message,) = heard(kannel)
    assert message.text == "AMBIL é & 🚧 100%"
    assert kannel.door.heard.requests[0].body == b""


def test_the_acknowledgement_is_not_sent_to_the_citizen(kannel: Kannel) -> None:
    kannel.centre.deliver(CITIZEN, SHORT_CODE, b"lapor")
    heard(kannel)
    # Sent for certain, after whatever an acknowledgement with words would have caused.
    send(kannel, "penanda")
    statuses(kannel, 2)
    assert [part.content for part in kannel.centre.submitted] == [b"penanda"]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_a_long_message_comes_in_whole_whatever_the_order(kannel: Kannel, order: tuple[int, ...]) -> None:
    reference = 10 + order[0]
    for number in order:
        udh = bytes([0, 3, reference, 3, number])
        kannel.centre.deliver(CITIZEN, SHORT_CODE, b"bagian %d. " % number, udh=udh)
    (message,) = heard(kannel)
    assert message.text == "bagian 1. bagian 2. bagian 3. "
    assert "incomplete" not in message.extra


def test_a_part_whose_others_never_come_is_marked(kannel: Kannel) -> None:
    kannel.centre.deliver(CITIZEN, SHORT_CODE, b"hanya awal", udh=bytes([0, 3, 99, 2, 1]))
    (message,) = heard(kannel)
    assert message.text == "hanya awal"
    assert message.extra["incomplete"] is True
    assert (message.extra["part"], message.extra["parts"], message.extra["part_reference"]) == (1, 2, 99)


def test_its_own_list_has_the_ids_of_what_came_a_long_message_as_one(kannel: Kannel) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    kannel.centre.deliver(CITIZEN, SHORT_CODE, b"pendek")
    for number in (2, 1):
        udh = bytes([0, 3, 77, 2, number])
        kannel.centre.deliver(CITIZEN, SHORT_CODE, b"bagian %d. " % number, udh=udh)
    ours = {message.external_id for message in heard(kannel, 2)}
    assert len(ours) == 2
    listed = [each.external_id for each in read_access_log(str(kannel.folder / "received.log"), began)]
    assert ours <= set(listed)
    assert len(set(listed)) == len(listed)
    assert b"pendek" not in (kannel.folder / "received.log").read_bytes()


def test_a_refused_call_is_repeated_with_the_same_id(kannel: Kannel) -> None:
    kannel.door.refusals_left = 2
    kannel.centre.deliver(CITIZEN, SHORT_CODE, b"coba lagi")
    (message,) = heard(kannel)
    calls = kannel.door.heard.requests
    assert len(calls) == 3
    assert {call.field("id") for call in calls} == {message.external_id}


def test_without_the_secret_the_door_stays_shut(kannel: Kannel) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{kannel.door.url}/hooks/sms_kannel/tebakan?id=1&text=palsu")
    refused.value.close()
    assert (refused.value.code, kannel.door.heard.messages) == (403, [])


def test_plain_text_leaves_as_gsm(kannel: Kannel) -> None:
    assert send(kannel, "Laporan 7K3 @ [Bogor] €5\nTerima kasih") == 1
    assert statuses(kannel, 2) == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}
    (part,) = kannel.centre.submitted
    assert (part.sender, part.recipient, part.data_coding) == (SHORT_CODE, CITIZEN.lstrip("+"), GSM)
    assert part.content == b"Laporan 7K3 \x00 \x1b<Bogor\x1b> \x1be5\nTerima kasih"


def test_other_text_leaves_as_ucs2(kannel: Kannel) -> None:
    assert send(kannel, "Terima kasih 🙏") == 1
    statuses(kannel, 2)
    (part,) = kannel.centre.submitted
    assert (part.data_coding, part.content.decode("utf-16-be")) == (UCS2, "Terima kasih 🙏")


def test_a_long_text_leaves_in_parts_and_is_reported_once(kannel: Kannel) -> None:
    text = "".join(f"{number:04d} " for number in range(80))
    assert send(kannel, text) == 3
    assert statuses(kannel, 2) == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}
    parts = kannel.centre.submitted
    assert [(part.udh[-2], part.udh[-1]) for part in parts] == [(3, 1), (3, 2), (3, 3)]
    assert b"".join(part.content for part in parts).decode() == text


@pytest.mark.parametrize(
    ("to", "last", "code"),
    [
        ("+628110000777", DeliveryStatus.UNDELIVERED, "UNDELIV 005"),
        ("+628110000999", DeliveryStatus.FAILED, "0x0000000b"),
    ],
)
def test_what_does_not_arrive_is_reported(kannel: Kannel, to: str, last: DeliveryStatus, code: str) -> None:
    send(kannel, "Halo", id="satu/dua%tiga", to=to)
    wait_for("the last report", lambda: any(report.status == last for report in kannel.door.heard.reports))
    (report,) = [report for report in kannel.door.heard.reports if report.status == last]
    assert (report.message_id, report.error_code) == ("satu/dua%tiga", code)


def test_while_the_line_is_down_kannel_keeps_the_message(kannel: Kannel) -> None:
    with kannel.centre.unreachable():
        wait_for(
            "Kannel to notice", lambda: "operator[operator]    SMPP" in kannel.status() and "re-conn" in _line(kannel)
        )
        assert send(kannel, "antre", id="7") == 1
        assert kannel.centre.submitted == []
    assert statuses(kannel, 2) == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}
    assert [part.content for part in kannel.centre.submitted] == [b"antre"]


def _line(kannel: Kannel) -> str:
    return next(line for line in kannel.status().splitlines() if "operator[operator]" in line)


def test_a_line_there_is_not_is_refused_and_reported(kannel: Kannel) -> None:
    channel = kannel.door.channel
    assert isinstance(channel, SmsKannel)
    with pytest.raises(SendFailed) as failed:
        replace(channel, smsc="tidak-ada").send(OutboundMessage(id="9", to=CITIZEN, sender="", text="x"))
    assert failed.value.kind == "permanent"
    wait_for("the report", lambda: bool(kannel.door.heard.reports))
    report = kannel.door.heard.reports[0]
    assert (report.message_id, report.status, report.error_code) == ("9", DeliveryStatus.FAILED, "no SMSC")


@pytest.mark.parametrize("fault", ["password", "port"])
def test_a_wrong_login_and_a_dead_smsbox_are_told_apart(kannel: Kannel, fault: str) -> None:
    channel = kannel.door.channel
    assert isinstance(channel, SmsKannel)
    wrong = {
        "password": replace(channel, password="salah"),
        "port": replace(channel, sendsms_url=f"http://127.0.0.1:{free_port()}/"),
    }[fault]
    with pytest.raises(SendFailed) as failed:
        wrong.send(OutboundMessage(id="9", to=CITIZEN, sender="", text="x"))
    assert (failed.value.kind, failed.value.uncertain) == ({"password": "config", "port": "retryable"}[fault], False)
    with pytest.raises(SendFailed):
        wrong.probe()


def test_it_can_be_asked_whether_it_knows_us(kannel: Kannel) -> None:
    channel = kannel.door.channel
    assert isinstance(channel, SmsKannel)
    channel.probe()
    assert kannel.centre.submitted == []
