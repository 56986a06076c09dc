"""What people do on the page of an order: each form calls one verb of the application and says what became of it.

A form carries the version that was saved last and the content version that was on screen; when somebody was faster, the page says
what differs instead of overwriting it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import advise, cancel, edit, gate, hold, outbound
from purveyor.app.advise import DecideAdvisory
from purveyor.app.approve import queue_release
from purveyor.app.cancel import CancelOrder
from purveyor.app.edit import AcceptSuggestion
from purveyor.app.hold import HoldOrder
from purveyor.core.access import Actor, Permission
from purveyor.core.advisory import AdvisoryVerdict
from purveyor.core.documents import differences
from purveyor.core.errors import IllegalTransition, NotFound, StaleVersion
from purveyor.core.gate import GateReport
from purveyor.core.ids import AdvisoryId, MessageId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import advisories, messages, orders
from purveyor.store.db import Database, Tx
from purveyor.web.entries import LARGEST_NUMBER, FormReason, SeenNumber
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench import codes
from purveyor.web.workbench.story import Action, actions_for, find_order

router = page_router("/orders/{reference}")
RowVersion = Annotated[int, Form(alias="version", ge=0, le=LARGEST_NUMBER)]
SeenVersion = SeenNumber
Said = tuple[str, str]
"""What the next page says: the sentence and its tone."""


def act(
    request: Request, actor: Actor, reference: str, seen: int, work: Callable[[Tx, PurchaseOrder], Said], tab: str = ""
) -> Response:
    """Do one thing with an order in one transaction, then show the page it was done on; a stale form shows the difference."""
    database: Database = request.app.state.database
    address = f"/orders/{reference.strip().upper()}{tab}"
    try:
        with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
            text, tone = work(tx, find_order(tx, reference))
    except StaleVersion:
        return show_difference(request, actor, reference, seen)
    return go_to(request, address, text, tone)


def show_difference(request: Request, actor: Actor, reference: str, seen: int) -> Response:
    """Say that somebody was faster, and what the order said then and says now."""
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = find_order(tx, reference)
        before = _version(tx, order, seen)
    changes = differences(before, order) if before is not None else ()
    shown: dict[str, Any] = {"order": order, "seen": seen, "changes": changes, "codes": codes}
    return page(request, "workbench/order_stale.html", now=tx.now, status=409, **shown)


def _version(tx: Tx, order: PurchaseOrder, number: int) -> PurchaseOrder | None:
    try:
        return orders.version(tx, order.id, number)
    except NotFound:
        return None


@router.post("/submit")
def submit(request: Request, reference: str, actor: SignedIn, version: RowVersion, seen: SeenVersion) -> Response:
    """Check the draft again and submit it."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        after = edit.submit(tx, order.id, version)
        if after.status is Status.DRAFT:
            return _("The gate stopped it again; the gate report says why."), "warn"
        if after.status is Status.APPROVED:
            return _("Submitted and approved by policy; it leaves as soon as the ERP has confirmed it."), "good"
        return _("Submitted; it waits for approval now."), "good"

    return act(request, actor, reference, seen, work)


@router.post("/suggestion")
def accept_suggestion(
    request: Request,
    reference: str,
    actor: SignedIn,
    version: RowVersion,
    seen: SeenVersion,
    line_no: SeenNumber,
    code: Annotated[str, Form(max_length=60)],
) -> Response:
    """Take over what the gate suggests for one line."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        return after_check(_, edit.accept_suggestion(tx, order.id, AcceptSuggestion(version, line_no, code)).report)

    return act(request, actor, reference, seen, work, "/check")


def after_check(_: Callable[[str], str], report: GateReport) -> Said:
    """Say what the check after a change means for the order."""
    if report.blocked:
        return _("Changed. The gate still finds something that stops the order."), "warn"
    return _("Changed, and nothing stops the order any more: submit it."), "good"


@router.post("/override")
def override(
    request: Request,
    reference: str,
    actor: SignedIn,
    version: RowVersion,
    seen: SeenVersion,
    finding: Annotated[str, Form(max_length=64)],
    reason: FormReason,
) -> Response:
    """Decide that a finding shall not stop the order; the reason is kept with the person's name."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        if order.row_version != version:
            raise StaleVersion(order=order.order_ref)
        report = gate.override(tx, order.id, finding, reason)
        if report.blocked:
            return _("Overridden. Something else still stops the order."), "warn"
        return _("Overridden; nothing stops the order any more."), "good"

    return act(request, actor, reference, seen, work, "/check")


@router.post("/hold")
def put_on_hold(
    request: Request, reference: str, actor: SignedIn, version: RowVersion, seen: SeenVersion, hold_reason: FormReason
) -> Response:
    """Stop the order where it is."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        hold.hold(tx, order.id, HoldOrder(version, hold_reason))
        return _("On hold; nothing is sent before you end the hold."), "info"

    return act(request, actor, reference, seen, work)


@router.post("/lift-hold")
def lift_hold(request: Request, reference: str, actor: SignedIn, version: RowVersion, seen: SeenVersion) -> Response:
    """Let the order go on."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        hold.lift(tx, order.id, version)
        return _("The hold has ended; the order goes on."), "good"

    return act(request, actor, reference, seen, work)


@router.post("/cancel")
def cancel_order(
    request: Request, reference: str, actor: SignedIn, version: RowVersion, seen: SeenVersion, cancel_reason: FormReason
) -> Response:
    """End the order with a reason."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        cancel.cancel(tx, order.id, CancelOrder(version, cancel_reason))
        return _("Cancelled; what waited to be sent is called off."), "info"

    return act(request, actor, reference, seen, work)


@router.post("/release")
def release(request: Request, reference: str, actor: SignedIn, version: RowVersion, seen: SeenVersion) -> Response:
    """Send an approved order whose confirmation was called off before."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        actor.require(Permission.ORDER_RELEASE)
        locked = orders.lock(tx, order.id, version)
        if Action.RELEASE not in actions_for(actor, locked, tuple(messages.of_order(tx, order.id))):
            raise IllegalTransition(status=locked.status.value, verb="release", allowed="")
        advise.require_decided(tx, locked)
        queue_release(tx, locked)
        return _("It leaves as soon as the ERP has confirmed it."), "good"

    return act(request, actor, reference, seen, work)


@router.post("/suggestions/{advisory_id}/keep")
def keep_quantity(
    request: Request,
    reference: str,
    advisory_id: UUID,
    actor: SignedIn,
    version: RowVersion,
    seen: SeenVersion,
    reason: FormReason,
) -> Response:
    """Keep a quantity that a model finds larger than usual, with the reason."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        if order.row_version != version:
            raise StaleVersion(order=order.order_ref)
        if advisories.load(tx, AdvisoryId(advisory_id)).order_id != order.id:
            raise NotFound(advisory=advisory_id)
        advise.decide(tx, AdvisoryId(advisory_id), DecideAdvisory(AdvisoryVerdict.KEPT, reason))
        return _("The quantity is kept; your reason stands with the suggestion."), "good"

    return act(request, actor, reference, seen, work)


@router.post("/messages/{message_id}/replay")
def replay(request: Request, reference: str, message_id: UUID, actor: SignedIn) -> Response:
    """Send a failed message again under its old identity."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        outbound.replay(tx, _message_of(tx, order, message_id))
        return _("It is sent again."), "good"

    return act(request, actor, reference, 0, work, "/messages")


@router.post("/messages/{message_id}/skip")
def skip(request: Request, reference: str, message_id: UUID, actor: SignedIn, reason: FormReason) -> Response:
    """Decide that a failed message is not needed any more."""
    _ = gettext(request.state.viewer.locale)

    def work(tx: Tx, order: PurchaseOrder) -> Said:
        outbound.skip(tx, _message_of(tx, order, message_id), reason)
        return _("It is not sent; the reason is kept."), "info"

    return act(request, actor, reference, 0, work, "/messages")


def _message_of(tx: Tx, order: PurchaseOrder, message_id: UUID) -> MessageId:
    """Return the id of a message of this order; raise NotFound for one of another order."""
    message = messages.load(tx, MessageId(message_id))
    if message.about.order_id != order.id:
        raise NotFound(message=message_id)
    return message.id
