"""Probable copies, looked at again when goods or bills of an order changed.

Two equal bills of one day are a copy as long as nothing tells them apart. Once each of them pays for its own receipt of its own
order line they are two deliveries, and nobody has to be asked.
"""

from __future__ import annotations

from purveyor.app import match, match_cases
from purveyor.app.cases import clear
from purveyor.app.follow_up import recheck_invoices
from purveyor.app.match_basis import load_ground, prepare
from purveyor.core import invoice_decisions
from purveyor.core.duplicates import DuplicateHit, find_duplicate
from purveyor.core.ids import InvoiceId, OrderId
from purveyor.core.invoice import Invoice
from purveyor.store import events, invoices, orders
from purveyor.store.db import Tx


def match_again(tx: Tx, order_id: OrderId) -> list[Invoice]:
    """Match the open invoices of an order again, then let in what is no copy any more; returns what was looked at."""
    supplier_id = orders.get(tx, order_id).supplier_id
    if supplier_id is not None:  # first, as where bills come in: else another bill is held for one that is being matched here
        invoices.lock_supplier(tx, supplier_id)
    doubtful = invoices.suspected(tx, order_id)
    return [*match.match_again(tx, order_id), *(_reconsider(tx, invoice.id) for invoice in doubtful)]


def _reconsider(tx: Tx, invoice_id: InvoiceId) -> Invoice:
    """Compare a suspected invoice again; it is let in, suspected of another one, or stays as it is."""
    locked = orders.lock_many(tx, list(invoices.load(tx, invoice_id).order_ids))
    invoice = invoices.load(tx, invoice_id, for_update=True)
    if invoice.duplicate_of is None or invoice.is_settled:
        return invoice
    candidate = invoices.candidate_of(invoice, prepare(tx, invoice, load_ground(tx, locked)).receipts(invoice))
    hit = find_duplicate(candidate, invoices.candidates(tx, candidate, before=invoice))
    if hit is None:
        return _let_in(tx, invoice)
    return invoice if hit.known.id == invoice.duplicate_of else _suspect_of_another(tx, invoice, hit)


def _let_in(tx: Tx, invoice: Invoice) -> Invoice:
    clear(tx, match_cases.prefix_of(invoice) + match_cases.DUPLICATE)
    cleared = invoice_decisions.cleared_of_suspicion(invoice)
    invoices.save(tx, cleared)
    for order_id in cleared.order_ids:  # others may be held for a copy of this one
        recheck_invoices(tx, order_id)
    return match.admit(tx, cleared, cleared.lines)


def _suspect_of_another(tx: Tx, invoice: Invoice, hit: DuplicateHit) -> Invoice:
    decision = invoice_decisions.suspect(invoice, hit)
    invoices.save(tx, decision.invoice)
    events.append(tx, decision.events)
    clear(tx, match_cases.prefix_of(invoice) + match_cases.DUPLICATE)
    match_cases.open_duplicate(tx, decision.invoice, hit)
    return decision.invoice
