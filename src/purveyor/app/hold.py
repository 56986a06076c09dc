"""Put an order on hold and let it go on: a flag that remembers where the order was, with a reason and an owner."""

from __future__ import annotations

from dataclasses import dataclass, replace

from purveyor.app.approve import queue_release
from purveyor.app.follow_up import recheck_completion
from purveyor.app.issue import tell
from purveyor.core.access import Permission
from purveyor.core.errors import IllegalTransition, ReasonRequired
from purveyor.core.events.order import OrderHeld, OrderHoldLifted, order_stream
from purveyor.core.ids import OrderId, UserId
from purveyor.core.lifecycle import ENDED, WITH_SUPPLIER, Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import Hold, PurchaseOrder
from purveyor.core.writing import written
from purveyor.store import events, messages, orders
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """Command: stop an order; without an owner named it belongs to who stopped it."""

    row_version: int
    reason: str
    owner: UserId | None = None


def hold(tx: Tx, order_id: OrderId, command: HoldOrder) -> PurchaseOrder:
    """Stop an order where it is: nothing is submitted, approved or released before the hold is lifted.

    Raises NotAuthorised, ReasonRequired, NotFound, StaleVersion, IllegalTransition for an order that has ended.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    if not written(command.reason):
        raise ReasonRequired(action="hold")
    order = orders.lock(tx, order_id, command.row_version)
    if order.status in ENDED:
        raise IllegalTransition(status=order.status.value, verb="hold", allowed="")
    owner = command.owner or (UserId(tx.actor.id) if tx.actor.id is not None else None)
    saved = orders.save(tx, replace(order, hold=Hold(command.reason, owner, tx.now)))
    events.append(
        tx,
        [OrderHeld(stream=order_stream(order.id), reason=command.reason, status=order.status.value, owner=owner)],
    )
    return saved


def lift(tx: Tx, order_id: OrderId, row_version: int) -> PurchaseOrder:
    """Let a held order go on: an approved one is released, an issued one that was not sent is sent.

    Raises NotAuthorised, NotFound, StaleVersion.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    order = orders.lock(tx, order_id, row_version)
    if order.hold is None:
        return order
    saved = orders.save(tx, replace(order, hold=None))
    events.append(tx, [OrderHoldLifted(stream=order_stream(order.id), status=order.status.value)])
    if saved.status is Status.APPROVED:
        queue_release(tx, saved)
    told = any(message.kind == MessageKind.SUPPLIER_ORDER for message in messages.of_order(tx, order.id))
    if saved.status is Status.ISSUED and not told:
        tell(tx, [saved])
    if saved.status in WITH_SUPPLIER:
        recheck_completion(tx, saved.id)
    return saved
