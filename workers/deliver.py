"""One reply sent to one citizen.

The one gap nobody can close is between "the provider took it" and "we committed that". So the intention is committed
first, then the provider is called, then the outcome is committed. A reply that is found half way (its worker died, or
the provider did not answer in time) is *uncertain*: it may have left. The provider is asked where it can be; its
delivery report settles it (our id travels with the message); and only when nothing is heard is it sent once more.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from channels.channel import Channel, FindsSent, SendFailed
from channels.messages import OutboundMessage, ProviderReceipt
from intake import logs
from intake.links import tracking_link
from intake.runtime import Runtime
from intake.storage import outbox, people, replies, reports
from intake.storage.outbox import Claim
from intake.storage.replies import Reply

log = logs.get("deliver")

#: A message is sent at most so often when it is uncertain whether it left: a second copy costs the citizen's trust.
MOST_SENDS = 2
#: A provider's list may not show at once what it took.
ASK_AFTER = timedelta(seconds=5)


def deliver(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to send a reply (``claim.subject_id``). Raises ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, rt.settings.hold)
        reply = replies.read(connection, claim.subject_id)
        channel = rt.channels.get(reply.channel)
        if reply.state not in {"promised", "sending"}:
            outbox.fulfil(connection, claim)  # a delivery report was quicker, or it failed for good
            return
        if channel is None:
            outbox.postpone(
                connection,
                claim,
                error=f"channel {reply.channel} is not configured",
                max_attempts=rt.settings.max_attempts,
            )
            return
        if reply.state == "promised" and (silence := _silence_of(connection, reply)):
            outbox.fulfil(connection, claim)
            _end_unsent(connection, reply, silence)
            return
        begun = reply.state == "promised" and replies.begin_sending(connection, reply.id)
    outbound = outbound_of(rt, reply)
    if not begun:
        _settle_uncertain(rt, claim, reply, channel, outbound)
        return
    _send(rt, claim, reply, channel, outbound)


def _silence_of(connection: Connection, reply: Reply) -> str | None:
    """Why this person is not answered, or None. The word that confirms a STOP still goes out."""
    silence = people.state_of(connection, reply.channel, reply.recipient).silence
    return None if silence == "opted_out" and reply.kind == "opted_out" else silence


def _end_unsent(connection: Connection, reply: Reply, silence: str) -> None:
    replies.settle_failed(connection, reply.id, error=silence, code=silence)
    if reply.report_id is not None:
        reports.record(
            connection, reply.report_id, actor="system", action="reply_failed", reason=silence,
            detail={"reply_id": reply.id},
        )  # fmt: skip


def outbound_of(rt: Runtime, reply: Reply) -> OutboundMessage:
    """The reply as the channel is given it."""
    link = token = ""
    if reply.report_id is not None:
        token = str(reply.report_id)
        with rt.engine.connect() as connection:
            link = tracking_link(rt.settings, reply.report_id, reports.read(connection, reply.report_id).reference)
    return OutboundMessage(
        id=str(reply.id),
        to=reply.recipient,
        sender=reply.sender,
        text=reply.text,
        subject=reply.subject,
        in_reply_to=reply.in_reply_to,
        references=tuple(reply.reference_ids),
        reply_token=token,
        link=link,
    )


def _send(rt: Runtime, claim: Claim, reply: Reply, channel: Channel, outbound: OutboundMessage) -> None:
    try:
        receipt = channel.send(outbound)
    except SendFailed as failure:
        _settle_failure(rt, claim, reply, failure)
        return
    except Exception:
        # Not one of the ways a channel may fail: it may have left. The fault is logged, the reply is uncertain.
        log.exception("sending_broke", reply_id=reply.id, channel=reply.channel)
        with rt.engine.begin() as connection:
            outbox.postpone(
                connection, claim, wait=ASK_AFTER, error="sending broke off", max_attempts=rt.settings.max_attempts
            )
        return
    _settle_taken(rt, claim, reply, channel, receipt)


def _settle_taken(rt: Runtime, claim: Claim, reply: Reply, channel: Channel, receipt: ProviderReceipt) -> None:
    with rt.engine.begin() as connection:
        outbox.fulfil(connection, claim)
        replies.settle_accepted(
            connection,
            reply.id,
            external_id=receipt.external_id,
            segments=receipt.segments,
            final=channel.medium == "web",
        )
    log.info("reply_taken", reply_id=reply.id, channel=reply.channel)


def _settle_failure(rt: Runtime, claim: Claim, reply: Reply, failure: SendFailed) -> None:
    log.warning("reply_not_taken", reply_id=reply.id, channel=reply.channel, kind=failure.kind, code=failure.code)
    with rt.engine.begin() as connection:
        if failure.uncertain:
            outbox.postpone(
                connection, claim, wait=ASK_AFTER, error=failure.reason, max_attempts=rt.settings.max_attempts
            )
        elif failure.retryable:
            replies.back_to_promised(connection, reply.id, error=failure.reason, code=failure.code)
            outbox.postpone(
                connection, claim, wait=failure.retry_after, error=failure.reason, max_attempts=rt.settings.max_attempts
            )
        else:
            outbox.fulfil(connection, claim)
            replies.settle_failed(connection, reply.id, error=failure.reason, code=failure.code)
            if failure.kind == "opted_out":
                people.mark_unreachable(connection, reply.channel, reply.recipient, reason=failure.code or "")
            if reply.report_id is not None:
                reports.record(
                    connection, reply.report_id, actor="system", action="reply_failed", reason=failure.kind,
                    detail={"reply_id": reply.id, "code": failure.code},
                )  # fmt: skip


def _settle_uncertain(rt: Runtime, claim: Claim, reply: Reply, channel: Channel, outbound: OutboundMessage) -> None:
    """It may have left. Ask; wait for a delivery report; then send once more; then give up and say so."""
    since = reply.sending_at or reply.created_at
    waited = rt.clock() - since
    if isinstance(channel, FindsSent):
        try:
            receipt = channel.find_sent(outbound, since=since - timedelta(minutes=1))
        except SendFailed as failure:
            with rt.engine.begin() as connection:
                outbox.postpone(
                    connection, claim, wait=failure.retry_after, error=failure.reason,
                    max_attempts=rt.settings.max_attempts,
                )  # fmt: skip
            return
        if receipt is not None:
            log.info("uncertain_reply_found", reply_id=reply.id)
            _settle_taken(rt, claim, reply, channel, receipt)
            return
        wait = ASK_AFTER
    else:
        wait = rt.settings.uncertain_wait
    with rt.engine.begin() as connection:
        if waited < wait:
            outbox.postpone(connection, claim, wait=wait - waited, error="uncertain whether it left")
            return
        if reply.sends >= MOST_SENDS:
            outbox.fulfil(connection, claim)
            replies.settle_failed(connection, reply.id, error="uncertain whether it left", code=None)
            return
        outbox.hold_longer(connection, claim, rt.settings.hold)
        replies.back_to_promised(connection, reply.id, error="uncertain whether it left", code=None)
        again = replies.begin_sending(connection, reply.id)
    log.warning("uncertain_reply_sent_again", reply_id=reply.id)
    if again:
        _send(rt, claim, reply, channel, outbound)
