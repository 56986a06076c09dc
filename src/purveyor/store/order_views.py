"""Orders as lists and as suppliers read them.

Page, API and export ask the same query, so they show the same rows (checklist.md S52). Suppliers read published columns and the
snapshot of a version that was issued, never the working rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import select

from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, OrderId, SupplierId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store.db import Tx
from purveyor.store.order_rows import with_snapshot
from purveyor.store.tables.orders import ORDER_VERSION, PURCHASE_ORDER

_HEADER = PURCHASE_ORDER.c
_PUBLISHED = (
    *(_HEADER.id, _HEADER.order_ref, _HEADER.business_unit_id, _HEADER.supplier_id, _HEADER.supplier_code, _HEADER.currency),
    *(_HEADER.order_date, _HEADER.status, _HEADER.version, _HEADER.row_version, _HEADER.first_issued_version),
    _HEADER.issued_at,
)


def issued_id(tx: Tx, reference: str) -> OrderId:
    """Return the id of an issued order with our reference, as far as this scope sees it; raise NotFound."""
    query = select(_HEADER.id).where(_HEADER.order_ref == reference, _HEADER.first_issued_version.is_not(None))
    order_id = tx.conn.scalar(query)
    if order_id is None:
        raise NotFound(order_ref=reference)
    return OrderId(order_id)


@dataclass(frozen=True, slots=True)
class IssuedRow:
    """One order of a supplier's list, in columns that suppliers may read."""

    id: OrderId
    order_ref: str
    status: Status
    version: int
    row_version: int
    supplier_id: SupplierId
    supplier_code: str
    order_date: date
    need_by: date | None
    total: Decimal | None
    currency: str
    issued_at: datetime


def issued_orders(
    tx: Tx, statuses: frozenset[Status] = frozenset(), *, after: OrderId | None = None, limit: int = 50
) -> list[IssuedRow]:
    """Return issued orders as this scope sees them, the newest first; ``after`` continues behind the last one seen."""
    columns = [_HEADER[each.name] for each in fields(IssuedRow)]
    query = select(*columns).where(_HEADER.first_issued_version.is_not(None))
    if statuses:
        query = query.where(_HEADER.status.in_(sorted(status.value for status in statuses)))
    if after is not None:
        query = query.where(_HEADER.id < after)
    rows = tx.conn.execute(query.order_by(_HEADER.id.desc()).limit(limit))
    return [IssuedRow(**{**row._mapping, "status": Status(row.status)}) for row in rows]


def shown_order(tx: Tx, order_id: OrderId, version: int | None = None) -> PurchaseOrder:
    """Return an issued order as its supplier may read it, in its present or an earlier issued version; raise NotFound."""
    header = tx.conn.execute(select(*_PUBLISHED).where(_HEADER.id == order_id, _HEADER.first_issued_version.is_not(None))).first()
    if header is None:
        raise NotFound(order=order_id)
    number = version or header.version
    snapshots = select(ORDER_VERSION.c.snapshot).where(
        ORDER_VERSION.c.order_id == order_id,
        ORDER_VERSION.c.version == number,
        ORDER_VERSION.c.shown_to_supplier_id.is_not(None),
    )
    content = tx.conn.scalar(snapshots)
    if content is None:
        raise NotFound(order_ref=header.order_ref, version=number)
    order = PurchaseOrder(
        id=OrderId(header.id),
        order_ref=header.order_ref,
        business_unit_id=BusinessUnitId(header.business_unit_id),
        supplier_id=SupplierId(header.supplier_id),
        supplier_code=header.supplier_code,
        currency=header.currency,
        order_date=header.order_date,
        lines=(),
        status=Status(header.status),
        row_version=header.row_version,
        first_issued_version=header.first_issued_version,
        issued_at=header.issued_at,
    )
    return with_snapshot(order, number, content)
