"""The last message to ourselves is found without reading all: for /metrics and the doctor

Revision: 0015, after 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_message_canary', 'message', ['channel', 'received_at'], unique=False,
                    postgresql_where=sa.text("automatic = 'canary'"))


def downgrade() -> None:
    op.drop_index('ix_message_canary', table_name='message')
