"""Master data: the item may be bought, its record is not forgotten, and the supplier may receive orders.

Source: checklist S3; domain.md 1, Freshness (age of the record itself).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Section, Severity
from purveyor.core.items import Item, ItemStatus
from purveyor.core.parties import SupplierStatus
from purveyor.core.rules.base import LineCheck, OrderCheck, Rule

ITEM: Final = Rule("policy.item", Section.POLICY, "Item may be bought and its record is maintained", (FactKind.ITEM,))
SUPPLIER: Final = Rule("policy.supplier", Section.POLICY, "Supplier may receive orders", (FactKind.SUPPLIER,))


def item_is_live(at: LineCheck) -> Iterator[Finding]:
    """Yield ITEM_STALE for an item out of use (blocks) or an old record (warns), ITEM_SUPERSEDED naming the successor."""
    if at.item is None or at.facts.item is None:
        return
    item, source = at.item, at.facts.item.source
    if item.status is not ItemStatus.ACTIVE:
        message = f"Item {item.sku} is {item.status} ({_dated(item, source)})."
        yield at.finding(
            ITEM, "ITEM_STALE", message, expected=ItemStatus.ACTIVE, actual=item.status, suggestion=at.facts.successor
        )
    elif item.superseded_by is not None:
        successor = at.facts.successor or "another item"
        message = f"Item {item.sku} is replaced by {successor} ({_dated(item, source)})."
        yield at.finding(ITEM, "ITEM_SUPERSEDED", message, expected=successor, actual=item.sku, suggestion=at.facts.successor)
    days = (at.whole.now - item.updated_at).days if item.updated_at else 0
    if days > at.policy.item_record_days:
        message = f"The record of item {item.sku} was last maintained {days} days ago ({_dated(item, source)})."
        limit = f"at most {at.policy.item_record_days} days"
        yield at.finding(ITEM, "ITEM_STALE", message, severity=Severity.WARN, expected=limit, actual=f"{days} days")


def _dated(item: Item, source: str) -> str:
    """Name the record a judgement rests on: its date and the system it came from."""
    return f"record of {item.updated_at.date()} in {source}" if item.updated_at else f"undated record in {source}"


def supplier_is_open(at: OrderCheck) -> Iterator[Finding]:
    """Yield SUPPLIER_ON_HOLD or SUPPLIER_INACTIVE when the supplier may not receive orders."""
    if at.facts.supplier is None:
        return
    supplier = at.facts.supplier.value
    if supplier.status is SupplierStatus.HOLD_ORDERS:
        message = f"Supplier {supplier.code} is on hold for orders in {at.facts.supplier.source}."
        yield at.finding(SUPPLIER, "SUPPLIER_ON_HOLD", message, expected=SupplierStatus.ACTIVE, actual=supplier.status)
    if supplier.status is SupplierStatus.INACTIVE:
        message = f"Supplier {supplier.code} is inactive in {at.facts.supplier.source}."
        yield at.finding(SUPPLIER, "SUPPLIER_INACTIVE", message, expected=SupplierStatus.ACTIVE, actual=supplier.status)
