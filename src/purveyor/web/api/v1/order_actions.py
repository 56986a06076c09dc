"""What can be done to an order: submit, edit, release, hold, let go on, cancel. The version seen comes in If-Match."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from purveyor.app import cancel as cancelling
from purveyor.app import edit as editing
from purveyor.app import hold as holding
from purveyor.app.advise import require_decided
from purveyor.app.approve import queue_release
from purveyor.core.access import Permission
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.errors import IllegalTransition
from purveyor.core.finding import Severity
from purveyor.core.gate import GateReport
from purveyor.core.lifecycle import Status, Verb, allowed_verbs
from purveyor.core.order import PurchaseOrder
from purveyor.store import orders
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Reply, SeenVersion, api_router, write
from purveyor.web.api.v1.doors import house_posts, noticing
from purveyor.web.api.v1.operations import operation
from purveyor.web.api.v1.order_documents import OrderOut, in_full
from purveyor.web.api.v1.shapes import (
    MOST_LINES,
    AmountIn,
    Day,
    LineNo,
    OrderRef,
    PositiveIn,
    Unit,
    UnitPrice,
    pointing_at,
    require_currency,
)
from purveyor.web.api.v1.sites import site_ids
from purveyor.web.api.wire import MoneyText, Name, Reason, Wire

router = api_router("/orders/{order_ref}", "Order actions")


class ReasonIn(Wire):
    """Why somebody decides so; kept with the name of the client."""

    reason: Reason


class LineEditIn(Wire):
    """What changes on one line; what is left out stays as it is."""

    line_no: LineNo
    quantity: PositiveIn | None = None
    uom: Unit | None = None
    unit_price: UnitPrice | None = None
    need_by: Day | None = None
    ship_to: Name | None = None
    removed: bool = False


class EditIn(Wire):
    """What changes on an order that has not left; every approval of the version before is void."""

    lines: Annotated[tuple[LineEditIn, ...], Field(max_length=MOST_LINES)] = ()
    payment_terms: Name | None = None
    freight_term: Name | None = None
    fob_point: Name | None = None
    incoterm: Name | None = None
    freight_ceiling: AmountIn | None = None


class EditedOut(Wire):
    """The order after an edit, and what the gate says about it in short; the full report is at ``/gate-report``."""

    order: OrderOut
    blocked: bool
    worst: Severity | None
    codes: list[str]
    at_stake: MoneyText


def _change(call: Call, order_ref: str, work: Callable[[Tx, PurchaseOrder], PurchaseOrder]) -> Response:
    """Do one thing to an order and answer with the order as it stands afterwards."""

    def done(tx: Tx) -> Reply:
        after = work(tx, orders.by_ref(tx, order_ref))
        return Reply(in_full(tx, after), version=after.row_version)

    with noticing(call, order_ref):
        return write(call, done)


@router.post("/submit", **operation("submit_order", "Submit a draft", Permission.ORDER_SUBMIT, OrderOut, versioned=True))
def submit_order(
    order_ref: OrderRef, version: SeenVersion, call: Annotated[Call, Depends(house_posts(Permission.ORDER_SUBMIT))]
) -> Response:
    """Check a draft and submit it for approval; a blocked one stays a draft, its gate report says why."""
    return _change(call, order_ref, lambda tx, order: editing.submit(tx, order.id, version))


@router.post(
    "/edit",
    **operation("edit_order", "Change an order that has not left", Permission.ORDER_WRITE, EditedOut, versioned=True),
)
def edit_order(
    order_ref: OrderRef,
    body: EditIn,
    version: SeenVersion,
    call: Annotated[Call, Depends(house_posts(Permission.ORDER_WRITE))],
) -> Response:
    """Change lines and terms: a new version, a draft again, checked at once."""

    def work(tx: Tx) -> Reply:
        order = orders.by_ref(tx, order_ref)
        with pointing_at(body):
            edited = editing.edit(tx, order.id, _command(tx, order, body, version))
        return Reply(_edited(tx, edited.order, edited.report), version=edited.order.row_version)

    with noticing(call, order_ref):
        return write(call, work)


def _command(tx: Tx, order: PurchaseOrder, body: EditIn, version: int) -> EditOrder:
    sites = site_ids(tx, [(line.line_no, line.ship_to) for line in body.lines])
    lines = {}
    for place, line in enumerate(body.lines):
        if line.unit_price is not None:
            require_currency(line.unit_price.currency, order.currency, f"lines/{place}/unit_price/currency")
        lines[line.line_no] = LineEdit(
            quantity=line.quantity,
            uom=line.uom,
            unit_price=None if line.unit_price is None else line.unit_price.amount,
            need_by=line.need_by,
            ship_to=None if line.ship_to is None else sites[line.ship_to],
            removed=line.removed,
        )
    return EditOrder(
        version,
        lines,
        body.payment_terms,
        body.freight_term,
        body.fob_point,
        body.incoterm,
        body.freight_ceiling,
    )


def _edited(tx: Tx, order: PurchaseOrder, report: GateReport) -> EditedOut:
    return EditedOut(
        order=in_full(tx, order),
        blocked=report.blocked,
        worst=report.worst,
        codes=sorted({finding.code for finding in report.standing}),
        at_stake=MoneyText(amount=report.at_stake, currency=order.currency),
    )


@router.post(
    "/release",
    **operation("release_order", "Send an approved order on its way", Permission.ORDER_RELEASE, OrderOut, versioned=True),
)
def release_order(
    order_ref: OrderRef, version: SeenVersion, call: Annotated[Call, Depends(house_posts(Permission.ORDER_RELEASE))]
) -> Response:
    """Queue the release of an approved order: it is checked again, confirmed in the ERP and sent by the workers.

    Refused (advisory_undecided) while a person has to decide about a quantity that is larger than usual.
    """

    def work(tx: Tx, order: PurchaseOrder) -> PurchaseOrder:
        locked = orders.lock(tx, order.id, version)
        if locked.status is not Status.APPROVED:
            raise IllegalTransition(
                status=locked.status.value, verb=Verb.RELEASE.value, allowed=", ".join(allowed_verbs(locked.status))
            )
        require_decided(tx, locked)
        queue_release(tx, locked)
        return locked

    return _change(call, order_ref, work)


@router.post("/hold", **operation("hold_order", "Stop an order where it is", Permission.ORDER_WRITE, OrderOut, versioned=True))
def hold_order(
    order_ref: OrderRef,
    body: ReasonIn,
    version: SeenVersion,
    call: Annotated[Call, Depends(house_posts(Permission.ORDER_WRITE))],
) -> Response:
    """Stop an order: nothing is submitted, approved or released before the hold ends."""
    return _change(call, order_ref, lambda tx, order: holding.hold(tx, order.id, holding.HoldOrder(version, body.reason)))


@router.post("/lift-hold", **operation("lift_hold", "Let an order go on", Permission.ORDER_WRITE, OrderOut, versioned=True))
def lift_hold(
    order_ref: OrderRef, version: SeenVersion, call: Annotated[Call, Depends(house_posts(Permission.ORDER_WRITE))]
) -> Response:
    """End a hold; an approved order is released, an issued one that was not sent is sent."""
    return _change(call, order_ref, lambda tx, order: holding.lift(tx, order.id, version))


@router.post("/cancel", **operation("cancel_order", "Cancel an order", Permission.ORDER_CANCEL, OrderOut, versioned=True))
def cancel_order(
    order_ref: OrderRef,
    body: ReasonIn,
    version: SeenVersion,
    call: Annotated[Call, Depends(house_posts(Permission.ORDER_CANCEL))],
) -> Response:
    """End an order; nothing that waits to be sent about it leaves any more."""
    return _change(
        call, order_ref, lambda tx, order: cancelling.cancel(tx, order.id, cancelling.CancelOrder(version, body.reason))
    )
