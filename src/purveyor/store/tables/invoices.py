"""Tables of suppliers' invoices: header, lines as they were written, and which receipt each line pays for."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

INVOICE: Final = table(
    "invoice",
    id_column(),
    reference("supplier_id"),
    reference("business_unit_id", nullable=True),
    text("source"),
    text("external_id"),
    text("number"),
    text("number_exact"),
    text("number_key"),
    text("number_digits"),
    Column("revision", Integer, nullable=False),
    text("kind"),
    text("currency"),
    Column("invoice_date", Date, nullable=False),
    quantity("freight"),
    quantity("tax"),
    quantity("total"),
    text("content_digest"),
    text("file_hash", nullable=True),
    Column("recurring", Boolean, nullable=False),
    moment("received_at"),
    text("state"),
    text("payment"),
    Column("mismatches", ARRAY(Text), nullable=False),
    Column("accepted", ARRAY(Text), nullable=False),
    Column("wait_until", Date, nullable=True),
    reference("duplicate_of", nullable=True),
    Column("figures", JSONB, nullable=False),
    text("erp_external_id", nullable=True),
    text("erp_number", nullable=True),
    Column("version", Integer, nullable=False),
    UniqueConstraint("supplier_id", "source", "external_id", "revision"),
    UniqueConstraint("supplier_id", "kind", "number_exact", "revision", "content_digest"),
    Index(None, "supplier_id", "number_key"),
    Index(None, "supplier_id", "number_digits"),
    Index(None, "supplier_id", "invoice_date"),
    Index(None, "file_hash"),
    Index(None, "business_unit_id", "state"),
    security=Security(
        scoped_by="both",
        unit_optional=True,
        portal_select=(
            *("id", "supplier_id", "business_unit_id", "number", "revision", "kind", "currency", "invoice_date", "freight"),
            *("tax", "total", "received_at"),
        ),
    ),
)

INVOICE_LINE: Final = table(
    "invoice_line",
    Column("invoice_id", Uuid, ForeignKey("invoice.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    reference("supplier_id"),
    reference("business_unit_id", nullable=True),
    reference("order_id", nullable=True),
    text("order_ref"),
    Column("order_line_no", Integer, nullable=False),
    quantity("quantity", nullable=True),
    text("uom", nullable=True),
    quantity("unit_price", nullable=True),
    quantity("price_per"),
    quantity("amount", nullable=True),
    Column("receipts", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("invoice_id", "line_no"),
    CheckConstraint("price_per > 0", name="price_per_positive"),
    Index(None, "order_id", "order_line_no"),
    Index(None, "business_unit_id", "order_id"),
    Index(None, "supplier_id", "invoice_id"),
    security=Security(
        scoped_by="both",
        unit_optional=True,
        portal_select=(
            *("invoice_id", "line_no", "supplier_id", "business_unit_id", "order_id", "order_ref", "order_line_no"),
            *("quantity", "uom", "unit_price", "price_per", "amount", "receipts"),
        ),
    ),
)

INVOICE_ALLOCATION: Final = table(
    "invoice_allocation",
    Column("invoice_id", Uuid, nullable=False),
    Column("line_no", Integer, nullable=False),
    text("receipt"),
    reference("business_unit_id", nullable=True),
    reference("order_id"),
    Column("order_line_no", Integer, nullable=False),
    quantity("quantity"),
    text("basis"),
    PrimaryKeyConstraint("invoice_id", "line_no", "receipt"),
    ForeignKeyConstraint(["invoice_id", "line_no"], ["invoice_line.invoice_id", "invoice_line.line_no"]),
    CheckConstraint("quantity > 0", name="quantity_positive"),
    Index(None, "order_id", "order_line_no"),
    Index(None, "business_unit_id", "order_id"),
    security=Security(scoped_by="unit", unit_optional=True),
)
