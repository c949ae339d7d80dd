"""Kannel between our channel and an SMS centre whose SMPP somebody else wrote (npm's ``smpp``).

Our own centre (``smsc.py``) reads SMPP as we understand it: a misunderstanding would be on both sides and show nowhere.
Here the parts of a long message, their headers, UCS-2 and receipts are read and written by code that knows nothing of ours.
"""

from __future__ import annotations

import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from channels.messages import DeliveryStatus, OutboundMessage
from channels.sms_kannel import SmsKannel, open_channel
from tests.gateways.kannel import PASSWORD, USER, Kannel, running_kannel
from tests.gateways.processes import free_port, is_listening, running, wait_for

pytestmark = pytest.mark.gateways

CENTRE = Path(__file__).with_name("smpp_centre.cjs")
CITIZEN, SHORT_CODE = "+628110000001", "1708"
GSM, UCS2 = 0, 8
LINE = """
group = smsc
smsc = smpp
smsc-id = mandiri
allowed-smsc-id = mandiri
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
reconnect-delay = 1
"""


@dataclass(frozen=True)
class Centre:
    control_port: int

    def read(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.control_port}/") as answer:
            return dict(json.load(answer))

    def deliver(self, *messages: dict[str, object]) -> list[int]:
        """Hand in what a citizen sends; the gateway's command_status for each."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.control_port}/", json.dumps(messages).encode(), method="POST"
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return list(json.load(answer))


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kannel, Centre, SmsKannel]]:
    folder = tmp_path_factory.mktemp("mandiri")
    smpp_port, control_port = free_port(), free_port()
    node = shutil.which("node")
    assert node is not None
    with running([node, CENTRE, str(smpp_port), str(control_port)], folder=folder, log="centre.log"):
        wait_for("the centre", lambda: is_listening(smpp_port) and is_listening(control_port))
        centre = Centre(control_port)
        with running_kannel(folder, more=LINE.format(port=smpp_port)) as kannel:
            channel = open_channel(
                {
                    "SMS_KANNEL_URL": kannel.sendsms_url,
                    "SMS_KANNEL_USER": USER,
                    "SMS_KANNEL_PASSWORD": PASSWORD,
                    "SMS_KANNEL_SECRETS": kannel.secret,
                    "SMS_KANNEL_NUMBERS": SHORT_CODE,
                    "SMS_KANNEL_SMSC": "mandiri",
                },
                public_url=kannel.door.url,
            )
            assert channel is not None
            kannel.door.channel = channel
            wait_for("the line to be bound", lambda: bool(centre.read()["bound"]))
            yield kannel, centre, channel


@pytest.mark.parametrize(
    ("number", "text", "coding", "parts"),
    [
        (1, "Laporan 7K3-QX4M @ [Bogor] €5 diteruskan", GSM, 1),
        (2, "".join(f"{number:04d} " for number in range(80)), GSM, 3),
        (3, "Terima kasih 🙏 laporan Anda kami terima. " * 4, UCS2, 3),
    ],
    ids=["gsm with extensions", "long", "long ucs2"],
)
def test_what_we_send_arrives_as_it_was_written(
    lines: tuple[Kannel, Centre, SmsKannel], number: int, text: str, coding: int, parts: int
) -> None:
    kannel, centre, channel = lines
    before = len(centre.read()["submitted"])
    kannel.door.heard.reports.clear()
    receipt = channel.send(OutboundMessage(id=str(number), to=CITIZEN, sender=SHORT_CODE, text=text))
    assert (receipt.segments, receipt.stalled) == (parts, False)
    wait_for("all parts", lambda: len(centre.read()["submitted"]) == before + parts)
    got = centre.read()["submitted"][before:]
    assert {(each["from"], each["to"], each["coding"]) for each in got} == {(SHORT_CODE, CITIZEN.lstrip("+"), coding)}
    headers = [bytes.fromhex("".join(each["udh"])) for each in got]
    assert [header[-2:] for header in headers] == (
        [bytes([parts, n]) for n in range(1, parts + 1)] if parts > 1 else [b""]
    )
    assert "".join(each["text"] for each in got) == text
    wait_for("the receipt", lambda: DeliveryStatus.DELIVERED in {report.status for report in kannel.door.heard.reports})
    assert {report.message_id for report in kannel.door.heard.reports} == {str(number)}


def test_what_a_citizen_sends_in_parts_comes_in_whole(lines: tuple[Kannel, Centre, SmsKannel]) -> None:
    kannel, centre, _ = lines
    kannel.door.heard.messages.clear()
    texts = ["Jalan é rusak 🚧 di desa Tegal Rejo, ", "kec Lawang Kidul kab Muara Enim 中"]
    said = [
        {"from": "628110000001", "to": SHORT_CODE, "text": text, "coding": UCS2, "udh": f"0500032a02{part:02x}"}
        for part, text in enumerate(texts, start=1)
    ]
    assert centre.deliver(*reversed(said)) == [0, 0]
    wait_for("the message", lambda: bool(kannel.door.heard.messages))
    (message,) = kannel.door.heard.messages
    assert (message.sender, message.recipient, message.text) == (CITIZEN, SHORT_CODE, "".join(texts))
    assert "incomplete" not in message.extra
