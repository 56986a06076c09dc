"""Cancel an order that is not to be bought: approvals end, messages that wait are taken back, links close.

Whoever heard of the order before hears that it is off.
"""

from __future__ import annotations

from dataclasses import dataclass

from purveyor.app.approve import void_on_edit
from purveyor.app.ending import end_with_order
from purveyor.app.outbound import supersede
from purveyor.core.access import Permission
from purveyor.core.errors import ReasonRequired
from purveyor.core.events.order import OrderCancelled, order_stream
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder, advance
from purveyor.core.writing import written
from purveyor.store import events, links, orders, timers
from purveyor.store.db import Tx

_UNSENT = (
    MessageKind.ERP_CONFIRM,
    MessageKind.SUPPLIER_ORDER,
    MessageKind.SUPPLIER_CHANGE,
    MessageKind.SUPPLIER_REMINDER,
    MessageKind.WMS_EXPECTED_RECEIPT,
)


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Command: end an order; ``row_version`` is what the person saw."""

    row_version: int
    reason: str


def cancel(tx: Tx, order_id: OrderId, command: CancelOrder) -> PurchaseOrder:
    """Cancel an order that is still open; nothing that waits to be sent about it leaves any more.

    Raises NotAuthorised, ReasonRequired, NotFound, StaleVersion, IllegalTransition.
    """
    tx.actor.require(Permission.ORDER_CANCEL)
    if not written(command.reason):
        raise ReasonRequired(action="cancel")
    order = orders.lock(tx, order_id, command.row_version)
    ended = advance(order, Verb.CANCEL, Status.CANCELLED)
    void_on_edit(tx, order, "cancelled")
    saved = orders.save(tx, ended)
    supersede(tx, order.id, _UNSENT, order.version + 1)
    timers.cancel_timers(tx, "order", order.id)
    links.revoke(tx, order.id)
    end_with_order(tx, order, saved)
    cancelled = OrderCancelled(
        stream=order_stream(order.id),
        reason=command.reason,
        from_status=order.status.value,
        version=order.version,
        source="purveyor",
    )
    events.append(tx, [cancelled])
    return saved
