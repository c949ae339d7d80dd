"""Who may do what, as data: the roles of officers and the actions each may take.

Two questions are asked before anything is shown or done, and both have to be answered with yes. This table answers the
first, "may this role do such a thing at all?". ``intake.storage.scope`` answers the second, "is this report one of
theirs?", inside the query, so that what is not theirs never leaves the database.

What surprises: an operator, who keeps the machinery going, reads no report. A leader reads and changes nothing. Whoever
may look at the identity of a reporter still has to write down why, each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, get_args

Role = Literal["central", "regency", "unit", "inspector", "leader", "operator"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
#: These are of the whole country; everybody else belongs to one regency.
NATIONAL: Final[frozenset[Role]] = frozenset({"central", "operator"})


class Action(StrEnum):
    """Everything an officer can ask of the desk. A route names one (``intake.web.log_in.allows``)."""

    OWN_ACCOUNT = "own_account"

    # Looking.
    LIST_REPORTS = "list_reports"
    READ_REPORT = "read_report"
    PRINT_REPORT = "print_report"
    READ_FILE = "read_file"
    EXPORT_REPORTS = "export_reports"
    SEE_FIGURES = "see_figures"

    # Working on a report.
    ENTER_REPORT = "enter_report"
    VERIFY = "verify"
    ROUTE = "route"
    DISPOSE = "dispose"
    TAKE_BACK = "take_back"
    SEND_BACK = "send_back"
    TAKE_UP = "take_up"
    ANSWER = "answer"
    ANSWER_PART = "answer_part"
    ASK = "ask"
    PASS_ON = "pass_on"  # noqa: S105 - no password
    NOTE = "note"
    CORRECT = "correct"
    MERGE = "merge"
    PART = "part"
    CLOSE = "close"
    ARCHIVE = "archive"
    RESTORE = "restore"
    REOPEN = "reopen"
    USE_TEMPLATES = "use_templates"
    WRITE_TEMPLATES = "write_templates"
    BLOCK_SENDER = "block_sender"
    PUBLISH = "publish"

    # Who reports.
    NAME_READERS = "name_readers"
    LOOK_AT_IDENTITY = "look_at_identity"
    REVEAL_ANONYMOUS = "reveal_anonymous"
    READ_AUDIT = "read_audit"

    # People and machinery.
    MANAGE_PEOPLE = "manage_people"
    SET_REGENCY = "set_regency"
    SEE_QUARANTINE = "see_quarantine"
    OPERATE = "operate"


A = Action

_READING: Final = frozenset({A.LIST_REPORTS, A.READ_REPORT, A.PRINT_REPORT, A.READ_FILE})
_HANDLING: Final = frozenset(
    {
        A.ENTER_REPORT,
        A.SEND_BACK,
        A.TAKE_UP,
        A.ANSWER,
        A.ANSWER_PART,
        A.ASK,
        A.NOTE,
        A.CLOSE,
        A.USE_TEMPLATES,
        A.LOOK_AT_IDENTITY,
    }
)
_LEADING_A_DESK: Final = frozenset(
    {A.VERIFY, A.DISPOSE, A.TAKE_BACK, A.PASS_ON, A.CORRECT, A.MERGE, A.PART, A.ARCHIVE, A.RESTORE, A.REOPEN, A.NAME_READERS,
     A.WRITE_TEMPLATES, A.BLOCK_SENDER, A.PUBLISH, A.EXPORT_REPORTS, A.MANAGE_PEOPLE, A.SET_REGENCY}
)  # fmt: skip

#: The one table: what each role may do. Whatever is not in it, nobody may do.
ALLOWED: Final[Mapping[Role, frozenset[Action]]] = {
    "central": _READING
    | _HANDLING
    | _LEADING_A_DESK
    | {A.OWN_ACCOUNT, A.SEE_FIGURES, A.ROUTE, A.REVEAL_ANONYMOUS, A.READ_AUDIT, A.SEE_QUARANTINE, A.OPERATE},
    "regency": _READING | _HANDLING | _LEADING_A_DESK | {A.OWN_ACCOUNT, A.SEE_FIGURES},
    "unit": _READING | _HANDLING | {A.OWN_ACCOUNT, A.SEE_FIGURES},
    "inspector": _READING
    | _HANDLING
    | {A.OWN_ACCOUNT, A.SEE_FIGURES, A.PASS_ON, A.CORRECT, A.REVEAL_ANONYMOUS, A.READ_AUDIT},
    "leader": _READING | {A.OWN_ACCOUNT, A.SEE_FIGURES},
    "operator": frozenset({A.OWN_ACCOUNT, A.OPERATE, A.SEE_QUARANTINE}),
}

#: Whose accounts each role may open, change and close; a regency's admin those of the regency only.
GIVES: Final[Mapping[Role, frozenset[Role]]] = {
    "central": frozenset(ROLES),
    "regency": frozenset({"regency", "unit", "inspector", "leader"}),
}


def may(role: Role, action: Action) -> bool:
    """Whether a role may do such a thing at all."""
    return action in ALLOWED[role]
