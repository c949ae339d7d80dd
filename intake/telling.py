"""What officers do is told to the citizen: in the thread of what they said last, and to all whose reports were merged."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from intake import wording
from intake.runtime import Runtime
from intake.saying import medium_of, say
from intake.storage import (
    messages,
    reports,
)
from intake.storage.reports import Report
from intake.understand.locate import regencies


def office_of(report: Report) -> str:
    """Who speaks to the citizen about a report."""
    return regencies()[report.regency].short if report.regency else "Admin Pusat"


def tell(rt: Runtime, connection: Connection, report: Report, words: wording.Wording, *, kind: str, cause: str) -> None:
    """Say it to the citizen, in the thread of what they said last."""
    conversation = messages.of_report(connection, report.id)
    say(rt, connection, report, words, kind=kind, cause=cause, answers=conversation[-1] if conversation else None)


def tell_everybody(
    rt: Runtime, connection: Connection, report: Report, words_for: Callable[[Report], wording.Wording], *, kind: str
) -> None:
    """Say it to the citizen of a report and to those whose reports were merged into it, each under their own number.

    Who texted first: a copy by SMS of what the others are told (``confirm.copy_by_sms``) spares who heard it already.
    """
    count = count_steps(connection, report.id)
    everybody = (report, *reports.children_of(connection, report.id))
    for each in sorted(everybody, key=lambda each: medium_of(rt, each.channel) != "sms"):
        tell(rt, connection, each, words_for(each), kind=kind, cause=f"{kind}:{each.id}:{report.id}:{count}")


def count_steps(connection: Connection, report_id: int) -> int:
    """How many steps the report has taken: makes a cause that is new each time, and the same within one step."""
    counted = connection.execute(text("select count(*) from history where report_id = :id"), {"id": report_id})
    return int(counted.scalar_one())
