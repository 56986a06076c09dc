"""Units: the unit of the line converts to the item's, and nobody typed packs where pieces were meant.

240 cartons of 12 typed where 240 pumps were wanted are twelve times too much. The slip is claimed only when the typed quantity is
out of proportion (larger than usual, or more cover than the policy allows) and the same number of pieces is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Section
from purveyor.core.ids import SiteId
from purveyor.core.items import Item
from purveyor.core.pricing import in_base_units
from purveyor.core.quantity import as_decimal
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.usual import larger_than_usual, surely_usual
from purveyor.core.rules.wording import amount, number, price, quantity

RULE: Final = Rule(
    "quantity.unit",
    Section.QUANTITY,
    "Unit converts and packs are not typed for pieces",
    (FactKind.ITEM, FactKind.HISTORY, FactKind.STOCK),
)


def unit_fits(at: LineCheck) -> Iterator[Finding]:
    """Yield UOM_UNKNOWN for a unit without conversion, PACK_SLIP for packs typed where pieces were meant."""
    line, item = at.line, at.item
    if item is None or line.uom is None:
        return
    if at.quantity is None:
        message = f"Unit {line.uom} has no conversion for item {item.sku}; its units are {', '.join(_units(item))}."
        yield at.finding(RULE, "UOM_UNKNOWN", message, expected=", ".join(_units(item)), actual=line.uom)
        return
    if line.uom == item.units.base_uom or item.units.factors[line.uom] <= 1:
        return
    for site, ordered in at.by_site:
        if not _out_of_proportion(at, site, ordered):
            continue
        typed = as_decimal(Fraction(ordered) / item.units.factors[line.uom])
        if not _out_of_proportion(at, site, typed):
            yield _pack_slip(at, site, item, line.uom, typed, ordered)


def _units(item: Item) -> list[str]:
    return [item.units.base_uom, *sorted(item.units.factors)]


def _out_of_proportion(at: LineCheck, site: SiteId, ordered: Decimal) -> bool:
    """Say whether a quantity in base units is too much for a site by its history or its demand."""
    stock = at.facts.stock.get(site)
    demand = stock.value.daily_demand if stock else None
    if demand and ordered > demand * at.policy.maximum_cover_days:
        return True
    history = at.facts.history.get(site)
    if history is None or surely_usual(history.value, ordered, at.policy):
        return False
    return bool(larger_than_usual(history.value, ordered, at.policy).reasons)


def _pack_slip(at: LineCheck, site: SiteId, item: Item, uom: str, typed: Decimal, ordered: Decimal) -> Finding:
    """Spell the slip out: what the packs come to, what was probably meant, and what that saves."""
    base, factor, currency = item.units.base_uom, item.units.factors[uom], at.order.currency
    meant = _packs_for(at, typed, uom, factor)
    meant_base = in_base_units(item.units, meant, uom) or Decimal(0)
    saved, spent = at.cost(ordered - meant_base), at.cost(ordered)
    steps = [f"{quantity(typed, uom)} x {number(as_decimal(factor))} = {quantity(ordered, base)}"]
    if spent is not None and saved is not None and at.line.unit_price is not None:
        per_pack = price(at.line.unit_price / at.line.price_per, currency)
        steps.append(f"{amount(spent, currency)} ordered")
        steps.append(f"{quantity(typed - meant, uom)} x {per_pack} = {amount(saved, currency)} not needed")
    weeks = _weeks(at, site, ordered)
    said = f", {weeks}" if weeks else ""
    if weeks:
        steps.append(weeks)
    cost = f", {amount(spent, currency)}" if spent is not None else ""
    return at.finding(
        RULE,
        "PACK_SLIP",
        f"{quantity(typed, uom)} typed where {quantity(typed, base)} were probably meant: "
        f"{quantity(ordered, base)} for {at.site_code(site)}{cost}{said}. {quantity(meant, uom)} would do.",
        expected=quantity(meant, uom),
        actual=f"{quantity(typed, uom)} for {at.site_code(site)}",
        exposure=saved,
        arithmetic="; ".join(steps),
        suggestion=quantity(meant, uom),
    )


def _packs_for(at: LineCheck, pieces: Decimal, uom: str, factor: Fraction) -> Decimal:
    """Return the packs that hold a number of pieces, rounded up to whole packs and to the supplier's multiple in that unit."""
    packs = as_decimal(Fraction(pieces) / factor)
    step = at.terms.multiple if at.terms and at.terms.order_uom == uom else Decimal(1)
    return (packs / step).to_integral_value(ROUND_CEILING) * step


def _weeks(at: LineCheck, site: SiteId, ordered: Decimal) -> str:
    """Write how many weeks of demand a quantity covers: ``69 weeks of demand at 42 a week``; nothing without demand."""
    stock = at.facts.stock.get(site)
    weekly = stock.value.daily_demand * 7 if stock and stock.value.daily_demand else None
    if weekly is None:
        return ""
    weeks = (ordered / weekly).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return f"{number(weeks)} weeks of demand at {number(weekly)} a week"
