"""Reports and their history. A step is one conditional update: of two officers at once, one wins, the other is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text

from intake.domain.report import State, StepNotAllowed, states_before
from intake.storage import deadlines, dispositions, handovers
from intake.storage.rows import as_json


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


_COLUMNS: Final = ", ".join(field.name for field in fields(Report))
_STATE: Final = [field.name for field in fields(Report)].index("state")
#: What `step` may set besides the state, with its type.
_SETTABLE: Final[Mapping[str, str]] = {
    "regency": "text", "district": "text", "village": "text", "unit": "text", "type": "text", "topic": "text",
    "urgency": "text", "secret": "boolean", "anonymous": "boolean", "waiting_for": "text", "choices": "text[]",
    "times_asked": "integer", "merged_into": "bigint", "handed_over_at": "timestamptz", "answered_at": "timestamptz",
    "closed_at": "timestamptz", "held_by": "bigint",
}  # fmt: skip


class Now(Enum):
    """The moment of the transaction, by the database's clock."""

    NOW = "now()"


NOW: Final = Now.NOW
#: What another class of reports, or another calendar, follows from.
_MOVES_DEADLINES = frozenset({"regency", "type", "topic"})


def _report(row: Any) -> Report:
    values = list(row)  # in the order of the columns: by their names it takes three times as long
    values[_STATE] = State(values[_STATE])
    return Report(*values)


def find(connection: Connection, report_id: int) -> Report | None:
    row = connection.execute(text(f"select {_COLUMNS} from report where id = :id"), {"id": report_id}).one_or_none()
    return None if row is None else _report(row)


def read(connection: Connection, report_id: int) -> Report:
    return _report(connection.execute(text(f"select {_COLUMNS} from report where id = :id"), {"id": report_id}).one())


def read_many(connection: Connection, report_ids: Iterable[int]) -> dict[int, Report]:
    """Those of these reports that exist, by id."""
    rows = connection.execute(text(f"select {_COLUMNS} from report where id = any(:ids)"), {"ids": list(report_ids)})
    return {row.id: _report(row) for row in rows}


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
    moves = "regency" in values and actor != "system"
    if moves:
        values = {**values, "held_by": None}
    unknown = values.keys() - _SETTABLE.keys()
    if unknown:
        msg = f"not columns a step may set: {sorted(unknown)}"
        raise TypeError(msg)
    allowed = states_before(to) if only_from is None else states_before(to) & frozenset(only_from)
    assignments = "".join(f", {name} = {_set_to(name, values[name])}" for name in sorted(values))
    row = connection.execute(
        text(f"""
            with before as (
                select id as report_id, state as was from report where id = :id for no key update
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
            "id": report_id, "to": to, "allowed": [str(state) for state in allowed],
            **{name: value for name, value in values.items() if value is not NOW}, "step_actor": actor,
            "step_officer": officer_id, "step_action": action, "step_reason": reason,
            "step_detail": Jsonb(dict(detail or {})),
        },
    ).one_or_none()  # fmt: skip
    if row is None:
        raise StepNotAllowed(to)
    if moves:
        # Whoever had it in hand there has it no more, also if it ever comes back.
        dispositions.end(connection, report_id, officer_id=officer_id, why=action)
        dispositions.unname_reader(connection, report_id)
    deadlines.refresh(connection, report_id)
    _tell_their_system(
        connection, report_id, to, actor=actor, action=action, detail=detail or {}, moved="regency" in values
    )
    return _report(row)


def _tell_their_system(
    connection: Connection,
    report_id: int,
    to: State,
    *,
    actor: str,
    action: str,
    detail: Mapping[str, Any],
    moved: bool,
) -> None:
    """What a step means to the system of a regency that has one."""
    if moved:
        handovers.tell(connection, report_id, "taken_back")
    if actor == "officer" and to is State.TERDISPOSISI and action != "routed":
        handovers.promise_first(connection, report_id)
    if actor == "citizen":
        said = {"message_id": detail["message_id"]} if "message_id" in detail else {}
        event = _EVENTS.get(action)
        if event == "added" and to is State.DIBUKA_KEMBALI:
            event = "reopened"
        if event is not None:
            handovers.tell(connection, report_id, event, said)


#: What a citizen does to a report, by the action of its history, as the system of a regency is told.
_EVENTS: Final[Mapping[str, handovers.Event]] = {
    "withdrawn": "withdrawn", "finished": "finished_by_citizen", "reopened": "reopened", "added": "added",
}  # fmt: skip


def _set_to(name: str, value: object) -> str:
    return NOW.value if value is NOW else f":{name}"


@dataclass(frozen=True, slots=True)
class Move:
    """A step of ``report`` to be taken by the system. ``values``: other columns to set with it, ``NOW`` for the moment."""

    report: Report
    to: State
    action: str
    reason: str
    values: Mapping[str, object]


def step_many(connection: Connection, moves: Sequence[Move]) -> set[int]:
    """Take many reports one step further each, as ``step`` does; the ids of those that were still where they were.

    One statement for all that set the same columns, and one that computes their deadlines anew.
    """
    alike: dict[tuple[str, ...], list[Move]] = {}
    for move in moves:
        if unknown := move.values.keys() - _SETTABLE.keys():
            msg = f"not columns a step may set: {sorted(unknown)}"
            raise TypeError(msg)
        if move.report.state in states_before(move.to):
            alike.setdefault(tuple(sorted(move.values)), []).append(move)
    stepped: set[int] = set()
    for columns, group in alike.items():
        stepped |= _step_alike(connection, columns, group)
    deadlines.refresh_many(connection, sorted(stepped))
    return stepped


def _step_alike(connection: Connection, columns: Sequence[str], moves: Sequence[Move]) -> set[int]:
    moments = {name for name in columns if _SETTABLE[name] == "timestamptz"}
    assignments = "".join(
        f", {name} = case when given.{name} then now() end" if name in moments else f", {name} = given.{name}"
        for name in columns
    )
    typed = "".join(f", {name} {'boolean' if name in moments else _SETTABLE[name]}" for name in columns)
    rows = connection.execute(
        text(f"""
            with given as (
                select * from json_to_recordset(cast(:rows as json)) as given (
                    id bigint, was text, to_state text, step_action text, step_reason text {typed})
            ), stepped as (
                update report set state = given.to_state {assignments} from given
                where report.id = given.id and report.state = given.was
                returning report.id, given.was, given.to_state, given.step_action, given.step_reason
            )
            insert into history (report_id, actor, action, from_state, to_state, reason)
            select id, 'system', step_action, was, to_state, step_reason from stepped order by id
            returning report_id
        """),
        {
            "rows": as_json(
                [
                    {
                        "id": move.report.id, "was": move.report.state, "to_state": move.to,
                        "step_action": move.action, "step_reason": move.reason,
                        **{name: value is NOW if name in moments else value for name, value in move.values.items()},
                    }
                    for move in moves
                ]
            )
        },
    )  # fmt: skip
    return {row.report_id for row in rows}


def amend(connection: Connection, report_id: int, values: Mapping[str, object]) -> None:
    """Set what more words of the citizen have taught us, without a step. ``values`` as in ``step``, but no ``NOW``."""
    unknown = values.keys() - _SETTABLE.keys()
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
        if action == "added":
            said = {"message_id": detail["message_id"]} if detail and "message_id" in detail else {}
            handovers.tell(connection, report_id, "added", said)


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What was understood of a message and decided, to be kept with its evidence."""

    report_id: int
    message_id: int
    action: str
    why: str
    location: Mapping[str, Any]
    classification: Mapping[str, Any]


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
    add_decisions(connection, [NewDecision(report_id, message_id, action, why, location, classification)])


def add_decisions(connection: Connection, new: Sequence[NewDecision]) -> None:
    """Keep decisions, in one statement."""
    connection.execute(
        text("""
            insert into decision (report_id, message_id, action, why, location, classification)
            select report_id, message_id, action, why, location, classification
            from jsonb_to_recordset(cast(:rows as jsonb)) as given (
                report_id bigint, message_id bigint, action text, why text, location jsonb, classification jsonb)
        """),
        {
            "rows": as_json(
                [
                    {
                        "report_id": one.report_id,
                        "message_id": one.message_id,
                        "action": one.action,
                        "why": one.why,
                        "location": dict(one.location),
                        "classification": dict(one.classification),
                    }
                    for one in new
                ]
            )
        },
    )


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
