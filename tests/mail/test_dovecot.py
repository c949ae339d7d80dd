"""A real mailbox that is read because it cannot call us."""

from __future__ import annotations

import imaplib
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from imap_tools import MailBoxUnencrypted
from sqlalchemy import text

from channels.channel import Unreachable
from channels.mail_imap import ImapServer
from intake import catch_up
from intake.reconcile import Source, reconcile, sources
from intake.runtime import Runtime
from intake.storage.database import Unavailable, open_engine
from tests.gateways.processes import free_port, wait_for
from tests.mail.house import Kept, with_mailboxes
from tests.mail.servers import PASSWORD, Dovecot

pytestmark = pytest.mark.gateways


def letter(number: int) -> bytes:
    return (
        f"From: warga{number}@example.id\r\nTo: lapor@citizen.test\r\nMessage-ID: <{number}@example.id>\r\n"
        f"Subject: Laporan {number}\r\n\r\nJalan rusak nomor {number} di Muara Enim\r\n"
    ).encode()


@pytest.fixture
def house(rt: Runtime) -> Kept:
    return Kept(with_mailboxes(rt))


@pytest.fixture
def server(dovecot: Dovecot) -> ImapServer:
    return ImapServer("127.0.0.1", dovecot.imap_port, "lapor@citizen.test", PASSWORD, security="none")


def take(house: Kept, server: ImapServer) -> int:
    with server.opened() as folder:
        return catch_up.take_waiting(house.rt, server, folder)


def flags(server: ImapServer) -> list[tuple[str, ...]]:
    with MailBoxUnencrypted(server.host, server.port).login(server.user, PASSWORD) as mailbox:
        return [each.flags for each in mailbox.fetch(mark_seen=False)]


def test_the_whole_backlog_is_fetched_once_and_stays_unread(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    for number in range(60):
        dovecot.deliver(letter(number))
    assert take(house, server) == 60
    assert take(house, server) == 0
    assert house.count("report") == 60
    assert all("\\Seen" not in each for each in flags(server))
    dovecot.deliver(letter(60))
    assert take(house, server) == 1
    assert house.rows("select sender from message order by id desc limit 1") == [("warga60@example.id",)]


def test_a_crash_between_keeping_and_moving_on_keeps_once(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    for number in range(3):
        dovecot.deliver(letter(number))
    take(house, server)
    with house.rt.engine.begin() as connection:
        connection.execute(text("update mail_cursor set last_uid = 1"))
    assert take(house, server) == 2
    assert house.count("message") == 3


def test_the_database_away_moves_nothing(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    dovecot.deliver(letter(1))
    engine = open_engine("postgresql+psycopg://sahut@127.0.0.1:9/sahut?connect_timeout=1")
    with pytest.raises(Unavailable):
        take(Kept(replace(house.rt, engine=engine)), server)
    engine.dispose()
    assert take(house, server) == 1


def test_a_renumbered_mailbox_is_read_from_the_start_and_nothing_twice(
    house: Kept, server: ImapServer, dovecot: Dovecot
) -> None:
    for number in range(3):
        dovecot.deliver(letter(number))
    assert take(house, server) == 3
    with house.rt.engine.begin() as connection:
        connection.execute(text("update mail_cursor set uid_validity = uid_validity - 1, last_uid = 900"))
    dovecot.deliver(letter(3))
    assert take(house, server) == 4
    assert house.count("message") == 4
    assert take(house, server) == 0


def test_what_the_mailbox_holds_is_held_against_what_we_have(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    for number in range(2):
        dovecot.deliver(letter(number))
    take(house, server)
    dovecot.deliver(letter(2))
    asked = sources(house.rt, server)
    young = reconcile(house.rt, asked, since=datetime.now(UTC) - timedelta(days=1))
    assert young.lines == []  # on their way, perhaps
    tomorrow = {name: as_if_older(source) for name, source in asked.items()}
    (line,) = reconcile(house.rt, tomorrow, since=datetime.now(UTC) - timedelta(days=1)).lines
    assert (line.there, line.here, line.fetched, line.missing) == (3, 2, 1, 0)
    assert take(house, server) == 1  # the cursor comes to it and sees that we have it
    assert house.count("message") == 3


def as_if_older(source: Source) -> Source:
    """The same list as it will be read in ten minutes."""
    return lambda moment: (
        replace(each, received_at=each.received_at - timedelta(minutes=10)) for each in source(moment)
    )


def test_letters_are_moved_only_where_that_is_asked_for(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    client = imaplib.IMAP4(server.host, server.port)
    client.login(server.user, PASSWORD)
    client.create("Terbaca")
    client.logout()
    dovecot.deliver(letter(1))
    dovecot.deliver(letter(2))
    assert take(house, replace(server, move_to="Terbaca")) == 2
    assert flags(server) == []
    assert len(flags(replace(server))) == 0
    with MailBoxUnencrypted(server.host, server.port).login(server.user, PASSWORD) as mailbox:
        assert mailbox.folder.status("Terbaca")["MESSAGES"] == 2


def test_what_comes_while_we_wait_is_heard(house: Kept, server: ImapServer, dovecot: Dovecot) -> None:
    end = threading.Event()
    reading = threading.Thread(
        target=catch_up.run,
        args=(house.rt, server),
        kwargs={"goes_on": lambda: not end.is_set(), "wait_seconds": 2.0, "pause": lambda _: None},
    )
    reading.start()
    try:
        for number in range(3):
            dovecot.deliver(letter(number))
            wait_for("the letter", lambda: house.count("message") > number)  # noqa: B023 - waited for within the round
    finally:
        end.set()
        reading.join(20)
    assert not reading.is_alive()


def test_a_mailbox_that_is_away_is_said_to_be(server: ImapServer) -> None:
    for wrong in (
        replace(server, port=free_port()),
        replace(server, password="salah"),
        replace(server, folder="Tidak ada"),
    ):
        with pytest.raises(Unreachable), wrong.opened():
            pass
