"""What models said about orders: inputs, score and reason as they were, and what a person did with it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, UniqueConstraint, Uuid

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

ADVISORY: Final = table(
    "advisory",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("order_version", Integer, nullable=False),
    reference("business_unit_id"),
    Column("line_no", Integer, nullable=False),
    reference("site_id"),
    text("site_code"),
    text("model"),
    text("model_version"),
    # Canonical JSON, kept as written: the digest is over these very bytes.
    text("inputs"),
    text("inputs_hash"),
    quantity("score"),
    quantity("threshold"),
    quantity("proposal"),
    text("reason"),
    moment("advised_at"),
    text("state"),
    reference("case_id", nullable=True),
    reference("decided_by", nullable=True),
    moment("decided_at", nullable=True),
    text("decision_reason", nullable=True),
    CheckConstraint("state IN ('noted', 'open', 'kept', 'taken', 'moot')", name="state"),
    CheckConstraint("(state IN ('noted', 'open')) = (decided_at IS NULL)", name="decided_whole"),
    CheckConstraint("state <> 'kept' OR decision_reason IS NOT NULL", name="kept_with_reason"),
    UniqueConstraint("order_id", "order_version", "line_no", "site_id", "model"),
    Index(None, "case_id"),
    Index(None, "business_unit_id", "state"),
    security=Security(scoped_by="unit", runtime=("SELECT", "UPDATE"), advisory=("SELECT", "INSERT")),
)
