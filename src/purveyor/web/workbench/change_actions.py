"""Decide about a change order on the page of its order: for people who may approve and asked for none of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import change
from purveyor.core import change as changes_core
from purveyor.core.access import Actor
from purveyor.core.change import ChangeStatus
from purveyor.core.documents import FieldChange, differences
from purveyor.core.errors import NotFound
from purveyor.core.ids import ChangeOrderId
from purveyor.core.order import PurchaseOrder
from purveyor.store.changes import KeptChange
from purveyor.store.db import Tx
from purveyor.web.entries import FormReason
from purveyor.web.i18n import gettext
from purveyor.web.security import SignedIn, page_router
from purveyor.web.workbench.order_actions import RowVersion, Said, SeenVersion, act

router = page_router("/orders/{reference}/changes/{change_id}")


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A change order that waits: what differs afterwards, and whether who looks at it may decide."""

    kept: KeptChange
    changes: tuple[FieldChange, ...]
    may_decide: bool


def waiting_changes(tx: Tx, actor: Actor, order: PurchaseOrder) -> list[WaitingChange]:
    """Return the change orders of an order that wait for an approval."""
    waiting = [kept for kept in change.of_order(tx, order.id) if kept.change.status is ChangeStatus.PENDING_APPROVAL]
    return [
        WaitingChange(
            kept,
            differences(order, changes_core.preview(order, kept.change.actions, {})),
            change.may_decide(actor, order, kept),
        )
        for kept in waiting
    ]


@router.post("/approve")
def approve(
    request: Request, reference: str, change_id: UUID, actor: SignedIn, version: RowVersion, seen: SeenVersion
) -> Response:
    """Approve the change: it becomes the next version."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        after = change.approve(tx, _change_of(tx, order, change_id), version)
        return _("Approved; version %(version)s goes to the supplier.") % {"version": after.version}, "good"

    return act(request, actor, reference, seen, work, "/approvals")


@router.post("/reject")
def reject(
    request: Request,
    reference: str,
    change_id: UUID,
    actor: SignedIn,
    version: RowVersion,
    seen: SeenVersion,
    reason: FormReason,
) -> Response:
    """Refuse the change with a reason: the order stays as it is."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        change.reject(tx, _change_of(tx, order, change_id), reason, version)
        return _("Refused; the order stays as it is."), "info"

    return act(request, actor, reference, seen, work, "/approvals")


def _change_of(tx: Tx, order: PurchaseOrder, change_id: UUID) -> ChangeOrderId:
    """Return the id of a change of this order; raise NotFound for one of another order."""
    if change_id not in {kept.change.id for kept in change.of_order(tx, order.id)}:
        raise NotFound(change_order=change_id)
    return ChangeOrderId(change_id)
