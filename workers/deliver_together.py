"""Replies sent together: the intentions of a handful in one commit, then all of them at once, then what came of them.

For the ordinary case, a first try by a channel that no turns and rates are kept of; everything else is left to
``workers.deliver``. Its rule holds for each: the intention is committed before the provider is called, and the outcome
right after.

What surprises: outcomes are not collected until the last one is known. What is sent and not yet written down when we die is
uncertain, and may be sent a second time; so those that are known are written down every few milliseconds, together.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache, partial
from queue import Empty, SimpleQueue
from typing import Final

from sqlalchemy import Connection

from channels.channel import Channel, SendFailed
from channels.messages import OutboundMessage, ProviderReceipt
from intake import gateways, logs, traces
from intake.gateways import Way
from intake.runtime import Runtime
from intake.storage import outbox, people, replies
from intake.storage.outbox import Claim, ClaimLost, Job
from intake.storage.replies import Reply, Taken
from workers.deliver import note_delivery, outbound_of, settle_broken, settle_failure, silence_in, write_down
from workers.left import Left

log = logs.get("deliver")

#: Talking to providers is waiting: so many at once, and so many intentions in one commit at most. No intention waits for
#: a free hand: what is said to be on its way is on its way at once.
AT_ONCE: Final = 32
#: Outcomes that come within this time of each other are written down together.
_GATHERED_SECONDS: Final = 0.01
_LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Begun:
    """A reply whose intention is committed."""

    claim: Claim
    reply: Reply
    channel: Channel
    outbound: OutboundMessage
    began: int


def deliver_together(rt: Runtime, claims: Sequence[Claim], *, stop: Callable[[], bool]) -> Left:
    """Keep as many of these promises to send as can be kept together; returns those that are left.

    ``stop`` is asked before more is begun; what is begun is brought to its end. Raises what the database raises: what was
    not begun by then is as it was.
    """
    hands = _hands()
    waiting, left = deque(claims), list[Claim]()
    running: dict[Future[ProviderReceipt], _Begun] = {}
    ended: SimpleQueue[Future[ProviderReceipt]] = SimpleQueue()
    try:
        while waiting and (len(waiting) == len(claims) or not stop()):
            handful = [waiting.popleft() for _ in range(min(AT_ONCE - len(running), len(waiting)))]
            begun = _begin(rt, handful)
            left += [claim for claim in handful if claim.subject_id not in begun]
            for each in begun.values():
                sending = hands.submit(each.channel.send, each.outbound)
                running[sending] = each
                sending.add_done_callback(ended.put)
            while len(running) > AT_ONCE // 2:  # a few that take long do not hold up the others
                _settle_some(rt, running, ended)
    finally:
        try:
            while running:
                _settle_some(rt, running, ended)
        finally:
            wait(running)  # RQ's alarm ends the settling, but the next turn finds every hand free
    return Left(left, list(waiting))


@cache
def _hands() -> ThreadPoolExecutor:
    """As many threads as send at once, for the whole process: one takes as long to begin as a quick gateway to answer.

    All of them begin before anything is said to be on its way. One that could not be begun later on would leave its letter
    in the pool's queue, to be sent when nobody waits for its outcome any more.
    """
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="send")
    all_are_here = threading.Barrier(AT_ONCE)
    try:
        wait([pool.submit(all_are_here.wait) for _ in range(AT_ONCE)])
    except BaseException:
        all_are_here.abort()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return pool


def _begin(rt: Runtime, claims: Sequence[Claim]) -> dict[int, _Begun]:
    """Commit the intention to send what can be sent now; by the replies' ids."""
    began = traces.now()
    fresh = [claim for claim in claims if claim.attempts == 1 and claim.job is Job.DELIVER]
    with rt.engine.begin() as connection:
        held = outbox.hold_many_longer(connection, fresh, rt.settings.hold)
        found = replies.read_many(connection, held)
        ready = list(_ready(rt, connection, found))
        begun = replies.begin_sending_many(connection, [(reply.id, reply.channel) for reply, _ in ready])
    by_id = {claim.subject_id: claim for claim in fresh}
    return {
        reply.id: _Begun(by_id[reply.id], reply, channel, outbound_of(rt, reply), began)
        for reply, channel in ready
        if reply.id in begun
    }  # fmt: skip


def _ready(rt: Runtime, connection: Connection, found: Sequence[Reply]) -> Iterator[tuple[Reply, Channel]]:
    """Replies that wait to be sent for the first time, to people who hear us, by channels without turns and rates."""
    states = people.states_of(connection, [(reply.channel, reply.recipient) for reply in found])
    for reply in found:
        channel = rt.channels.get(reply.channel)
        silence = silence_in(states[reply.channel, reply.recipient], reply)
        if channel is None or silence or reply.state != "promised" or gateways.named(rt, reply.channel) is not None:
            continue
        yield reply, channel


def _settle_some(
    rt: Runtime, running: dict[Future[ProviderReceipt], _Begun], ended: SimpleQueue[Future[ProviderReceipt]]
) -> None:
    """Write down what came of those that are done: a refusal by itself, what was taken with others taken just now.

    Raises nothing: what cannot be written down is uncertain, and comes due when our hold runs out.
    """
    taken: list[tuple[_Begun, ProviderReceipt]] = []
    for future in _gather(running, ended):
        each = running.pop(future, None)
        if each is None:
            continue
        fault = future.exception()
        if fault is None:
            taken.append((each, future.result()))
        else:
            _guard(partial(_settle_refused, rt, each, fault), [each])
    if taken:
        _guard(partial(_settle_taken, rt, taken), [each for each, _ in taken])


def _gather(
    running: Collection[Future[ProviderReceipt]], ended: SimpleQueue[Future[ProviderReceipt]]
) -> list[Future[ProviderReceipt]]:
    """The first that is over, and those that are over soon after it; one may come twice.

    A queue, because to wait for thirty futures costs as much as to send something. What is over and not in the queue (RQ's
    alarm may strike between any two steps) is found by a look.
    """
    gathered: list[Future[ProviderReceipt]] = []
    while not gathered:
        try:
            gathered.append(ended.get(timeout=_LOOK_SECONDS))
        except Empty:
            gathered += [future for future in running if future.done()]
    until = time.monotonic() + _GATHERED_SECONDS
    while len(gathered) < len(running) and (rest := until - time.monotonic()) > 0:
        try:
            gathered.append(ended.get(timeout=rest))
        except Empty:
            break
    return gathered


def _guard(settle: Callable[[], None], begun: Sequence[_Begun]) -> None:
    try:
        settle()
    except ClaimLost:
        log.info("claim_lost", reply_ids=[each.reply.id for each in begun])
    except Exception:  # the others' outcomes must be written down all the same
        log.exception("settling_failed", reply_ids=[each.reply.id for each in begun])


def _settle_refused(rt: Runtime, each: _Begun, fault: BaseException) -> None:
    way = Way(each.reply.channel)
    note_delivery(rt, each.reply, each.began, "refused" if isinstance(fault, SendFailed) else "broken")
    if isinstance(fault, SendFailed):
        settle_failure(rt, each.claim, each.reply, way, fault)
        return
    # Not one of the ways a channel may fail: it may have left.
    log.error("sending_broke", reply_id=each.reply.id, channel=way.gateway, exc_info=fault)
    settle_broken(rt, each.claim, way)


def _settle_taken(rt: Runtime, taken: Sequence[tuple[_Begun, ProviderReceipt]]) -> None:
    def settle(connection: Connection) -> None:
        # Somebody else may hold a promise by now. That its reply left is a fact all the same, and keeps the other one
        # from sending it again.
        outbox.fulfil_many(connection, [each.claim for each, _ in taken])
        replies.settle_accepted_many(
            connection,
            [
                Taken(each.reply.id, receipt.external_id, receipt.segments, final=each.channel.medium == "web")
                for each, receipt in taken
            ],
        )

    write_down(rt, settle)
    for each, _ in taken:
        note_delivery(rt, each.reply, each.began, "accepted")
    log.info("replies_taken", reply_ids=sorted(each.reply.id for each, _ in taken))
