"""What is still to be done, by whom it leaves, and what was handed over."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intake.storage.tables.shape import metadata, moment

outbox = Table(
    "outbox",
    metadata,
    Column("job", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    moment("due_at", default_now=True),
    moment("held_until"),
    Column("token", Uuid),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    moment("parked_at"),
    moment("created_at", default_now=True),
    Column(
        "priority", SmallInteger, nullable=False, server_default=text("1"), comment="lower goes first; of replies only"
    ),
    Column(
        "lane",
        Text,
        nullable=False,
        server_default="",
        comment="channel and regency: lanes take turns; of replies only",
    ),
    PrimaryKeyConstraint("job", "subject_id"),
    Index("ix_outbox_due", "job", "due_at", postgresql_where=text("parked_at is null")),
    Index(
        "ix_outbox_turns",
        "priority",
        "lane",
        "due_at",
        "subject_id",
        postgresql_where=text("job = 'deliver' and parked_at is null"),
    ),
    comment="Promise, alarm clock, lock and retry counter in one row; deleted with the effect it promised.",
)

gateway = Table(
    "gateway",
    metadata,
    Column("name", Text, primary_key=True, comment="the channel's name"),
    Column(
        "failed_at",
        ARRAY(DateTime(timezone=True)),
        nullable=False,
        server_default=text("'{}'"),
        comment="its last failures since it last took something",
    ),
    moment("down_since"),
    moment("probe_at"),
    Column("failed_probes", Integer, nullable=False, server_default=text("0")),
    Column("good_probes", Integer, nullable=False, server_default=text("0")),
    moment("pinned_at"),
    Column("room", Double, comment="segments that may leave at once, as of filled_at; null: never counted"),
    moment("filled_at"),
    comment="How the gateways of SAHUT_GATEWAYS do, as all workers see it. No row: it does well.",
)

handover = Table(
    "handover",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("regency", Text, ForeignKey("regency.code"), nullable=False),
    Column("cause", Text, nullable=False, unique=True),
    Column("event", Text, nullable=False, server_default="handed_over"),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("state", Text, nullable=False, server_default="promised"),
    Column("external_id", Text),
    Column("error", Text),
    moment("created_at", default_now=True),
    moment("settled_at"),
    CheckConstraint("state in ('promised','given','failed')", name="state_known"),
    CheckConstraint(
        "event in ('handed_over','taken_back','withdrawn','finished_by_citizen','reopened','added','rated')",
        name="event_known",
    ),
    Index("ix_handover_report", "report_id"),
)

reminder = Table(
    "reminder",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), nullable=False),
    Column("regency", Text, ForeignKey("regency.code"), comment="null: the central desk"),
    Column("clock", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    moment("at", default_now=True),
    moment("told_at"),
    UniqueConstraint("report_id", "clock", "step", "due_at"),
    CheckConstraint("step in ('remind_officer', 'remind_head', 'tell_leader')", name="step_known"),
    Index("ix_reminder_untold", "regency", postgresql_where=text("told_at is null")),
    comment="Who was to be reminded of which deadline, and when they were told by letter.",
)

reminder_address = Table(
    "reminder_address",
    metadata,
    Column("regency", Text, nullable=False, comment="empty: the central desk"),
    Column("step", Text, nullable=False),
    Column("address", Text, nullable=False, comment="a mailbox, or a number in E.164"),
    Column("unit", Text, nullable=False, server_default="", comment="only reports of this unit; empty: of all"),
    Column("medium", Text, nullable=False, server_default="email"),
    PrimaryKeyConstraint("regency", "step", "unit", "medium", "address"),
    CheckConstraint("step in ('remind_officer', 'remind_head', 'tell_leader')", name="step_known"),
    CheckConstraint("medium in ('email', 'sms', 'whatsapp')", name="medium_known"),
    comment="Who of a regency hears of which step of reminding, by what, once a day.",
)

digest = Table(
    "digest",
    metadata,
    Column("regency", Text, nullable=False, comment="empty: the central desk"),
    Column("day", Date, nullable=False),
    PrimaryKeyConstraint("regency", "day"),
    comment="On which days a regency's people were reminded: a second digest of a day waits for the next.",
)
