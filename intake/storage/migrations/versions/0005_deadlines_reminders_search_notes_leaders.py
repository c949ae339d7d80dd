"""Deadlines, reminders, search words, notes, leaders

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('day_override',
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('region', sa.Text(), server_default='', nullable=False, comment='a Kemendagri code; empty: the whole country'),
    sa.Column('working', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'region', name=op.f('pk_day_override')),
    comment='Days that are other than the yearly decree says: late cuti bersama, local feasts, working Saturdays.'
    )
    op.create_table('reminder_address',
    sa.Column('regency', sa.Text(), nullable=False, comment='empty: the central desk'),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.CheckConstraint("step in ('remind_officer', 'remind_head', 'tell_leader')", name=op.f('ck_reminder_address_step_known')),
    sa.PrimaryKeyConstraint('regency', 'step', name=op.f('pk_reminder_address')),
    comment='To which mailbox of a regency each step of reminding goes, as one letter a day.'
    )
    op.create_table('sla_change',
    sa.Column('region', sa.Text(), nullable=False, comment='a Kemendagri code, or * for the whole country'),
    sa.Column('report_class', sa.Text(), nullable=False, comment='a class of reports, or * for all of them'),
    sa.Column('changes', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('region', 'report_class', name=op.f('pk_sla_change')),
    comment='Where a region promises other numbers of days than the nation does (intake.domain.sla).'
    )
    op.create_table('deadline',
    sa.Column('report_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('sla_class', sa.Text(), nullable=False),
    sa.Column('calendar_version', sa.Text(), nullable=False),
    sa.Column('verify_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('verify_kept', sa.Boolean(), nullable=True, comment='whether it was done in time; null while it is not done'),
    sa.Column('first_response_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('first_response_kept', sa.Boolean(), nullable=True),
    sa.Column('finish_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finish_kept', sa.Boolean(), nullable=True),
    sa.Column('answer_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('close_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_due', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_clock', sa.Text(), nullable=True, comment="of the officers' clocks that run, the one that is due first"),
    sa.Column('soon_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rung_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_deadline_report_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('report_id', name=op.f('pk_deadline')),
    comment='What intake.domain.deadline computed from the history of a report; computed again at every step.'
    )
    op.create_index('ix_deadline_next_due', 'deadline', ['next_due'], unique=False, postgresql_where=sa.text('next_due is not null'))
    op.create_table('note',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_note_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_note_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note')),
    comment='What officers note for each other. Never shown to a citizen; append-only.'
    )
    op.create_index(op.f('ix_note_report_id'), 'note', ['report_id'], unique=False)
    op.create_table('reminder',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('regency', sa.Text(), nullable=True, comment='null: the central desk'),
    sa.Column('clock', sa.Text(), nullable=False),
    sa.Column('step', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('told_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("step in ('remind_officer', 'remind_head', 'tell_leader')", name=op.f('ck_reminder_step_known')),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_reminder_regency')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_reminder_report_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reminder')),
    sa.UniqueConstraint('report_id', 'clock', 'step', 'due_at', name=op.f('uq_reminder_report_id_clock_step_due_at')),
    comment='Who was to be reminded of which deadline, and when they were told by letter.'
    )
    op.create_index('ix_reminder_untold', 'reminder', ['regency'], unique=False, postgresql_where=sa.text('told_at is null'))
    op.create_table('search_words',
    sa.Column('report_id', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('words', postgresql.TSVECTOR(), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_search_words_report_id'), ondelete='cascade'),
    sa.PrimaryKeyConstraint('report_id', name=op.f('pk_search_words')),
    comment='What a citizen said in all messages of a report, as words to be found; with where it is as one more word.'
    )
    op.create_index('ix_search_words_words', 'search_words', ['words'], unique=False, postgresql_using='gin')
    op.execute("""
        insert into search_words (report_id, words)
        select r.id, to_tsvector('indonesian', string_agg(m.subject || ' ' || left(m.text, 20000), ' ' order by m.id))
                     || array_to_tsvector(array['@' || coalesce(r.regency, '')])
        from report r join message m on m.report_id = r.id group by r.id
    """)
    op.drop_constraint(op.f('ck_officer_role_known'), 'officer', type_='check')
    op.drop_constraint(op.f('ck_officer_regency_by_role'), 'officer', type_='check')
    op.create_check_constraint(op.f('ck_officer_role_known'), 'officer', "role in ('central', 'regency', 'leader')")
    op.create_check_constraint(op.f('ck_officer_regency_by_role'), 'officer', "(role = 'central') = (regency is null)")


def downgrade() -> None:
    op.execute("update officer set active = false, role = 'regency' where role = 'leader'")
    op.drop_constraint(op.f('ck_officer_role_known'), 'officer', type_='check')
    op.drop_constraint(op.f('ck_officer_regency_by_role'), 'officer', type_='check')
    op.create_check_constraint(op.f('ck_officer_role_known'), 'officer', "role in ('central', 'regency')")
    op.create_check_constraint(op.f('ck_officer_regency_by_role'), 'officer', "(role = 'regency') = (regency is not null)")
    op.drop_index('ix_search_words_words', table_name='search_words', postgresql_using='gin')
    op.drop_table('search_words')
    op.drop_index('ix_reminder_untold', table_name='reminder', postgresql_where=sa.text('told_at is null'))
    op.drop_table('reminder')
    op.drop_index(op.f('ix_note_report_id'), table_name='note')
    op.drop_table('note')
    op.drop_index('ix_deadline_next_due', table_name='deadline', postgresql_where=sa.text('next_due is not null'))
    op.drop_table('deadline')
    op.drop_table('sla_change')
    op.drop_table('reminder_address')
    op.drop_table('day_override')
