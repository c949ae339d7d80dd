"""Reports that a regency shows in public

Revision: 0011, after 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('publication',
    sa.Column('report_id', sa.BigInteger(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False, comment='masked, and read by the officer before it was shown'),
    sa.Column('answer', sa.Text(), server_default='', nullable=False),
    sa.Column('officer_id', sa.BigInteger(), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['officer_id'], ['officer.id'], name=op.f('fk_publication_officer_id')),
    sa.ForeignKeyConstraint(['report_id'], ['report.id'], name=op.f('fk_publication_report_id')),
    sa.PrimaryKeyConstraint('report_id', name=op.f('pk_publication')),
    comment="Reports on a regency's public list; one that became secret, or was put aside, is not shown all the same."
    )
    op.create_index('ix_publication_published_at', 'publication', ['published_at', 'report_id'], unique=False)
    op.add_column('regency_setting', sa.Column('publishes', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='there is a public list of reports that a person masked and read'))


def downgrade() -> None:
    op.drop_column('regency_setting', 'publishes')
    op.drop_index('ix_publication_published_at', table_name='publication')
    op.drop_table('publication')
