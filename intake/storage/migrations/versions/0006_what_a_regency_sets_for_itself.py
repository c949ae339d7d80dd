"""What a regency sets for itself: emergency numbers, names of units and their topics

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('regency_setting',
    sa.Column('regency', sa.Text(), nullable=False),
    sa.Column('emergency_numbers', sa.Text(), nullable=True, comment='as citizens read them, e.g. 112 (darurat), 0711-000000 (BPBD)'),
    sa.Column('taxonomy', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False, comment='units and topics that differ here (Taxonomy.for_regency)'),
    sa.ForeignKeyConstraint(['regency'], ['regency.code'], name=op.f('fk_regency_setting_regency')),
    sa.PrimaryKeyConstraint('regency', name=op.f('pk_regency_setting')),
    comment='What a regency sets for itself; no row means the defaults.'
    )


def downgrade() -> None:
    op.drop_table('regency_setting')
