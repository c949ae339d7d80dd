"""The 514 regencies and their desks, kept equal to the gazetteer of this release."""

from __future__ import annotations

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert

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
