"""Answers to our question "where?": to which question they belong, and what they say.

An answer that names no report belongs to the question asked last, unless it fits only an earlier one; when two questions
of nearly the same moment both have the number that came, we ask which report is meant, once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from intake import wording
from intake.domain.decision import Decision
from intake.domain.reference import reference_of, report_id_of
from intake.domain.report import State
from intake.runtime import Runtime
from intake.saying import medium_of, occasion, say_unasked
from intake.storage import messages, reports, threads
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.understand.answer import answer_number, chosen, refuses_all
from intake.understand.locate import OWN_LINE, Hints, locate
from intake.understand.relate import Before
from intake.understand.sms import is_courtesy
from workers.decisions import Overtaken, carry_out, decided_by_citizen, keep_decision, settle
from workers.understanding import MOST_QUESTIONS, Understanding, understand

#: Two questions this close together reach a phone in any order: which one a bare number answers, nobody can know.
_AT_ONCE: Final = timedelta(minutes=10)


def question_again(report: Report) -> Decision:
    """The question that waits, as a decision to word it by."""
    return Decision("ask_which" if report.choices else "ask_place", "ditanya_ulang", choices=tuple(report.choices))


def hear(
    rt: Runtime,
    claim: Claim,
    message: StoredMessage,
    report: Report,
    *,
    before: Sequence[Before],
    named: bool,
    may_ask: Callable[[], bool],
) -> None:
    """Take a message as the answer to a question for the place. ``report`` is the one it was kept with; another one of
    the sender's may be meant. Raises ClaimLost, Overtaken.
    """
    waiting = [b for b in before if b.waits_for_place and b.recipient == message.recipient]
    if not named and len(waiting) > 1:
        meant = _pick(rt, message, waiting)
        if meant is None:
            _ask_which_report(rt, claim, message, waiting)
            return
        if meant.report_id != report.id:
            with rt.engine.begin() as connection:
                report = reports.read(connection, meant.report_id)
    hear_place(rt, claim, message, report, before=before, may_ask=may_ask)


def _pick(rt: Runtime, message: StoredMessage, waiting: Sequence[Before]) -> Before | None:
    """The report whose question this answers; None when nobody can know."""
    by_question = sorted(waiting, key=lambda b: b.asked_at or b.opened_at, reverse=True)
    last = by_question[0]
    number = answer_number(message.text)
    if number is None:
        fitting = [b for b in by_question if chosen(message.text, b.choices) is not None]
        return fitting[0] if fitting else last
    fitting = [b for b in by_question if number <= len(b.choices)]
    if len(fitting) < 2:
        return fitting[0] if fitting else last
    first, second = (b.asked_at or b.opened_at for b in fitting[:2])
    if first - second > _AT_ONCE:
        return fitting[0]
    with rt.engine.begin() as connection:
        asked = threads.asked_which_report(connection, message.channel, message.sender, since=second)
    return fitting[0] if asked else None


def _ask_which_report(rt: Runtime, claim: Claim, message: StoredMessage, waiting: Sequence[Before]) -> None:
    newest, other = sorted(waiting, key=lambda b: b.asked_at or b.opened_at, reverse=True)[:2]
    with rt.engine.begin() as connection:
        settle(connection, claim, message)
        report = reports.read(connection, newest.report_id)
        words = wording.which_report(
            occasion(rt, report), other=reference_of(other.report_id), answer=str(answer_number(message.text))
        )
        say_unasked(
            rt, connection, report, words, kind="which_report", cause=f"which_report:{message.id}", answers=message
        )


def hear_place(
    rt: Runtime,
    claim: Claim,
    message: StoredMessage,
    report: Report,
    *,
    before: Sequence[Before] = (),
    may_ask: Callable[[], bool] = lambda: True,
    text: str | None = None,
) -> None:
    """An answer to "where?" for this report: a number of our list, a name, "none of these", or more of the story.

    ``text`` is the answer where it is not all of the message ("7K3-QX4M 2"). Raises ClaimLost, Overtaken.
    """
    answer = _without_references(message.text) if text is None else text
    if is_courtesy(answer) and report.state is State.TERTUNDA:
        with rt.engine.begin() as connection:
            settle(connection, claim, message)
            _join(connection, message, report)
            reports.record(connection, report.id, actor="citizen", action="added", detail={"message_id": message.id})
        return
    with rt.engine.begin() as connection:
        said = messages.of_report(connection, report.id)
    if all(m.id != message.id for m in said):
        said.append(message)
    understood = understand(
        said, report, medium=medium_of(rt, report.channel),
        before=[b for b in before if b.report_id != report.id], may_ask=may_ask,
    )  # fmt: skip
    understood = _trust_answer(understood, answer, report)
    with rt.engine.begin() as connection:
        if threads.lock(connection, report.id) is not report.state:
            raise Overtaken
        settle(connection, claim, message)
        _join(connection, message, report)
        if report.state is State.TERTUNDA or understood.decision.action in {"hand_over", "ask_which"}:
            carry_out(rt, connection, message, report, understood, opens=False)
            return
        # A person has it already: what was said is theirs to read.
        keep_decision(connection, message, report, understood)
        reports.record(connection, report.id, actor="citizen", action="added", detail={"message_id": message.id})
        say_unasked(
            rt, connection, report, wording.added(occasion(rt, report)), kind="added", cause=f"added:{message.id}",
            answers=message,
        )  # fmt: skip


def hear_late(rt: Runtime, claim: Claim, message: StoredMessage, to: Before, *, may_ask: Callable[[], bool]) -> None:
    """The answer to a question that we had given up: a person has the report, and is spared the work."""
    with rt.engine.begin() as connection:
        report = reports.read(connection, to.report_id)
    hear_place(rt, claim, message, report, may_ask=may_ask)


def _join(connection: Connection, message: StoredMessage, report: Report) -> None:
    if message.report_id != report.id and not threads.join(connection, message, report.id):
        raise Overtaken


def _trust_answer(understood: Understanding, answer: str, report: Report) -> Understanding:
    """The answer to our question is the clearest word there is, clearer than the text we did not understand."""
    picked = chosen(answer, report.choices)
    if picked is not None:
        return decided_by_citizen(understood, picked, "dipilih_pelapor")
    if refuses_all(answer) and report.choices:
        again = Decision("ask_place", "bukan_pilihan")
        asked_enough = report.times_asked >= MOST_QUESTIONS
        return replace(understood, decision=Decision("triage", "bukan_pilihan") if asked_enough else again)
    alone = locate(answer, hints=Hints(regencies=tuple((code, OWN_LINE) for code in report.choices)))
    if alone.decision == "decided" and alone.regency:
        understood = decided_by_citizen(understood, alone.regency, "dijawab_pelapor")
        return replace(understood, location=alone)
    if understood.decision.action == "put_aside":
        return replace(understood, decision=Decision("triage", "jawaban_tidak_terbaca"))
    return understood


def trust_correction(whole: Understanding, message: StoredMessage) -> Understanding:
    """Where a correction alone says clearly where it is, that holds against what was said before."""
    alone = locate(message.text)
    if alone.decision == "decided" and alone.regency:
        return replace(decided_by_citizen(whole, alone.regency, "diralat_pelapor"), location=alone)
    return whole


def _without_references(text: str) -> str:
    """An answer without the number of its report."""
    words = [word for word in text.split() if report_id_of(word.strip(".,:;()#")) is None]
    return " ".join(words)
