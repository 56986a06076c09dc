"""Search for whatever a person has at hand: order, ERP number, item, supplier's item number, supplier."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from purveyor.core.access import Permission
from purveyor.core.errors import NotFound
from purveyor.core.ids import ORDER_REF_PATTERN
from purveyor.store import orders
from purveyor.store.db import Database, Tx
from purveyor.store.search import Hit, search
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

router = page_router()
LONGEST: Final = 100


@router.get("/search")
def search_page(request: Request, actor: SignedIn, q: Annotated[str, Query()] = "") -> Response:
    """Show what was found, by kind; an order reference leads to its order at once."""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    words = q.strip()[:LONGEST]
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        reference = _reference(tx, words)
        hits: list[Hit] = [] if reference else search(tx, words)
    if reference is not None:
        return RedirectResponse(f"/orders/{reference}", 303)
    found = {kind: [hit for hit in hits if hit.kind == kind] for kind in ("order", "item", "supplier")}
    return page(request, "workbench/search.html", now=tx.now, words_sought=words, found=found, count=len(hits))


def _reference(tx: Tx, words: str) -> str | None:
    """Return the reference of the order that these words name exactly, None when they are no reference we know."""
    wanted = words.upper()
    if ORDER_REF_PATTERN.fullmatch(wanted) is None:
        return None
    try:
        return orders.by_ref(tx, wanted).order_ref
    except NotFound:
        return None
