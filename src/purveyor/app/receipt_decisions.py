"""What people decide about goods at the dock: surplus kept or sent back, damaged goods replaced or credited, a line given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from purveyor.app import posting
from purveyor.app.cases import clear
from purveyor.app.follow_up import recheck_completion
from purveyor.app.posting import PostedCount
from purveyor.app.progress import progress_of_loaded
from purveyor.app.receipt_cases import receipt_key, review
from purveyor.core.access import Permission
from purveyor.core.errors import InvalidInput, NotFound, ReasonRequired
from purveyor.core.events.base import Ref
from purveyor.core.events.order import order_stream
from purveyor.core.events.receiving import DamageDecided, ExcessDecided, LineClosedShort
from purveyor.core.ids import OrderId, ReceiptId
from purveyor.core.order import PurchaseOrder
from purveyor.core.receiving import ReceivingCode, ReturnFor
from purveyor.core.writing import written
from purveyor.store import events, orders, receipts
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class DecideExcess:
    """Command: keep (``accept``) or send back what one line of a receipt brought above the limit; the reason is kept."""

    receipt_id: ReceiptId
    line_no: int
    accept: bool
    reason: str


@dataclass(frozen=True, slots=True)
class DecideDamage:
    """Command: have the damaged goods of one line of a receipt replaced or credited."""

    receipt_id: ReceiptId
    line_no: int
    return_for: ReturnFor
    reason: str = ""


def accept_over(tx: Tx, command: DecideExcess) -> None:
    """Decide about surplus: accepted goods are posted, others go back. Raises NotAuthorised, ReasonRequired, NotFound."""
    tx.actor.require(Permission.ORDER_WRITE)
    if not written(command.reason):
        raise ReasonRequired(action="keep_surplus" if command.accept else "return_surplus")
    order, each = _judged(tx, command.receipt_id, command.line_no)
    surplus = each.judged.excess
    if surplus <= 0:
        raise NotFound(receipt=command.receipt_id, line_no=command.line_no, surplus="none is open")
    decided = ExcessDecided(
        stream=order_stream(order.id),
        refs=(Ref("receipt", command.receipt_id),),
        reason=command.reason,
        line_no=command.line_no,
        site_id=each.count.place.ship_to,
        quantity=surplus,
        accepted=command.accept,
    )
    events.append(tx, [decided])
    if command.accept:
        allowed = each.count.allowed_over + surplus
        receipts.decide(tx, command.receipt_id, each.count.number, allowed_over=allowed, credited=each.count.credited)
        _post(tx, order, each)
    clear(tx, receipt_key(ReceivingCode.OVER_RECEIPT, command.receipt_id, command.line_no))


def decide_damage(tx: Tx, command: DecideDamage) -> None:
    """Decide about damaged goods: credited ones are not wanted any more, replaced ones stay open.

    Raises NotAuthorised, NotFound.
    """
    tx.actor.require(Permission.RECEIPT_WRITE)
    order, each = _judged(tx, command.receipt_id, command.line_no)
    if each.judged.rejected <= each.count.credited:
        raise NotFound(receipt=command.receipt_id, line_no=command.line_no, damage="none is open")
    decided = DamageDecided(
        stream=order_stream(order.id),
        refs=(Ref("receipt", command.receipt_id),),
        reason=command.reason or None,
        line_no=command.line_no,
        site_id=each.count.place.ship_to,
        quantity=each.judged.rejected,
        return_for=command.return_for.value,
    )
    events.append(tx, [decided])
    if command.return_for is ReturnFor.CREDIT:
        credited = each.judged.rejected
        receipts.decide(tx, command.receipt_id, each.count.number, allowed_over=each.count.allowed_over, credited=credited)
        _post(tx, order, each)
    clear(tx, receipt_key(ReceivingCode.DAMAGED, command.receipt_id, command.line_no))


def close_short(tx: Tx, order_id: OrderId, line_no: int, reason: str) -> PurchaseOrder:
    """Give up what is missing of a line; it stays in the figures.

    Raises NotAuthorised, ReasonRequired, NotFound, InvalidInput.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    if not written(reason):
        raise ReasonRequired(action="close_short")
    order = orders.lock(tx, order_id)
    line = order.line(line_no)
    if line is None:
        raise NotFound(order_ref=order.order_ref, line_no=line_no)
    progress = next(each for each in progress_of_loaded(tx, {order.id: order})[order.id] if each.line_no == line_no)
    if progress.open <= Decimal(0):
        raise InvalidInput(field="line_no", problem="nothing of the line is open", line_no=line_no)
    closed = replace(line, closed_reason="closed_short")
    lines = tuple(closed if each.line_no == line_no else each for each in order.lines)
    saved = orders.save(tx, replace(order, lines=lines))
    told = LineClosedShort(stream=order_stream(order.id), reason=reason, line_no=line_no, short=progress.open, uom=line.uom)
    events.append(tx, [told])
    recheck_completion(tx, order.id)
    return saved


def _judged(tx: Tx, receipt_id: ReceiptId, line_no: int) -> tuple[PurchaseOrder, PostedCount]:
    order = orders.lock(tx, receipts.get(tx, receipt_id).order_id)
    receipt = receipts.get(tx, receipt_id)
    places = {count.place for count in receipt.counts if count.place.line_no == line_no}
    own = [each for each in posting.judged_now(tx, order, places) if each.receipt.id == receipt_id]
    if not own:
        raise NotFound(receipt=receipt_id, line_no=line_no)
    return order, max(own, key=lambda each: (each.judged.excess, each.judged.rejected))


def _post(tx: Tx, order: PurchaseOrder, each: PostedCount) -> None:
    review(tx, order, posting.rejudge(tx, order, [each.count.place], tx.new_id()))
