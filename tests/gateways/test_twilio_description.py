"""Our client of Twilio's API against servers made from Twilio's own description of it (``SAHUT_SHARED_DATA``).

Prism reads the description and refuses every request that is not as it says. As a mock it answers with the description's
own examples. As a proxy it stands before the lab's gateway and checks what that answers, too: so the lab is as Twilio
says it is, and what is tried out there means something.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from channels.channel import SendFailed
from channels.messages import OutboundMessage
from channels.sms_twilio import SmsTwilio
from channels.sms_twilio import open_channel as open_sms
from channels.twilio_api import TwilioApi
from channels.whatsapp_twilio import WhatsappTwilio
from channels.whatsapp_twilio import open_channel as open_whatsapp
from intake.lab.gateway import Gateway, open_server
from intake.lab.spool import Spool
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.gateways.processes import free_port, is_listening, running, wait_for

pytestmark = pytest.mark.gateways

ROOT: Final = Path(__file__).parents[2]
SHARED: Final = Path(os.environ.get("SAHUT_SHARED_DATA", ROOT.parent / "shared" / "data"))
DESCRIPTION: Final = SHARED / "twilio" / "twilio_api_v2010.json"
PRISM: Final = ROOT / "node_modules" / ".bin" / "prism"
MESSAGES: Final = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

SID, TOKEN = "AC" + "0" * 32, "rahasia-token-twilio"
SERVICE = "MG" + "a" * 32
PUBLIC_URL = "http://127.0.0.1:1"
CITIZEN, OUR_NUMBER = "+628110000001", "+628110001708"
MESSAGE = OutboundMessage("41", CITIZEN, OUR_NUMBER, "Laporan 7K3-QX4M diterima. Terima kasih.")

#: Every way in which our settings and messages differ: what is sent differs with them.
WAYS: Final[dict[str, dict[str, str]]] = {
    "number": {"NUMBERS": OUR_NUMBER},
    "messaging service": {"MESSAGING_SERVICE_SID": SERVICE},
    "number and service": {"NUMBERS": OUR_NUMBER, "MESSAGING_SERVICE_SID": SERVICE},
    "any number": {},
    "not for longer than": {"NUMBERS": OUR_NUMBER, "VALIDITY_SECONDS": "600"},
}
TEXTS: Final = {
    "one segment": MESSAGE.text,
    "three segments": "Sudah diperbaiki. " * 24,
    "UCS-2": "Terima kasih 🙏 laporan Anda kami terima",
    "awkward": "100% + & = ? # ; \n\\ \"kutip\" 'kutip' <b> {x}",
}


def sms(address: str, **more: str) -> SmsTwilio:
    settings = {"ACCOUNT_SID": SID, "AUTH_TOKEN": TOKEN, "API_URL": address, **more}
    channel = open_sms({f"SMS_TWILIO_{name}": value for name, value in settings.items()}, public_url=PUBLIC_URL)
    assert channel is not None
    return channel


def whatsapp(address: str) -> WhatsappTwilio:
    settings = {"ACCOUNT_SID": SID, "AUTH_TOKEN": TOKEN, "API_URL": address, "NUMBERS": OUR_NUMBER}
    channel = open_whatsapp(
        {f"WHATSAPP_TWILIO_{name}": value for name, value in settings.items()}, public_url=PUBLIC_URL
    )
    assert channel is not None
    return channel


@contextmanager
def prism(folder: Path, *arguments: str) -> Iterator[str]:
    port = free_port()
    command: list[str | Path] = [PRISM, *arguments[:1], "--host", "127.0.0.1", "--port", str(port), *arguments[1:]]
    with running(command, folder=folder, log=f"prism-{arguments[0]}.log"):
        wait_for("prism", lambda: is_listening(port), seconds=90)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def lab(folder: Path) -> Iterator[tuple[str, Spool]]:
    """The lab's own gateway: (address, what it was given)."""
    spool = Spool.in_data(folder)
    port = free_port()
    server = open_server(Gateway(SID, TOKEN, spool), port, "")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}", spool
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def without_its_slip(folder: Path) -> Path:
    """A copy of the description without what its own examples contradict: that addresses of pages are whole ones."""
    described = json.loads(DESCRIPTION.read_text())
    page = described["paths"][MESSAGES]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for name, field in page["properties"].items():
        if name.endswith("uri"):
            field.pop("format", None)
    copy = folder / "description.json"
    copy.write_text(json.dumps(described))
    return copy


def described() -> dict[str, Any]:
    operation = json.loads(DESCRIPTION.read_text())["paths"][MESSAGES]
    body = operation["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return {"post": set(body["properties"]), "get": {each["name"] for each in operation["get"]["parameters"]}}


if DESCRIPTION.is_file():

    @pytest.fixture(scope="module")
    def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
        with prism(tmp_path_factory.mktemp("prism"), "mock", str(DESCRIPTION)) as address:
            yield address

    @pytest.fixture(scope="module")
    def checked_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Spool]]:
        folder = tmp_path_factory.mktemp("lab")
        with ExitStack() as stack:
            behind, spool = stack.enter_context(lab(folder))
            address = stack.enter_context(prism(folder, "proxy", "--errors", str(without_its_slip(folder)), behind))
            yield address, spool

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    @pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
    def test_what_we_send_is_as_twilio_describes_it(mock: str, way: dict[str, str], text: str) -> None:
        channel = sms(mock, **way)
        receipt = channel.send(OutboundMessage("a/b 41%", CITIZEN, OUR_NUMBER, text))
        assert (receipt.external_id, receipt.segments) == ("SM" + "a" * 32, 1)  # the description's example

    def test_whatsapp_too(mock: str) -> None:
        assert whatsapp(mock).send(MESSAGE).external_id == "SM" + "a" * 32

    def test_every_field_we_send_is_one_that_twilio_knows() -> None:
        """Prism lets fields pass that the description does not name."""
        known = described()
        answer = HttpAnswer(201, body=json.dumps({"sid": "SM" + "b" * 32, "num_segments": "1"}).encode())
        for way in WAYS.values():
            with HttpServer(answer, HttpAnswer(200, body=b'{"messages": [], "next_page_uri": null}')) as server:
                channel = sms(server.url, **way)
                channel.send(MESSAGE)
                assert channel.find_sent(MESSAGE, since=datetime.now(UTC)) is None
            sent, asked = server.seen
            assert set(sent.form()) <= known["post"]
            assert {"To", "Body", "StatusCallback"} <= set(sent.form())
            assert ("ValidityPeriod" in sent.form()) == ("VALIDITY_SECONDS" in way)
            assert {pair.partition("=")[0] for pair in asked.path.partition("?")[2].split("&")} <= known["get"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"messaging_service": "MG12", "validity_seconds": 600},
            {"messaging_service": SERVICE, "validity_seconds": "lama"},
        ],
        ids=["service", "validity"],
    )
    def test_the_mock_would_notice(mock: str, wrong: dict[str, Any]) -> None:
        api = TwilioApi(account_sid=SID, auth_token=TOKEN, base_url=mock)
        with pytest.raises(SendFailed) as refused:
            api.create_message(to=CITIZEN, text="x", sender="", status_callback=f"{PUBLIC_URL}/x?mid=1", **wrong)
        assert (refused.value.reason, refused.value.kind) == ("http 422", "permanent")

    @pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
    def test_the_lab_answers_as_twilio_says(checked_lab: tuple[str, Spool], text: str) -> None:
        address, spool = checked_lab
        channel = sms(address, NUMBERS=OUR_NUMBER)
        message = OutboundMessage("41", CITIZEN, OUR_NUMBER, text)
        receipt = channel.send(message)
        (kept,) = [each for each in spool.list_sms(CITIZEN) if each.sid == receipt.external_id]
        assert kept.text == text
        assert channel.find_sent(message, since=datetime.now(UTC) - timedelta(minutes=1)) == receipt
