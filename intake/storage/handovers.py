"""Reports on their way to a regency's own system."""

from __future__ import annotations

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


_COLUMNS = "id, report_id, regency, state, external_id, error, created_at"


def promise_handover(connection: Connection, *, report_id: int, regency: str, cause: str) -> int | None:
    """Write a handover and promise to carry it out; None when this cause was written already."""
    row = connection.execute(
        text("""insert into handover (report_id, regency, cause) values (:report_id, :regency, :cause)
                on conflict (cause) do nothing returning id"""),
        {"report_id": report_id, "regency": regency, "cause": cause},
    ).one_or_none()
    if row is None:
        return None
    outbox.promise(connection, Job.HAND_OVER, row.id)
    return int(row.id)


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
