"""One reply sent to one citizen.

The one gap nobody can close is between "the provider took it" and "we committed that". So the intention is committed
first, then the provider is called, then the outcome is committed. A reply that is found half way (its worker died, or
the provider did not answer in time) is *uncertain*: it may have left. The provider is asked where it can be; its
delivery report settles it (our id travels with the message); and only when nothing is heard is it sent once more.
A provider that can be asked and has it not is given it again as often as that is so: nothing is uncertain then.

Where several gateways carry a number (``intake.gateways``), a clear no moves a reply to another at once. An uncertain one
stays where it is until its receipt would have come: before that the other gateway's copy could be the second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from channels.channel import Channel, FindsSent, SendFailed
from channels.messages import OutboundMessage, ProviderReceipt
from intake import gateways, logs, traces
from intake.domain.reference import reference_of
from intake.gateways import Way
from intake.links import tracking_link
from intake.runtime import Runtime
from intake.storage import outbox, people, replies, reports
from intake.storage.database import Unavailable
from intake.storage.outbox import Claim, ClaimLost
from intake.storage.people import PersonState
from intake.storage.replies import Reply

log = logs.get("deliver")

#: A message is sent at most so often when it is uncertain whether it left: a second copy costs the citizen's trust.
MOST_SENDS = 2
#: A provider's list may not show at once what it took.
ASK_AFTER = timedelta(seconds=5)
#: What a provider told us is written down also by a database that is away for a moment: without it the reply is
#: uncertain, and may be sent a second time.
_WRITE_AGAIN_AFTER_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


def deliver(rt: Runtime, claim: Claim) -> None:
    """Keep the promise to send a reply (``claim.subject_id``). Raises ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.hold_longer(connection, claim, rt.settings.hold)
        reply = replies.read(connection, claim.subject_id)
        if reply.state not in {"promised", "sending"}:
            outbox.fulfil(connection, claim)  # a delivery report was quicker, or it failed for good
            return
        if reply.state == "promised" and (silence := _silence_of(connection, reply)):
            outbox.fulfil(connection, claim)
            _end_unsent(connection, reply, silence, code=silence)
            return
        way = Way(reply.gateway or reply.channel)
        if reply.state == "promised":
            way = gateways.choose(rt, connection, reply)
        channel = rt.channels.get(way.gateway)
        if way.wait is not None:
            outbox.put_back(connection, claim, wait=way.wait, why=way.why)
            return
        if channel is None:
            outbox.postpone(
                connection,
                claim,
                error=f"channel {way.gateway} is not configured",
                max_attempts=rt.settings.max_attempts,
            )
            return
        outbound = outbound_of(rt, reply)
        begun = reply.state == "promised" and replies.begin_sending(connection, reply.id, gateway=way.gateway)
    if not begun:
        _settle_uncertain(rt, claim, reply, way, channel, outbound)
        return
    _send(rt, claim, reply, way, channel, outbound)


def _silence_of(connection: Connection, reply: Reply) -> str | None:
    """Why this person is not answered, or None. The word that confirms a STOP still goes out."""
    return silence_in(people.state_of(connection, reply.channel, reply.recipient), reply)


def silence_in(state: PersonState, reply: Reply) -> str | None:
    """The same, of a state that was read already."""
    return None if state.silence == "opted_out" and reply.kind == "opted_out" else state.silence


def _end_unsent(connection: Connection, reply: Reply, why: str, *, error: str = "", code: str | None = None) -> None:
    """It will not be sent (any more), and whoever reads the report's history can see that."""
    replies.settle_failed(connection, reply.id, error=error or why, code=code)
    if reply.report_id is not None:
        reports.record(
            connection, reply.report_id, actor="system", action="reply_failed", reason=why,
            detail={"reply_id": reply.id, "code": code},
        )  # fmt: skip


def outbound_of(rt: Runtime, reply: Reply) -> OutboundMessage:
    """The reply as the channel is given it."""
    link = token = ""
    if reply.report_id is not None:
        token = str(reply.report_id)
        link = tracking_link(rt.settings, reply.report_id, reference_of(reply.report_id))
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


def _send(rt: Runtime, claim: Claim, reply: Reply, way: Way, channel: Channel, outbound: OutboundMessage) -> None:
    began = traces.now()
    try:
        receipt = channel.send(outbound)
    except SendFailed as failure:
        note_delivery(rt, reply, began, "refused")
        settle_failure(rt, claim, reply, way, failure)
        return
    except Exception:
        # Not one of the ways a channel may fail: it may have left. The fault is logged, the reply is uncertain.
        log.exception("sending_broke", reply_id=reply.id, channel=way.gateway)
        note_delivery(rt, reply, began, "broken")
        settle_broken(rt, claim, way)
        return
    note_delivery(rt, reply, began, "accepted")
    _settle_taken(rt, claim, reply, channel, receipt, sent_now=way)


def note_delivery(rt: Runtime, reply: Reply, began: int, outcome: Literal["accepted", "refused", "broken"]) -> None:
    """What became of one call to a provider, for whoever traces the report."""
    if reply.report_id is not None:
        rt.traces.note("deliver", reply.report_id, began, subject_id=reply.id, channel=reply.channel, outcome=outcome)


def settle_broken(rt: Runtime, claim: Claim, way: Way) -> None:
    """Something nobody foresaw happened while it was sent: it is uncertain. Raises ClaimLost."""
    with rt.engine.begin() as connection:
        outbox.postpone(
            connection, claim, wait=ASK_AFTER, error="sending broke off", max_attempts=rt.settings.max_attempts
        )
        gateways.note_broken(rt, connection, way)


def write_down(rt: Runtime, write: Callable[[Connection], None]) -> None:
    """Write what the provider told us, in one transaction, again and again while the database is away for a moment."""
    for pause_seconds in _WRITE_AGAIN_AFTER_SECONDS:
        try:
            with rt.engine.begin() as connection:
                write(connection)
        except Unavailable:
            log.warning("database_unavailable")
            time.sleep(pause_seconds)
        else:
            return
    with rt.engine.begin() as connection:
        write(connection)


def _settle_taken(
    rt: Runtime, claim: Claim, reply: Reply, channel: Channel, receipt: ProviderReceipt, *, sent_now: Way | None = None
) -> None:
    def settle(connection: Connection) -> None:
        replies.settle_accepted(
            connection,
            reply.id,
            external_id=receipt.external_id,
            segments=receipt.segments,
            final=channel.medium == "web",
        )
        if sent_now is not None:
            gateways.note_taken(rt, connection, sent_now, stalled=receipt.stalled)

    def settle_and_fulfil(connection: Connection) -> None:
        outbox.fulfil(connection, claim)
        settle(connection)

    try:
        write_down(rt, settle_and_fulfil)
    except ClaimLost:
        # We were thought dead. That it left is a fact all the same, and keeps the other holder from sending it again.
        write_down(rt, settle)
        raise
    log.info("reply_taken", reply_id=reply.id, channel=channel.name)


def settle_failure(rt: Runtime, claim: Claim, reply: Reply, way: Way, failure: SendFailed) -> None:
    """The gateway did not take it, or did not say: later again, elsewhere, or never. Raises ClaimLost."""
    log.warning("reply_not_taken", reply_id=reply.id, channel=way.gateway, kind=failure.kind, code=failure.code)

    def settle(connection: Connection) -> None:
        another = gateways.note_refused(rt, connection, way, reply, failure)
        if failure.uncertain:
            outbox.postpone(
                connection, claim, wait=ASK_AFTER, error=failure.reason, max_attempts=rt.settings.max_attempts
            )
        elif failure.retryable:
            replies.back_to_promised(connection, reply.id, error=failure.reason, code=failure.code)
            wait = timedelta() if another else outbox.no_sooner(claim, failure.retry_after)
            outbox.postpone(connection, claim, wait=wait, error=failure.reason, max_attempts=rt.settings.max_attempts)
        else:
            outbox.fulfil(connection, claim)
            if failure.kind == "opted_out":
                people.mark_unreachable(connection, reply.channel, reply.recipient, reason=failure.code or "")
            _end_unsent(connection, reply, failure.kind, error=failure.reason, code=failure.code)

    write_down(rt, settle)


def _settle_uncertain(
    rt: Runtime, claim: Claim, reply: Reply, way: Way, channel: Channel, outbound: OutboundMessage
) -> None:
    """It may have left. Ask; wait for a delivery report; then send once more; then give up and say so."""
    since = reply.sending_at or reply.created_at
    waited = reply.sending_for or timedelta()
    wait = rt.settings.uncertain_wait
    askable = isinstance(channel, FindsSent)
    if isinstance(channel, FindsSent):
        try:
            receipt = channel.find_sent(outbound, since=since - timedelta(minutes=1))
        except SendFailed as failure:
            with rt.engine.begin() as connection:
                outbox.postpone(
                    connection, claim, wait=outbox.no_sooner(claim, failure.retry_after), error=failure.reason,
                    max_attempts=rt.settings.max_attempts,
                )  # fmt: skip
            return
        if receipt is not None:
            log.info("uncertain_reply_found", reply_id=reply.id)
            _settle_taken(rt, claim, reply, channel, receipt)
            return
        if reply.sends < MOST_SENDS:
            wait = ASK_AFTER
    with rt.engine.begin() as connection:
        if waited < wait:
            outbox.postpone(connection, claim, wait=wait - waited, error="uncertain whether it left")
            return
        silence = _silence_of(connection, reply)
        if silence or (reply.sends >= MOST_SENDS and not askable):
            outbox.fulfil(connection, claim)
            _end_unsent(connection, reply, silence or "uncertain", error="uncertain whether it left", code=silence)
            return
        may_move = waited >= rt.settings.uncertain_wait
        way = gateways.choose(rt, connection, reply, only=None if may_move else way.gateway)
        if way.wait is not None:
            outbox.put_back(connection, claim, wait=way.wait, why=way.why)
            return
        outbox.hold_longer(connection, claim, rt.settings.hold)
        again = replies.begin_sending_again(connection, reply.id, gateway=way.gateway)
    log.warning("uncertain_reply_sent_again", reply_id=reply.id)
    if again:
        _send(rt, claim, reply, way, rt.channels[way.gateway], outbound)
