"""Which of several units answers the citizen, and what the others say about their part

Revision: 0013, after 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('disposition', sa.Column('main', sa.Boolean(), server_default=sa.text('false'), nullable=False, comment='the unit that answers the citizen'))
    op.add_column('disposition', sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('disposition', sa.Column('answered_by', sa.BigInteger(), nullable=True))
    op.add_column('disposition', sa.Column('words', sa.Text(), server_default='', nullable=False, comment='what the unit said about its part; internal'))
    op.execute("""update disposition set main = true where id in
                  (select min(id) from disposition where ended_at is null group by report_id)""")
    op.create_index('uq_disposition_main', 'disposition', ['report_id'], unique=True, postgresql_where=sa.text('main and ended_at is null'))
    op.create_foreign_key(op.f('fk_disposition_answered_by'), 'disposition', 'officer', ['answered_by'], ['id'])


def downgrade() -> None:
    op.drop_constraint(op.f('fk_disposition_answered_by'), 'disposition', type_='foreignkey')
    op.drop_index('uq_disposition_main', table_name='disposition', postgresql_where=sa.text('main and ended_at is null'))
    op.drop_column('disposition', 'words')
    op.drop_column('disposition', 'answered_by')
    op.drop_column('disposition', 'answered_at')
    op.drop_column('disposition', 'main')
