"""Lists that officers come back to, by name: their own, or their whole desk's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg.types.json import Jsonb
from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class SavedView:
    """``query`` is the address of the list; ``shared``: it is the desk's, not one officer's."""

    id: int
    name: str
    query: Mapping[str, str]
    shared: bool


def visible(connection: Connection, *, officer_id: int, desk: str, most: int) -> list[SavedView]:
    """An officer's own and their desk's, the own ones first; at most so many of each."""
    rows = connection.execute(
        text("""(select id, name, query, false as shared from saved_view where officer_id = :officer_id
                 order by lower(name), id limit :most)
                union all
                (select id, name, query, true from saved_view where officer_id is null and desk = :desk
                 order by lower(name), id limit :most)"""),
        {"officer_id": officer_id, "desk": desk, "most": most},
    )
    return [SavedView(**row._mapping) for row in rows]


def keep(
    connection: Connection, *, officer_id: int, desk: str, shared: bool, name: str, query: Mapping[str, str], most: int
) -> bool:
    """Keep a list under a name; one of the same name is replaced. False when there are too many already."""
    owner = None if shared else officer_id
    done = connection.execute(
        text(f"""insert into saved_view as v (officer_id, desk, name, query, made_by)
                 select :owner, :desk, :name, :query, :officer_id
                 where (select count(*) from saved_view where officer_id is not distinct from :owner
                            and (cast(:owner as bigint) is not null or desk = :desk) and name <> :name) < :most
                 on conflict {"(desk, name) where officer_id is null" if shared
                              else "(officer_id, name) where officer_id is not null"}
                 do update set query = excluded.query, made_by = excluded.made_by, at = now()"""),
        {
            "owner": owner, "desk": desk, "name": name, "query": Jsonb(dict(query)), "officer_id": officer_id,
            "most": most,
        },
    )  # fmt: skip
    return done.rowcount == 1


def drop(connection: Connection, view_id: int, *, officer_id: int, desk: str, may_shared: bool) -> bool:
    """Away with one's own, or with the desk's if one may. False when it is neither."""
    done = connection.execute(
        text("""delete from saved_view where id = :id
                and (officer_id = :officer_id or (officer_id is null and desk = :desk and :may_shared))"""),
        {"id": view_id, "officer_id": officer_id, "desk": desk, "may_shared": may_shared},
    )
    return done.rowcount == 1
