"""One message read, understood and decided: its report steps on, and its next promises are made.

Read a snapshot; think with no transaction open; then one transaction writes everything, the kept promise included.
Running twice does no harm: the second finds the message processed, or its claim lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from channels.messages import InboundMessage
from intake import converse, logs, wording
from intake.domain.decision import Decision, decide
from intake.domain.report import AT_REST, AT_THE_DESK, FOR_TRIAGE, State, StepNotAllowed
from intake.runtime import Runtime
from intake.saying import medium_of, occasion, say
from intake.storage import handovers, messages, outbox, replies, reports
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.understand.answer import chosen
from intake.understand.classify import Classification, classify
from intake.understand.locate import FORM_CHOICE, OWN_LINE, Hints, Location, locate, regencies
from intake.wording import STATE_WORDS, Occasion, Wording

log = logs.get("process")

#: A citizen is asked for the place at most so often; then a person looks.
MOST_QUESTIONS = 2


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the resolver and the classifier said, and what follows. ``location`` is of everything said so far."""

    location: Location
    classification: Classification
    decision: Decision


def process(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to read a message (``claim.subject_id``). Raises ClaimLost."""
    with rt.engine.begin() as connection:
        message = messages.read(connection, claim.subject_id)
        report = None if message.report_id is None else reports.read(connection, message.report_id)
    if message.processed_at is not None or (report is None and message.automatic):
        _only_fulfil(rt, claim, message)
    elif report is None:
        _answer_command(rt, claim, message)
    elif report.id == message.id:
        _open(rt, claim, message, report)
    elif report.state is State.TERTUNDA and report.waiting_for == "place":
        _hear_place(rt, claim, message, report)
    else:
        _add(rt, claim, message, report)
    log.info("message_processed", message_id=message.id, report_id=message.report_id)


def _only_fulfil(rt: Runtime, claim: Claim, message: StoredMessage) -> None:
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        messages.mark_processed(connection, message.id)


def _open(rt: Runtime, claim: Claim, message: StoredMessage, report: Report) -> None:
    understood = understand(message, report)
    _write(rt, claim, message, report, understood)


def understand(message: StoredMessage, report: Report, *, before: str = "") -> Understanding:
    """Resolve, classify and decide. ``before``: what the citizen said about it earlier."""
    said = "\n".join(part for part in (message.subject, before, message.text) if part)
    location = locate(said, hints=hints_of(message))
    told = "\n".join(part for part in (before, message.text) if part)
    classification = classify(told, subject=message.subject or None)
    may_ask = report.answerable and bool(report.sender) and report.times_asked < MOST_QUESTIONS
    return Understanding(location, classification, decide(location, classification, may_ask=may_ask))


def hints_of(message: StoredMessage) -> Hints:
    """What the channel knows about the place."""
    codes: tuple[tuple[str, float], ...] = ()
    if message.regency in regencies():
        codes = ((str(message.regency), FORM_CHOICE if message.channel == "web_form" else OWN_LINE),)
    return Hints(regencies=codes)


def _write(rt: Runtime, claim: Claim, message: StoredMessage, report: Report, u: Understanding) -> None:
    decision = u.decision
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        messages.mark_processed(connection, message.id)
        reports.add_decision(
            connection,
            report_id=report.id,
            message_id=message.id,
            action=decision.action,
            why=decision.why,
            location=u.location.as_dict(),
            classification=u.classification.as_dict(),
        )
        facts: dict[str, object] = {
            "type": u.classification.type,
            "topic": u.classification.topic,
            "urgency": u.classification.urgency,
            "unit": u.classification.unit,
            "secret": report.secret or u.classification.secret,
            "anonymous": report.anonymous or u.classification.anonymous,
        }
        first = report.id == message.id
        at = occasion(rt, report)
        if u.classification.urgency == "darurat" and decision.action != "put_aside":
            words = wording.emergency(at)
            say(connection, report, words, kind="emergency", cause=f"emergency:{report.id}", answers=message)
        match decision.action:
            case "put_aside":
                _step(connection, report, State.DIARSIPKAN, u, facts)
                return
            case "triage":
                _step(connection, report, State.MENUNGGU_VERIFIKASI, u, {**facts, "waiting_for": None, "choices": []})
                words = wording.acknowledged_for_triage(at) if first else wording.added(at)
            case "ask_place" | "ask_which":
                question: dict[str, object] = {
                    "waiting_for": "place",
                    "choices": list(decision.choices),
                    "times_asked": report.times_asked + 1,
                }
                _step(connection, report, State.TERTUNDA, u, {**facts, **question})
                words = _question(at, decision)
            case "hand_over":
                words = _hand_over(rt, connection, message, report, u, facts)
        say(connection, report, words, kind=decision.action, cause=f"{decision.action}:{message.id}", answers=message)


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


def _question(at: Occasion, decision: Decision) -> Wording:
    if decision.action == "ask_place":
        return wording.ask_place(at)
    return wording.ask_which(at, places=[regencies()[code].short for code in decision.choices])


def _hand_over(
    rt: Runtime,
    connection: Connection,
    message: StoredMessage,
    report: Report,
    u: Understanding,
    facts: dict[str, object],
) -> Wording:
    """To the desk of the regency: into its inbox here, and a promise to tell its own system where it has one."""
    code = str(u.decision.regency)
    there = u.location.regency == code
    place: dict[str, object] = {
        "regency": code,
        "district": u.location.district if there else None,
        "village": u.location.village if there else None,
        "handed_over_at": rt.clock(),
        "waiting_for": None,
        "choices": [],
    }
    _step(connection, report, State.TERDISPOSISI, u, {**facts, **place})
    handovers.promise_handover(connection, report_id=report.id, regency=code, cause=f"hand_over:{message.id}")
    name = regencies()[code].short
    at = occasion(rt, report)
    first = report.id == message.id
    return wording.acknowledged(at, regency=name) if first else wording.forwarded(at, regency=name)


def _hear_place(rt: Runtime, claim: Claim, message: StoredMessage, report: Report) -> None:
    """An answer to "where?": a number of our list, a name, or more of the story."""
    with rt.engine.begin() as connection:
        opening = messages.read(connection, report.id)
    picked = chosen(message.text, report.choices)
    together = replace(message, subject=opening.subject, regency=opening.regency)
    understood = understand(together, report, before=opening.text)
    if picked is not None:
        decision = Decision("hand_over", "dipilih_pelapor", regency=picked)
        understood = replace(understood, decision=decision)
    else:
        alone = locate(message.text, hints=Hints(regencies=tuple((code, OWN_LINE) for code in report.choices)))
        if alone.decision == "decided" and alone.regency:
            # The answer to our question is the clearest word there is, clearer than the text we did not understand.
            decision = Decision("hand_over", "dijawab_pelapor", regency=alone.regency)
            understood = Understanding(alone, understood.classification, decision)
    if understood.decision.action == "put_aside":
        understood = replace(understood, decision=Decision("triage", "jawaban_tidak_terbaca"))
    _write(rt, claim, message, report, understood)


def _add(rt: Runtime, claim: Claim, message: StoredMessage, report: Report) -> None:
    """More words to a report that is with somebody, or was finished."""
    thanks = classify(message.text).type == "terima_kasih"
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        messages.mark_processed(connection, message.id)
        current = reports.read(connection, report.id)
        to: State | None = None
        if current.state is State.DITINDAKLANJUTI:
            to = State.DITANGGAPI_PELAPOR
        elif current.state is State.SELESAI and not thanks:
            to = State.DIBUKA_KEMBALI
        if to is None:
            reports.record(connection, report.id, actor="citizen", action="added", detail={"message_id": message.id})
        else:
            try:
                reports.step(
                    connection, report.id, to, actor="citizen", action="added", detail={"message_id": message.id}
                )
            except StepNotAllowed:  # an officer was quicker: the words are kept all the same
                reports.record(
                    connection, report.id, actor="citizen", action="added", detail={"message_id": message.id}
                )
        if not thanks and current.state in AT_THE_DESK | AT_REST | FOR_TRIAGE:
            say(
                connection, report, wording.added(occasion(rt, report)), kind="added", cause=f"added:{message.id}",
                answers=message,
            )  # fmt: skip


def _answer_command(rt: Runtime, claim: Claim, message: StoredMessage) -> None:
    """CEK: where a report is; for its own sender only, and in the same words whether it exists or not."""
    reading = converse.read(_as_said(message))
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        messages.mark_processed(connection, message.id)
        report = None if reading.subject_id is None else reports.find(connection, reading.subject_id)
        mine = report is not None and report.sender == message.sender and report.channel == message.channel
        if report is not None and mine:
            place = "" if report.regency is None else regencies()[report.regency].short
            words = wording.status(occasion(rt, report), state=STATE_WORDS[report.state], place=place)
        else:
            words = wording.unknown_reference(Occasion(medium_of(rt, message.channel), ""))
        if message.answerable and message.sender:
            replies.promise_reply(
                connection,
                cause=f"status:{message.id}",
                kind="status",
                report_id=report.id if report is not None and mine else None,
                channel=message.channel,
                recipient=message.sender,
                sender=message.recipient,
                text_=words.text,
                subject=words.subject,
                in_reply_to=message.external_id,
                reference_ids=[*message.reference_ids, message.external_id],
            )


def _as_said(message: StoredMessage) -> InboundMessage:
    return InboundMessage(message.external_id, message.sender, message.recipient, message.text, message.subject)
