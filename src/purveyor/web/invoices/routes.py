"""Invoices: which wait, which are stopped, and each one beside order and receipt with what makes the difference."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import Permission
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import InvoiceId, OrderId
from purveyor.core.invoice import Invoice, InvoiceState
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, invoices, orders
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.views.exception_view import order_refs
from purveyor.store.views.names import supplier_names
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench import codes, terms
from purveyor.web.workbench.matching import ShownLine, shown_invoices

SETTLED: Final = frozenset({InvoiceState.MATCHED, InvoiceState.REJECTED, InvoiceState.SUPERSEDED})

router = page_router("/invoices")


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """Which invoices wait, and which are stopped?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    listing = listing_of(request, sorts=("-newest",), default="-newest", filters=("state",))
    states = _states(listing.filter("state"))
    bound_to = list_identity(actor, listing.path, listing.sort, listing.filters)
    position = unseal(request, bound_to, listing.cursor)
    after = InvoiceId(UUID(position[0])) if position else None
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        found = invoices.listed(tx, states, after=after, limit=PAGE_SIZE + 1)
        rows = found[:PAGE_SIZE]
        refs = order_refs(tx, [order_id for row in rows for order_id in row.order_ids])
        suppliers = supplier_names(tx, {row.supplier_id for row in rows})
    more = len(found) > PAGE_SIZE
    return page(
        request,
        "invoices/list.html",
        now=tx.now,
        listing=listing.with_next(seal(request, bound_to, (str(rows[-1].id),)) if more else None),
        rows=rows,
        refs=refs,
        suppliers=suppliers,
        stopped=[row for row in rows if row.state is InvoiceState.IN_EXCEPTION],
        states=[
            ("", _("All")),
            ("open", _("Not settled")),
            *((each.value, _(word.text)) for each, word in terms.INVOICE.items()),
        ],
        terms=terms,
    )


def _states(chosen: str) -> frozenset[InvoiceState]:
    if chosen == "open":
        return frozenset(InvoiceState) - SETTLED
    try:
        return frozenset({InvoiceState(chosen)}) if chosen else frozenset()
    except ValueError as error:
        raise InvalidInput(field="state", reason="this is no state of an invoice") from error


@dataclass(frozen=True, slots=True)
class Bill:
    """The part of an invoice that bills one order."""

    order: PurchaseOrder
    lines: tuple[ShownLine, ...]


@router.get("/{invoice_id:uuid}")
def invoice_page(request: Request, invoice_id: UUID, actor: SignedIn) -> Response:
    """What was ordered, received and billed, side by side, and what that means for payment."""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        invoice = invoices.load(tx, InvoiceId(invoice_id))
        questions = cases.listed(tx, CaseFilter(invoice_id=invoice.id, include_resolved=True))
        original = invoices.load(tx, invoice.duplicate_of) if invoice.duplicate_of is not None else None
        suppliers = supplier_names(tx, [invoice.supplier_id])
        bills = _bills(tx, invoice)
    return page(
        request,
        "invoices/invoice.html",
        now=tx.now,
        invoice=invoice,
        bills=bills,
        unassigned=[line for line in invoice.lines if line.order_id is None],
        charges=[(name, Money(amount, invoice.currency)) for name, amount in _charges(invoice) if amount],
        questions=questions,
        original=original,
        supplier=suppliers.get(invoice.supplier_id, ""),
        terms=terms,
        codes=codes,
    )


def _bills(tx: Tx, invoice: Invoice) -> list[Bill]:
    known = orders.get_many(tx, [OrderId(order_id) for order_id in invoice.order_ids])
    figures = {invoice.id: invoices.figures_of(tx, invoice.id)}
    return [Bill(order, shown_invoices(order, [invoice], figures)[0].lines) for order in known.values()]


def _charges(invoice: Invoice) -> list[tuple[str, Decimal]]:
    return [(marked("Freight"), invoice.freight), (marked("Tax"), invoice.tax)]


PART: Final = Part(
    "invoices",
    (router,),
    (NavItem(marked("Invoices"), "/invoices", "file-invoice", Permission.INVOICE_WRITE),),
)
