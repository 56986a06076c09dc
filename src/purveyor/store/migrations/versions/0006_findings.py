"""What the release gate checked, what it found, and what people overrode.

Why: passed checks are not stored row by row; the inputs are, so that the whole report can be made again. Revision 0006, after
exceptions and invoices.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of the gate."""
    _gate_check()
    _finding()
    _finding_override()


def _gate_check() -> None:
    create_table(
        "gate_check",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("order_version", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("snapshot", sa.Text, nullable=False),
        sa.Column("worst", sa.Text),
        sa.Column("at_stake", sa.Numeric, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        security=Security(scoped_by="unit", runtime=("SELECT", "INSERT")),
    )
    op.create_index(None, "gate_check", ["order_id", "id"])
    op.create_index(None, "gate_check", ["business_unit_id", "order_id"])


def _finding() -> None:
    create_table(
        "finding",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("check_id", sa.Uuid, sa.ForeignKey("gate_check.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("expected", sa.Text),
        sa.Column("actual", sa.Text),
        sa.Column("exposure", sa.Numeric),
        sa.Column("currency", sa.Text),
        sa.Column("policy", sa.Text),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("arithmetic", sa.Text),
        sa.Column("suggestion", sa.Text),
        sa.Column("related_order", sa.Text),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("overridden", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "place"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "finding", ["business_unit_id", "code"])
    op.create_index(None, "finding", ["check_id"])


def _finding_override() -> None:
    create_table(
        "finding_override",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("overridden_by", sa.Uuid),
        sa.Column("overridden_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "fingerprint"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "finding_override", ["business_unit_id", "order_id"])
