"""What regencies decide for themselves, who is reminded by what, events for their systems, history that cannot be changed

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

#: What is written once and never again. Erasing what the law wants erased is said aloud: set local sahut.erase = 'on'.
APPEND_ONLY = ('history', 'decision', 'correction', 'note')


def upgrade() -> None:
    op.create_table('digest',
    sa.Column('regency', sa.Text(), nullable=False, comment='empty: the central desk'),
    sa.Column('day', sa.Date(), nullable=False),
    sa.PrimaryKeyConstraint('regency', 'day', name=op.f('pk_digest')),
    comment="On which days a regency's people were reminded: a second digest of a day waits for the next."
    )
    op.add_column('handover', sa.Column('event', sa.Text(), server_default='handed_over', nullable=False))
    op.add_column('handover', sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False))
    op.create_table_comment(
        'history',
        'Every step: who, when, from, to, why. Append-only: a trigger refuses anything else.',
        existing_comment='Every step: who, when, from, to, why. Append-only.',
        schema=None
    )
    op.add_column('rating', sa.Column('seen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('rating', sa.Column('seen_by', sa.BigInteger(), nullable=True, comment='the officer who dealt with an unhappy one'))
    op.create_index('ix_rating_unhappy', 'rating', ['report_id'], unique=False, postgresql_where=sa.text('score <= 2 and seen_at is null'))
    op.create_foreign_key(op.f('fk_rating_seen_by'), 'rating', 'officer', ['seen_by'], ['id'])
    op.add_column('regency_setting', sa.Column('least_place', sa.Double(), nullable=True, comment='how sure of the place a report must be to go there unseen, 0 to 1'))
    op.add_column('regency_setting', sa.Column('least_topic', sa.Double(), nullable=True, comment='the same of the topic'))
    op.add_column('regency_setting', sa.Column('verifies_itself', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='a person of the regency looks before a report is handed to a unit'))
    op.add_column('regency_setting', sa.Column('reopen_days', sa.Integer(), nullable=True, comment='working days in which a finished report may be opened again by its citizen'))
    op.add_column('reminder_address', sa.Column('unit', sa.Text(), server_default='', nullable=False, comment='only reports of this unit; empty: of all'))
    op.add_column('reminder_address', sa.Column('medium', sa.Text(), server_default='email', nullable=False))
    op.alter_column('reminder_address', 'address',
               existing_type=sa.TEXT(),
               comment='a mailbox, or a number in E.164',
               existing_nullable=False)
    op.create_table_comment(
        'reminder_address',
        'Who of a regency hears of which step of reminding, by what, once a day.',
        existing_comment='To which mailbox of a regency each step of reminding goes, as one letter a day.',
        schema=None
    )
    op.drop_constraint('pk_reminder_address', 'reminder_address', type_='primary')
    op.create_primary_key('pk_reminder_address', 'reminder_address', ['regency', 'step', 'unit', 'medium', 'address'])
    op.create_check_constraint(op.f('ck_reminder_address_medium_known'), 'reminder_address', "medium in ('email', 'sms', 'whatsapp')")
    op.create_check_constraint(op.f('ck_regency_setting_sure_enough'), 'regency_setting', 'least_place between 0 and 1 and least_topic between 0 and 1')
    op.create_check_constraint(op.f('ck_regency_setting_reopen_days_known'), 'regency_setting', 'reopen_days between 1 and 250')
    op.create_check_constraint(op.f('ck_handover_event_known'), 'handover', "event in ('handed_over','taken_back','withdrawn','finished_by_citizen','reopened','added','rated')")
    op.execute("""
        create function refuse_rewriting() returns trigger language plpgsql as $$
        begin
            if current_setting('sahut.erase', true) = 'on' then
                return null;
            end if;
            raise exception 'what happened is not rewritten: % of %', tg_op, tg_table_name using errcode = 'restrict_violation';
        end $$
    """)
    for table in APPEND_ONLY:
        op.execute(f"""
            create trigger append_only before update or delete or truncate on {table}
            for each statement execute function refuse_rewriting()
        """)


def downgrade() -> None:
    for table in reversed(APPEND_ONLY):
        op.execute(f'drop trigger append_only on {table}')
    op.execute('drop function refuse_rewriting()')
    op.drop_constraint(op.f('ck_handover_event_known'), 'handover', type_='check')
    op.drop_constraint(op.f('ck_regency_setting_reopen_days_known'), 'regency_setting', type_='check')
    op.drop_constraint(op.f('ck_regency_setting_sure_enough'), 'regency_setting', type_='check')
    op.drop_constraint(op.f('ck_reminder_address_medium_known'), 'reminder_address', type_='check')
    op.drop_constraint('pk_reminder_address', 'reminder_address', type_='primary')
    op.execute("delete from reminder_address where medium <> 'email' or unit <> ''")
    op.execute("""
        delete from reminder_address as a using reminder_address as b
        where a.regency = b.regency and a.step = b.step and a.address > b.address
    """)
    op.create_primary_key('pk_reminder_address', 'reminder_address', ['regency', 'step'])
    op.create_table_comment(
        'reminder_address',
        'To which mailbox of a regency each step of reminding goes, as one letter a day.',
        existing_comment='Who of a regency hears of which step of reminding, by what, once a day.',
        schema=None
    )
    op.alter_column('reminder_address', 'address',
               existing_type=sa.TEXT(),
               comment=None,
               existing_comment='a mailbox, or a number in E.164',
               existing_nullable=False)
    op.drop_column('reminder_address', 'medium')
    op.drop_column('reminder_address', 'unit')
    op.drop_column('regency_setting', 'reopen_days')
    op.drop_column('regency_setting', 'verifies_itself')
    op.drop_column('regency_setting', 'least_topic')
    op.drop_column('regency_setting', 'least_place')
    op.drop_constraint(op.f('fk_rating_seen_by'), 'rating', type_='foreignkey')
    op.drop_index('ix_rating_unhappy', table_name='rating', postgresql_where=sa.text('score <= 2 and seen_at is null'))
    op.drop_column('rating', 'seen_by')
    op.drop_column('rating', 'seen_at')
    op.create_table_comment(
        'history',
        'Every step: who, when, from, to, why. Append-only.',
        existing_comment='Every step: who, when, from, to, why. Append-only: a trigger refuses anything else.',
        schema=None
    )
    op.drop_column('handover', 'detail')
    op.drop_column('handover', 'event')
    op.drop_table('digest')
