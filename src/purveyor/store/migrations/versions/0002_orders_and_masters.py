"""Purchase orders with every version they had, and the master data they are checked against.

Why: the gate, the approvals and every later step read and write these tables; row security needs the business unit and the
supplier an order is shown to in each of them. Revision 0002, after the foundation.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.migrations.steps import create_table, run
from purveyor.store.roles import RUNTIME
from purveyor.store.row_security import Security

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables of orders and master data."""
    run(["CREATE SEQUENCE order_ref_seq", f"GRANT USAGE ON SEQUENCE order_ref_seq TO {RUNTIME}"])
    _parties()
    _items()
    _supplier_items()
    _prices()
    _stock()
    _history()
    _calendars()
    _quarantine()
    _orders()
    _order_lines()
    _order_schedules()
    _order_versions()


def _names(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _parties() -> None:
    create_table(
        "site",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("business_unit_id", sa.Uuid, sa.ForeignKey("business_unit.id"), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("subdivision", sa.Text),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.UniqueConstraint("code"),
        security=Security(scoped_by="internal"),
    )
    op.create_index(None, "site", ["business_unit_id", "id"])
    create_table(
        "supplier",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("payment_terms", sa.Text),
        sa.Column("freight_term", sa.Text),
        sa.Column("fob_point", sa.Text),
        sa.Column("incoterm", sa.Text),
        sa.Column("updated_at", MOMENT),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.UniqueConstraint("code"),
        security=Security(
            scoped_by="supplier", supplier_column="id", portal_select=("id", "code", "name", "currency", "country", "time_zone")
        ),
    )
    create_table(
        "supplier_profile",
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id"), primary_key=True),
        sa.Column("channels", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("api_url", sa.Text),
        sa.Column("answer_mode", sa.Text, nullable=False),
        sa.Column("transit_days", sa.Integer),
        security=Security(
            scoped_by="supplier", portal_select=("supplier_id", "channels", "email", "answer_mode", "transit_days")
        ),
    )


def _items() -> None:
    create_table(
        "item",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("base_uom", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("discrete", sa.Boolean, nullable=False),
        sa.Column("purchase_uom", sa.Text),
        sa.Column("superseded_by", sa.Uuid),
        sa.Column("unit_group", sa.Text),
        sa.Column("sales_price", sa.Numeric),
        sa.Column("updated_at", MOMENT),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.UniqueConstraint("sku"),
        security=Security(scoped_by="internal"),
    )
    create_table(
        "erp_uom",
        sa.Column("erp_instance", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("unit_group", sa.Text, nullable=False),
        sa.Column("numerator", sa.Numeric(60, 0), nullable=False),
        sa.Column("denominator", sa.Numeric(60, 0), nullable=False),
        sa.PrimaryKeyConstraint("erp_instance", "external_id"),
        sa.CheckConstraint("numerator > 0 AND denominator > 0", name="positive"),
        security=Security(scoped_by="internal"),
    )
    create_table(
        "item_uom",
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("uom", sa.Text, nullable=False),
        sa.Column("numerator", sa.Numeric(60, 0), nullable=False),
        sa.Column("denominator", sa.Numeric(60, 0), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "uom"),
        sa.CheckConstraint("numerator > 0 AND denominator > 0", name="positive"),
        security=Security(scoped_by="internal"),
    )


def _supplier_items() -> None:
    create_table(
        "supplier_item",
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id"), nullable=False),
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("supplier_part_no", sa.Text),
        sa.Column("order_uom", sa.Text, nullable=False),
        sa.Column("lead_time_days", sa.Integer),
        sa.Column("minimum", sa.Numeric, nullable=False),
        sa.Column("multiple", sa.Numeric, nullable=False),
        sa.Column("maximum", sa.Numeric),
        sa.Column("updated_at", MOMENT),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", "item_id"),
        security=Security(scoped_by="supplier"),
    )
    op.create_index(None, "supplier_item", ["item_id"])


def _prices() -> None:
    create_table(
        "agreement",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id"), nullable=False),
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("tie_rule", sa.Text, nullable=False),
        sa.Column("pricing_date", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        security=Security(scoped_by="supplier"),
    )
    op.create_index(None, "agreement", ["supplier_id", "item_id"])
    create_table(
        "price_entry",
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id"), nullable=False),
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("agreement_id", sa.Uuid, sa.ForeignKey("agreement.id")),
        sa.Column("min_qty", sa.Numeric, nullable=False),
        sa.Column("uom", sa.Text, nullable=False),
        sa.Column("price", sa.Numeric, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("site_id", sa.Uuid),
        sa.PrimaryKeyConstraint("owner", "place"),
        security=Security(scoped_by="supplier"),
    )
    op.create_index(None, "price_entry", ["supplier_id", "item_id"])
    create_table(
        "exchange_rate",
        sa.Column("from_currency", sa.Text, nullable=False),
        sa.Column("to_currency", sa.Text, nullable=False),
        sa.Column("valid_on", sa.Date, nullable=False),
        sa.Column("rate", sa.Numeric, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("from_currency", "to_currency", "valid_on"),
        sa.CheckConstraint("rate > 0", name="positive"),
        security=Security(scoped_by="internal"),
    )


def _stock() -> None:
    create_table(
        "stock_position",
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("site.id"), nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("on_hand", sa.Numeric, nullable=False),
        sa.Column("allocated", sa.Numeric, nullable=False),
        sa.Column("on_order", sa.Numeric, nullable=False),
        sa.Column("daily_demand", sa.Numeric),
        sa.Column("reorder_point", sa.Numeric),
        sa.Column("maximum", sa.Numeric),
        sa.Column("sales_price", sa.Numeric),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "site_id"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "stock_position", ["business_unit_id", "item_id"])
    create_table(
        "demand_line",
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("site.id"), nullable=False),
        sa.Column("source_ref", sa.Text, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("need_by", sa.Date, nullable=False),
        sa.Column("customer_ref", sa.Text),
        sa.Column("unit_sales_price", sa.Numeric),
        sa.Column("currency", sa.Text),
        sa.Column("as_of", MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("source", "external_id"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "demand_line", ["business_unit_id", "item_id"])
    op.create_index(None, "demand_line", ["item_id", "site_id"])


def _history() -> None:
    create_table(
        "order_history",
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("source_ref", sa.Text, nullable=False),
        sa.Column("site_id", sa.Uuid, sa.ForeignKey("site.id")),
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id")),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("ordered_on", sa.Date, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("item_id", "source_ref"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "order_history", ["business_unit_id", "item_id", "ordered_on"])
    create_table(
        "lead_time_observation",
        sa.Column("supplier_id", sa.Uuid, sa.ForeignKey("supplier.id"), nullable=False),
        sa.Column("item_id", sa.Uuid, sa.ForeignKey("item.id"), nullable=False),
        sa.Column("source_ref", sa.Text, nullable=False),
        sa.Column("ordered_on", sa.Date, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", "item_id", "source_ref"),
        sa.CheckConstraint("received_on >= ordered_on", name="not_negative"),
        security=Security(scoped_by="supplier"),
    )


def _calendars() -> None:
    create_table(
        "working_hours",
        sa.Column("owner_type", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("weekdays", sa.ARRAY(sa.Integer), nullable=False),
        sa.Column("opening", sa.Time, nullable=False),
        sa.Column("closing", sa.Time, nullable=False),
        sa.Column("country", sa.Text),
        sa.Column("subdivision", sa.Text),
        sa.PrimaryKeyConstraint("owner_type", "owner_id"),
        security=Security(scoped_by="internal"),
    )
    create_table(
        "closed_day",
        sa.Column("owner_type", sa.Text, nullable=False),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("owner_type", "owner_id", "day"),
        security=Security(scoped_by="internal"),
    )


def _quarantine() -> None:
    create_table(
        "quarantine",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("erp_instance", sa.Text, nullable=False),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("unknown_entity", sa.Text, nullable=False),
        sa.Column("unknown_code", sa.Text, nullable=False),
        sa.Column("record", JSONB, nullable=False),
        sa.Column("first_seen", MOMENT, nullable=False),
        sa.Column("last_seen", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT),
        sa.UniqueConstraint("erp_instance", "entity", "external_id", "unknown_entity", "unknown_code"),
        security=Security(scoped_by="internal"),
    )
    op.create_index(None, "quarantine", ["erp_instance", "unknown_entity", "unknown_code"])
    create_table(
        "quarantined_order",
        sa.Column("quarantine_id", sa.Uuid, sa.ForeignKey("quarantine.id", ondelete="CASCADE"), nullable=False),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("quarantine_id", "order_id"),
        security=Security(scoped_by="unit"),
    )
    op.create_index(None, "quarantined_order", ["business_unit_id", "order_id"])


def _orders() -> None:
    create_table(
        "purchase_order",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_ref", sa.Text, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("supplier_id", sa.Uuid),
        sa.Column("shown_to_supplier_id", sa.Uuid),
        sa.Column("supplier_code", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("order_date", sa.Date, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("row_version", sa.Integer, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("requester", sa.Text),
        sa.Column("buyer_id", sa.Uuid),
        sa.Column("payment_terms", sa.Text),
        sa.Column("freight_term", sa.Text),
        sa.Column("fob_point", sa.Text),
        sa.Column("incoterm", sa.Text),
        sa.Column("freight_ceiling", sa.Numeric),
        sa.Column("erp_instance", sa.Text),
        sa.Column("erp_external_id", sa.Text),
        sa.Column("erp_number", sa.Text),
        sa.Column("erp_version", sa.Text),
        sa.Column("erp_content_hash", sa.Text),
        sa.Column("hold_reason", sa.Text),
        sa.Column("hold_owner", sa.Uuid),
        sa.Column("hold_since", MOMENT),
        sa.Column("first_issued_version", sa.Integer),
        sa.Column("issued_at", MOMENT),
        sa.Column("created_at", MOMENT),
        sa.Column("total", sa.Numeric),
        sa.Column("need_by", sa.Date),
        sa.Column("lines_digest", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.UniqueConstraint("order_ref"),
        sa.UniqueConstraint("erp_instance", "erp_external_id"),
        sa.CheckConstraint("order_ref ~ '^[A-Z0-9]{1,12}$'", name="order_ref_form"),
        sa.CheckConstraint("version >= 1", name="version_positive"),
        sa.CheckConstraint("(hold_reason IS NULL) = (hold_since IS NULL)", name="hold_whole"),
        security=Security(
            scoped_by="both",
            supplier_column="shown_to_supplier_id",
            portal_select=_names(
                "id order_ref business_unit_id supplier_id shown_to_supplier_id supplier_code currency order_date "
                "status version row_version payment_terms freight_term fob_point incoterm freight_ceiling "
                "first_issued_version issued_at total need_by"
            ),
        ),
    )
    op.create_index(None, "purchase_order", ["business_unit_id", "status", "id"])
    op.create_index(None, "purchase_order", ["shown_to_supplier_id", "id"])
    op.create_index(None, "purchase_order", ["supplier_id", "status", "id"])


def _order_lines() -> None:
    create_table(
        "order_line",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("shown_to_supplier_id", sa.Uuid),
        sa.Column("item_id", sa.Uuid),
        sa.Column("item_code", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("uom", sa.Text),
        sa.Column("unit_price", sa.Numeric),
        sa.Column("price_per", sa.Numeric, nullable=False),
        sa.Column("supplier_part_no", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("tax_code", sa.Text),
        sa.Column("changed_in_version", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("closed_reason", sa.Text),
        sa.Column("external_id", sa.Text),
        sa.Column("amount", sa.Numeric),
        sa.Column("need_by", sa.Date),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_no"),
        security=Security(
            scoped_by="both",
            supplier_column="shown_to_supplier_id",
            portal_select=_names(
                "order_id line_no business_unit_id shown_to_supplier_id item_id item_code description quantity uom "
                "unit_price price_per supplier_part_no changed_in_version cancelled amount need_by"
            ),
        ),
    )
    op.create_index(None, "order_line", ["business_unit_id", "item_id"])
    op.create_index(None, "order_line", ["item_id"])
    op.create_index(None, "order_line", ["shown_to_supplier_id", "item_id"])


def _order_schedules() -> None:
    create_table(
        "order_schedule",
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("line_no", sa.Integer, nullable=False),
        sa.Column("schedule_no", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("shown_to_supplier_id", sa.Uuid),
        sa.Column("ship_to", sa.Uuid),
        sa.Column("quantity", sa.Numeric, nullable=False),
        sa.Column("need_by", sa.Date),
        sa.PrimaryKeyConstraint("order_id", "line_no", "schedule_no"),
        sa.ForeignKeyConstraint(["order_id", "line_no"], ["order_line.order_id", "order_line.line_no"], ondelete="CASCADE"),
        security=Security(
            scoped_by="both",
            supplier_column="shown_to_supplier_id",
            portal_select=_names("order_id line_no schedule_no business_unit_id shown_to_supplier_id ship_to quantity need_by"),
        ),
    )
    op.create_index(None, "order_schedule", ["business_unit_id", "ship_to"])
    op.create_index(None, "order_schedule", ["shown_to_supplier_id", "order_id"])


def _order_versions() -> None:
    create_table(
        "order_version",
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("purchase_order.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("business_unit_id", sa.Uuid, nullable=False),
        sa.Column("shown_to_supplier_id", sa.Uuid),
        sa.Column("version_hash", sa.Text, nullable=False),
        sa.Column("snapshot", JSONB, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "version"),
        security=Security(
            scoped_by="both",
            supplier_column="shown_to_supplier_id",
            portal_select=_names("order_id version business_unit_id shown_to_supplier_id version_hash snapshot recorded_at"),
        ),
    )
    op.create_index(None, "order_version", ["business_unit_id", "order_id"])
    op.create_index(None, "order_version", ["shown_to_supplier_id", "order_id"])
