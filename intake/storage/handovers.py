"""Reports on their way to a regency's own system, and what happened to them after they arrived there.

What surprises: an event is promised only where a system was told of the report itself, and goes to the regency that was
told, also when the report is another's by now: a system that still works on what was taken back answers for nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from intake.storage import outbox
from intake.storage.outbox import Job

#: What a regency's own system is told of: the report, and what happened to it on our side.
Event = Literal["handed_over", "taken_back", "withdrawn", "finished_by_citizen", "reopened", "added", "rated"]


@dataclass(frozen=True, slots=True)
class Handover:
    """``detail`` of an event: ``message_id`` of what the citizen said, ``score`` of a rating; ``inbox`` of a report that was
    given to an inbox: a system that the regency gets later knows nothing of it.
    """

    id: int
    report_id: int
    regency: str
    event: Event
    detail: Mapping[str, Any]
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


_COLUMNS = "id, report_id, regency, event, detail, state, external_id, error, created_at"


def promise_handover(connection: Connection, *, report_id: int, regency: str, cause: str) -> int | None:
    """Write a handover and promise to carry it out; None when this cause was written already."""
    return next(iter(promise_handovers(connection, [NewHandover(report_id, regency, cause)])), None)


def promise_handovers(connection: Connection, handovers: Sequence[NewHandover]) -> list[int]:
    """The same of many, in two statements; the ids of those whose cause was not written before.

    Where a regency has no system of its own, the report is in its inbox by its state, and nothing is left to do: the
    handover is written as done, with no promise. In a flood that is most of them.
    """
    if not handovers:
        return []
    rows = connection.execute(
        text("""
            insert into handover (report_id, regency, cause, state, settled_at, detail)
            select given.report_id, given.regency, given.cause, case when d.kind <> 'inbox' then 'promised' else 'given' end,
                   case when d.kind <> 'inbox' then null else now() end,
                   case when d.kind <> 'inbox' then '{}'::jsonb else '{"inbox": true}'::jsonb end
            from unnest(cast(:reports as bigint[]), cast(:regencies as text[]), cast(:causes as text[]))
                 as given (report_id, regency, cause) left join desk d on d.regency = given.regency
            on conflict (cause) do nothing returning id, state
        """),
        {
            "reports": [new.report_id for new in handovers],
            "regencies": [new.regency for new in handovers],
            "causes": [new.cause for new in handovers],
        },
    ).all()
    outbox.promise_many(connection, Job.HAND_OVER, [row.id for row in rows if row.state == "promised"])
    return [int(row.id) for row in rows]


def tell(connection: Connection, report_id: int, event: Event, detail: Mapping[str, Any] | None = None) -> None:
    """Promise to tell the system of whoever was handed the report last; nothing where there is no such system.

    ``taken_back`` goes to a regency that has it no more, and once; all others to the one that has it.
    """
    given = detail or {}
    row = connection.execute(
        text("""
            insert into handover (report_id, regency, event, detail, cause)
            select r.id, last.regency, :event, :detail, :event || ':' || r.id || ':' || coalesce(
                       cast(:message_id as text), (select max(id)::text from history where report_id = r.id), '')
            from report r
            cross join lateral (select id, regency, detail from handover where report_id = r.id and event = 'handed_over'
                                order by id desc limit 1) as last
            join desk d on d.regency = last.regency and d.kind <> 'inbox'
            where r.id = :id and not last.detail ? 'inbox'
              and (r.regency is not distinct from last.regency) = (:event <> 'taken_back')
              and not (:event = 'taken_back' and exists (
                  select 1 from handover where report_id = r.id and event = 'taken_back' and id > last.id))
            on conflict (cause) do nothing returning id
        """),
        {
            "id": report_id, "event": event, "detail": Jsonb(dict(given)),
            "message_id": str(given["message_id"]) if "message_id" in given else None,
        },
    ).one_or_none()  # fmt: skip
    if row is not None:
        outbox.promise(connection, Job.HAND_OVER, row.id)


def promise_first(connection: Connection, report_id: int) -> None:
    """Promise to hand a report to the system of its regency unless that was done: a person verified it there."""
    row = connection.execute(
        text("""
            select r.regency, (select max(id) from history where report_id = r.id) as step from report r
            where r.id = :id and r.regency is not null and not exists (
                select 1 from handover h where h.report_id = r.id and h.regency = r.regency
                    and h.event = 'handed_over' and h.state <> 'failed'
                    and not exists (select 1 from handover t where t.report_id = r.id and t.event = 'taken_back'
                                    and t.id > h.id))
        """),
        {"id": report_id},
    ).one_or_none()
    if row is not None:
        cause = f"verified:{report_id}:{row.step}"
        promise_handover(connection, report_id=report_id, regency=row.regency, cause=cause)


def first_of(connection: Connection, event: Handover) -> Handover | None:
    """The hand-over of the report that an event follows on; None when there was none."""
    row = connection.execute(
        text(f"""select {_COLUMNS} from handover where report_id = :report_id and regency = :regency
                 and event = 'handed_over' and id < :id order by id desc limit 1"""),
        {"report_id": event.report_id, "regency": event.regency, "id": event.id},
    ).one_or_none()
    return None if row is None else Handover(**row._mapping)


def read(connection: Connection, handover_id: int) -> Handover:
    row = connection.execute(text(f"select {_COLUMNS} from handover where id = :id"), {"id": handover_id}).one()
    return Handover(**row._mapping)


def of_report(connection: Connection, report_id: int) -> list[Handover]:
    rows = connection.execute(
        text(f"select {_COLUMNS} from handover where report_id = :id and event = 'handed_over' order by id"),
        {"id": report_id},
    )
    return [Handover(**row._mapping) for row in rows]


def settle(connection: Connection, handover_id: int, *, given: bool, external_id: str = "", error: str = "") -> None:
    connection.execute(
        text("""update handover set state = :state, external_id = nullif(:external_id, ''),
                       error = nullif(:error, ''), settled_at = now() where id = :id"""),
        {"id": handover_id, "state": "given" if given else "failed", "external_id": external_id, "error": error},
    )
