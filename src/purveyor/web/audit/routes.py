"""Audit: what the event log holds, found by whoever has to prove something, and the proof that nobody changed it.

A search and a download are events themselves, so that looking leaves a trace as well.
"""

from __future__ import annotations

import json
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import audit
from purveyor.core.access import SYSTEM, Actor, Permission
from purveyor.core.events.base import EVENT_TYPES
from purveyor.store.db import Database
from purveyor.store.event_verify import verify_stream
from purveyor.store.events import Cursor
from purveyor.store.views.audit import event_by_id, neighbour, search_events
from purveyor.web.audit.asking import FILTERS, asked, noted
from purveyor.web.audit.shown import ShownEvent, in_words, shown
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.exports import ExportColumn, FileKind, download
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, Listing, listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.overview.routes import check_everything, last_verified
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

MOST_EXPORTED: Final = 10_000
"""A download holds so many events, the newest; the page says so."""
_SORT: Final = "-newest"

router = page_router("/audit")
files = page_router()


@router.get("")
def search_page(request: Request, actor: SignedIn) -> Response:
    """Which events are about this order, document or person, or came together?"""
    listing = _listing(request, actor)
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    bound_to = list_identity(actor, "/audit", listing.sort, listing.filters)
    position = unseal(request, bound_to, listing.cursor)
    before = Cursor(int(position[0]), int(position[1])) if position else None
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        wanted = asked(tx, listing.filters)
        found = search_events(tx, wanted, before, PAGE_SIZE + 1)
        rows = shown(tx, database, found[:PAGE_SIZE], _)
        if listing.filtered:
            audit.note_search(tx, noted(listing.filters, wanted), len(rows))
    last = rows[-1].event.cursor if len(found) > PAGE_SIZE else None
    return page(
        request,
        "audit/search.html",
        now=tx.now,
        listing=listing.with_next(None if last is None else seal(request, bound_to, (str(last.txid), str(last.seq)))),
        rows=rows,
        types=[("", _("Any")), *((kind, in_words(kind)) for kind in sorted(EVENT_TYPES))],
        verified=last_verified(request),
        most_exported=MOST_EXPORTED,
        downloads=[(kind.value.upper(), listing.href().replace("/audit", f"/audit.{kind.value}", 1)) for kind in FileKind],
    )


@files.get("/audit.csv")
def events_as_csv(request: Request, actor: SignedIn) -> Response:
    """Download the events that the address asks for as CSV."""
    return _file(request, actor, FileKind.CSV)


@files.get("/audit.xlsx")
def events_as_xlsx(request: Request, actor: SignedIn) -> Response:
    """Download the events that the address asks for as a workbook."""
    return _file(request, actor, FileKind.XLSX)


@router.get("/events/{event_id:uuid}")
def event_page(request: Request, actor: SignedIn, event_id: UUID) -> Response:
    """What exactly stands in the log here, and what is it chained to?"""
    actor.require(Permission.AUDIT_READ)
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        event = event_by_id(tx, event_id)
        (row,) = shown(tx, database, [event], _)
        before, after = (neighbour(tx, event.stream, event.position + step) for step in (-1, 1))
    return page(
        request,
        "audit/event.html",
        now=tx.now,
        row=row,
        event=event,
        before=before,
        after=after,
        payload=json.dumps(event.payload, indent=2, ensure_ascii=False, sort_keys=True),
    )


@router.post("/events/{event_id:uuid}/verify")
def verify_chain(request: Request, actor: SignedIn, event_id: UUID) -> Response:
    """Check the chain that this event stands in, from its first event to its recorded end."""
    actor.require(Permission.AUDIT_READ)
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        stream = event_by_id(tx, event_id).stream
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        result = verify_stream(tx, stream)
    broken = None if result.broken is None else str(result.broken)
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        audit.note_check(tx, f"{stream.type}:{stream.id}", result.events, broken)
    back_to = f"/audit/events/{event_id}"
    if broken is None:
        return go_to(request, back_to, _("This chain is whole: %(events)s checked.") % {"events": result.events})
    return go_to(request, back_to, _("This chain is broken: %(where)s.") % {"where": broken}, "bad")


@router.post("/verify")
def verify_everything(request: Request, actor: SignedIn) -> Response:
    """Check every event of the log now, unless there are too many to wait for."""
    actor.require(Permission.AUDIT_READ)
    return check_everything(request, actor, "/audit")


def _listing(request: Request, actor: Actor) -> Listing:
    actor.require(Permission.AUDIT_READ)
    return listing_of(request, sorts=(_SORT,), default=_SORT, filters=FILTERS)


def _file(request: Request, actor: Actor, kind: FileKind) -> Response:
    listing = _listing(request, actor)
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    columns: list[ExportColumn[ShownEvent]] = [
        ExportColumn(_("When"), lambda row: row.event.occurred_at),
        ExportColumn(_("Event"), lambda row: row.event.type),
        ExportColumn(_("Order"), lambda row: row.order_ref),
        ExportColumn(_("Who"), lambda row: row.who),
        ExportColumn(_("On behalf of"), lambda row: row.on_behalf_of),
        ExportColumn(_("Through"), lambda row: row.event.source),
        ExportColumn(_("Reason"), lambda row: row.event.reason),
        ExportColumn(_("Stream"), lambda row: f"{row.event.stream.type}:{row.event.stream.id}"),
        ExportColumn(_("Position"), lambda row: row.event.position),
        ExportColumn(_("Policy set"), lambda row: row.event.policy_set),
        ExportColumn(_("Correlation id"), lambda row: str(row.event.correlation_id)),
        ExportColumn(_("Content"), lambda row: json.dumps(row.event.payload, ensure_ascii=False, sort_keys=True)),
        ExportColumn(_("Previous hash"), lambda row: row.event.previous_hash),
        ExportColumn(_("Hash"), lambda row: row.event.hash),
    ]
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        wanted = asked(tx, listing.filters)
        rows = shown(tx, database, search_events(tx, wanted, limit=MOST_EXPORTED), _)
        audit.note_search(tx, noted(listing.filters, wanted), len(rows), kind.value)
        return download(kind, "audit", _("Audit"), tx.now, columns, rows)


PART: Final = Part("audit", (router, files), (NavItem(marked("Audit"), "/audit", "history", Permission.AUDIT_READ),))
