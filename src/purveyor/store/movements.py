"""Quantity movements: appended, never changed; what is shipped, received or open is added up from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select

from purveyor.core.ids import MovementId, OrderId, SiteId
from purveyor.core.order import PurchaseOrder
from purveyor.core.shipping import Movement, MovementKind, Place
from purveyor.store.db import Tx
from purveyor.store.tables.goods import MOVEMENT


def add(tx: Tx, order: PurchaseOrder, movements: Sequence[Movement]) -> None:
    """Append movements of one order."""
    if not movements:
        return
    rows = [
        {
            "id": item.id,
            "order_id": order.id,
            "business_unit_id": order.business_unit_id,
            "line_no": item.place.line_no,
            "ship_to": item.place.ship_to,
            "kind": item.kind.value,
            "quantity": item.quantity,
            "moved_at": item.moved_at,
            "recorded_at": tx.now,
            "document_id": item.document_id,
            "cause_id": item.cause_id,
            "notice": item.notice,
        }
        for item in movements
    ]
    tx.conn.execute(insert(MOVEMENT), rows)


def of_order(tx: Tx, order_id: OrderId) -> list[Movement]:
    """Return the movements of an order as they were recorded."""
    return _select(tx, MOVEMENT.c.order_id == order_id)


def caused_by(tx: Tx, document_id: UUID) -> list[Movement]:
    """Return what the arrival of one ship notice, receipt or invoice posted."""
    return _select(tx, MOVEMENT.c.cause_id == document_id)


def of_orders(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, list[Movement]]:
    """Return the movements of many orders."""
    found: dict[OrderId, list[Movement]] = defaultdict(list)
    query = select(MOVEMENT).where(MOVEMENT.c.order_id == func.any(bindparam("ids"))).order_by(MOVEMENT.c.id)
    for row in tx.conn.execute(query, {"ids": list(order_ids)}):
        found[OrderId(row.order_id)].append(_movement(row))
    return dict(found)


def _select(tx: Tx, chosen: ColumnElement[bool]) -> list[Movement]:
    return [_movement(row) for row in tx.conn.execute(select(MOVEMENT).where(chosen).order_by(MOVEMENT.c.id))]


def _movement(row: Row[Any]) -> Movement:
    return Movement(
        id=MovementId(row.id),
        order_id=OrderId(row.order_id),
        place=Place(row.line_no, None if row.ship_to is None else SiteId(row.ship_to)),
        kind=MovementKind(row.kind),
        quantity=row.quantity,
        moved_at=row.moved_at,
        document_id=row.document_id,
        cause_id=row.cause_id,
        notice=row.notice,
    )
