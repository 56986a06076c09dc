"""What visitors ask of the demo.

Why: the demo's world runs in a process of its own; pages tell it what a visitor wants through rows. Revision 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SECURITY = Security(scoped_by="internal", runtime=("SELECT", "INSERT", "UPDATE"))


def upgrade() -> None:
    """Create the requests of visitors and the one row about the demo's world."""
    create_table(
        "demo_request",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("requested_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT),
        sa.Column("result", sa.Text),
        sa.CheckConstraint("(done_at IS NULL) = (result IS NULL)", name="done_whole"),
        security=SECURITY,
    )
    op.create_index("ix_demo_request_waiting", "demo_request", ["requested_at"], postgresql_where=sa.text("done_at IS NULL"))
    create_table(
        "demo_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("plugged", sa.Boolean, nullable=False),
        sa.Column("playing", sa.Boolean, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        security=SECURITY,
    )
