"""What providers say they received, held against what we have: missed ones come in the ordinary way, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from channels.channel import Listed
from channels.kannel_log import read_access_log
from channels.registry import open_channels
from intake.commands.reconcile import reconcile as command
from intake.receive import receive
from intake.reconcile import Account, reconcile, sources
from intake.runtime import Runtime
from intake.storage import erasure
from tests.channels.local_servers import HttpAnswer, HttpServer
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import CLEAR_TEXT, OTHER_PHONE, OUR_NUMBER, PHONE, an_sms

ACCOUNT = "AC" + "0" * 32
HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
TWO_DAYS = timedelta(days=2)


def a_row(number: int, **more: object) -> dict[str, object]:
    """One message as https://www.twilio.com/docs/messaging/api/message-resource lists it."""
    moment = format_datetime(HOUR_AGO)
    return {
        "sid": f"SM{number:032x}", "from": PHONE, "to": OUR_NUMBER, "body": f"{CLEAR_TEXT} ({number})",
        "direction": "inbound", "status": "received", "num_media": "0", "num_segments": "1", "date_created": moment,
        "date_sent": moment, "date_updated": moment, "account_sid": ACCOUNT, "error_code": None, "error_message": None,
        "price": None, "price_unit": "USD", "api_version": "2010-04-01", "messaging_service_sid": None,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{number:032x}.json", "subresource_uris": {}, **more,
    }  # fmt: skip


@contextmanager
def twilio(rt: Runtime, *rows: dict[str, object], media: dict[str, object] | None = None) -> Iterator[Runtime]:
    """A runtime whose Twilio lists these messages; asked again, it lists them again."""
    page = {"messages": list(rows), "page": 0, "page_size": 1000, "next_page_uri": None, "uri": "/x"}
    answers = [HttpAnswer(body=json.dumps(page).encode())]
    if media is not None:
        answers.append(HttpAnswer(body=json.dumps(media).encode()))
    with HttpServer(*answers) as server:
        yield replace(rt, channels=open_channels(environ(server.url), public_url=PUBLIC_URL))


def environ(url: str) -> dict[str, str]:
    return {
        "SMS_TWILIO_ACCOUNT_SID": ACCOUNT, "SMS_TWILIO_AUTH_TOKEN": "1" * 32, "SMS_TWILIO_NUMBERS": OUR_NUMBER,
        "SMS_TWILIO_API_URL": url, "WHATSAPP_TWILIO_NUMBERS": OUR_NUMBER,
    }  # fmt: skip


def hold_against(rt: Runtime, *, only: str = "sms_twilio", fetch: bool = True) -> Account:
    asked = {only: sources(rt, None)[only]}
    return reconcile(rt, asked, since=datetime.now(UTC) - TWO_DAYS, fetch=fetch)


def figures(account: Account) -> tuple[int, int, int, int]:
    (line,) = account.lines
    return line.there, line.here, line.fetched, line.missing


def texts(rt: Runtime) -> list[str]:
    with rt.engine.connect() as connection:
        return [row.text for row in connection.execute(text("select text from message order by external_id"))]


def test_what_was_missed_is_fetched_once_and_its_late_webhook_changes_nothing(rt: Runtime) -> None:
    receive(rt, "sms_twilio", an_sms(f"{CLEAR_TEXT} (1)", external_id=f"SM{1:032x}"))
    rows = [a_row(1), a_row(2), a_row(3), a_row(4, direction="outbound-api"), a_row(5, to=OTHER_PHONE)]
    with twilio(rt, *rows) as asked:
        assert figures(hold_against(asked)) == (3, 1, 2, 0)
    with twilio(rt, *rows) as asked:
        account = hold_against(asked)
        assert figures(account) == (3, 3, 0, 0)
        assert account.is_settled
    receive(rt, "sms_twilio", an_sms(f"{CLEAR_TEXT} (2)", external_id=f"SM{2:032x}"))
    assert texts(rt) == [f"{CLEAR_TEXT} ({number})" for number in (1, 2, 3)]
    with rt.engine.connect() as connection:
        assert connection.execute(text("select count(*) from outbox where job = 'process'")).scalar_one() == 3


def test_only_looking_takes_nothing_in(rt: Runtime) -> None:
    with twilio(rt, a_row(1)) as asked:
        account = hold_against(asked, fetch=False)
    assert (figures(account), account.is_settled, texts(rt)) == ((1, 0, 0, 1), False, [])


def test_what_may_be_on_its_way_is_left_alone(rt: Runtime) -> None:
    now = format_datetime(datetime.now(UTC))
    with twilio(rt, a_row(1, date_created=now)) as asked:
        account = hold_against(asked)
    assert (account.lines, texts(rt)) == ([], [])


def test_each_channel_of_an_account_has_its_own_messages_and_a_day_is_that_of_jakarta(rt: Runtime) -> None:
    late = datetime.now(UTC).replace(hour=18, minute=30) - timedelta(days=1)  # 01.30 of the next day there
    row = a_row(
        1, **{"from": f"whatsapp:{PHONE}", "to": f"whatsapp:{OUR_NUMBER}", "date_created": format_datetime(late)}
    )
    with twilio(rt, row) as asked:
        assert hold_against(asked).lines == []
    with twilio(rt, row) as asked:
        (line,) = hold_against(asked, only="whatsapp_twilio").lines
    assert (line.fetched, line.day) == (1, (late + timedelta(hours=7)).date())
    with rt.engine.connect() as connection:
        row_kept = connection.execute(text("select channel, sender, recipient from message")).one()
    assert tuple(row_kept) == ("whatsapp_twilio", PHONE, OUR_NUMBER)


def test_pictures_of_a_missed_message_come_too(rt: Runtime) -> None:
    uri = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM1/Media/ME{7:032x}"
    media = {"media_list": [{"sid": f"ME{7:032x}", "content_type": "image/jpeg", "uri": f"{uri}.json",
                             "account_sid": ACCOUNT, "parent_sid": "SM1", "date_created": None, "date_updated": None}],
             "page": 0, "page_size": 20, "next_page_uri": None, "uri": "/x"}  # fmt: skip
    with twilio(rt, a_row(1, num_media="1"), media=media) as asked:
        assert figures(hold_against(asked)) == (1, 0, 1, 0)
    with rt.engine.connect() as connection:
        kept = connection.execute(text("select content_type, url from attachment")).one()
    assert kept.content_type == "image/jpeg"
    assert str(kept.url).endswith(uri)


def test_a_provider_that_cannot_be_asked_is_said_to_be(rt: Runtime) -> None:
    channels = open_channels(environ("http://127.0.0.1:9"), public_url=PUBLIC_URL)
    account = hold_against(replace(rt, channels=channels))
    assert (account.lines, account.is_settled) == ([], False)
    assert "connection failed" in account.unreachable["sms_twilio"]


def test_the_command_says_what_it_found(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    page = {"messages": [a_row(1)], "page": 0, "page_size": 1000, "next_page_uri": None, "uri": "/x"}
    with HttpServer(HttpAnswer(body=json.dumps(page).encode())) as server:
        for name, value in {
            **environ(server.url), "DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL,
            "SAHUT_SECRET_KEYS": SECRET_KEY,
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        only = ["--channel", "sms_twilio"]
        looked = CliRunner().invoke(command, [*only, "--no-fetch", "--json"])
        assert looked.exit_code == 1
        assert json.loads(looked.stdout)["lines"][0]["missing"] == 1
        fetched = CliRunner().invoke(command, only)
        assert fetched.exit_code == 0
        assert fetched.stdout.splitlines()[1].split()[1:] == ["sms_twilio", "1", "0", "1", "0"]
        assert CliRunner().invoke(command, ["--channel", "web_form"]).exit_code == 2


KANNEL_LINES = (
    b"2026-11-20 10:00:00 Receive SMS id:a-1\n"
    b"2026-11-20 10:00:01 Receive SMS id:a-2 from:+628110000001 to:1708 flags:-1:0:-1:0:-1 msg:17:lapor jalan rusak\n"
    b"2026-11-20 10:00:02 Receive SMS id:a-3 from:+628110000001 to:1708 flags:-1:2:-1:0:-1 msg:4:00E9D83DDEA7\n"
    b"2026-11-20 10:00:03 Sent SMS id:a-4\n"
    b"2026-11-2\xff half a line\n"
)


def test_kannels_list_with_and_without_texts(tmp_path: Path) -> None:
    (tmp_path / "received.log").write_bytes(KANNEL_LINES)
    (tmp_path / "received.log.1").write_bytes(b"2026-11-19 10:00:00 Receive SMS id:old\n")
    found = list(read_access_log(str(tmp_path / "received.log*"), datetime(2026, 11, 20).astimezone()))
    assert [each.external_id for each in found] == ["a-1", "a-2", "a-3"]
    assert found[0].message is None
    assert [
        each.message and (each.message.sender, each.message.recipient, each.message.text) for each in found[1:]
    ] == [
        ("+628110000001", "1708", "lapor jalan rusak"),
        ("+628110000001", "1708", "é🚧"),
    ]


def test_what_was_forgotten_is_here_by_what_is_left_of_its_id(rt: Runtime) -> None:
    message = an_sms(external_id="628110000001-17")
    receive(rt, "sms_twilio", message)
    with rt.engine.begin() as connection:
        erasure.erase(connection, erasure.of_sender(connection, PHONE))
    listed = [Listed(message.external_id, HOUR_AGO, message)]
    account = reconcile(rt, {"sms_twilio": lambda _: listed}, since=datetime.now(UTC) - TWO_DAYS)
    assert figures(account) == (1, 1, 0, 0)
