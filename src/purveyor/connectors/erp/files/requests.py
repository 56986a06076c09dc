"""What we ask of the ERP: one import file per write, and a copy of our own that says what was asked.

The copy is made first and only once, so that two workers, or one that died, can never ask twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from urllib.parse import quote, unquote

from purveyor.connectors.erp.files.layout import Layout
from purveyor.connectors.tables.read import read_table
from purveyor.connectors.tables.written import Cell, Sheet, write_csv
from purveyor.connectors.transport.folder import DropFolder
from purveyor.core.erp_records import ErpInvoice, ErpOrder, ErpOrderLine, ErpReceipt

CONFIRM: Final = "confirm"
RECEIPT: Final = "receipt"
INVOICE: Final = "invoice"
HOLD: Final = "hold"
RELEASE: Final = "release"

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    CONFIRM: (
        *("request", "our_reference", "order_id", "expected_version", "supplier", "site", "currency", "order_date"),
        *("payment_terms", "line_no", "line_id", "item", "description", "quantity", "uom", "unit_price", "need_by", "tax_codes"),
    ),
    RECEIPT: (
        *("request", "reference", "order_id", "expected_version", "delivery_note", "posting_date"),
        *("line_id", "accepted", "rejected", "uom"),
    ),
    INVOICE: (
        *("request", "supplier", "supplier_number", "order_id", "expected_version", "invoice_date", "currency"),
        *("line_id", "quantity", "uom", "unit_price"),
    ),
    HOLD: ("request", "invoice_id", "expected_version"),
    RELEASE: ("request", "invoice_id", "expected_version"),
}
"""The columns of each kind of import file; one row per line of the document."""

Rows = Sequence[Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of the ERP: what, under which reference of ours, and for the how manyth time."""

    kind: str
    reference: str
    number: int

    @property
    def name(self) -> str:
        """How the request is called: what the ERP sends back, and the name of its file without the ending."""
        return f"{self.kind}.{quote(self.reference, safe='')}.{self.number}"

    @property
    def file(self) -> str:
        """The name of its file."""
        return f"{self.name}.csv"


def request_named(name: str) -> Request | None:
    """Return the request of a name; None for a name we never give."""
    kind, _, rest = name.partition(".")
    reference, _, number = rest.rpartition(".")
    if kind not in COLUMNS or not reference or not number.isascii() or not number.isdigit():
        return None
    return Request(kind, unquote(reference), int(number))


class Requests:
    """All requests ever made, kept in the folder ``sent``."""

    def __init__(self, folder: DropFolder, layout: Layout) -> None:
        self._folder = folder
        self._layout = layout

    def latest(self, kind: str, reference: str) -> Request | None:
        """Return the last request of a kind under a reference."""
        number = 0
        while (self._folder.root / "sent" / Request(kind, reference, number + 1).file).exists():
            number += 1
        return Request(kind, reference, number) if number else None

    def make(self, request: Request, rows: Rows) -> None:
        """Ask the ERP, unless another worker asked the same a moment ago."""
        headings = COLUMNS[request.kind]
        filled = [[self._cell(request, row, name) for name in headings] for row in rows]
        content = write_csv(Sheet(request.kind, headings, filled))
        if self._folder.put_new("sent", request.file, content):
            self._folder.put("to_erp", request.file, content)

    def _cell(self, request: Request, row: Mapping[str, Cell], name: str) -> Cell:
        if name == "request":
            return request.name
        cell = row.get(name)
        return self._layout.unit_in_erp(cell) if name == "uom" and isinstance(cell, str) else cell

    def waiting(self, request: Request) -> bool:
        """Say whether the ERP has not even fetched the file."""
        return request.file in self._folder.names("to_erp")

    def asked(self, request: Request) -> list[dict[str, str]]:
        """Return the rows of a request as they were written; nothing for one that was never made."""
        content = self._folder.read("sent", request.file)
        if content is None:
            return []
        rows = read_table(request.file, content).rows
        asked = [{name: str(cell or "") for name, cell in row.cells.items()} for row in rows]
        return [{**row, "uom": self._layout.units.get(row["uom"], row["uom"])} if "uom" in row else row for row in asked]


def order_rows(order: ErpOrder, order_ref: str, expected_version: str) -> Rows:
    """Return what a confirmation says, line by line."""
    return [
        {
            "our_reference": order_ref,
            "order_id": order.external_id,
            "expected_version": expected_version,
            "supplier": order.supplier,
            "site": order.site,
            "currency": order.currency,
            "order_date": order.order_date,
            "payment_terms": order.payment_terms,
            "line_no": line.line_no,
            "line_id": line.external_id,
            "item": line.item,
            "description": line.description,
            "quantity": line.quantity,
            "uom": line.uom,
            "unit_price": line.unit_price,
            "need_by": line.need_by,
            "tax_codes": " ".join(line.tax_codes),
        }
        for line in order.lines
    ]


def lines_asked(rows: Sequence[Mapping[str, str]], before: ErpOrder) -> tuple[ErpOrderLine, ...]:
    """Return the lines of a confirmation as the ERP holds them once it has taken it; what was moved before stays."""
    moved = {line.external_id: line for line in before.lines}
    return tuple(
        ErpOrderLine(
            external_id=row["line_id"],
            line_no=int(row["line_no"]),
            item=row["item"] or None,
            description=row["description"],
            quantity=Decimal(row["quantity"]),
            uom=row["uom"] or None,
            unit_price=Decimal(row["unit_price"]) if row["unit_price"] else None,
            need_by=date.fromisoformat(row["need_by"]) if row["need_by"] else None,
            tax_codes=tuple(row["tax_codes"].split()),
            quantity_received=moved[row["line_id"]].quantity_received if row["line_id"] in moved else Decimal(0),
            quantity_invoiced=moved[row["line_id"]].quantity_invoiced if row["line_id"] in moved else Decimal(0),
        )
        for row in rows
    )


def receipt_rows(receipt: ErpReceipt, expected_version: str) -> Rows:
    """Return what a receipt says, line by line."""
    return [
        {
            "reference": receipt.reference,
            "order_id": receipt.order,
            "expected_version": expected_version,
            "delivery_note": receipt.delivery_note,
            "posting_date": receipt.posting_date,
            "line_id": line.order_line,
            "accepted": line.accepted,
            "rejected": line.rejected,
            "uom": line.uom,
        }
        for line in receipt.lines
    ]


def invoice_rows(invoice: ErpInvoice, supplier: str, expected_version: str) -> Rows:
    """Return what an invoice says, line by line."""
    return [
        {
            "supplier": supplier,
            "supplier_number": invoice.supplier_number,
            "order_id": invoice.order,
            "expected_version": expected_version,
            "invoice_date": invoice.invoice_date,
            "currency": invoice.currency,
            "line_id": line.order_line,
            "quantity": line.quantity,
            "uom": line.uom,
            "unit_price": line.unit_price,
        }
        for line in invoice.lines
    ]
