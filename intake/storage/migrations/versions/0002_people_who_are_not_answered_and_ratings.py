"""People who are not answered, and ratings

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('person',
    sa.Column('family', sa.Text(), nullable=False, comment='sms, email, whatsapp ...: what channels of one kind share'),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('opted_out_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('blocked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('unreachable_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('family', 'address', name=op.f('pk_person')),
    comment='Who is not answered, and why. Whoever is answered as usual has no row.'
    )
    op.create_table('rating',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('message_id', sa.BigInteger(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('score between 1 and 5', name=op.f('ck_rating_score_known')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_rating_message_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_rating_report_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rating')),
    sa.UniqueConstraint('message_id', name=op.f('uq_rating_message_id')),
    comment='How content citizens say they are, 1 to 5; the last one of a report counts.'
    )
    op.create_index(op.f('ix_rating_report_id'), 'rating', ['report_id'], unique=False)
    op.create_index('ix_reply_created_at', 'reply', ['created_at'], unique=False)
    op.create_index('ix_reply_recipient', 'reply', ['recipient', 'created_at'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_reply_recipient', table_name='reply')
    op.drop_index('ix_reply_created_at', table_name='reply')
    op.drop_index(op.f('ix_rating_report_id'), table_name='rating')
    op.drop_table('rating')
    op.drop_table('person')
