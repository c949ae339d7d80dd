"""Fewer indexes of what is written often

A reply is written three times (promised, on its way, taken) and each time stood anew in seven indexes, two of them for the
id that a gateway gave it; one for that id alone serves both, and bounces, which know no more. Of reports only merged ones
are asked for by what they were merged into.

Revision: 0019, after 0018
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_reply_external_id', 'reply', ['external_id'], unique=False,
        postgresql_where=sa.text('external_id is not null'),
    )  # fmt: skip
    op.drop_index('ix_reply_external', table_name='reply')
    op.drop_index('ix_reply_gateway', table_name='reply')
    op.execute('alter table reply set (fillfactor = 70)')
    op.drop_index('ix_report_merged_into', table_name='report')
    op.create_index(
        'ix_report_merged_into', 'report', ['merged_into'], unique=False,
        postgresql_where=sa.text('merged_into is not null'),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index('ix_report_merged_into', table_name='report')
    op.create_index('ix_report_merged_into', 'report', ['merged_into'], unique=False)
    op.execute('alter table reply reset (fillfactor)')
    op.create_index('ix_reply_gateway', 'reply', ['gateway', 'external_id'], unique=False)
    op.create_index('ix_reply_external', 'reply', ['channel', 'external_id'], unique=False)
    op.drop_index('ix_reply_external_id', table_name='reply')
