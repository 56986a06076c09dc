"""Suppliers: what is open with one of them, how he is spoken to, what he sells at which price, and what each ERP calls him."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import Permission
from purveyor.core.acknowledge import LineState
from purveyor.core.cases import ExceptionType
from purveyor.core.ids import SupplierId
from purveyor.core.lifecycle import OPEN
from purveyor.core.money import Money
from purveyor.core.parties import AnswerMode, SupplierStatus
from purveyor.store import masters, messages, order_list
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.order_list import OrderFilter
from purveyor.store.views import supplier_desk
from purveyor.store.views.exception_view import totals
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import Word
from purveyor.web.workbench import terms

STATUS: Final[dict[str, Word]] = {
    SupplierStatus.ACTIVE.value: Word(marked("Active"), "good", "check"),
    SupplierStatus.HOLD_ORDERS.value: Word(marked("No new orders"), "warn", "player-pause"),
    SupplierStatus.INACTIVE.value: Word(marked("Inactive"), "neutral", "ban"),
}
ANSWERS: Final[dict[AnswerMode, str]] = {
    AnswerMode.REPLACE: marked("A second answer to a line replaces the first"),
    AnswerMode.ADD: marked("A second answer to a line adds to the first"),
}
_FAILED_COUNTED: Final = 200

router = page_router("/suppliers")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number about a supplier, the money behind it by currency, and the list it is the length of."""

    label: str
    count: int
    amounts: tuple[Money, ...]
    href: str


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """Who do we buy from, and with whom is something open?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    listing = listing_of(request, sorts=("code",), default="code", filters=("q",))
    bound_to = list_identity(actor, "/suppliers", listing.sort, listing.filters)
    position = unseal(request, bound_to, listing.cursor)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        found = supplier_desk.listed(tx, listing.filter("q"), position[0] if position else None, PAGE_SIZE + 1)
    rows = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    return page(
        request,
        "suppliers/list.html",
        now=tx.now,
        listing=listing.with_next(seal(request, bound_to, (rows[-1].code,)) if more else None),
        rows=rows,
        marks=STATUS,
    )


@router.get("/{supplier_id:uuid}")
def supplier_page(request: Request, supplier_id: UUID, actor: SignedIn) -> Response:
    """What is open with this supplier, and on which terms do we deal?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        supplier = masters.supplier(tx, SupplierId(supplier_id))
        sites = masters.sites(tx)
        return page(
            request,
            "suppliers/supplier.html",
            now=tx.now,
            supplier=supplier,
            figures=_figures(tx, supplier.id, _),
            sold=supplier_desk.sold(tx, supplier.id),
            most_items=supplier_desk.MOST_ITEMS,
            codes=supplier_desk.codes(tx, supplier.id),
            sites={key: site.name for key, site in sites.items()},
            mark=STATUS[supplier.status.value],
            answers=ANSWERS,
            terms=terms,
        )


def _figures(tx: Tx, supplier_id: SupplierId, _: Callable[[str], str]) -> list[Figure]:
    """Return the numbers; each is counted by the filter of the list it links to."""
    orders, late = f"/orders?supplier={supplier_id}", ExceptionType.PROMISE_BEYOND_NEED_BY.value
    opened = OrderFilter(statuses=frozenset(OPEN), supplier_id=supplier_id)
    silent = OrderFilter(opened.statuses, supplier_id=supplier_id, confirmation=frozenset({LineState.UNANSWERED}))
    promised_late = OrderFilter(opened.statuses, supplier_id=supplier_id, exceptions=frozenset({late}))
    cases = totals(tx, CaseFilter(supplier_id=supplier_id))
    failed = messages.listed(tx, ("dead",), supplier_id=supplier_id, limit=_FAILED_COUNTED)
    at_stake = tuple(Money(each.exposure, each.currency) for each in cases if each.exposure and each.currency)
    exceptions = Figure(_("Open exceptions"), sum(each.count for each in cases), at_stake, f"/exceptions?supplier={supplier_id}")
    return [
        _orders(_("Open orders"), order_list.totals(tx, opened), orders),
        _orders(_("Not answered"), order_list.totals(tx, silent), f"{orders}&confirmation={LineState.UNANSWERED.value}"),
        _orders(_("Promised later than needed"), order_list.totals(tx, promised_late), f"{orders}&exception={late}"),
        exceptions,
        Figure(_("Failed messages"), len(failed), (), f"/messages?state=dead&supplier={supplier_id}"),
    ]


def _orders(label: str, found: Sequence[tuple[str, int, Decimal]], href: str) -> Figure:
    return Figure(label, sum(row[1] for row in found), tuple(Money(row[2], row[0]) for row in found), href)


PART: Final = Part("suppliers", (router,), (NavItem(marked("Suppliers"), "/suppliers", "building", Permission.EXCEPTION_READ),))
