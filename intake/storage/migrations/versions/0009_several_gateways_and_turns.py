"""Several gateways for one number, and whose turn it is

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('gateway',
    sa.Column('name', sa.Text(), nullable=False, comment="the channel's name"),
    sa.Column('failed_at', sa.ARRAY(sa.DateTime(timezone=True)), server_default=sa.text("'{}'"), nullable=False, comment='its last failures since it last took something'),
    sa.Column('down_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('probe_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_probes', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('good_probes', sa.Integer(), server_default=sa.text('0'), nullable=False),
    sa.Column('pinned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('room', sa.Double(), nullable=True, comment='segments that may leave at once, as of filled_at; null: never counted'),
    sa.Column('filled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_gateway')),
    comment='How the gateways of SAHUT_GATEWAYS do, as all workers see it. No row: it does well.'
    )
    op.add_column('outbox', sa.Column('priority', sa.SmallInteger(), server_default=sa.text('1'), nullable=False, comment='lower goes first; of replies only'))
    op.add_column('outbox', sa.Column('lane', sa.Text(), server_default='', nullable=False, comment='channel and regency: lanes take turns; of replies only'))
    op.create_index('ix_outbox_turns', 'outbox', ['priority', 'lane', 'due_at', 'subject_id'], unique=False, postgresql_where=sa.text("job = 'deliver' and parked_at is null"))
    op.add_column('reply', sa.Column('gateway', sa.Text(), nullable=True, comment='by which channel it was last given away; null: not yet, or before there were several'))
    op.add_column('reply', sa.Column('refused_by', sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment='gateways that said no to it'))
    op.create_index('ix_reply_gateway', 'reply', ['gateway', 'external_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_reply_gateway', table_name='reply')
    op.drop_column('reply', 'refused_by')
    op.drop_column('reply', 'gateway')
    op.drop_index('ix_outbox_turns', table_name='outbox', postgresql_where=sa.text("job = 'deliver' and parked_at is null"))
    op.drop_column('outbox', 'lane')
    op.drop_column('outbox', 'priority')
    op.drop_table('gateway')
