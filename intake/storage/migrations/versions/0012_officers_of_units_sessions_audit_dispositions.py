"""Officers of units, inspectors and operators; their sessions, links and second factors; audit; dispositions

Revision: 0012, after 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=True, comment='who did it; null: the command line, or nobody'),
    sa.Column('about_officer_id', sa.BigInteger(), nullable=True),
    sa.Column('report_id', sa.BigInteger(), nullable=True, comment='no foreign key: what was looked at stays known when the report is gone'),
    sa.Column('regency', sa.Text(), nullable=True, comment='of the report or the account, when it happened'),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['about_officer_id'], ['officer.id'], name=op.f('fk_audit_about_officer_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_audit_officer_id')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_audit_regency')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    comment='Every look at an identity, and everything that happened to accounts. A trigger keeps it append-only.'
    )
    op.create_index('ix_audit_regency', 'audit', ['regency', 'id'], unique=False)
    op.create_index('ix_audit_report', 'audit', ['report_id'], unique=False)
    op.create_table('officer_link',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("purpose in ('invite', 'reset')", name=op.f('ck_officer_link_purpose_known')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_officer_link_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officer_link')),
    sa.UniqueConstraint('digest', name=op.f('uq_officer_link_digest')),
    comment='Links by which a password is chosen, as digests: good once, and not for long.'
    )
    op.create_index(op.f('ix_officer_link_officer_id'), 'officer_link', ['officer_id'], unique=False)
    op.create_table('officer_session',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False, comment='of what stands in the cookie: never the thing itself'),
    sa.Column('browser', sa.Text(), server_default='', nullable=False),
    sa.Column('since', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_officer_session_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officer_session')),
    sa.UniqueConstraint('digest', name=op.f('uq_officer_session_digest')),
    comment='Log-ins, one row each; ended ones stay for the audit.'
    )
    op.create_index('ix_officer_session_open', 'officer_session', ['officer_id'], unique=False, postgresql_where=sa.text('ended_at is null'))
    op.create_table('recovery_code',
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_recovery_code_officer_id')),
    sa.PrimaryKeyConstraint('officer_id', 'digest', name=op.f('pk_recovery_code')),
    comment='What opens an account whose second factor is lost; each once.'
    )
    op.create_table('disposition',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False, comment="a key of the regency's taxonomy"),
    sa.Column('officer_id', sa.BigInteger(), nullable=True, comment='who handed it over; null: a rule of ours'),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.BigInteger(), nullable=True),
    sa.Column('ended_why', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['ended_by'], ['officer.id'], name=op.f('fk_disposition_ended_by')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_disposition_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_disposition_report_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disposition')),
    comment='Which units of the regency have a report in hand, and had it.'
    )
    op.create_index('uq_disposition_now', 'disposition', ['report_id', 'unit'], unique=True, postgresql_where=sa.text('ended_at is null'))
    op.create_table('reader',
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('named_by', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['named_by'], ['officer.id'], name=op.f('fk_reader_named_by')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_reader_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_reader_report_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('report_id', 'officer_id', name=op.f('pk_reader')),
    comment='Who was named to read a secret report, besides those whose role reads it.'
    )
    op.add_column('officer', sa.Column('unit', sa.Text(), nullable=True, comment="of a unit officer: the key of the unit in the regency's taxonomy"))
    op.add_column('officer', sa.Column('email', sa.Text(), nullable=True, comment='where invitations and new passwords are asked for'))
    op.add_column('officer', sa.Column('totp_secret', sa.Text(), nullable=True, comment='sealed with SAHUT_SECRET_KEYS'))
    op.add_column('officer', sa.Column('totp_step', sa.BigInteger(), nullable=True, comment='the last time step that was used: a code is good once'))
    op.add_column('officer', sa.Column('totp_since', sa.DateTime(timezone=True), nullable=True))
    op.add_column('report', sa.Column('held_by', sa.BigInteger(), nullable=True, comment='the officer who took it up'))
    op.create_index('ix_report_held_by', 'report', ['held_by'], unique=False, postgresql_where=sa.text('held_by is not null'))
    op.create_foreign_key(op.f('fk_report_held_by'), 'report', 'officer', ['held_by'], ['id'])
    op.drop_constraint(op.f('ck_officer_role_known'), 'officer', type_='check')
    op.drop_constraint(op.f('ck_officer_regency_by_role'), 'officer', type_='check')
    op.create_check_constraint(op.f('ck_officer_role_known'), 'officer', "role in ('central', 'regency', 'unit', 'inspector', 'leader', 'operator')")
    op.create_check_constraint(op.f('ck_officer_regency_by_role'), 'officer', "(role in ('central', 'operator')) = (regency is null)")
    op.create_check_constraint(op.f('ck_officer_unit_by_role'), 'officer', "role <> 'unit' or unit is not null")
    op.execute("create trigger append_only before update or delete or truncate on audit for each statement execute function refuse_rewriting()")


def downgrade() -> None:
    op.drop_constraint(op.f('ck_officer_role_known'), 'officer', type_='check')
    op.drop_constraint(op.f('ck_officer_regency_by_role'), 'officer', type_='check')
    op.drop_constraint(op.f('ck_officer_unit_by_role'), 'officer', type_='check')
    # The release before knows neither role: nobody may wake up with more rights than they had.
    op.execute("update officer set active = false, role = case when regency is null then 'central' else 'leader' end where role in ('unit', 'inspector', 'operator')")
    op.create_check_constraint(op.f('ck_officer_role_known'), 'officer', "role in ('central', 'regency', 'leader')")
    op.create_check_constraint(op.f('ck_officer_regency_by_role'), 'officer', "(role = 'central') = (regency is null)")
    op.drop_constraint(op.f('fk_report_held_by'), 'report', type_='foreignkey')
    op.drop_index('ix_report_held_by', table_name='report', postgresql_where=sa.text('held_by is not null'))
    op.drop_column('report', 'held_by')
    op.drop_column('officer', 'totp_since')
    op.drop_column('officer', 'totp_step')
    op.drop_column('officer', 'totp_secret')
    op.drop_column('officer', 'email')
    op.drop_column('officer', 'unit')
    op.drop_table('reader')
    op.drop_index('uq_disposition_now', table_name='disposition', postgresql_where=sa.text('ended_at is null'))
    op.drop_table('disposition')
    op.drop_table('recovery_code')
    op.drop_index('ix_officer_session_open', table_name='officer_session', postgresql_where=sa.text('ended_at is null'))
    op.drop_table('officer_session')
    op.drop_index(op.f('ix_officer_link_officer_id'), table_name='officer_link')
    op.drop_table('officer_link')
    op.drop_index('ix_audit_report', table_name='audit')
    op.drop_index('ix_audit_regency', table_name='audit')
    op.drop_table('audit')
