"""Promises per schedule as pages and the gate read them: the first ones, those in force, and every one ever given.

Promises of an earlier version of a line stay where they are; those of its present version are written anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row, and_, bindparam, delete, func, insert, or_, select

from purveyor.core.acknowledge import DocumentKey
from purveyor.core.ids import OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.core.promise import Basis, Promise, PromiseLedger
from purveyor.store.db import Tx
from purveyor.store.tables.supplier_side import PROMISE

ROLES: Final = ("original", "current", "history")


def save(tx: Tx, order: PurchaseOrder, ledgers: Iterable[PromiseLedger]) -> None:
    """Write the ledgers of lines in their present version."""
    versions = {line.line_no: line.changed_in_version for line in order.lines}
    written = list(ledgers)
    if not written:
        return
    present = [
        and_(PROMISE.c.line_no == ledger.line_no, PROMISE.c.line_version == versions[ledger.line_no]) for ledger in written
    ]
    tx.conn.execute(delete(PROMISE).where(PROMISE.c.order_id == order.id, or_(*present)))
    tx.conn.execute(_outdated(order, versions))
    rows = [
        _row(order, versions[ledger.line_no], role, place, promise)
        for ledger in written
        for role in ROLES
        for place, promise in enumerate(getattr(ledger, role))
    ]
    if rows:
        tx.conn.execute(insert(PROMISE), rows)


def _outdated(order: PurchaseOrder, versions: Mapping[int, int]) -> Any:
    """Promises of earlier versions of a line are history: none of them is in force."""
    older = [and_(PROMISE.c.line_no == number, PROMISE.c.line_version < version) for number, version in versions.items()]
    return delete(PROMISE).where(PROMISE.c.order_id == order.id, PROMISE.c.role == "current", or_(*older))


def _row(order: PurchaseOrder, line_version: int, role: str, place: int, promise: Promise) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "line_no": promise.line_no,
        "line_version": line_version,
        "role": role,
        "place": place,
        "business_unit_id": order.business_unit_id,
        "supplier_id": order.supplier_id,
        "schedule_no": promise.schedule_no,
        "quantity": promise.quantity,
        "promised_ship": promise.promised_ship,
        "promised_delivery": promise.promised_delivery,
        "basis": None if promise.basis is None else promise.basis.value,
        "said_at": promise.said_at,
        "channel": promise.channel,
        "source": promise.key.source,
        "external_id": promise.key.external_id,
        "revision": promise.key.revision,
    }


def ledgers(tx: Tx, order: PurchaseOrder) -> dict[int, PromiseLedger]:
    """Return the ledger of every line of an order; history includes earlier versions of a line, the earliest first."""
    columns = PROMISE.c
    query = select(PROMISE).where(columns.order_id == order.id)
    found: dict[tuple[int, str], list[Promise]] = defaultdict(list)
    for row in tx.conn.execute(query.order_by(columns.line_no, columns.line_version, columns.place)):
        found[(row.line_no, row.role)].append(_promise(row))
    return {
        line.line_no: PromiseLedger(line.line_no, line.need_by, *(tuple(found.get((line.line_no, role), ())) for role in ROLES))
        for line in order.lines
    }


def current(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, dict[int, list[Promise]]]:
    """Return the promises in force of many orders, by line."""
    columns = PROMISE.c
    query = select(PROMISE).where(columns.order_id == func.any(bindparam("ids")), columns.role == "current")
    found: dict[OrderId, dict[int, list[Promise]]] = defaultdict(lambda: defaultdict(list))
    ordered = query.order_by(columns.order_id, columns.line_no, columns.place)
    for row in tx.conn.execute(ordered, {"ids": list(order_ids)}):
        found[OrderId(row.order_id)][row.line_no].append(_promise(row))
    return {order_id: dict(lines) for order_id, lines in found.items()}


def _promise(row: Row[Any]) -> Promise:
    return Promise(
        line_no=row.line_no,
        schedule_no=row.schedule_no,
        quantity=row.quantity,
        promised_ship=row.promised_ship,
        promised_delivery=row.promised_delivery,
        basis=None if row.basis is None else Basis(row.basis),
        said_at=row.said_at,
        channel=row.channel,
        key=DocumentKey(row.source, row.external_id, row.revision),
    )
