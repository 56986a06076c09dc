"""How many orders are open and what they wait for: the first line of the list of orders, one statement for all figures."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import and_, exists, func, select

from purveyor.core.acknowledge import LineState
from purveyor.core.cases import CaseStatus
from purveyor.core.finding import Severity
from purveyor.core.lifecycle import OPEN, Status
from purveyor.store.db import Tx
from purveyor.store.tables.cases import EXCEPTION_CASE
from purveyor.store.tables.findings import FINDING
from purveyor.store.tables.orders import ORDER_LINE, PURCHASE_ORDER
from purveyor.store.tables.supplier_side import LINE_ANSWER


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """The open orders of one currency: how many, worth how much, stopped by the gate, waiting for approval or for an answer."""

    currency: str
    count: int
    amount: Decimal
    stopped: int
    in_approval: int
    unanswered: int
    with_exception: int


def open_orders(tx: Tx) -> list[OpenOrders]:
    """Count the open orders of the reader's scope by currency, the largest amount first."""
    order, answer = PURCHASE_ORDER.c, LINE_ANSWER.c
    blocking = exists().where(
        FINDING.c.order_id == order.id, FINDING.c.severity == Severity.BLOCK.value, FINDING.c.overridden.is_(False)
    )
    settled = (LineState.ACCEPTED.value, LineState.ANSWERED_WITH_DIFFERENCES.value, LineState.REJECTED.value)
    answered = exists().where(
        answer.order_id == ORDER_LINE.c.order_id, answer.line_no == ORDER_LINE.c.line_no, answer.state.in_(settled)
    )
    silent = exists().where(ORDER_LINE.c.order_id == order.id, ORDER_LINE.c.cancelled.is_(False), ~answered)
    questioned = exists().where(EXCEPTION_CASE.c.order_id == order.id, EXCEPTION_CASE.c.status != CaseStatus.RESOLVED.value)
    is_draft = order.status == Status.DRAFT.value
    amount = func.coalesce(func.sum(order.total), Decimal(0))
    query = (
        select(
            order.currency,
            func.count(),
            amount,
            func.count().filter(and_(is_draft, blocking)),
            func.count().filter(order.status == Status.PENDING_APPROVAL.value),
            func.count().filter(and_(order.status == Status.ISSUED.value, silent)),
            func.count().filter(questioned),
        )
        .where(order.status.in_([status.value for status in OPEN]))
        .group_by(order.currency)
        .order_by(amount.desc())
    )
    return [OpenOrders(*row) for row in tx.conn.execute(query)]
