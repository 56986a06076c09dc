"""Orders as lists and as suppliers read them.

Page, API and export ask the same query, so they show the same rows (checklist.md S52). Suppliers read published columns and the
snapshot of a version that was issued, never the working rows.
"""

from __future__ import annotations

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
