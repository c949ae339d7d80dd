"""Polled channels: asked, committed, marked; in this order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import text

from channels.channel import PolledMessage, PolledReport, Unreachable
from channels.messages import DeliveryReport, DeliveryStatus
from intake.runtime import Runtime
from intake.storage.database import open_engine
from tests.factories import an_sms
from tests.fakes import FakeChannel
from workers.poll import poll_once


@dataclass
class Modem(FakeChannel):
    """A channel that is asked; what is not marked is given again."""

    waiting: list[PolledMessage] = field(default_factory=list)
    told: list[PolledReport] = field(default_factory=list)
    away: bool = False

    def waiting_messages(self, *, limit: int) -> Sequence[PolledMessage]:
        if self.away:
            raise Unreachable("no answer")
        return self.waiting[:limit]

    def waiting_reports(self, *, limit: int) -> Sequence[PolledReport]:
        return self.told[:limit]

    def mark_taken(self, handles: Iterable[str]) -> None:
        gone = set(handles)
        self.waiting = [each for each in self.waiting if each.handle not in gone]
        self.told = [each for each in self.told if each.handle not in gone]


def count(rt: Runtime, table: str) -> int:
    with rt.engine.connect() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_what_waits_is_kept_and_marked(rt: Runtime) -> None:
    modem = Modem("sms_gammu", "sms", waiting=[PolledMessage(an_sms(), "1"), PolledMessage(an_sms(), "2")])
    modem.told = [PolledReport(DeliveryReport("77", "x", DeliveryStatus.SENT), "d1")]
    polling = replace(rt, channels={"sms_gammu": modem})
    assert poll_once(polling) == 3
    assert (modem.waiting, modem.told) == ([], [])
    assert (count(rt, "message"), count(rt, "delivery_report")) == (2, 1)
    assert poll_once(polling) == 0


def test_given_twice_is_kept_once(rt: Runtime) -> None:
    message = an_sms()
    modem = Modem("sms_gammu", "sms", waiting=[PolledMessage(message, "1")])
    polling = replace(rt, channels={"sms_gammu": modem})
    poll_once(polling)
    modem.waiting = [PolledMessage(message, "1")]  # we died between the commit and the mark
    poll_once(polling)
    assert count(rt, "message") == 1
    assert modem.waiting == []


def test_nothing_is_marked_that_was_not_committed(rt: Runtime) -> None:
    modem = Modem("sms_gammu", "sms", waiting=[PolledMessage(an_sms(), "1")])
    away = open_engine("postgresql+psycopg://sahut@127.0.0.1:1/none")
    assert poll_once(replace(rt, engine=away, channels={"sms_gammu": modem})) == 0
    away.dispose()
    assert len(modem.waiting) == 1


def test_one_gateway_away_does_not_silence_the_other(rt: Runtime) -> None:
    dead = Modem("sms_gammu", "sms", away=True)
    alive = Modem("sms_other", "sms", waiting=[PolledMessage(an_sms(), "1")])
    assert poll_once(replace(rt, channels={"sms_gammu": dead, "sms_other": alive})) == 1


def test_what_the_database_never_takes_does_not_hold_the_others_up(rt: Runtime) -> None:
    modem = Modem("sms_gammu", "sms", waiting=[PolledMessage(an_sms("a\x00b"), "1"), PolledMessage(an_sms(), "2")])
    modem.told = [PolledReport(DeliveryReport("9" * 40, "x", DeliveryStatus.SENT), "d1")]
    assert poll_once(replace(rt, channels={"sms_gammu": modem})) == 3
    assert (modem.waiting, modem.told) == ([], [])
    assert (count(rt, "message"), count(rt, "quarantine"), count(rt, "delivery_report")) == (1, 1, 1)
