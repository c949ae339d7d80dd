"""All tables. The migrations in ``migrations/versions`` build them; a test holds the two together.

Moments are ``timestamptz``; ids are bigint. A report has the id of the message that opened it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from intake.domain.report import State

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=_NAMES)

#: A process takes this many message ids at once, so that an id (and with it the reference) is known before the insert.
ID_BLOCK: Final = 32
message_ids = Sequence("message_id_seq", start=1000, increment=ID_BLOCK, metadata=metadata)

_NOW = text("now()")


def _moment(name: str, *, default_now: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=not default_now, server_default=_NOW if default_now else None)


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
    _moment("opened_at", default_now=True),
    _moment("handed_over_at"),
    _moment("answered_at"),
    _moment("closed_at"),
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
    _moment("sent_at"),
    _moment("received_at", default_now=True),
    _moment("processed_at"),
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
    _moment("inspected_at"),
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
    _moment("updated_at", default_now=True),
    comment="How far mailboxes that cannot call us are read; moves only after a letter is kept.",
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
    _moment("at", default_now=True),
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
    _moment("at", default_now=True),
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
    _moment("at", default_now=True),
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
    _moment("published_at", default_now=True),
    Index("ix_publication_published_at", "published_at", "report_id"),
    comment="Reports on a regency's public list; one that became secret, or was put aside, is not shown all the same.",
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
    _moment("created_at", default_now=True),
    _moment("sending_at"),
    _moment("settled_at"),
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
    _moment("at", default_now=True),
    comment="Every receipt as it came, repeated and out of order; the reply keeps the highest rank.",
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
    _moment("created_at", default_now=True),
    _moment("settled_at"),
    CheckConstraint("state in ('promised','given','failed')", name="state_known"),
    CheckConstraint(
        "event in ('handed_over','taken_back','withdrawn','finished_by_citizen','reopened','added','rated')",
        name="event_known",
    ),
    Index("ix_handover_report", "report_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("job", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    _moment("due_at", default_now=True),
    _moment("held_until"),
    Column("token", Uuid),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    _moment("parked_at"),
    _moment("created_at", default_now=True),
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
    _moment("down_since"),
    _moment("probe_at"),
    Column("failed_probes", Integer, nullable=False, server_default=text("0")),
    Column("good_probes", Integer, nullable=False, server_default=text("0")),
    _moment("pinned_at"),
    Column("room", Double, comment="segments that may leave at once, as of filled_at; null: never counted"),
    _moment("filled_at"),
    comment="How the gateways of SAHUT_GATEWAYS do, as all workers see it. No row: it does well.",
)

person = Table(
    "person",
    metadata,
    Column("family", Text, nullable=False, comment="sms, email, whatsapp ...: what channels of one kind share"),
    Column("address", Text, nullable=False),
    _moment("opted_out_at"),
    _moment("blocked_at"),
    _moment("unreachable_at"),
    Column("reason", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("family", "address"),
    comment="Who is not answered, and why. Whoever is answered as usual has no row.",
)

rating = Table(
    "rating",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("message_id", BigInteger, ForeignKey("message.id"), nullable=False, unique=True),
    Column("score", Integer, nullable=False),
    _moment("at", default_now=True),
    _moment("seen_at"),
    Column("seen_by", BigInteger, ForeignKey("officer.id"), comment="the officer who dealt with an unhappy one"),
    CheckConstraint("score between 1 and 5", name="score_known"),
    Index("ix_rating_unhappy", "report_id", postgresql_where=text("score <= 2 and seen_at is null")),
    comment="How content citizens say they are, 1 to 5; the last one of a report counts.",
)

contact = Table(
    "contact",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False),
    Column("family", Text, nullable=False),
    Column("address", Text, nullable=False),
    _moment("confirmed_at", default_now=True),
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
    _moment("created_at", default_now=True),
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

deadline = Table(
    "deadline",
    metadata,
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), primary_key=True, autoincrement=False),
    Column("sla_class", Text, nullable=False),
    Column("calendar_version", Text, nullable=False),
    _moment("verify_due"),
    Column("verify_kept", Boolean, comment="whether it was done in time; null while it is not done"),
    _moment("first_response_due"),
    Column("first_response_kept", Boolean),
    _moment("finish_due"),
    Column("finish_kept", Boolean),
    _moment("answer_due"),
    _moment("close_due"),
    _moment("next_due"),
    Column("next_clock", Text, comment="of the officers' clocks that run, the one that is due first"),
    _moment("soon_at"),
    _moment("rung_until"),
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

reminder = Table(
    "reminder",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), nullable=False),
    Column("regency", Text, ForeignKey("regency.code"), comment="null: the central desk"),
    Column("clock", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    _moment("at", default_now=True),
    _moment("told_at"),
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

note = Table(
    "note",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id"), nullable=False, index=True),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("text", Text, nullable=False),
    _moment("at", default_now=True),
    comment="What officers note for each other. Never shown to a citizen; append-only.",
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
    _moment("at", default_now=True),
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
    _moment("changed_at", default_now=True),
    UniqueConstraint("desk", "name"),
    comment="Answers a desk writes often, with fields such as {nomor} that are filled for each report.",
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
    _moment("received_at", default_now=True),
    _moment("replayed_at"),
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
    _moment("locked_until"),
    _moment("created_at", default_now=True),
    Column("unit", Text, comment="of a unit officer: the key of the unit in the regency's taxonomy"),
    Column("email", Text, comment="where invitations and new passwords are asked for"),
    Column("totp_secret", Text, comment="sealed with SAHUT_SECRET_KEYS"),
    Column("totp_step", BigInteger, comment="the last time step that was used: a code is good once"),
    _moment("totp_since"),
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
    _moment("since", default_now=True),
    _moment("seen_at", default_now=True),
    _moment("ended_at"),
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
    _moment("created_at", default_now=True),
    _moment("used_at"),
    CheckConstraint("purpose in ('invite', 'reset')", name="purpose_known"),
    comment="Links by which a password is chosen, as digests: good once, and not for long.",
)

recovery_code = Table(
    "recovery_code",
    metadata,
    Column("officer_id", BigInteger, ForeignKey("officer.id"), nullable=False),
    Column("digest", Text, nullable=False),
    _moment("used_at"),
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
    _moment("at", default_now=True),
    Index("ix_audit_regency", "regency", "id"),
    Index("ix_audit_report", "report_id"),
    comment="Every look at an identity, and everything that happened to accounts. A trigger keeps it append-only.",
)

disposition = Table(
    "disposition",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("report_id", BigInteger, ForeignKey("report.id", ondelete="cascade"), nullable=False),
    Column("unit", Text, nullable=False, comment="a key of the regency's taxonomy"),
    Column("officer_id", BigInteger, ForeignKey("officer.id"), comment="who handed it over; null: a rule of ours"),
    Column("note", Text, nullable=False, server_default=""),
    _moment("at", default_now=True),
    _moment("ended_at"),
    Column("ended_by", BigInteger, ForeignKey("officer.id")),
    Column("ended_why", Text, nullable=False, server_default=""),
    Column("main", Boolean, nullable=False, server_default=text("false"), comment="the unit that answers the citizen"),
    _moment("answered_at"),
    Column("answered_by", BigInteger, ForeignKey("officer.id")),
    Column("words", Text, nullable=False, server_default="", comment="what the unit said about its part; internal"),
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
    _moment("at", default_now=True),
    PrimaryKeyConstraint("report_id", "officer_id"),
    comment="Who was named to read a secret report, besides those whose role reads it.",
)
