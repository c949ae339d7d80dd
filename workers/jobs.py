"""What RQ may run, and how one kind of work is carried out.

RQ carries wake-ups only: "something of this kind is due". Which rows, the outbox says. So a wake-up may be lost,
doubled or run late, and nothing is lost, doubled or late but by the relay's next look.

What lies in Redis can never run code: jobs are JSON, ``WakeUp`` knows one function by one name, and everything else a
job may carry in RQ (callbacks, web hooks, dependencies, retries) is dropped when it is read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from rq.job import Job as RQJob
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException
from sqlalchemy import Connection

from intake import gateways, logs
from intake.runtime import Runtime
from intake.storage import outbox
from intake.storage.database import Unavailable
from intake.storage.outbox import Claim, ClaimLost, Job
from workers.ask_again import ask_again
from workers.deliver import deliver
from workers.deliver_together import deliver_together
from workers.hand_over import hand_over
from workers.inspect import inspect
from workers.left import Left
from workers.process import process
from workers.remind import remind, send_digest
from workers.together import process_together

log = logs.get("jobs")

QUEUE: Final = "sahut"
WAKE_UP: Final = "workers.jobs.wake_up"
#: A wake-up begins nothing more of a kind after this, so that every kind gets its turn: in a flood a reply waits so long
#: for the reading of others.
TURN_SECONDS: Final = 0.5
#: While there is work a wake-up goes round the kinds so long before it asks RQ for the next: that costs about 5 ms.
STAY_SECONDS: Final = 3.0
#: Of its hold, a batch uses this much before what is not begun is given back: a claim that ran out counts as an attempt.
_OF_THE_HOLD: Final = 0.5

#: Talking to others is waiting: so many at once. The other kinds use the processor and gain nothing from threads.
_THREADS: Final = 8

JOBS: Final[Mapping[Job, Callable[[Runtime, Claim], None]]] = {
    Job.PROCESS: process,
    Job.DELIVER: deliver,
    Job.INSPECT: inspect,
    Job.HAND_OVER: hand_over,
    Job.ASK_AGAIN: ask_again,
    Job.REMIND: remind,
    Job.DIGEST: send_digest,
}
_WAITS_FOR_OTHERS: Final = frozenset({Job.DELIVER, Job.HAND_OVER})


class _Together(Protocol):
    def __call__(self, rt: Runtime, claims: Sequence[Claim], /, *, stop: Callable[[], bool]) -> Left: ...


#: What is done for many at once where it can be; what they leave is done one by one.
_TOGETHER: Final[Mapping[Job, _Together]] = {Job.PROCESS: process_together, Job.DELIVER: deliver_together}

_OUR_ROOMS: Final = frozenset({"channels", "intake", "workers"})


def _stays() -> bool:
    return False


_opened: Runtime | None = None
_leaving: Callable[[], bool] = _stays


class NotAllowed(Exception):
    """Something in Redis asks for code that is not ours to run."""


class WakeUp(RQJob):
    """An RQ job that can be nothing but a wake-up."""

    _KEPT: Final = frozenset(
        {"data", "created_at", "origin", "description", "enqueued_at", "started_at", "ended_at", "last_heartbeat",
         "worker_name", "timeout", "result_ttl", "failure_ttl", "ttl", "status"}
    )  # fmt: skip

    @property
    def func(self) -> Callable[..., Any]:
        """The one function, whatever the job says its name is: another name is an error."""
        if self.func_name != WAKE_UP or self.instance is not None:
            log.error("job_not_allowed")
            raise NotAllowed
        return wake_up

    def restore(self, raw_data: Any) -> Any:
        kept = {}
        for key, value in dict(raw_data).items():
            name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
            if name in self._KEPT:
                kept[key] = value
        return super().restore(kept)


Serializer = JSONSerializer


def use(rt: Runtime | None, leaving: Callable[[], bool] = _stays) -> None:
    """The runtime of this process's jobs; opened by the launcher before RQ starts. ``leaving``: it was asked to end."""
    global _opened, _leaving
    _opened, _leaving = rt, leaving


def wake_up(kind: str) -> int:
    """Called by RQ: carry out what is due of one kind. Returns how many promises were taken."""
    if _opened is None:
        msg = "jobs.use() was not called in this process"
        raise RuntimeError(msg)
    taken = 0
    end = time.monotonic() + STAY_SECONDS
    try:
        done = taken = carry_out(_opened, Job(kind), leaving=_leaving)
        while done and not _leaving() and time.monotonic() < end:
            # What was just done has promised more (a reply, a handover), and more came in: go on with it, a turn for
            # each kind, instead of waiting to be woken.
            with _opened.engine.begin() as connection:
                following = [job for job in outbox.due(connection) if job in JOBS]
            done = sum(carry_out(_opened, Job(job), leaving=_leaving) for job in following)
            taken += done
    except Unavailable:
        log.warning("database_unavailable", job=kind)  # the relay wakes again
    except BaseTimeoutException:
        raise
    except Exception:  # a door: RQ would keep the text of the error in Redis, and it may quote what a person wrote
        log.exception("wake_up_failed", job=kind)
    return taken


def carry_out(
    rt: Runtime, job: Job, *, turn_seconds: float = TURN_SECONDS, leaving: Callable[[], bool] = _stays
) -> int:
    """Take due promises of one kind, batch after batch, until none is left, the turn is over or we are to leave.

    What was claimed and not begun by then is given back untried, so that another may have it at once.
    """
    end = time.monotonic() + turn_seconds
    taken = 0
    while not leaving():
        with rt.engine.begin() as connection:
            claims = _take(rt, connection, job)
        if not claims:
            break
        held_until = time.monotonic() + rt.settings.hold.total_seconds() * _OF_THE_HOLD
        left = _work_off(
            rt, job, claims, over_at=min(end, held_until), after=min(turn_seconds, TURN_SECONDS), held_until=held_until,
            leaving=leaving,
        )  # fmt: skip
        taken += len(claims) - len(left)
        if left:
            _give_back(rt, left)
        if time.monotonic() > end:
            break
    return taken


def _take(rt: Runtime, connection: Connection, job: Job) -> list[Claim]:
    if job is Job.DELIVER:
        return gateways.take_deliveries(rt, connection)
    return outbox.take(connection, job, limit=rt.settings.batch, hold=rt.settings.hold)


def _work_off(
    rt: Runtime,
    job: Job,
    claims: Sequence[Claim],
    *,
    over_at: float,
    after: float,
    held_until: float,
    leaving: Callable[[], bool],
) -> list[Claim]:
    """Keep promises until it is over, the first of them in any case. Returns those that were not begun.

    What many left to be done one by one has ``after`` seconds more: on a busy machine it would else be given back untried
    time and again.
    """
    first: Claim | None = claims[0]

    def keep(claim: Claim) -> Claim | None:
        if claim is not first and (leaving() or time.monotonic() > over_at):
            return claim
        keep_promise(rt, claim)
        return None

    not_begun: Sequence[Claim] = ()
    if job in _TOGETHER and len(claims) > 1:
        together = _keep_together(rt, job, claims, stop=lambda: leaving() or time.monotonic() > over_at)
        claims, not_begun = together.alone, together.not_begun
        if first not in claims:
            first = None
            over_at = min(held_until, max(over_at, time.monotonic() + after))
    if not claims:
        return list(not_begun)
    if job in _WAITS_FOR_OTHERS and len(claims) > 1:
        with ThreadPoolExecutor(min(_THREADS, len(claims))) as pool:
            left = list(pool.map(keep, claims))
    else:
        left = [keep(claim) for claim in claims]
    return [*(claim for claim in left if claim is not None), *not_begun]


def _keep_together(rt: Runtime, job: Job, claims: Sequence[Claim], *, stop: Callable[[], bool]) -> Left:
    """What is left when many were kept at once; all of them, one by one, when that went wrong."""
    try:
        return _TOGETHER[job](rt, claims, stop=stop)
    except BaseTimeoutException:
        raise
    except Exception:  # a door: whichever of them it was shows when each is done by itself
        log.exception("batch_left_to_one_by_one", count=len(claims))
        return Left(claims)


def _give_back(rt: Runtime, claims: Sequence[Claim]) -> None:
    try:
        with rt.engine.begin() as connection:
            outbox.withdraw(connection, claims)
    except Unavailable:
        log.warning("giving_back_failed", count=len(claims))  # they come due when our hold runs out


def keep_promise(rt: Runtime, claim: Claim) -> None:
    """Do one promised piece of work; whatever happens, the promise is kept, postponed, parked or still held."""
    try:
        JOBS[claim.job](rt, claim)
    except BaseTimeoutException:
        raise  # RQ's time-out is meant for RQ
    except ClaimLost:
        log.info("claim_lost", job=claim.job, subject_id=claim.subject_id)
    except Unavailable as fault:
        # Away for a moment, a deadlock, a statement that took too long. When this cannot be written down either, the
        # promise comes due when our hold runs out.
        log.warning("database_unavailable", job=claim.job, subject_id=claim.subject_id)
        time.sleep(0.2)
        _postpone_failed(rt, claim, fault)
    except Exception as fault:
        log.exception("job_failed", job=claim.job, subject_id=claim.subject_id, attempt=claim.attempts)
        _postpone_failed(rt, claim, fault)


def _postpone_failed(rt: Runtime, claim: Claim, fault: Exception) -> None:
    try:
        with rt.engine.begin() as connection:
            parked = outbox.postpone(connection, claim, error=place_of(fault), max_attempts=rt.settings.max_attempts)
        if parked:
            log.error("promise_parked", job=claim.job, subject_id=claim.subject_id)
    except (ClaimLost, *Unavailable):
        log.warning("postponing_failed", job=claim.job, subject_id=claim.subject_id)


def place_of(fault: BaseException) -> str:
    """Where a fault happened, without its message: messages may quote what a person wrote.

    Our own frames, the innermost first, and the one in which it was raised.
    """
    frames = []
    place = fault.__traceback__
    while place is not None:
        frames.append((str(place.tb_frame.f_globals.get("__name__")), place.tb_frame.f_code.co_name, place.tb_lineno))
        place = place.tb_next
    ours = [frame for frame in frames if frame[0].partition(".")[0] in _OUR_ROOMS]
    shown = [*frames[-1:], *(frame for frame in reversed(ours[-8:]) if frame != frames[-1])]
    return f"{type(fault).__qualname__} at " + " < ".join(f"{module}:{name}:{line}" for module, name, line in shown)
