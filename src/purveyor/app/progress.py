"""Progress of orders for pages, checks and closing: computed from movements and promises, never stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from purveyor.app import calendars, policy
from purveyor.core.ids import ItemId, OrderId
from purveyor.core.items import Item
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.terms import receipt_limits
from purveyor.core.progress import LineProgress, line_progress, to_base
from purveyor.core.quantity import UnitTable
from purveyor.core.receiving import ReceivingTerms
from purveyor.store import masters, movements, orders, promises
from purveyor.store.db import Tx


def progress_of(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, tuple[LineProgress, ...]]:
    """Return the progress of every line of some orders today, in few queries however many orders there are."""
    return progress_of_loaded(tx, orders.get_many(tx, order_ids))


def progress_of_loaded(tx: Tx, loaded: Mapping[OrderId, PurchaseOrder]) -> dict[OrderId, tuple[LineProgress, ...]]:
    """Return the progress of orders that are loaded already."""
    items = items_of(tx, loaded.values())
    moved = movements.of_orders(tx, list(loaded))
    promised = promises.current(tx, list(loaded))
    policies = policy.current(tx)
    units = {order.business_unit_id for order in loaded.values()}
    today = {unit: calendars.of_unit(tx, unit).local_day(tx.now) for unit in units}
    return {
        order_id: tuple(
            line_progress(
                line,
                moved.get(order_id, ()),
                units_of(line, items),
                as_of=today[order.business_unit_id],
                promises=promised.get(order_id, {}).get(line.line_no, ()),
                terms=terms_for(policies, order, line, items),
            )
            for line in order.lines
        )
        for order_id, order in loaded.items()
    }


def items_of(tx: Tx, some: Collection[PurchaseOrder]) -> dict[ItemId, Item]:
    """Return the items of orders by id."""
    return masters.items(tx, {line.item_id for order in some for line in order.lines if line.item_id is not None})


def units_of(line: OrderLine, items: Mapping[ItemId, Item]) -> UnitTable:
    """Return the units of a line's item; a line without a known item knows its own unit only."""
    item = None if line.item_id is None else items.get(line.item_id)
    return UnitTable(line.uom or "") if item is None else item.units


def terms_for(policies: PolicySet, order: PurchaseOrder, line: OrderLine, items: Mapping[ItemId, Item]) -> ReceivingTerms:
    """Return how much more or less of a line may be received than was ordered."""
    limits = receipt_limits(policies, item=line.item_code, supplier=order.supplier_code, category=line.category or "")
    item = None if line.item_id is None else items.get(line.item_id)
    return ReceivingTerms(
        over_percent=limits.over_pct,
        short_close_percent=limits.short_close_pct,
        discrete=item is None or item.discrete,
        recount_percent=limits.recount_pct,
        line_unit=to_base(ReceivingTerms().line_unit, line.uom, units_of(line, items)),
    )
