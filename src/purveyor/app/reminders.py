"""Suppliers who do not answer: reminder, further reminder, then an exception for the owner of the category.

Lines whose answer waits for us are left out: their supplier has answered. Source: checklist.md S99.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from purveyor.app import answer_cases, calendars, dispatch, policy
from purveyor.app.answer_clock import ANSWER_DUE
from purveyor.app.approval_steps import dearest_category
from purveyor.app.cases import open_case
from purveyor.core.calendar import due_after_business_hours
from purveyor.core.canonical import Json
from purveyor.core.cases import Evidence, ExceptionType, OpenCase
from purveyor.core.events.acknowledgment import SupplierReminded
from purveyor.core.events.order import order_stream
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.core.money import Money
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.policy.terms import AcknowledgmentTerms, acknowledgment_terms
from purveyor.store import acknowledgments, events, masters, orders, timers
from purveyor.store.db import Tx
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About


def overdue_key(order_id: OrderId) -> str:
    """Return the natural key of the exception about an order nobody answered."""
    return f"{ExceptionType.ACK_OVERDUE.value}:{order_id}"


def remind(tx: Tx, order_id: OrderId, level: int = 1, due_at: datetime | None = None) -> int | None:
    """Act on a due time that passed: remind the supplier, or hand the order to the category's owner after the last reminder.

    ``level`` counts from 1, ``due_at`` is when the answer was due. Returns the level that was acted on, None when nothing waits
    for the supplier any more. Called when the timer fires.
    """
    order = orders.lock(tx, order_id)
    open_lines = _unanswered(tx, order)
    if order.supplier_id is None or order.status not in WITH_SUPPLIER or not open_lines:
        return None
    terms = acknowledgment_terms(policy.current(tx), supplier=order.supplier_code, category=dearest_category(order) or "")
    due = due_at or tx.now
    if level > len(terms.reminders):
        _escalate(tx, order, open_lines)
    else:
        _queue_reminder(tx, order, level)
        _set_next(tx, order, terms, level + 1, due)
    reminded = SupplierReminded(
        stream=order_stream(order.id),
        version=order.version,
        level=level,
        lines=tuple(line.line_no for line in open_lines),
        due_on=due.date(),
    )
    events.append(tx, [reminded])
    return level


def _unanswered(tx: Tx, order: PurchaseOrder) -> list[OrderLine]:
    """The lines the supplier still owes an answer; a line without any answer yet is open in full."""
    answered = {line.line_no: line for line in acknowledgments.lines_of(tx, [order.id]).get(order.id, [])}
    blocked = answer_cases.blocked_lines(tx, order.id)
    return [
        line
        for line in order.lines
        if not line.cancelled
        and line.line_no not in blocked
        and (line.line_no not in answered or answered[line.line_no].balance.unanswered > 0)
    ]


def _set_next(tx: Tx, order: PurchaseOrder, terms: AcknowledgmentTerms, level: int, due: datetime) -> None:
    assert order.supplier_id is not None
    hours = terms.reminders[level - 1] if level <= len(terms.reminders) else terms.escalate_after
    at = due_after_business_hours(calendars.of_supplier(tx, order.supplier_id), due, timedelta(seconds=int(hours * 3600)))
    payload = {"version": str(order.version), "level": str(level), "due_at": due.isoformat()}
    timers.set_timer(tx, ANSWER_DUE, "order", order.id, at, payload)


def _queue_reminder(tx: Tx, order: PurchaseOrder, level: int) -> None:
    assert order.supplier_id is not None
    supplier = masters.supplier(tx, order.supplier_id)
    kind = MessageKind.SUPPLIER_REMINDER
    key = f"{kind.value}:{order.id}:{order.version}:{level}"
    channel = supplier.channels[0] if supplier.channels else "email"
    outbound = Outbound(kind, "order", order.id, order.version, str(supplier.id), channel, key)
    payload: dict[str, Json] = {
        "schema": 1,
        "order_id": str(order.id),
        "order_ref": order.order_ref,
        "version": order.version,
        "level": level,
    }
    about = About(order.id, order.version, order.business_unit_id, supplier.id)
    dispatch.queue(tx, [NewMessage(outbound, payload, about)])


def _escalate(tx: Tx, order: PurchaseOrder, open_lines: Sequence[OrderLine]) -> None:
    """Open the exception of the category's owner, with other suppliers of the items."""
    worth = sum((line.amount(order.currency) or Decimal(0) for line in open_lines), Decimal(0))
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.ACK_OVERDUE,
            natural_key=overdue_key(order.id),
            summary=f"The supplier was reminded and did not answer {len(open_lines)} line(s).",
            order_id=order.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=dearest_category(order),
            exposure=Money(worth, order.currency),
            evidence=tuple(_alternatives(tx, order, open_lines)),
            proposed_resolution="call_supplier",
        ),
    )


def _alternatives(tx: Tx, order: PurchaseOrder, open_lines: Sequence[OrderLine]) -> list[Evidence]:
    items = {line.item_id: line for line in open_lines if line.item_id is not None}
    sold = [terms for terms in masters.supplier_items(tx, list(items)).values() if terms.supplier_id != order.supplier_id]
    names = masters.suppliers(tx, {terms.supplier_id for terms in sold})
    return [
        Evidence(
            "other supplier",
            (
                ("item", items[terms.item_id].item_code),
                ("supplier", names[terms.supplier_id].code),
                ("lead time", None if terms.lead_time_days is None else f"{terms.lead_time_days} days"),
            ),
            differs=False,
        )
        for terms in sold
    ]
