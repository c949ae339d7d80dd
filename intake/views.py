"""Saved views: a list with its filters and search words, under a name, with how many reports it holds now.

What surprises: a view keeps the address of a list, not its reports; who may see what is asked each time anew. Nothing is
counted past ``search.MOST_COUNTED``, and all counts are one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from intake import search
from intake.answer_templates import desk_of
from intake.desk import EmptyText
from intake.domain.permission import Action
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.search import Wanted
from intake.storage import saved_views
from intake.storage.officers import Officer

MOST_VIEWS: Final = 12
LONGEST_NAME: Final = 60
#: What all officers of a desk find is written by those who write its templates.
WRITES_SHARED: Final = Action.WRITE_TEMPLATES


class TooManyViews(Exception):
    """The officer, or the desk, has MOST_VIEWS already."""


@dataclass(frozen=True, slots=True)
class CountedView:
    """``count`` is at most ``search.MOST_COUNTED``."""

    id: int
    name: str
    wanted: Wanted
    shared: bool
    may_drop: bool
    count: int


def counted_views(connection: Connection, officer: Officer, *, now: datetime) -> list[CountedView]:
    """The views this officer finds at their desk, each with its count."""
    found = saved_views.visible(connection, officer_id=officer.id, desk=desk_of(officer), most=MOST_VIEWS)
    wanted = [Wanted.of(view.query) for view in found]
    numbers = search.count_each(connection, officer, wanted, now=now)
    may_shared = officer.may(WRITES_SHARED)
    return [
        CountedView(view.id, view.name, each, view.shared, may_shared or not view.shared, number)
        for view, each, number in zip(found, wanted, numbers, strict=True)
    ]


def keep_view(rt: Runtime, officer: Officer, *, name: str, wanted: Wanted, shared: bool) -> None:
    """Keep a list under a name. Raises EmptyText (no name), NotYours (may not share), TooManyViews."""
    called = " ".join(name.split())[:LONGEST_NAME]
    if shared and not officer.may(WRITES_SHARED):
        raise NotYours
    if not called:
        raise EmptyText
    with rt.engine.begin() as connection:
        kept = saved_views.keep(
            connection, officer_id=officer.id, desk=desk_of(officer), shared=shared, name=called,
            query=wanted.as_query(), most=MOST_VIEWS,
        )  # fmt: skip
    if not kept:
        raise TooManyViews


def drop_view(rt: Runtime, officer: Officer, view_id: int) -> None:
    """Away with a view. Raises NotYours."""
    with rt.engine.begin() as connection:
        gone = saved_views.drop(
            connection, view_id, officer_id=officer.id, desk=desk_of(officer), may_shared=officer.may(WRITES_SHARED)
        )
    if not gone:
        raise NotYours
