"""Approval chains with their steps, who holds which approval role, and delegations; all in the business unit of the order."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

EVERY_CATEGORY: Final = ""
"""Category of a holder who holds the role for every category."""

APPROVAL_CHAIN: Final = table(
    "approval_chain",
    id_column(),
    Column("order_id", Uuid, ForeignKey("purchase_order.id"), nullable=False),
    reference("business_unit_id"),
    Column("version", Integer, nullable=False),
    text("version_hash"),
    text("result"),
    text("state"),
    Column("parties", ARRAY(Text), nullable=False),
    text("policy_set"),
    Column("sources", ARRAY(Text), nullable=False),
    text("policy_currency"),
    quantity("policy_amount", nullable=True),
    quantity("routing_amount", nullable=True),
    text("band", nullable=True),
    text("undecided_field", nullable=True),
    Column("categories", ARRAY(Text), nullable=False),
    Column("at_suggestion", Boolean, nullable=False),
    moment("opened_at"),
    Index(None, "order_id", "opened_at"),
    Index("ix_approval_chain_one_in_force", "order_id", unique=True, postgresql_where=sql("state IN ('open', 'approved')")),
    Index(None, "business_unit_id", "opened_at"),
    security=Security(scoped_by="unit"),
)

APPROVAL_STEP: Final = table(
    "approval_step",
    id_column(),
    Column("chain_id", Uuid, ForeignKey("approval_chain.id"), nullable=False),
    reference("order_id"),
    reference("business_unit_id"),
    Column("step_no", Integer, nullable=False),
    text("role"),
    text("state"),
    reference("holder_id", nullable=True),
    text("holder_person", nullable=True),
    Column("level", Integer, nullable=False),
    moment("opened_at", nullable=True),
    moment("level_since", nullable=True),
    moment("due_at", nullable=True),
    moment("decided_at", nullable=True),
    reference("decided_by", nullable=True),
    reference("decided_for", nullable=True),
    text("reason", nullable=True),
    UniqueConstraint("chain_id", "step_no"),
    CheckConstraint("(holder_id IS NULL) = (holder_person IS NULL)", name="holder_whole"),
    Index(None, "order_id"),
    Index("ix_approval_step_waiting", "business_unit_id", "due_at", postgresql_where=sql("state = 'open'")),
    Index("ix_approval_step_holder", "holder_id", postgresql_where=sql("state = 'open'")),
    security=Security(scoped_by="unit"),
)

APPROVAL_HOLDER: Final = table(
    "approval_holder",
    reference("business_unit_id"),
    text("role"),
    text("category"),
    Column("user_id", Uuid, ForeignKey("app_user.id"), nullable=False),
    # 0 is the first in line, higher ones stand in when those before are idle or may not decide.
    Column("rank", Integer, nullable=False),
    PrimaryKeyConstraint("business_unit_id", "role", "category", "user_id"),
    Index(None, "user_id"),
    security=Security(scoped_by="unit"),
)

DELEGATION: Final = table(
    "delegation",
    id_column(),
    reference("business_unit_id"),
    reference("giver_id"),
    text("giver_person"),
    reference("delegate_id"),
    text("delegate_person"),
    moment("starts_at"),
    moment("ends_at"),
    Column("roles", ARRAY(Text), nullable=False),
    text("reason"),
    moment("ended_at", nullable=True),
    CheckConstraint("starts_at < ends_at", name="has_length"),
    CheckConstraint("giver_person <> delegate_person", name="two_people"),
    Index(None, "business_unit_id", "giver_id"),
    Index(None, "delegate_id"),
    security=Security(scoped_by="unit"),
)
