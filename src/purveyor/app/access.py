"""Keep what programs were refused, so that a key in the wrong hands is noticed."""

from __future__ import annotations

from purveyor.core.errors import NotFound
from purveyor.core.events.access import AccessRefused
from purveyor.core.events.base import Ref
from purveyor.store import events, orders
from purveyor.store.db import Tx


def note_refusal(tx: Tx, order_ref: str, asked: str) -> bool:
    """Put into the log that the actor asked for an order that is there and not its own; needs system scope.

    ``asked`` is method and path pattern. Returns False, and notes nothing, when no such order exists at all.
    """
    try:
        order = orders.by_ref(tx, order_ref)
    except NotFound:
        return False
    assert tx.actor.id is not None, "only clients and people can be refused"
    refs = (Ref("order", order.id), Ref(events.UNIT_REF, order.business_unit_id))
    events.append(tx, [AccessRefused(stream=Ref("api_client", tx.actor.id), refs=refs, asked=asked)])
    return True
