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
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.pricing import in_base_units
from purveyor.core.quantity import UnitTable, as_decimal

BOUGHT = (Status.ISSUED, Status.ACKNOWLEDGED, Status.CLOSED)
UNDER_WAY = (Status.PENDING_APPROVAL, Status.APPROVED)


@dataclass(frozen=True, slots=True)
class PastPart:
    """One schedule of one line of an order of ours; the price is per ``price_per`` units of ``uom``.

    ``quantity`` is in base units, None when the unit of the line has no conversion.
    """

    order_id: OrderId
    order_ref: str
    status: Status
    line_no: int
    supplier_id: SupplierId | None
    item_id: ItemId
    ship_to: SiteId | None
    quantity: Decimal | None
    uom: str | None
    unit_price: Decimal | None
    price_per: Decimal
    currency: str
    order_date: date
    need_by: date | None
    entered_at: datetime
    issued_at: datetime | None = None


def ordered_quantities(parts: Iterable[PastPart], site: SiteId, but: OrderId) -> tuple[Decimal, ...]:
    """Return what was bought for a site, one quantity per order line, smallest first; one order is left out."""
    lines: dict[tuple[OrderId, int], Decimal] = {}
    for part in parts:
        if part.status in BOUGHT and part.ship_to == site and part.order_id != but and part.quantity is not None:
            key = (part.order_id, part.line_no)
            lines[key] = lines.get(key, Decimal(0)) + part.quantity
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


def possible_twins(
    parts: Iterable[PastPart], order: PurchaseOrder, line: OrderLine, units: UnitTable, since: datetime
) -> tuple[KnownLine, ...]:
    """Return what other orders to the same supplier buy for the same site, date and quantity as this line, by time of entry.

    The rule about duplicates decides; this only keeps the facts of a line from growing with every order of its item.
    """
    wanted = {(part.ship_to, part.need_by, in_base_units(units, part.quantity, line.uom)) for part in line.schedules if line.uom}
    found = [
        _known_line(part, part.supplier_id, part.quantity)
        for part in parts
        if part.entered_at >= since and part.quantity is not None and part.supplier_id is not None
        if part.supplier_id == order.supplier_id and part.order_id != order.id
        if (part.ship_to, part.need_by, part.quantity) in wanted
    ]
    return tuple(sorted(found, key=lambda twin: (twin.entered_at, twin.order_ref, twin.line_no)))


def _known_line(part: PastPart, supplier: SupplierId, quantity: Decimal) -> KnownLine:
    return KnownLine(
        order_id=part.order_id,
        order_ref=part.order_ref,
        line_no=part.line_no,
        supplier_id=supplier,
        ship_to=part.ship_to,
        quantity=quantity,
        need_by=part.need_by,
        entered_at=part.entered_at,
        cancelled=part.status is Status.CANCELLED,
    )


def awaiting_erp(parts: Iterable[PastPart], site: SiteId, but: OrderId, counted_at: datetime | None) -> Decimal:
    """Return what other orders will bring to a site that the ERP's figure of ``counted_at`` does not count as on order yet.

    That is what is being approved or released, and what was issued after the ERP counted.
    """
    total = Decimal(0)
    for part in parts:
        since = part.issued_at is not None and counted_at is not None and part.issued_at > counted_at
        uncounted = part.status in UNDER_WAY or (part.status in BOUGHT and since)
        if uncounted and part.ship_to == site and part.order_id != but:
            total += part.quantity or Decimal(0)
    return total


def lead_time_of(days: Sequence[int]) -> LeadTime | None:
    """Return number, median and 90th percentile (nearest rank: the smallest value that 90 % do not exceed) of lead times."""
    if not days:
        return None
    rising = sorted(days)
    return LeadTime(len(rising), Decimal(median(map(Decimal, rising))), Decimal(rising[ceil(Decimal(len(rising)) * 9 / 10) - 1]))
