"""How the house does, counted at the moment somebody asks: for ``/metrics``.

Everything is read from the database, so every process and every host tells the same, and none forgets anything when it ends.
That is why most figures are of the last hour and not "since the start": they need no count that somebody keeps, and an
index finds an hour as fast in a million messages as in a thousand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

from intake.storage import quarantine
from intake.storage.gateways import undelivered_in_a_row
from intake.storage.outbox import Job
from intake.storage.quarantine import Held

#: Asked every few seconds: it must not add to the load that it shows.
_LONGEST_MILLISECONDS: Final = 5000


@dataclass(frozen=True, slots=True)
class Promises:
    """Of one job: how long the oldest has been due, how many wait (counted up to 1,000) and how many are parked."""

    oldest_seconds: float
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long people waited, in seconds: the median and what 95 of 100 did not exceed. None: nobody did."""

    half: float | None
    most: float | None


@dataclass(frozen=True, slots=True)
class Vitals:
    """``accepted``: messages of the last hour by channel. ``refused``: since ever, by channel and reason.
    ``quarantined``: what lies in quarantine, by channel.

    ``replies``: of the last hour, by gateway and state; ``segments``: parts of SMS of those, by gateway; ``errors``: of
    those, by gateway and the gateway's own code. ``first_reply``: from a report of the last hour to our first word;
    ``first_answer``: from a report to the first answer of an officer, of those answered within a day.
    ``canaries``: seconds since the last one came back, by channel. ``undelivered``: replies in a row that a gateway took and
    that did not arrive.
    """

    accepted: Mapping[str, int]
    refused: Mapping[tuple[str, str], int]
    quarantined: Mapping[str, Held]
    promises: Mapping[Job, Promises]
    replies: Mapping[tuple[str, str], int]
    segments: Mapping[str, int]
    errors: Mapping[tuple[str, str], int]
    first_reply: Waits
    first_answer: Waits
    canaries: Mapping[str, float]
    undelivered: Mapping[str, int]


def take_vitals(connection: Connection) -> Vitals:
    """Everything at this moment. Raises what the database raises, also when it takes too long."""
    connection.execute(text(f"set local statement_timeout = {_LONGEST_MILLISECONDS}"))
    accepted = connection.execute(
        text("""select channel, count(*) as n from message where received_at > now() - interval '1 hour'
                group by channel""")
    )
    rows = connection.execute(
        text("""
            select coalesce(gateway, channel) as gateway, state, coalesce(error_code, '') as code, count(*) as n,
                   coalesce(sum(segments), 0) as segments
            from reply where created_at > now() - interval '1 hour' group by 1, 2, 3
        """)
    ).all()
    replies: dict[tuple[str, str], int] = {}
    segments: dict[str, int] = {}
    errors: dict[tuple[str, str], int] = {}
    for row in rows:
        replies[row.gateway, row.state] = replies.get((row.gateway, row.state), 0) + row.n
        segments[row.gateway] = segments.get(row.gateway, 0) + int(row.segments)
        if row.code:
            errors[row.gateway, row.code] = errors.get((row.gateway, row.code), 0) + row.n
    return Vitals(
        accepted={row.channel: row.n for row in accepted},
        refused=quarantine.refusals(connection),
        quarantined=quarantine.held(connection),
        promises=_promises(connection),
        replies=replies,
        segments=segments,
        errors=errors,
        first_reply=_waits(
            connection,
            """select extract(epoch from said.first_at - report.opened_at) as waited from report join (
                   select report_id, min(sending_at) as first_at from reply
                   where created_at > now() - interval '1 hour' group by report_id
               ) as said on said.report_id = report.id
               where report.opened_at > now() - interval '1 hour' and said.first_at is not null""",
        ),
        first_answer=_waits(
            connection,
            """select extract(epoch from answered_at - opened_at) as waited from report
               where answered_at > now() - interval '1 day' and id in (
                   select report_id from reply where created_at > now() - interval '1 day'
                       and kind in ('answered', 'closed'))""",
        ),
        canaries=canaries(connection),
        undelivered=undelivered_in_a_row(connection),
    )


def canaries(connection: Connection) -> dict[str, float]:
    """How many seconds ago the last message to ourselves came back, by channel (``intake.canary``)."""
    rows = connection.execute(
        text("""select channel, extract(epoch from now() - max(received_at)) as age from message
                where automatic = 'canary' group by channel""")
    )
    return {row.channel: float(row.age) for row in rows}


def _promises(connection: Connection) -> dict[Job, Promises]:
    rows = connection.execute(
        text("""
            select kind.job, coalesce(extract(epoch from now() - due.oldest), 0) as oldest, due.n as waiting,
                   (select count(*) from outbox where job = kind.job and parked_at is not null) as parked
            from unnest(cast(:jobs as text[])) as kind (job), lateral (
                select min(due_at) as oldest, count(*) as n from (
                    select due_at from outbox
                    where job = kind.job and parked_at is null and due_at <= now()
                      and (held_until is null or held_until < now())
                    order by due_at limit 1000
                ) as found
            ) as due
        """),
        {"jobs": [str(job) for job in Job]},
    )
    return {Job(row.job): Promises(float(row.oldest), row.waiting, row.parked) for row in rows}


def _waits(connection: Connection, waited: str) -> Waits:
    row = connection.execute(
        text(f"""select percentile_cont(0.5) within group (order by waited) as half,
                        percentile_cont(0.95) within group (order by waited) as most from ({waited}) as found""")
    ).one()
    return Waits(*(None if value is None else float(value) for value in (row.half, row.most)))
