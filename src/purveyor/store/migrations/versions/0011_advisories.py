"""What models said about orders, and the database role under which they say it.

Why: a suggestion is kept with its inputs, score and reason, and with what a person did about it; the role of a model can put one
on record and open an exception, and has no right on orders, approvals or messages. Adds only (expand). Revision 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from purveyor.store.migrations.steps import create_table, run
from purveyor.store.roles import ADVISORY
from purveyor.store.row_security import Security

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

RIGHTS = {
    "SELECT": "policy_version, policy_publication, business_unit, site, working_hours, closed_day, log_base",
    "SELECT, INSERT": "exception_case, event",
    "INSERT": "event_ref",
    "SELECT, INSERT, UPDATE": "event_head, timer",
}


def upgrade() -> None:
    """Create the table and give the role of a model what it needs to put a suggestion on record and ask a person."""
    run([f"GRANT USAGE ON SCHEMA public TO {ADVISORY}"])
    run(f"GRANT {rights} ON {tables} TO {ADVISORY}" for rights, tables in RIGHTS.items())
    create_table(
        "advisory",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("order_version", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("site_code", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("inputs_hash", sa.Text, nullable=False),
        sa.Column("score", sa.Numeric, nullable=False),
        sa.Column("threshold", sa.Numeric, nullable=False),
        sa.Column("proposal", sa.Numeric, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("advised_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("case_id", sa.Uuid),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", MOMENT),
        sa.Column("decision_reason", sa.Text),
        sa.CheckConstraint("state IN ('noted', 'open', 'kept', 'taken', 'moot')", name="state"),
        sa.CheckConstraint("(state IN ('noted', 'open')) = (decided_at IS NULL)", name="decided_whole"),
        sa.CheckConstraint("state <> 'kept' OR decision_reason IS NOT NULL", name="kept_with_reason"),
        sa.UniqueConstraint("order_id", "order_version", "line_no", "site_id", "model"),
        security=Security(scoped_by="unit", runtime=("SELECT", "UPDATE"), advisory=("SELECT", "INSERT")),
    )
    op.create_index(None, "advisory", ["case_id"])
    op.create_index(None, "advisory", ["business_unit_id", "state"])
