"""What is broken is found before citizens find it, and nothing is sent for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from intake.cli import main
from intake.commands.doctor import doctor
from intake.doctor import Finding, examine
from intake.embedded import temporary_valkey
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import officers, quarantine, regencies
from intake.storage.outbox import Job
from tests.channels.local_servers import HttpAnswer, HttpServer, SmtpServer
from tests.conftest import PUBLIC_URL, SECRET_KEY
from tests.factories import MUARA_ENIM, OUR_NUMBER, an_sms
from tests.intake.web.conftest import an_officer
from workers import jobs

NO_MESSAGES = json.dumps({"messages": [], "page": 0, "page_size": 1, "next_page_uri": None, "uri": "/x"}).encode()
NO_LOGIN = json.dumps({"code": 20003, "message": "Authenticate", "status": 401}).encode()
TOKEN = "1" * 32


@pytest.fixture
def installation(rt: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The variables of an installation with a database and a Valkey that are there."""
    with temporary_valkey() as valkey:
        for name, value in {
            "DATABASE_URL": rt.settings.database_url, "REDIS_URL": valkey.url, "PUBLIC_URL": PUBLIC_URL,
            "SAHUT_SECRET_KEYS": SECRET_KEY, "SAHUT_DATA": str(tmp_path), "SAHUT_FILES_URL": str(tmp_path / "berkas"),
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        yield monkeypatch


def with_gateways(installation: pytest.MonkeyPatch, *, twilio: HttpServer, smtp_port: int) -> None:
    for name, value in {
        "SMS_TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "SMS_TWILIO_AUTH_TOKEN": TOKEN, "SMS_TWILIO_NUMBERS": OUR_NUMBER,
        "SMS_TWILIO_API_URL": twilio.url, "EMAIL_MIME_SECRETS": "2" * 40, "EMAIL_REPLY_SECRET": "3" * 40,
        "EMAIL_ADDRESS": "lapor@sahut.test", "EMAIL_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}?tls=no",
    }.items():  # fmt: skip
        installation.setenv(name, value)


def found() -> dict[str, Finding]:
    return {finding.what: finding for finding in examine()}


def test_a_house_in_order(installation: pytest.MonkeyPatch) -> None:
    with HttpServer(HttpAnswer(body=NO_MESSAGES)) as twilio, SmtpServer() as mail:
        with_gateways(installation, twilio=twilio, smtp_port=mail.port)
        findings = found()
        assert [request.method for request in twilio.seen] == ["GET"]
        assert mail.received == []
    # The server of the tests forgets on purpose: the one thing that is wrong here, and it is found.
    assert {what for what, finding in findings.items() if finding.health != "ok"} == {"durability"}
    assert "fsync" in findings["durability"].detail
    assert {"channel sms_twilio", "channel email_mime", "redis", "attachments", "migrations"} <= set(findings)


def test_gateways_that_do_not_know_us_or_are_away(installation: pytest.MonkeyPatch) -> None:
    with HttpServer(HttpAnswer(status=401, body=NO_LOGIN)) as twilio:
        with_gateways(installation, twilio=twilio, smtp_port=9)
        findings = found()
    assert findings["channel sms_twilio"].health == "broken"
    assert "20003" in findings["channel sms_twilio"].detail
    assert (findings["channel email_mime"].health, findings["channel email_mime"].detail) == (
        "broken", "connection failed",
    )  # fmt: skip


def test_a_database_of_another_release_and_parked_work(installation: pytest.MonkeyPatch, rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
        connection.execute(text("insert into outbox (job, subject_id, parked_at) values ('deliver', 1, now())"))
    findings = found()
    assert "sahut release" in findings["migrations"].detail
    assert findings["migrations"].health == "broken"
    assert findings["promises"].health == "look"


def test_what_nobody_could_read_waits_for_somebody(installation: pytest.MonkeyPatch, rt: Runtime) -> None:
    assert found()["quarantine"].health == "ok"
    with rt.engine.begin() as connection:
        quarantine.keep(connection, "sms_twilio", query="", headers={}, body=b"x", reason="no id")
    assert (found()["quarantine"].health, "sms_twilio 1 unread" in found()["quarantine"].detail) == ("look", True)
    with rt.engine.begin() as connection:
        connection.execute(
            text("""insert into quarantine (channel, digest, query, headers, body, reason)
                    select 'sms_twilio', n::text, '', '{}', '', 'no id' from generate_series(1, 20000) as n""")
        )
    assert found()["quarantine"].health == "broken"


def test_a_gateway_that_takes_everything_and_delivers_nothing(installation: pytest.MonkeyPatch, rt: Runtime) -> None:
    with HttpServer(HttpAnswer(body=NO_MESSAGES)) as twilio, SmtpServer() as mail:
        with_gateways(installation, twilio=twilio, smtp_port=mail.port)
        installation.setenv("SAHUT_GATEWAYS", "sms_twilio")

        def give(count: int, state: str, channel: str = "sms_twilio", minutes_ago: int = 60) -> None:
            with rt.engine.begin() as connection:
                connection.execute(
                    text("""insert into reply (cause, kind, channel, gateway, recipient, sender, text, state, external_id,
                                               created_at)
                            select gen_random_uuid(), 'k', :channel, :channel, '+628110000001', '', '', :state, 'SM' || n,
                                   now() - make_interval(mins => :ago) from generate_series(1, :count) as n"""),
                    {"channel": channel, "state": state, "count": count, "ago": minutes_ago},
                )

        give(30, "accepted", "email_mime")  # letters have no receipts
        give(19, "accepted")
        give(100, "accepted", minutes_ago=5)  # may still arrive
        assert found()["receipts"].health == "ok"
        assert CliRunner().invoke(main, ["gateways", "list"]).exit_code == 0
        give(1, "undelivered", minutes_ago=59)
        assert (found()["receipts"].health, "sms_twilio: 20 replies" in found()["receipts"].detail) == ("look", True)
        listed = CliRunner().invoke(main, ["gateways", "list"])
        assert (listed.exit_code, "took 20 replies in a row" in listed.stdout) == (1, True)
        give(1, "delivered", minutes_ago=58)
        assert found()["receipts"].health == "ok"


def test_a_regency_whose_reports_nobody_receives(installation: pytest.MonkeyPatch, rt: Runtime) -> None:
    assert found()["desks"].health == "ok"
    receive(rt, "sms_twilio", an_sms())
    jobs.carry_out(rt, Job.PROCESS)
    with rt.engine.begin() as connection:
        connection.execute(text("insert into regency_setting (regency, publishes) values ('32.01', true)"))
    desks = found()["desks"]
    assert (desks.health, "16.03 (1 open), 32.01 (0 open)" in desks.detail) == ("look", True)
    an_officer(rt, "bogor", "32.01")
    with rt.engine.begin() as connection:  # reads figures, and answers nobody
        officers.add(
            connection, username="bupati", name="Bupati", password="an invented password", role="leader",
            regency=MUARA_ENIM,
        )  # fmt: skip
    assert "for 16.03 (1 open):" in found()["desks"].detail
    with rt.engine.begin() as connection:
        regencies.configure_desk(connection, MUARA_ENIM, "email", {"address": "lapor@example.go.id"})
    assert found()["desks"].health == "ok"


def test_servers_that_are_away(installation: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installation.setenv("DATABASE_URL", "postgresql://sahut@127.0.0.1:9/sahut?connect_timeout=1")
    installation.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    (tmp_path / "berkas").write_text("a file where the folder should be", encoding="utf-8")
    findings = found()
    assert {what for what in ("database", "attachments") if findings[what].health == "broken"} == {
        "database", "attachments",
    }  # fmt: skip
    assert findings["redis"].health == "look"


def test_the_command_names_every_fault_of_the_settings_and_no_secret(installation: pytest.MonkeyPatch) -> None:
    healthy = CliRunner().invoke(doctor, ["--json"])
    assert json.loads(healthy.stdout)["healthy"] is False  # durability, see above
    assert healthy.exit_code == 1
    assert SECRET_KEY not in healthy.stdout
    installation.setenv("PUBLIC_URL", "not an address")
    installation.setenv("SMS_TWILIO_AUTH_TOKEN", TOKEN)
    told = CliRunner().invoke(doctor, [])
    assert told.exit_code == 1
    assert "PUBLIC_URL" in told.stdout
    assert "SMS_TWILIO_ACCOUNT_SID" in told.stdout
    assert TOKEN not in told.stdout
