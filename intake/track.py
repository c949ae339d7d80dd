"""What a citizen sees of their own report, behind its secret link; and what they can do there.

The steps are those of ``domain.report``, taken as the citizen; a step that somebody was quicker with raises
StepNotAllowed, and the page shows how things are now. Guessing the secret of one report is slowed down here; it has a
hundred bits, so this keeps the log quiet rather than the report safe.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from channels.messages import InboundMessage
from intake import links, logs, reopening
from intake.domain.deadline import Deadlines
from intake.domain.reference import report_id_of
from intake.domain.report import STEPS, State, StepNotAllowed
from intake.receive import Received, receive
from intake.runtime import Runtime
from intake.storage import attachments, contacts, deadlines, messages, publications, replies, reports, threads
from intake.storage.attachments import File
from intake.storage.contacts import Contact
from intake.storage.messages import StoredMessage
from intake.storage.replies import Reply
from intake.storage.reports import KeptDecision, Report, Step
from intake.understand.locate import Candidate, Evidence, Location, Versions

log = logs.get("track")

#: Why a report was put aside or finished when its own reporter did it; the conversation by SMS says the same.
WITHDRAWN: Final = "dicabut_pelapor"
FINISHED: Final = "selesai_menurut_pelapor"
RATED: Final = frozenset({State.SELESAI, State.DITINDAKLANJUTI, State.DITANGGAPI_PELAPOR, State.DITERUSKAN})
_REOPENED_TO: Final = {State.SELESAI: State.DIBUKA_KEMBALI, State.DITINDAKLANJUTI: State.DITANGGAPI_PELAPOR}


class NotOpened(Exception):
    """The secret is missing or wrong. Says nothing about whether there is such a report (``docs/decisions`` 0016)."""


@dataclass(frozen=True, slots=True)
class TrackedReport:
    report: Report
    conversation: list[StoredMessage]
    replies: list[Reply]
    history: list[Step]
    decision: KeptDecision | None = None
    files: list[File] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    rating: int | None = None
    deadlines: Deadlines | None = None
    published: str = ""
    too_late: bool = False

    @property
    def reopens_to(self) -> State | None:
        """The state it would go to when its reporter says that it is not solved; None while that means nothing."""
        if self.report.state is State.DIARSIPKAN and self._withdrawn_by_citizen:
            return State.MENUNGGU_VERIFIKASI
        return None if self.too_late else _REOPENED_TO.get(self.report.state)

    @property
    def _withdrawn_by_citizen(self) -> bool:
        last = next((step for step in reversed(self.history) if step.to_state == State.DIARSIPKAN), None)
        return last is not None and last.actor == "citizen"

    @property
    def withdraws_to(self) -> State | None:
        """The state it would go to when its reporter takes it back."""
        return _first_allowed(self.report.state, (State.DIARSIPKAN, State.SELESAI))

    @property
    def may_be_rated(self) -> bool:
        return self.report.state in RATED


@dataclass
class _Misses:
    """Wrong secrets of one report from one caller, in the memory of this process: at most so many, then silence.

    The right secret is refused then too, from that caller, for the rest of the hour: else it would be no limit.
    """

    most: int = 20
    remembered: int = 10_000
    seconds: float = 3600.0
    _seen: OrderedDict[tuple[str, int], tuple[int, float]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def too_many(self, who: tuple[str, int]) -> bool:
        with self._lock:
            times, since = self._seen.get(who, (0, 0.0))
            return times >= self.most and time.monotonic() - since < self.seconds

    def count(self, who: tuple[str, int]) -> None:
        with self._lock:
            times, since = self._seen.pop(who, (0, time.monotonic()))
            if time.monotonic() - since >= self.seconds:
                times, since = 0, time.monotonic()
            self._seen[who] = (times + 1, since)
            if len(self._seen) > self.remembered:
                self._seen.popitem(last=False)
        if times + 1 == self.most:
            log.warning("secret_guessed", report_id=who[1])


_misses: Final = _Misses()


def open_report(rt: Runtime, reference: str, token: str, *, caller: str | None = None) -> TrackedReport:
    """A report and all that was said, for who knows its secret. Raises NotOpened."""
    report_id = report_id_of(reference)
    if report_id is None:
        raise NotOpened
    who = None if caller is None else (caller, report_id)
    if who is not None and _misses.too_many(who):
        raise NotOpened
    if not links.opens(rt.settings, report_id, token):
        if who is not None and token:
            _misses.count(who)
        raise NotOpened
    with rt.engine.connect() as connection:
        report = reports.find(connection, report_id)
        if report is None:
            raise NotOpened
        return TrackedReport(
            report,
            messages.of_report(connection, report_id),
            [reply for reply in replies.of_report(connection, report_id) if reply.channel == report.channel],
            reports.history_of(connection, report_id),
            reports.last_decision(connection, report_id),
            attachments.of_report(connection, report_id),
            contacts.of_report(connection, report_id),
            threads.rating_of(connection, report_id),
            kept.deadlines if (kept := deadlines.compute(connection, report_id)) else None,
            publications.shown_of(connection, report_id),
            reopening.is_over(connection, report, rt.clock()),
        )


def add_words(rt: Runtime, tracked: TrackedReport, message: InboundMessage) -> Received:
    """More words from the page of a report: they join it, as if they had come by its own channel."""
    report = tracked.report
    joining = replace(message, sender=report.sender, recipient=report.recipient, reply_token=str(report.id))
    return receive(rt, report.channel, joining)


def rate(rt: Runtime, tracked: TrackedReport, score: int, *, unique: str) -> None:
    """How content the citizen is, 1 to 5. Kept now, and said as by SMS, so that it is answered and heard alike.

    ``unique`` is the id of the form: sent twice it is one rating. Raises StepNotAllowed before there is an answer.
    """
    if not tracked.may_be_rated:
        raise StepNotAllowed(State.SELESAI)
    report = tracked.report
    said = InboundMessage(unique, report.sender, report.recipient, f"{report.reference} {score}")
    received = receive(rt, report.channel, said)
    if received.remembered is not None:
        with rt.engine.begin() as connection:
            threads.keep_rating(connection, report.id, received.remembered.message_id, score)


def reopen(rt: Runtime, tracked: TrackedReport) -> Report:
    """It is not solved. Raises StepNotAllowed."""
    to = tracked.reopens_to
    if to is None:
        raise StepNotAllowed(State.DIBUKA_KEMBALI)
    with rt.engine.begin() as connection:
        return reports.step(
            connection, tracked.report.id, to, actor="citizen", action="reopened", values={"closed_at": None},
            only_from=[tracked.report.state],
        )  # fmt: skip


def finish(rt: Runtime, tracked: TrackedReport) -> Report:
    """It is solved, says who reported it. Raises StepNotAllowed."""
    return _end(rt, tracked, _first_allowed(tracked.report.state, (State.SELESAI,)), "finished", FINISHED)


def withdraw(rt: Runtime, tracked: TrackedReport) -> Report:
    """The reporter takes it back: nothing more is done. Raises StepNotAllowed."""
    return _end(rt, tracked, tracked.withdraws_to, "withdrawn", WITHDRAWN)


def _end(rt: Runtime, tracked: TrackedReport, to: State | None, action: str, reason: str) -> Report:
    if to is None:
        raise StepNotAllowed(State.DIARSIPKAN)
    with rt.engine.begin() as connection:
        return reports.step(
            connection, tracked.report.id, to, actor="citizen", action=action, reason=reason,
            values={"closed_at": rt.clock(), "waiting_for": None, "choices": []}, only_from=[tracked.report.state],
        )  # fmt: skip


def _first_allowed(state: State, wanted: Iterable[State]) -> State | None:
    return next((to for to in wanted if to in STEPS[state]), None)


# What we understood.


def location_of(decision: KeptDecision) -> Location | None:
    """The resolver's result as it was kept with a decision; None where it was kept otherwise."""
    kept = decision.location
    try:
        return Location(
            decision=kept["decision"],
            regency=kept["regency"],
            probability=kept["probability"],
            candidates=tuple(Candidate(**c) for c in kept["candidates"]),
            level=kept["level"],
            village=kept["village"],
            district=kept["district"],
            province=kept["province"],
            evidence=tuple(Evidence(**{**e, "regencies": tuple(e["regencies"])}) for e in kept["evidence"]),
            choices=tuple(Candidate(**c) for c in kept["choices"]),
            versions=Versions(**kept["versions"]),
            names=kept["names"],
        )
    except (KeyError, TypeError):
        return None
