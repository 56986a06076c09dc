"""Reads and writes invoices: header, lines, which receipts they pay for, and the known ones a new one may be a copy of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.allocation import Allocation, Basis
from purveyor.core.canonical import Json
from purveyor.core.duplicates import Candidate, Citation, exact_number, number_digits, number_key
from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, InvoiceId, OrderId, SupplierId
from purveyor.core.invoice import LIVE, Invoice, InvoiceKind, InvoiceLine, InvoiceState, Payment
from purveyor.store.db import Tx
from purveyor.store.tables.invoices import INVOICE, INVOICE_ALLOCATION, INVOICE_LINE

MOST_LISTED: Final = 200
_LIVE: Final = INVOICE.c.state.in_(sorted(state.value for state in LIVE))


def lock_supplier(tx: Tx, supplier_id: SupplierId) -> None:
    """Let one invoice of a supplier in at a time, so that two copies that arrive together see each other."""
    tx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"invoice {supplier_id}"})


def to_row(invoice: Invoice) -> dict[str, Any]:
    """Write the header of an invoice as a row."""
    return {
        "id": invoice.id,
        "supplier_id": invoice.supplier_id,
        "business_unit_id": invoice.business_unit_id,
        "source": invoice.source,
        "external_id": invoice.external_id,
        "number": invoice.number,
        "number_exact": exact_number(invoice.number),
        "number_key": number_key(invoice.number),
        "number_digits": number_digits(invoice.number),
        "revision": invoice.revision,
        "kind": invoice.kind.value,
        "currency": invoice.currency,
        "invoice_date": invoice.invoice_date,
        "freight": invoice.freight,
        "tax": invoice.tax,
        "total": invoice.total,
        "content_digest": invoice.content_digest,
        "file_hash": invoice.file_hash,
        "recurring": invoice.recurring,
        "received_at": invoice.received_at,
        "state": invoice.state.value,
        "payment": invoice.payment.value,
        "mismatches": list(invoice.mismatches),
        "accepted": sorted(invoice.accepted),
        "wait_until": invoice.wait_until,
        "duplicate_of": invoice.duplicate_of,
        "erp_external_id": invoice.erp_external_id,
        "erp_number": invoice.erp_number,
        "version": invoice.version,
    }


def _line_row(invoice: Invoice, line: InvoiceLine) -> dict[str, Any]:
    return {
        "invoice_id": invoice.id,
        "line_no": line.line_no,
        "supplier_id": invoice.supplier_id,
        "business_unit_id": invoice.business_unit_id,
        "order_id": line.order_id,
        "order_ref": line.order_ref,
        "order_line_no": line.order_line_no,
        "quantity": line.quantity,
        "uom": line.uom,
        "unit_price": line.unit_price,
        "price_per": line.price_per,
        "amount": line.amount,
        "receipts": list(line.receipts),
    }


def from_rows(row: Row[Any], lines: Iterable[Row[Any]]) -> Invoice:
    """Read an invoice from its rows; the inverse of what ``insert_new`` writes."""
    return Invoice(
        id=InvoiceId(row.id),
        supplier_id=SupplierId(row.supplier_id),
        source=row.source,
        external_id=row.external_id,
        number=row.number,
        revision=row.revision,
        kind=InvoiceKind(row.kind),
        currency=row.currency,
        invoice_date=row.invoice_date,
        lines=tuple(_line(line) for line in lines),
        freight=row.freight,
        tax=row.tax,
        total=row.total,
        content_digest=row.content_digest,
        received_at=row.received_at,
        state=InvoiceState(row.state),
        business_unit_id=None if row.business_unit_id is None else BusinessUnitId(row.business_unit_id),
        file_hash=row.file_hash,
        recurring=row.recurring,
        payment=Payment(row.payment),
        mismatches=tuple(row.mismatches),
        accepted=frozenset(row.accepted),
        wait_until=row.wait_until,
        duplicate_of=None if row.duplicate_of is None else InvoiceId(row.duplicate_of),
        erp_external_id=row.erp_external_id,
        erp_number=row.erp_number,
        version=row.version,
    )


def _line(row: Row[Any]) -> InvoiceLine:
    return InvoiceLine(
        line_no=row.line_no,
        order_ref=row.order_ref,
        order_line_no=row.order_line_no,
        quantity=row.quantity,
        uom=row.uom,
        unit_price=row.unit_price,
        price_per=row.price_per,
        amount=row.amount,
        receipts=tuple(row.receipts),
        order_id=None if row.order_id is None else OrderId(row.order_id),
    )


def insert_new(tx: Tx, invoice: Invoice) -> None:
    """Insert an invoice with its lines; the caller holds the supplier's lock and has looked for it before."""
    tx.conn.execute(insert(INVOICE).values({**to_row(invoice), "figures": {}}))
    tx.conn.execute(insert(INVOICE_LINE), [_line_row(invoice, line) for line in invoice.lines])


def save(tx: Tx, invoice: Invoice, figures: Mapping[str, Json] | None = None) -> None:
    """Save where an invoice stands, and the figures of its last match when there are new ones."""
    values = to_row(invoice) if figures is None else {**to_row(invoice), "figures": dict(figures)}
    tx.conn.execute(update(INVOICE).where(INVOICE.c.id == invoice.id).values(values))


def save_orders(tx: Tx, invoice: Invoice) -> None:
    """Save the orders that were assigned to the lines of an invoice."""
    rows = [_line_row(invoice, line) for line in invoice.lines]
    statement = upsert(INVOICE_LINE)
    named = ("order_id", "order_ref", "order_line_no", "business_unit_id")
    statement = statement.on_conflict_do_update(
        index_elements=["invoice_id", "line_no"], set_={name: statement.excluded[name] for name in named}
    )
    tx.conn.execute(statement, rows)


def load(tx: Tx, invoice_id: InvoiceId, *, for_update: bool = False) -> Invoice:
    """Load one invoice, locked when it is about to change. Raises NotFound."""
    found = _load(tx, INVOICE.c.id == invoice_id, for_update=for_update)
    if not found:
        raise NotFound(kind="invoice", id=str(invoice_id))
    return found[0]


def figures_of(tx: Tx, invoice_id: InvoiceId) -> dict[str, Json]:
    """Return the figures of the last match of an invoice, for its page."""
    return dict(tx.conn.execute(select(INVOICE.c.figures).where(INVOICE.c.id == invoice_id)).scalar_one_or_none() or {})


def same_content(tx: Tx, supplier_id: SupplierId, kind: InvoiceKind, number: str, digest: str) -> Invoice | None:
    """Return the invoice that says exactly this, or None: the same bill by a second channel is the same bill."""
    asked = and_(_numbered(supplier_id, kind, number), INVOICE.c.content_digest == digest)
    return next(iter(_load(tx, asked)), None)


def same_document(tx: Tx, supplier_id: SupplierId, source: str, external_id: str, revision: int) -> Invoice | None:
    """Return the invoice that came in by this document of the sender, or None."""
    columns = INVOICE.c
    named = and_(columns.source == source, columns.external_id == external_id, columns.revision == revision)
    return next(iter(_load(tx, and_(columns.supplier_id == supplier_id, named))), None)


def revisions_of(tx: Tx, supplier_id: SupplierId, kind: InvoiceKind, number: str) -> list[Invoice]:
    """Return every invoice with this number as written, locked, the lowest revision first."""
    return sorted(_load(tx, _numbered(supplier_id, kind, number), for_update=True), key=lambda each: each.revision)


def _numbered(supplier_id: SupplierId, kind: InvoiceKind, number: str) -> ColumnElement[bool]:
    columns = INVOICE.c
    same_number = columns.number_exact == exact_number(number)
    return and_(columns.supplier_id == supplier_id, columns.kind == kind.value, same_number)


def of_orders(tx: Tx, order_ids: Collection[OrderId], *, for_update: bool = False) -> list[Invoice]:
    """Return all invoices that bill these orders, in the order they were recorded."""
    billing = select(INVOICE_LINE.c.invoice_id).where(INVOICE_LINE.c.order_id.in_(order_ids))
    return _load(tx, INVOICE.c.id.in_(billing), for_update=for_update)


def suspected(tx: Tx, order_id: OrderId) -> list[Invoice]:
    """Return the invoices in review as a copy that bill this order, or that look like one that does."""
    billing = select(INVOICE_LINE.c.invoice_id).where(INVOICE_LINE.c.order_id == order_id)
    near = or_(INVOICE.c.id.in_(billing), INVOICE.c.duplicate_of.in_(billing))
    return _load(tx, and_(INVOICE.c.state == InvoiceState.IN_REVIEW.value, INVOICE.c.duplicate_of.is_not(None), near))


def listed(tx: Tx, states: Collection[InvoiceState] = (), *, after: InvoiceId | None = None, limit: int = 50) -> list[Invoice]:
    """List invoices, the latest first; ``after`` continues behind the last one seen."""
    asked: list[ColumnElement[bool]] = [INVOICE.c.id < after] if after is not None else []
    if states:
        asked.append(INVOICE.c.state.in_(sorted(state.value for state in states)))
    page = select(INVOICE.c.id).where(*asked).order_by(INVOICE.c.id.desc()).limit(min(limit, MOST_LISTED))
    return list(reversed(_load(tx, INVOICE.c.id.in_(page))))


def candidates(tx: Tx, new: Candidate, before: Invoice | None = None) -> list[Candidate]:
    """Return the live invoices that could be the same as a new one: number, digits, amount and date, or file agree.

    ``before`` leaves out what was recorded after that invoice: a bill is a copy of an earlier one only.
    """
    columns = INVOICE.c
    near = or_(
        columns.number_key == number_key(new.number),
        and_(columns.number_digits == number_digits(new.number), columns.number_digits != ""),
        and_(columns.total == new.amount, columns.invoice_date == new.invoice_date),
    )
    same_file = columns.file_hash == new.file_hash if new.file_hash is not None else columns.id.is_(None)
    asked = and_(_LIVE, columns.kind == new.kind, or_(and_(columns.supplier_id == new.supplier, near), same_file))
    known = [each for each in _load(tx, asked) if each.id != new.id and (before is None or _recorded(each) < _recorded(before))]
    receipts = _receipts_of(tx, [invoice.id for invoice in known])
    return [candidate_of(invoice, receipts.get(invoice.id, {})) for invoice in known]


def _recorded(invoice: Invoice) -> tuple[datetime, InvoiceId]:
    return invoice.received_at, invoice.id


def candidate_of(invoice: Invoice, receipts: Mapping[int, str]) -> Candidate:
    """Return what the comparison needs of an invoice; ``receipts`` is the receipt each line pays for, by line number."""
    return Candidate(
        supplier=invoice.supplier_id,
        number=invoice.number,
        amount=invoice.total,
        currency=invoice.currency,
        invoice_date=invoice.invoice_date,
        kind=invoice.kind.value,
        file_hash=invoice.file_hash,
        recurring=invoice.recurring,
        citations=tuple(
            Citation(f"{line.order_id}:{line.order_line_no}", receipts.get(line.line_no))
            for line in invoice.lines
            if line.order_id is not None
        ),
        id=invoice.id,
    )


def _receipts_of(tx: Tx, invoice_ids: Collection[InvoiceId]) -> dict[InvoiceId, dict[int, str]]:
    columns = INVOICE_ALLOCATION.c
    query = select(columns.invoice_id, columns.line_no, func.min(columns.receipt)).where(columns.invoice_id.in_(invoice_ids))
    found: dict[InvoiceId, dict[int, str]] = defaultdict(dict)
    for invoice_id, line_no, receipt in tx.conn.execute(query.group_by(columns.invoice_id, columns.line_no)):
        found[InvoiceId(invoice_id)][line_no] = receipt
    return found


def replace_allocations(
    tx: Tx, order_id: OrderId, order_line_no: int, business_unit_id: BusinessUnitId | None, parts: Sequence[Allocation]
) -> None:
    """Write anew which bills of an order line pay for which receipts; ``bill`` of a part is ``invoice id:line number``."""
    columns = INVOICE_ALLOCATION.c
    tx.conn.execute(delete(INVOICE_ALLOCATION).where(columns.order_id == order_id, columns.order_line_no == order_line_no))
    rows = []
    for part in parts:
        invoice_id, _, line_no = part.bill.partition(":")
        rows.append(
            {
                "invoice_id": invoice_id,
                "line_no": int(line_no),
                "receipt": part.receipt,
                "business_unit_id": business_unit_id,
                "order_id": order_id,
                "order_line_no": order_line_no,
                "quantity": part.quantity,
                "basis": part.basis.value,
            }
        )
    if rows:
        tx.conn.execute(insert(INVOICE_ALLOCATION), rows)


def allocations_of(tx: Tx, order_id: OrderId) -> list[Allocation]:
    """Return which bills of an order pay for which receipts."""
    columns = INVOICE_ALLOCATION.c
    query = select(INVOICE_ALLOCATION).where(columns.order_id == order_id)
    rows = tx.conn.execute(query.order_by(columns.invoice_id, columns.line_no, columns.receipt))
    return [Allocation(f"{row.invoice_id}:{row.line_no}", row.receipt, row.quantity, Basis(row.basis)) for row in rows]


def _load(tx: Tx, asked: ColumnElement[bool], *, for_update: bool = False) -> list[Invoice]:
    """Load invoices in the order they were recorded, which is also the order in which they are locked."""
    query = select(INVOICE).where(asked).order_by(INVOICE.c.received_at, INVOICE.c.id)
    rows = tx.conn.execute(query.with_for_update() if for_update else query).all()
    lines: dict[Any, list[Row[Any]]] = defaultdict(list)
    columns = INVOICE_LINE.c
    wanted = select(INVOICE_LINE).where(columns.invoice_id.in_([row.id for row in rows]))
    for line in tx.conn.execute(wanted.order_by(columns.invoice_id, columns.line_no)):
        lines[line.invoice_id].append(line)
    return [from_rows(row, lines[row.id]) for row in rows]
