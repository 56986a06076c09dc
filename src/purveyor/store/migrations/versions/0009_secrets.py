"""Encrypted credentials, which outside systems answer, and what it takes to watch a big installation cheaply.

Why: passwords of outside systems may live in the database, readable only with a key file outside of it; a page shows who
answers, who owns what, and what an outage touches; figures per interface
must not read whole tables. Adds only (expand): the version before works on this schema unchanged. Revision 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of secrets and interfaces and the indexes of the figures."""
    create_table(
        "secret",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        security=Security(scoped_by="system"),
    )
    create_table(
        "interface",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT),
        sa.Column("problem", sa.Text),
        security=Security(scoped_by="internal"),
    )
    # The trace that asked for a message: a retry hours later points back to it.
    op.add_column("message", sa.Column("traceparent", sa.Text))
    open_ones = sa.text("state IN ('ready', 'leased')")
    op.create_index("ix_message_open", "message", ["created_at"], postgresql_where=open_ones)
    op.create_index("ix_message_attempt_started_at", "message_attempt", ["started_at"])
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
