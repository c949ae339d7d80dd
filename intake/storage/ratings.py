"""How content citizens say they are with what became of their reports, and which of them nobody has dealt with yet.

The last word of a report counts. One of 1 or 2 stays before the desk until an officer has looked at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

#: Up to this score somebody is unhappy.
UNHAPPY: Final = 2

#: For a query over ``report r``: its last rating is an unhappy one that no officer has dealt with.
UNHAPPY_REPORT: Final = f"""exists (
    select 1 from rating u where u.report_id = r.id and u.score <= {UNHAPPY} and u.seen_at is null
        and not exists (select 1 from rating v where v.report_id = r.id and v.id > u.id))"""


@dataclass(frozen=True, slots=True)
class Rating:
    score: int
    at: datetime
    seen_at: datetime | None

    @property
    def waits(self) -> bool:
        """Whether an officer should look at it."""
        return self.score <= UNHAPPY and self.seen_at is None


def last_of(connection: Connection, report_id: int) -> Rating | None:
    """What its citizen said last."""
    row = connection.execute(
        text("select score, at, seen_at from rating where report_id = :id order by id desc limit 1"), {"id": report_id}
    ).one_or_none()
    return None if row is None else Rating(row.score, row.at, row.seen_at)


def mark_seen(connection: Connection, report_id: int, officer_id: int) -> bool:
    """An officer has dealt with the unhappy words of a report; False when there were none left."""
    done = connection.execute(
        text(f"""update rating set seen_at = now(), seen_by = :officer
                 where report_id = :id and score <= {UNHAPPY} and seen_at is null"""),
        {"id": report_id, "officer": officer_id},
    )
    return bool(done.rowcount)
