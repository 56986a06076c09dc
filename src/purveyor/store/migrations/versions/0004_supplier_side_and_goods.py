"""Acknowledgments, promises, change orders, ship notices, receipts and the quantity movements they become.

Why: the supplier's answers and the goods are kept as they came and folded anew whenever a document arrives, so the order of
arrival never matters; movements are insert only. Revision 0004, after policies and approvals.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.migrations.steps import create_table
from purveyor.store.row_security import Security

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of the supplier's side and of goods."""
    _acknowledgment()
    _proposal_verdict()
    _line_answer()
    _promise()
    _change_order()
    _ship_notice()
    _receipt()
    _receipt_count()
    _movement()


def _names(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _acknowledgment() -> None:
    create_table(
        "acknowledgment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("known_version", sa.Integer, nullable=False),
        sa.Column("mode", sa.Text, nullable=False),
        sa.Column("header", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("technical", sa.Boolean, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("results", JSONB, nullable=False),
        sa.Column("asks_about", sa.ARRAY(sa.Integer), nullable=False),
        sa.UniqueConstraint("source", "external_id", "revision"),
        security=Security(
            scoped_by="both",
            portal_select=_names(
                "id order_id business_unit_id supplier_id source channel external_id revision sent_at received_at "
                "version mode header reason technical lines result results asks_about"
            ),
        ),
    )
    op.create_index(None, "acknowledgment", ["business_unit_id", "received_at"])
    op.create_index(None, "acknowledgment", ["order_id"])
    op.create_index(None, "acknowledgment", ["supplier_id", "received_at"])


def _proposal_verdict() -> None:
    create_table(
        "proposal_verdict",
        sa.Column("acknowledgment_id", sa.Uuid, sa.ForeignKey("acknowledgment.id"), nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("change_order_id", sa.Uuid),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("acknowledgment_id", "line_no"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "proposal_verdict", ["business_unit_id", "order_id"])


def _line_answer() -> None:
    create_table(
        "line_answer",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reminders", sa.Text, nullable=False),
        sa.Column("ordered", sa.Numeric, nullable=False),
        sa.Column("accepted", sa.Numeric, nullable=False),
        sa.Column("proposed", sa.Numeric, nullable=False),
        sa.Column("proposed_over", sa.Numeric, nullable=False),
        sa.Column("backordered", sa.Numeric, nullable=False),
        sa.Column("rejected", sa.Numeric, nullable=False),
        sa.Column("unanswered", sa.Numeric, nullable=False),
        sa.Column("promised_ship", sa.Date),
        sa.Column("promised_delivery", sa.Date),
        sa.Column("basis", sa.Text),
        sa.Column("original_delivery", sa.Date),
        sa.Column("answered_at", MOMENT),
        sa.PrimaryKeyConstraint("order_id", "line_no"),
        sa.ForeignKeyConstraint(["order_id", "line_no"], ["order_line.order_id", "order_line.line_no"], ondelete="CASCADE"),
        security=Security(
            scoped_by="both",
            portal_select=_names(
                "order_id line_no business_unit_id supplier_id state ordered accepted proposed proposed_over "
                "backordered rejected unanswered promised_ship promised_delivery basis"
            ),
        ),
    )
    op.create_index(None, "line_answer", ["business_unit_id", "promised_delivery"])
    op.create_index(None, "line_answer", ["business_unit_id", "state"])
    op.create_index(None, "line_answer", ["supplier_id", "order_id"])


def _promise() -> None:
    create_table(
        "promise",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("line_version", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("schedule_no", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("promised_ship", sa.Date),
        sa.Column("promised_delivery", sa.Date),
        sa.Column("basis", sa.Text),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_no", "line_version", "role", "place"),
        security=Security(
            scoped_by="both",
            portal_select=_names(
                "order_id line_no line_version role place business_unit_id supplier_id schedule_no quantity "
                "promised_ship promised_delivery basis said_at channel"
            ),
        ),
    )
    op.create_index(None, "promise", ["business_unit_id", "promised_delivery"])
    op.create_index(None, "promise", ["supplier_id", "order_id"])


def _change_order() -> None:
    create_table(
        "change_order",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("base_version", sa.Integer, nullable=False),
        sa.Column("applied_version", sa.Integer),
        sa.Column("initiator", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("actions", JSONB, nullable=False),
        sa.Column("agreed", JSONB, nullable=False),
        sa.Column("needs_approval_for", JSONB, nullable=False),
        sa.Column("proposed_by", sa.Uuid),
        sa.Column("proposed_by_person", sa.Text),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "change_order", ["business_unit_id", "status"])
    op.create_index(None, "change_order", ["order_id"])


def _ship_notice() -> None:
    create_table(
        "ship_notice",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("ships_on", sa.Date),
        sa.Column("arrives_on", sa.Date),
        sa.Column("carrier", sa.Text),
        sa.Column("tracking", sa.Text),
        sa.Column("mode", sa.Text),
        sa.Column("lines", JSONB, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("source", "external_id", "revision"),
        security=Security(
            scoped_by="both",
            portal_select=_names(
                "id order_id business_unit_id supplier_id source channel external_id revision number sent_at "
                "received_at ships_on arrives_on carrier tracking mode lines"
            ),
        ),
    )
    op.create_index(None, "ship_notice", ["business_unit_id", "arrives_on"])
    op.create_index(None, "ship_notice", ["order_id"])
    op.create_index(None, "ship_notice", ["supplier_id", "received_at"])


def _receipt() -> None:
    create_table(
        "receipt",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("notice", sa.Text),
        sa.Column("ends_shipment", sa.Boolean, nullable=False),
        sa.UniqueConstraint("source", "external_id", "revision"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "receipt", ["business_unit_id", "received_at"])
    op.create_index(None, "receipt", ["order_id"])


def _receipt_count() -> None:
    create_table(
        "receipt_count",
        sa.Column("receipt_id", sa.Uuid, sa.ForeignKey("receipt.id"), nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("ship_to", sa.Uuid),
        sa.Column("keyed", sa.Numeric, nullable=False),
        sa.Column("keyed_uom", sa.Text),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("damaged", sa.Numeric, nullable=False),
        sa.Column("return_for", sa.Text),
        sa.Column("recount_of", sa.Uuid),
        sa.Column("allowed_over", sa.Numeric, nullable=False),
        sa.Column("credited", sa.Numeric, nullable=False),
        sa.Column("accepted", sa.Numeric, nullable=False),
        sa.Column("excess", sa.Numeric, nullable=False),
        sa.Column("held", sa.Numeric, nullable=False),
        sa.Column("rejected", sa.Numeric, nullable=False),
        sa.Column("codes", sa.ARRAY(sa.Text), nullable=False),
        sa.PrimaryKeyConstraint("receipt_id", "place"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "receipt_count", ["business_unit_id", "order_id"])
    op.create_index(None, "receipt_count", ["order_id", "line_no"])


def _movement() -> None:
    create_table(
        "movement",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("ship_to", sa.Uuid),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("moved_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("document_id", sa.Uuid, nullable=False),
        sa.Column("cause_id", sa.Uuid, nullable=False),
        sa.Column("notice", sa.Text),
        security=Security(scoped_by="unit", runtime=("SELECT", "INSERT")),
    )
    op.create_index(None, "movement", ["business_unit_id", "moved_at"])
    op.create_index(None, "movement", ["cause_id"])
    op.create_index(None, "movement", ["order_id", "line_no"])
