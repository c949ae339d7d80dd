"""Plays a recorded conversation (``README.md`` says how they are written) on a runtime, and says where it differs."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from channels.channel import SendFailed
from channels.messages import Coordinates, InboundMessage, OutboundMessage
from channels.phone import read_correspondent
from intake import desk
from intake.domain.reference import reference_of
from intake.limits import LIMITS
from intake.receive import receive
from intake.runtime import Runtime
from intake.storage import officers, people, reports, threads
from intake.storage.officers import Officer
from intake.storage.outbox import Job
from tests.factories import OUR_NUMBER
from tests.fakes import FakeChannel
from workers import jobs

CHANNEL: Final = "sms_twilio"
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BESIDE: Final = re.compile(r"\[([a-z_]+=[^\]]*)\]\s?")


class Differs(AssertionError):
    """What happened is not what was recorded."""


@dataclass
class Conversation:
    """One file being played."""

    rt: Runtime
    channel: FakeChannel
    address: str = "+628110000001"
    answered: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.channel.fails = self._refuse
        with self.rt.engine.begin() as connection:
            made = officers.add(
                connection, username="pusat", name="Admin Pusat", password="kata-sandi-contoh", role="central",
                regency=None,
            )  # fmt: skip
        assert made is not None
        self.officer: Officer = made

    def _refuse(self, message: OutboundMessage) -> None:
        code = self.refused.get(message.to)
        if code is not None:
            raise SendFailed("the provider refuses this number", kind="opted_out", code=code)

    # --- the lines ---

    def play(self, lines: list[str]) -> None:
        previous = ""
        for number, line in enumerate(lines, start=1):
            sign, rest = line[:1], line[1:].strip()
            try:
                if sign in ">@!+" and previous in "<=" and sign:
                    self._nothing_is_left()
                if sign:
                    self._do(sign, rest)
            except Exception as fault:
                msg = f"line {number}: {line}\n{fault}"
                raise Differs(msg) from fault
            previous = sign or previous
        self._carry_on()
        self._nothing_is_left()

    def _do(self, sign: str, rest: str) -> None:
        match sign:
            case "#":
                pass
            case ">":
                self._write(self._filled(rest))
                self._work()
            case "<":
                self._carry_on()
                self._expect_reply(self._filled(rest))
            case "=":
                self._carry_on()
                self._expect_state(rest)
            case "@":
                self._carry_on()
                self.address = f"+62811000000{rest}" if re.fullmatch(r"[1-9]", rest) else rest
            case "+":
                self._carry_on()
                self._pass(timedelta(seconds=int(rest[:-1]) * _UNITS[rest[-1]]))
            case "!":
                self._carry_on()
                self._act(*rest.partition(" ")[::2])
            case _:
                msg = "no such sign"
                raise ValueError(msg)

    def _filled(self, line: str) -> str:
        def of_citizen(found: re.Match[str]) -> str:
            owner = self.address if found[1] is None else f"+62811000000{found[1]}"
            return reference_of(self._reports_of(owner)[int(found[2]) - 1])

        return re.sub(r"\{(?:@([1-9]):)?([1-9])\}", of_citizen, line)

    def _write(self, said: str) -> None:
        beside: dict[str, str] = {}
        while found := _BESIDE.match(said):
            name, _, value = found[1].partition("=")
            beside[name] = value
            said = said[found.end() :]
        sender = read_correspondent(self.address)
        at = beside.pop("at", "")
        point = Coordinates(*map(float, at.split(","))) if at else None
        message = InboundMessage(
            external_id=beside.pop("id", "") or f"SM{next(self.ids):032x}",
            sender=sender.address,
            recipient=beside.pop("to", OUR_NUMBER),
            text=said.replace("\\n", "\n"),
            answerable=sender.answerable,
            automatic=beside.pop("automatic", None),
            regency=beside.pop("regency", None),
            coordinates=point,
            extra={name: int(value) if value.isdecimal() else value for name, value in beside.items()},
        )
        receive(self.rt, CHANNEL, message)

    def _expect_reply(self, fragments: str) -> None:
        got = self._replies()
        seen = self.answered.get(self.address, 0)
        if fragments == "-":
            self._nothing_is_left()
            return
        if len(got) <= seen:
            raise Differs("no SMS came")
        self.answered[self.address] = seen + 1
        missing = [part for part in map(str.strip, fragments.split("|")) if part not in got[seen]]
        if missing:
            msg = f"not in it: {missing}\ncame: {got[seen]}"
            raise Differs(msg)

    def _nothing_is_left(self) -> None:
        left = self._replies()[self.answered.get(self.address, 0) :]
        if left:
            msg = f"unexpected: {left}"
            raise Differs(msg)

    def _expect_state(self, rest: str) -> None:
        which, rest = (int(rest[0]), rest[1:].strip()) if rest[:1].isdigit() else (0, rest)
        own = self._reports_of(self.address)
        facts: dict[str, object] = {"reports": len(own)}
        with self.rt.engine.begin() as connection:
            facts["silence"] = people.state_of(connection, CHANNEL, self.address).silence
            if own:
                report = reports.read(connection, own[which - 1])
                facts |= {
                    "state": report.state, "regency": report.regency, "urgency": report.urgency, "topic": report.topic,
                    "secret": report.secret, "anonymous": report.anonymous, "asked": report.times_asked,
                    "rating": threads.rating_of(connection, report.id), "district": report.district,
                    "messages": threads.count_messages(connection, report.id), "type": report.type,
                }  # fmt: skip
        for wanted in rest.split(","):
            name, _, value = wanted.strip().partition(" ")
            if str(facts.get(name)).lower() != value.strip():
                msg = f"{name} is {facts.get(name)}; all: {facts}"
                raise Differs(msg)

    def _act(self, what: str, more: str) -> None:
        with self.rt.engine.begin() as connection:
            if what == "block":
                people.block(connection, CHANNEL, self.address, reason=more or "iseng")
            elif what == "unblock":
                people.unblock(connection, CHANNEL, self.address)
        if what == "refuse":
            self.refused[self.address] = more
            return
        if what in {"block", "unblock"}:
            return
        reference = reference_of(self._reports_of(self.address)[-1])
        acts = {
            "answer": lambda: desk.answer(self.rt, self.officer, reference, words=more),
            "close": lambda: desk.close(self.rt, self.officer, reference),
            "take_up": lambda: desk.take_up(self.rt, self.officer, reference),
            "route": lambda: desk.route(self.rt, self.officer, reference, regency=more),
            "archive": lambda: desk.archive(self.rt, self.officer, reference, reason=more or "iseng"),
        }
        acts[what]()
        self._work()

    # --- the house at work ---

    def _work(self) -> None:
        for _ in range(3):
            for job in (Job.PROCESS, Job.ASK_AGAIN, Job.DELIVER):
                jobs.carry_out(self.rt, job)

    def _carry_on(self) -> None:
        """Let what waits for a moment (a message that may go on) come due."""
        self._work()
        with self.rt.engine.connect() as connection:
            waits = connection.execute(text("select count(*) from outbox where job = 'process'")).scalar_one()
        if waits:
            self._pass(LIMITS.part_wait)

    def _pass(self, time: timedelta) -> None:
        """Make everything that much older."""
        with self.rt.engine.begin() as connection:
            # What happened is not rewritten, says the database: only here it is.
            connection.execute(text("set local session_replication_role = replica"))
            columns = connection.execute(
                text("""select table_name, array_agg(cast(column_name as text)) from information_schema.columns
                        where table_schema = 'public' and data_type = 'timestamp with time zone'
                        group by table_name""")
            ).all()
            for table, names in columns:
                assignments = ", ".join(f"{name} = {name} - :time" for name in names)
                connection.execute(text(f"update {table} set {assignments}"), {"time": time})
        self._work()

    def _replies(self) -> list[str]:
        return [m.text for m in sorted(self.channel.sent, key=lambda m: int(m.id)) if m.to == self.address]

    def _reports_of(self, address: str) -> list[int]:
        with self.rt.engine.connect() as connection:
            return list(
                connection.execute(
                    text("select id from report where sender = :sender order by opened_at, id"), {"sender": address}
                ).scalars()
            )
