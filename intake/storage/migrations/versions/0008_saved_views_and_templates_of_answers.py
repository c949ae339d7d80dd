"""Saved views, templates of answers; an index for the whole list of a regency

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
    op.create_index('ix_report_regency_id', 'report', ['regency', 'id'], unique=False, postgresql_where=sa.text('regency is not null'))


def downgrade() -> None:
    op.drop_index('ix_report_regency_id', table_name='report', postgresql_where=sa.text('regency is not null'))
    op.drop_index('uq_saved_view_own', table_name='saved_view', postgresql_where=sa.text('officer_id is not null'))
    op.drop_index('uq_saved_view_desk', table_name='saved_view', postgresql_where=sa.text('officer_id is null'))
    op.drop_table('saved_view')
    op.drop_table('answer_template')
