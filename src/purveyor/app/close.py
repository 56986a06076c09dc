"""Close an order when nothing is left to do: received or given up at every site, billed and settled, no question open."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from purveyor.app.progress import progress_of_loaded
from purveyor.core.events.base import Ref
from purveyor.core.events.closing import OrderClosed
from purveyor.core.ids import OrderId
from purveyor.core.invoice import Invoice
from purveyor.core.lifecycle import WITH_SUPPLIER, Status, Verb
from purveyor.core.order import PurchaseOrder, advance
from purveyor.core.progress import LineProgress, LineProgressState, is_received
from purveyor.store import cases, events, invoices, orders, timers
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Tx


def close_if_complete(tx: Tx, order_id: OrderId) -> PurchaseOrder | None:
    """Close an order that is complete and return it; None when something is still open or it is not with the supplier.

    Complete: every line received, closed short (by a person, or within the tolerance of the policy) or cancelled at every site,
    all that was accepted is billed, every invoice of it matched or sent back, and no exception open.
    """
    order = orders.lock(tx, order_id)
    if order.status not in WITH_SUPPLIER or order.hold is not None:
        return None
    lines = progress_of_loaded(tx, {order.id: order})[order.id]
    bills = invoices.of_orders(tx, [order.id])
    if not is_received(lines) or not _billed(lines) or not all(bill.is_settled for bill in bills):
        return None
    if cases.listed(tx, CaseFilter(order_id=order.id), limit=1):
        return None
    return _close(tx, order, lines, [bill for bill in bills if bill.counts])


def _billed(lines: Sequence[LineProgress]) -> bool:
    """Say whether all that was accepted is on an invoice; goods sent back for credit are not."""
    return all(line.invoiced >= line.accepted for line in lines if line.state is not LineProgressState.CANCELLED)


def _close(tx: Tx, order: PurchaseOrder, lines: Sequence[LineProgress], bills: Sequence[Invoice]) -> PurchaseOrder:
    closed = orders.save(tx, advance(order, Verb.CLOSE, Status.CLOSED))
    sign = {True: Decimal(-1), False: Decimal(1)}
    event = OrderClosed(
        stream=Ref("order", order.id),
        refs=tuple(Ref("invoice", bill.id) for bill in bills),
        version=order.version,
        short_lines=tuple(line.line_no for line in lines if line.state is LineProgressState.CLOSED_SHORT),
        invoices=len(bills),
        billed=sum((sign[bill.is_credit] * bill.total for bill in bills), Decimal(0)),
        currency=order.currency,
    )
    events.append(tx, [event])
    timers.cancel_timers(tx, "order", order.id)
    return closed
