"""What people and we say to each other: messages with their files, replies with their receipts, and who is reached how."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intake.storage.tables.shape import metadata, moment

#: A process takes this many message ids at once, so that an id (and with it the reference) is known before the insert.
ID_BLOCK: Final = 32
message_ids = Sequence("message_id_seq", start=1000, increment=ID_BLOCK, metadata=metadata)

message = Table(
    "message",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id")),
    Column("sender", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    Column("answerable", Boolean, nullable=False),
    Column("automatic", Text),
    Column("regency", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("reference_ids", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("extra", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    moment("sent_at"),
    moment("received_at", default_now=True),
    moment("processed_at"),
    UniqueConstraint("channel", "external_id"),
    Index("ix_message_report", "report_id", "id"),
    Index("ix_message_canary", "channel", "received_at", postgresql_where=text("automatic = 'canary'")),
    Index("ix_message_received_at", "received_at", postgresql_using="brin"),  # of a few pages, whatever is stored
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("size", Integer),
    Column("sha256", Text),
    Column("content", LargeBinary, comment="as it came, until it lies in the store"),
    Column("url", Text),
    Column("real_type", Text, comment="what libmagic says it is, whatever its name"),
    Column("verdict", Text, nullable=False, server_default="waiting"),
    Column("scan", Text, nullable=False, server_default="unscanned"),
    Column("stored", Text, comment="SHA-256 of the bytes in the store, which is their name there"),
    moment("inspected_at"),
    Index("ix_attachment_stored", "stored", postgresql_where=text("stored is not null")),
    CheckConstraint("verdict in ('waiting', 'allowed', 'refused', 'damaged')", name="verdict_known"),
    CheckConstraint("scan in ('unscanned', 'clean', 'infected')", name="scan_known"),
)

mail_cursor = Table(
    "mail_cursor",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("uid_validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    moment("updated_at", default_now=True),
    comment="How far mailboxes that cannot call us are read; moves only after a letter is kept.",
)

reply = Table(
    "reply",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id")),
    Column("cause", Text, nullable=False, unique=True, comment="kind and what it answers: a second one is refused"),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column(
        "gateway", Text, comment="by which channel it was last given away; null: not yet, or before there were several"
    ),
    Column(
        "refused_by", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="gateways that said no to it"
    ),
    Column("recipient", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    Column("in_reply_to", Text, nullable=False, server_default=""),
    Column("reference_ids", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("state", Text, nullable=False, server_default="promised"),
    Column("external_id", Text),
    Column("segments", Integer),
    Column("error_code", Text),
    Column("error", Text),
    Column("sends", Integer, nullable=False, server_default=text("0")),
    moment("created_at", default_now=True),
    moment("sending_at"),
    moment("settled_at"),
    CheckConstraint(
        "state in ('promised','sending','accepted','sent','undelivered','failed','delivered','read')",
        name="state_known",
    ),
    Index("ix_reply_report", "report_id", "id"),
    Index("ix_reply_external", "channel", "external_id"),
    Index("ix_reply_gateway", "gateway", "external_id"),
    Index("ix_reply_recipient", "recipient", "created_at"),
    Index("ix_reply_created_at", "created_at"),
)

delivery_report = Table(
    "delivery_report",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("reply_id", BigInteger, ForeignKey("reply.id"), index=True),
    Column("external_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    moment("at", default_now=True),
    comment="Every receipt as it came, repeated and out of order; the reply keeps the highest rank.",
)

person = Table(
    "person",
    metadata,
    Column("family", Text, nullable=False, comment="sms, email, whatsapp ...: what channels of one kind share"),
    Column("address", Text, nullable=False),
    moment("opted_out_at"),
    moment("blocked_at"),
    moment("unreachable_at"),
    Column("reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("family", "address"),
    comment="Who is not answered, and why. Whoever is answered as usual has no row.",
)

contact = Table(
    "contact",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("family", Text, nullable=False),
    Column("address", Text, nullable=False),
    moment("confirmed_at", default_now=True),
    PrimaryKeyConstraint("report_id", "family", "address"),
    comment="A further address that the citizen has shown to be theirs: answers to this report go there too.",
)

code = Table(
    "code",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("address", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    moment("created_at", default_now=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("purpose in ('confirm', 'open')", name="purpose_known"),
    Index("ix_code_report", "report_id", "purpose", "id"),
    comment="One-time codes on their way to a citizen, as digests only; deleted when used and a day after their end.",
)

attempt = Table(
    "attempt",
    metadata,
    Column("what", Text, nullable=False),
    Column("whose", Text, nullable=False, comment="a keyed digest of an address: never the address itself"),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    PrimaryKeyConstraint("what", "whose", "since"),
    Index("ix_attempt_since", "since"),
    comment="How often somebody did something that is limited, by the hour; forgotten after two days.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("channel", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("times", Integer, nullable=False, server_default=text("1")),
    moment("received_at", default_now=True),
    moment("replayed_at"),
    UniqueConstraint("channel", "digest"),
    comment="Genuine requests we could not read, as they came: a person or a later release replays them.",
)

refusal = Table(
    "refusal",
    metadata,
    Column("day", Date, nullable=False, server_default=func.current_date()),
    Column("channel", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("times", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("day", "channel", "reason"),
)
