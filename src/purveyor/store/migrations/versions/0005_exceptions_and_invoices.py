"""Exceptions, invoices with their lines, and which receipt each invoice line pays for.

Why: matching opens exceptions with an owner and a due time, and an exception must be unique by its natural key while it is open.
Revision 0005, after the supplier side.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of exceptions and invoices."""
    _exception_case()
    _invoice()
    _invoice_line()
    _invoice_allocation()


def _exception_case() -> None:
    create_table(
        "exception_case",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("natural_key", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("order_id", sa.Uuid),
        sa.Column("line_no", sa.Integer),
        sa.Column("invoice_id", sa.Uuid),
        sa.Column("receipt_id", sa.Uuid),
        sa.Column("message_id", sa.Uuid),
        sa.Column("step_id", sa.Uuid),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("category", sa.Text),
        sa.Column("owner_role", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Uuid),
        sa.Column("route", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("exposure", sa.Numeric),
        sa.Column("currency", sa.Text),
        sa.Column("evidence", JSONB, nullable=False),
        sa.Column("proposed_resolution", sa.Text),
        sa.Column("allowed_resolutions", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("occurrences", sa.Integer, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("opened_by", sa.Uuid),
        sa.Column("resolution", sa.Text),
        sa.Column("resolved_at", MOMENT),
        sa.Column("resolved_by", sa.Uuid),
        sa.Column("reason", sa.Text),
        sa.Column("override", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.CheckConstraint("status IN ('open', 'on_hold', 'resolved')", name="status"),
        sa.CheckConstraint("owner_role <> '' AND route[level + 1] IS NOT NULL", name="owned"),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_whole"),
        sa.CheckConstraint("(exposure IS NULL) = (currency IS NULL)", name="exposure_whole"),
        security=Security(scoped_by="unit", unit_optional=True),
    )
    op.create_index(
        "uq_exception_case_open", "exception_case", ["natural_key"], unique=True, postgresql_where=sa.text("status <> 'resolved'")
    )
    op.create_index("ix_exception_case_due", "exception_case", ["due_at", "id"], postgresql_where=sa.text("status <> 'resolved'"))
    op.create_index("ix_exception_case_override", "exception_case", ["resolved_at"], postgresql_where=sa.text("override"))
    op.create_index(None, "exception_case", ["business_unit_id", "status", "due_at"])
    op.create_index(None, "exception_case", ["order_id"])
    op.create_index(None, "exception_case", ["invoice_id"])


def _invoice() -> None:
    create_table(
        "invoice",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("supplier_id", sa.Uuid, nullable=False),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("number_exact", sa.Text, nullable=False),
        sa.Column("number_key", sa.Text, nullable=False),
        sa.Column("number_digits", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("invoice_date", sa.Date, nullable=False),
        sa.Column("freight", sa.Numeric, nullable=False),
        sa.Column("tax", sa.Numeric, nullable=False),
        sa.Column("total", sa.Numeric, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("file_hash", sa.Text),
        sa.Column("recurring", sa.Boolean, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("mismatches", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("accepted", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("wait_until", sa.Date),
        sa.Column("duplicate_of", sa.Uuid),
        sa.Column("figures", JSONB, nullable=False),
        sa.Column("erp_external_id", sa.Text),
        sa.Column("erp_number", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("supplier_id", "source", "external_id", "revision"),
        sa.UniqueConstraint("supplier_id", "kind", "number_exact", "revision", "content_digest"),
        security=Security(
            scoped_by="both",
            unit_optional=True,
            portal_select=(
                *("id", "supplier_id", "business_unit_id", "number", "revision", "kind", "currency", "invoice_date", "freight"),
                *("tax", "total", "received_at"),
            ),
        ),
    )
    op.create_index(None, "invoice", ["supplier_id", "number_key"])
    op.create_index(None, "invoice", ["supplier_id", "number_digits"])
    op.create_index(None, "invoice", ["supplier_id", "invoice_date"])
    op.create_index(None, "invoice", ["file_hash"])
    op.create_index(None, "invoice", ["business_unit_id", "state"])


def _invoice_line() -> None:
    create_table(
        "invoice_line",
        sa.Column("invoice_id", sa.Uuid, sa.ForeignKey("invoice.id"), nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("supplier_id", sa.Uuid, nullable=False),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("order_id", sa.Uuid),
        sa.Column("order_ref", sa.Text, nullable=False),
        sa.Column("order_line_no", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Numeric),
        sa.Column("uom", sa.Text),
        sa.Column("unit_price", sa.Numeric),
        sa.Column("price_per", sa.Numeric, nullable=False),
        sa.Column("amount", sa.Numeric),
        sa.Column("receipts", sa.ARRAY(sa.Text), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "line_no"),
        sa.CheckConstraint("price_per > 0", name="price_per_positive"),
        security=Security(
            scoped_by="both",
            unit_optional=True,
            portal_select=(
                *("invoice_id", "line_no", "supplier_id", "business_unit_id", "order_id", "order_ref", "order_line_no"),
                *("quantity", "uom", "unit_price", "price_per", "amount", "receipts"),
            ),
        ),
    )
    op.create_index(None, "invoice_line", ["order_id", "order_line_no"])
    op.create_index(None, "invoice_line", ["business_unit_id", "order_id"])
    op.create_index(None, "invoice_line", ["supplier_id", "invoice_id"])


def _invoice_allocation() -> None:
    create_table(
        "invoice_allocation",
        sa.Column("invoice_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("order_line_no", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "line_no", "receipt"),
        sa.ForeignKeyConstraint(["invoice_id", "line_no"], ["invoice_line.invoice_id", "invoice_line.line_no"]),
        sa.CheckConstraint("quantity > 0", name="quantity_positive"),
        security=Security(scoped_by="unit", unit_optional=True),
    )
    op.create_index(None, "invoice_allocation", ["order_id", "order_line_no"])
    op.create_index(None, "invoice_allocation", ["business_unit_id", "order_id"])
