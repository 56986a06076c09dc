"""Tables of purchase orders: header, lines, schedules, and a snapshot of every version.

Every table carries the business unit of its order and the supplier it is shown to, so that row security needs no join and each
scope reads an index. A supplier is shown nothing before the order was issued. Snapshots keep earlier versions readable.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Sequence,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import METADATA, id_column, moment, quantity, reference, table, text

SHOWN_TO: Final = "shown_to_supplier_id"

ORDER_REF_SEQUENCE: Final = Sequence("order_ref_seq", metadata=METADATA)
"""Source of our short references; gaps are harmless."""

PURCHASE_ORDER: Final = table(
    "purchase_order",
    id_column(),
    text("order_ref"),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    reference(SHOWN_TO, nullable=True),
    text("supplier_code"),
    text("currency"),
    Column("order_date", Date, nullable=False),
    text("status"),
    Column("version", Integer, nullable=False),
    Column("row_version", Integer, nullable=False),
    text("origin"),
    text("requester", nullable=True),
    reference("buyer_id", nullable=True),
    text("payment_terms", nullable=True),
    text("freight_term", nullable=True),
    text("fob_point", nullable=True),
    text("incoterm", nullable=True),
    quantity("freight_ceiling", nullable=True),
    text("erp_instance", nullable=True),
    text("erp_external_id", nullable=True),
    text("erp_number", nullable=True),
    text("erp_version", nullable=True),
    text("erp_content_hash", nullable=True),
    text("hold_reason", nullable=True),
    reference("hold_owner", nullable=True),
    moment("hold_since", nullable=True),
    Column("first_issued_version", Integer, nullable=True),
    moment("issued_at", nullable=True),
    moment("created_at", nullable=True),
    # Written on every save for lists and searches; never read back into the order.
    quantity("total", nullable=True),
    Column("need_by", Date, nullable=True),
    text("lines_digest"),
    text("search_text"),
    UniqueConstraint("order_ref"),
    UniqueConstraint("erp_instance", "erp_external_id"),
    CheckConstraint("order_ref ~ '^[A-Z0-9]{1,12}$'", name="order_ref_form"),
    CheckConstraint("version >= 1", name="version_positive"),
    CheckConstraint("(hold_reason IS NULL) = (hold_since IS NULL)", name="hold_whole"),
    Index(None, "business_unit_id", "status", "id"),
    Index(None, "supplier_id", "status", "id"),
    Index(None, SHOWN_TO, "id"),
    security=Security(
        scoped_by="both",
        supplier_column=SHOWN_TO,
        portal_select=(
            *("id", "order_ref", "business_unit_id", "supplier_id", SHOWN_TO, "supplier_code", "currency", "order_date"),
            *("status", "version", "row_version", "payment_terms", "freight_term", "fob_point", "incoterm"),
            *("freight_ceiling", "first_issued_version", "issued_at", "total", "need_by"),
        ),
    ),
)

ORDER_LINE: Final = table(
    "order_line",
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    reference("business_unit_id"),
    reference(SHOWN_TO, nullable=True),
    reference("item_id", nullable=True),
    text("item_code"),
    text("description"),
    quantity("quantity"),
    text("uom", nullable=True),
    quantity("unit_price", nullable=True),
    quantity("price_per"),
    text("supplier_part_no", nullable=True),
    text("category", nullable=True),
    text("tax_code", nullable=True),
    Column("changed_in_version", Integer, nullable=False),
    Column("cancelled", Boolean, nullable=False),
    text("closed_reason", nullable=True),
    text("external_id", nullable=True),
    # Written on every save for lists and searches; never read back into the line.
    quantity("amount", nullable=True),
    Column("need_by", Date, nullable=True),
    text("search_text"),
    PrimaryKeyConstraint("order_id", "line_no"),
    Index(None, "business_unit_id", "item_id"),
    Index(None, SHOWN_TO, "item_id"),
    Index(None, "item_id"),
    security=Security(
        scoped_by="both",
        supplier_column=SHOWN_TO,
        portal_select=(
            *("order_id", "line_no", "business_unit_id", SHOWN_TO, "item_id", "item_code", "description", "quantity", "uom"),
            *("unit_price", "price_per", "supplier_part_no", "changed_in_version", "cancelled", "amount", "need_by"),
        ),
    ),
)

ORDER_SCHEDULE: Final = table(
    "order_schedule",
    Column("order_id", Uuid, nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("schedule_no", Integer, nullable=False),
    reference("business_unit_id"),
    reference(SHOWN_TO, nullable=True),
    reference("ship_to", nullable=True),
    quantity("quantity"),
    Column("need_by", Date, nullable=True),
    PrimaryKeyConstraint("order_id", "line_no", "schedule_no"),
    ForeignKeyConstraint(["order_id", "line_no"], ["order_line.order_id", "order_line.line_no"], ondelete="CASCADE"),
    Index(None, "business_unit_id", "ship_to"),
    Index(None, SHOWN_TO, "order_id"),
    security=Security(
        scoped_by="both",
        supplier_column=SHOWN_TO,
        portal_select=(*("order_id", "line_no", "schedule_no", "business_unit_id", SHOWN_TO, "ship_to", "quantity", "need_by"),),
    ),
)

ORDER_VERSION: Final = table(
    "order_version",
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("version", Integer, nullable=False),
    reference("business_unit_id"),
    reference(SHOWN_TO, nullable=True),
    text("version_hash"),
    Column("snapshot", JSONB, nullable=False),
    moment("recorded_at"),
    PrimaryKeyConstraint("order_id", "version"),
    Index(None, "business_unit_id", "order_id"),
    Index(None, SHOWN_TO, "order_id"),
    security=Security(
        scoped_by="both",
        supplier_column=SHOWN_TO,
        portal_select=("order_id", "version", "business_unit_id", SHOWN_TO, "version_hash", "snapshot", "recorded_at"),
    ),
)
