"""What suppliers say: acknowledgments as they came, our verdicts on proposals, promises, and change orders.

Acknowledgments are kept as sent; the answer per line and the promises are written anew from them whenever one arrives, so that
lists and pages can read them without folding anything.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

ACKNOWLEDGMENT: Final = table(
    "acknowledgment",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    text("source"),
    text("channel"),
    text("external_id"),
    Column("revision", Integer, nullable=False),
    moment("sent_at"),
    moment("received_at"),
    Column("version", Integer, nullable=False),
    Column("known_version", Integer, nullable=False),
    text("mode"),
    text("header", nullable=True),
    text("reason", nullable=True),
    Column("technical", Boolean, nullable=False),
    Column("lines", JSONB, nullable=False),
    text("result"),
    Column("results", JSONB, nullable=False),
    Column("asks_about", ARRAY(Integer), nullable=False),
    UniqueConstraint("source", "external_id", "revision"),
    Index(None, "order_id"),
    Index(None, "business_unit_id", "received_at"),
    Index(None, "supplier_id", "received_at"),
    security=Security(
        scoped_by="both",
        portal_select=(
            *("id", "order_id", "business_unit_id", "supplier_id", "source", "channel", "external_id", "revision", "sent_at"),
            *("received_at", "version", "mode", "header", "reason", "technical", "lines", "result", "results", "asks_about"),
        ),
    ),
)

PROPOSAL_VERDICT: Final = table(
    "proposal_verdict",
    Column("acknowledgment_id", Uuid, ForeignKey("acknowledgment.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    reference("order_id"),
    reference("business_unit_id"),
    text("verdict"),
    Column("automatic", Boolean, nullable=False),
    reference("change_order_id", nullable=True),
    reference("decided_by", nullable=True),
    moment("decided_at"),
    PrimaryKeyConstraint("acknowledgment_id", "line_no"),
    Index(None, "business_unit_id", "order_id"),
    security=Security(scoped_by="unit"),
)

LINE_ANSWER: Final = table(
    "line_answer",
    Column("order_id", Uuid, nullable=False),
    Column("line_no", Integer, nullable=False),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    text("state"),
    text("reminders"),
    quantity("ordered"),
    quantity("accepted"),
    quantity("proposed"),
    quantity("proposed_over"),
    quantity("backordered"),
    quantity("rejected"),
    quantity("unanswered"),
    Column("promised_ship", Date),
    Column("promised_delivery", Date),
    text("basis", nullable=True),
    Column("original_delivery", Date),
    moment("answered_at", nullable=True),
    PrimaryKeyConstraint("order_id", "line_no"),
    ForeignKeyConstraint(["order_id", "line_no"], ["order_line.order_id", "order_line.line_no"], ondelete="CASCADE"),
    Index(None, "business_unit_id", "state"),
    Index(None, "business_unit_id", "promised_delivery"),
    Index(None, "supplier_id", "order_id"),
    security=Security(
        scoped_by="both",
        portal_select=(
            *("order_id", "line_no", "business_unit_id", "supplier_id", "state", "ordered", "accepted", "proposed"),
            *("proposed_over", "backordered", "rejected", "unanswered", "promised_ship", "promised_delivery", "basis"),
        ),
    ),
)

PROMISE: Final = table(
    "promise",
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("line_version", Integer, nullable=False),
    text("role"),
    Column("place", Integer, nullable=False),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    Column("schedule_no", Integer, nullable=False),
    quantity("quantity"),
    Column("promised_ship", Date),
    Column("promised_delivery", Date),
    text("basis", nullable=True),
    moment("said_at"),
    text("channel"),
    text("source"),
    text("external_id"),
    Column("revision", Integer, nullable=False),
    PrimaryKeyConstraint("order_id", "line_no", "line_version", "role", "place"),
    Index(None, "business_unit_id", "promised_delivery"),
    Index(None, "supplier_id", "order_id"),
    security=Security(
        scoped_by="both",
        portal_select=(
            *("order_id", "line_no", "line_version", "role", "place", "business_unit_id", "supplier_id", "schedule_no"),
            *("quantity", "promised_ship", "promised_delivery", "basis", "said_at", "channel"),
        ),
    ),
)

CHANGE_ORDER: Final = table(
    "change_order",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    reference("supplier_id", nullable=True),
    Column("base_version", Integer, nullable=False),
    Column("applied_version", Integer),
    text("initiator"),
    text("status"),
    Column("actions", JSONB, nullable=False),
    Column("agreed", JSONB, nullable=False),
    Column("needs_approval_for", JSONB, nullable=False),
    reference("proposed_by", nullable=True),
    text("proposed_by_person", nullable=True),
    moment("proposed_at"),
    moment("settled_at", nullable=True),
    Index(None, "order_id"),
    Index(None, "business_unit_id", "status"),
    security=Security(scoped_by="unit"),
)
