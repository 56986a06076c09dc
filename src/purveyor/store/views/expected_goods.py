"""What the docks can expect: the schedules of orders that are with their suppliers, by the day promised or else needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, func, select

from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.store.db import Tx
from purveyor.store.tables.masters import SITE, SUPPLIER
from purveyor.store.tables.orders import ORDER_LINE, ORDER_SCHEDULE, PURCHASE_ORDER
from purveyor.store.tables.supplier_side import PROMISE

MOST_LISTED = 300


@dataclass(frozen=True, slots=True)
class ExpectedGoods:
    """A quantity of a line (its unit) that a site can expect. ``promised``: the day is the supplier's, not only ours."""

    order_id: OrderId
    order_ref: str
    supplier: str
    line_no: int
    schedule_no: int
    item_code: str
    description: str
    uom: str | None
    site_id: UUID | None
    site: str | None
    quantity: Decimal
    day: date | None
    promised: bool


def expected_goods(tx: Tx, site_id: UUID | None = None, limit: int = MOST_LISTED) -> list[ExpectedGoods]:
    """Return what is ordered and with the suppliers, the earliest day first; what came already is not taken off."""
    order, line, part = PURCHASE_ORDER.c, ORDER_LINE.c, ORDER_SCHEDULE.c
    given = (
        select(
            PROMISE.c.order_id,
            PROMISE.c.line_no,
            PROMISE.c.schedule_no,
            func.max(PROMISE.c.promised_delivery).label("day"),
        )
        .where(PROMISE.c.role == "current", PROMISE.c.promised_delivery.is_not(None))
        .group_by(PROMISE.c.order_id, PROMISE.c.line_no, PROMISE.c.schedule_no)
        .subquery()
    )
    day = func.coalesce(given.c.day, part.need_by)
    query = (
        select(
            order.id.label("order_id"),
            *(
                order.order_ref,
                func.coalesce(SUPPLIER.c.name, order.supplier_code).label("supplier"),
                line.line_no,
                part.schedule_no,
            ),
            *(line.item_code, line.description, line.uom, part.ship_to.label("site_id"), SITE.c.name.label("site")),
            *(part.quantity, day.label("day"), given.c.day.is_not(None).label("promised")),
        )
        .select_from(ORDER_SCHEDULE)
        .join(ORDER_LINE, and_(line.order_id == part.order_id, line.line_no == part.line_no))
        .join(PURCHASE_ORDER, order.id == part.order_id)
        .outerjoin(
            given,
            and_(given.c.order_id == part.order_id, given.c.line_no == part.line_no, given.c.schedule_no == part.schedule_no),
        )
        .outerjoin(SITE, SITE.c.id == part.ship_to)
        .outerjoin(SUPPLIER, SUPPLIER.c.id == order.supplier_id)
        .where(order.status.in_([status.value for status in WITH_SUPPLIER]))
        .where(line.cancelled.is_(False), line.closed_reason.is_(None))
        .order_by(day.asc().nulls_last(), SITE.c.name, order.order_ref, line.line_no, part.schedule_no)
        .limit(limit)
    )
    if site_id is not None:
        query = query.where(part.ship_to == site_id)
    return [ExpectedGoods(**row) for row in tx.conn.execute(query).mappings()]
