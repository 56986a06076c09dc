"""Which open orders bring an item to a site, so that goods on their way count when another delivery is late."""

from __future__ import annotations

from sqlalchemy import and_, select

from purveyor.core.ids import ItemId, OrderId, SiteId
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.store.db import Tx
from purveyor.store.tables.orders import ORDER_LINE, ORDER_SCHEDULE, PURCHASE_ORDER


def orders_bringing(tx: Tx, item_id: ItemId, site_id: SiteId) -> set[OrderId]:
    """Return the orders that are with their suppliers and have a line of this item for this site."""
    here = and_(ORDER_SCHEDULE.c.order_id == ORDER_LINE.c.order_id, ORDER_SCHEDULE.c.line_no == ORDER_LINE.c.line_no)
    query = (
        select(ORDER_LINE.c.order_id)
        .join(ORDER_SCHEDULE, here)
        .join(PURCHASE_ORDER, PURCHASE_ORDER.c.id == ORDER_LINE.c.order_id)
        .where(
            ORDER_LINE.c.item_id == item_id,
            ~ORDER_LINE.c.cancelled,
            ORDER_SCHEDULE.c.ship_to == site_id,
            PURCHASE_ORDER.c.status.in_([status.value for status in WITH_SUPPLIER]),
        )
    )
    return {OrderId(order_id) for order_id in tx.conn.scalars(query)}
