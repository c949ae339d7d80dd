"""One report given to a regency's own system, where it has one. Its page on ``/meja`` shows the report in any case."""

from __future__ import annotations

from channels import registry
from channels.channel import Misconfigured, SendFailed
from channels.desks.desk import HandOver
from intake import logs
from intake.domain.report import State
from intake.runtime import Runtime
from intake.storage import handovers, messages, outbox, regencies, reports
from intake.storage.outbox import Claim
from intake.understand.classify import taxonomy
from intake.understand.locate import regencies as gazetteer

log = logs.get("hand_over")


def hand_over(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to hand a report over (``claim.subject_id``: a handover). Raises ClaimLost.

    The receiver may see the same id twice (a crash between its yes and our commit), never two ids for one report.
    """
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, rt.settings.hold)
        handover = handovers.read(connection, claim.subject_id)
        kind, config = regencies.desk_of(connection, handover.regency)
        report = reports.read(connection, handover.report_id)
        theirs = report.regency == handover.regency and report.state is not State.DIARSIPKAN
        if handover.state != "promised" or kind == "inbox" or not theirs:
            outbox.fulfil(connection, claim)
            if handover.state == "promised":
                error = "" if theirs else "not theirs any more: sent elsewhere or withdrawn"
                handovers.settle(connection, handover.id, given=theirs, error=error)
            return
        opening = messages.read(connection, report.id)
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
        subject=opening.subject,
        text=opening.text,
        location=", ".join(part for part in (report.village, report.district, handover.regency) if part),
        unit=report.unit or "",
        secret=report.secret,
        link=f"{rt.settings.public_url}/meja/{report.reference}",
    )
    try:
        receipt = registry.open_desk(kind, {k: str(v) for k, v in config.items()}, rt.settings.environ).hand_over(value)
    except (SendFailed, Misconfigured) as failure:
        _settle_failure(rt, claim, handover.id, report.id, failure)
        return
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        handovers.settle(connection, handover.id, given=True, external_id=receipt.external_id)
    log.info("handed_over", handover_id=handover.id, report_id=report.id, kind=kind)


def _settle_failure(
    rt: Runtime, claim: Claim, handover_id: int, report_id: int, failure: SendFailed | Misconfigured
) -> None:
    lasting = isinstance(failure, SendFailed) and not failure.retryable
    reason = failure.reason if isinstance(failure, SendFailed) else "the desk is not configured rightly"
    wait = outbox.no_sooner(claim, failure.retry_after if isinstance(failure, SendFailed) else None)
    log.warning("not_handed_over", handover_id=handover_id, lasting=lasting)
    with rt.engine.begin() as connection:
        if not lasting:
            outbox.postpone(connection, claim, wait=wait, error=reason, max_attempts=rt.settings.max_attempts)
            return
        outbox.fulfil(connection, claim)
        handovers.settle(connection, handover_id, given=False, error=reason)
        reports.record(
            connection, report_id, actor="system", action="hand_over_failed", reason=reason,
            detail={"handover_id": handover_id},
        )  # fmt: skip
