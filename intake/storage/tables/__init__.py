"""All tables, by what they are about. The migrations in ``migrations/versions`` build them; a test holds the two together.

A report has the id of the message that opened it.
"""

from __future__ import annotations

from intake.storage.tables.conversation import (
    ID_BLOCK,
    attachment,
    attempt,
    code,
    contact,
    delivery_report,
    mail_cursor,
    message,
    message_ids,
    person,
    quarantine,
    refusal,
    reply,
)
from intake.storage.tables.officers import (
    answer_template,
    audit,
    officer,
    officer_link,
    officer_session,
    recovery_code,
    saved_view,
)
from intake.storage.tables.places import day_override, desk, regency, regency_setting, sla_change
from intake.storage.tables.reports import (
    correction,
    deadline,
    decision,
    disposition,
    history,
    note,
    publication,
    rating,
    reader,
    report,
    search_words,
)
from intake.storage.tables.shape import metadata
from intake.storage.tables.work import digest, gateway, handover, outbox, reminder, reminder_address

__all__ = [
    "ID_BLOCK",
    "answer_template",
    "attachment",
    "attempt",
    "audit",
    "code",
    "contact",
    "correction",
    "day_override",
    "deadline",
    "decision",
    "delivery_report",
    "desk",
    "digest",
    "disposition",
    "gateway",
    "handover",
    "history",
    "mail_cursor",
    "message",
    "message_ids",
    "metadata",
    "note",
    "officer",
    "officer_link",
    "officer_session",
    "outbox",
    "person",
    "publication",
    "quarantine",
    "rating",
    "reader",
    "recovery_code",
    "refusal",
    "regency",
    "regency_setting",
    "reminder",
    "reminder_address",
    "reply",
    "report",
    "saved_view",
    "search_words",
    "sla_change",
]
