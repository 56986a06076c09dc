"""What our own orders and receipts of the last 12 months say about an item: usual quantities, prices paid, lead times.

Pure arithmetic over rows of the past, so that the store only has to fetch them. Quantities are base units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from statistics import median

from purveyor.core.facts import KnownLine, LeadTime, PaidPrice
from purveyor.core.ids import ItemId, OrderId, SiteId, SupplierId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.pricing import in_base_units
from purveyor.core.quantity import UnitTable, as_decimal

BOUGHT = (Status.ISSUED, Status.ACKNOWLEDGED, Status.CLOSED)
UNDER_WAY = (Status.PENDING_APPROVAL, Status.APPROVED)


@dataclass(frozen=True, slots=True)
class PastPart:
    """One schedule of one line of an order of ours; quantity and price (per ``price_per``) in the unit of the line."""

    order_id: OrderId
    order_ref: str
    status: Status
    line_no: int
    supplier_id: SupplierId | None
    item_id: ItemId
    ship_to: SiteId | None
    quantity: Decimal
    uom: str | None
    unit_price: Decimal | None
    price_per: Decimal
    currency: str
    order_date: date
    need_by: date | None
    entered_at: datetime
    issued_at: datetime | None = None

    def base_quantity(self, units: UnitTable) -> Decimal | None:
        """Return the quantity in base units; None when the unit has no conversion (any more)."""
        return None if self.uom is None else in_base_units(units, self.quantity, self.uom)


def ordered_quantities(parts: Iterable[PastPart], site: SiteId, units: UnitTable, but: OrderId) -> tuple[Decimal, ...]:
    """Return what was bought for a site, one quantity per order line, smallest first; one order is left out."""
    lines: dict[tuple[OrderId, int], Decimal] = {}
    for part in parts:
        quantity = part.base_quantity(units)
        if part.status in BOUGHT and part.ship_to == site and part.order_id != but and quantity is not None:
            key = (part.order_id, part.line_no)
            lines[key] = lines.get(key, Decimal(0)) + quantity
    return tuple(sorted(lines.values()))


def price_paid(
    parts: Iterable[PastPart], supplier: SupplierId | None, currency: str, units: UnitTable, but: OrderId
) -> PaidPrice | None:
    """Return last price and median per base unit of what was bought from a supplier in a currency; None without any."""
    prices: dict[tuple[date, str, int], Decimal] = {}
    for part in parts:
        of_interest = part.status in BOUGHT and part.supplier_id == supplier and part.currency == currency
        if not of_interest or part.order_id == but or part.unit_price is None or part.uom is None or not units.knows(part.uom):
            continue
        per_base = Fraction(part.unit_price) / Fraction(part.price_per) / units.ratio(part.uom, units.base_uom)
        prices[part.order_date, part.order_ref, part.line_no] = as_decimal(per_base)
    if not prices:
        return None
    last = max(prices)
    return PaidPrice(prices[last], last[0], median(prices.values()), len(prices), currency)


def possible_twins(parts: Iterable[PastPart], order: PurchaseOrder, units: UnitTable, since: datetime) -> tuple[KnownLine, ...]:
    """Return the schedules of other orders to the order's supplier that may be the same purchase, by time of entry."""
    found = []
    for part in parts:
        quantity = part.base_quantity(units)
        same_supplier = part.supplier_id is not None and part.supplier_id == order.supplier_id
        if part.order_id == order.id or part.entered_at < since or quantity is None or not same_supplier:
            continue
        found.append(_known_line(part, quantity))
    return tuple(sorted(found, key=lambda line: (line.entered_at, line.order_ref, line.line_no)))


def _known_line(part: PastPart, quantity: Decimal) -> KnownLine:
    assert part.supplier_id is not None
    return KnownLine(
        order_id=part.order_id,
        order_ref=part.order_ref,
        line_no=part.line_no,
        supplier_id=part.supplier_id,
        ship_to=part.ship_to,
        quantity=quantity,
        need_by=part.need_by,
        entered_at=part.entered_at,
        cancelled=part.status is Status.CANCELLED,
    )


def awaiting_erp(parts: Iterable[PastPart], site: SiteId, units: UnitTable, but: OrderId, counted_at: datetime | None) -> Decimal:
    """Return what other orders will bring to a site that the ERP's figure of ``counted_at`` does not count as on order yet.

    That is what is being approved or released, and what was issued after the ERP counted.
    """
    total = Decimal(0)
    for part in parts:
        since = part.issued_at is not None and counted_at is not None and part.issued_at > counted_at
        uncounted = part.status in UNDER_WAY or (part.status in BOUGHT and since)
        if uncounted and part.ship_to == site and part.order_id != but:
            total += part.base_quantity(units) or Decimal(0)
    return total


def lead_time_of(days: Sequence[int]) -> LeadTime | None:
    """Return number, median and 90th percentile (nearest rank: the smallest value that 90 % do not exceed) of lead times."""
    if not days:
        return None
    rising = sorted(days)
    return LeadTime(len(rising), Decimal(median(map(Decimal, rising))), Decimal(rising[ceil(Decimal(len(rising)) * 9 / 10) - 1]))
