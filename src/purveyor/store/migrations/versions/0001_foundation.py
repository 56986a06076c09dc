"""The foundation: who may sign in, the event log, the clock, timers, messages, inbox, identities, and the job engine.

Why: everything else is built on one write path, which needs the log, the idempotency store and the jobs in one database
and one transaction. Revision 0001, first of the history.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.migrations.foundation_sql import INSERT_ONLY_TRIGGERS, RESOLVE_GRANTS, RESOLVE_SIGN_IN
from purveyor.store.migrations.steps import create_table, run
from purveyor.store.roles import DEMO, PORTAL, RUNTIME
from purveyor.store.row_security import Security

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSERT_ONLY = ("SELECT", "INSERT")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the foundation."""
    run([f"GRANT USAGE ON SCHEMA public TO {RUNTIME}, {PORTAL}, {DEMO}"])
    run([f"GRANT SELECT ON alembic_version TO {RUNTIME}"])
    _job_engine()
    _parties()
    _secrets()
    _log()
    _seals()
    _clock_and_timers()
    _messages()
    _documents()
    run(INSERT_ONLY_TRIGGERS)
    run([RESOLVE_SIGN_IN, *RESOLVE_GRANTS])


def _job_engine() -> None:
    """The job engine's own schema; a test says when a new release of it needs a migration of ours."""
    run([SchemaManager.get_schema()])
    tables = "procrastinate_jobs, procrastinate_events, procrastinate_workers, procrastinate_periodic_defers"
    run(
        [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {RUNTIME}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {RUNTIME}",
            "ALTER TABLE procrastinate_jobs SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,"
            " autovacuum_vacuum_threshold = 500)",
            "ALTER TABLE procrastinate_events SET (autovacuum_vacuum_scale_factor = 0.02)",
        ]
    )


def _parties() -> None:
    create_table(
        "business_unit",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.UniqueConstraint("code"),
        security=Security(scoped_by="unit", unit_column="id"),
    )
    create_table(
        "app_user",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("mail", sa.Text),
        sa.Column("person_key", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("login"),
        security=Security(scoped_by="internal"),
    )
    create_table(
        "user_role",
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
        sa.Column("business_unit_id", sa.Uuid, sa.ForeignKey("business_unit.id"), primary_key=True),
        security=Security(scoped_by="unit"),
    )


def _secrets() -> None:
    create_table(
        "user_password",
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        security=Security(scoped_by="system"),
    )
    create_table(
        "api_client",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("business_units", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("name"),
        security=Security(scoped_by="system"),
    )
    create_table(
        "api_key",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.Uuid, sa.ForeignKey("api_client.id", ondelete="CASCADE"), nullable=False),
        sa.Column("prefix", sa.Text, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("grants", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.UniqueConstraint("key_hash"),
        security=Security(scoped_by="system"),
    )
    create_table(
        "login_session",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("app_user.id", ondelete="CASCADE"), nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("stepped_up_at", MOMENT),
        sa.Column("ended_at", MOMENT),
        sa.UniqueConstraint("token_hash"),
        security=Security(scoped_by="system"),
    )
    create_table(
        "supplier_link",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("supplier_id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("order_version", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.UniqueConstraint("token_hash"),
        security=Security(scoped_by="system"),
    )


def _log() -> None:
    create_table(
        "event",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("txid", sa.BigInteger, nullable=False),
        sa.Column("stream_type", sa.Text(collation="C"), nullable=False),
        sa.Column("stream_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema", sa.SmallInteger, nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("on_behalf_of", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("cause_id", sa.Uuid),
        sa.Column("reason_digest", sa.Text),
        sa.Column("policy_set", sa.Text),
        sa.Column("refs", sa.JSON, nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("business_unit_id", sa.Uuid),
        sa.UniqueConstraint("stream_type", "stream_id", "position"),
        security=Security(scoped_by="unit", unit_optional=True, runtime=INSERT_ONLY),
    )
    op.create_index(None, "event", ["txid", "seq"])
    create_table(
        "event_ref",
        sa.Column("ref_type", sa.Text(collation="C"), nullable=False),
        sa.Column("ref_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, sa.ForeignKey("event.id"), nullable=False),
        sa.PrimaryKeyConstraint("ref_type", "ref_id", "event_id"),
        security=Security(scoped_by="parent", parent="event", parent_column="event_id", runtime=INSERT_ONLY),
    )
    create_table(
        "event_reason",
        sa.Column("event_id", sa.Uuid, sa.ForeignKey("event.id"), primary_key=True),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        security=Security(scoped_by="parent", parent="event", parent_column="event_id", runtime=("SELECT", "INSERT", "DELETE")),
    )
    create_table(
        "event_head",
        sa.Column("stream_type", sa.Text(collation="C"), nullable=False),
        sa.Column("stream_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("sealed_position", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid),
        sa.PrimaryKeyConstraint("stream_type", "stream_id"),
        security=Security(scoped_by="internal", runtime=("SELECT", "INSERT", "UPDATE")),
    )
    run(["ALTER TABLE event_head SET (fillfactor = 80)"])


def _seals() -> None:
    create_table(
        "event_seal",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sealed_at", MOMENT, nullable=False),
        sa.Column("streams", sa.Integer, nullable=False),
        sa.Column("previous_root", sa.LargeBinary, nullable=False),
        sa.Column("root", sa.LargeBinary, nullable=False),
        security=Security(scoped_by="internal", runtime=INSERT_ONLY),
    )
    create_table(
        "event_seal_head",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("stream_type", sa.Text(collation="C"), nullable=False),
        sa.Column("stream_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("stream_type", "stream_id", "position"),
        security=Security(scoped_by="internal", runtime=INSERT_ONLY),
    )
    op.create_index(None, "event_seal_head", ["number"])
    create_table(
        "log_base",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("txid_base", sa.BigInteger, nullable=False),
        security=Security(scoped_by="open", runtime=("SELECT",)),
    )
    run(["INSERT INTO log_base (id, txid_base) VALUES (1, 0)"])


def _clock_and_timers() -> None:
    create_table(
        "clock_offset",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("ahead_by", sa.Interval, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        security=Security(scoped_by="open", runtime=("SELECT",), portal_select=("id", "ahead_by"), demo=("SELECT", "UPDATE")),
    )
    run(["INSERT INTO clock_offset (id, ahead_by) VALUES (1, interval '0')"])
    create_table(
        "timer",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("promoted_at", MOMENT),
        sa.UniqueConstraint("subject_type", "subject_id", "kind"),
        security=Security(scoped_by="internal"),
    )
    op.create_index("ix_timer_due", "timer", ["due_at"], postgresql_where=sa.text("promoted_at IS NULL"))


def _messages() -> None:
    create_table(
        "message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject_type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Uuid, nullable=False),
        sa.Column("order_id", sa.Uuid),
        sa.Column("order_version", sa.Integer),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("partner_key", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", MOMENT, nullable=False),
        sa.Column("queued_at", MOMENT),
        sa.Column("lease_token", sa.Uuid),
        sa.Column("lease_until", MOMENT),
        sa.Column("last_error", sa.Text),
        sa.Column("result", JSONB),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("supplier_id", sa.Uuid),
        sa.UniqueConstraint("idempotency_key"),
        sa.CheckConstraint("state IN ('ready', 'leased', 'done', 'dead', 'superseded')", name="state"),
        security=Security(scoped_by="unit", unit_optional=True),
    )
    waiting = sa.text("state = 'ready' AND queued_at IS NULL")
    op.create_index("ix_message_due", "message", ["next_attempt_at"], postgresql_where=waiting)
    leased = sa.text("state = 'leased'")
    op.create_index("ix_message_leased", "message", ["partner_key", "lease_until"], postgresql_where=leased)
    op.create_index("ix_message_dead", "message", ["created_at"], postgresql_where=sa.text("state = 'dead'"))
    op.create_index(None, "message", ["order_id"])
    op.create_index(None, "message", ["subject_type", "subject_id"])
    create_table(
        "message_attempt",
        sa.Column("message_id", sa.Uuid, sa.ForeignKey("message.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("message_id", "number"),
        security=Security(scoped_by="parent", parent="message", parent_column="message_id"),
    )


def _documents() -> None:
    create_table(
        "inbox",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content_digest", sa.Text, nullable=False),
        sa.Column("payload", JSONB, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("applied_at", MOMENT),
        sa.Column("outcome", sa.Text),
        sa.Column("order_id", sa.Uuid),
        sa.Column("business_unit_id", sa.Uuid),
        sa.Column("supplier_id", sa.Uuid),
        sa.UniqueConstraint("source", "external_id", "revision"),
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
    op.create_index("ix_inbox_waiting", "inbox", ["received_at"], postgresql_where=sa.text("applied_at IS NULL"))
    op.create_index(None, "inbox", ["order_id"])
    create_table(
        "idempotency",
        sa.Column("client", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("input_hash", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("client", "route", "key"),
        security=Security(scoped_by="internal"),
    )
    op.create_index(None, "idempotency", ["stored_at"])
    create_table(
        "xref",
        sa.Column("erp_instance", sa.Text, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("internal_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("erp_instance", "entity", "external_id"),
        security=Security(scoped_by="internal"),
    )
    op.create_index(None, "xref", ["entity", "internal_id"])
