"""Duplicate orders: the same purchase entered twice within a few days is held, the second one naming the first.

Source: domain.md 1, Duplicate order; cases DO* of the worked set duplicate_order. Warehouses that restock one item do not hold
each other: another ship-to, quantity or date is another need.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Final

from purveyor.core.facts import FactKind, KnownLine
from purveyor.core.finding import Finding, Section
from purveyor.core.order import PurchaseOrder, Schedule
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import quantity

RULE: Final = Rule("policy.duplicate", Section.POLICY, "Line was not entered before", (FactKind.ORDERS,))


def entered_at(order: PurchaseOrder) -> datetime:
    """Return when an order was entered here; its date where the moment is not known."""
    return order.created_at or datetime.combine(order.order_date, time(), UTC)


def not_entered_before(at: LineCheck) -> Iterator[Finding]:
    """Yield PROBABLE_DUPLICATE naming the earlier order that buys the same for the same site and date."""
    known = at.facts.known_lines
    if known is None or not known.value or at.item is None or at.quantity is None:
        return
    for part in at.line.schedules:
        twins = [other for other in known.value if _is_same(at, part, other)]
        if twins:
            yield _duplicate(at, part, min(twins, key=lambda other: (other.entered_at, other.order_ref, other.line_no)))


def _is_same(at: LineCheck, part: Schedule, other: KnownLine) -> bool:
    """Compare everything but the time with plain equality, then the days between the entries with the window."""
    order = at.order
    if other.cancelled or other.order_id == order.id or other.supplier_id != order.supplier_id:
        return False
    if other.ship_to != part.ship_to or other.need_by != part.need_by:
        return False
    entered = entered_at(order)
    if (other.entered_at, other.order_ref) > (entered, order.order_ref):
        return False
    if (entered.date() - other.entered_at.date()).days > at.policy.duplicate_window_days:
        return False
    assert at.item is not None
    assert at.line.uom is not None
    return at.item.units.convert_decimal(part.quantity, at.line.uom, at.base_uom) == other.quantity


def _duplicate(at: LineCheck, part: Schedule, first: KnownLine) -> Finding:
    site = at.site_code(part.ship_to) if part.ship_to else "no site"
    return at.finding(
        RULE,
        "PROBABLE_DUPLICATE",
        f"{quantity(part.quantity, at.line.uom or '')} for {site} by {part.need_by} were already ordered from this supplier: "
        f"{first.order_ref} line {first.line_no}, entered {first.entered_at.date()}.",
        expected=f"entered once within {at.policy.duplicate_window_days} days",
        actual=f"entered again as {at.order.order_ref} for {site}",
        exposure=at.amount if len(at.line.schedules) == 1 else at.cost(first.quantity),
        related_order=first.order_ref,
    )
