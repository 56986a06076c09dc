"""The overview, the proof of each of its numbers, and the check of the event chains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import audit
from purveyor.core.access import SYSTEM, Actor, Permission
from purveyor.core.errors import NotFound
from purveyor.store.db import Database
from purveyor.store.event_verify import Verification, verify
from purveyor.store.views.overview import MOST_LISTED, OWNED, Figure, proof, streams
from purveyor.web import words
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, marked
from purveyor.web.navigation import NavItem, Part
from purveyor.web.overview.figures import overview, sum_of
from purveyor.web.overview.terms import TERMS
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench.terms import EXCEPTION

MOST_VERIFIED: Final = 50_000
"""So many events are checked while a person waits; more are for ``purveyor verify-log``."""

TOO_MANY: Final = marked("The log is too long to check while you wait; run `purveyor verify-log`.")
ROLE_NAMES: Final = {role.value: text for role, text in words.ROLE.items()}

router = page_router("/overview")


@dataclass(frozen=True, slots=True)
class Verified:
    """The last check of the event chains by this server; ``at`` is business time."""

    at: datetime
    result: Verification


@router.get("")
def overview_page(request: Request, actor: SignedIn) -> Response:
    """What was stopped, what was saved, what waits and on whom?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        found, chains, now = overview(tx), streams(tx), tx.now
    return page(
        request,
        "overview/overview.html",
        now=now,
        overview=found,
        terms=TERMS,
        roles=ROLE_NAMES,
        streams=sum(one.streams for one in chains),
        events=sum(one.events for one in chains),
        most_verified=MOST_VERIFIED,
        verified=last_verified(request),
        may_verify=actor.may(Permission.AUDIT_READ),
    )


@router.get("/proof/streams")
def streams_page(request: Request, actor: SignedIn) -> Response:
    """Which event streams are there, and how long are they?"""
    actor.require(Permission.EVENT_READ)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        return page(request, "overview/streams.html", now=tx.now, rows=streams(tx), verified=last_verified(request))


@router.get("/proof/{figure}")
def proof_page(request: Request, actor: SignedIn, figure: str, owner: Annotated[str | None, Query()] = None) -> Response:
    """Which orders and documents is this number the sum of?"""
    actor.require(Permission.EXCEPTION_READ)
    wanted = _figure(figure)
    owner = owner if wanted in OWNED else None
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        return page(
            request,
            "overview/proof.html",
            now=tx.now,
            figure=wanted,
            term=TERMS[wanted],
            sum=sum_of(tx, wanted, owner),
            rows=proof(tx, wanted, owner),
            most_listed=MOST_LISTED,
            roles=ROLE_NAMES,
            topics=EXCEPTION,
        )


@router.post("/verify")
def verify_chains(request: Request, actor: SignedIn) -> Response:
    """Check every event of the log now, unless there are too many to wait for."""
    actor.require(Permission.AUDIT_READ)
    return check_everything(request, actor, "/overview#chains")


def check_everything(request: Request, actor: Actor, back_to: str) -> Response:
    """Check the whole log while the person waits, note who had it checked, and say on the page left what was found."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        if sum(one.events for one in streams(tx)) > MOST_VERIFIED:
            return go_to(request, back_to, _(TOO_MANY), "info")
        result = verify(tx)
        request.app.state.verified_chains = Verified(tx.now, result)
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        audit.note_check(tx, audit.EVERYTHING, result.events, None if result.broken is None else str(result.broken))
    if result.broken is None:
        return go_to(request, back_to, _("Every event chain is whole."))
    return go_to(request, back_to, _("A chain is broken: %(where)s.") % {"where": result.broken}, "bad")


def last_verified(request: Request) -> Verified | None:
    """Return the last check by this server, None when there was none."""
    found: Verified | None = getattr(request.app.state, "verified_chains", None)
    return found


def _figure(name: str) -> Figure:
    try:
        return Figure(name)
    except ValueError as error:
        raise NotFound(figure=name) from error


PART: Final = Part("overview", (router,), (NavItem(marked("Overview"), "/overview", "shield-check", Permission.EXCEPTION_READ),))
