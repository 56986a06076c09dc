"""A buyer changes an order before it leaves: a new version, a draft again, every approval void, and the gate looks at once."""

from __future__ import annotations

from dataclasses import dataclass

from purveyor.app import gate
from purveyor.app.approve import void_on_edit
from purveyor.app.clearance import check, submit_all
from purveyor.app.intake import edited_event
from purveyor.app.outbound import supersede
from purveyor.core import editing
from purveyor.core.access import Permission
from purveyor.core.editing import EditOrder, suggested_edit
from purveyor.core.errors import NotFound
from purveyor.core.finding import Finding
from purveyor.core.gate import GateReport
from purveyor.core.ids import OrderId
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.store import events, masters, orders
from purveyor.store.db import Tx

HERE = "purveyor"


@dataclass(frozen=True, slots=True)
class Edited:
    """The order after an edit, with what the gate has to say about it."""

    order: PurchaseOrder
    report: GateReport


def edit(tx: Tx, order_id: OrderId, command: EditOrder) -> Edited:
    """Change an order that has not left; the approval of the version before is void, even for one cent.

    Raises NotAuthorised, NotFound, StaleVersion, InvalidInput, IllegalTransition.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    order = orders.lock(tx, order_id, command.row_version)
    return _keep(tx, order, editing.edit(order, command))


@dataclass(frozen=True, slots=True)
class AcceptSuggestion:
    """Command: take over what the gate suggests for one finding of a line; ``row_version`` is what the buyer saw."""

    row_version: int
    line_no: int
    code: str


def accept_suggestion(tx: Tx, order_id: OrderId, command: AcceptSuggestion) -> Edited:
    """Take over the gate's suggestion as an edit; the finding is that of the newest check, never taken from the request.

    Raises NotAuthorised, NotFound, StaleVersion, InvalidInput, IllegalTransition.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    order = orders.lock(tx, order_id, command.row_version)
    line = order.line(command.line_no)
    finding = _finding(gate.report(tx, order_id), order, command)
    if line is None or finding is None:
        raise NotFound(order_ref=order.order_ref, line_no=command.line_no, finding=command.code)
    item = masters.items(tx, [line.item_id]).get(line.item_id) if line.item_id else None
    change = suggested_edit(line, finding, item.units if item else None)
    return _keep(tx, order, editing.edit(order, EditOrder(command.row_version, {line.line_no: change})))


def _finding(report: GateReport, order: PurchaseOrder, command: AcceptSuggestion) -> Finding | None:
    if report.order.version != order.version:
        return None
    named = (finding for finding in report.findings if finding.line_no == command.line_no and finding.code == command.code)
    return next((finding for finding in named if finding.suggestion is not None), None)


def _keep(tx: Tx, before: PurchaseOrder, after: PurchaseOrder) -> Edited:
    if after is before:
        return Edited(before, check(tx, [before])[before.id])
    voided = void_on_edit(tx, before)
    saved = orders.save(tx, after)
    supersede(tx, saved.id, [MessageKind.ERP_CONFIRM], saved.version)
    events.append(tx, [edited_event(before, saved, HERE, voided)])
    return Edited(saved, check(tx, [saved])[saved.id])


def submit(tx: Tx, order_id: OrderId, row_version: int) -> PurchaseOrder:
    """Check a draft again and submit it; a blocked one stays a draft.

    Raises NotAuthorised, NotFound, StaleVersion, IllegalTransition, OrderOnHold.
    """
    tx.actor.require(Permission.ORDER_SUBMIT)
    return submit_all(tx, [orders.lock(tx, order_id, row_version)])[0]
