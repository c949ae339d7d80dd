"""What officers note for each other about a report. No page and no message of a citizen's reads this."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Note:
    text: str
    at: datetime
    officer: str


def add(connection: Connection, report_id: int, *, officer_id: int, words: str) -> None:
    connection.execute(
        text("insert into note (report_id, officer_id, text) values (:report_id, :officer_id, :words)"),
        {"report_id": report_id, "officer_id": officer_id, "words": words},
    )


def of_report(connection: Connection, report_id: int) -> list[Note]:
    """The notes of a report, oldest first."""
    rows = connection.execute(
        text("""select n.text, n.at, o.name as officer from note n join officer o on o.id = n.officer_id
                where n.report_id = :id order by n.id limit 200"""),
        {"id": report_id},
    )
    return [Note(**row._mapping) for row in rows]
