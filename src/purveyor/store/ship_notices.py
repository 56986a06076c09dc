"""Ship notices as suppliers sent them, every revision."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from purveyor.core.canonical import to_json
from purveyor.core.ids import OrderId, ShipNoticeId, SiteId
from purveyor.core.order import PurchaseOrder
from purveyor.core.shipping import ShipNotice, ShippedLine
from purveyor.store.db import Tx
from purveyor.store.search import folded
from purveyor.store.sender_numbers import add_numbered
from purveyor.store.tables.goods import SHIP_NOTICE

_PLAIN = (
    *("id", "source", "external_id", "revision", "number", "sent_at", "ships_on", "arrives_on", "carrier", "tracking", "mode"),
)


def add(tx: Tx, order: PurchaseOrder, notice: ShipNotice, channel: str, received_at: datetime) -> None:
    """Keep a ship notice that was never seen before; raise DocumentChanged when its number was used elsewhere."""
    row = {
        **{name: getattr(notice, name) for name in _PLAIN},
        "order_id": order.id,
        "business_unit_id": order.business_unit_id,
        "supplier_id": order.supplier_id,
        "channel": channel,
        "received_at": received_at,
        "lines": to_json(notice.lines),
        "search_text": folded(notice.number, notice.tracking, notice.carrier),
    }
    add_numbered(tx, SHIP_NOTICE, row)


def of_order(tx: Tx, order_id: OrderId) -> list[ShipNotice]:
    """Return the ship notices of an order, every revision, as they came in."""
    query = select(SHIP_NOTICE).where(SHIP_NOTICE.c.order_id == order_id)
    return [_notice(row) for row in tx.conn.execute(query.order_by(SHIP_NOTICE.c.id))]


def _notice(row: Row[Any]) -> ShipNotice:
    plain = {name: getattr(row, name) for name in _PLAIN}
    plain["id"] = ShipNoticeId(row.id)
    return ShipNotice(**plain, lines=tuple(_line(line) for line in row.lines))


def _line(line: Mapping[str, Any]) -> ShippedLine:
    site = line["ship_to"]
    return ShippedLine(line["line_no"], Decimal(line["quantity"]), None if site is None else SiteId(UUID(site)), line["uom"])
