"""Until when its citizen may open a finished report again: a number of working days that each regency sets.

After that the answer stays where it was given, and ``CEK`` and the page still tell it; a new matter is a new report.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from intake.domain.report import State
from intake.runtime import Runtime
from intake.saying import occasion, say_unasked
from intake.storage import deadlines, regency_settings
from intake.storage.deadlines import CENTRAL_ZONE
from intake.storage.messages import StoredMessage
from intake.storage.reports import Report
from intake.understand.locate import regencies
from intake.wording_desk import closed_for_good


def ends_at(connection: Connection, report: Report) -> datetime | None:
    """The end of the last day on which a finished report may be opened again; None for one that is not finished."""
    if report.state is not State.SELESAI or report.closed_at is None:
        return None
    own = regency_settings.read_own(connection, [report.regency])[report.regency]
    place = regencies().get(report.regency or "")
    return deadlines.rules(connection).calendar.add_working_days(
        report.closed_at, own.reopen_days, zone=place.zone if place else CENTRAL_ZONE, region=report.regency
    )


def is_over(connection: Connection, report: Report, now: datetime) -> bool:
    """Whether it is too late for its citizen to open this report again."""
    end = ends_at(connection, report)
    return end is not None and now > end


def say_it_is_over(rt: Runtime, connection: Connection, report: Report, message: StoredMessage) -> None:
    """Tell the citizen that it is too late, and what to do instead."""
    words = closed_for_good(occasion(rt, report))
    say_unasked(
        rt, connection, report, words, kind="closed_for_good", cause=f"closed_for_good:{message.id}", answers=message
    )
