"""What was decided about a report, written: its step, the handover, what the citizen hears, and the alarm if we asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from intake import alarm, wording
from intake.domain.decision import CLEAR_PLACE, Decision
from intake.domain.report import State, StepNotAllowed
from intake.limits import LIMITS
from intake.runtime import Runtime
from intake.saying import occasion, reply_unasked, said_to, say_all
from intake.storage import handovers, messages, outbox, regency_settings, reports
from intake.storage.handovers import NewHandover
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim, Job
from intake.storage.regency_settings import Own
from intake.storage.replies import NewReply
from intake.storage.reports import NOW, Move, NewDecision, Report
from intake.storage.threads import Said
from intake.understand.classify.taxonomy import NATIONAL, PROVINCE, Topic
from intake.understand.locate import regencies
from intake.wording import Occasion, Wording
from workers.understanding import Understanding

#: Whose matters a regency passes on instead of settling.
_OTHERS = frozenset({PROVINCE, NATIONAL})


class Overtaken(Exception):
    """Something else happened to the report while we thought: look again."""


def settle(connection: Connection, claim: Claim, message: StoredMessage) -> None:
    """The promise to read this message is kept. Raises ClaimLost."""
    outbox.fulfil(connection, claim)
    messages.mark_processed(connection, message.id)


def keep_decision(connection: Connection, message: StoredMessage, report: Report, u: Understanding) -> None:
    """Write down what was understood, with its evidence."""
    reports.add_decisions(connection, [_evidence(message, report, u)])


def _evidence(message: StoredMessage, report: Report, u: Understanding) -> NewDecision:
    return NewDecision(
        report_id=report.id,
        message_id=message.id,
        action=u.decision.action,
        why=u.decision.why,
        location=u.location.as_dict(),
        classification=u.classification.as_dict(),
    )


def facts_of(report: Report, u: Understanding) -> dict[str, object]:
    """What the classifier found, as columns of a report. Asked-for secrecy is never taken back."""
    return {
        "type": u.classification.type,
        "topic": u.classification.topic,
        "urgency": u.classification.urgency,
        # A guess that is not sure enough is shown to a person and sent to no unit.
        "unit": u.classification.unit if u.classification.confident else None,
        "secret": report.secret or u.secret,
        "anonymous": report.anonymous or u.anonymous,
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a decision, not written yet. ``handed_to``: a regency; ``asks``: where the matter is."""

    message: StoredMessage
    report: Report
    understood: Understanding
    move: Move
    handed_to: str | None
    asks: bool
    replies: tuple[NewReply, ...]

    @property
    def misses_parts(self) -> bool:
        return self.understood.story.missing and self.understood.decision.action in {"triage", "hand_over"}

    @property
    def is_alarming(self) -> bool:
        return self.understood.classification.urgency == alarm.EMERGENCY and self.move.to is not State.DIARSIPKAN


def compose(
    rt: Runtime, message: StoredMessage, report: Report, u: Understanding, *, opens: bool, said: Said, own: Own
) -> Outcome:
    """What follows from an understanding. ``opens``: this message opened the report; ``said``: how much the sender
    heard from us lately; ``own``: what the regency that was decided has of its own.
    """
    u = hold_back(u, own)
    decision = u.decision
    facts = facts_of(report, u)
    at = occasion(rt, report)
    said_now: list[NewReply] = []

    def outcome(to: State, values: dict[str, object], *, handed_to: str | None = None, asks: bool = False) -> Outcome:
        move = Move(report, to, decision.action, decision.why, {**facts, **values})
        return Outcome(message, report, u, move, handed_to, asks, tuple(said_now))

    def reply(words: Wording, kind: str, cause: str) -> None:
        heard = said
        for earlier in said_now:
            heard = heard.and_one_more(earlier.kind)
        if report.answerable and report.sender:
            new = reply_unasked(rt, report, words, kind=kind, cause=cause, answers=message, said=heard)
            said_now.extend([] if new is None else [new])

    if decision.action == "put_aside":
        return outcome(State.DIARSIPKAN, {})
    if u.classification.urgency == alarm.EMERGENCY:
        reply(wording.emergency(at, numbers=own.emergency_numbers), "emergency", f"emergency:{report.id}")
    if u.story.missing and decision.action in {"triage", "hand_over"}:
        reply(wording.incomplete(at), "incomplete", f"incomplete:{message.id}")
    else:
        reply(_words(at, u, own, opens=opens), decision.action, f"{decision.action}:{message.id}")
    settled: dict[str, object] = {"waiting_for": None, "choices": []}
    if decision.action == "triage":
        nobodys: dict[str, object] = {} if report.regency is None else {"regency": None}
        return outcome(State.MENUNGGU_VERIFIKASI, {**settled, **nobodys})
    if decision.action == "hand_over":
        place = _place(u, own)
        if own.verifies_itself:  # at their desk, but with no unit and in no system before one of them has looked
            return outcome(State.MENUNGGU_VERIFIKASI, {**place, **settled})
        return outcome(State.TERDISPOSISI, {**place, **settled}, handed_to=str(decision.regency))
    question: dict[str, object] = {
        "waiting_for": "place",
        "choices": list(decision.choices),
        "times_asked": report.times_asked + 1,
    }
    return outcome(State.TERTUNDA, question, asks=True)


def hold_back(u: Understanding, own: Own) -> Understanding:
    """The same, or a person's to decide where the regency wants the machine to be surer than it is.

    What the citizen chose or confirmed is no guess about the place.
    """
    decided = u.decision
    if decided.action != "hand_over":
        return u
    if decided.why == CLEAR_PLACE and u.location.probability < (own.least_place or 0):
        return replace(u, decision=Decision("triage", "kurang_yakin_wilayah"))
    if u.classification.confidence < (own.least_topic or 0):
        return replace(u, decision=Decision("triage", "kurang_yakin_topik"))
    return u


def write(rt: Runtime, connection: Connection, outcomes: Sequence[Outcome]) -> set[int]:
    """Write what was decided about different reports; the ids of the reports that were still as they had been read.

    Whoever finds an id missing has to roll back: of that one only the evidence is written.
    """
    reports.add_decisions(
        connection,
        [_evidence(each.message, each.report, each.understood) for each in outcomes],
    )
    stepped = reports.step_many(connection, [each.move for each in outcomes])
    handovers.promise_handovers(
        connection,
        [
            NewHandover(each.report.id, each.handed_to, f"hand_over:{each.message.id}")
            for each in outcomes
            if each.handed_to is not None
        ],
    )
    outbox.promise_many(
        connection, Job.ASK_AGAIN, [each.report.id for each in outcomes if each.asks], wait=LIMITS.remind_after
    )
    for each in outcomes:
        if each.misses_parts:
            reports.record(connection, each.report.id, actor="system", action="incomplete")
    say_all(rt, connection, [(each.report, reply) for each in outcomes for reply in each.replies])
    for each in outcomes:
        if each.is_alarming and each.report.id in stepped:
            alarm.sound(rt, connection, each.report.id)
    return stepped


def carry_out(
    rt: Runtime, connection: Connection, message: StoredMessage, report: Report, u: Understanding, *, opens: bool
) -> None:
    """Write a decision and what follows from it. ``opens``: this message opened the report. Raises StepNotAllowed."""
    person = report.channel, report.sender
    said = said_to(connection, [person])[person]
    own = regency_settings.read_own(connection, [u.decision.regency])[u.decision.regency]
    outcome = compose(rt, message, report, u, opens=opens, said=said, own=own)
    if not write(rt, connection, [outcome]):
        raise StepNotAllowed(outcome.move.to)


def question_of(at: Occasion, decision: Decision) -> Wording:
    """The words of a question."""
    if decision.action == "ask_place" or not decision.choices:
        return wording.ask_place(at)
    return wording.ask_which(at, places=[regencies()[code].short for code in decision.choices])


def _words(at: Occasion, u: Understanding, own: Own, *, opens: bool) -> Wording:
    """What the citizen hears of a decision."""
    if u.decision.action == "triage":
        return wording.acknowledged_for_triage(at) if opens else wording.added(at)
    if u.decision.action != "hand_over":
        return question_of(at, u.decision)
    name = regencies()[str(u.decision.regency)].short
    if not opens:
        return wording.forwarded(at, regency=name)
    topic = _topic(u, own)
    if topic is not None and topic.authority in _OTHERS and topic.forward_to:
        return wording.acknowledged_outside(at, regency=name, agency=topic.forward_to)
    return wording.acknowledged(at, regency=name)


def _topic(u: Understanding, own: Own) -> Topic | None:
    """The topic as the regency has it; None where the classifier is not sure."""
    return own.taxonomy.topics.get(u.classification.topic or "") if u.classification.confident else None


def _place(u: Understanding, own: Own) -> dict[str, object]:
    """To the desk of the regency: into its inbox here; its own system, where it has one, is told by a handover."""
    topic = _topic(u, own)
    return {
        **depth_of(u),
        "unit": topic.unit.name if topic else None,
        "regency": str(u.decision.regency),
        "handed_over_at": NOW,
    }


def depth_of(u: Understanding) -> dict[str, object]:
    """District and village, where the resolver found them inside the regency that was decided."""
    there = u.location.regency == u.decision.regency
    return {
        "district": u.location.district if there else None,
        "village": u.location.village if there else None,
    }


def mend(
    rt: Runtime, connection: Connection, message: StoredMessage, report: Report, u: Understanding, *, why: str
) -> bool:
    """More of the same story came for a report that lies at a desk, or with a person, untouched.

    Another regency: it is taken back and handed to the right one, and the citizen is told. The same: what was learnt is
    added. False when nothing was said to the citizen.
    """
    decided = u.decision.action == "hand_over"
    if report.state is State.TERDISPOSISI and decided and u.decision.regency != report.regency:
        back = reports.step(
            connection, report.id, State.DIKEMBALIKAN, actor="system", action="taken_back", reason=why,
            detail={"from": report.regency}, values={"regency": None}, only_from=[report.state],
        )  # fmt: skip
        carry_out(rt, connection, message, back, u, opens=False)
        return True
    theirs_already = report.state is State.MENUNGGU_VERIFIKASI and report.regency == u.decision.regency
    if report.state in {State.MENUNGGU_VERIFIKASI, State.TERTUNDA} and decided and not theirs_already:
        carry_out(rt, connection, message, report, u, opens=False)
        return True
    keep_decision(connection, message, report, u)
    if not u.classification.spam:
        depth = depth_of(u) if report.regency is not None and u.decision.regency == report.regency else {}
        reports.amend(connection, report.id, {**facts_of(report, u), **depth})
        alarm.sound(rt, connection, report.id)
    return False


def decided_by_citizen(u: Understanding, regency: str, why: str) -> Understanding:
    """The same understanding, with the place the citizen named when we asked."""
    return replace(u, decision=Decision("hand_over", why, regency=regency))
