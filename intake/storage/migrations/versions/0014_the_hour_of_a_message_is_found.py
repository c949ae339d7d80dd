"""The messages of the last hour are found without reading all: for /metrics

Revision: 0014, after 0013
"""

from __future__ import annotations

from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_message_received_at', 'message', ['received_at'], unique=False, postgresql_using='brin')


def downgrade() -> None:
    op.drop_index('ix_message_received_at', table_name='message', postgresql_using='brin')
