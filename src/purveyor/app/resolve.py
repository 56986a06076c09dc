"""Settle an exception with its consequences, and undo that where it can be undone.

For most exceptions the decision is all: the fix itself is done elsewhere. Exceptions of invoices act here: a difference is taken
as it is, an invoice is sent back, a suspicion is lifted, an order assigned, or the supplier is asked and the bill stays blocked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from purveyor.app import calendars, match
from purveyor.app.case_rules import due_time, known_resolutions, rule_for
from purveyor.app.cases import keep
from purveyor.app.follow_up import recheck_completion
from purveyor.app.match_cases import mismatch_of
from purveyor.core import case_decisions, invoice_decisions
from purveyor.core.calendar import end_of_business_day
from purveyor.core.case_decisions import require_version
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.errors import InvalidInput, NotFound, PurveyorError
from purveyor.core.ids import ExceptionCaseId, OrderId
from purveyor.core.invoice import Invoice
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, events, invoices, orders
from purveyor.store.db import Tx

ANSWER_DAYS: Final = 5
"""Business days an exception waits for the supplier, a receipt or a change before it is due again (rule of thumb)."""

WAITING: Final = frozenset({"dispute_with_supplier", "await_receipt", "change_order"})
"""Resolutions of invoice exceptions that ask somebody else first: the exception is on hold and the bill stays blocked."""

ASSIGN: Final = "assign_order"
"""The resolution that says which order an invoice belongs to."""

AGAIN: Final = frozenset({"receipt_corrected", "map_code"})
"""Resolutions after which the invoice is simply matched again."""

INVOICE_TYPES: Final = frozenset(
    {
        ExceptionType.MATCH_PRICE,
        ExceptionType.MATCH_PRICE_FAVOURABLE,
        ExceptionType.MATCH_QUANTITY,
        ExceptionType.MATCH_VALUE,
        ExceptionType.MATCH_TAX,
        ExceptionType.MATCH_FREIGHT,
        ExceptionType.DUPLICATE_INVOICE,
        ExceptionType.INVOICE_UNKNOWN_ORDER,
        ExceptionType.UNMAPPED_CODE,
    }
)


class NotReversible(PurveyorError):
    """This decision cannot be undone here, its effect already stands; decide about the document itself."""

    code = "not_reversible"


@dataclass(frozen=True, slots=True)
class Resolve:
    """Command: settle an exception. ``version`` is the one the person saw; ``order_ref`` is what "assign_order" assigns.

    ``own_code`` is our code of the record that the unknown code of an ERP stands for; "map_code" asks for it.
    """

    resolution: str
    reason: str | None = None
    version: int | None = None
    order_ref: str | None = None
    own_code: str | None = None

    @property
    def words(self) -> str:
        """The reason, empty when none was given."""
        return self.reason or ""


@dataclass(frozen=True, slots=True)
class Undo:
    """Command: undo a resolution, with the reason for it."""

    reason: str
    version: int | None = None


def resolve(tx: Tx, case_id: ExceptionCaseId, command: Resolve) -> ExceptionCase:
    """Settle an exception by a resolution policy lists; another one is an override and needs the right and a reason.

    Raises: StaleVersion, CaseClosed, NotAuthorised, NotYourException, ReasonRequired, InvoiceEnded, InvoiceReleased,
    InvalidInput, NotFound.
    """
    invoice = _lock_documents(tx, cases.load(tx, case_id), command)
    case = cases.load(tx, case_id, for_update=True)
    require_version(case, command.version)
    if invoice is not None and command.resolution in WAITING and command.resolution in case.allowed_resolutions:
        return _wait_for_others(tx, case, command)
    known = () if command.resolution in case.allowed_resolutions else known_resolutions(tx)
    decision = case_decisions.resolve(case, tx.actor, command.resolution, command.reason, tx.now, known)
    settled = keep(tx, decision)
    if invoice is not None:
        _consequence(command.resolution, settled)(tx, invoice, settled, command)
    for order_id in _orders_touched(invoice, settled):
        recheck_completion(tx, order_id)
    return settled


def _orders_touched(invoice: Invoice | None, case: ExceptionCase) -> tuple[OrderId, ...]:
    """The orders that may be complete now that this question is settled."""
    if invoice is not None:
        return invoice.order_ids
    return () if case.subject.order_id is None else (case.subject.order_id,)


def _lock_documents(tx: Tx, case: ExceptionCase, command: Resolve | None = None) -> Invoice | None:
    """Lock the orders and the invoice of an exception before the exception itself: the order every use case locks in."""
    if case.type not in INVOICE_TYPES or case.subject.invoice_id is None:
        return None
    seen = invoices.load(tx, case.subject.invoice_id)
    assigned = () if command is None or command.resolution != ASSIGN else (_named_order(tx, command).id,)
    orders.lock_many(tx, [*seen.order_ids, *assigned])
    return invoices.load(tx, seen.id, for_update=True)


def _named_order(tx: Tx, command: Resolve) -> PurchaseOrder:
    if command.order_ref is None:
        raise InvalidInput(field="order_ref", reason="name the order this invoice belongs to")
    return orders.by_ref(tx, command.order_ref.strip().upper())


def _wait_for_others(tx: Tx, case: ExceptionCase, command: Resolve) -> ExceptionCase:
    calendar = calendars.of_unit(tx, case.business_unit_id)
    until = end_of_business_day(calendar, tx.now, ANSWER_DAYS)
    asked = replace(case, proposed_resolution=command.resolution)
    return keep(tx, case_decisions.hold(asked, tx.actor, until, command.reason or command.resolution))


Consequence = Callable[[Tx, Invoice, ExceptionCase, Resolve], None]


def _consequence(resolution: str, case: ExceptionCase) -> Consequence:
    if resolution in ("reject_invoice", "discard_document"):
        return _reject
    if resolution == ASSIGN:
        return _assign
    if case.type is ExceptionType.DUPLICATE_INVOICE:
        return _no_copy
    return _match_again if resolution in AGAIN else _accept


def _accept(tx: Tx, invoice: Invoice, case: ExceptionCase, command: Resolve) -> None:
    """Take the difference as it is; an override does the same, and is on the report."""
    key = mismatch_of(case.natural_key)
    decision = invoice_decisions.accept(invoice, key, command.resolution, case.reason)
    invoices.save(tx, decision.invoice)
    events.append(tx, decision.events)
    match.rematch(tx, invoice.id)


def _match_again(tx: Tx, invoice: Invoice, case: ExceptionCase, command: Resolve) -> None:
    match.rematch(tx, invoice.id)


def _reject(tx: Tx, invoice: Invoice, case: ExceptionCase, command: Resolve) -> None:
    match.end(tx, invoice_decisions.reject(invoice, tx.actor, case.reason))


def _no_copy(tx: Tx, invoice: Invoice, case: ExceptionCase, command: Resolve) -> None:
    let_in = invoice_decisions.cleared_of_suspicion(invoice)
    invoices.save(tx, let_in)
    match.admit(tx, let_in, let_in.lines)


def _assign(tx: Tx, invoice: Invoice, case: ExceptionCase, command: Resolve) -> None:
    """Assign the lines without order to one; they keep the line numbers the supplier gave."""
    order = _named_order(tx, command)
    if order.supplier_id != invoice.supplier_id:
        raise NotFound(kind="order", order_ref=command.order_ref)
    lines = tuple(line if line.order_id is not None else replace(line, order_id=order.id) for line in invoice.lines)
    assigned = replace(invoice, lines=lines, business_unit_id=invoice.business_unit_id or order.business_unit_id)
    assigned = replace(assigned, version=invoice.version + 1)
    invoices.save(tx, assigned)
    invoices.save_orders(tx, assigned)
    match.admit(tx, assigned, [new for old, new in zip(invoice.lines, lines, strict=True) if old.order_id is None])


def undo(tx: Tx, case_id: ExceptionCaseId, command: Undo) -> ExceptionCase:
    """Undo a resolution: the exception is open again, and a difference that was accepted blocks the invoice again.

    Raises: StaleVersion, CaseNotClosed, NotAuthorised, NotYourException, ReasonRequired, NotReversible, InvoiceEnded,
    InvoiceReleased.
    """
    invoice = _lock_documents(tx, cases.load(tx, case_id))
    case = cases.load(tx, case_id, for_update=True)
    require_version(case, command.version)
    if not case.is_open and cases.find_open(tx, case.natural_key) is not None:
        raise NotReversible(resolution=case.resolution, reason="the same question is open again already")
    rule = rule_for(tx, case.type, case.category)
    due_at = due_time(tx, rule, case.business_unit_id)
    reopened = keep(tx, case_decisions.reopen(case, tx.actor, command.reason, due_at))
    if invoice is not None:
        if mismatch_of(case.natural_key) not in invoice.accepted:
            raise NotReversible(resolution=case.resolution)
        decision = invoice_decisions.undo_acceptance(invoice, mismatch_of(case.natural_key), command.reason)
        invoices.save(tx, decision.invoice)
        events.append(tx, decision.events)
        match.rematch(tx, invoice.id)
    return reopened
