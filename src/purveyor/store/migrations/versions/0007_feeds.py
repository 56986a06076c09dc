"""Positions of the ERP feeds.

Why: a reading must go on where the last one ended, and a page must be able to say how fresh each feed is. Revision 0007.
"""

from __future__ import annotations

import sqlalchemy as sa

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table of feeds."""
    create_table(
        "feed",
        sa.Column("erp", sa.Text, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("position", sa.Text, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("failed_at", MOMENT),
        sa.Column("problem", sa.Text),
        sa.PrimaryKeyConstraint("erp", "entity"),
        security=Security(scoped_by="internal"),
    )
