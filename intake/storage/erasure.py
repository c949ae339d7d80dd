"""What is left of a report when its people are forgotten: where, what about, when, how it ended; no word and no name.

``KEPT`` and ``ERASED`` name every column that could hold what somebody wrote or who they are; a test holds them against the
tables, so that a new column without a rule is found. Figures stay as they were. Files in the store are named by what
this returns: they are removed after the commit, unless another report has the same.

Sources: UU 27/2022, articles 8 (a person's right to have data erased) and 43 (when the controller must); the reasons for
which data may stay are in article 50. How long reports are kept is for the authority's own retention schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, text

#: table → (which rows belong to the reports ``:ids``, what each column becomes; None: the rows go).
ERASED: Final[dict[str, tuple[str, dict[str, str] | None]]] = {
    "message": (
        "report_id = any(:ids)",
        {
            # The provider's id keeps a forgotten message from being fetched again; of a mail's, which may hold an address,
            # a digest does (``messages.forgotten_id``).
            "external_id": """case when external_id like '%@%'
                then 'forgotten:' || encode(sha256(convert_to(external_id, 'UTF8')), 'hex') else external_id end""",
            "sender": "''", "subject": "''", "text": "''", "latitude": "null",
            "longitude": "null", "reference_ids": "'{}'", "extra": "'{}'",
        },
    ),
    "report": ("id = any(:ids)", {"sender": "''", "choices": "'{}'", "waiting_for": "null", "answerable": "false"}),
    "reply": (
        "report_id = any(:ids)",
        {
            "recipient": "''", "subject": "''", "text": "''", "in_reply_to": "''", "reference_ids": "'{}'",
            "external_id": "null", "error": "null",
        },
    ),
    "decision": ("report_id = any(:ids)", {"location": "'{}'", "classification": "'{}'"}),
    "disposition": ("report_id = any(:ids)", {"note": "''", "words": "''", "ended_why": "''"}),
    "handover": ("report_id = any(:ids)", {"detail": "'{}'", "error": "null"}),
    "history": ("report_id = any(:ids)", {"reason": "''", "detail": "'{}'"}),
    "attachment": (
        "message_id in (select id from message where report_id = any(:ids))",
        {
            "name": "''", "content": "null", "url": "null", "stored": "null", "sha256": "null", "verdict": "'refused'",
        },
    ),
    "note": ("report_id = any(:ids)", None),
    "contact": ("report_id = any(:ids)", None),
    "code": ("report_id = any(:ids)", None),
    "publication": ("report_id = any(:ids)", None),
    "search_words": ("report_id = any(:ids)", None),
}  # fmt: skip

#: What says nothing about a person: codes, states, figures, our own addresses, and officers' accounts.
KEPT: Final[dict[str, frozenset[str]]] = {
    "message": frozenset({"channel", "recipient", "automatic", "regency"}),
    "report": frozenset({"reference", "channel", "recipient", "state", "regency", "district", "village", "unit", "type",
                         "topic", "urgency"}),
    "reply": frozenset({"cause", "kind", "channel", "gateway", "refused_by", "sender", "state", "error_code"}),
    "decision": frozenset({"action", "why"}),
    "disposition": frozenset({"unit"}),
    "handover": frozenset({"regency", "cause", "event", "state", "external_id"}),
    "history": frozenset({"actor", "action", "from_state", "to_state"}),
    "attachment": frozenset({"content_type", "real_type", "scan"}),
    "deadline": frozenset({"sla_class", "calendar_version", "next_clock"}),
    "delivery_report": frozenset({"channel", "external_id", "status", "error_code"}),
    "correction": frozenset({"field", "shown", "chosen"}),
    "reminder": frozenset({"regency", "clock", "step"}),
    # Who looked at whose identity, and why, is kept for the person's own sake; it names reports by number.
    "audit": frozenset({"kind", "regency", "reason", "detail"}),
}  # fmt: skip

#: Ended so long ago that nothing can come back to it.
ENDED: Final = ("selesai", "diarsipkan")


def ended_before(connection: Connection, moment: datetime, *, most: int) -> list[int]:
    """Reports that ended before this moment and are not forgotten yet, the oldest first."""
    rows = connection.execute(
        text("""select id from report where state = any(:ended) and closed_at < :moment
                and not exists (select from history where report_id = report.id and action = 'forgotten')
                order by closed_at limit :most"""),
        {"ended": list(ENDED), "moment": moment, "most": most},
    )
    return [int(row.id) for row in rows]


def known_of(connection: Connection, report_ids: Sequence[int]) -> set[int]:
    """Which of these reports there are."""
    rows = connection.execute(text("select id from report where id = any(:ids)"), {"ids": list(report_ids)})
    return {int(row.id) for row in rows}


def of_sender(connection: Connection, address: str) -> list[int]:
    """All reports of a number or an address, by every channel."""
    rows = connection.execute(
        text("""select id from report where sender = :address
                union select report_id from contact where address = :address order by 1"""),
        {"address": address},
    )
    return [int(row[0]) for row in rows]


def still_open(connection: Connection, report_ids: Sequence[int]) -> list[str]:
    """References of those that are not at their end: somebody still owes an answer there."""
    rows = connection.execute(
        text("select reference from report where id = any(:ids) and state <> all(:ended) order by id"),
        {"ids": list(report_ids), "ended": list(ENDED)},
    )
    return [str(row.reference) for row in rows]


def erase(connection: Connection, report_ids: Sequence[int]) -> list[str]:
    """Forget the people of these reports. Returns the names of files in the store that nobody needs any more."""
    ids = {"ids": list(report_ids)}
    where_files, _ = ERASED["attachment"]
    stored = connection.execute(
        text(f"select distinct stored from attachment where {where_files} and stored is not null"), ids
    )
    names = [str(row.stored) for row in stored]
    connection.execute(text("set local sahut.erase = 'on'"))
    # What is promised to nobody is not carried out: neither a reply without a recipient nor a look at a file.
    connection.execute(
        text("""delete from outbox where (job = 'deliver'
                    and subject_id in (select id from reply where report_id = any(:ids)))
                or (job in ('process', 'inspect')
                    and subject_id in (select id from message where report_id = any(:ids)))"""),
        ids,
    )
    for table, (where, columns) in ERASED.items():
        if columns is None:
            connection.execute(text(f"delete from {table} where {where}"), ids)
        else:
            changes = ", ".join(f"{name} = {value}" for name, value in columns.items())
            connection.execute(text(f"update {table} set {changes} where {where}"), ids)
    connection.execute(
        text(
            """insert into history (report_id, actor, action) select unnest(cast(:ids as bigint[])), 'system', 'forgotten'"""
        ),
        ids,
    )
    connection.execute(text("set local sahut.erase = 'off'"))
    still = connection.execute(
        text("select distinct stored from attachment where stored = any(:names)"), {"names": names}
    )
    used = {str(row.stored) for row in still}
    return [name for name in names if name not in used]


#: Commands, machines' letters, codes and answers to commands belong to no report.
_LOOSE: Final = {
    "message": ("sender", "received_at", ("process", "inspect")),
    "reply": ("recipient", "created_at", ("deliver",)),
}


def forget_loose(connection: Connection, *, address: str | None = None, before: datetime | None = None) -> None:
    """Forget what belongs to no report: all of an address, or all from before a moment."""
    for table, (who, moment, jobs) in _LOOSE.items():
        _, columns = ERASED[table]
        changes = ", ".join(f"{name} = {value}" for name, value in (columns or {}).items())
        chosen = f"report_id is null and {who} <> '' and ({who} = :address or {moment} < :before)"
        given = {"address": address, "before": before, "jobs": list(jobs)}
        connection.execute(
            text(
                f"delete from outbox where job = any(:jobs) and subject_id in (select id from {table} where {chosen})"
            ),
            given,
        )
        connection.execute(text(f"update {table} set {changes} where {chosen}"), given)


def forget_requests(connection: Connection, before: datetime) -> int:
    """Requests in quarantine, counts of attempts, ended log-ins and what belongs to no report, older than this. Returns
    how many requests went.
    """
    for table, moment in (("attempt", "since"), ("officer_session", "ended_at"), ("officer_link", "expires_at")):
        connection.execute(text(f"delete from {table} where {moment} < :before"), {"before": before})
    forget_loose(connection, before=before)
    return connection.execute(text("delete from quarantine where received_at < :before"), {"before": before}).rowcount
