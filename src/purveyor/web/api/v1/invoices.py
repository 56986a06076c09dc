"""Invoices: bills and credit notes, by suppliers themselves or by a finance system, with the result of their match."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field
from starlette.responses import Response

from purveyor.app import access, match
from purveyor.app.match import InvoiceResult
from purveyor.core.access import SYSTEM_SCOPE, Permission
from purveyor.core.errors import InvalidInput, NotFound, UnknownReference
from purveyor.core.ids import InvoiceId, SupplierId
from purveyor.core.invoice import Invoice, InvoiceCommand, InvoiceKind, InvoiceLine, InvoiceState, Payment
from purveyor.core.matching import MismatchClass
from purveyor.store import invoices, masters
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Limit, Reply, answer, api_router, write
from purveyor.web.api.v1 import inbound
from purveyor.web.api.v1.doors import house_reads, is_supplier, partner_posts, partner_reads, writing_scope
from purveyor.web.api.v1.exceptions_out import ExceptionRef, open_exceptions
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.paging import listing
from purveyor.web.api.v1.shapes import (
    MOST_LINES,
    AmountIn,
    Currency,
    Day,
    LineNo,
    Number,
    PositiveIn,
    QuantityIn,
    Unit,
    UnitPriceIn,
    VersionNo,
    money,
    pointing_at,
)
from purveyor.web.api.wire import MoneyText, Name, Page, Wire

router = api_router("/invoices", "Invoices")

NOTHING = Decimal(0)


class InvoiceLineIn(Wire):
    """One line of a bill, as the supplier wrote it; without quantity and price it states an amount only."""

    line_no: LineNo
    order_ref: Annotated[str, Field(min_length=1, max_length=40)]
    order_line_no: LineNo
    quantity: QuantityIn | None = None
    uom: Unit | None = None
    unit_price: UnitPriceIn | None = None
    price_per: PositiveIn = Decimal(1)
    amount: AmountIn | None = None
    receipts: Annotated[tuple[Name, ...], Field(max_length=50)] = ()


class InvoiceIn(Wire):
    """A bill in one currency. A finance system names the ``supplier`` by its code, a supplier's own client need not."""

    external_id: Name
    number: Annotated[str, Field(min_length=1, max_length=64)]
    currency: Currency
    invoice_date: Day
    lines: Annotated[list[InvoiceLineIn], Field(min_length=1, max_length=MOST_LINES)]
    supplier: Name | None = None
    revision: VersionNo = 1
    kind: InvoiceKind = InvoiceKind.INVOICE
    freight: AmountIn = NOTHING
    tax: AmountIn = NOTHING
    total: AmountIn | None = None
    file_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    recurring: bool = False


class InvoiceLineOut(Wire):
    """One line of a bill."""

    line_no: int
    order_ref: str
    order_line_no: int
    quantity: Number | None
    uom: str | None
    unit_price: Number | None
    price_per: Number
    amount: MoneyText | None


class MismatchOut(Wire):
    """A difference nobody accepted yet: on a line, or (no line) on the whole invoice."""

    line_no: int | None
    code: MismatchClass


class InvoiceOut(Wire):
    """An invoice as it came and, for the house, where it stands: only a matched one is released for payment."""

    id: UUID
    number: str
    revision: int
    kind: InvoiceKind
    invoice_date: date
    currency: str
    lines: list[InvoiceLineOut]
    freight: MoneyText | None
    tax: MoneyText | None
    total: MoneyText | None
    received_at: datetime
    state: InvoiceState | None = None
    payment: Payment | None = None
    mismatches: list[MismatchOut] = Field(default_factory=list)
    wait_until: date | None = None
    duplicate_of: UUID | None = None
    erp_number: str | None = None
    exceptions: list[ExceptionRef] = Field(default_factory=list)
    version: int | None = None
    repeated: bool = False


class InvoiceList(Page):
    """Invoices, the latest first."""

    items: list[InvoiceOut]


@router.post(
    "",
    **operation(
        "send_invoice", "Send an invoice or a credit note", Permission.INVOICE_WRITE, InvoiceOut, status=201, repeated=InvoiceOut
    ),
)
def send_invoice(body: InvoiceIn, call: Annotated[Call, Depends(partner_posts(Permission.INVOICE_WRITE))]) -> Response:
    """Take an invoice in and match it; the same bill again, by whatever channel, changes nothing."""

    def work(tx: Tx) -> Reply:
        supplier_id = _supplier(tx, call, body)
        entry = inbound.keep(tx, call, "invoice", body, body.external_id, body.revision, None, supplier_id)
        with pointing_at(body):
            result = match.record(tx, _command(call, body, supplier_id, entry))
        _note_foreign_orders(tx, call, result)
        return Reply(_result(tx, call, result), 200 if result.replayed else 201, location=f"/v1/invoices/{result.invoice.id}")

    return write(call, work, writing_scope(call))


def _supplier(tx: Tx, call: Call, body: InvoiceIn) -> SupplierId:
    if call.actor.supplier_id is None and body.supplier is None:
        raise InvalidInput(field="supplier", reason="name the supplier who bills")
    if body.supplier is None:
        return SupplierId(call.actor.supplier_id) if call.actor.supplier_id is not None else _unknown(body)
    found = masters.ids_by_code(tx, "supplier", [body.supplier]).get(body.supplier)
    own = call.actor.supplier_id is None or call.actor.supplier_id == found
    return SupplierId(found) if found is not None and own else _unknown(body)


def _unknown(body: InvoiceIn) -> SupplierId:
    raise UnknownReference(field="supplier", supplier=body.supplier)


def _command(call: Call, body: InvoiceIn, supplier_id: SupplierId, inbox_id: UUID) -> InvoiceCommand:
    return InvoiceCommand(
        source=inbound.source_of(call),
        external_id=body.external_id,
        supplier_id=supplier_id,
        number=body.number,
        currency=body.currency,
        invoice_date=body.invoice_date,
        lines=tuple(_line(line) for line in body.lines),
        revision=body.revision,
        kind=body.kind,
        freight=body.freight,
        tax=body.tax,
        total=body.total,
        file_hash=body.file_sha256,
        recurring=body.recurring,
        inbox_id=inbox_id,
    )


def _line(line: InvoiceLineIn) -> InvoiceLine:
    return InvoiceLine(
        line_no=line.line_no,
        order_ref=line.order_ref,
        order_line_no=line.order_line_no,
        quantity=line.quantity,
        uom=line.uom,
        unit_price=line.unit_price,
        price_per=line.price_per,
        amount=line.amount,
        receipts=line.receipts,
    )


def _note_foreign_orders(tx: Tx, call: Call, result: InvoiceResult) -> None:
    """A supplier who bills an order of somebody else is told the same as for one that does not exist; the attempt is noted."""
    if is_supplier(call) and not result.replayed:
        for order_ref in sorted({line.order_ref.strip().upper() for line in result.invoice.lines if line.order_id is None}):
            access.note_refusal(tx, order_ref, call.route)


def _result(tx: Tx, call: Call, result: InvoiceResult) -> InvoiceOut:
    return _shown(tx, call, result.invoice).model_copy(update={"repeated": result.replayed})


def _shown(tx: Tx, call: Call, invoice: Invoice) -> InvoiceOut:
    """Return what the caller may see: a supplier his bill as it came, the house also where it stands."""
    plain = _as_it_came(invoice)
    if is_supplier(call):
        return plain
    differences = (key.partition(":") for key in invoice.mismatches)
    where = {
        "state": invoice.state,
        "payment": invoice.payment,
        "mismatches": [MismatchOut(line_no=int(line) or None, code=MismatchClass(kind)) for line, _, kind in differences],
        "wait_until": invoice.wait_until,
        "duplicate_of": invoice.duplicate_of,
        "erp_number": invoice.erp_number,
        "exceptions": open_exceptions(tx, invoice_id=invoice.id),
        "version": invoice.version,
    }
    return plain.model_copy(update=where)


def _as_it_came(invoice: Invoice) -> InvoiceOut:
    return InvoiceOut(
        id=invoice.id,
        number=invoice.number,
        revision=invoice.revision,
        kind=invoice.kind,
        invoice_date=invoice.invoice_date,
        currency=invoice.currency,
        lines=[
            InvoiceLineOut(
                line_no=line.line_no,
                order_ref=line.order_ref,
                order_line_no=line.order_line_no,
                quantity=line.quantity,
                uom=line.uom,
                unit_price=line.unit_price,
                price_per=line.price_per,
                amount=money(line.amount, invoice.currency),
            )
            for line in invoice.lines
        ],
        freight=money(invoice.freight, invoice.currency),
        tax=money(invoice.tax, invoice.currency),
        total=money(invoice.total, invoice.currency),
        received_at=invoice.received_at,
    )


@router.get("", **operation("list_invoices", "List invoices", Permission.ORDER_READ, InvoiceList, slo=LIST))
def list_invoices(
    call: Annotated[Call, Depends(house_reads(Permission.ORDER_READ))],
    state: Annotated[tuple[InvoiceState, ...], Query(max_length=10)] = (),
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """List invoices, the latest first, by state."""
    asked = listing(call, "-received")
    position = asked.behind(cursor)
    after = None if position is None else InvoiceId(UUID(position[0]))
    with call.reading() as tx:
        found = invoices.listed(tx, state, after=after, limit=limit)
        items = [_shown(tx, call, invoice) for invoice in found]
    more = asked.cursor(str(found[-1].id)) if len(found) == limit else None
    return answer(call, Reply(InvoiceList(items=items, next_cursor=more)))


@router.get("/{invoice_id}", **operation("get_invoice", "Read an invoice", Permission.ORDER_READ, InvoiceOut))
def get_invoice(invoice_id: UUID, call: Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]) -> Response:
    """Read an invoice; a supplier reads his own."""
    correlation = call.request.state.correlation_id
    with call.database.read(call.actor, SYSTEM_SCOPE if is_supplier(call) else None, correlation, source="api") as tx:
        invoice = invoices.load(tx, InvoiceId(invoice_id))
        if is_supplier(call) and invoice.supplier_id != call.actor.supplier_id:
            raise NotFound(kind="invoice", id=str(invoice_id))
        return answer(call, Reply(_shown(tx, call, invoice), version=None if is_supplier(call) else invoice.version))
