"""The channel against a real gammu-smsd with a dummy phone, over its tables in PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from channels.channel import Channel, FindsSent, PolledReport, Polls, SendFailed, Unreachable
from channels.gammu_tables import GammuTables
from channels.messages import DeliveryStatus, InboundMessage, OutboundMessage
from tests.gateways.gammu import OUR_NUMBER, Gammu
from tests.gateways.processes import wait_for

pytestmark = pytest.mark.gateways

CITIZEN = "+628110000001"
LONG = (
    "Laporan jalan rusak di Kecamatan Cibinong sudah tiga bulan tidak diperbaiki, banyak korban jatuh setiap malam "
    "karena lubangnya dalam dan tidak ada lampu jalan sama sekali di sana, mohon ditindaklanjuti."
)


def heard(gammu: Gammu) -> list[InboundMessage]:
    return [polled.message for polled in gammu.channel.waiting_messages(limit=50)]


def outbound(text: str, *, id: str = "42", to: str = CITIZEN, sender: str = OUR_NUMBER) -> OutboundMessage:  # noqa: A002
    return OutboundMessage(id=id, to=to, sender=sender, text=text)


def report(gammu: Gammu) -> PolledReport:
    wait_for("a report", lambda: bool(gammu.channel.waiting_reports(limit=10)))
    (found,) = gammu.channel.waiting_reports(limit=10)
    return found


def test_is_a_channel_that_polls(gammu: Gammu) -> None:
    channel: Channel = gammu.channel
    assert isinstance(channel, Polls)
    assert isinstance(channel, FindsSent)
    assert (heard(gammu), gammu.channel.waiting_reports(limit=10)) == ([], [])


def test_what_came_in_is_listed_also_when_it_was_taken(gammu: Gammu) -> None:
    began = datetime.now(UTC) - timedelta(hours=24)
    gammu.come_in(CITIZEN, "lampu mati")
    gammu.come_in(CITIZEN, LONG)
    gammu.rows_come_in(1 + 2)
    polled = gammu.channel.waiting_messages(limit=50)
    gammu.channel.mark_taken([each.handle for each in polled])
    listed = list(gammu.channel.received_since(began))
    assert [each.external_id for each in listed] == [each.message.external_id for each in polled]
    assert [each.message and each.message.text for each in listed] == ["lampu mati", LONG]


def test_messages_come_in_by_one_and_by_many_parts_and_are_taken_once(gammu: Gammu) -> None:
    gammu.come_in(CITIZEN, "lampu mati")
    gammu.come_in(CITIZEN, LONG)
    gammu.come_in("+628110000002", f"🚧 {LONG}", "-unicode")
    gammu.come_in("BANK ABC", "promo")
    gammu.rows_come_in(1 + 2 + 4 + 1)
    polled = gammu.channel.waiting_messages(limit=50)
    messages = [each.message for each in polled]
    assert [(each.sender, each.text, each.answerable) for each in messages] == [
        (CITIZEN, "lampu mati", True),
        (CITIZEN, LONG, True),
        ("+628110000002", f"🚧 {LONG}", True),
        ("BANK ABC", "promo", False),
    ]
    assert {each.recipient for each in messages} == {OUR_NUMBER}
    assert len({each.external_id for each in messages}) == 4
    assert all(each.sent_at is not None and each.extra == {"phone": "kantor"} for each in messages)
    assert heard(gammu) == messages, "until it is marked, it is given again, under the same name"
    gammu.channel.mark_taken([polled[0].handle, polled[1].handle])
    assert heard(gammu) == messages[2:]
    gammu.channel.mark_taken([each.handle for each in polled])
    assert heard(gammu) == []


def test_a_missing_part_is_waited_for_and_then_missed(gammu: Gammu) -> None:
    gammu.come_in(CITIZEN, LONG, lose=2)
    gammu.rows_come_in(1)
    patient = replace(gammu.channel, parts_wait_seconds=3600)
    assert patient.waiting_messages(limit=10) == []
    wait_for("the wait to end", lambda: len(heard(gammu)) == 1)
    (message,) = heard(gammu)
    assert LONG.startswith(message.text)
    assert message.extra == {"phone": "kantor", "incomplete": True, "parts": 2, "parts_there": [1]}


def test_an_sms_the_modem_hands_over_twice_has_one_name(gammu: Gammu) -> None:
    gammu.come_in(CITIZEN, "lampu mati")
    gammu.rows_come_in(1)
    columns = '"ReceivingDateTime", "Text", "SenderNumber", "Coding", "UDH", "TextDecoded", "RecipientID"'
    gammu.execute(f"insert into inbox ({columns}) select {columns} from inbox")
    once, again = heard(gammu)
    assert once == again


def test_a_short_page_does_not_tear_a_message(gammu: Gammu) -> None:
    gammu.come_in(CITIZEN, LONG * 3)
    gammu.rows_come_in(4)
    (polled,) = gammu.channel.waiting_messages(limit=1)
    assert polled.message.text == LONG * 3


def test_messages_leave_once_and_are_reported_once(gammu: Gammu) -> None:
    receipt = gammu.channel.send(outbound("Laporan 7K3 @ [Bogor] €5"))
    assert (receipt.segments, gammu.channel.send(outbound("Laporan 7K3 @ [Bogor] €5"))) == (1, receipt)
    found = report(gammu)
    assert (found.report.message_id, found.report.external_id, found.report.status) == (
        "42",
        receipt.external_id,
        DeliveryStatus.SENT,
    )
    gammu.channel.mark_taken([found.handle])
    assert gammu.channel.waiting_reports(limit=10) == []
    assert gammu.execute('select "TextDecoded", "DestinationNumber" from sentitems') == [
        ("Laporan 7K3 @ [Bogor] €5", CITIZEN)
    ]
    assert gammu.channel.send(outbound("Laporan 7K3 @ [Bogor] €5")) == receipt, "not again, also when it has been sent"
    # The operator's receipt, which a dummy phone cannot give.
    gammu.execute("""update sentitems set "Status" = 'DeliveryOK'""")
    assert report(gammu).report.status == DeliveryStatus.DELIVERED


@pytest.mark.parametrize(
    ("text", "segments", "coding"),
    [("€" * 77 + LONG, 3, "Default_No_Compression"), ("a" * 66 + "🙏" + LONG, 5, "Unicode_No_Compression")],
)
def test_long_messages_leave_in_parts(gammu: Gammu, text: str, segments: int, coding: str) -> None:
    assert gammu.channel.send(outbound(text, id="a/b c")).segments == segments
    found = report(gammu)
    assert (found.report.message_id, found.report.status) == ("a/b c", DeliveryStatus.SENT)
    rows = gammu.execute('select "UDH", "TextDecoded", "Coding" from sentitems order by "SequencePosition"')
    assert "".join(row[1] for row in rows) == text
    assert {row[2] for row in rows} == {coding}
    assert [row[0][-4:] for row in rows] == [f"{segments:02X}{number:02X}" for number in range(1, segments + 1)]
    assert len({row[0][:-2] for row in rows}) == 1


def test_one_message_asked_for_at_once_by_many_is_put_there_once(gammu: Gammu) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: gammu.channel.send(outbound("sekali", sender="")), range(16)))
    assert len(set(receipts)) == 1
    report(gammu)
    assert gammu.execute("select count(*) from sentitems") == [(1,)]


def test_what_was_taken_can_be_found(gammu: Gammu) -> None:
    since = datetime.now(UTC)
    assert gammu.channel.find_sent(outbound("x", id="4_"), since=since) is None
    receipt = gammu.channel.send(outbound("x", id="42"))
    assert gammu.channel.find_sent(outbound("x", id="42"), since=since) == receipt
    gammu.channel.mark_taken([report(gammu).handle])
    assert gammu.channel.find_sent(outbound("x", id="42"), since=since) == receipt
    assert gammu.channel.find_sent(outbound("x", id="4_"), since=since) is None


@pytest.mark.parametrize(
    ("statuses", "status", "code"),
    [
        (("DeliveryOK", "DeliveryOK"), DeliveryStatus.DELIVERED, None),
        (("DeliveryOK", "DeliveryPending"), DeliveryStatus.SENT, None),
        (("DeliveryFailed", "DeliveryOK"), DeliveryStatus.UNDELIVERED, "DeliveryFailed"),
        (("SendingOKNoReport", "SendingError"), DeliveryStatus.FAILED, "SendingError 500"),
        (("DeliveryFailed", "Error"), DeliveryStatus.FAILED, "Error 500"),
    ],
)
def test_a_message_is_as_far_as_its_worst_part(
    gammu: Gammu, statuses: tuple[str, str], status: DeliveryStatus, code: str | None
) -> None:
    for position, (word, error) in enumerate(zip(statuses, (-1, 500), strict=True), start=1):
        gammu.execute(
            'insert into sentitems ("ID", "Text", "UDH", "SenderID", "CreatorID", "SequencePosition", "Status", '
            """"StatusCode") values (9, '', '', 'kantor', 'sahut 42', %s, %s, %s)""",
            position,
            word,
            error if word in {"SendingError", "Error"} else -1,
        )
    found = report(gammu).report
    assert (found.status, found.error_code) == (status, code)


def test_a_phone_that_is_not_ours_to_choose_waits(gammu: Gammu) -> None:
    channel = replace(gammu.channel, numbers={"kantor": OUR_NUMBER, "cadangan": "+628110000200"})
    channel.send(outbound("lain", sender="+628110000200"))
    channel.send(outbound("sini", id="43"))
    assert report(gammu).report.message_id == "43"
    assert gammu.execute('select "SenderID", "TextDecoded" from outbox') == [("cadangan", "lain")]


def test_a_database_that_is_away_is_told(gammu: Gammu) -> None:
    away = replace(gammu.channel, tables=GammuTables("postgresql://nobody:rahasia@127.0.0.1:1/smsd"))
    with pytest.raises(SendFailed) as failed:
        away.send(outbound("x"))
    assert (failed.value.kind, failed.value.uncertain) == ("retryable", False)
    assert "rahasia" not in repr(away) + str(failed.value)
    for ask in (lambda: away.waiting_messages(limit=1), lambda: away.mark_taken(['["inbox", [1]]'])):
        with pytest.raises(Unreachable):
            ask()


def test_a_connection_lost_in_the_middle_is_uncertain_and_found_later(gammu: Gammu) -> None:
    class Cut(GammuTables):
        """Loses its connection when everything is written and nothing is committed."""

        def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
            connection = super()._connect()
            commit = connection.commit

            def cut() -> None:
                gammu.execute("select pg_terminate_backend(%s)", connection.info.backend_pid)
                commit()

            connection.commit = cut  # type: ignore[method-assign]
            return connection

    with pytest.raises(SendFailed) as failed:
        replace(gammu.channel, tables=Cut(gammu.dsn)).send(outbound("x"))
    assert failed.value.uncertain
    assert gammu.channel.find_sent(outbound("x"), since=datetime.now(UTC)) is None


def test_tables_that_are_not_gammus_are_the_operators_to_repair(gammu: Gammu) -> None:
    gammu.execute("drop table outbox_multipart, outbox cascade")
    with pytest.raises(SendFailed) as failed:
        gammu.channel.send(outbound("x"))
    assert (failed.value.kind, failed.value.code) == ("config", "42P01")
