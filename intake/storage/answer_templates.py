"""Answers that a desk writes often, by name. A desk is a regency, or the central one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class AnswerTemplate:
    id: int
    name: str
    body: str
    changed_at: datetime
    changed_by: str


_SELECT = """select t.id, t.name, t.body, t.changed_at, o.name as changed_by
             from answer_template t join officer o on o.id = t.changed_by"""


def of_desk(connection: Connection, desk: str) -> list[AnswerTemplate]:
    """All of a desk, by name."""
    rows = connection.execute(
        text(f"{_SELECT} where t.desk = :desk order by lower(t.name), t.id limit 200"), {"desk": desk}
    )
    return [AnswerTemplate(**row._mapping) for row in rows]


def find(connection: Connection, desk: str, template_id: int) -> AnswerTemplate | None:
    row = connection.execute(
        text(f"{_SELECT} where t.desk = :desk and t.id = :id"), {"desk": desk, "id": template_id}
    ).one_or_none()
    return None if row is None else AnswerTemplate(**row._mapping)


def keep(
    connection: Connection, desk: str, *, name: str, body: str, officer_id: int, template_id: int | None = None
) -> bool:
    """A new one, or an old one changed (``template_id``). False when the desk has another of this name, or not this one."""
    if template_id is None:
        done = connection.execute(
            text("""insert into answer_template (desk, name, body, changed_by) values (:desk, :name, :body, :officer_id)
                    on conflict (desk, name) do nothing"""),
            {"desk": desk, "name": name, "body": body, "officer_id": officer_id},
        )
        return done.rowcount == 1
    done = connection.execute(
        text("""update answer_template as t set name = :name, body = :body, changed_by = :officer_id, changed_at = now()
                where id = :id and desk = :desk
                    and not exists (select 1 from answer_template o where o.desk = :desk and o.name = :name and o.id <> :id)
             """),
        {"desk": desk, "name": name, "body": body, "officer_id": officer_id, "id": template_id},
    )
    return done.rowcount == 1


def drop(connection: Connection, desk: str, template_id: int) -> bool:
    """Away with it; False when it was gone, or is another desk's."""
    done = connection.execute(
        text("delete from answer_template where id = :id and desk = :desk"), {"id": template_id, "desk": desk}
    )
    return done.rowcount == 1
