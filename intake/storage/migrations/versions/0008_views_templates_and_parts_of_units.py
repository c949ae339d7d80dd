"""Saved views, templates of answers, parts of units; an index for the whole list of a regency

Revision: 0008, after 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('answer_template',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('desk', sa.Text(), nullable=False, comment='a regency, or empty for the central desk'),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('changed_by', sa.BigInteger(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['changed_by'], ['officer.id'], name=op.f('fk_answer_template_changed_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_answer_template')),
    sa.UniqueConstraint('desk', 'name', name=op.f('uq_answer_template_desk_name')),
    comment='Answers a desk writes often, with fields such as {nomor} that are filled for each report.'
    )
    op.create_table('saved_view',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=True, comment="whose own it is; null: a whole desk's"),
    sa.Column('desk', sa.Text(), nullable=False, comment='a regency, or empty for the central desk'),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('query', postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment='the address of the list (intake.search.Wanted.as_query)'),
    sa.Column('made_by', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['made_by'], ['officer.id'], name=op.f('fk_saved_view_made_by')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_saved_view_officer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_view')),
    comment="Lists that officers come back to, with a name: their own, or their whole desk's."
    )
    op.create_index('uq_saved_view_desk', 'saved_view', ['desk', 'name'], unique=True, postgresql_where=sa.text('officer_id is null'))
    op.create_index('uq_saved_view_own', 'saved_view', ['officer_id', 'name'], unique=True, postgresql_where=sa.text('officer_id is not null'))
    op.create_table('unit_part',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('unit', sa.Text(), nullable=False),
    sa.Column('main', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('state', sa.Text(), server_default='waiting', nullable=False),
    sa.Column('instruction', sa.Text(), server_default='', nullable=False),
    sa.Column('words', sa.Text(), server_default='', nullable=False, comment='what the unit says about its part; internal'),
    sa.Column('given_by', sa.BigInteger(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('settled_by', sa.BigInteger(), nullable=True),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state in ('waiting', 'answered', 'taken_back')", name=op.f('ck_unit_part_state_known')),
    sa.ForeignKeyConstraint(['given_by'], ['officer.id'], name=op.f('fk_unit_part_given_by')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_unit_part_report_id')),
    sa.ForeignKeyConstraint(['settled_by'], ['officer.id'], name=op.f('fk_unit_part_settled_by')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unit_part')),
    comment='A report in the hands of several units: each has its part, and the main one answers the citizen.'
    )
    op.create_index('ix_unit_part_unit', 'unit_part', ['unit', 'report_id'], unique=False)
    op.create_index('uq_unit_part_main', 'unit_part', ['report_id'], unique=True, postgresql_where=sa.text("main and state <> 'taken_back'"))
    op.create_index('uq_unit_part_unit', 'unit_part', ['report_id', 'unit'], unique=True, postgresql_where=sa.text("state <> 'taken_back'"))
    op.create_index('ix_report_regency_id', 'report', ['regency', 'id'], unique=False, postgresql_where=sa.text('regency is not null'))


def downgrade() -> None:
    op.drop_index('ix_report_regency_id', table_name='report', postgresql_where=sa.text('regency is not null'))
    op.drop_index('uq_unit_part_unit', table_name='unit_part', postgresql_where=sa.text("state <> 'taken_back'"))
    op.drop_index('uq_unit_part_main', table_name='unit_part', postgresql_where=sa.text("main and state <> 'taken_back'"))
    op.drop_index('ix_unit_part_unit', table_name='unit_part')
    op.drop_table('unit_part')
    op.drop_index('uq_saved_view_own', table_name='saved_view', postgresql_where=sa.text('officer_id is not null'))
    op.drop_index('uq_saved_view_desk', table_name='saved_view', postgresql_where=sa.text('officer_id is null'))
    op.drop_table('saved_view')
    op.drop_table('answer_template')
