"""Orders: list and read. The house reads all of its business units, a supplier its own issued orders as they were published."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from starlette.responses import Response

from purveyor.core.access import SYSTEM_SCOPE, Permission
from purveyor.core.acknowledge import LineState
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import UnknownReference
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import masters, order_views, orders
from purveyor.store.db import Tx
from purveyor.store.order_list import SORTS, DateRange, OrderFilter, list_orders
from purveyor.web.api.common import Call, Limit, Reply, answer, api_router
from purveyor.web.api.v1.doors import is_supplier, noticing, order_to_read, partner_reads
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.order_documents import (
    OrderList,
    OrderOut,
    PublishedOrder,
    in_full,
    issued_summary,
    published,
    summary,
)
from purveyor.web.api.v1.paging import Listing, listing
from purveyor.web.api.v1.shapes import Day, OrderRef
from purveyor.web.api.wire import Wire

router = api_router("/orders", "Orders")

Reader = Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]
"""A client that may read orders."""


class VersionOut(Wire):
    """One version an order had; ``hash`` is what an approval of it binds to."""

    version: int
    hash: str
    recorded_at: datetime


class VersionList(Wire):
    """The versions of an order, the first one first."""

    items: list[VersionOut]


@router.get("", **operation("list_orders", "List orders", Permission.ORDER_READ, OrderList, slo=LIST))
def list_all(
    call: Reader,
    status: Annotated[tuple[Status, ...], Query(max_length=10)] = (),
    supplier: Annotated[str | None, Query(max_length=64)] = None,
    on_hold: bool | None = None,
    confirmation: Annotated[tuple[LineState, ...], Query(max_length=10)] = (),
    exception: Annotated[tuple[ExceptionType, ...], Query(max_length=50)] = (),
    need_by_from: Annotated[Day | None, Query()] = None,
    need_by_to: Annotated[Day | None, Query()] = None,
    promised_from: Annotated[Day | None, Query()] = None,
    promised_to: Annotated[Day | None, Query()] = None,
    q: Annotated[str, Query(max_length=200, description="Words to look for in references, items and part numbers.")] = "",
    sort: Annotated[str, Query(pattern=f"^-?({'|'.join(sorted(SORTS))})$")] = "-created",
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """List orders. A supplier's client is shown its issued orders, the newest first; of the filters only ``status`` counts."""
    asked = listing(call, sort)
    position = asked.behind(cursor)
    if is_supplier(call):
        return answer(call, Reply(_issued(call, frozenset(status), asked, position, limit)))
    with call.reading() as tx:
        wanted = OrderFilter(
            statuses=frozenset(status),
            on_hold=on_hold,
            confirmation=frozenset(confirmation),
            exceptions=frozenset(exception),
            need_by=DateRange(need_by_from, need_by_to),
            promised_delivery=DateRange(promised_from, promised_to),
            supplier_id=None if supplier is None else _supplier(tx, supplier),
            words=q,
        )
        page = list_orders(tx, wanted, sort, None if position is None else (position[0], position[1]), limit)
    more = None if page.next_key is None else asked.cursor(*page.next_key)
    return answer(call, Reply(OrderList(items=[summary(row) for row in page.rows], next_cursor=more)))


def _supplier(tx: Tx, code: str) -> UUID:
    found = masters.ids_by_code(tx, "supplier", [code])
    if code not in found:
        raise UnknownReference(field="supplier", supplier=code)
    return found[code]


def _issued(call: Call, statuses: frozenset[Status], asked: Listing, position: tuple[str, ...] | None, limit: int) -> OrderList:
    after = None if position is None else OrderId(UUID(position[0]))
    with call.reading() as tx:
        rows = order_views.issued_orders(tx, statuses, after=after, limit=limit)
    more = asked.cursor(str(rows[-1].id)) if len(rows) == limit else None
    return OrderList(items=[issued_summary(row) for row in rows], next_cursor=more)


@router.get(
    "/{order_ref}",
    **operation("get_order", "Read an order", Permission.ORDER_READ, OrderOut | PublishedOrder, versioned=True),
)
def get_order(order_ref: OrderRef, call: Reader) -> Response:
    """Read an order: the house in full, a supplier the version in force as it was published. The ETag is for If-Match."""
    if is_supplier(call):
        return _published(call, order_ref, None)
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(in_full(tx, order), version=order.row_version))


def _published(call: Call, order_ref: str, version: int | None) -> Response:
    """What a supplier may read is found under the supplier's own scope; names of sites are added to it."""
    with noticing(call, order_ref), call.reading() as own:
        order_id = order_views.issued_id(own, order_ref)
        order = order_views.shown_order(own, order_id, version)
        previous = _version_before(own, order)
    with call.database.read(call.actor, SYSTEM_SCOPE, call.request.state.correlation_id, source="api") as tx:
        return answer(call, Reply(published(tx, order, previous), version=order.row_version if version is None else None))


def _version_before(own: Tx, order: PurchaseOrder) -> PurchaseOrder | None:
    first = order.first_issued_version or order.version
    return order_views.shown_order(own, order.id, order.version - 1) if order.version > first else None


@router.get(
    "/{order_ref}/versions",
    **operation("list_versions", "List the versions of an order", Permission.ORDER_READ, VersionList),
)
def list_versions(order_ref: OrderRef, call: Reader) -> Response:
    """List the versions an order had; a supplier's client is shown those that were issued."""
    with noticing(call, order_ref), call.reading() as tx:
        order_id = order_views.issued_id(tx, order_ref) if is_supplier(call) else orders.by_ref(tx, order_ref).id
        marks = orders.versions(tx, order_id)
    items = [VersionOut(version=mark.version, hash=mark.version_hash, recorded_at=mark.recorded_at) for mark in marks]
    return answer(call, Reply(VersionList(items=items)))


@router.get(
    "/{order_ref}/versions/{version}",
    **operation("get_version", "Read an order in one of its versions", Permission.ORDER_READ, OrderOut | PublishedOrder),
)
def get_version(order_ref: OrderRef, version: Annotated[int, Path(ge=1, le=99_999)], call: Reader) -> Response:
    """Read an order as it was in one version; status and links are those of today."""
    if is_supplier(call):
        return _published(call, order_ref, version)
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(in_full(tx, orders.version(tx, order.id, version), standing=False)))
