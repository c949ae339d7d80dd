"""Equal files are found

Revision: 0017, after 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_WHERE = sa.text('stored is not null')


def upgrade() -> None:
    op.create_index('ix_attachment_stored', 'attachment', ['stored'], unique=False, postgresql_where=_WHERE)


def downgrade() -> None:
    op.drop_index('ix_attachment_stored', table_name='attachment', postgresql_where=_WHERE)
