"""Contacts that were confirmed, one-time codes, attempts

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('attempt',
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('whose', sa.Text(), nullable=False, comment='a keyed digest of an address: never the address itself'),
    sa.Column('since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('times', sa.Integer(), server_default=sa.text('1'), nullable=False),
    sa.PrimaryKeyConstraint('what', 'whose', 'since', name=op.f('pk_attempt')),
    comment='How often somebody did something that is limited, by the hour; forgotten after two days.'
    )
    op.create_index('ix_attempt_since', 'attempt', ['since'], unique=False)
    op.create_table('code',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('tries', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("purpose in ('confirm', 'open')", name=op.f('ck_code_purpose_known')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_code_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code')),
    comment='One-time codes on their way to a citizen, as digests only; deleted when used and a day after their end.'
    )
    op.create_index('ix_code_report', 'code', ['report_id', 'purpose', 'id'], unique=False)
    op.create_table('contact',
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('family', sa.Text(), nullable=False),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_contact_report_id')),
    sa.PrimaryKeyConstraint('report_id', 'family', 'address', name=op.f('pk_contact')),
    comment='A further address that the citizen has shown to be theirs: answers to this report go there too.'
    )


def downgrade() -> None:
    op.drop_table('contact')
    op.drop_index('ix_code_report', table_name='code')
    op.drop_table('code')
    op.drop_index('ix_attempt_since', table_name='attempt')
    op.drop_table('attempt')
