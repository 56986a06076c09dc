"""An invoice beside order and receipt, line by line, from the figures that its last match left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from purveyor.core.canonical import Json
from purveyor.core.ids import InvoiceId
from purveyor.core.invoice import Invoice, InvoiceLine
from purveyor.core.order import OrderLine, PurchaseOrder


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One invoice line with what the order says and what was received of it (unit of the order line)."""

    billed: InvoiceLine
    ordered: OrderLine | None
    received: Decimal | None
    variance: Decimal | None
    limit: Decimal | None
    outcome: str | None

    @property
    def price_differs(self) -> bool:
        """Say whether the bill asks for another price than the order, in the same unit."""
        return (
            self.ordered is not None
            and self.billed.unit_price is not None
            and self.billed.uom == self.ordered.uom
            and self.billed.unit_price * self.ordered.price_per != (self.ordered.unit_price or 0) * self.billed.price_per
        )


@dataclass(frozen=True, slots=True)
class ShownInvoice:
    """An invoice with the lines that bill this order."""

    invoice: Invoice
    lines: tuple[ShownLine, ...]


def shown_invoices(
    order: PurchaseOrder, invoices: Sequence[Invoice], figures: Mapping[InvoiceId, Mapping[str, Json]]
) -> list[ShownInvoice]:
    """Return the invoices of an order with its own lines, the newest first."""
    return [
        ShownInvoice(
            invoice, tuple(_line(order, line, figures[invoice.id]) for line in invoice.lines if line.order_id == order.id)
        )
        for invoice in reversed(invoices)
    ]


def _line(order: PurchaseOrder, line: InvoiceLine, figures: Mapping[str, Json]) -> ShownLine:
    listed = figures.get("lines")
    known = listed if isinstance(listed, list) else []
    matched = next((each for each in known if isinstance(each, dict) and each.get("line_no") == line.line_no), {})
    outcome = matched.get("outcome")
    return ShownLine(
        billed=line,
        ordered=order.line(line.order_line_no),
        received=_number(matched.get("received")),
        variance=_number(matched.get("line_variance")),
        limit=_number(matched.get("line_limit")),
        outcome=str(outcome) if outcome else None,
    )


def _number(value: Json) -> Decimal | None:
    return None if value is None else Decimal(str(value))
