"""By which gateway a reply leaves, when several can carry it, and how fast.

``SAHUT_GATEWAYS`` names them. A reply may leave by any of them that is of its channel's kind and sends as the very number
the citizen wrote to: the answer must come back to us. A channel that is not named there sends its own replies, as ever.

What moves a reply is a clear no. Where a gateway did not answer in time the message may have left: it stays with that
gateway until a receipt would have come (``workers.deliver``). What a gateway took and then reports as undelivered is not
sent again by another one: nobody knows whether the citizen has seen it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from channels import gsm
from channels.channel import SendFailed, SendsAs, expects_deliveries
from intake import logs
from intake.domain.gateway import Attempt, Candidate, Gateway, plan_attempts
from intake.runtime import Runtime
from intake.storage import gateways as kept
from intake.storage import turns
from intake.storage.gateways import GatewayState, Room
from intake.storage.outbox import Claim
from intake.storage.people import family_of
from intake.storage.replies import Reply
from intake.storage.turns import Cap, Priority, priority_of

log = logs.get("gateways")

#: What found no room comes back after this; the relay looks every second.
_NO_ROOM_WAIT: Final = timedelta(milliseconds=500)
_SHORTEST_WAIT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Way:
    """By which channel a reply leaves now; or ``wait``, when it has to."""

    gateway: str
    probing: bool = False
    wait: timedelta | None = None
    why: str = ""


def named(rt: Runtime, name: str) -> Gateway | None:
    """What ``SAHUT_GATEWAYS`` says of a channel; None when it is not named there."""
    return next((each for each in rt.settings.gateways if each.name == name), None)


def able(rt: Runtime, channel: str, sender: str) -> list[Gateway]:
    """The named gateways by which what came by ``channel`` to our number ``sender`` can be answered, in their order."""
    if named(rt, channel) is None:
        return []
    return [
        each for each in rt.settings.gateways
        if each.name in rt.channels and family_of(each.name) == family_of(channel)
        and (each.name == channel or _sends_as(rt, each.name, sender))
    ]  # fmt: skip


def _sends_as(rt: Runtime, name: str, sender: str) -> bool:
    speaker = rt.channels[name]
    return bool(sender) and isinstance(speaker, SendsAs) and speaker.sends_as(sender)


def choose(rt: Runtime, connection: Connection, reply: Reply, *, only: str | None = None) -> Way:
    """By which gateway this reply leaves now, with room taken for it; ``only`` keeps it with that one.

    Waiting is no failure: the promise goes back untried.
    """
    terms = able(rt, reply.channel, reply.sender)
    if not terms:
        return Way(only or reply.channel)
    if only is not None:
        terms = [each for each in terms if each.name == only] or [Gateway(only)]
    names = [each.name for each in terms]
    kept.register(connection, names)
    states = kept.read_states(connection, names)
    priority = priority_of(reply.kind)
    for attempt in _attempts(reply, terms, states, may_probe=priority > Priority.URGENT):
        if attempt.probing and not kept.claim_probe(connection, attempt.name, wait=rt.settings.gateway_probe_after):
            continue
        return _with_room(rt, connection, reply, next(each for each in terms if each.name == attempt.name), attempt)
    soonest = min(state.probe_in or _SHORTEST_WAIT for state in states.values())
    return Way(reply.channel, wait=max(soonest, _SHORTEST_WAIT), why="no gateway is up")


def _attempts(reply: Reply, terms: list[Gateway], states: dict[str, GatewayState], *, may_probe: bool) -> list[Attempt]:
    candidates = [
        Candidate(
            each.name,
            each.weight,
            is_up=states[each.name].is_up,
            may_be_tried=states[each.name].probe_in == timedelta(),
            is_pinned=states[each.name].pinned_at is not None,
            has_refused=each.name in reply.refused_by,
        )
        for each in terms
    ]
    return plan_attempts(reply.recipient, candidates, may_probe=may_probe)


def _with_room(rt: Runtime, connection: Connection, reply: Reply, terms: Gateway, attempt: Attempt) -> Way:
    """The way itself when there is room by its rate; else when to look again."""
    rate = terms.segments_per_second
    if rate is None:
        return Way(attempt.name, attempt.probing)
    family = family_of(reply.channel)
    segments = gsm.plan(reply.text).segments if family == "sms" else 1
    beside = [name for name in rt.channels if family_of(name) == family]
    if kept.take_room(
        connection, terms.name, segments=segments, per_second=rate, most=terms.most_at_once,
        priority=priority_of(reply.kind), channels=beside,
    ):  # fmt: skip
        return Way(attempt.name, attempt.probing)
    until_one = timedelta(seconds=1 / rate)
    return Way(attempt.name, wait=max(_NO_ROOM_WAIT, until_one), why="no room by the gateway's rate")


def note_taken(rt: Runtime, connection: Connection, way: Way, *, stalled: bool) -> None:
    """The gateway took a message. ``stalled``: but its own line is away, which speaks against giving it more."""
    if named(rt, way.gateway) is None:
        return
    if stalled:
        _note_failure(rt, connection, way)
    elif kept.note_success(connection, way.gateway, probing=way.probing, probes=rt.settings.gateway_probes):
        log.info("gateway_up", gateway=way.gateway)


def note_refused(rt: Runtime, connection: Connection, way: Way, reply: Reply, failure: SendFailed) -> bool:
    """The gateway did not take a message. True when another one can have it at once (never when it is uncertain).

    Too much at once is no failure of a gateway, and a message that nobody would take says nothing about one.
    """
    if named(rt, way.gateway) is None:
        return False
    if failure.kind == "throttled":
        kept.empty_bucket(connection, way.gateway)
        return False
    if not failure.retryable:
        return False
    _note_failure(rt, connection, way)
    if failure.uncertain:
        return False
    terms = able(rt, reply.channel, reply.sender)
    states = kept.read_states(connection, [each.name for each in terms])
    refused = replace(reply, refused_by=[*reply.refused_by, way.gateway])
    others = [each for each in _attempts(refused, terms, states, may_probe=False) if not each.probing]
    return any(each.name not in refused.refused_by for each in others)


def note_broken(rt: Runtime, connection: Connection, way: Way) -> None:
    """Something we did not foresee happened while this gateway had a message."""
    if named(rt, way.gateway) is not None:
        _note_failure(rt, connection, way)


def _note_failure(rt: Runtime, connection: Connection, way: Way) -> None:
    settings = rt.settings
    if kept.note_failure(
        connection, way.gateway, probing=way.probing, failures=settings.gateway_failures,
        within=settings.gateway_failure_window, probe_after=settings.gateway_probe_after,
    ):  # fmt: skip
        log.warning("gateway_down", gateway=way.gateway)


def take_deliveries(rt: Runtime, connection: Connection) -> list[Claim]:
    """Claim due replies in their turn, of each kind of channel no more than can leave at this moment."""
    return turns.take_in_turn(
        connection, limit=rt.settings.batch, hold=rt.settings.hold, caps=_read_caps(rt, connection)
    )


def _read_caps(rt: Runtime, connection: Connection) -> list[Cap]:
    gateways = rt.settings.gateways
    if not gateways:
        return []
    rooms = {room.name: room for room in kept.read_rooms(connection, [each.name for each in gateways])}
    caps = []
    for family in {family_of(each.name) for each in gateways}:
        beside = [each for each in gateways if family_of(each.name) == family]
        pinned = [each for each in beside if each.name in rooms and rooms[each.name].is_pinned]
        most = sum(_room_of(each, rooms.get(each.name)) for each in pinned or beside)
        if most < rt.settings.batch:
            caps.append(Cap(tuple(each.name for each in beside), math.floor(most)))
    return caps


def _room_of(gateway: Gateway, room: Room | None) -> float:
    """How many segments can leave by it now: none while it is down and not to be tried."""
    if room is not None and not (room.is_open or room.is_pinned):
        return 0.0
    if gateway.segments_per_second is None:
        return math.inf
    if room is None or room.segments is None:
        return gateway.most_at_once
    filled = room.segments + gateway.segments_per_second * (room.seconds_ago or 0.0)
    return max(0.0, min(gateway.most_at_once, filled))


#: So many replies in a row that were taken and never arrived are no chance: people switch telephones off, but not all.
MOST_UNDELIVERED: Final = 20


def silent(rt: Runtime, connection: Connection) -> dict[str, int]:
    """Gateways that take everything and deliver nothing, or whose receipts do not reach us: name → replies in a row."""
    return {
        name: count
        for name, count in sorted(kept.undelivered_in_a_row(connection).items())
        if count >= MOST_UNDELIVERED and name in rt.channels and expects_deliveries(rt.channels[name])
    }
