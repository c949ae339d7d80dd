"""What is left of a report when its people are forgotten: where, what about, when, how it ended; no word and no name.

``KEPT`` and ``ERASED`` name every column that could hold what somebody wrote or who they are; a test holds them against the
tables, so that a new column without a rule is found. Figures stay as they were. Files in the store are removed after the
commit (``attachments.forgotten``), unless another report has the same: their rows name them until then, so that a command
that broke off is made good by the next.

Sources: UU 27/2022, articles 8 (a person's right to have data erased) and 43 (when the controller must); the reasons for
which data may stay are in article 50. How long reports are kept is for the authority's own retention schedule.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, text

from intake.storage.messages import SAYS_NOTHING

#: table → (which rows belong to the reports ``:ids``, what each column becomes; None: the rows go).
ERASED: Final[dict[str, tuple[str, dict[str, str] | None]]] = {
    "message": (
        "report_id = any(:ids)",
        {
            # The provider's id keeps a forgotten message from being fetched again; of one that may hold a number or an
            # address (a mail's, Meta's, some aggregators'), a digest does (``messages.forgotten_id``).
            "external_id": f"""case when external_id like 'forgotten:%' or external_id ~ '^({SAYS_NOTHING})$'
                then external_id else 'forgotten:' || encode(sha256(convert_to(external_id, 'UTF8')), 'hex') end""",
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
            "name": "''", "content": "null", "url": "null", "stored": "stored", "sha256": "null", "verdict": "'refused'",
            "inspected_at": "null",
        },
    ),
    "delivery_report": (
        "reply_id in (select id from reply where report_id = any(:ids))", {"external_id": "''", "error_code": "null"},
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
    "delivery_report": frozenset({"channel", "status"}),
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


def erase(connection: Connection, report_ids: Sequence[int]) -> None:
    """Forget the people of these reports. What lies in the store is still to be removed (``attachments.forgotten``)."""
    ids = {"ids": list(report_ids)}
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
            connection.execute(text(f"update {table} set {_changes_of(table)} where {where}"), ids)
    connection.execute(
        text(
            """insert into history (report_id, actor, action) select unnest(cast(:ids as bigint[])), 'system', 'forgotten'"""
        ),
        ids,
    )
    connection.execute(text("set local sahut.erase = 'off'"))


#: Commands, machines' letters, codes and answers to commands belong to no report: what says that one is not forgotten yet,
#: whose it is, when it was, and what is still promised for it. A machine's letter may come from nobody, and names in its
#: text whom it is about.
_LOOSE: Final = {
    "message": (
        "(sender <> '' or subject <> '' or text <> '' or extra <> '{}')",
        """(sender = :address or (automatic is not null
            and (strpos(lower(text), :named) > 0 or strpos(lower(cast(extra as text)), :named) > 0)))""",
        "received_at",
        ("process", "inspect"),
    ),
    "reply": ("recipient <> ''", "recipient = :address", "created_at", ("deliver",)),
}
_SHORTEST_SOUGHT: Final = 7
#: Rows that go with them.
_OF_LOOSE: Final = {"message": ("attachment", "message_id"), "reply": ("delivery_report", "reply_id")}


def forget_loose(connection: Connection, *, address: str | None = None, before: datetime | None = None) -> None:
    """Forget what belongs to no report, with its files: all of an address, or all from before a moment."""
    for table, (is_known, is_theirs, moment, jobs) in _LOOSE.items():
        chosen = f"report_id is null and {is_known} and ({is_theirs} or {moment} < :before)"
        given = {"address": address, "named": _sought(address), "before": before, "jobs": list(jobs)}
        connection.execute(
            text(
                f"delete from outbox where job = any(:jobs) and subject_id in (select id from {table} where {chosen})"
            ),
            given,
        )
        beside, key = _OF_LOOSE[table]
        connection.execute(
            text(f"update {beside} set {_changes_of(beside)} where {key} in (select id from {table} where {chosen})"),
            given,
        )
        connection.execute(text(f"update {table} set {_changes_of(table)} where {chosen}"), given)


def _sought(address: str | None) -> str | None:
    """What is looked for in texts; None for a short code, which stands in many by chance."""
    return None if address is None or len(address) < _SHORTEST_SOUGHT else address


def _changes_of(table: str) -> str:
    _, columns = ERASED[table]
    return ", ".join(f"{name} = {value}" for name, value in (columns or {}).items())


def forget_requests(connection: Connection, before: datetime) -> int:
    """Requests in quarantine, counts of attempts, ended log-ins, receipts of nothing we know and what belongs to no report,
    older than this. Returns how many requests went.
    """
    for table, moment in (("attempt", "since"), ("officer_session", "ended_at"), ("officer_link", "expires_at")):
        connection.execute(text(f"delete from {table} where {moment} < :before"), {"before": before})
    connection.execute(text("delete from delivery_report where reply_id is null and at < :before"), {"before": before})
    forget_loose(connection, before=before)
    return connection.execute(text("delete from quarantine where received_at < :before"), {"before": before}).rowcount


def forget_read_requests(connection: Connection, address: str) -> int:
    """Requests in quarantine in which this number or address stands go, when they were read later: their message is kept.
    Returns how many others there are: what nobody has read yet may be somebody else's report, and is for a person to open.
    """
    if _sought(address) is None:
        return 0
    # A form writes the "@" of an address its own way, and people write addresses in any letters.
    written = [address, f"0{address[3:]}"] if address.startswith("+62") else list({address, quote(address, safe="")})
    names = " or ".join(
        f"position(convert_to(:w{n}, 'UTF8') in body) > 0 or strpos(lower(encode(body, 'escape')), lower(:w{n})) > 0"
        f" or strpos(lower(query), lower(:w{n})) > 0"
        for n in range(len(written))
    )
    given = {f"w{n}": each.removeprefix("+") for n, each in enumerate(written)}
    connection.execute(text(f"delete from quarantine where replayed_at is not null and ({names})"), given)
    return int(connection.execute(text(f"select count(*) from quarantine where {names}"), given).scalar_one())
