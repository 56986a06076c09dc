"""The clock of an order that waits for its supplier's answer: when the answer is due, by policy and the supplier's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from purveyor.app import calendars, policy
from purveyor.app.approval_steps import dearest_category
from purveyor.core.calendar import BusinessCalendar, due_after_business_hours, end_of_business_day
from purveyor.core.ids import SupplierId
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.terms import AcknowledgmentTerms, acknowledgment_terms
from purveyor.store import timer_batches
from purveyor.store.db import Tx
from purveyor.store.timer_batches import NewTimer

ANSWER_DUE: Final = "acknowledgment_due"
"""Kind of the timer of an unanswered order and of its job; the subject is ("order", order id)."""
_SECONDS: Final = 3600


def start(tx: Tx, orders: Sequence[PurchaseOrder]) -> None:
    """Start the clock of orders that were just issued or changed; a clock that runs already is set anew."""
    if not orders:
        return
    policies = policy.current(tx)
    wanted = []
    open_hours: dict[SupplierId, BusinessCalendar] = {}
    for order in orders:
        if order.supplier_id is None:
            continue
        if order.supplier_id not in open_hours:
            open_hours[order.supplier_id] = calendars.of_supplier(tx, order.supplier_id)
        terms = acknowledgment_terms(policies, supplier=order.supplier_code, category=dearest_category(order) or "")
        due_at = due(open_hours[order.supplier_id], tx.now, terms)
        wanted.append(NewTimer("order", order.id, due_at, {"version": str(order.version)}))
    timer_batches.set_timers(tx, ANSWER_DUE, wanted)


def due(calendar: BusinessCalendar, sent_at: datetime, terms: AcknowledgmentTerms) -> datetime:
    """Return when an answer to what was sent at a moment is due (UTC), in the supplier's business time."""
    if terms.due_business_days is not None:
        return end_of_business_day(calendar, sent_at, terms.due_business_days)
    hours = terms.due_business_hours or Decimal(0)
    return due_after_business_hours(calendar, sent_at, timedelta(seconds=int(hours * _SECONDS)))
