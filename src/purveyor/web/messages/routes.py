"""Messages: what waits to be sent, what failed with every attempt, and sending again or calling off with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import outbound
from purveyor.core.access import Actor, Permission
from purveyor.core.errors import InvalidInput, ReasonRequired
from purveyor.core.ids import MessageId, OrderId
from purveyor.store import messages
from purveyor.store.db import Database, Tx
from purveyor.store.views.attempts import attempts_of_many
from purveyor.store.views.exception_view import order_refs
from purveyor.store.views.names import order_choices
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.entries import FormReason
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, Listing, listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench import terms

NOT_DONE: Final = ("dead", "ready", "leased")

router = page_router("/messages")


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """What failed, and what waits to be sent?"""
    return _draw(request, actor)


@router.post("/{message_id:uuid}/replay")
def replay(request: Request, message_id: UUID, actor: SignedIn) -> Response:
    """Send a failed message again under its old identity, so that it has no second effect."""
    _ = gettext(request.state.viewer.locale)
    return _act(request, actor, lambda tx: outbound.replay(tx, MessageId(message_id)), _("It is sent again."))


@router.post("/{message_id:uuid}/skip")
def skip(request: Request, message_id: UUID, actor: SignedIn, reason: FormReason = "") -> Response:
    """Decide that a failed message is not needed any more; the reason is kept."""
    _ = gettext(request.state.viewer.locale)
    try:
        return _act(
            request, actor, lambda tx: outbound.skip(tx, MessageId(message_id), reason), _("It is not sent; the reason is kept.")
        )
    except ReasonRequired:
        return _draw(request, actor, wrong=message_id)


def _act(request: Request, actor: Actor, work: Callable[[Tx], object], text: str) -> Response:
    database: Database = request.app.state.database
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        work(tx)
    return go_to(request, "/messages", text)


def _draw(request: Request, actor: Actor, *, wrong: UUID | None = None) -> Response:
    actor.require(Permission.MESSAGE_READ)
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    listing = listing_of(request, sorts=("-newest",), default="-newest", filters=("state", "supplier"))
    chosen = listing.filter("state")
    if chosen not in ("", "all", *terms.MESSAGE_STATE):
        raise InvalidInput(field="state", reason="this is no state of a message")
    states = {"": NOT_DONE, "all": ()}.get(chosen, (chosen,))
    bound_to = list_identity(actor, "/messages", listing.sort, listing.filters)
    position = unseal(request, bound_to, listing.cursor)
    after = MessageId(UUID(position[0])) if position else None
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        found = messages.listed(tx, states, supplier_id=_supplier(listing), after=after, limit=PAGE_SIZE + 1)
        suppliers = order_choices(tx).suppliers
        rows = found[:PAGE_SIZE]
        attempts = attempts_of_many(tx, [row.id for row in rows])
        refs = order_refs(tx, [OrderId(row.about.order_id) for row in rows if row.about.order_id is not None])
        waiting = messages.waiting_by_partner(tx)
        failed = messages.dead(tx)
    more = len(found) > PAGE_SIZE
    return page(
        request,
        "messages/list.html",
        now=tx.real_now,
        status=200 if wrong is None else 422,
        listing=listing.with_next(seal(request, bound_to, (str(rows[-1].id),)) if more else None),
        rows=rows,
        attempts=attempts,
        refs=refs,
        waiting=sum(waiting.values()),
        failed=len(failed),
        states=[
            ("", _("Not delivered")),
            ("all", _("All")),
            *((each, _(word.text)) for each, word in terms.MESSAGE_STATE.items()),
        ],
        suppliers=[("", _("Any")), *((str(each.id), each.name) for each in suppliers)],
        may_replay=actor.may(Permission.MESSAGE_REPLAY),
        wrong=wrong,
        terms=terms,
    )


def _supplier(listing: Listing) -> UUID | None:
    try:
        return UUID(listing.filter("supplier")) if listing.filter("supplier") else None
    except ValueError as error:
        raise InvalidInput(field="supplier", reason="this is no supplier") from error


PART: Final = Part(
    "messages",
    (router,),
    (NavItem(marked("Messages"), "/messages", "messages", Permission.MESSAGE_REPLAY),),
)
