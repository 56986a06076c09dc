"""Stock: what lies there, is on order and is demanded, with this order on top, stays within the maximum of the site.

Source: checklist S16. Demand is what is allocated or what open demand asks for until the need-by date, whichever is more:
allocations are made for that demand, so the two are never added. All quantities are base units.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.ids import SiteId
from purveyor.core.items import StockPosition
from purveyor.core.quantity import as_decimal
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import number, quantity

RULE: Final = Rule("inventory.maximum", Section.INVENTORY, "Stock stays within the maximum of the site", (FactKind.STOCK,))


def within_maximum(at: LineCheck) -> Iterator[Finding]:
    """Yield OVER_MAX with the arithmetic and the quantity that fits, per ship-to site; STOCK_UNKNOWN where no stock is known."""
    for site, ordered in at.by_site:
        fact = at.facts.stock.get(site)
        if fact is None:
            message = f"The stock of the item at {at.site_code(site)} is not known."
            yield at.finding(RULE, "STOCK_UNKNOWN", message, result=Result.NO_DATA, actual=at.site_code(site))
            continue
        stock = fact.value
        if stock.maximum is None:
            continue
        awaiting = at.facts.awaiting_erp.get(site)
        coming = awaiting.value if awaiting else Decimal(0)
        demand = _demand(at, stock)
        before = stock.on_hand + stock.on_order + coming - demand
        if before + ordered > stock.maximum:
            yield _over_max(at, site, ordered, stock, coming, demand)


def _demand(at: LineCheck, stock: StockPosition) -> Decimal:
    if not stock.demand:
        return stock.allocated
    asked = sum((line.quantity for line in stock.demand if at.need_by is None or line.need_by <= at.need_by), Decimal(0))
    return max(stock.allocated, asked)


def _over_max(at: LineCheck, site: SiteId, ordered: Decimal, stock: StockPosition, coming: Decimal, demand: Decimal) -> Finding:
    maximum = stock.maximum or Decimal(0)
    before = stock.on_hand + stock.on_order + coming - demand
    fits = _sellable(at, max(maximum - before, Decimal(0)))
    unit = at.base_uom
    awaited = f" + {number(coming)} not in the ERP yet" if coming else ""
    arithmetic = (
        f"{number(stock.on_hand)} on hand + {number(stock.on_order)} on order{awaited} - {number(demand)} demand"
        f" + {number(ordered)} ordered = {number(before + ordered)} against maximum {number(maximum)}"
    )
    return at.finding(
        RULE,
        "OVER_MAX",
        f"{at.site_code(site)} would hold {quantity(before + ordered, unit)}, its maximum is {number(maximum)}; "
        f"{quantity(fits, unit)} would fit.",
        expected=f"at most {quantity(maximum, unit)}",
        actual=f"{quantity(before + ordered, unit)} at {at.site_code(site)}",
        exposure=at.cost(ordered - fits),
        arithmetic=arithmetic,
        suggestion=quantity(fits, unit),
    )


def _sellable(at: LineCheck, room: Decimal) -> Decimal:
    """Return the most that fits into the room and that the supplier sells, in base units; zero below its minimum."""
    terms, item = at.terms, at.item
    if terms is None or item is None or not item.units.knows(terms.order_uom):
        return room
    ratio = item.units.ratio(terms.order_uom, item.units.base_uom)
    packs = Fraction(room) / ratio // Fraction(terms.multiple) * Fraction(terms.multiple)
    return as_decimal(packs * ratio) if packs >= terms.minimum else Decimal(0)
