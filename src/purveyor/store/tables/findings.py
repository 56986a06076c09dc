"""Tables of the release gate: what each check was made from, what it found, and what a person overrode.

The snapshot is kept as exactly the characters its digest is over, so the full report can be made again years later. Findings are
those of the newest check of an order; overrides are keyed by the fingerprint of a finding and lapse with it.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

GATE_CHECK: Final = table(
    "gate_check",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("order_version", Integer, nullable=False),
    reference("business_unit_id"),
    moment("checked_at"),
    text("policy"),
    text("digest"),
    text("snapshot"),
    text("worst", nullable=True),
    quantity("at_stake"),
    text("currency"),
    Index(None, "order_id", "id"),
    Index(None, "business_unit_id", "order_id"),
    security=Security(scoped_by="unit", runtime=("SELECT", "INSERT")),
)

FINDING: Final = table(
    "finding",
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    Column("place", Integer, nullable=False),
    Column("check_id", Uuid, ForeignKey("gate_check.id"), nullable=False),
    reference("business_unit_id"),
    Column("line_no", Integer, nullable=True),
    text("rule"),
    text("code"),
    text("result"),
    text("severity"),
    text("section"),
    text("message"),
    text("expected", nullable=True),
    text("actual", nullable=True),
    quantity("exposure", nullable=True),
    text("currency", nullable=True),
    text("policy", nullable=True),
    Column("facts", JSONB, nullable=False),
    text("arithmetic", nullable=True),
    text("suggestion", nullable=True),
    text("related_order", nullable=True),
    text("fingerprint"),
    Column("overridden", Boolean, nullable=False),
    PrimaryKeyConstraint("order_id", "place"),
    Index(None, "business_unit_id", "code"),
    Index(None, "check_id"),
    security=Security(scoped_by="unit"),
)

FINDING_OVERRIDE: Final = table(
    "finding_override",
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    text("fingerprint"),
    reference("business_unit_id"),
    text("code"),
    reference("overridden_by", nullable=True),
    moment("overridden_at"),
    PrimaryKeyConstraint("order_id", "fingerprint"),
    Index(None, "business_unit_id", "order_id"),
    security=Security(scoped_by="unit"),
)
