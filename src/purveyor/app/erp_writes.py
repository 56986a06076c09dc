"""What follows when an ERP has answered a receipt or an invoice: the message ends, the document keeps the ERP's number.

Confirmations of orders have consequences of their own (app.issue).
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from purveyor.app import match, outbound
from purveyor.app.outbound import Failure
from purveyor.core.erp_records import Entity, ErpInvoice
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, Unsupported, WriteResult
from purveyor.core.errors import UnknownReference
from purveyor.core.ids import InvoiceId, OrderId
from purveyor.core.messaging import MessageKind
from purveyor.store import orders, xref
from purveyor.store.db import Tx
from purveyor.store.messages import Claim, Message


@dataclass(frozen=True, slots=True)
class InvoiceWrite:
    """An invoice for an ERP; ``reference`` is how the ERP finds it again: its supplier's id there and the supplier's number."""

    invoice: ErpInvoice
    reference: str


def invoice_write(tx: Tx, message: Message) -> InvoiceWrite:
    """Return the part of an invoice that one order's ERP is told about. Raises NotFound and UnknownReference."""
    order = orders.get(tx, OrderId(UUID(str(message.payload["order_id"]))))
    invoice = match.erp_invoice(tx, _invoice_id(message), order.id)
    assert order.erp is not None
    assert order.supplier_id is not None
    codes = xref.external_ids(tx, order.erp.instance, Entity.SUPPLIER, [order.supplier_id])
    if order.supplier_id not in codes:
        raise UnknownReference(supplier=order.supplier_code, erp=order.erp.instance)
    return InvoiceWrite(invoice, f"{codes[order.supplier_id]}/{invoice.supplier_number}")


def written(tx: Tx, held: Claim, result: WriteResult) -> None:
    """Record the ERP's answer to a receipt or an invoice; what was refused or keeps colliding belongs to a person."""
    message = held.message
    match result:
        case Applied() | Duplicate():
            word = "applied" if isinstance(result, Applied) else "duplicate"
            outbound.mark_sent(tx, held, {"outcome": word, "external_id": result.external_id, "number": result.number})
            if message.kind == MessageKind.ERP_INVOICE_POST:
                match.posted(tx, _invoice_id(message), result.external_id, result.number)
        case Unsupported(capability):
            outbound.mark_sent(tx, held, {"outcome": "unsupported", "capability": capability})
        case Conflict():
            changed = "the document changed in the ERP at the same moment; it is read again before the next attempt"
            outbound.mark_failed(tx, held, Failure("erp_conflict", changed))
        case Rejected(code, said, _):
            outbound.mark_failed(tx, held, Failure("erp_rejected", f"{code}: {said}", permanent=True))
        case Unknown():
            lost = "the ERP's answer was lost; our reference is looked up before the next attempt"
            outbound.mark_failed(tx, held, Failure("erp_answer_lost", lost, unknown=True))


def _invoice_id(message: Message) -> InvoiceId:
    return InvoiceId(UUID(str(message.payload["invoice_id"])))
