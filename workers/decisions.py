"""What was decided about a report, written: its step, the handover, what the citizen hears, and the alarm if we asked."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from intake import wording
from intake.domain.decision import Decision
from intake.domain.report import State
from intake.limits import LIMITS
from intake.runtime import Runtime
from intake.saying import occasion, say_unasked
from intake.storage import handovers, messages, outbox, regency_settings, reports
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim, Job
from intake.storage.reports import Report
from intake.understand.classify.taxonomy import NATIONAL, PROVINCE
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
    reports.add_decision(
        connection,
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


def carry_out(
    rt: Runtime, connection: Connection, message: StoredMessage, report: Report, u: Understanding, *, opens: bool
) -> None:
    """Write a decision and what follows from it. ``opens``: this message opened the report. Raises StepNotAllowed."""
    decision = u.decision
    keep_decision(connection, message, report, u)
    facts = facts_of(report, u)
    at = occasion(rt, report)
    if u.classification.urgency == "darurat" and decision.action != "put_aside":
        numbers = regency_settings.emergency_numbers(connection, decision.regency)
        say_unasked(
            rt, connection, report, wording.emergency(at, numbers=numbers), kind="emergency", cause=f"emergency:{report.id}",
            answers=message,
        )  # fmt: skip
    match decision.action:
        case "put_aside":
            _step(connection, report, State.DIARSIPKAN, u, facts)
            return
        case "triage":
            _step(connection, report, State.MENUNGGU_VERIFIKASI, u, {**facts, "waiting_for": None, "choices": []})
            words = wording.acknowledged_for_triage(at) if opens else wording.added(at)
        case "ask_place" | "ask_which":
            question: dict[str, object] = {
                "waiting_for": "place",
                "choices": list(decision.choices),
                "times_asked": report.times_asked + 1,
            }
            _step(connection, report, State.TERTUNDA, u, {**facts, **question})
            outbox.promise(connection, Job.ASK_AGAIN, report.id, due=rt.clock() + LIMITS.remind_after)
            words = question_of(at, decision)
        case "hand_over":
            words = _hand_over(rt, connection, message, report, u, facts, opens=opens)
    kind: str = decision.action
    if u.story.missing and decision.action in {"triage", "hand_over"}:
        words, kind = wording.incomplete(at), "incomplete"
        reports.record(connection, report.id, actor="system", action="incomplete")
    say_unasked(rt, connection, report, words, kind=kind, cause=f"{kind}:{message.id}", answers=message)


def _step(connection: Connection, report: Report, to: State, u: Understanding, values: dict[str, object]) -> None:
    reports.step(
        connection,
        report.id,
        to,
        actor="system",
        action=u.decision.action,
        reason=u.decision.why,
        values=values,
        only_from=[report.state],
    )


def question_of(at: Occasion, decision: Decision) -> Wording:
    """The words of a question."""
    if decision.action == "ask_place" or not decision.choices:
        return wording.ask_place(at)
    return wording.ask_which(at, places=[regencies()[code].short for code in decision.choices])


def _hand_over(
    rt: Runtime,
    connection: Connection,
    message: StoredMessage,
    report: Report,
    u: Understanding,
    facts: dict[str, object],
    *,
    opens: bool,
) -> Wording:
    """To the desk of the regency: into its inbox here, and a promise to tell its own system where it has one."""
    code = str(u.decision.regency)
    own = regency_settings.taxonomy_of(connection, code)
    topic = own.topics.get(u.classification.topic or "") if u.classification.confident else None
    place: dict[str, object] = {
        **depth_of(u),
        "unit": topic.unit.name if topic else None,
        "regency": code,
        "handed_over_at": rt.clock(),
        "waiting_for": None,
        "choices": [],
    }
    _step(connection, report, State.TERDISPOSISI, u, {**facts, **place})
    handovers.promise_handover(connection, report_id=report.id, regency=code, cause=f"hand_over:{message.id}")
    name = regencies()[code].short
    at = occasion(rt, report)
    if not opens:
        return wording.forwarded(at, regency=name)
    if topic is not None and topic.authority in _OTHERS and topic.forward_to:
        return wording.acknowledged_outside(at, regency=name, agency=topic.forward_to)
    return wording.acknowledged(at, regency=name)


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
    if report.state in {State.MENUNGGU_VERIFIKASI, State.TERTUNDA} and decided:
        carry_out(rt, connection, message, report, u, opens=False)
        return True
    keep_decision(connection, message, report, u)
    if not u.classification.spam:
        depth = depth_of(u) if report.regency is not None and u.decision.regency == report.regency else {}
        reports.amend(connection, report.id, {**facts_of(report, u), **depth})
    return False


def decided_by_citizen(u: Understanding, regency: str, why: str) -> Understanding:
    """The same understanding, with the place the citizen named when we asked."""
    return replace(u, decision=Decision("hand_over", why, regency=regency))
