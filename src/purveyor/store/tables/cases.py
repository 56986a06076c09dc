"""The table of exceptions: one row per open or settled question, unique by its natural key while it is open."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, Boolean, CheckConstraint, Column, Index, Integer, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

EXCEPTION_CASE: Final = table(
    "exception_case",
    id_column(),
    text("type"),
    text("natural_key"),
    text("summary"),
    text("status"),
    reference("order_id", nullable=True),
    Column("line_no", Integer, nullable=True),
    reference("invoice_id", nullable=True),
    reference("receipt_id", nullable=True),
    reference("message_id", nullable=True),
    reference("step_id", nullable=True),
    reference("business_unit_id", nullable=True),
    reference("supplier_id", nullable=True),
    text("category", nullable=True),
    text("owner_role"),
    reference("owner_id", nullable=True),
    Column("route", ARRAY(Text), nullable=False),
    Column("level", Integer, nullable=False),
    moment("due_at"),
    text("severity"),
    quantity("exposure", nullable=True),
    text("currency", nullable=True),
    Column("evidence", JSONB, nullable=False),
    text("proposed_resolution", nullable=True),
    Column("allowed_resolutions", ARRAY(Text), nullable=False),
    text("policy"),
    Column("occurrences", Integer, nullable=False),
    moment("opened_at"),
    reference("opened_by", nullable=True),
    text("resolution", nullable=True),
    moment("resolved_at", nullable=True),
    reference("resolved_by", nullable=True),
    text("reason", nullable=True),
    Column("override", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("status IN ('open', 'on_hold', 'resolved')", name="status"),
    CheckConstraint("owner_role <> '' AND route[level + 1] IS NOT NULL", name="owned"),
    CheckConstraint("(status = 'resolved') = (resolved_at IS NOT NULL)", name="resolved_whole"),
    CheckConstraint("(exposure IS NULL) = (currency IS NULL)", name="exposure_whole"),
    Index("uq_exception_case_open", "natural_key", unique=True, postgresql_where=sql("status <> 'resolved'")),
    Index("ix_exception_case_due", "due_at", "id", postgresql_where=sql("status <> 'resolved'")),
    Index("ix_exception_case_override", "resolved_at", postgresql_where=sql("override")),
    Index(None, "business_unit_id", "status", "due_at"),
    Index(None, "order_id"),
    Index(None, "invoice_id"),
    security=Security(scoped_by="unit", unit_optional=True, advisory=("SELECT", "INSERT")),
)
