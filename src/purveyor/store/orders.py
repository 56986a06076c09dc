"""Orders in and out of the database, locked in one order, saved with every version they had.

Many orders cost the same number of statements as one. A save counts ``row_version`` up and refuses a value that was read before
somebody else's save.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.errors import NotFound, StaleVersion
from purveyor.core.ids import ErpInstance, ItemId, OrderId, order_ref, read_order_ref
from purveyor.core.lifecycle import ENDED, Status
from purveyor.core.order import PurchaseOrder, Schedule
from purveyor.store.db import Tx
from purveyor.store.order_rows import (
    header_row,
    line_rows,
    lines_digest,
    order_from_rows,
    schedule_from_row,
    schedule_rows,
    shown_to,
    snapshot,
    with_snapshot,
)
from purveyor.store.tables.orders import (
    ORDER_LINE,
    ORDER_REF_SEQUENCE,
    ORDER_SCHEDULE,
    ORDER_VERSION,
    PURCHASE_ORDER,
    SHOWN_TO,
)


def next_refs(tx: Tx, count: int) -> list[str]:
    """Return fresh order references."""
    numbers = select(ORDER_REF_SEQUENCE.next_value()).select_from(func.generate_series(1, count).alias())
    return [order_ref(number) for number in tx.conn.scalars(numbers)]


def get(tx: Tx, order_id: OrderId) -> PurchaseOrder:
    """Return one order; raise NotFound when there is none in this scope."""
    return _one(get_many(tx, [order_id]), order_id)


def get_many(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, PurchaseOrder]:
    """Return the orders that exist in this scope, by id."""
    return _load(tx, order_ids, for_update=False)


def lock(tx: Tx, order_id: OrderId, row_version: int | None = None) -> PurchaseOrder:
    """Return one order locked until the transaction ends; raise NotFound, or StaleVersion when ``row_version`` moved on."""
    order = _one(lock_many(tx, [order_id]), order_id)
    if row_version is not None and order.row_version != row_version:
        raise StaleVersion(seen=row_version, current=order.row_version)
    return order


def lock_many(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, PurchaseOrder]:
    """Return orders locked in the order of their ids, so that two transactions never wait for each other."""
    return _load(tx, order_ids, for_update=True)


def by_ref(tx: Tx, reference: str) -> PurchaseOrder:
    """Return the order with our reference, also when a look-alike was keyed; raise NotFound."""
    order_id = tx.conn.scalar(select(PURCHASE_ORDER.c.id).where(PURCHASE_ORDER.c.order_ref == read_order_ref(reference)))
    if order_id is None:
        raise NotFound(order_ref=reference)
    return get(tx, OrderId(order_id))


def by_erp_id(tx: Tx, instance: ErpInstance, external_id: str) -> PurchaseOrder:
    """Return the order that an ERP knows under this id; raise NotFound."""
    found = ids_by_erp(tx, instance, [external_id])
    if external_id not in found:
        raise NotFound(erp=instance, external_id=external_id)
    return get(tx, found[external_id])


def ids_by_erp(tx: Tx, instance: ErpInstance, external_ids: Collection[str]) -> dict[str, OrderId]:
    """Return our ids for the ERP's order ids that are known here."""
    columns = PURCHASE_ORDER.c
    query = select(columns.erp_external_id, columns.id).where(
        columns.erp_instance == instance, columns.erp_external_id == func.any(bindparam("external_ids"))
    )
    return {external: OrderId(own) for external, own in tx.conn.execute(query, {"external_ids": list(external_ids)})}


def open_erp_ids(tx: Tx, instance: ErpInstance) -> set[str]:
    """Return the ERP's ids of all orders that have not ended here."""
    columns = PURCHASE_ORDER.c
    ended = [status.value for status in ENDED]
    return set(
        tx.conn.scalars(select(columns.erp_external_id).where(columns.erp_instance == instance, columns.status.not_in(ended)))
    )


def drafts_in_units(tx: Tx, instance: ErpInstance, items: Collection[ItemId], units: Collection[str]) -> list[str]:
    """Return the ERP's ids of the drafts that order one of these items in one of these units, in stable order."""
    columns, lines = PURCHASE_ORDER.c, ORDER_LINE.c
    query = (
        select(columns.erp_external_id)
        .join(ORDER_LINE, lines.order_id == columns.id)
        .where(columns.erp_instance == instance, columns.status == Status.DRAFT.value)
        .where(lines.item_id == func.any(bindparam("items")), lines.uom == func.any(bindparam("units")))
        .distinct()
        .order_by(columns.erp_external_id)
    )
    return list(tx.conn.scalars(query, {"items": list(items), "units": list(units)}))


def version(tx: Tx, order_id: OrderId, number: int) -> PurchaseOrder:
    """Return the order as it read in one of its versions; raise NotFound."""
    order = get(tx, order_id)
    query = select(ORDER_VERSION.c.snapshot).where(ORDER_VERSION.c.order_id == order_id, ORDER_VERSION.c.version == number)
    content = tx.conn.scalar(query)
    if content is None:
        raise NotFound(order_ref=order.order_ref, version=number)
    return with_snapshot(order, number, content)


@dataclass(frozen=True, slots=True)
class VersionMark:
    """One version of an order: its number, the hash an approval binds to, and when it was recorded (business time)."""

    version: int
    version_hash: str
    recorded_at: datetime


def versions(tx: Tx, order_id: OrderId) -> list[VersionMark]:
    """Return every version an order had, the first one first."""
    columns = ORDER_VERSION.c
    query = select(columns.version, columns.version_hash, columns.recorded_at).where(columns.order_id == order_id)
    return [VersionMark(*row) for row in tx.conn.execute(query.order_by(columns.version))]


def save(tx: Tx, order: PurchaseOrder) -> PurchaseOrder:
    """Write one order and return it with its new ``row_version``; raise StaleVersion."""
    return save_many(tx, [order])[0]


def save_many(tx: Tx, orders: Sequence[PurchaseOrder]) -> list[PurchaseOrder]:
    """Write orders and return them in the same order with new ``row_version``s; raise StaleVersion and write none."""
    if not orders:
        return []
    known = _saved_marks(tx, [order.id for order in orders])
    for order in orders:
        current = known[order.id].row_version if order.id in known else 0
        if current != order.row_version:
            raise StaleVersion(order_ref=order.order_ref, seen=order.row_version, current=current)
    saved = [replace(order, row_version=order.row_version + 1) for order in orders]
    digests = {order.id: lines_digest(order) for order in saved}
    _write_headers(tx, saved, known, digests)
    _write_lines(tx, [order for order in saved if _moved(order, known, digests)], known)
    _write_versions(tx, [order for order in saved if order.id not in known or known[order.id].version < order.version])
    _show(tx, [order for order in saved if order.id in known and known[order.id].shown_to != shown_to(order)])
    return saved


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is known of a saved order before it is written again."""

    row_version: int
    version: int
    lines_digest: str
    shown_to: object


def _saved_marks(tx: Tx, order_ids: Sequence[OrderId]) -> dict[OrderId, _Mark]:
    columns = PURCHASE_ORDER.c
    query = (
        select(columns.id, columns.row_version, columns.version, columns.lines_digest, columns[SHOWN_TO])
        .where(columns.id == func.any(bindparam("ids")))
        .order_by(columns.id)
        .with_for_update()
    )
    return {OrderId(row[0]): _Mark(*row[1:]) for row in tx.conn.execute(query, {"ids": list(order_ids)})}


def _moved(order: PurchaseOrder, known: Mapping[OrderId, _Mark], digests: Mapping[OrderId, str]) -> bool:
    return order.id not in known or known[order.id].lines_digest != digests[order.id]


def _write_headers(
    tx: Tx, orders: Sequence[PurchaseOrder], known: Mapping[OrderId, _Mark], digests: Mapping[OrderId, str]
) -> None:
    rows = [header_row(order, digests[order.id]) for order in orders]
    new = [row for row in rows if row["id"] not in known]
    old = [{**row, "key": row["id"]} for row in rows if row["id"] in known]
    if new:
        tx.conn.execute(insert(PURCHASE_ORDER), new)
    if old:
        tx.conn.execute(update(PURCHASE_ORDER).where(PURCHASE_ORDER.c.id == bindparam("key")), old)


def _write_lines(tx: Tx, orders: Sequence[PurchaseOrder], known: Mapping[OrderId, _Mark]) -> None:
    """Write the lines of orders whose lines moved: those of known orders in place, because other documents point at them."""
    rewritten = [order for order in orders if order.id in known]
    if rewritten:
        ids = [order.id for order in rewritten]
        kept = [(order.id, line.line_no) for order in rewritten for line in order.lines]
        tx.conn.execute(delete(ORDER_SCHEDULE).where(ORDER_SCHEDULE.c.order_id.in_(ids)))
        gone = ORDER_LINE.c.order_id.in_(ids) & tuple_(ORDER_LINE.c.order_id, ORDER_LINE.c.line_no).not_in(kept)
        tx.conn.execute(delete(ORDER_LINE).where(gone))
        statement = upsert(ORDER_LINE)
        changes = {column.name: statement.excluded[column.name] for column in ORDER_LINE.c if not column.primary_key}
        tx.conn.execute(
            statement.on_conflict_do_update(index_elements=["order_id", "line_no"], set_=changes),
            _rows(rewritten, line_rows),
        )
    _insert(tx, ORDER_LINE, _rows([order for order in orders if order.id not in known], line_rows))
    _insert(tx, ORDER_SCHEDULE, _rows(orders, schedule_rows))


def _rows(orders: Iterable[PurchaseOrder], rows_of: Any) -> list[dict[str, Any]]:
    return [row for order in orders for row in rows_of(order)]


def _insert(tx: Tx, table: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.conn.execute(insert(table), rows)


def _write_versions(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    rows = [
        {
            "order_id": order.id,
            "version": order.version,
            "business_unit_id": order.business_unit_id,
            SHOWN_TO: shown_to(order),
            "version_hash": order.version_hash(),
            "snapshot": snapshot(order),
            "recorded_at": tx.now,
        }
        for order in orders
    ]
    _insert(tx, ORDER_VERSION, rows)


def _show(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    """Let the supplier see lines, schedules and the present version of orders that were just issued, no earlier version."""
    for supplier_id in {shown_to(order) for order in orders}:
        issued = [order for order in orders if shown_to(order) == supplier_id]
        shown = {SHOWN_TO: supplier_id}
        for table in (ORDER_LINE, ORDER_SCHEDULE):
            tx.conn.execute(update(table).where(table.c.order_id.in_([order.id for order in issued])).values(shown))
        present = tuple_(ORDER_VERSION.c.order_id, ORDER_VERSION.c.version).in_([(order.id, order.version) for order in issued])
        tx.conn.execute(update(ORDER_VERSION).where(present).values(shown))


def _one(found: Mapping[OrderId, PurchaseOrder], order_id: OrderId) -> PurchaseOrder:
    if order_id not in found:
        raise NotFound(order=order_id)
    return found[order_id]


def _load(tx: Tx, order_ids: Collection[OrderId], *, for_update: bool) -> dict[OrderId, PurchaseOrder]:
    if not order_ids:
        return {}
    ids = {"ids": sorted(set(order_ids))}
    wanted = func.any(bindparam("ids"))
    headers = select(PURCHASE_ORDER).where(PURCHASE_ORDER.c.id == wanted).order_by(PURCHASE_ORDER.c.id)
    rows = tx.conn.execute(headers.with_for_update() if for_update else headers, ids).all()
    lines: dict[Any, list[Any]] = defaultdict(list)
    for row in tx.conn.execute(select(ORDER_LINE).where(ORDER_LINE.c.order_id == wanted).order_by(ORDER_LINE.c.line_no), ids):
        lines[row.order_id].append(row)
    schedules: dict[Any, dict[int, list[Schedule]]] = defaultdict(lambda: defaultdict(list))
    parts = select(ORDER_SCHEDULE).where(ORDER_SCHEDULE.c.order_id == wanted).order_by(ORDER_SCHEDULE.c.schedule_no)
    for row in tx.conn.execute(parts, ids):
        schedules[row.order_id][row.line_no].append(schedule_from_row(row))
    return {OrderId(row.id): order_from_rows(row, lines[row.id], schedules[row.id]) for row in rows}
