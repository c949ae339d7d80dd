"""Dispositions are found by report

Revision: 0018, after 0017
"""

from __future__ import annotations

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_disposition_report', 'disposition', ['report_id'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_disposition_report', table_name='disposition')
