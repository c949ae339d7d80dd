"""The first tables

Revision: 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create sequence message_id_seq start with 1000 increment by 32")
    op.create_table('outbox',
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('subject_id', sa.BigInteger(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('held_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('token', sa.Uuid(), nullable=True),
    sa.Column('attempts', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('last_error', sa.Text(), nullable=True),
    sa.Column('parked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('job', 'subject_id', name=op.f('pk_outbox')),
    comment='Promise, alarm clock, lock and retry counter in one row; deleted with the effect it promised.'
    )
    op.create_index('ix_outbox_due', 'outbox', ['job', 'due_at'], unique=False, postgresql_where=sa.text('parked_at is null'))
    op.create_table('quarantine',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('query', sa.Text(), nullable=False),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('times', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('replayed_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quarantine')),
    sa.UniqueConstraint('channel', 'digest', name=op.f('uq_quarantine_channel_digest')),
    comment='Genuine requests we could not read, as they came: a person or a later release replays them.'
    )
    op.create_table('refusal',
    sa.Column('day', sa.Date(), server_default=sa.text('CURRENT_DATE'), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('times', sa.BigInteger(), server_default=sa.text('0'), nullable=False),
    sa.PrimaryKeyConstraint('day', 'channel', 'reason', name=op.f('pk_refusal'))
    )
    op.create_table('regency',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=False),
    sa.Column('province_code', sa.Text(), nullable=False),
    sa.Column('province', sa.Text(), nullable=False),
    sa.Column('timezone', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_regency')),
    comment='The 514 regencies and cities; filled from the gazetteer at every release.'
    )
    op.create_table('desk',
    sa.Column('regency', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), server_default='inbox', nullable=False),
    sa.Column('config', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.CheckConstraint("kind in ('inbox', 'webhook', 'email')", name=op.f('ck_desk_kind_known')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_desk_regency')),
    sa.PrimaryKeyConstraint('regency', name=op.f('pk_desk')),
    comment='Every regency has a desk; most have only our own pages (inbox), some a system or mailbox of theirs too.'
    )
    op.create_table('officer',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('username', sa.Text(), nullable=False),
    sa.Column('folded', sa.Text(), sa.Computed('lower(username)', persisted=True), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('regency', sa.Text(), nullable=True),
    sa.Column('active', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('session_key', sa.Text(), nullable=False, comment='part of every log-in cookie: a new one ends them all'),
    sa.Column('failed_logins', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("(role = 'regency') = (regency is not null)", name=op.f('ck_officer_regency_by_role')),
    sa.CheckConstraint("role in ('central', 'regency')", name=op.f('ck_officer_role_known')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_officer_regency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officer')),
    sa.UniqueConstraint('folded', name=op.f('uq_officer_folded'))
    )
    op.create_table('report',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('answerable', sa.Boolean(), nullable=False),
    sa.Column('state', sa.Text(), server_default='diterima', nullable=False),
    sa.Column('regency', sa.Text(), nullable=True),
    sa.Column('district', sa.Text(), nullable=True),
    sa.Column('village', sa.Text(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=True),
    sa.Column('type', sa.Text(), nullable=True),
    sa.Column('topic', sa.Text(), nullable=True),
    sa.Column('urgency', sa.Text(), nullable=True),
    sa.Column('secret', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('anonymous', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('waiting_for', sa.Text(), nullable=True),
    sa.Column('choices', sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('times_asked', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('handed_over_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('diterima', 'menunggu_verifikasi', 'tertunda', 'terverifikasi', 'terdisposisi', 'diproses', 'ditindaklanjuti', 'ditanggapi_pelapor', 'selesai', 'dibuka_kembali', 'dikembalikan', 'diteruskan', 'digabung', 'diarsipkan')", name=op.f('ck_report_state_known')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_report_regency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report')),
    sa.UniqueConstraint('reference', name=op.f('uq_report_reference'))
    )
    op.create_index('ix_report_desk', 'report', ['regency', 'state', 'opened_at'], unique=False)
    op.create_index('ix_report_sender', 'report', ['sender', 'opened_at'], unique=False)
    op.create_index('ix_report_triage', 'report', ['opened_at'], unique=False, postgresql_where=sa.text("state in ('menunggu_verifikasi','dikembalikan','terverifikasi')"))
    op.create_index('ix_report_waiting', 'report', ['sender', 'channel'], unique=False, postgresql_where=sa.text("state = 'tertunda'"))
    op.create_table('handover',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('regency', sa.Text(), nullable=False),
    sa.Column('cause', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), server_default='promised', nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('promised','given','failed')", name=op.f('ck_handover_state_known')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_handover_regency')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_handover_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover')),
    sa.UniqueConstraint('cause', name=op.f('uq_handover_cause'))
    )
    op.create_index('ix_handover_report', 'handover', ['report_id'], unique=False)
    op.create_table('history',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('from_state', sa.Text(), nullable=True),
    sa.Column('to_state', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_history_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_history_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_history')),
    comment='Every step: who, when, from, to, why. Append-only.'
    )
    op.create_index(op.f('ix_history_report_id'), 'history', ['report_id'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=True),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('answerable', sa.Boolean(), nullable=False),
    sa.Column('automatic', sa.Text(), nullable=True),
    sa.Column('regency', sa.Text(), nullable=True),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('reference_ids', sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('extra', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('processed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_message_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('channel', 'external_id', name=op.f('uq_message_channel_external_id'))
    )
    op.create_index('ix_message_report', 'message', ['report_id', 'id'], unique=False)
    op.create_table('reply',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=True),
    sa.Column('cause', sa.Text(), nullable=False, comment='kind and what it answers: a second one is refused'),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('recipient', sa.Text(), nullable=False),
    sa.Column('sender', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), server_default='', nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('in_reply_to', sa.Text(), server_default='', nullable=False),
    sa.Column('reference_ids', sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('state', sa.Text(), server_default='promised', nullable=False),
    sa.Column('external_id', sa.Text(), nullable=True),
    sa.Column('segments', sa.Integer(), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('sends', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('sending_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('promised','sending','accepted','sent','undelivered','failed','delivered','read')", name=op.f('ck_reply_state_known')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_reply_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reply')),
    sa.UniqueConstraint('cause', name=op.f('uq_reply_cause'))
    )
    op.create_index('ix_reply_external', 'reply', ['channel', 'external_id'], unique=False)
    op.create_index('ix_reply_report', 'reply', ['report_id', 'id'], unique=False)
    op.create_table('attachment',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('sha256', sa.Text(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('url', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_attachment_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    op.create_index(op.f('ix_attachment_message_id'), 'attachment', ['message_id'], unique=False)
    op.create_table('decision',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('why', sa.Text(), nullable=False),
    sa.Column('location', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('classification', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_decision_message_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_decision_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision')),
    comment='What was understood and decided, each time, with its evidence and versions. Append-only.'
    )
    op.create_index(op.f('ix_decision_report_id'), 'decision', ['report_id'], unique=False)
    op.create_table('delivery_report',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('channel', sa.Text(), nullable=False),
    sa.Column('reply_id', sa.BigInteger(), nullable=True),
    sa.Column('external_id', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['reply_id'], ['reply.id'], name=op.f('fk_delivery_report_reply_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_delivery_report')),
    comment='Every receipt as it came, repeated and out of order; the reply keeps the highest rank.'
    )
    op.create_index(op.f('ix_delivery_report_reply_id'), 'delivery_report', ['reply_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_delivery_report_reply_id'), table_name='delivery_report')
    op.drop_table('delivery_report')
    op.drop_index(op.f('ix_decision_report_id'), table_name='decision')
    op.drop_table('decision')
    op.drop_index(op.f('ix_attachment_message_id'), table_name='attachment')
    op.drop_table('attachment')
    op.drop_index('ix_reply_report', table_name='reply')
    op.drop_index('ix_reply_external', table_name='reply')
    op.drop_table('reply')
    op.drop_index('ix_message_report', table_name='message')
    op.drop_table('message')
    op.drop_index(op.f('ix_history_report_id'), table_name='history')
    op.drop_table('history')
    op.drop_index('ix_handover_report', table_name='handover')
    op.drop_table('handover')
    op.drop_index('ix_report_waiting', table_name='report', postgresql_where=sa.text("state = 'tertunda'"))
    op.drop_index('ix_report_triage', table_name='report', postgresql_where=sa.text("state in ('menunggu_verifikasi','dikembalikan','terverifikasi')"))
    op.drop_index('ix_report_sender', table_name='report')
    op.drop_index('ix_report_desk', table_name='report')
    op.drop_table('report')
    op.drop_table('officer')
    op.drop_table('desk')
    op.drop_table('regency')
    op.drop_table('refusal')
    op.drop_table('quarantine')
    op.drop_index('ix_outbox_due', table_name='outbox', postgresql_where=sa.text('parked_at is null'))
    op.drop_table('outbox')
    op.execute("drop sequence message_id_seq")
