"""Reports on a regency's public list, as an officer masked and read them.

What surprises: whether one is shown is asked anew each time. A report that became secret, was put aside, merged or taken
to another regency, and every report of a regency that no longer publishes, is gone from the list at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

from intake.domain.report import State

#: Handed to somebody, and looked at there.
SHOWN: Final = frozenset(
    {State.TERVERIFIKASI, State.TERDISPOSISI, State.DIPROSES, State.DITINDAKLANJUTI, State.DITANGGAPI_PELAPOR,
     State.DIBUKA_KEMBALI, State.DITERUSKAN, State.SELESAI}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Publication:
    """What everybody may read of a report."""

    text: str
    answer: str
    topic: str | None
    state: State
    opened_at: datetime


_IS_SHOWN: Final = """p.report_id = r.id and s.regency = r.regency and s.publishes and not r.secret
                      and r.state = any(:shown)"""
_VALUES: Final = {"shown": sorted(str(state) for state in SHOWN)}


def publish(connection: Connection, report_id: int, *, officer_id: int, words: str, answer: str) -> None:
    """Show these words, in place of those before."""
    connection.execute(
        text("""insert into publication (report_id, text, answer, officer_id) values (:id, :text, :answer, :officer_id)
                on conflict (report_id) do update
                set text = excluded.text, answer = excluded.answer, officer_id = excluded.officer_id"""),
        {"id": report_id, "text": words, "answer": answer, "officer_id": officer_id},
    )


def withdraw(connection: Connection, report_id: int) -> bool:
    """Show it no longer. False when it was not on the list."""
    gone = connection.execute(text("delete from publication where report_id = :id"), {"id": report_id})
    return gone.rowcount == 1


def of_report(connection: Connection, report_id: int) -> tuple[str, str] | None:
    """The words and the answer an officer let through, shown now or not."""
    row = connection.execute(
        text("select text, answer from publication where report_id = :id"), {"id": report_id}
    ).one_or_none()
    return None if row is None else (row.text, row.answer)


def count(connection: Connection, regency: str) -> int:
    """How many reports of a regency are shown."""
    found = connection.execute(
        text(
            f"select count(*) from publication p, report r, regency_setting s where {_IS_SHOWN} and r.regency = :regency"
        ),
        {"regency": regency, **_VALUES},
    )
    return int(found.scalar_one())


def shown(connection: Connection, regency: str, *, skip: int = 0, limit: int) -> list[Publication]:
    """The reports of a regency that are shown, the newest first."""
    rows = connection.execute(
        text(f"""select p.text, p.answer, r.topic, r.state, r.opened_at from publication p, report r, regency_setting s
                 where {_IS_SHOWN} and r.regency = :regency
                 order by r.opened_at desc, r.id desc offset :skip limit :limit"""),
        {"regency": regency, "skip": skip, "limit": limit, **_VALUES},
    )
    return [Publication(**{**row._mapping, "state": State(row.state)}) for row in rows]


def shown_of(connection: Connection, report_id: int) -> str:
    """What everybody reads of this report now; empty for nothing."""
    found = connection.execute(
        text(f"select p.text from publication p, report r, regency_setting s where {_IS_SHOWN} and r.id = :id"),
        {"id": report_id, **_VALUES},
    ).scalar_one_or_none()
    return found or ""
