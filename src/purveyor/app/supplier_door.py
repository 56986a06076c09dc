"""The order a document from outside is about: locked, with its supplier, and never another supplier's; and when it was sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from purveyor.core.errors import IllegalTransition, InvalidInput, NotFound
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import WITH_SUPPLIER, allowed_verbs
from purveyor.core.order import PurchaseOrder
from purveyor.store import orders
from purveyor.store.db import Tx

CLOCKS_DIFFER: Final = timedelta(hours=24)
"""How far a sender's clock may run ahead of ours before we do not believe it."""


class SentInFuture(InvalidInput):
    """This document says that it was sent more than a day after our present time; correct the time and send it again."""

    code = "sent_in_future"


def require_sent(tx: Tx, sent_at: datetime) -> None:
    """Raise SentInFuture for a time no sender's clock can show: such a document would win over every later one."""
    if sent_at > tx.now + CLOCKS_DIFFER:
        raise SentInFuture(field="sent_at", reason="more than 24 hours ahead of our time")


def order_of_supplier(tx: Tx, order_id: OrderId) -> PurchaseOrder:
    """Return an order that was issued, locked; for a supplier only his own. Raises NotFound."""
    order = orders.lock(tx, order_id)
    foreign = tx.actor.supplier_id is not None and tx.actor.supplier_id != order.supplier_id
    if foreign or order.first_issued_version is None or order.supplier_id is None:
        raise NotFound(order=order_id)
    return order


def require_with_supplier(order: PurchaseOrder, verb: str) -> None:
    """Raise IllegalTransition unless the order is with its supplier: goods of a closed order belong to a person."""
    if order.status not in WITH_SUPPLIER:
        raise IllegalTransition(status=order.status.value, verb=verb, allowed=", ".join(allowed_verbs(order.status)))
