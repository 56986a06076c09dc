"""Change orders: a list of actions on a copy of the order, shown before they are applied.

Version n rules until the change order is applied as version n+1; receipts and answers of lines it does not touch stay as they
are. Source: architecture.md 1.2; checklist.md S19, S46; domain.md C12.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.canonical import plain_decimal
from purveyor.core.errors import IllegalTransition, InvalidInput, PurveyorError, StaleVersion, UnknownReference
from purveyor.core.ids import ChangeOrderId, ItemId, OrderId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule, advance, new_version


class BelowReceived(PurveyorError):
    """More of this line has arrived already than the change leaves; lower the open quantity instead."""

    code = "below_received"


class ChangeStatus(StrEnum):
    """Where a change order stands."""

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    APPLIED = "applied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ChangeVerb(StrEnum):
    """What can be done to a change order."""

    SUBMIT = "submit"
    APPROVE = "approve"
    APPLY = "apply"
    REJECT = "reject"
    WITHDRAW = "withdraw"


CHANGE_TRANSITIONS: Final[dict[tuple[ChangeStatus, ChangeVerb], tuple[ChangeStatus, ...]]] = {
    (ChangeStatus.DRAFT, ChangeVerb.SUBMIT): (ChangeStatus.PENDING_APPROVAL, ChangeStatus.APPROVED),
    (ChangeStatus.PENDING_APPROVAL, ChangeVerb.APPROVE): (ChangeStatus.APPROVED,),
    (ChangeStatus.PENDING_APPROVAL, ChangeVerb.REJECT): (ChangeStatus.REJECTED,),
    (ChangeStatus.APPROVED, ChangeVerb.APPLY): (ChangeStatus.APPLIED,),
    (ChangeStatus.DRAFT, ChangeVerb.WITHDRAW): (ChangeStatus.WITHDRAWN,),
    (ChangeStatus.PENDING_APPROVAL, ChangeVerb.WITHDRAW): (ChangeStatus.WITHDRAWN,),
    (ChangeStatus.APPROVED, ChangeVerb.WITHDRAW): (ChangeStatus.WITHDRAWN,),
}
"""(status, verb) -> the statuses it may lead to; everything else is refused."""


class Initiator(StrEnum):
    """Who asked for the change."""

    US = "us"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """Order another quantity of a line (unit of the line); the last schedules give or take the difference."""

    line_no: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Pay another price for a line, per ``price_per`` units as before."""

    line_no: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class SetItem:
    """Take another item instead, as the supplier offers it; ``item_id`` is our item for it when known."""

    line_no: int
    item_id: ItemId | None
    item_code: str


@dataclass(frozen=True, slots=True)
class SetNeedBy:
    """Want one schedule of a line on another day."""

    line_no: int
    schedule_no: int
    need_by: date


@dataclass(frozen=True, slots=True)
class CancelLine:
    """Want nothing more of a line."""

    line_no: int


@dataclass(frozen=True, slots=True)
class SplitLine:
    """Move a quantity of a line to a new line, with another price or another item; the line keeps the rest."""

    line_no: int
    quantity: Decimal
    new_line_no: int
    unit_price: Decimal | None = None
    item_id: ItemId | None = None
    item_code: str | None = None


Action = SetQuantity | SetPrice | SetItem | SetNeedBy | CancelLine | SplitLine


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """A change to an order: what it does to version ``base_version``, and where it stands."""

    id: ChangeOrderId
    order_id: OrderId
    base_version: int
    actions: tuple[Action, ...]
    initiator: Initiator
    status: ChangeStatus = ChangeStatus.DRAFT


def move(change: ChangeOrder, verb: ChangeVerb, to: ChangeStatus) -> ChangeOrder:
    """Return the change order in its new status; raises IllegalTransition."""
    if to not in CHANGE_TRANSITIONS.get((change.status, verb), ()):
        allowed = ", ".join(verb for status, verb in CHANGE_TRANSITIONS if status is change.status)
        raise IllegalTransition(status=change.status.value, verb=verb.value, allowed=allowed)
    return replace(change, status=to)


def preview(order: PurchaseOrder, actions: Sequence[Action], received: Mapping[int, Decimal] | None = None) -> PurchaseOrder:
    """Return the order as the next version with the actions done, saving nothing.

    ``received`` is what has arrived per line (unit of the line). Raises BelowReceived, UnknownReference, InvalidInput.
    """
    after = order
    for action in actions:
        after = _done(after, action)
    for line in after.lines:
        arrived = (received or {}).get(line.line_no, Decimal(0))
        if arrived > (0 if line.cancelled else line.quantity):
            raise BelowReceived(line_no=line.line_no, received=plain_decimal(arrived))
    return new_version(order, after) if len(after.lines) == len(order.lines) else _with_new_lines(order, after)


def apply(
    order: PurchaseOrder, change: ChangeOrder, received: Mapping[int, Decimal] | None = None
) -> tuple[PurchaseOrder, ChangeOrder]:
    """Apply an approved change order; returns the next version of the order, waiting for the supplier's answer, and the change.

    Raises StaleVersion when the order moved on meanwhile, IllegalTransition, and what ``preview`` raises.
    """
    if order.version != change.base_version:
        raise StaleVersion(version=order.version, expected=change.base_version)
    applied = move(change, ChangeVerb.APPLY, ChangeStatus.APPLIED)
    after = preview(order, change.actions, received)
    return advance(after, Verb.CHANGE_APPLIED, Status.ISSUED), applied


def _with_new_lines(before: PurchaseOrder, after: PurchaseOrder) -> PurchaseOrder:
    """Number the version when lines were added: they come with it, and only lines that differ are marked as changed."""
    known = tuple(line for line in after.lines if before.line(line.line_no) is not None)
    number = before.version + 1
    marked = {line.line_no: line for line in new_version(before, replace(after, lines=known)).lines}
    lines = tuple(marked.get(line.line_no) or replace(line, changed_in_version=number) for line in after.lines)
    return replace(after, version=number, lines=lines)


def _done(order: PurchaseOrder, action: Action) -> PurchaseOrder:
    line = order.line(action.line_no)
    if line is None:
        raise UnknownReference(field="line_no", line_no=action.line_no)
    if line.cancelled:
        raise InvalidInput(field="line_no", problem="the line is cancelled", line_no=action.line_no)
    match action:
        case SetQuantity():
            return _with_line(order, _resized(line, action.quantity))
        case SetPrice():
            return _with_line(order, replace(line, unit_price=action.unit_price))
        case SetItem():
            return _with_line(order, replace(line, item_id=action.item_id, item_code=action.item_code, supplier_part_no=None))
        case SetNeedBy():
            return _with_line(order, _rescheduled(line, action))
        case CancelLine():
            return _with_line(order, replace(line, cancelled=True))
        case _:
            return _split(order, line, action)


def _with_line(order: PurchaseOrder, changed: OrderLine) -> PurchaseOrder:
    return replace(order, lines=tuple(changed if line.line_no == changed.line_no else line for line in order.lines))


def _resized(line: OrderLine, quantity: Decimal) -> OrderLine:
    if not (quantity.is_finite() and quantity > 0):
        raise InvalidInput(
            field="quantity", problem="a quantity must be above zero; cancel the line instead", line_no=line.line_no
        )
    difference = quantity - line.quantity
    schedules = list(line.schedules)
    if difference > 0:
        schedules[-1] = replace(schedules[-1], quantity=schedules[-1].quantity + difference)
    while difference < 0:
        last = schedules.pop()
        kept = max(Decimal(0), last.quantity + difference)
        difference += last.quantity - kept
        if kept > 0:
            schedules.append(replace(last, quantity=kept))
    return replace(line, quantity=quantity, schedules=tuple(schedules))


def _rescheduled(line: OrderLine, action: SetNeedBy) -> OrderLine:
    if all(part.schedule_no != action.schedule_no for part in line.schedules):
        raise UnknownReference(field="schedule_no", line_no=line.line_no, schedule_no=action.schedule_no)
    schedules = tuple(
        replace(part, need_by=action.need_by) if part.schedule_no == action.schedule_no else part for part in line.schedules
    )
    return replace(line, schedules=schedules)


def _split(order: PurchaseOrder, line: OrderLine, action: SplitLine) -> PurchaseOrder:
    if order.line(action.new_line_no) is not None:
        raise InvalidInput(field="new_line_no", problem="the number is taken", line_no=action.new_line_no)
    if action.quantity >= line.quantity:
        raise InvalidInput(field="quantity", problem="nothing would be left of the line", line_no=line.line_no)
    rest = _resized(line, line.quantity - action.quantity)
    moved = replace(
        line,
        line_no=action.new_line_no,
        quantity=action.quantity,
        unit_price=line.unit_price if action.unit_price is None else action.unit_price,
        item_id=line.item_id if action.item_code is None else action.item_id,
        item_code=action.item_code or line.item_code,
        supplier_part_no=line.supplier_part_no if action.item_code is None else None,
        schedules=_taken_from_end(line, action.quantity),
        external_id=None,
    )
    return replace(_with_line(order, rest), lines=(*_with_line(order, rest).lines, moved))


def _taken_from_end(line: OrderLine, quantity: Decimal) -> tuple[Schedule, ...]:
    taken: list[Schedule] = []
    for schedule in reversed(line.schedules):
        part = min(quantity, schedule.quantity)
        quantity -= part
        if part > 0:
            taken.append(replace(schedule, quantity=part))
    return tuple(replace(schedule, schedule_no=number) for number, schedule in enumerate(reversed(taken), start=1))
