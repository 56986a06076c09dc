"""What measures are made from, read for a period in two statements each: the orders or documents, and their events.

All see the reader's scope. Nothing is worked out here; insight does that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from purveyor.core.errors import InvalidInput
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.invoice import InvoiceState
from purveyor.core.lifecycle import Status
from purveyor.core.measured import EventRow, MeasuredDocument, MeasuredOrder
from purveyor.store.db import Tx
from purveyor.store.views import measured_sql

MOST_EVENTS: Final = 300_000
"""So many events are read while somebody waits, at some ten thousand a second."""

APPROVAL_EVENTS: Final = ("order.submitted", "order.approved", "approval.step_opened", "approval.step_decided", "approval.voided")
CHANGE_EVENTS: Final = ("change_order.proposed", "change_order.applied")
ANSWER_EVENTS: Final = ("order.sent", "change_order.applied", "line.answered", "order.cancelled", "order.closed")
HANDOFF_EVENTS: Final = (
    *APPROVAL_EVENTS,
    *("line.answered", "change_order.applied", "goods.received", "quantity.moved", "line.closed_short"),
    *("excess.decided", "damage.decided"),
)
INVOICE_EVENTS: Final = ("invoice.matched", "invoice.suspected", "invoice.superseded")
MESSAGE_EVENTS: Final = ("message.delivered", "message.failed", "message.replayed")
EXCEPTION_EVENTS: Final = (
    *("exception.opened", "exception.reassigned", "exception.escalated", "exception.held", "exception.hold_ended"),
    *("exception.resolved", "exception.reopened"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured: from ``start`` up to, not including, ``end``; of one supplier or site when named."""

    start: datetime
    end: datetime
    supplier_id: UUID | None = None
    site_id: UUID | None = None

    def values(self, tx: Tx) -> dict[str, Any]:
        """Return the parameters of the statements."""
        return {
            "start": self.start,
            "end": self.end,
            "supplier": self.supplier_id,
            "site": self.site_id,
            "ahead": tx.now - tx.real_now,
        }


def issued_orders(tx: Tx, wanted: Wanted) -> list[MeasuredOrder]:
    """Return the orders first sent in the period."""
    return _orders(tx, measured_sql.ISSUED, wanted.values(tx))


def submitted_orders(tx: Tx, wanted: Wanted) -> list[MeasuredOrder]:
    """Return the orders submitted in the period, sent or not."""
    return _orders(tx, measured_sql.SUBMITTED, wanted.values(tx))


def told_orders(tx: Tx, wanted: Wanted) -> list[MeasuredOrder]:
    """Return the orders of which a version went to the supplier in the period."""
    return _orders(tx, measured_sql.TOLD, wanted.values(tx))


def named_orders(tx: Tx, ids: Collection[OrderId]) -> list[MeasuredOrder]:
    """Return orders by their ids."""
    everything = Wanted(tx.now, tx.now).values(tx)
    return _orders(tx, measured_sql.ONE_ORDER, everything | {"ids": list(ids)})


def invoices(tx: Tx, wanted: Wanted) -> list[MeasuredDocument]:
    """Return the invoices that came in during the period, credit notes and those without an order marked as not counted."""
    return _documents(tx, "invoice", measured_sql.INVOICES, wanted)


def messages(tx: Tx, wanted: Wanted) -> list[MeasuredDocument]:
    """Return the messages that may have been attempted first in the period."""
    return _documents(tx, "message", measured_sql.MESSAGES, wanted)


def exceptions(tx: Tx, wanted: Wanted) -> list[MeasuredDocument]:
    """Return the exceptions that are open now, whatever the period."""
    return _documents(tx, "exception", measured_sql.EXCEPTIONS, wanted)


@dataclass(frozen=True, slots=True)
class LineBill:
    """An invoice that bills an order line."""

    line_no: int
    invoice_id: UUID
    state: InvoiceState


def bills(tx: Tx, ids: Collection[OrderId]) -> dict[OrderId, list[LineBill]]:
    """Return the invoices that bill the lines of some orders."""
    found: dict[OrderId, list[LineBill]] = {}
    for row in tx.conn.execute(text(measured_sql.BILLS), {"ids": list(ids)}):
        found.setdefault(OrderId(row.order_id), []).append(LineBill(row.line_no, row.invoice_id, InvoiceState(row.state)))
    return found


def event_rows(tx: Tx, stream: str, ids: Iterable[UUID], types: Collection[str]) -> list[EventRow]:
    """Return the events of some types of some streams; raises InvalidInput when they are more than one answer can hold."""
    values = {"stream": stream, "ids": list(ids), "types": list(types), "most": MOST_EVENTS + 1}
    found = tx.conn.execute(text(measured_sql.EVENTS), values).all()
    if len(found) > MOST_EVENTS:
        raise InvalidInput(field="from", reason="the period holds too many events; choose a shorter one, or one supplier")
    return [EventRow(Ref(stream, row.stream_id), row.position, row.type, row.occurred_at, row.payload) for row in found]


def _orders(tx: Tx, statement: str, values: dict[str, Any]) -> list[MeasuredOrder]:
    return [
        MeasuredOrder(
            id=OrderId(row.id),
            order_ref=row.order_ref,
            status=Status(row.status),
            business_unit_id=row.business_unit_id,
            supplier_id=row.supplier_id,
            supplier=row.supplier,
            supplier_code=row.supplier_code,
            category=row.category,
            issued_at=row.issued_at,
            issued_lines=frozenset(row.issued_lines).intersection(row.lines),
            lines=frozenset(row.lines),
        )
        for row in tx.conn.execute(text(statement), values).all()
    ]


def _documents(tx: Tx, kind: str, statement: str, wanted: Wanted) -> list[MeasuredDocument]:
    return [
        MeasuredDocument(
            ref=Ref(kind, row.id),
            name=row.name,
            order_id=row.order_id,
            order_ref=row.order_ref,
            line_no=row.line_no,
            business_unit_id=row.business_unit_id,
            partner=row.partner or "",
            counted=row.counted,
            notes=frozenset(row.notes),
        )
        for row in tx.conn.execute(text(statement), wanted.values(tx))
    ]
