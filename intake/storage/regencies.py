"""The 514 regencies and their desks, kept equal to the gazetteer of this release."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

from intake.domain.report import AT_REST
from intake.storage.tables import desk, regency
from intake.understand.locate import regencies


def refresh(connection: Connection) -> None:
    """Insert what is new, update what was renamed; never delete (reports point here). Every regency gets a desk."""
    rows = [
        {
            "code": r.code,
            "name": r.name,
            "short_name": r.short,
            "province_code": r.province_code,
            "province": r.province,
            "timezone": r.zone,
        }
        for r in regencies().values()
    ]
    statement = insert(regency).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "code"}
    connection.execute(statement.on_conflict_do_update(index_elements=["code"], set_=changed))
    connection.execute(insert(desk).from_select(["regency"], select(regency.c.code)).on_conflict_do_nothing())


def desk_of(connection: Connection, code: str) -> tuple[str, dict[str, object]]:
    """Kind and configuration of a regency's desk."""
    row = connection.execute(select(desk.c.kind, desk.c.config).where(desk.c.regency == code)).one()
    return row.kind, row.config


def configure_desk(connection: Connection, code: str, kind: str, config: dict[str, object]) -> bool:
    """Set how a regency is reached; False when there is no such regency."""
    done = connection.execute(desk.update().where(desk.c.regency == code).values(kind=kind, config=config))
    return done.rowcount == 1


def short_name(connection: Connection, code: str) -> str:
    found = connection.execute(text("select short_name from regency where code = :code"), {"code": code}).scalar_one()
    return str(found)


@dataclass(frozen=True, slots=True)
class Alone:
    """A regency that nobody looks after, and how many reports lie open there."""

    regency: str
    open_reports: int


def without_anybody(connection: Connection) -> list[Alone]:
    """Regencies that have open reports, or settings of their own, and nobody who works there: no officer of the regency or
    of a unit who may log in, and no system or mailbox of its own. Those with most reports first.
    """
    rows = connection.execute(
        text("""
            select code as regency, coalesce(open.n, 0) as open_reports
            from regency
            left join (select regency, count(*) as n from report
                       where regency is not null and state <> all(:ended) group by regency) as open on open.regency = code
            where (open.n > 0 or exists (select 1 from regency_setting s where s.regency = code))
              and not exists (select 1 from officer o
                              where o.regency = code and o.active and o.role in ('regency', 'unit'))
              and not exists (select 1 from desk d where d.regency = code and d.kind <> 'inbox')
            order by open_reports desc, code
        """),
        {"ended": [str(state) for state in AT_REST]},
    )
    return [Alone(**row._mapping) for row in rows]
