"""Items, their units, what a supplier sells them for, and what stands in stock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from purveyor.core.ids import AgreementId, ItemId, SiteId, SupplierId
from purveyor.core.quantity import UnitTable


class ItemStatus(StrEnum):
    """Whether an item may be bought."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    OBSOLETE = "obsolete"


@dataclass(frozen=True, slots=True)
class Item:
    """What is bought, under our number.

    ``discrete`` items come in whole base units; ``category`` is a path like ``pumps/circulators``.
    """

    id: ItemId
    sku: str
    name: str
    units: UnitTable
    category: str
    status: ItemStatus = ItemStatus.ACTIVE
    discrete: bool = True
    purchase_uom: str | None = None
    superseded_by: ItemId | None = None
    updated_at: datetime | None = None


class TieRule(StrEnum):
    """How two price entries of equal rank are settled."""

    AMBIGUOUS = "ambiguous"
    LATEST_START = "latest_start"


class PricingDate(StrEnum):
    """Which date of the order selects the price."""

    ORDER_DATE = "order_date"
    NEED_BY = "need_by"


@dataclass(frozen=True, slots=True)
class PriceEntry:
    """One price: from ``min_qty`` units of ``uom``, ``price`` per ``uom``, both days of validity included; no site is general."""

    id: str
    min_qty: Decimal
    uom: str
    price: Decimal
    currency: str
    valid_from: date | None = None
    valid_to: date | None = None
    site_id: SiteId | None = None


@dataclass(frozen=True, slots=True)
class SupplierItem:
    """A supplier's terms for one item; quantities in ``order_uom``, lead time in calendar days."""

    supplier_id: SupplierId
    item_id: ItemId
    supplier_part_no: str | None
    order_uom: str
    lead_time_days: int | None = None
    minimum: Decimal = Decimal(0)
    multiple: Decimal = Decimal(1)
    maximum: Decimal | None = None
    prices: tuple[PriceEntry, ...] = ()
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """A contract, blanket order or price list with a supplier for one item."""

    id: AgreementId
    number: str
    version: int
    supplier_id: SupplierId
    item_id: ItemId
    entries: tuple[PriceEntry, ...]
    tie_rule: TieRule = TieRule.AMBIGUOUS
    pricing_date: PricingDate = PricingDate.ORDER_DATE
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class DemandLine:
    """Open demand for an item at a site (sales order, transfer, planned need): base units, sales price per base unit."""

    quantity: Decimal
    need_by: date
    source_ref: str
    customer_ref: str | None = None
    unit_sales_price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class StockPosition:
    """Stock of an item at a site in base units: what lies there, is allocated, is on order, and how fast it leaves.

    ``daily_demand`` is base units a day; ``reorder_point`` and ``maximum`` come from the ERP's order point.
    """

    item_id: ItemId
    site_id: SiteId
    on_hand: Decimal
    allocated: Decimal
    on_order: Decimal
    daily_demand: Decimal | None = None
    reorder_point: Decimal | None = None
    maximum: Decimal | None = None
    demand: tuple[DemandLine, ...] = field(default=())
    sales_price: Decimal | None = None

    @property
    def available(self) -> Decimal:
        """What can still be promised: on hand minus allocated."""
        return self.on_hand - self.allocated
