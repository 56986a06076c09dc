"""Who gets in where: operations of the house are closed to suppliers, and a supplier's key opens its own issued orders only.

A supplier's request is checked under the supplier's own scope first; what it may have is then read, and its documents are
applied, under the product's scope limited to that one order, with the supplier as actor. An order of somebody else is answered
like one that does not exist, and noted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import Depends

from purveyor.app import access
from purveyor.core.access import SYSTEM_SCOPE, Actor, Permission, Scope, ScopeKind, scope_of
from purveyor.core.errors import NotAuthorised, NotFound
from purveyor.core.order import PurchaseOrder
from purveyor.store import order_views, orders
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, posts, reads


def house_reads(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route that only clients of business units may read."""

    def allowed(call: Call = Depends(reads(permission))) -> Call:
        _require_house(call.actor, permission)
        return call

    return allowed


def house_posts(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route by which only clients of business units may change something."""

    def allowed(call: Call = Depends(posts(permission))) -> Call:
        _require_house(call.actor, permission)
        return call

    return allowed


def partner_reads(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route that suppliers may read too."""

    def allowed(call: Call = Depends(reads(permission))) -> Call:
        _require_some_scope(call.actor, permission)
        return call

    return allowed


def partner_posts(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route by which suppliers may send something too."""

    def allowed(call: Call = Depends(posts(permission))) -> Call:
        _require_some_scope(call.actor, permission)
        return call

    return allowed


def _require_house(actor: Actor, permission: Permission) -> None:
    _require_some_scope(actor, permission)
    if actor.supplier_id is not None:
        raise NotAuthorised(permission=permission.value, reason="not open to suppliers")


def _require_some_scope(actor: Actor, permission: Permission) -> None:
    if scope_of(actor).kind is ScopeKind.NONE:
        raise NotAuthorised(permission=permission.value, reason="the client belongs to no business unit and no supplier")


def is_supplier(call: Call) -> bool:
    """Say whether a supplier's program calls."""
    return call.actor.supplier_id is not None


def writing_scope(call: Call) -> Scope | None:
    """Return the scope in which a document is applied: the product's for a supplier, the client's own otherwise."""
    return SYSTEM_SCOPE if is_supplier(call) else None


@contextmanager
def order_to_read(call: Call, order_ref: str) -> Iterator[tuple[Tx, PurchaseOrder]]:
    """Open a reading transaction on one order; raises NotFound, for a supplier also when it is not his or was never issued."""
    if is_supplier(call):
        with noticing(call, order_ref), call.reading() as own:
            order_views.issued_id(own, order_ref)
        with call.database.read(call.actor, SYSTEM_SCOPE, call.request.state.correlation_id, source="api") as tx:
            yield tx, orders.by_ref(tx, order_ref)
        return
    with noticing(call, order_ref), call.reading() as tx:
        yield tx, orders.by_ref(tx, order_ref)


def order_to_write(call: Call, tx: Tx, order_ref: str) -> PurchaseOrder:
    """Return the issued order that a document names; raises NotFound, for a supplier also when it is not his."""
    order = orders.by_ref(tx, order_ref)
    issued = order.first_issued_version is not None and order.supplier_id is not None
    if is_supplier(call) and not (issued and order.supplier_id == call.actor.supplier_id):
        raise NotFound(order_ref=order_ref)
    if not issued:
        raise NotFound(order_ref=order_ref, version="none was issued yet")
    return order


@contextmanager
def noticing(call: Call, order_ref: str) -> Iterator[None]:
    """Note a refusal when the order that was not found is there, but somebody else's."""
    try:
        yield
    except NotFound as error:
        if error.fields == {"order_ref": order_ref}:
            with call.database.transaction(call.actor, SYSTEM_SCOPE, call.request.state.correlation_id, source="api") as tx:
                access.note_refusal(tx, order_ref, call.route)
        raise
