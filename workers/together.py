"""Many messages read and decided at once: a few statements for all of them, instead of a score for each.

Only what most messages are, the first word on a report of their own. Everything else (answers, commands, parts, a
sender who is here twice, a second try) is left to ``workers.process``, one by one and in order; so is a message whose
thinking fails, and all of a batch that cannot be written. Nothing is lost by trying it together first: what is not
written here is untouched.

What surprises: the reports are locked before their promises are deleted, in the order of their ids, so that two batches
never wait for each other; what has changed since it was read stays out, and is read again by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rq.timeouts import BaseTimeoutException
from sqlalchemy import Connection

from intake import limits, logs, traces
from intake.domain.report import State
from intake.runtime import Runtime
from intake.saying import medium_of, said_to
from intake.storage import messages, outbox, people, regency_settings, reports, threads
from intake.storage.messages import StoredMessage
from intake.storage.outbox import Claim
from intake.storage.reports import Report
from intake.storage.threads import Said
from intake.understand.relate import Before
from workers.decisions import Outcome, compose, write
from workers.left import Left
from workers.process import Snapshot, relate_to_earlier, waits_for_more
from workers.understanding import Understanding, understand

log = logs.get("process")


@dataclass(frozen=True, slots=True)
class _Read:
    """What was known when we began to think, of messages that open reports of their own."""

    now: datetime
    messages: list[StoredMessage]
    reports: Mapping[int, Report]
    before: Mapping[int, list[Before]]
    silent: frozenset[tuple[str, str]]
    said: Mapping[tuple[str, str], Said]


def process_together(rt: Runtime, claims: Sequence[Claim], *, stop: Callable[[], bool]) -> Left:
    """Keep as many of these promises to read a message as can be kept together; returns those that are left.

    ``stop`` ends the thinking early. Raises what the database raises: then nothing was written.
    """
    began = traces.now()
    with rt.engine.begin() as connection:
        read = _read(connection, claims)
    thought, unread = _think(rt, read, stop)
    done = _write(rt, {claim.subject_id: claim for claim in claims}, read, thought) if thought else set()
    if done:
        log.info("messages_processed", message_ids=sorted(done))
    for message, _ in thought:
        if message.id in done:  # it opened its report: they have one id
            rt.traces.note("process", message.id, began, subject_id=message.id, channel=message.channel)
    return Left(
        [claim for claim in claims if claim.subject_id not in done | unread],
        [claim for claim in claims if claim.subject_id in unread],
    )


def _read(connection: Connection, claims: Sequence[Claim]) -> _Read:
    fresh = {claim.subject_id for claim in claims if claim.attempts == 1}
    found = messages.read_many(connection, [claim.subject_id for claim in claims])
    senders = Counter((m.channel, m.sender) for m in found if m.sender)
    opening = [
        m
        for m in found
        if m.id in fresh
        and (m.report_id, m.processed_at) == (m.id, None)
        and m.text.strip()
        and senders[m.channel, m.sender] < 2
    ]
    known = reports.read_many(connection, [m.id for m in opening])
    alone = threads.count_messages_of(connection, known)
    opening = [m for m in opening if m.id in known and known[m.id].state is State.DITERIMA and alone[m.id] == 1]
    who = [(m.channel, m.sender) for m in opening]
    states = people.states_of(connection, who)
    return _Read(
        threads.now(connection),
        opening,
        known,
        threads.before_many(connection, opening),
        frozenset(person for person, state in states.items() if state.silence is not None),
        said_to(connection, who),
    )


def _think(
    rt: Runtime, read: _Read, stop: Callable[[], bool]
) -> tuple[list[tuple[StoredMessage, Understanding]], set[int]]:
    """What is understood of each message that is new and may be decided as it is; and those there was no time for."""
    thought: list[tuple[StoredMessage, Understanding]] = []
    for place, message in enumerate(read.messages):
        if thought and stop():
            return thought, {later.id for later in read.messages[place:]}
        try:
            understood = _think_of(rt, read, message)
        except BaseTimeoutException:
            raise  # RQ's time-out is meant for RQ
        except Exception:  # it fails again by itself, and is counted there
            log.exception("left_to_itself", message_id=message.id)
        else:
            if understood is not None:
                thought.append((message, understood))
    return thought, set()


def _think_of(rt: Runtime, read: _Read, message: StoredMessage) -> Understanding | None:
    person = message.channel, message.sender

    def may_ask() -> bool:
        return person not in read.silent and limits.voice(read.said[person]) in {"free", "busy"}

    snap = Snapshot(message, read.reports[message.id], [message], read.before[message.id], may_ask, has_files=False)
    if waits_for_more(rt, snap) and read.now - message.received_at < limits.LIMITS.part_wait:
        return None
    own = understand([message], snap.report, medium=medium_of(rt, message.channel), before=snap.before, may_ask=may_ask)
    return own if relate_to_earlier(rt, snap, own).to is None else None


def _write(
    rt: Runtime, claims: Mapping[int, Claim], read: _Read, thought: Sequence[tuple[StoredMessage, Understanding]]
) -> set[int]:
    """Write all that is still as it was read, in one transaction; the ids of those messages."""
    with rt.engine.begin() as connection:
        own = regency_settings.read_own(connection, [u.decision.regency for _, u in thought])
    outcomes: dict[int, Outcome] = {}
    told = 0
    for message, understood in thought:
        said = read.said[message.channel, message.sender]
        said = replace(said, minute_to_all=said.minute_to_all + told)
        outcome = compose(
            rt, message, read.reports[message.id], understood, opens=True, said=said,
            own=own[understood.decision.regency],
        )  # fmt: skip
        told += len(outcome.replies)
        outcomes[message.id] = outcome
    with rt.engine.begin() as connection:
        states = threads.lock_many(connection, outcomes)
        alone = threads.count_messages_of(connection, outcomes)
        untouched = {id_ for id_ in outcomes if states.get(id_) is State.DITERIMA and alone[id_] == 1}
        ours = outbox.fulfil_many(connection, [claims[id_] for id_ in untouched])
        kept = {subject_id for _, subject_id in ours}
        messages.mark_processed(connection, *kept)
        stepped = write(rt, connection, [outcome for id_, outcome in outcomes.items() if id_ in kept])
        if stepped != kept:  # they are locked: nobody else can have taken one further
            msg = f"{len(kept - stepped)} reports moved under their lock"
            raise RuntimeError(msg)
    return kept
