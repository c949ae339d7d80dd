"""A report, and everything that is found out, decided, done and promised about it."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from intake.domain.report import State
from intake.storage.tables.shape import metadata, moment

report = Table(
    "report",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("state", Text, nullable=False, server_default=State.DITERIMA.value),
    Column("regency", Text, ForeignKey("regency.code")),
    Column("district", Text),
    Column("village", Text),
    Column("unit", Text),
    Column("type", Text),
    Column("topic", Text),
    Column("urgency", Text),
    Column("secret", Boolean, nullable=False, server_default=text("false")),
    Column("anonymous", Boolean, nullable=False, server_default=text("false")),
    Column("waiting_for", Text),
    Column("choices", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("times_asked", Integer, nullable=False, server_default=text("0")),
    Column("merged_into", BigInteger, ForeignKey("report.id"), index=True),
    Column("held_by", BigInteger, ForeignKey("officer.id"), comment="the officer who took it up"),
    moment("opened_at", default_now=True),
    moment("handed_over_at"),
    moment("answered_at"),
    moment("closed_at"),
    CheckConstraint("state in ({})".format(", ".join(f"'{state}'" for state in State)), name="state_known"),
    Index("ix_report_desk", "regency", "state", "opened_at"),
    Index("ix_report_regency_id", "regency", "id", postgresql_where=text("regency is not null")),
    # For the counts of saved views. None of these is touched when a report comes in: it has no regency yet.
    Index("ix_report_topic", "regency", "topic", "state", postgresql_where=text("regency is not null")),
    Index("ix_report_urgency", "regency", "urgency", "state", postgresql_where=text("regency is not null")),
    Index("ix_report_unit", "regency", "unit", "state", postgresql_where=text("regency is not null")),
    Index(
        "ix_report_triage",
        "opened_at",
        postgresql_where=text("state in ('menunggu_verifikasi','dikembalikan','terverifikasi')"),
    ),
    Index("ix_report_waiting", "sender", "channel", postgresql_where=text("state = 'tertunda'")),
    Index("ix_report_sender", "sender", "opened_at"),
    Index("ix_report_held_by", "held_by", postgresql_where=text("held_by is not null")),
)

decision = Table(
    "decision",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False),
    Column("action", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("location", JSONB, nullable=False),
    Column("classification", JSONB, nullable=False),
    moment("at", default_now=True),
    comment="What was understood and decided, each time, with its evidence and versions. Append-only.",
)

history = Table(
    "history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("officer_id", BigInteger, ForeignKey("officer.id")),
    Column("action", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    moment("at", default_now=True),
    comment="Every step: who, when, from, to, why. Append-only: a trigger refuses anything else.",
)

correction = Table(
    "correction",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("decision_id", BigInteger, ForeignKey("decision.id"), comment="what was shown, with its versions"),
    Column("field", Text, nullable=False),
    Column("shown", Text),
    Column("chosen", Text),
    moment("at", default_now=True),
    CheckConstraint("field in ('regency', 'type', 'topic', 'unit', 'urgency', 'not_a_report')", name="field_known"),
    comment="What officers corrected: labels with who, when and what was shown. Append-only.",
)

publication = Table(
    "publication",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id"), primary_key=True),
    Column("text", Text, nullable=False, comment="masked, and read by the officer before it was shown"),
    Column("answer", Text, nullable=False, server_default=""),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    moment("published_at", default_now=True),
    Index("ix_publication_published_at", "published_at", "report_id"),
    comment="Reports on a regency's public list; one that became secret, or was put aside, is not shown all the same.",
)

rating = Table(
    "rating",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False, unique=True),
    Column("score", Integer, nullable=False),
    moment("at", default_now=True),
    moment("seen_at"),
    Column("seen_by", BigInteger, ForeignKey("officer.id"), comment="the officer who dealt with an unhappy one"),
    CheckConstraint("score between 1 and 5", name="score_known"),
    Index("ix_rating_unhappy", "report_id", postgresql_where=text("score <= 2 and seen_at is null")),
    comment="How content citizens say they are, 1 to 5; the last one of a report counts.",
)

note = Table(
    "note",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("text", Text, nullable=False),
    moment("at", default_now=True),
    comment="What officers note for each other. Never shown to a citizen; append-only.",
)

deadline = Table(
    "deadline",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), primary_key=True, autoincrement=False),
    Column("sla_class", Text, nullable=False),
    Column("calendar_version", Text, nullable=False),
    moment("verify_due"),
    Column("verify_kept", Boolean, comment="whether it was done in time; null while it is not done"),
    moment("first_response_due"),
    Column("first_response_kept", Boolean),
    moment("finish_due"),
    Column("finish_kept", Boolean),
    moment("answer_due"),
    moment("close_due"),
    moment("next_due"),
    Column("next_clock", Text, comment="of the officers' clocks that run, the one that is due first"),
    moment("soon_at"),
    moment("rung_until"),
    Index("ix_deadline_next_due", "next_due", postgresql_where=text("next_due is not null")),
    comment="What intake.domain.deadline computed from the history of a report; computed again at every step.",
)

search_words = Table(
    "search_words",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), primary_key=True, autoincrement=False),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_search_words_words", "words", postgresql_using="gin"),
    comment="What a citizen said in all messages of a report, as words to be found; with where it is as one more word.",
)

disposition = Table(
    "disposition",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), nullable=False),
    Column("unit", Text, nullable=False, comment="a key of the regency's taxonomy"),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), comment="who handed it over; null: a rule of ours"),
    Column("note", Text, nullable=False, server_default=""),
    moment("at", default_now=True),
    moment("ended_at"),
    Column("ended_by", BigInteger, ForeignKey("officer.id")),
    Column("ended_why", Text, nullable=False, server_default=""),
    Column("main", Boolean, nullable=False, server_default=text("false"), comment="the unit that answers the citizen"),
    moment("answered_at"),
    Column("answered_by", BigInteger, ForeignKey("officer.id")),
    Column("words", Text, nullable=False, server_default="", comment="what the unit said about its part; internal"),
    Index("ix_disposition_report", "report_id"),  # of all, for a report that is taken away again
    Index("uq_disposition_now", "report_id", "unit", unique=True, postgresql_where=text("ended_at is null")),
    Index("uq_disposition_main", "report_id", unique=True, postgresql_where=text("main and ended_at is null")),
    comment="Which units of the regency have a report in hand, and had it.",
)

reader = Table(
    "reader",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), nullable=False),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("named_by", BigInteger, ForeignKey("officer.id"), nullable=False),
    moment("at", default_now=True),
    PrimaryKeyConstraint("report_id", "officer_id"),
    comment="Who was named to read a secret report, besides those whose role reads it.",
)
