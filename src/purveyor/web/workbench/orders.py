"""The list of orders: which are open, who has answered, what is promised when, and what stands in the way."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import Permission
from purveyor.core.cases import ExceptionType
from purveyor.store.db import Database
from purveyor.store.order_list import OrderRow, all_orders, list_orders
from purveyor.store.views.names import OrderChoices, order_choices
from purveyor.store.views.order_totals import open_orders
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.exports import ExportColumn, FileKind, download
from purveyor.web.i18n import gettext
from purveyor.web.listing import PAGE_SIZE, Listing, listing_of
from purveyor.web.refusals import BadCursor
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import ORDER_STATUS, order_word
from purveyor.web.workbench import terms
from purveyor.web.workbench.order_filters import (
    ANY_EXCEPTION,
    DEFAULT_SORT,
    EVERY_ORDER,
    FILTERS,
    HELD_ORDERS,
    OPEN_ORDERS,
    SORT_KEYS,
    order_filter,
)

router = page_router()


@router.get("/orders")
def orders_page(request: Request, actor: SignedIn) -> Response:
    """Show one page of the orders that the address asks for."""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    listing = _listing(request)
    bound_to = list_identity(actor, listing.path, listing.sort, listing.filters)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        found = list_orders(tx, order_filter(listing), listing.sort, _after(request, bound_to, listing), PAGE_SIZE)
        totals, choices = open_orders(tx), order_choices(tx)
    cursor = seal(request, bound_to, found.next_key) if found.next_key else None
    return page(
        request,
        "workbench/orders.html",
        now=tx.now,
        listing=listing.with_next(cursor),
        rows=found.rows,
        totals=totals,
        choices=_choices(gettext(request.state.viewer.locale), choices),
        terms=terms,
        downloads=[(kind.value.upper(), _download_address(request, kind)) for kind in FileKind],
    )


def _choices(_: Callable[[str], str], known: OrderChoices) -> dict[str, list[tuple[str, str]]]:
    """Return what each filter offers: pairs of value and words, the first one filters nothing."""
    status = [(OPEN_ORDERS, _("Open orders")), (EVERY_ORDER, _("All orders")), (HELD_ORDERS, _("On hold"))]
    kinds = sorted(((kind.value, _(text)) for kind, text in terms.EXCEPTION.items()), key=lambda pair: pair[1])
    named = {"supplier": known.suppliers, "site": known.sites, "buyer": known.buyers}
    return {
        "status": status + [(each.value, _(word.text)) for each, word in ORDER_STATUS.items()],
        "confirmation": [("", _("Any")), *((each.value, _(word.text)) for each, word in terms.CONFIRMATION.items())],
        "exception": [("", _("With or without")), (ANY_EXCEPTION, _("Any exception")), *kinds],
        **{name: [("", _("Any")), *((str(each.id), each.name) for each in found)] for name, found in named.items()},
    }


def _listing(request: Request) -> Listing:
    return listing_of(request, sorts=SORT_KEYS, default=DEFAULT_SORT, filters=FILTERS)


def _after(request: Request, bound_to: str, listing: Listing) -> tuple[str, str] | None:
    position = unseal(request, bound_to, listing.cursor)
    if position is None:
        return None
    if len(position) != 2:
        raise BadCursor
    return position[0], position[1]


def _download_address(request: Request, kind: FileKind) -> str:
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    address = request.url.replace(path=f"/orders.{kind.value}", query="").include_query_params(**dict(query))
    return f"{address.path}?{address.query}" if address.query else address.path


@router.get("/orders.csv")
def orders_as_csv(request: Request, actor: SignedIn) -> Response:
    """Download the orders that the address asks for as CSV."""
    return _file(request, actor, FileKind.CSV)


@router.get("/orders.xlsx")
def orders_as_xlsx(request: Request, actor: SignedIn) -> Response:
    """Download the orders that the address asks for as a workbook."""
    return _file(request, actor, FileKind.XLSX)


def _file(request: Request, actor: SignedIn, kind: FileKind) -> Response:
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    listing = _listing(request)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        rows = all_orders(tx, order_filter(listing), listing.sort)
        return download(kind, "orders", _("Orders"), tx.now, export_columns(_), rows)


def export_columns(_: Callable[[str], str]) -> list[ExportColumn[OrderRow]]:
    """Return the columns of the download: what the page shows, one figure to a column, with the same words."""
    return [
        ExportColumn(_("Order"), lambda row: row.order_ref),
        ExportColumn(_("ERP number"), lambda row: row.erp_number),
        ExportColumn(_("Lines"), lambda row: row.lines),
        ExportColumn(_("Supplier"), lambda row: row.supplier_name or row.supplier_code),
        ExportColumn(_("Status"), lambda row: _(order_word(row.status, row.confirmation).text)),
        ExportColumn(_("On hold"), lambda row: _("yes") if row.on_hold else ""),
        ExportColumn(
            _("Supplier confirmation"), lambda row: ", ".join(_(terms.CONFIRMATION[state].text) for state in row.confirmation)
        ),
        ExportColumn(_("Needed by"), lambda row: row.need_by),
        ExportColumn(_("Promised ship date"), lambda row: row.promised_ship),
        ExportColumn(_("Promised delivery"), lambda row: row.promised_delivery),
        ExportColumn(_("Exceptions"), lambda row: ", ".join(_(terms.EXCEPTION[ExceptionType(kind)]) for kind in row.exceptions)),
        ExportColumn(_("Total"), lambda row: row.total),
        ExportColumn(_("Currency"), lambda row: row.currency),
        ExportColumn(_("Buyer"), lambda row: row.buyer_name),
    ]
