"""Change orders of an order: what was proposed, what waits for an approval, and verdicts.

Only persons decide, and never on what they asked for themselves: a verdict sent with the key of a program is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.responses import Response

from purveyor.app import change
from purveyor.core.access import Permission
from purveyor.core.change import ChangeStatus, Initiator
from purveyor.core.errors import NotFound
from purveyor.core.ids import ChangeOrderId
from purveyor.store import orders
from purveyor.store.changes import KeptChange
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Reply, SeenVersion, answer, api_router, write
from purveyor.web.api.v1.doors import house_posts, house_reads, noticing, order_to_read
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.order_actions import ReasonIn
from purveyor.web.api.v1.order_documents import OrderOut, in_full
from purveyor.web.api.v1.shapes import OrderRef
from purveyor.web.api.wire import Wire

router = api_router("/orders/{order_ref}/changes", "Change orders")

Decider = Annotated[Call, Depends(house_posts(Permission.APPROVAL_DECIDE))]
"""A client that may decide approvals."""


class ChangeOut(Wire):
    """A change order: the version it changes, who asked for it, where it stands, and why policy wants an approval."""

    id: UUID
    base_version: int
    applied_version: int | None
    initiator: Initiator
    status: ChangeStatus
    lines: list[int]
    needs_approval_for: list[str]
    proposed_at: datetime


class ChangeList(Wire):
    """The change orders of an order, the first one first."""

    items: list[ChangeOut]


@router.get("", **operation("list_changes", "List the change orders of an order", Permission.APPROVAL_READ, ChangeList, slo=LIST))
def list_changes(order_ref: OrderRef, call: Annotated[Call, Depends(house_reads(Permission.APPROVAL_READ))]) -> Response:
    """List what was proposed to change after an order was issued, and what became of it."""
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(ChangeList(items=[_shown(kept) for kept in change.of_order(tx, order.id)])))


@router.post(
    "/{change_id}/approve",
    **operation("approve_change", "Approve a change order", Permission.APPROVAL_DECIDE, OrderOut, versioned=True),
)
def approve_change(order_ref: OrderRef, change_id: UUID, version: SeenVersion, call: Decider) -> Response:
    """Approve a change order of the order version in If-Match: the next version is sent to supplier and sites."""

    def work(tx: Tx) -> Reply:
        found = _change_of(tx, order_ref, change_id)
        after = change.approve(tx, found, version)
        return Reply(in_full(tx, after), version=after.row_version)

    with noticing(call, order_ref):
        return write(call, work)


@router.post(
    "/{change_id}/reject",
    **operation("reject_change", "Refuse a change order", Permission.APPROVAL_DECIDE, OrderOut, versioned=True),
)
def reject_change(order_ref: OrderRef, change_id: UUID, body: ReasonIn, version: SeenVersion, call: Decider) -> Response:
    """Refuse a change order; the order stays as it is."""

    def work(tx: Tx) -> Reply:
        found = _change_of(tx, order_ref, change_id)
        after = change.reject(tx, found, body.reason, version)
        return Reply(in_full(tx, after), version=after.row_version)

    with noticing(call, order_ref):
        return write(call, work)


def _change_of(tx: Tx, order_ref: str, change_id: UUID) -> ChangeOrderId:
    order = orders.by_ref(tx, order_ref)
    if change_id not in {kept.change.id for kept in change.of_order(tx, order.id)}:
        raise NotFound(change_order=change_id)
    return ChangeOrderId(change_id)


def _shown(kept: KeptChange) -> ChangeOut:
    return ChangeOut(
        id=kept.change.id,
        base_version=kept.change.base_version,
        applied_version=kept.applied_version,
        initiator=kept.change.initiator,
        status=kept.change.status,
        lines=sorted({action.line_no for action in kept.change.actions}),
        needs_approval_for=list(kept.needs_approval_for),
        proposed_at=kept.proposed_at,
    )
