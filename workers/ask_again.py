"""Silence after our question: a reminder, and then a person looks. Nothing waits for ever."""

from __future__ import annotations

from intake import logs, wording
from intake.domain.report import State
from intake.limits import LIMITS
from intake.runtime import Runtime
from intake.saying import occasion, say_unasked
from intake.storage import messages, outbox, reports, threads
from intake.storage.outbox import Claim

log = logs.get("ask_again")


def ask_again(rt: Runtime, claim: Claim) -> None:
    """Keep the alarm of a report (``claim.subject_id``) that waits for its place. Raises ClaimLost.

    Rings too early when a second question was asked in between: then it is set again.
    """
    with rt.engine.begin() as connection:
        state = threads.lock(connection, claim.subject_id)
        report = reports.read(connection, claim.subject_id)
        asked = threads.last_question_at(connection, report.id)
        if state is not State.TERTUNDA or report.waiting_for != "place":
            outbox.fulfil(connection, claim)
            return
        now = threads.now(connection)
        asked = report.opened_at if asked is None else asked
        reminded = threads.reminded_at(connection, report.id, since=asked)
        if reminded is None and now - asked < LIMITS.remind_after:
            outbox.postpone(connection, claim, wait=LIMITS.remind_after - (now - asked))
        elif reminded is None:
            conversation = messages.of_report(connection, report.id)
            reports.record(connection, report.id, actor="system", action="reminded")
            say_unasked(
                rt, connection, report, wording.remind_place(occasion(rt, report)), kind="reminder",
                cause=f"reminder:{report.id}:{report.times_asked}", answers=conversation[-1] if conversation else None,
            )  # fmt: skip
            outbox.postpone(connection, claim, wait=LIMITS.give_up_after)
        elif now - reminded < LIMITS.give_up_after:
            outbox.postpone(connection, claim, wait=LIMITS.give_up_after - (now - reminded))
        else:
            outbox.fulfil(connection, claim)
            reports.step(
                connection, report.id, State.MENUNGGU_VERIFIKASI, actor="system", action="gave_up_asking",
                reason="tidak_dijawab", values={"waiting_for": None, "choices": []}, only_from=[State.TERTUNDA],
            )  # fmt: skip
            log.info("gave_up_asking", report_id=report.id)
