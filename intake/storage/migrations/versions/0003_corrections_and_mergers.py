"""Officers' corrections, and reports merged into others

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create extension if not exists pg_trgm")
    op.create_table('correction',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('decision_id', sa.BigInteger(), nullable=True, comment='what was shown, with its versions'),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('shown', sa.Text(), nullable=True),
    sa.Column('chosen', sa.Text(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("field in ('regency', 'type', 'topic', 'unit', 'urgency', 'not_a_report')", name=op.f('ck_correction_field_known')),
    sa.ForeignKeyConstraint(['decision_id'], ['decision.id'], name=op.f('fk_correction_decision_id')),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_correction_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_correction_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_correction')),
    comment='What officers corrected: labels with who, when and what was shown. Append-only.'
    )
    op.create_index(op.f('ix_correction_report_id'), 'correction', ['report_id'], unique=False)
    op.add_column('report', sa.Column('merged_into', sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f('fk_report_merged_into'), 'report', 'report', ['merged_into'], ['id'])
    op.create_index(op.f('ix_report_merged_into'), 'report', ['merged_into'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_report_merged_into'), table_name='report')
    op.drop_constraint(op.f('fk_report_merged_into'), 'report', type_='foreignkey')
    op.drop_column('report', 'merged_into')
    op.drop_index(op.f('ix_correction_report_id'), table_name='correction')
    op.drop_table('correction')
    op.execute("drop extension if exists pg_trgm")
