"""One report given to a regency's own system, where it has one, and told what happens to it afterwards.

Its page on ``/meja`` shows the report in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from channels import registry
from channels.channel import Misconfigured, SendFailed
from channels.desks import email
from channels.desks.desk import Desk, DeskReceipt, HandOver, Happening
from intake import identity, logs, traces
from intake.domain.report import State
from intake.runtime import Runtime
from intake.storage import handovers, outbox, regencies, reports
from intake.storage.handovers import Handover
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.understand.classify import taxonomy
from intake.understand.locate import regencies as gazetteer

log = logs.get("hand_over")


def hand_over(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to hand a report over, or to tell what happened to it (``claim.subject_id``: a handover).

    Raises ClaimLost. The receiver may see the same id twice (a crash between its yes and our commit), never two ids for
    one report, and never an event of a report it was not given.
    """
    began = traces.now()
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, rt.settings.hold)
        handover = handovers.read(connection, claim.subject_id)
        kind, config = regencies.desk_of(connection, handover.regency)
        report = reports.read(connection, handover.report_id)
        if handover.state != "promised":
            outbox.fulfil(connection, claim)
            return
        if handover.event == "handed_over":
            say = _hand_over(rt, connection, claim, handover, report, told=_is_told(report, config))
        else:
            say = _tell(rt, connection, claim, handover, report, told=_is_told(report, config))
        if say is None:
            return
        if kind == "inbox":
            outbox.fulfil(connection, claim)
            handovers.settle(connection, handover.id, given=True)
            rt.traces.note("hand_over", report.id, began, subject_id=handover.id)
            return
    try:
        settings = {k: str(v) for k, v in config.items()}
        if kind == email.KIND:
            settings = email.for_unit(settings, report.unit or "")
        receipt = say(registry.open_desk(kind, settings, rt.settings.environ))
    except (SendFailed, Misconfigured) as failure:
        _settle_failure(rt, claim, handover, failure)
        rt.traces.note("hand_over", report.id, began, subject_id=handover.id, outcome="failed")
        return
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        handovers.settle(connection, handover.id, given=True, external_id=receipt.external_id)
    rt.traces.note("hand_over", report.id, began, subject_id=handover.id)
    log.info("handed_over", handover_id=handover.id, report_id=report.id, kind=kind, what=handover.event)


def _is_told(report: Report, config: Mapping[str, object]) -> bool:
    """Whether what was written leaves the house: who reads a regency's system we do not know, so secret texts stay here
    unless the regency was set up to guard them (``secret_texts=yes``).
    """
    return not report.secret or config.get("secret_texts") == "yes"


def _hand_over(
    rt: Runtime, connection: Connection, claim: Claim, handover: Handover, report: Report, *, told: bool
) -> Callable[[Desk], DeskReceipt] | None:
    """The report itself; None when it is not theirs any more."""
    if report.regency != handover.regency or report.state is State.DIARSIPKAN:
        outbox.fulfil(connection, claim)
        error = "not theirs any more: sent elsewhere or withdrawn"
        handovers.settle(connection, handover.id, given=False, error=error)
        return None
    subject, said = identity.for_others(connection, report) if told else ("", "")
    topic = taxonomy().topics.get(report.topic or "")
    value = HandOver(
        id=f"{report.reference}-{handover.id}",
        reference=report.reference,
        regency=handover.regency,
        regency_name=gazetteer()[handover.regency].name,
        received_at=report.opened_at,
        channel=report.channel,
        type=report.type or "",
        topic=report.topic or "",
        topic_name=topic.name_id if topic else "",
        urgency=report.urgency or "",
        subject=subject,
        text=said,
        location=", ".join(part for part in (report.village, report.district, handover.regency) if part),
        unit=report.unit or "",
        secret=report.secret,
        link=f"{rt.settings.public_url}/meja/{report.reference}",
    )
    return lambda desk: desk.hand_over(value)


def _tell(
    rt: Runtime, connection: Connection, claim: Claim, handover: Handover, report: Report, *, told: bool
) -> Callable[[Desk], DeskReceipt] | None:
    """What happened; None when the report itself never arrived there, or is still on its way."""
    first = handovers.first_of(connection, handover)
    if first is not None and first.state == "promised":
        outbox.postpone(connection, claim, error="waits for the report itself")
        return None
    if first is None or first.state == "failed":
        outbox.fulfil(connection, claim)
        handovers.settle(connection, handover.id, given=False, error="the report itself never arrived there")
        return None
    said = handover.detail.get("message_id")
    value = Happening(
        id=f"{report.reference}-{handover.id}",
        event=handover.event,
        reference=report.reference,
        regency=handover.regency,
        regency_name=gazetteer()[handover.regency].name,
        their_id=first.external_id or "",
        happened_at=handover.created_at,
        text=identity.for_others(connection, report, int(said))[1]
        if told and said and handover.event in {"added", "reopened"}
        else "",
        score=handover.detail.get("score"),
        secret=report.secret,
        link=f"{rt.settings.public_url}/meja/{report.reference}",
    )
    return lambda desk: desk.tell(value)


def _settle_failure(rt: Runtime, claim: Claim, handover: Handover, failure: SendFailed | Misconfigured) -> None:
    lasting = isinstance(failure, SendFailed) and not failure.retryable
    reason = failure.reason if isinstance(failure, SendFailed) else "the desk is not configured rightly"
    wait = outbox.no_sooner(claim, failure.retry_after if isinstance(failure, SendFailed) else None)
    log.warning("not_handed_over", handover_id=handover.id, lasting=lasting)
    with rt.engine.begin() as connection:
        if not lasting:
            outbox.postpone(connection, claim, wait=wait, error=reason, max_attempts=rt.settings.max_attempts)
            return
        outbox.fulfil(connection, claim)
        handovers.settle(connection, handover.id, given=False, error=reason)
        reports.record(
            connection, handover.report_id, actor="system", action="hand_over_failed", reason=reason,
            detail={"handover_id": handover.id, "event": handover.event},
        )  # fmt: skip
