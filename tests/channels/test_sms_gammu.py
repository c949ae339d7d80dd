"""Rows of gammu-smsd's tables as recorded, and what the channel makes of them. The daemon itself: ``tests/gateways``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import gsm
from channels.channel import Channel, Forged, Misconfigured, SendFailed, Unreadable
from channels.gammu_tables import GammuTables, InboxRow, OutgoingPart
from channels.messages import OutboundMessage
from channels.sms_gammu import SmsGammu, open_channel, split
from channels.udh import find_part
from tests.channels.replay import expected_message, make_request, read, recordings

DSN = "postgresql://sahut:kata-sandi-gammu@127.0.0.1:1/smsd"
OUR_NUMBER = "+628110000100"


@dataclass(frozen=True)
class RowsAtHand(GammuTables):
    """Tables that hold these rows and remember what is put into them."""

    dsn: str = ""
    rows: tuple[InboxRow, ...] = ()
    put_there: list[tuple[str, str, str, tuple[OutgoingPart, ...]]] = field(default_factory=list)

    def waiting(self, *, rows: int) -> list[InboxRow]:
        return list(self.rows)

    def put(self, message_id: str, *, to: str, phone_id: str, coding: str, parts: object) -> int:
        assert isinstance(parts, list)
        self.put_there.append((message_id, phone_id, coding, tuple(parts)))
        return 7


def reading(*rows: InboxRow) -> SmsGammu:
    return SmsGammu(RowsAtHand(rows=rows), {"kantor": OUR_NUMBER})


@pytest.mark.parametrize("path", recordings("sms_gammu"))
def test_recorded(path: Path) -> None:
    recording = read(path)
    rows = [InboxRow(**row) for row in recording["rows"]]
    polled = reading(*rows).waiting_messages(limit=50)
    usual = {
        "sender": "+628110000001",
        "recipient": OUR_NUMBER,
        "extra": {"phone": "kantor"},
        "sent_at": datetime.fromtimestamp(1795289624, UTC).isoformat(),
    }
    expected = [
        expected_message({**usual, **fields, "external_id": each.message.external_id})
        for fields, each in zip(recording["messages"], polled, strict=True)
    ]
    assert [each.message for each in polled] == expected
    assert len({each.message.external_id for each in polled}) == len(polled)


def row(number: int, text: str, udh: str = "") -> InboxRow:
    return InboxRow(number, "kantor", "+628110000001", udh, "", text.encode("utf-16-be").hex(), "", 1e9, 999)


def names(*rows: InboxRow) -> list[str]:
    return [polled.message.external_id for polled in reading(*rows).waiting_messages(limit=9)]


def test_a_name_is_that_of_the_message_not_of_the_row() -> None:
    assert names(row(1, "halo")) == names(row(900, "halo"))
    assert names(row(1, "halo")) != names(row(1, "halo!"))
    parts = row(1, "A", "050003010201"), row(2, "B", "050003010202")
    assert names(*parts) == names(*reversed(parts))
    assert names(*parts) != names(parts[0]), "nothing is lost when the rest comes after all"


def test_a_page_holds_as_many_messages_as_asked_for() -> None:
    channel = reading(*(row(number, f"pesan {number}") for number in range(5)))
    assert [polled.message.text for polled in channel.waiting_messages(limit=2)] == ["pesan 0", "pesan 1"]


hexadecimal = st.binary(max_size=12).map(bytes.hex) | st.text(max_size=6)


@given(udhs=st.lists(hexadecimal, max_size=6), texts=st.lists(hexadecimal, min_size=6, max_size=6))
def test_no_rows_break_reading(udhs: list[str], texts: list[str]) -> None:
    rows = [
        InboxRow(number, "", text, udh, "8bit" if number % 2 else "", text, text, None, 999)
        for number, (udh, text) in enumerate(zip(udhs, texts, strict=False))
    ]
    for polled in reading(*rows).waiting_messages(limit=50):
        assert "\x00" not in polled.message.text + polled.message.sender


@given(st.text(alphabet="abc €[]{}é🚧中\n", max_size=700))
def test_splitting_is_as_counted_and_loses_nothing(text: str) -> None:
    parts = split(text)
    plan = gsm.plan(text)
    assert "".join(parts) == text
    assert len(parts) == plan.segments
    if len(parts) > 1:
        assert all(gsm.plan(part).units <= gsm.ROOM_JOINED[plan.encoding] for part in parts)


def test_parts_carry_one_reference_and_their_numbers() -> None:
    channel = reading()
    assert isinstance(channel.tables, RowsAtHand)
    receipt = channel.send(OutboundMessage(id="a b/c", to="+628110000001", sender=OUR_NUMBER, text="x" * 400))
    assert (receipt.external_id, receipt.segments) == ("7", 3)
    ((message_id, phone_id, coding, parts),) = channel.tables.put_there
    assert (message_id, phone_id, coding) == ("a%20b%2Fc", "kantor", "Default_No_Compression")
    headers = [find_part(bytes.fromhex(part.udh_hex)) for part in parts]
    assert [(header.total, header.number) for header in headers if header] == [(3, 1), (3, 2), (3, 3)]
    assert len({header.reference for header in headers if header}) == 1


@pytest.mark.parametrize(
    ("to", "text"), [("BANK ABC", "x"), ("", "x"), ("+62811000000100000001", "x"), ("+628110000001", "x" * 40_000)]
)
def test_what_can_never_leave(to: str, text: str) -> None:
    channel = reading()
    assert isinstance(channel.tables, RowsAtHand)
    with pytest.raises(SendFailed) as failed:
        channel.send(OutboundMessage(id="1", to=to, sender="", text=text))
    assert (failed.value.kind, channel.tables.put_there) == ("permanent", [])


def test_it_has_no_hook() -> None:
    channel: Channel = reading()
    request = make_request("https://lapor.example.id/hooks/sms_gammu?id=1")
    with pytest.raises(Forged):
        channel.verify(request)
    with pytest.raises(Unreadable):
        channel.parse(request)


def test_settings() -> None:
    assert open_channel({}, public_url="") is None
    channel = open_channel(
        {"SMS_GAMMU_DSN": DSN, "SMS_GAMMU_NUMBERS": "kantor=0811 0000 100, +628110000200"}, public_url=""
    )
    assert channel is not None
    assert channel.numbers == {"kantor": "+628110000100", "": "+628110000200"}
    assert channel.parts_wait_seconds == 60
    assert "kata-sandi-gammu" not in repr(channel)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"SMS_GAMMU_NUMBERS": "kantor=+628110000100"}, "SMS_GAMMU_DSN is missing"),
        ({"SMS_GAMMU_DSN": "smsd"}, "SMS_GAMMU_DSN must look like"),
        ({"SMS_GAMMU_DSN": "host=/run/postgresql"}, "SMS_GAMMU_DSN must look like"),
        ({"SMS_GAMMU_DSN": DSN, "SMS_GAMMU_NUMBERS": "kantor="}, "SMS_GAMMU_NUMBERS holds an entry"),
        ({"SMS_GAMMU_DSN": DSN, "SMS_GAMMU_NUMBERS": "a=0811000100,a=0811000200"}, "SMS_GAMMU_NUMBERS names a phone"),
        ({"SMS_GAMMU_DSN": DSN, "SMS_GAMMU_PARTS_WAIT_SECONDS": "-1"}, "SMS_GAMMU_PARTS_WAIT_SECONDS must be"),
    ],
)
def test_faults_are_told(settings: dict[str, str], told: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        open_channel(settings, public_url="")
    assert [fault for fault in wrong.value.faults if fault.startswith(told)]
    assert "kata-sandi" not in str(wrong.value)
