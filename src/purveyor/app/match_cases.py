"""Exceptions of invoices: one per difference, with order, receipt and invoice side by side, and cleared when it is gone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from purveyor.app.cases import clear, open_case
from purveyor.core.canonical import Json, plain_decimal, to_json
from purveyor.core.cases import Evidence, ExceptionCase, ExceptionType, OpenCase, compared
from purveyor.core.duplicates import DuplicateHit
from purveyor.core.ids import OrderId
from purveyor.core.invoice import Invoice, InvoiceLine
from purveyor.core.match_invoice import InvoiceMatch, MatchedLine, Mismatch
from purveyor.core.matching import EXCEPTION_TYPE, MismatchClass
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases
from purveyor.store.db import Tx

DUPLICATE: Final = "DUPLICATE"

SUMMARIES: Final[dict[MismatchClass, str]] = {
    MismatchClass.PRICE: "Invoice {number}, line {line}: {money} over the order price",
    MismatchClass.PRICE_CUMULATIVE: "Invoice {number}, line {line}: with earlier invoices {money} over the order price",
    MismatchClass.PRICE_FAVOURABLE: "Invoice {number}, line {line}: {money} below the order price, unit or item may be wrong",
    MismatchClass.VALUE_CUMULATIVE: "Invoice {number}, line {line}: with earlier invoices {money} over the order value",
    MismatchClass.QUANTITY: "Invoice {number}, line {line}: {money} billed beyond what was received",
    MismatchClass.UNIT: "Invoice {number}, line {line}: billed in a unit that cannot be converted",
    MismatchClass.CURRENCY: "Invoice {number}, line {line}: billed in another currency than ordered",
    MismatchClass.ORDER: "Invoice {number}, line {line}: no such order line of this supplier",
    MismatchClass.FREIGHT: "Invoice {number}: {money} more freight than agreed",
    MismatchClass.TAX: "Invoice {number}: tax is off by {money}",
    MismatchClass.TOTAL: "Invoice {number}: the total is off by {money}",
}


def prefix_of(invoice: Invoice) -> str:
    """Return what the natural keys of all exceptions of an invoice begin with."""
    return f"invoice:{invoice.id}:"


def mismatch_of(natural_key: str) -> str:
    """Return the difference (``line:class``) an exception of an invoice is about."""
    return natural_key.split(":", 2)[2]


def keep_in_step(tx: Tx, invoice: Invoice, match: InvoiceMatch, orders: Mapping[OrderId, PurchaseOrder]) -> None:
    """Open an exception for every open difference and clear those whose difference is gone."""
    wanted = {prefix_of(invoice) + mismatch.key: mismatch for mismatch in match.open_mismatches}
    for natural_key in cases.open_keys(tx, prefix_of(invoice)):
        if natural_key not in wanted:
            clear(tx, natural_key)
    by_line = {matched.line.line_no: matched for matched in match.lines}
    for natural_key, mismatch in wanted.items():
        open_case(tx, _command(invoice, mismatch, natural_key, match, by_line, orders))


def clear_all(tx: Tx, invoice: Invoice) -> None:
    """Clear every open exception of an invoice that ended."""
    for natural_key in cases.open_keys(tx, prefix_of(invoice)):
        clear(tx, natural_key)


def open_duplicate(tx: Tx, invoice: Invoice, hit: DuplicateHit) -> ExceptionCase:
    """Open the review of a probable copy, both invoices side by side; its whole total is at stake."""
    known = hit.known
    evidence = (
        compared("invoice number", known=known.number, new=invoice.number),
        compared("total", known=plain_decimal(known.amount), new=plain_decimal(invoice.total)),
        compared("invoice date", known=known.invoice_date.isoformat(), new=invoice.invoice_date.isoformat()),
        Evidence("reason", (("known", hit.layer.value), ("new", hit.layer.value)), differs=False),
    )
    first = invoice.order_ids[0] if invoice.order_ids else None
    return open_case(
        tx,
        OpenCase(
            type=ExceptionType.DUPLICATE_INVOICE,
            natural_key=prefix_of(invoice) + DUPLICATE,
            summary=f"Invoice {invoice.number} looks like a copy of {known.number}",
            order_id=first,
            invoice_id=invoice.id,
            business_unit_id=invoice.business_unit_id,
            supplier_id=invoice.supplier_id,
            exposure=Money(invoice.total, invoice.currency),
            evidence=evidence,
            proposed_resolution="reject_invoice",
        ),
    )


def _command(
    invoice: Invoice,
    mismatch: Mismatch,
    natural_key: str,
    match: InvoiceMatch,
    by_line: Mapping[int, MatchedLine],
    orders: Mapping[OrderId, PurchaseOrder],
) -> OpenCase:
    line = next((line for line in invoice.lines if line.line_no == mismatch.line_no), None)
    order_id = line.order_id if line is not None else next(iter(invoice.order_ids), None)
    order = None if order_id is None else orders.get(order_id)
    ordered = None if order is None or line is None else order.line(line.order_line_no)
    money = f"{mismatch.exposure.amount:,} {mismatch.exposure.currency}"
    return OpenCase(
        type=EXCEPTION_TYPE[mismatch.kind],
        natural_key=natural_key,
        summary=SUMMARIES[mismatch.kind].format(number=invoice.number, line=mismatch.line_no, money=money),
        order_id=order_id,
        line_no=None if line is None else line.order_line_no,
        invoice_id=invoice.id,
        business_unit_id=invoice.business_unit_id,
        supplier_id=invoice.supplier_id,
        category=None if ordered is None else ordered.category,
        owner_id=order.buyer_id if order is not None and mismatch.kind in _BUYERS else None,
        exposure=mismatch.exposure,
        evidence=_evidence(invoice, line, mismatch, match, by_line),
        proposed_resolution="dispute_with_supplier" if mismatch.kind in _DISPUTED else None,
    )


_DISPUTED: Final = frozenset({MismatchClass.PRICE, MismatchClass.PRICE_CUMULATIVE, MismatchClass.FREIGHT, MismatchClass.TAX})
"""Differences the supplier is asked about first."""

_BUYERS: Final = frozenset(
    {
        MismatchClass.PRICE,
        MismatchClass.PRICE_CUMULATIVE,
        MismatchClass.PRICE_FAVOURABLE,
        MismatchClass.VALUE_CUMULATIVE,
        MismatchClass.CURRENCY,
    }
)
"""Differences that go to the buyer of the order in person, when it has one."""


def _evidence(
    invoice: Invoice, line: InvoiceLine | None, mismatch: Mismatch, match: InvoiceMatch, by_line: Mapping[int, MatchedLine]
) -> tuple[Evidence, ...]:
    matched = None if line is None else by_line.get(line.line_no)
    if matched is not None:
        return _side_by_side(matched)
    if line is not None:
        return (
            compared("order", order=None, invoice=line.order_ref),
            Evidence("currency", (("order", None), ("invoice", invoice.currency)), mismatch.kind is MismatchClass.CURRENCY),
            compared("amount", order=None, invoice=plain_decimal(line.billed_amount(invoice.currency))),
        )
    charge = {MismatchClass.FREIGHT: match.freight, MismatchClass.TAX: match.tax}.get(mismatch.kind, match.total)
    assert charge is not None
    name = mismatch.kind.value.lower()
    return (compared(name, allowed=plain_decimal(charge.allowed), invoice=plain_decimal(charge.billed)),)


def _side_by_side(matched: MatchedLine) -> tuple[Evidence, ...]:
    """Order, receipt and invoice of one line in columns; what makes the difference is marked."""
    ordered, line, result = matched.basis.ordered, matched.line, matched.result
    classes = set(result.classes)
    priced = bool(classes & {MismatchClass.PRICE, MismatchClass.PRICE_CUMULATIVE, MismatchClass.PRICE_FAVOURABLE})
    over = MismatchClass.QUANTITY in classes
    billed = _text(result.cumulative_quantity)
    amount = line.worked_out(ordered.currency)
    return (
        _row("unit", MismatchClass.UNIT in classes, order=ordered.uom, invoice=line.uom),
        _row("unit price", priced, order=_text(ordered.unit_price), invoice=_text(line.unit_price)),
        _row("quantity", over, order=_text(ordered.quantity), receipt=_text(result.received), invoice=_text(line.quantity)),
        _row("quantity, all invoices", over, order=_text(ordered.quantity), receipt=_text(result.received), invoice=billed),
        _row("amount", bool(classes), order=_text(amount - result.line_variance), invoice=_text(amount)),
        _row("difference", priced, allowed=_text(result.line_limit), invoice=_text(result.line_variance)),
        _row(
            "difference, all invoices", priced, allowed=_text(result.cumulative_limit), invoice=_text(result.cumulative_variance)
        ),
    )


def _row(name: str, differs: bool, **values: str | None) -> Evidence:
    return Evidence(name, tuple(values.items()), differs)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def figures(match: InvoiceMatch) -> dict[str, Json]:
    """Return the figures of a match for the invoice's page: outcome, every line with its variances and limits, charges."""
    charges = {"freight": match.freight, "tax": match.tax, "total": match.total}
    return {
        "outcome": match.outcome.value,
        "mismatches": [to_json({"key": each.key, "exposure": each.exposure}) for each in match.mismatches],
        "wait_until": None if match.wait_until is None else match.wait_until.isoformat(),
        "lines": [_line_figures(matched) for matched in match.lines],
        "charges": {
            name: to_json({"billed": charge.billed, "allowed": charge.allowed, "over": charge.over})
            for name, charge in charges.items()
            if charge is not None
        },
    }


def _line_figures(matched: MatchedLine) -> Json:
    result = matched.result
    return to_json(
        {
            "line_no": matched.line.line_no,
            "order_id": matched.line.order_id,
            "order_line_no": matched.line.order_line_no,
            "outcome": result.outcome,
            "classes": list(result.classes),
            "reported": result.reported,
            "price_variance_pct": result.price_variance_pct,
            "line_variance": result.line_variance,
            "line_limit": result.line_limit,
            "cumulative_variance": result.cumulative_variance,
            "cumulative_limit": result.cumulative_limit,
            "cumulative_quantity": result.cumulative_quantity,
            "received": result.received,
            "wait_until": result.wait_until,
            "policy": matched.basis.tolerance.source,
        }
    )
