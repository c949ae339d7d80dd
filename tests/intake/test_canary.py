"""A message to ourselves comes back, is no report, and its age is told; nobody else can make one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from channels.channel import SendFailed
from channels.messages import OutboundMessage, ProviderReceipt
from intake.canary import let_fly
from intake.commands.canary import canary
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage.outbox import Job
from intake.storage.vitals import canaries
from tests.conftest import PUBLIC_URL, SECRET_KEY, settings_for
from tests.factories import OUR_NUMBER, an_sms
from tests.fakes import FakeChannel
from workers import jobs


@pytest.fixture
def flying(rt: Runtime) -> Runtime:
    named = f"sms_twilio={OUR_NUMBER}, sms_kannel=1708"
    return replace(rt, settings=settings_for(rt.settings.database_url, SAHUT_CANARIES=named))


def sent_by(rt: Runtime) -> OutboundMessage:
    channel = rt.channels["sms_twilio"]
    assert isinstance(channel, FakeChannel)
    (message,) = channel.sent
    return message


def reports(rt: Runtime) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text("select count(*) from report")).scalar_one())


def test_it_comes_back_and_is_no_report(flying: Runtime) -> None:
    flights = {flight.channel: flight for flight in let_fly(flying)}
    assert flights["sms_twilio"].sent
    assert flights["sms_kannel"].reason == "not configured"
    sent = sent_by(flying)
    assert sent.to == OUR_NUMBER
    receive(flying, "sms_twilio", an_sms(f"{sent.text} ", sender=OUR_NUMBER))
    while sum(jobs.carry_out(flying, job) for job in Job):
        pass
    assert reports(flying) == 0
    with flying.engine.connect() as connection:
        assert connection.execute(text("select automatic, answerable from message")).one() == ("canary", False)
        assert connection.execute(text("select count(*) from reply")).scalar_one() == 0
        assert set(canaries(connection)) == {"sms_twilio"}


@pytest.mark.parametrize("change", ["token", "minute", "channel"])
def test_what_only_looks_like_one_is_a_report(flying: Runtime, change: str) -> None:
    list(let_fly(flying))
    words = sent_by(flying).text.split()
    if change == "token":
        words[3] = "a" * 20
    if change == "minute":
        words[2] = "1234567"
    receive(flying, "email_mime" if change == "channel" else "sms_twilio", an_sms(" ".join(words)))
    assert reports(flying) == 1


def test_a_gateway_that_refuses_says_why(flying: Runtime) -> None:
    class Refusing(FakeChannel):
        def send(self, message: OutboundMessage) -> ProviderReceipt:
            raise SendFailed("http 503")

    refused = replace(flying, channels={"sms_twilio": Refusing("sms_twilio", "sms")})
    assert [flight.reason for flight in let_fly(refused)] == ["http 503", "not configured"]


def test_the_command_ends_with_one_when_one_was_not_sent(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": rt.settings.database_url, "PUBLIC_URL": PUBLIC_URL, "SAHUT_SECRET_KEYS": SECRET_KEY,
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(canary, []).exit_code == 2
    monkeypatch.setenv("SAHUT_CANARIES", "sms_kannel=1708")
    told = CliRunner().invoke(canary, ["--json"])
    assert told.exit_code == 1
    assert "not configured" in told.stdout
    monkeypatch.setenv("SAHUT_CANARIES", "sms_kannel")
    assert CliRunner().invoke(canary, []).exit_code == 2
