"""Officers, how they log in, what they keep for themselves, and what is written down about them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intake.storage.tables.shape import metadata, moment

officer = Table(
    "officer",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("username", Text, nullable=False),
    Column("folded", Text, Computed("lower(username)", persisted=True), unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("regency", Text, ForeignKey("regency.code")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    Column("session_key", Text, nullable=False, comment="part of every log-in cookie: a new one ends them all"),
    Column("failed_logins", Integer, nullable=False, server_default=text("0")),
    moment("locked_until"),
    moment("created_at", default_now=True),
    Column("unit", Text, comment="of a unit officer: the key of the unit in the regency's taxonomy"),
    Column("email", Text, comment="where invitations and new passwords are asked for"),
    Column("totp_secret", Text, comment="sealed with SAHUT_SECRET_KEYS"),
    Column("totp_step", BigInteger, comment="the last time step that was used: a code is good once"),
    moment("totp_since"),
    CheckConstraint("role in ('central', 'regency', 'unit', 'inspector', 'leader', 'operator')", name="role_known"),
    CheckConstraint("(role in ('central', 'operator')) = (regency is null)", name="regency_by_role"),
    CheckConstraint("role <> 'unit' or unit is not null", name="unit_by_role"),
)

officer_session = Table(
    "officer_session",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("digest", Text, nullable=False, unique=True, comment="of what stands in the cookie: never the thing itself"),
    Column("browser", Text, nullable=False, server_default=""),
    moment("since", default_now=True),
    moment("seen_at", default_now=True),
    moment("ended_at"),
    Index("ix_officer_session_open", "officer_id", postgresql_where=text("ended_at is null")),
    comment="Log-ins, one row each; ended ones stay for the audit.",
)

officer_link = Table(
    "officer_link",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    moment("created_at", default_now=True),
    moment("used_at"),
    CheckConstraint("purpose in ('invite', 'reset')", name="purpose_known"),
    comment="Links by which a password is chosen, as digests: good once, and not for long.",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("digest", Text, nullable=False),
    moment("used_at"),
    PrimaryKeyConstraint("officer_id", "digest"),
    comment="What opens an account whose second factor is lost; each once.",
)

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), comment="who did it; null: the command line, or nobody"),
    Column("about_officer_id", BigInteger, ForeignKey("officer.id")),
    Column("report_id", BigInteger, comment="no foreign key: what was looked at stays known when the report is gone"),
    Column("regency", Text, ForeignKey("regency.code"), comment="of the report or the account, when it happened"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("detail", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    moment("at", default_now=True),
    Index("ix_audit_regency", "regency", "id"),
    Index("ix_audit_report", "report_id"),
    comment="Every look at an identity, and everything that happened to accounts. A trigger keeps it append-only.",
)

saved_view = Table(
    "saved_view",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), comment="whose own it is; null: a whole desk's"),
    Column("desk", Text, nullable=False, comment="a regency, or empty for the central desk"),
    Column("name", Text, nullable=False),
    Column("query", JSONB, nullable=False, comment="the address of the list (intake.search.Wanted.as_query)"),
    Column("made_by", BigInteger, ForeignKey("officer.id"), nullable=False),
    moment("at", default_now=True),
    Index("uq_saved_view_own", "officer_id", "name", unique=True, postgresql_where=text("officer_id is not null")),
    Index("uq_saved_view_desk", "desk", "name", unique=True, postgresql_where=text("officer_id is null")),
    comment="Lists that officers come back to, with a name: their own, or their whole desk's.",
)

answer_template = Table(
    "answer_template",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("desk", Text, nullable=False, comment="a regency, or empty for the central desk"),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_by", BigInteger, ForeignKey("officer.id"), nullable=False),
    moment("changed_at", default_now=True),
    UniqueConstraint("desk", "name"),
    comment="Answers a desk writes often, with fields such as {nomor} that are filled for each report.",
)
