"""What belongs to a regency: its name, its desk, its settings, its days."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKey,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from intake.storage.tables.shape import metadata

regency = Table(
    "regency",
    metadata,
    Column("code", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("province_code", Text, nullable=False),
    Column("province", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    comment="The 514 regencies and cities; filled from the gazetteer at every release.",
)

desk = Table(
    "desk",
    metadata,
    Column("regency", Text, ForeignKey("regency.code"), primary_key=True),
    Column("kind", Text, nullable=False, server_default="inbox"),
    Column("config", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    CheckConstraint("kind in ('inbox', 'webhook', 'email')", name="kind_known"),
    comment="Every regency has a desk; most have only our own pages (inbox), some a system or mailbox of theirs too.",
)

regency_setting = Table(
    "regency_setting",
    metadata,
    Column("regency", Text, ForeignKey("regency.code"), primary_key=True),
    Column("emergency_numbers", Text, comment="as citizens read them, e.g. 112 (darurat), 0711-000000 (BPBD)"),
    Column(
        "taxonomy",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="units and topics that differ here (Taxonomy.for_regency)",
    ),
    Column("least_place", Double, comment="how sure of the place a report must be to go there unseen, 0 to 1"),
    Column("least_topic", Double, comment="the same of the topic"),
    Column(
        "verifies_itself",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="a person of the regency looks before a report is handed to a unit",
    ),
    Column(
        "reopen_days", Integer, comment="working days in which a finished report may be opened again by its citizen"
    ),
    Column(
        "publishes",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="there is a public list of reports that a person masked and read",
    ),
    CheckConstraint("least_place between 0 and 1 and least_topic between 0 and 1", name="sure_enough"),
    CheckConstraint("reopen_days between 1 and 250", name="reopen_days_known"),
    comment="What a regency sets for itself; no row means the defaults.",
)

day_override = Table(
    "day_override",
    metadata,
    Column("day", Date, nullable=False),
    Column("region", Text, nullable=False, server_default="", comment="a Kemendagri code; empty: the whole country"),
    Column("working", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("day", "region"),
    comment="Days that are other than the yearly decree says: late cuti bersama, local feasts, working Saturdays.",
)

sla_change = Table(
    "sla_change",
    metadata,
    Column("region", Text, nullable=False, comment="a Kemendagri code, or * for the whole country"),
    Column("report_class", Text, nullable=False, comment="a class of reports, or * for all of them"),
    Column("changes", JSONB, nullable=False),
    PrimaryKeyConstraint("region", "report_class"),
    comment="Where a region promises other numbers of days than the nation does (intake.domain.sla).",
)
