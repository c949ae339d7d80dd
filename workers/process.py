"""One message read, understood and decided: its report steps on, and its next promises are made.

Read a snapshot; think with no transaction open; then one transaction writes everything, the kept promise included.
Running twice does no harm: the second finds the message processed, or its claim lost. When something else happened to
the report in between, nothing is written and the message is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from intake import converse, logs, reopening, traces, wording
from intake.active_model import classify_here
from intake.domain.report import AT_REST, AT_THE_DESK, FOR_TRIAGE, State, StepNotAllowed
from intake.limits import LIMITS
from intake.runtime import Runtime
from intake.saying import medium_of, occasion, say_unasked, voice_for
from intake.storage import messages, outbox, people, reports, threads
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.understand.relate import Before, Heard, Relation, continued, is_another_report, leaves_the_question, relate
from workers import answers, commands
from workers.decisions import Overtaken, carry_out, keep_decision, mend, question_of, settle
from workers.understanding import Understanding, as_said, understand

log = logs.get("process")

_LOOK_AGAIN = timedelta(milliseconds=300)
_OVERTAKEN_AT_MOST = timedelta(hours=1)
#: Where a report that nobody has read yet may be; everywhere else somebody was quicker.
_OURS_TO_DECIDE = frozenset({State.DITERIMA, State.MENUNGGU_VERIFIKASI, State.TERTUNDA})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was known when we began to think. ``said``: all messages of the report, this one included; ``joinable``:
    the message may still be given to another report (``threads.join``).
    """

    message: StoredMessage
    report: Report
    said: list[StoredMessage]
    before: list[Before]
    may_ask: Callable[[], bool]
    has_files: bool
    joinable: bool = True


def process(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to read a message (``claim.subject_id``). Raises ClaimLost."""
    began = traces.now()
    with rt.engine.begin() as connection:
        message = messages.read(connection, claim.subject_id)
        unread = message.processed_at is None and message.report_id is not None
        snap = look(rt, connection, message) if unread else None
    if message.processed_at is not None or (message.report_id is None and message.automatic):
        with rt.engine.begin() as connection:
            settle(connection, claim, message)
        return
    try:
        if snap is None:
            commands.obey(rt, claim, message)
        elif not _lies_for_a_moment(rt, claim, snap):
            _read(rt, claim, snap)
    except (Overtaken, StepNotAllowed):
        _look_again(rt, claim, message)
        return
    rt.traces.note("process", message.report_id or message.id, began, subject_id=message.id, channel=message.channel)
    log.info("message_processed", message_id=message.id, report_id=message.report_id)


def _look_again(rt: Runtime, claim: Claim, message: StoredMessage) -> None:
    """Something else happened to the report: nothing failed, so no attempt is counted. Raises ClaimLost.

    But not for ever: who is overtaken time and again for an hour has met a fault of ours, and that is to be parked.
    """
    with rt.engine.begin() as connection:
        if threads.now(connection) - message.received_at < _OVERTAKEN_AT_MOST:
            outbox.put_back(connection, claim, wait=_LOOK_AGAIN, why="overtaken")
        else:
            outbox.postpone(
                connection, claim, wait=_LOOK_AGAIN, error="overtaken", max_attempts=rt.settings.max_attempts
            )


def look(rt: Runtime, connection: Connection, message: StoredMessage) -> Snapshot:
    """Everything needed to understand a message that belongs to a report."""
    report = reports.read(connection, message.report_id or 0)

    def may_ask() -> bool:
        with rt.engine.begin() as now:
            silent = people.state_of(now, report.channel, report.sender).silence is not None
            return not silent and voice_for(now, report.channel, report.sender) in {"free", "busy"}

    return Snapshot(
        message,
        report,
        messages.of_report(connection, report.id),
        threads.before(connection, message),
        may_ask,
        has_files=not message.text.strip() and threads.has_files(connection, report.id),
        joinable=threads.may_join(connection, message),
    )


def _lies_for_a_moment(rt: Runtime, claim: Claim, snap: Snapshot) -> bool:
    """Put off a message that may go on in a next one: a question less, or a wrong desk less."""
    if not waits_for_more(rt, snap):
        return False
    with rt.engine.begin() as connection:
        age = threads.now(connection) - snap.message.received_at
        if age >= LIMITS.part_wait:
            return False
        outbox.postpone(connection, claim, wait=LIMITS.part_wait - age)
    return True


def waits_for_more(rt: Runtime, snap: Snapshot) -> bool:
    """Whether a message may go on in a next one, so that it is worth waiting ``LIMITS.part_wait`` after it came.

    Not one that is itself the rest of an earlier one, or whose rest is here.
    """
    message = snap.message
    if medium_of(rt, message.channel) != "sms":
        return False
    if not (message.extra.get("incomplete") or converse.fills_one_sms(message.text)):
        return False
    if snap.said[-1].id != message.id and not converse.fills_one_sms(snap.said[-1].text):
        return False
    return continued(heard(message), snap.before, full=_full(rt, snap), gap=LIMITS.part_gap) is None


def _read(rt: Runtime, claim: Claim, snap: Snapshot) -> None:
    report, message = snap.report, snap.message
    if report.id == message.id and report.state not in _OURS_TO_DECIDE:
        _keep_reading(rt, claim, snap)
        return
    asked = report.waiting_for if report.state is State.TERTUNDA else None
    if report.id != message.id and asked != "place":
        if asked == "officer" and _leaves_the_question(rt, snap):
            _split(rt, claim, snap)
        else:
            _add(rt, claim, message, report)
        return
    own = understand(
        snap.said if report.id == message.id else [message],
        report, medium=medium_of(rt, message.channel), before=snap.before, may_ask=snap.may_ask,
        has_files=snap.has_files,
    )  # fmt: skip
    named = _is_named(rt, message, report)
    # What others were added to meanwhile (further parts, a word of its writer) goes into no earlier report any more.
    new = named or not snap.joinable
    relation = Relation("new") if new else relate_to_earlier(rt, snap, own)
    if report.id == message.id or (
        relation.kind in {"part", "resend", "rating", "follow_up"} and relation.to is not None
    ):
        _follow(rt, claim, snap, own, relation)
    else:
        opening = next((m.text for m in snap.said if m.id == report.id), "")
        if not named and is_another_report(message.text, opening, own.classification, own.location):
            _split(rt, claim, snap)
        else:
            answers.hear(rt, claim, message, report, before=snap.before, named=named, may_ask=snap.may_ask)


def _keep_reading(rt: Runtime, claim: Claim, snap: Snapshot) -> None:
    """Its writer withdrew the report, or an officer took it on, before we had read it: what we understand is kept
    beside it, and nothing else follows.
    """
    own = understand(snap.said, snap.report, medium=medium_of(rt, snap.message.channel), may_ask=lambda: False)
    with rt.engine.begin() as connection:
        settle(connection, claim, snap.message)
        keep_decision(connection, snap.message, snap.report, own)


def _leaves_the_question(rt: Runtime, snap: Snapshot) -> bool:
    """Whether a message that was taken for the answer to an officer's question is a report of its own."""
    message, report = snap.message, snap.report
    if _is_named(rt, message, report):
        return False
    own = understand(
        [message], report, medium=medium_of(rt, message.channel), before=snap.before, may_ask=lambda: False
    )
    opening = next((m.text for m in snap.said if m.id == report.id), "")
    return leaves_the_question(message.text, opening, own.classification, own.location, regency=report.regency)


def _is_named(rt: Runtime, message: StoredMessage, report: Report) -> bool:
    """Whether the citizen said which report they mean: by its number, by answering our letter, on its own page."""
    if report.id == message.id:
        return False
    mentioned = converse.read(as_said(message)).mentioned
    return report.id in mentioned or bool(message.reference_ids) or medium_of(rt, message.channel) == "web"


def heard(message: StoredMessage) -> Heard:
    """A message as ``relate`` takes it."""
    return Heard(message.id, message.text, message.recipient, message.received_at, message.extra)


def _full(rt: Runtime, snap: Snapshot) -> frozenset[int]:
    """Which of the sender's latest messages filled their SMS, so that this one may be the rest of it."""
    if medium_of(rt, snap.message.channel) != "sms":
        return frozenset()
    return frozenset(b.last_id for b in snap.before if converse.fills_one_sms(b.last_text))


def relate_to_earlier(rt: Runtime, snap: Snapshot, own: Understanding) -> Relation:
    """What a message has to do with what its sender said before."""
    sms = medium_of(rt, snap.message.channel) == "sms"
    return relate(
        heard(snap.message),
        snap.before,
        classification=own.classification,
        location=own.location,
        full=_full(rt, snap),
        gap=LIMITS.part_gap if sms else timedelta(seconds=-1),
    )


def _follow(rt: Runtime, claim: Claim, snap: Snapshot, own: Understanding, relation: Relation) -> None:
    """Do what the relation to earlier messages asks for; a new report is written."""
    to = relation.to
    if to is None:
        with rt.engine.begin() as connection:
            settle(connection, claim, snap.message)
            carry_out(rt, connection, snap.message, snap.report, own, opens=True)
            if threads.count_messages(connection, snap.report.id) > len(snap.said):
                raise Overtaken  # a further part came while we thought: read it all again
        return
    match relation.kind:
        case "part" | "correction":
            _take_in(rt, claim, snap, to, why=relation.kind)
        case "resend":
            _join_resend(rt, claim, snap.message, to)
        case "follow_up" if to.waits_for_place:
            _join_resend(rt, claim, snap.message, to)
        case "rating":
            commands.keep_bare_rating(rt, claim, snap.message, to)
        case "late_answer":
            answers.hear_late(rt, claim, snap.message, to, may_ask=snap.may_ask)
        case _:
            with rt.engine.begin() as connection:
                report = reports.read(connection, to.report_id)
            _add(rt, claim, snap.message, report, silently=relation.kind == "courtesy")


def _take_in(rt: Runtime, claim: Claim, snap: Snapshot, to: Before, *, why: str) -> None:
    """A further part, or a correction, of a report: the whole story is read again."""
    message = snap.message
    with rt.engine.begin() as connection:
        report = reports.read(connection, to.report_id)
        said = messages.of_report(connection, report.id)
    if all(m.id != message.id for m in said):
        said.append(message)
    whole = understand(
        said, report, medium=medium_of(rt, report.channel),
        before=[b for b in snap.before if b.report_id != report.id], may_ask=lambda: False,
    )  # fmt: skip
    if why == "correction":
        whole = answers.trust_correction(whole, message)
    with rt.engine.begin() as connection:
        if threads.lock(connection, report.id) is not report.state:
            raise Overtaken
        settle(connection, claim, message)
        if not threads.join(connection, message, report.id):
            raise Overtaken
        reports.record(
            connection, report.id, actor="citizen", action="added", detail={"message_id": message.id, "as": why}
        )
        if report.state is State.DITERIMA:  # its opening waits for us: now it can be read
            if not converse.fills_one_sms(message.text):
                outbox.promise(connection, outbox.Job.PROCESS, report.id)
            return
        told = False
        if report.state is State.DIARSIPKAN and whole.decision.action != "put_aside":
            # What looked like nothing was the beginning of something; nobody has answered it yet.
            report = reports.step(
                connection, report.id, State.MENUNGGU_VERIFIKASI, actor="system", action="restored", reason=why,
                only_from=[State.DIARSIPKAN],
            )  # fmt: skip
            told = mend(rt, connection, message, report, whole, why=why)
            if not told:
                words = wording.acknowledged_for_triage(occasion(rt, report))
                say_unasked(rt, connection, report, words, kind="triage", cause=f"triage:{message.id}", answers=message)
            return
        if report.state in {State.TERDISPOSISI, State.MENUNGGU_VERIFIKASI, State.TERTUNDA}:
            told = mend(rt, connection, message, report, whole, why=why)
        if why == "correction" and not told:
            say_unasked(
                rt, connection, report, wording.added(occasion(rt, report)), kind="added", cause=f"added:{message.id}",
                answers=message,
            )  # fmt: skip


def _join_resend(rt: Runtime, claim: Claim, message: StoredMessage, to: Before) -> None:
    """The same again: it joins the first report. The citizen is told once; if we wait for the place, asked again."""
    with rt.engine.begin() as connection:
        state = threads.lock(connection, to.report_id)
        report = reports.read(connection, to.report_id)
        settle(connection, claim, message)
        if not threads.join(connection, message, report.id):
            raise Overtaken
        reports.record(connection, report.id, actor="citizen", action="resent", detail={"message_id": message.id})
        if state in {State.DITERIMA, State.DIARSIPKAN}:
            return  # the first is not answered yet; what was put aside stays so
        at = occasion(rt, report)
        words = wording.resent(at)
        if state is State.TERTUNDA and report.waiting_for == "place":
            words = question_of(at, answers.question_again(report))
        say_unasked(rt, connection, report, words, kind="resend", cause=f"resend:{report.id}", answers=message)


def _split(rt: Runtime, claim: Claim, snap: Snapshot) -> None:
    """What came while we waited for a place is a report of its own."""
    message = snap.message
    with rt.engine.begin() as connection:
        messages.split_off(connection, message)
        fresh = messages.read(connection, message.id)
        report = reports.read(connection, message.id)
    own = understand([fresh], report, medium=medium_of(rt, message.channel), before=snap.before, may_ask=snap.may_ask)
    with rt.engine.begin() as connection:
        settle(connection, claim, fresh)
        carry_out(rt, connection, fresh, report, own, opens=True)


def _add(rt: Runtime, claim: Claim, message: StoredMessage, report: Report, *, silently: bool = False) -> None:
    """More words to a report that is with somebody, or was finished."""
    thanks = silently or classify_here(message.text).type == "terima_kasih"
    with rt.engine.begin() as connection:
        settle(connection, claim, message)
        if message.report_id != report.id and not threads.join(connection, message, report.id):
            raise Overtaken
        current = reports.read(connection, report.id)
        detail = {"message_id": message.id}
        to: State | None = None
        if not thanks and reopening.is_over(connection, current, rt.clock()):
            reports.record(connection, report.id, actor="citizen", action="added", detail=detail)
            reopening.say_it_is_over(rt, connection, current, message)
            return
        if current.state is State.DITINDAKLANJUTI and not silently:
            to = State.DITANGGAPI_PELAPOR
        elif current.state is State.SELESAI and not thanks:
            to = State.DIBUKA_KEMBALI
        if to is None:
            reports.record(connection, report.id, actor="citizen", action="added", detail=detail)
        else:
            reports.step(connection, report.id, to, actor="citizen", action="added", detail=detail)
        if not thanks and current.state in AT_THE_DESK | AT_REST | FOR_TRIAGE:
            say_unasked(
                rt, connection, report, wording.added(occasion(rt, report)), kind="added", cause=f"added:{message.id}",
                answers=message,
            )  # fmt: skip
