"""Reports and their history. A step is one conditional update: of two officers at once, one wins, the other is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from intake.domain.report import State, StepNotAllowed, states_before
from intake.storage import deadlines, dispositions


@dataclass(frozen=True, slots=True)
class Report:
    id: int
    reference: str
    channel: str
    sender: str
    recipient: str
    answerable: bool
    state: State
    regency: str | None
    district: str | None
    village: str | None
    unit: str | None
    type: str | None
    topic: str | None
    urgency: str | None
    secret: bool
    anonymous: bool
    waiting_for: str | None
    choices: list[str]
    times_asked: int
    merged_into: int | None
    opened_at: datetime
    handed_over_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a report's history."""

    actor: str
    action: str
    from_state: str | None
    to_state: str | None
    reason: str
    detail: Mapping[str, Any]
    at: datetime
    officer: str | None


_COLUMNS = """id, reference, channel, sender, recipient, answerable, state, regency, district, village, unit, type,
              topic, urgency, secret, anonymous, waiting_for, choices, times_asked, merged_into, opened_at,
              handed_over_at, answered_at, closed_at"""
#: What `step` may set besides the state.
_SETTABLE = frozenset(
    {
        "regency", "district", "village", "unit", "type", "topic", "urgency", "secret", "anonymous", "waiting_for",
        "choices", "times_asked", "merged_into", "handed_over_at", "answered_at", "closed_at",
        "held_by",
    }
)  # fmt: skip
#: What another class of reports, or another calendar, follows from.
_MOVES_DEADLINES = frozenset({"regency", "type", "topic"})


def _report(row: Any) -> Report:
    fields = dict(row._mapping)
    fields["state"] = State(fields["state"])
    return Report(**fields)


def find(connection: Connection, report_id: int) -> Report | None:
    row = connection.execute(text(f"select {_COLUMNS} from report where id = :id"), {"id": report_id}).one_or_none()
    return None if row is None else _report(row)


def read(connection: Connection, report_id: int) -> Report:
    return _report(connection.execute(text(f"select {_COLUMNS} from report where id = :id"), {"id": report_id}).one())


def children_of(connection: Connection, report_id: int) -> list[Report]:
    """The reports that were merged into this one."""
    rows = connection.execute(
        text(f"select {_COLUMNS} from report where merged_into = :id order by id"), {"id": report_id}
    )
    return [_report(row) for row in rows]


def step(
    connection: Connection,
    report_id: int,
    to: State,
    *,
    actor: str,
    action: str,
    reason: str = "",
    officer_id: int | None = None,
    only_from: Iterable[State] | None = None,
    detail: Mapping[str, Any] | None = None,
    values: Mapping[str, object] | None = None,
) -> Report:
    """Take a report one step further and write who did it and why. Raises StepNotAllowed when it is elsewhere by now.

    Its deadlines are computed anew with it, and the next alarm is promised.

    ``values`` are other columns to set with it; ``only_from`` narrows the states from which this caller may come.
    """
    values = values or {}
    unknown = values.keys() - _SETTABLE
    if unknown:
        msg = f"not columns a step may set: {sorted(unknown)}"
        raise TypeError(msg)
    allowed = states_before(to) if only_from is None else states_before(to) & frozenset(only_from)
    assignments = "".join(f", {name} = :{name}" for name in sorted(values))
    row = connection.execute(
        text(f"""
            with before as (
                select id as report_id, state as was from report where id = :id for update
            ), stepped as (
                update report set state = :to {assignments} from before
                where report.id = before.report_id and before.was = any(:allowed)
                returning {_COLUMNS}, before.was
            ), written as (
                insert into history (report_id, actor, officer_id, action, from_state, to_state, reason, detail)
                select id, :step_actor, :step_officer, :step_action, was, :to, :step_reason, :step_detail from stepped
            )
            select {_COLUMNS} from stepped
        """),
        {
            "id": report_id, "to": to, "allowed": [str(state) for state in allowed], **values, "step_actor": actor,
            "step_officer": officer_id, "step_action": action, "step_reason": reason,
            "step_detail": Jsonb(dict(detail or {})),
        },
    ).one_or_none()  # fmt: skip
    if row is None:
        raise StepNotAllowed(to)
    if "regency" in values and actor != "system":
        # Whoever had it in hand there has it no more, also if it ever comes back.
        dispositions.end(connection, report_id, officer_id=officer_id, why=action)
        dispositions.unname_reader(connection, report_id)
    deadlines.refresh(connection, report_id)
    return _report(row)


def amend(connection: Connection, report_id: int, values: Mapping[str, object]) -> None:
    """Set what more words of the citizen have taught us, without a step."""
    unknown = values.keys() - _SETTABLE
    if unknown:
        msg = f"not columns that may be amended: {sorted(unknown)}"
        raise TypeError(msg)
    assignments = ", ".join(f"{name} = :{name}" for name in sorted(values))
    connection.execute(text(f"update report set {assignments} where id = :id"), {"id": report_id, **values})
    if _MOVES_DEADLINES & values.keys():
        deadlines.refresh(connection, report_id)


def record(
    connection: Connection,
    report_id: int,
    *,
    actor: str,
    action: str,
    from_state: str | None = None,
    to_state: str | None = None,
    reason: str = "",
    officer_id: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add a line to a report's history. What a citizen added is found by the search from then on."""
    connection.execute(
        text("""insert into history (report_id, actor, officer_id, action, from_state, to_state, reason, detail)
                values (:id, :actor, :officer_id, :action, :from_state, :to_state, :reason, :detail)"""),
        {
            "id": report_id, "actor": actor, "officer_id": officer_id, "action": action, "from_state": from_state,
            "to_state": to_state, "reason": reason, "detail": Jsonb(dict(detail or {})),
        },
    )  # fmt: skip
    if actor == "citizen" and to_state is None:
        deadlines.hear(connection, report_id)


def add_decision(
    connection: Connection,
    *,
    report_id: int,
    message_id: int,
    action: str,
    why: str,
    location: Mapping[str, Any],
    classification: Mapping[str, Any],
) -> None:
    connection.execute(
        text("""insert into decision (report_id, message_id, action, why, location, classification)
                values (:report_id, :message_id, :action, :why, :location, :classification)"""),
        {
            "report_id": report_id, "message_id": message_id, "action": action, "why": why,
            "location": Jsonb(dict(location)), "classification": Jsonb(dict(classification)),
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeptDecision:
    action: str
    why: str
    location: Mapping[str, Any]
    classification: Mapping[str, Any]
    at: datetime


def last_decision(connection: Connection, report_id: int) -> KeptDecision | None:
    row = connection.execute(
        text("""select action, why, location, classification, at from decision
                where report_id = :id order by id desc limit 1"""),
        {"id": report_id},
    ).one_or_none()
    return None if row is None else KeptDecision(**row._mapping)


def history_of(connection: Connection, report_id: int) -> list[Step]:
    rows = connection.execute(
        text("""select h.actor, h.action, h.from_state, h.to_state, h.reason, h.detail, h.at, o.name as officer
                from history h left join officer o on o.id = h.officer_id
                where h.report_id = :id order by h.id"""),
        {"id": report_id},
    )
    return [Step(**row._mapping) for row in rows]
