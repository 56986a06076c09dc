"""What keeps work moving: the clock, timers, messages to the outside, documents from the outside, identities there."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Interval,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, reference, table, text

MESSAGE_STATES: Final = ("ready", "leased", "done", "dead", "superseded")

CLOCK_OFFSET: Final = table(
    "clock_offset",
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("ahead_by", Interval, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
    security=Security(scoped_by="open", runtime=("SELECT",), portal_select=("id", "ahead_by"), demo=("SELECT", "UPDATE")),
)

TIMER: Final = table(
    "timer",
    id_column(),
    text("kind"),
    text("subject_type"),
    reference("subject_id"),
    moment("due_at"),
    Column("generation", Integer, nullable=False),
    Column("payload", JSONB, nullable=False),
    moment("promoted_at", nullable=True),
    UniqueConstraint("subject_type", "subject_id", "kind"),
    Index("ix_timer_due", "due_at", postgresql_where=sql("promoted_at IS NULL")),
    security=Security(scoped_by="internal", advisory=("SELECT", "INSERT", "UPDATE")),
)

MESSAGE: Final = table(
    "message",
    id_column(),
    text("kind"),
    text("subject_type"),
    reference("subject_id"),
    reference("order_id", nullable=True),
    Column("order_version", Integer, nullable=True),
    text("channel"),
    text("partner_key"),
    Column("payload", JSONB, nullable=False),
    text("idempotency_key"),
    text("state"),
    Column("attempts", Integer, nullable=False),
    moment("next_attempt_at"),
    moment("queued_at", nullable=True),
    reference("lease_token", nullable=True),
    moment("lease_until", nullable=True),
    text("last_error", nullable=True),
    Column("result", JSONB, nullable=True),
    reference("correlation_id"),
    moment("created_at"),
    moment("finished_at", nullable=True),
    reference("business_unit_id", nullable=True),
    reference("supplier_id", nullable=True),
    text("traceparent", nullable=True),
    UniqueConstraint("idempotency_key"),
    CheckConstraint(f"state IN {MESSAGE_STATES}", name="state"),
    Index("ix_message_due", "next_attempt_at", postgresql_where=sql("state = 'ready' AND queued_at IS NULL")),
    Index("ix_message_leased", "partner_key", "lease_until", postgresql_where=sql("state = 'leased'")),
    Index("ix_message_open", "created_at", postgresql_where=sql("state IN ('ready', 'leased')")),
    Index(None, "order_id"),
    Index(None, "subject_type", "subject_id"),
    Index("ix_message_dead", "created_at", postgresql_where=sql("state = 'dead'")),
    security=Security(scoped_by="unit", unit_optional=True),
)

MESSAGE_ATTEMPT: Final = table(
    "message_attempt",
    Column("message_id", Uuid, ForeignKey("message.id"), nullable=False),
    Column("number", Integer, nullable=False),
    text("channel"),
    moment("started_at"),
    moment("finished_at", nullable=True),
    text("outcome", nullable=True),
    text("error", nullable=True),
    PrimaryKeyConstraint("message_id", "number"),
    Index(None, "started_at"),
    security=Security(scoped_by="parent", parent="message", parent_column="message_id"),
)

INBOX: Final = table(
    "inbox",
    id_column(),
    text("source"),
    text("external_id"),
    Column("revision", Integer, nullable=False),
    text("kind"),
    text("content_digest"),
    Column("payload", JSONB, nullable=False),
    moment("sent_at", nullable=True),
    moment("received_at"),
    moment("applied_at", nullable=True),
    text("outcome", nullable=True),
    reference("order_id", nullable=True),
    reference("business_unit_id", nullable=True),
    reference("supplier_id", nullable=True),
    UniqueConstraint("source", "external_id", "revision"),
    Index("ix_inbox_waiting", "received_at", postgresql_where=sql("applied_at IS NULL")),
    Index(None, "received_at"),
    Index(None, "order_id"),
    security=Security(
        scoped_by="both",
        unit_optional=True,
        portal_insert=(
            *("id", "source", "external_id", "revision", "kind", "content_digest", "payload", "sent_at"),
            *("received_at", "order_id", "supplier_id"),
        ),
        portal_select=("id", "source", "external_id", "revision", "content_digest", "received_at", "supplier_id"),
    ),
)

IDEMPOTENCY: Final = table(
    "idempotency",
    text("client"),
    text("route"),
    text("key"),
    text("input_hash"),
    Column("status", SmallInteger, nullable=False),
    Column("headers", JSONB, nullable=False),
    text("body"),
    moment("stored_at"),
    PrimaryKeyConstraint("client", "route", "key"),
    Index(None, "stored_at"),
    security=Security(scoped_by="internal"),
)

XREF: Final = table(
    "xref",
    text("erp_instance"),
    text("entity"),
    text("external_id"),
    reference("internal_id"),
    PrimaryKeyConstraint("erp_instance", "entity", "external_id"),
    Index(None, "entity", "internal_id"),
    security=Security(scoped_by="internal"),
)
