"""Receipts as they were counted and keyed, what was decided about each count, and how it was judged last."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from purveyor.core.acknowledge import DocumentKey
from purveyor.core.errors import NotFound
from purveyor.core.ids import OrderId, ReceiptId, SiteId
from purveyor.core.order import PurchaseOrder
from purveyor.core.receiving import Count, Judged, ReceivingCode, ReturnFor
from purveyor.core.shipping import Place
from purveyor.store.db import Tx
from purveyor.store.sender_numbers import add_numbered
from purveyor.store.tables.goods import RECEIPT, RECEIPT_COUNT

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class KeptCount:
    """One count of a receipt: what was keyed, the same in base units, what was decided, and how it was judged."""

    place: Place
    number: int
    keyed: Decimal
    keyed_uom: str | None
    quantity: Decimal
    damaged: Decimal = _ZERO
    return_for: ReturnFor | None = None
    recount_of: ReceiptId | None = None
    allowed_over: Decimal = _ZERO
    credited: Decimal = _ZERO
    accepted: Decimal = _ZERO
    excess: Decimal = _ZERO
    held: Decimal = _ZERO
    rejected: Decimal = _ZERO
    codes: tuple[ReceivingCode, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody counted at a dock, each line at each site once.

    ``notice`` is the supplier's shipment number; ``ends_shipment`` says that nothing more of it comes.
    """

    id: ReceiptId
    order_id: OrderId
    source: str
    external_id: str
    revision: int
    counted_at: datetime
    received_at: datetime
    counts: tuple[KeptCount, ...]
    notice: str | None = None
    ends_shipment: bool = False

    @property
    def key(self) -> DocumentKey:
        """The identity of this receipt among all that its sender sends."""
        return DocumentKey(self.source, self.external_id, self.revision)


def add(tx: Tx, order: PurchaseOrder, receipt: Receipt) -> None:
    """Keep a receipt that was never seen before, with its counts; raise DocumentChanged when its number was used elsewhere."""
    add_numbered(
        tx,
        RECEIPT,
        {
            "id": receipt.id,
            "order_id": order.id,
            "business_unit_id": order.business_unit_id,
            "source": receipt.source,
            "external_id": receipt.external_id,
            "revision": receipt.revision,
            "counted_at": receipt.counted_at,
            "received_at": receipt.received_at,
            "notice": receipt.notice,
            "ends_shipment": receipt.ends_shipment,
        },
    )
    tx.conn.execute(insert(RECEIPT_COUNT), [_count_row(order, receipt, count) for count in receipt.counts])


def _count_row(order: PurchaseOrder, receipt: Receipt, count: KeptCount) -> dict[str, Any]:
    return {
        "receipt_id": receipt.id,
        "place": count.number,
        "order_id": order.id,
        "business_unit_id": order.business_unit_id,
        "line_no": count.place.line_no,
        "ship_to": count.place.ship_to,
        "keyed": count.keyed,
        "keyed_uom": count.keyed_uom,
        "quantity": count.quantity,
        "damaged": count.damaged,
        "return_for": None if count.return_for is None else count.return_for.value,
        "recount_of": count.recount_of,
        "allowed_over": count.allowed_over,
        "credited": count.credited,
        "accepted": count.accepted,
        "excess": count.excess,
        "held": count.held,
        "rejected": count.rejected,
        "codes": [code.value for code in count.codes],
    }


def save_judged(tx: Tx, judged: Iterable[tuple[ReceiptId, int, Judged]]) -> None:
    """Write how counts were judged now that all documents of their line are known."""
    for receipt_id, number, result in judged:
        values = {
            "accepted": result.accepted,
            "excess": result.excess,
            "held": result.held,
            "rejected": result.rejected,
            "codes": [code.value for code in result.codes],
        }
        tx.conn.execute(update(RECEIPT_COUNT).where(*_same(receipt_id, number)).values(**values))


def decide(tx: Tx, receipt_id: ReceiptId, number: int, *, allowed_over: Decimal, credited: Decimal) -> None:
    """Write what a person decided about one count: excess accepted, damaged goods credited (base units)."""
    values = {"allowed_over": allowed_over, "credited": credited}
    tx.conn.execute(update(RECEIPT_COUNT).where(*_same(receipt_id, number)).values(**values))


def _same(receipt_id: ReceiptId, number: int) -> tuple[Any, ...]:
    return (RECEIPT_COUNT.c.receipt_id == receipt_id, RECEIPT_COUNT.c.place == number)


def get(tx: Tx, receipt_id: ReceiptId) -> Receipt:
    """Return one receipt; raises NotFound."""
    row = tx.conn.execute(select(RECEIPT).where(RECEIPT.c.id == receipt_id)).one_or_none()
    if row is None:
        raise NotFound(receipt=receipt_id)
    return next(receipt for receipt in of_order(tx, OrderId(row.order_id)) if receipt.id == receipt_id)


def of_order(tx: Tx, order_id: OrderId) -> list[Receipt]:
    """Return the receipts of an order as they came in, with their counts."""
    counts: dict[UUID, list[KeptCount]] = {}
    query = select(RECEIPT_COUNT).where(RECEIPT_COUNT.c.order_id == order_id)
    for row in tx.conn.execute(query.order_by(RECEIPT_COUNT.c.receipt_id, RECEIPT_COUNT.c.place)):
        counts.setdefault(row.receipt_id, []).append(_count(row))
    rows = tx.conn.execute(select(RECEIPT).where(RECEIPT.c.order_id == order_id).order_by(RECEIPT.c.id))
    return [_receipt(row, tuple(counts[row.id])) for row in rows]


def _receipt(row: Row[Any], counts: tuple[KeptCount, ...]) -> Receipt:
    return Receipt(
        id=ReceiptId(row.id),
        order_id=OrderId(row.order_id),
        source=row.source,
        external_id=row.external_id,
        revision=row.revision,
        counted_at=row.counted_at,
        received_at=row.received_at,
        counts=counts,
        notice=row.notice,
        ends_shipment=row.ends_shipment,
    )


def _count(row: Row[Any]) -> KeptCount:
    return KeptCount(
        place=Place(row.line_no, None if row.ship_to is None else SiteId(row.ship_to)),
        number=row.place,
        keyed=row.keyed,
        keyed_uom=row.keyed_uom,
        quantity=row.quantity,
        damaged=row.damaged,
        return_for=None if row.return_for is None else ReturnFor(row.return_for),
        recount_of=None if row.recount_of is None else ReceiptId(row.recount_of),
        allowed_over=row.allowed_over,
        credited=row.credited,
        accepted=row.accepted,
        excess=row.excess,
        held=row.held,
        rejected=row.rejected,
        codes=tuple(ReceivingCode(code) for code in row.codes),
    )


def counts_at(receipts: Iterable[Receipt], place: Place) -> list[Count]:
    """Return every count of one line at one site, as judging wants them."""
    known = list(receipts)
    keys = {receipt.id: receipt.key for receipt in known}
    return [
        Count(
            key=receipt.key,
            counted_at=receipt.counted_at,
            quantity=count.quantity,
            damaged=count.damaged,
            return_for=count.return_for,
            recount_of=None if count.recount_of is None else keys[count.recount_of],
            allowed_over=count.allowed_over,
            credited=count.credited,
        )
        for receipt in known
        for count in receipt.counts
        if count.place == place
    ]
