"""Reports on their way to a regency's own system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from intake.storage import outbox
from intake.storage.outbox import Job


@dataclass(frozen=True, slots=True)
class Handover:
    id: int
    report_id: int
    regency: str
    state: str
    external_id: str | None
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewHandover:
    """A handover to be promised; a second one with the same ``cause`` is not."""

    report_id: int
    regency: str
    cause: str


_COLUMNS = "id, report_id, regency, state, external_id, error, created_at"


def promise_handover(connection: Connection, *, report_id: int, regency: str, cause: str) -> int | None:
    """Write a handover and promise to carry it out; None when this cause was written already."""
    return next(iter(promise_handovers(connection, [NewHandover(report_id, regency, cause)])), None)


def promise_handovers(connection: Connection, handovers: Sequence[NewHandover]) -> list[int]:
    """The same of many, in two statements; the ids of those whose cause was not written before."""
    if not handovers:
        return []
    rows = connection.execute(
        text("""
            insert into handover (report_id, regency, cause)
            select * from unnest(cast(:reports as bigint[]), cast(:regencies as text[]), cast(:causes as text[]))
            on conflict (cause) do nothing returning id
        """),
        {
            "reports": [new.report_id for new in handovers],
            "regencies": [new.regency for new in handovers],
            "causes": [new.cause for new in handovers],
        },
    )
    made = [int(row.id) for row in rows]
    outbox.promise_many(connection, Job.HAND_OVER, made)
    return made


def read(connection: Connection, handover_id: int) -> Handover:
    row = connection.execute(text(f"select {_COLUMNS} from handover where id = :id"), {"id": handover_id}).one()
    return Handover(**row._mapping)


def of_report(connection: Connection, report_id: int) -> list[Handover]:
    rows = connection.execute(
        text(f"select {_COLUMNS} from handover where report_id = :id order by id"), {"id": report_id}
    )
    return [Handover(**row._mapping) for row in rows]


def settle(connection: Connection, handover_id: int, *, given: bool, external_id: str = "", error: str = "") -> None:
    connection.execute(
        text("""update handover set state = :state, external_id = nullif(:external_id, ''),
                       error = nullif(:error, ''), settled_at = now() where id = :id"""),
        {"id": handover_id, "state": "given" if given else "failed", "external_id": external_id, "error": error},
    )
