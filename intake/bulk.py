"""One step for several reports: each by itself, each only if it is still as the officer saw it, and told one by one.

Nothing is all or nothing here: of forty reports one that a colleague took meanwhile must not keep thirty-nine waiting,
and none may be changed unseen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from intake import desk, disposition, merging, report_file
from intake.desk import EmptyText, NoSuchUnit
from intake.domain.permission import Action
from intake.domain.report import State, StepNotAllowed
from intake.report_file import NotYours
from intake.runtime import Runtime
from intake.storage.officers import Officer

Result = Literal["done", "changed", "not_possible", "not_found", "target"]
MOST_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """A report as the officer saw it in the list."""

    reference: str
    seen: State


@dataclass(frozen=True, slots=True)
class Outcome:
    """``changed``: a colleague was quicker; ``not_possible``: not in this state; ``target``: the one merged into."""

    reference: str
    result: Result


@dataclass(frozen=True, slots=True)
class BulkStep:
    """``needs`` is the field that has to be filled in."""

    action: Action
    needs: str
    do: Callable[[Runtime, Officer, Chosen, Mapping[str, str]], object]


#: By the last part of the address.
BULK: Final[Mapping[str, BulkStep]] = {
    "verifikasi": BulkStep(
        Action.VERIFY, "", lambda rt, officer, each, _: desk.verify(rt, officer, each.reference, seen=each.seen)
    ),
    "disposisi": BulkStep(
        Action.DISPOSE,
        "unit",
        lambda rt, officer, each, typed: disposition.dispose(
            rt, officer, each.reference, units=[typed["unit"]], note=typed.get("note", ""), seen=each.seen
        ),
    ),
    "arsip": BulkStep(
        Action.ARCHIVE,
        "reason",
        lambda rt, officer, each, typed: desk.archive(
            rt, officer, each.reference, reason=typed["reason"], seen=each.seen
        ),
    ),
    "gabung": BulkStep(
        Action.MERGE,
        "into",
        lambda rt, officer, each, typed: merging.merge(
            rt, officer, each.reference, into=typed["into"].strip(), seen=each.seen
        ),
    ),
}


def read_chosen(written: Sequence[str]) -> list[Chosen]:
    """What the boxes of a list say (``K7Q-YZ5R.terdisposisi``), each once; what is none is left out."""
    found: dict[str, Chosen] = {}
    for each in written[:MOST_AT_ONCE]:
        reference, _, state = each.partition(".")
        if state in set(State):
            found.setdefault(reference, Chosen(reference, State(state)))
    return list(found.values())


def carry_out(
    rt: Runtime, officer: Officer, step: str, chosen: Sequence[Chosen], typed: Mapping[str, str]
) -> list[Outcome]:
    """Do one step of ``BULK`` with each report, and say of each what became of it.

    Raises NotYours (may not do such things), EmptyText (nothing chosen, or what it needs is missing): then nothing is done.
    """
    wanted = BULK.get(step)
    if wanted is None or not officer.may(wanted.action):
        raise NotYours
    if not chosen or (wanted.needs and not typed.get(wanted.needs, "").strip()):
        raise EmptyText
    if step == "gabung":
        with rt.engine.connect() as connection:
            report_file.find(connection, officer, typed["into"].strip())
    return [Outcome(each.reference, _carry_out_one(rt, officer, wanted, each, typed)) for each in chosen]


def _carry_out_one(rt: Runtime, officer: Officer, wanted: BulkStep, each: Chosen, typed: Mapping[str, str]) -> Result:
    if wanted.action is Action.MERGE and each.reference == typed["into"].strip():
        return "target"
    try:
        wanted.do(rt, officer, each, typed)
    except (NotYours, NoSuchUnit):
        return "not_found" if not _is_there(rt, officer, each) else "not_possible"
    except StepNotAllowed:
        return "not_possible" if _is_there(rt, officer, each) is each.seen else "changed"
    return "done"


def _is_there(rt: Runtime, officer: Officer, each: Chosen) -> State | None:
    """The state of a report of the officer's now; None when it is theirs no more."""
    with rt.engine.connect() as connection:
        try:
            return report_file.find(connection, officer, each.reference).state
        except NotYours:
            return None
