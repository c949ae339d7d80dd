"""Indexes for the counts of saved views

Revision: 0016, after 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_WHERE = sa.text('regency is not null')


def upgrade() -> None:
    op.create_index('ix_report_topic', 'report', ['regency', 'topic', 'state'], unique=False, postgresql_where=_WHERE)
    op.create_index('ix_report_urgency', 'report', ['regency', 'urgency', 'state'], unique=False, postgresql_where=_WHERE)
    op.create_index('ix_report_unit', 'report', ['regency', 'unit', 'state'], unique=False, postgresql_where=_WHERE)


def downgrade() -> None:
    op.drop_index('ix_report_unit', table_name='report', postgresql_where=_WHERE)
    op.drop_index('ix_report_urgency', table_name='report', postgresql_where=_WHERE)
    op.drop_index('ix_report_topic', table_name='report', postgresql_where=_WHERE)
