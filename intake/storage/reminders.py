"""Who is to be reminded of which deadline, who hears of it, by what, and what they were told.

A reminder is a row as soon as its alarm rang. Who hears of it is data of each regency: an officer, the head of a unit,
the leader; by e-mail, SMS or WhatsApp; of one unit's reports or of all. ``workers.remind`` tells them once a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args

from sqlalchemy import Connection, text

from channels.mail_addresses import is_address
from channels.phone import normalise_number
from intake.domain.deadline import AlarmStep, ClockKind
from intake.storage.deadlines import Kept

Medium = Literal["email", "sms", "whatsapp"]
MEDIA: Final[tuple[Medium, ...]] = get_args(Medium)


class UnusableAddress(ValueError):
    """Nobody can be reached there: no mailbox, or no number that could exist."""


def note(
    connection: Connection, kept: Kept, *, clock: ClockKind, step: AlarmStep, due_at: datetime, at: datetime
) -> bool:
    """Note that somebody is to be reminded; False when that was noted before."""
    done = connection.execute(
        text("""insert into reminder (report_id, regency, clock, step, due_at, at)
                values (:report_id, :regency, :clock, :step, :due_at, :at) on conflict do nothing"""),
        {
            "report_id": kept.report_id, "regency": kept.regency, "clock": clock.value, "step": step.value,
            "due_at": due_at, "at": at,
        },
    )  # fmt: skip
    return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class Reminded:
    """Somebody was reminded of a deadline of one report."""

    clock: str
    step: str
    due_at: datetime
    at: datetime


def of_report(connection: Connection, report_id: int) -> list[Reminded]:
    """Who was reminded of a report's deadlines, latest first."""
    rows = connection.execute(
        text("select clock, step, due_at, at from reminder where report_id = :id order by id desc limit 20"),
        {"id": report_id},
    )
    return [Reminded(**row._mapping) for row in rows]


# Who hears.


@dataclass(frozen=True, slots=True)
class Hearer:
    """Somebody hears of a step of reminding. ``unit``: only of the reports of this unit; empty: of all."""

    step: AlarmStep
    medium: Medium
    address: str
    unit: str = ""


def usable_address(medium: Medium, written: str) -> str:
    """A mailbox as it is, a number in E.164. Raises UnusableAddress."""
    if medium == "email":
        if not is_address(written.strip()):
            raise UnusableAddress("no mailbox like nama@example.go.id")
        return written.strip()
    number = normalise_number(written)
    if number is None:
        raise UnusableAddress("no telephone number like 0811 0000 0001 or +62 811 0000 0001")
    return number


def add_hearer(connection: Connection, regency: str, hearer: Hearer) -> Hearer:
    """Let somebody hear; ``regency`` is empty for the central desk. Raises UnusableAddress."""
    address = usable_address(hearer.medium, hearer.address)
    connection.execute(
        text("""insert into reminder_address (regency, step, unit, medium, address)
                values (:regency, :step, :unit, :medium, :address) on conflict do nothing"""),
        {
            "regency": regency, "step": hearer.step.value, "unit": hearer.unit, "medium": hearer.medium,
            "address": address,
        },
    )  # fmt: skip
    return Hearer(hearer.step, hearer.medium, address, hearer.unit)


def remove_hearer(connection: Connection, regency: str, hearer: Hearer) -> bool:
    """They hear no more; False when they did not."""
    done = connection.execute(
        text("""delete from reminder_address where regency = :regency and step = :step and unit = :unit
                and medium = :medium and address = :address"""),
        {
            "regency": regency, "step": hearer.step.value, "unit": hearer.unit, "medium": hearer.medium,
            "address": usable_address(hearer.medium, hearer.address),
        },
    )  # fmt: skip
    return done.rowcount == 1


def hearers_of(connection: Connection, regency: str | None) -> list[Hearer]:
    """Who hears of the reminders of a regency, or of the central desk."""
    rows = connection.execute(
        text("""select step, medium, address, unit from reminder_address where regency = :regency
                order by step, unit, medium, address"""),
        {"regency": regency or ""},
    )
    return [Hearer(AlarmStep(row.step), row.medium, row.address, row.unit) for row in rows]


def set_mailbox(connection: Connection, regency: str, step: AlarmStep, address: str) -> None:
    """The one mailbox to which a step of reminding goes, whatever the unit; empty: none. Raises UnusableAddress."""
    connection.execute(
        text("""delete from reminder_address
                where regency = :regency and step = :step and unit = '' and medium = 'email'"""),
        {"regency": regency, "step": step.value},
    )
    if address:
        add_hearer(connection, regency, Hearer(step, "email", address))


# What they are told.


@dataclass(frozen=True, slots=True)
class Due:
    """One line of a digest."""

    step: AlarmStep
    reference: str
    topic: str | None
    unit: str | None
    clock: str
    due_at: datetime


def take_untold(connection: Connection, regency: str | None) -> tuple[list[int], list[Due]]:
    """What a regency (None: the central desk) was to be reminded of: ids of all that nobody was told, and the lines.

    What was settled in the meantime, or lies elsewhere by now, is not worth a line. The rows stay locked, so that what
    is noted after this is told another day.
    """
    ids = [
        row.id
        for row in connection.execute(
            text("""select id from reminder where told_at is null and regency is not distinct from :regency
                    order by id for update"""),
            {"regency": regency},
        )
    ]
    rows = connection.execute(
        text("""
            select distinct on (m.due_at, r.id, m.step) m.step, r.reference,
                   case when r.secret then null else r.topic end as topic, r.unit, m.clock, m.due_at
            from reminder m join report r on r.id = m.report_id join deadline d on d.report_id = r.id
            where m.id = any(:ids) and r.regency is not distinct from m.regency and d.next_due is not null
            order by m.due_at, r.id, m.step, m.id desc
        """),
        {"ids": ids},
    )
    return ids, [Due(AlarmStep(r.step), r.reference, r.topic, r.unit, r.clock, r.due_at) for r in rows]


def mark_told(connection: Connection, ids: Iterable[int], now: datetime) -> None:
    """These reminders were put into messages (or lie on the desk, where nobody was named to hear them)."""
    connection.execute(text("update reminder set told_at = :now where id = any(:ids)"), {"ids": list(ids), "now": now})


def begin_digest(connection: Connection, regency: str | None, day: date) -> bool:
    """Claim the digest of a day; False when that day's was written already."""
    done = connection.execute(
        text("insert into digest (regency, day) values (:regency, :day) on conflict do nothing"),
        {"regency": regency or "", "day": day},
    )
    return done.rowcount == 1
