"""Goods on their way and at the dock: ship notices and receipts as they came, and the movements they became.

Movements are never updated and never deleted; everything that is shipped, received or open is added up from them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
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

SHIP_NOTICE: Final = table(
    "ship_notice",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    text("source"),
    text("channel"),
    text("external_id"),
    Column("revision", Integer, nullable=False),
    text("number"),
    moment("sent_at"),
    moment("received_at"),
    Column("ships_on", Date),
    Column("arrives_on", Date),
    text("carrier", nullable=True),
    text("tracking", nullable=True),
    text("mode", nullable=True),
    Column("lines", JSONB, nullable=False),
    text("search_text"),
    UniqueConstraint("source", "external_id", "revision"),
    Index(None, "order_id"),
    Index(None, "business_unit_id", "arrives_on"),
    Index(None, "supplier_id", "received_at"),
    security=Security(
        scoped_by="both",
        portal_select=(
            *("id", "order_id", "business_unit_id", "supplier_id", "source", "channel", "external_id", "revision", "number"),
            *("sent_at", "received_at", "ships_on", "arrives_on", "carrier", "tracking", "mode", "lines"),
        ),
    ),
)

RECEIPT: Final = table(
    "receipt",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    text("source"),
    text("external_id"),
    Column("revision", Integer, nullable=False),
    moment("counted_at"),
    moment("received_at"),
    text("notice", nullable=True),
    Column("ends_shipment", Boolean, nullable=False),
    UniqueConstraint("source", "external_id", "revision"),
    Index(None, "order_id"),
    Index(None, "business_unit_id", "received_at"),
    security=Security(scoped_by="unit"),
)

RECEIPT_COUNT: Final = table(
    "receipt_count",
    Column("receipt_id", Uuid, ForeignKey("receipt.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    Column("line_no", Integer, nullable=False),
    reference("ship_to", nullable=True),
    quantity("keyed"),
    text("keyed_uom", nullable=True),
    quantity("quantity"),
    quantity("damaged"),
    text("return_for", nullable=True),
    reference("recount_of", nullable=True),
    quantity("allowed_over"),
    quantity("credited"),
    # How the count was judged when it or a later document was last looked at; recomputed from all counts of the line.
    quantity("accepted"),
    quantity("excess"),
    quantity("held"),
    quantity("rejected"),
    Column("codes", ARRAY(Text), nullable=False),
    PrimaryKeyConstraint("receipt_id", "place"),
    Index(None, "order_id", "line_no"),
    Index(None, "business_unit_id", "order_id"),
    security=Security(scoped_by="unit"),
)

MOVEMENT: Final = table(
    "movement",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    Column("line_no", Integer, nullable=False),
    reference("ship_to", nullable=True),
    text("kind"),
    quantity("quantity"),
    moment("moved_at"),
    moment("recorded_at"),
    reference("document_id"),
    reference("cause_id"),
    text("notice", nullable=True),
    Index(None, "order_id", "line_no"),
    Index(None, "cause_id"),
    Index(None, "business_unit_id", "moved_at"),
    security=Security(scoped_by="unit", runtime=("SELECT", "INSERT")),
)
