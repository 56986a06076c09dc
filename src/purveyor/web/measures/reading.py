"""A measure worked out for a reader: his rows from the store, calendars and terms from app, figures from insight."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from purveyor.app import answer_clock, calendars, policy
from purveyor.app.progress import progress_of
from purveyor.core.calendar import BusinessCalendar
from purveyor.core.ids import BusinessUnitId, OrderId, SupplierId
from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.core.policy.terms import AcknowledgmentTerms, acknowledgment_terms
from purveyor.insight.accuracy import accuracy
from purveyor.insight.ageing import ageing
from purveyor.insight.approvals import approval_time
from purveyor.insight.definitions import MeasureId
from purveyor.insight.figures import Period, Result
from purveyor.insight.handoffs import Bill, LineFacts, LineHandoffs, handoffs
from purveyor.insight.integration import integration_failures
from purveyor.insight.invoices import invoice_exceptions
from purveyor.insight.latency import SupplierClock, acknowledgment_latency, sendings
from purveyor.store.db import Tx
from purveyor.store.views import measured
from purveyor.store.views.measured import Wanted


def measure(tx: Tx, which: MeasureId, wanted: Wanted) -> Result | None:
    """Work out a measure for the reader; None when it is not measured yet."""
    work = _MEASURES.get(which)
    return None if work is None else work(tx, wanted)


def _accuracy(tx: Tx, wanted: Wanted) -> Result:
    orders = measured.issued_orders(tx, wanted)
    return accuracy(orders, _of_orders(tx, orders, measured.CHANGE_EVENTS), _period(wanted))


def _approval_time(tx: Tx, wanted: Wanted) -> Result:
    orders = measured.submitted_orders(tx, wanted)
    units = _unit_calendars(tx, {order.business_unit_id for order in orders})
    return approval_time(orders, _of_orders(tx, orders, measured.APPROVAL_EVENTS), _period(wanted), units)


def _acknowledgment(tx: Tx, wanted: Wanted) -> Result:
    orders = [order for order in measured.told_orders(tx, wanted) if order.supplier_id is not None]
    rows = _of_orders(tx, orders, measured.ANSWER_EVENTS)
    return acknowledgment_latency(orders, rows, _period(wanted), _supplier_clocks(tx, orders, rows), tx.now)


def _invoices(tx: Tx, wanted: Wanted) -> Result:
    found = measured.invoices(tx, wanted)
    rows = measured.event_rows(tx, "invoice", [one.ref.id for one in found], measured.INVOICE_EVENTS)
    return invoice_exceptions(found, rows, _period(wanted))


def _integration(tx: Tx, wanted: Wanted) -> Result:
    found = measured.messages(tx, wanted)
    rows = measured.event_rows(tx, "message", [one.ref.id for one in found], measured.MESSAGE_EVENTS)
    return integration_failures(found, rows, _period(wanted))


def _ageing(tx: Tx, wanted: Wanted) -> Result:
    found = measured.exceptions(tx, wanted)
    rows = measured.event_rows(tx, "exception", [one.ref.id for one in found], measured.EXCEPTION_EVENTS)
    return ageing(found, rows, _unit_calendars(tx, {one.business_unit_id for one in found}), tx.now)


_MEASURES: Final[Mapping[MeasureId, Callable[[Tx, Wanted], Result]]] = {
    MeasureId.ACCURACY: _accuracy,
    MeasureId.APPROVAL_TIME: _approval_time,
    MeasureId.ACKNOWLEDGMENT: _acknowledgment,
    MeasureId.INVOICES: _invoices,
    MeasureId.INTEGRATION: _integration,
    MeasureId.AGEING: _ageing,
}


def line_handoffs(tx: Tx, order_ids: Iterable[OrderId]) -> list[LineHandoffs]:
    """Answer the five questions for every line of some orders, by order reference and line."""
    found = sorted(measured.named_orders(tx, list(order_ids)), key=lambda order: order.order_ref)
    ids = [order.id for order in found]
    progress, billed = progress_of(tx, ids), measured.bills(tx, ids)
    rows = _of_orders(tx, found, measured.HANDOFF_EVENTS)
    invoice_ids = {bill.invoice_id for each in billed.values() for bill in each}
    rows += measured.event_rows(tx, "invoice", invoice_ids, measured.INVOICE_EVENTS)
    answers: list[LineHandoffs] = []
    for order in found:
        states = {line.line_no: line.state for line in progress.get(order.id, ())}
        facts = {
            number: LineFacts(
                states.get(number),
                tuple(Bill(bill.invoice_id, bill.state) for bill in billed.get(order.id, ()) if bill.line_no == number),
            )
            for number in order.lines
        }
        answers += handoffs(order, _about(order, rows, facts), facts, tx.now)
    return answers


def _about(order: MeasuredOrder, rows: Iterable[EventRow], facts: Mapping[int, LineFacts]) -> list[EventRow]:
    streams = {order.id, *(bill.invoice_id for each in facts.values() for bill in each.bills)}
    return [row for row in rows if row.stream.id in streams]


def _of_orders(tx: Tx, orders: Iterable[MeasuredOrder], types: tuple[str, ...]) -> list[EventRow]:
    return measured.event_rows(tx, "order", [order.id for order in orders], types)


def _period(wanted: Wanted) -> Period:
    return Period(wanted.start, wanted.end)


def _unit_calendars(tx: Tx, units: Iterable[UUID | None]) -> dict[UUID | None, BusinessCalendar]:
    return {unit: calendars.of_unit(tx, None if unit is None else BusinessUnitId(unit)) for unit in units}


def _supplier_clocks(tx: Tx, orders: Iterable[MeasuredOrder], rows: Iterable[EventRow]) -> dict[OrderId, SupplierClock]:
    """Return for each order when its supplier works and when what was sent had to be answered, by the policy in force now."""
    policies = policy.current(tx)
    sent = sendings(rows)
    hours: dict[UUID, BusinessCalendar] = {}
    terms: dict[tuple[str, str], AcknowledgmentTerms] = {}
    clocks: dict[OrderId, SupplierClock] = {}
    for order in orders:
        assert order.supplier_id is not None
        if order.supplier_id not in hours:
            hours[order.supplier_id] = calendars.of_supplier(tx, SupplierId(order.supplier_id))
        calendar, asked = hours[order.supplier_id], (order.supplier_code, order.category or "")
        if asked not in terms:
            terms[asked] = acknowledgment_terms(policies, supplier=asked[0], category=asked[1])
        due = {at: answer_clock.due(calendar, at, terms[asked]) for at in sent.get(order.id, ())}
        clocks[order.id] = SupplierClock(calendar, due)
    return clocks
