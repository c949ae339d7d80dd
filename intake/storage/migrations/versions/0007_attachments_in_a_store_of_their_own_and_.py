"""Attachments in a store of their own and how far mailboxes are read

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('mail_cursor',
    sa.Column('mailbox', sa.Text(), nullable=False),
    sa.Column('uid_validity', sa.BigInteger(), nullable=False),
    sa.Column('last_uid', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('mailbox', name=op.f('pk_mail_cursor')),
    comment='How far mailboxes that cannot call us are read; moves only after a letter is kept.'
    )
    op.add_column('attachment', sa.Column('real_type', sa.Text(), nullable=True, comment='what libmagic says it is, whatever its name'))
    op.add_column('attachment', sa.Column('verdict', sa.Text(), server_default='waiting', nullable=False))
    op.add_column('attachment', sa.Column('scan', sa.Text(), server_default='unscanned', nullable=False))
    op.add_column('attachment', sa.Column('stored', sa.Text(), nullable=True, comment='SHA-256 of the bytes in the store, which is their name there'))
    op.add_column('attachment', sa.Column('inspected_at', sa.DateTime(timezone=True), nullable=True))
    op.alter_column('attachment', 'content',
               existing_type=postgresql.BYTEA(),
               comment='as it came, until it lies in the store',
               existing_nullable=True)
    op.create_check_constraint(op.f('ck_attachment_verdict_known'), 'attachment', "verdict in ('waiting', 'allowed', 'refused', 'damaged')")
    op.create_check_constraint(op.f('ck_attachment_scan_known'), 'attachment', "scan in ('unscanned', 'clean', 'infected')")


def downgrade() -> None:
    op.alter_column('attachment', 'content',
               existing_type=postgresql.BYTEA(),
               comment=None,
               existing_comment='as it came, until it lies in the store',
               existing_nullable=True)
    op.drop_column('attachment', 'inspected_at')
    op.drop_column('attachment', 'stored')
    op.drop_column('attachment', 'scan')
    op.drop_column('attachment', 'verdict')
    op.drop_column('attachment', 'real_type')
    op.drop_table('mail_cursor')
