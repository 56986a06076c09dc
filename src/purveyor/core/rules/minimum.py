"""Minimum order quantity, order multiple and maximum: suppliers sell in packs and refuse what does not fit.

Source: domain.md 1, MOQ, multiple, rounding; cases OQ* of the worked set order_quantity. Rounding is always up, never below
the need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from math import ceil
from typing import Final

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.pricing import round_exact
from purveyor.core.quantity import as_decimal
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import amount, quantity

RULE: Final = Rule("quantity.minimum", Section.QUANTITY, "Supplier's minimum, multiple and maximum", (FactKind.PRICE,))


@dataclass(frozen=True, slots=True)
class PurchaseQuantity:
    """A need rounded to what the supplier sells; ``ordered`` in purchase units, ``stock`` and ``excess`` in stock units.

    ``days_of_supply`` is None without demand. ``notes`` say why the quantity differs from the need.
    """

    ordered: Decimal
    stock: Decimal
    excess: Decimal
    excess_cost: Decimal
    extended: Decimal
    days_of_supply: Fraction | None
    notes: tuple[str, ...]


def purchase_quantity(
    need: Decimal,
    stock_units_per_purchase_unit: Fraction,
    *,
    minimum: Decimal,
    multiple: Decimal,
    unit_cost: Decimal,
    daily_demand: Decimal,
    currency: str,
    maximum: Decimal | None = None,
) -> PurchaseQuantity:
    """Return ceil(max(need, minimum) / multiple) x multiple; a need of zero or less gives zero.

    ``need`` and ``daily_demand`` are in stock units; minimum, multiple, maximum and ``unit_cost`` per purchase unit.
    """
    wanted = Fraction(need) / stock_units_per_purchase_unit
    if wanted <= 0:
        zero = round_exact(Fraction(0), currency)
        return PurchaseQuantity(Decimal(0), Decimal(0), Decimal(0), zero, zero, _days(Fraction(0), daily_demand), ())
    raised = max(wanted, Fraction(minimum))
    ordered = ceil(raised / Fraction(multiple)) * Fraction(multiple)
    notes = []
    if raised > wanted:
        notes.append("RAISED_TO_MOQ")
    if ordered > raised:
        notes.append("ROUNDED_TO_MULTIPLE")
    if maximum is not None and ordered > maximum:
        notes.append("ABOVE_MAX_ORDER_QTY")
    stock = ordered * stock_units_per_purchase_unit
    return PurchaseQuantity(
        ordered=as_decimal(ordered),
        stock=as_decimal(stock),
        excess=as_decimal(stock - Fraction(need)),
        excess_cost=round_exact((ordered - wanted) * Fraction(unit_cost), currency),
        extended=round_exact(ordered * Fraction(unit_cost), currency),
        days_of_supply=_days(stock, daily_demand),
        notes=tuple(notes),
    )


def _days(stock: Fraction, daily_demand: Decimal) -> Fraction | None:
    return stock / Fraction(daily_demand) if daily_demand > 0 else None


def fits_the_terms(at: LineCheck) -> Iterator[Finding]:
    """Yield MOQ, MULTIPLE or ABOVE_MAX_ORDER_QTY when the supplier does not sell this quantity (in its order unit)."""
    if at.item is None or at.quantity is None or at.line.quantity <= 0:
        return
    terms = at.terms
    if terms is None:
        message = f"The supplier has no terms for item {at.item.sku}."
        yield at.finding(RULE, "SUPPLIER_ITEM_MISSING", message, result=Result.NO_DATA)
        return
    uom = terms.order_uom
    if uom == at.line.uom:
        ordered = at.line.quantity
    elif uom == at.item.units.base_uom:
        ordered = at.quantity
    elif at.item.units.knows(uom):
        ordered = at.item.units.convert_decimal(at.line.quantity, at.line.uom or uom, uom)
    else:
        message = f"The supplier sells in {uom}, a unit without a conversion for this item."
        yield at.finding(RULE, "UOM_UNKNOWN", message, result=Result.NO_DATA, actual=uom)
        return
    if ordered < terms.minimum or ordered % terms.multiple:
        yield _too_small_or_uneven(at, ordered, terms.minimum, terms.multiple, uom)
    if terms.maximum is not None and ordered > terms.maximum:
        limit, actual = quantity(terms.maximum, uom), quantity(ordered, uom)
        message = f"{actual} ordered, the supplier sells at most {limit} at a time."
        over = at.cost(at.item.units.convert_decimal(ordered - terms.maximum, uom, at.base_uom))
        yield at.finding(RULE, "ABOVE_MAX_ORDER_QTY", message, expected=f"at most {limit}", actual=actual, exposure=over)


def _too_small_or_uneven(at: LineCheck, ordered: Decimal, minimum: Decimal, multiple: Decimal, uom: str) -> Finding:
    assert at.item is not None
    allowed = (max(ordered, minimum) / multiple).to_integral_value(ROUND_CEILING) * multiple
    extra = at.cost(at.item.units.convert_decimal(allowed - ordered, uom, at.base_uom))
    code = "MOQ" if ordered < minimum else "MULTIPLE"
    rule = f"minimum {quantity(minimum, uom)}, multiple {quantity(multiple, uom)}"
    costs = f", {amount(extra, at.order.currency)} more" if extra is not None else ""
    return at.finding(
        RULE,
        code,
        f"{quantity(ordered, uom)} ordered, the supplier sells {quantity(allowed, uom)} ({rule}).",
        expected=quantity(allowed, uom),
        actual=quantity(ordered, uom),
        exposure=extra,
        arithmetic=f"{quantity(ordered, uom)}, {rule} -> {quantity(allowed, uom)}{costs}",
        suggestion=quantity(allowed, uom),
    )
