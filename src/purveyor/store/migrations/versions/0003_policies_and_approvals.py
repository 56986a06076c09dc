"""Policy versions with their publications, approval chains with steps, holders of approval roles, and delegations.

Why: routing, deciding and escalating approvals read and write these tables. Publishing is a function of the owner, because the
runtime may propose policies but must not put them in force alone. Revision 0003, after orders and masters.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from purveyor.store.migrations.steps import create_table, run
from purveyor.store.roles import RUNTIME
from purveyor.store.row_security import Security

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

PUBLISH = """
CREATE FUNCTION purveyor_publish_policy(
    publication uuid, policy_key text, policy_version_id text, in_force_from timestamptz, policy_publisher text
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    written_by text;
    business_now timestamptz := transaction_timestamp() + (SELECT ahead_by FROM clock_offset);
BEGIN
    SELECT author INTO written_by FROM policy_version WHERE table_key = policy_key AND version = policy_version_id;
    IF written_by IS NULL THEN
        RAISE EXCEPTION 'no such policy version';
    ELSIF written_by = policy_publisher THEN
        RAISE EXCEPTION 'the author of a policy cannot publish it';
    ELSIF in_force_from < business_now THEN
        RAISE EXCEPTION 'a policy cannot come into force in the past';
    END IF;
    INSERT INTO policy_publication (id, table_key, version, effective_from, published_at, author, publisher)
    VALUES (publication, policy_key, policy_version_id, in_force_from, business_now, written_by, policy_publisher);
END
$$
"""
SIGNATURE = "purveyor_publish_policy(uuid, text, text, timestamptz, text)"


def upgrade() -> None:
    """Create the tables of policies and approvals."""
    _policies()
    _chains()
    _steps()
    _holders()
    _delegations()


def _policies() -> None:
    create_table(
        "policy_version",
        sa.Column("table_key", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("table_key", "version"),
        security=Security(scoped_by="internal", runtime=("SELECT", "INSERT")),
    )
    create_table(
        "policy_publication",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("table_key", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("effective_from", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("publisher", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["table_key", "version"], ["policy_version.table_key", "policy_version.version"]),
        sa.CheckConstraint("author <> publisher", name="two_people"),
        security=Security(scoped_by="internal", runtime=("SELECT",)),
    )
    op.create_index(None, "policy_publication", ["table_key", "effective_from"])
    run([PUBLISH, f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC", f"GRANT EXECUTE ON FUNCTION {SIGNATURE} TO {RUNTIME}"])


def _chains() -> None:
    create_table(
        "approval_chain",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("version_hash", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("parties", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("policy_set", sa.Text, nullable=False),
        sa.Column("sources", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("policy_currency", sa.Text, nullable=False),
        sa.Column("policy_amount", sa.Numeric),
        sa.Column("routing_amount", sa.Numeric),
        sa.Column("band", sa.Text),
        sa.Column("undecided_field", sa.Text),
        sa.Column("categories", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("at_suggestion", sa.Boolean, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "approval_chain", ["order_id", "opened_at"])
    op.create_index(None, "approval_chain", ["business_unit_id", "opened_at"])
    in_force = sa.text("state IN ('open', 'approved')")
    op.create_index("ix_approval_chain_one_in_force", "approval_chain", ["order_id"], unique=True, postgresql_where=in_force)


def _steps() -> None:
    create_table(
        "approval_step",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("chain_id", sa.Uuid, sa.ForeignKey("approval_chain.id"), nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("step_no", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("holder_id", sa.Uuid),
        sa.Column("holder_person", sa.Text),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("opened_at", MOMENT),
        sa.Column("level_since", MOMENT),
        sa.Column("due_at", MOMENT),
        sa.Column("decided_at", MOMENT),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_for", sa.Uuid),
        sa.Column("reason", sa.Text),
        sa.UniqueConstraint("chain_id", "step_no"),
        sa.CheckConstraint("(holder_id IS NULL) = (holder_person IS NULL)", name="holder_whole"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "approval_step", ["order_id"])
    waiting = sa.text("state = 'open'")
    op.create_index("ix_approval_step_waiting", "approval_step", ["business_unit_id", "due_at"], postgresql_where=waiting)
    op.create_index("ix_approval_step_holder", "approval_step", ["holder_id"], postgresql_where=waiting)


def _holders() -> None:
    create_table(
        "approval_holder",
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("app_user.id"), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("business_unit_id", "role", "category", "user_id"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "approval_holder", ["user_id"])


def _delegations() -> None:
    create_table(
        "delegation",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("giver_id", sa.Uuid, nullable=False),
        sa.Column("giver_person", sa.Text, nullable=False),
        sa.Column("delegate_id", sa.Uuid, nullable=False),
        sa.Column("delegate_person", sa.Text, nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.CheckConstraint("starts_at < ends_at", name="has_length"),
        sa.CheckConstraint("giver_person <> delegate_person", name="two_people"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "delegation", ["business_unit_id", "giver_id"])
    op.create_index(None, "delegation", ["delegate_id"])
