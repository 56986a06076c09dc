"""Tables of master data and of the figures the gate compares with: who sells what, for how much, and what stands in stock.

Each row says when it was true (``as_of``) and where it came from (``source``). Search columns hold folded text written by
Python, because the database's locale folds ASCII only. What the ERP owns and what we own (channels) are separate tables.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, quantity, reference, table, text

_INTERNAL: Final = Security(scoped_by="internal")
_UNIT: Final = Security(scoped_by="unit")


def _provenance() -> tuple[Column[Any], Column[Any]]:
    """Return fresh columns for the moment a row was true and the system that said so."""
    return (moment("as_of"), text("source"))


def _of(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Uuid, ForeignKey(f"{target}.id"), nullable=nullable)


SITE: Final = table(
    "site",
    id_column(),
    _of("business_unit_id", "business_unit"),
    text("code"),
    text("name"),
    text("country"),
    text("subdivision", nullable=True),
    text("time_zone"),
    Column("active", Boolean, nullable=False),
    UniqueConstraint("code"),
    Index(None, "business_unit_id", "id"),
    # Suppliers read the names of sites, because they ship there; the list of sites is no secret of one unit.
    security=Security(scoped_by="internal", advisory=("SELECT",)),
)

SUPPLIER: Final = table(
    "supplier",
    id_column(),
    text("code"),
    text("name"),
    text("currency"),
    text("country"),
    text("time_zone"),
    text("status"),
    text("payment_terms", nullable=True),
    text("freight_term", nullable=True),
    text("fob_point", nullable=True),
    text("incoterm", nullable=True),
    moment("updated_at", nullable=True),
    text("search_text"),
    *_provenance(),
    UniqueConstraint("code"),
    security=Security(
        scoped_by="supplier", supplier_column="id", portal_select=("id", "code", "name", "currency", "country", "time_zone")
    ),
)

SUPPLIER_PROFILE: Final = table(
    "supplier_profile",
    Column("supplier_id", Uuid, ForeignKey("supplier.id"), primary_key=True),
    Column("channels", ARRAY(Text), nullable=False),
    text("email", nullable=True),
    text("api_url", nullable=True),
    text("answer_mode"),
    Column("transit_days", Integer, nullable=True),
    text("language"),
    security=Security(
        scoped_by="supplier", portal_select=("supplier_id", "channels", "email", "answer_mode", "transit_days", "language")
    ),
)

ITEM: Final = table(
    "item",
    id_column(),
    text("sku"),
    text("name"),
    text("base_uom"),
    text("category"),
    text("status"),
    Column("discrete", Boolean, nullable=False),
    text("purchase_uom", nullable=True),
    reference("superseded_by", nullable=True),
    # The ERP's group of units the item is counted in, and what customers pay per base unit.
    text("unit_group", nullable=True),
    quantity("sales_price", nullable=True),
    moment("updated_at", nullable=True),
    text("search_text"),
    *_provenance(),
    UniqueConstraint("sku"),
    security=_INTERNAL,
)

ITEM_UOM: Final = table(
    "item_uom",
    _of("item_id", "item"),
    text("uom"),
    # The factor to the base unit is an exact ratio of whole numbers; a decimal could not hold one third.
    Column("numerator", Numeric(60, 0), nullable=False),
    Column("denominator", Numeric(60, 0), nullable=False),
    PrimaryKeyConstraint("item_id", "uom"),
    CheckConstraint("numerator > 0 AND denominator > 0", name="positive"),
    security=_INTERNAL,
)

ERP_UOM: Final = table(
    "erp_uom",
    # ``numerator / denominator`` base units of the group are one of this unit.
    text("erp_instance"),
    text("external_id"),
    text("code"),
    text("unit_group"),
    Column("numerator", Numeric(60, 0), nullable=False),
    Column("denominator", Numeric(60, 0), nullable=False),
    PrimaryKeyConstraint("erp_instance", "external_id"),
    CheckConstraint("numerator > 0 AND denominator > 0", name="positive"),
    security=_INTERNAL,
)

SUPPLIER_ITEM: Final = table(
    "supplier_item",
    _of("supplier_id", "supplier"),
    _of("item_id", "item"),
    text("supplier_part_no", nullable=True),
    text("order_uom"),
    Column("lead_time_days", Integer, nullable=True),
    quantity("minimum"),
    quantity("multiple"),
    quantity("maximum", nullable=True),
    moment("updated_at", nullable=True),
    text("search_text"),
    *_provenance(),
    PrimaryKeyConstraint("supplier_id", "item_id"),
    Index(None, "item_id"),
    security=Security(scoped_by="supplier"),
)

AGREEMENT: Final = table(
    "agreement",
    id_column(),
    text("number"),
    Column("version", Integer, nullable=False),
    _of("supplier_id", "supplier"),
    _of("item_id", "item"),
    text("tie_rule"),
    text("pricing_date"),
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
    *_provenance(),
    Index(None, "supplier_id", "item_id"),
    security=Security(scoped_by="supplier"),
)

PRICE_ENTRY: Final = table(
    "price_entry",
    # The entries of one owner (a supplier's item or an agreement) are replaced together; ``place`` keeps their order.
    text("owner"),
    Column("place", Integer, nullable=False),
    text("entry_id"),
    _of("supplier_id", "supplier"),
    _of("item_id", "item"),
    _of("agreement_id", "agreement", nullable=True),
    quantity("min_qty"),
    text("uom"),
    quantity("price"),
    text("currency"),
    Column("valid_from", Date, nullable=True),
    Column("valid_to", Date, nullable=True),
    reference("site_id", nullable=True),
    PrimaryKeyConstraint("owner", "place"),
    Index(None, "supplier_id", "item_id"),
    security=Security(scoped_by="supplier"),
)

STOCK_POSITION: Final = table(
    "stock_position",
    _of("item_id", "item"),
    _of("site_id", "site"),
    reference("business_unit_id"),
    quantity("on_hand"),
    quantity("allocated"),
    quantity("on_order"),
    quantity("daily_demand", nullable=True),
    quantity("reorder_point", nullable=True),
    quantity("maximum", nullable=True),
    quantity("sales_price", nullable=True),
    *_provenance(),
    PrimaryKeyConstraint("item_id", "site_id"),
    Index(None, "business_unit_id", "item_id"),
    security=_UNIT,
)

DEMAND_LINE: Final = table(
    "demand_line",
    _of("item_id", "item"),
    _of("site_id", "site"),
    text("source_ref"),
    reference("business_unit_id"),
    quantity("quantity"),
    Column("need_by", Date, nullable=False),
    text("customer_ref", nullable=True),
    quantity("unit_sales_price", nullable=True),
    text("currency", nullable=True),
    *_provenance(),
    text("external_id"),
    PrimaryKeyConstraint("source", "external_id"),
    Index(None, "item_id", "site_id"),
    Index(None, "business_unit_id", "item_id"),
    security=_UNIT,
)

ORDER_HISTORY: Final = table(
    "order_history",
    # One past purchase per row, in base units; what is usual is computed from these (domain.md 1, larger than usual).
    _of("item_id", "item"),
    text("source_ref"),
    _of("site_id", "site", nullable=True),
    _of("supplier_id", "supplier", nullable=True),
    reference("business_unit_id"),
    quantity("quantity"),
    Column("ordered_on", Date, nullable=False),
    text("source"),
    PrimaryKeyConstraint("item_id", "source_ref"),
    Index(None, "business_unit_id", "item_id", "ordered_on"),
    security=_UNIT,
)

LEAD_TIME_OBSERVATION: Final = table(
    "lead_time_observation",
    _of("supplier_id", "supplier"),
    _of("item_id", "item"),
    text("source_ref"),
    Column("ordered_on", Date, nullable=False),
    Column("received_on", Date, nullable=False),
    PrimaryKeyConstraint("supplier_id", "item_id", "source_ref"),
    CheckConstraint("received_on >= ordered_on", name="not_negative"),
    security=Security(scoped_by="supplier"),
)

EXCHANGE_RATE: Final = table(
    "exchange_rate",
    # One unit of from_currency is ``rate`` units of to_currency on that day.
    text("from_currency"),
    text("to_currency"),
    Column("valid_on", Date, nullable=False),
    quantity("rate"),
    text("source"),
    PrimaryKeyConstraint("from_currency", "to_currency", "valid_on"),
    CheckConstraint("rate > 0", name="positive"),
    security=_INTERNAL,
)

WORKING_HOURS: Final = table(
    "working_hours",
    # ``owner_type`` is unit, site or supplier; weekdays count from Monday = 0, hours are local to ``time_zone``.
    text("owner_type"),
    Column("owner_id", Uuid, nullable=False),
    text("time_zone"),
    Column("weekdays", ARRAY(Integer), nullable=False),
    Column("opening", Time, nullable=False),
    Column("closing", Time, nullable=False),
    text("country", nullable=True),
    text("subdivision", nullable=True),
    PrimaryKeyConstraint("owner_type", "owner_id"),
    security=Security(scoped_by="internal", advisory=("SELECT",)),
)

CLOSED_DAY: Final = table(
    "closed_day",
    text("owner_type"),
    Column("owner_id", Uuid, nullable=False),
    Column("day", Date, nullable=False),
    text("name"),
    PrimaryKeyConstraint("owner_type", "owner_id", "day"),
    security=Security(scoped_by="internal", advisory=("SELECT",)),
)

QUARANTINE: Final = table(
    "quarantine",
    # A record of an ERP that names a code we do not know; ``record`` is kept whole so that it can be taken up again.
    id_column(),
    text("erp_instance"),
    text("entity"),
    text("external_id"),
    text("unknown_entity"),
    text("unknown_code"),
    Column("record", JSONB, nullable=False),
    moment("first_seen"),
    moment("last_seen"),
    moment("resolved_at", nullable=True),
    UniqueConstraint("erp_instance", "entity", "external_id", "unknown_entity", "unknown_code"),
    Index(None, "erp_instance", "unknown_entity", "unknown_code"),
    security=_INTERNAL,
)

QUARANTINED_ORDER: Final = table(
    "quarantined_order",
    Column("quarantine_id", Uuid, ForeignKey("quarantine.id", ondelete="CASCADE"), nullable=False),
    reference("order_id"),
    reference("business_unit_id"),
    PrimaryKeyConstraint("quarantine_id", "order_id"),
    Index(None, "business_unit_id", "order_id"),
    security=_UNIT,
)
