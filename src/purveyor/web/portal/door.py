"""Through the link into one order: which supplier it lets in, what he may see, and refusals in words for outsiders.

A link is known by the product alone; what the supplier reads of his answers is read under his own scope. The token of a form is
bound to the link, so that forms work without cookies and only on the page of that link.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final

from fastapi import Depends
from fastapi.routing import APIRoute
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import links
from purveyor.app.links import LinkExpired, OpenedLink
from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound, PurveyorError
from purveyor.core.ids import SiteId
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.core.order import PurchaseOrder
from purveyor.store import masters
from purveyor.store.db import Database
from purveyor.store.views.supplier_view import SupplierView, supplier_view
from purveyor.web.problems import RETRY_AFTER_SECONDS, problem_of
from purveyor.web.refusals import FormExpired, TooManyTries
from purveyor.web.security import SAFE_METHODS, Guard
from purveyor.web.templating import page

PER_ADDRESS: Final = RateLimitItemPerMinute(120)
WRONG_LINKS: Final = RateLimitItemPerHour(30)


class SupplierVisits:
    """Counts requests and wrong links by address, in this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, address: str) -> None:
        """Count one request; raise TooManyTries when there were too many, or too many wrong links."""
        if not (self._limiter.hit(PER_ADDRESS, "visit", address) and self._limiter.test(WRONG_LINKS, "wrong", address)):
            raise TooManyTries

    def count_wrong(self, address: str) -> None:
        """Count a link that opened nothing."""
        self._limiter.hit(WRONG_LINKS, "wrong", address)


@dataclass(frozen=True, slots=True)
class Visit:
    """A supplier in front of his order: the link, what he said so far, the names of the sites and of the buying company."""

    token: str
    link: OpenedLink
    view: SupplierView
    sites: Mapping[SiteId, str]
    customer: str

    @property
    def order(self) -> PurchaseOrder:
        """The order in its newest issued version."""
        return self.link.order

    @property
    def open(self) -> bool:
        """Say whether the order can be answered: it is with its supplier."""
        return self.order.status in WITH_SUPPLIER


def visit(request: Request, token: str) -> Visit:
    """Open a link and read what stands behind it; raises NotFound and LinkExpired. Opening never changes anything."""
    database: Database = request.app.state.database
    correlation = request.state.correlation_id
    with database.read(SYSTEM, correlation_id=correlation, source="portal") as tx:
        opened = links.open_link(tx, token)
        sites = {site.id: site.name for site in masters.sites(tx).values()}
        customer = masters.business_units(tx)[opened.order.business_unit_id].name
        assert opened.order.supplier_id is not None
        supplier = masters.supplier(tx, opened.order.supplier_id)
    with database.read(opened.actor, correlation_id=correlation, source="portal") as tx:
        view = supplier_view(tx, opened.order)
    _show_token(request, token)
    request.state.viewer = replace(request.state.viewer, time_zone=supplier.time_zone, locale=supplier.language)
    return Visit(token, opened, view, sites, customer)


def _show_token(request: Request, token: str) -> None:
    """Let the forms of this page carry the token that belongs to the link."""
    request.state.viewer = replace(request.state.viewer, csrf_token=_form_token(request, token))


def _form_token(request: Request, token: str) -> str:
    guard: Guard = request.app.state.guard
    return guard.form_token(f"link {token}")


async def link_form(request: Request, token: str) -> FormData:
    """Return what a form of a link's page sent; raise FormExpired when it does not come from the page of this link."""
    form = await request.form()
    sent = form.get("csrf_token", "")
    if not isinstance(sent, str) or not secrets.compare_digest(sent.encode(), _form_token(request, token).encode()):
        raise FormExpired
    return form


LinkForm = Annotated[FormData, Depends(link_form)]
"""What a route of the supplier's page asks for to read its form."""


class LinkRoute(APIRoute):
    """A route behind a link: it counts visits, and what is refused reads like a page for outsiders."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the framework's own handler with counting before and refusals behind it."""
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            visits: SupplierVisits = request.app.state.supplier_visits
            address = request.client.host if request.client else ""
            try:
                visits.count(address)
                return await answer(request)
            except LinkExpired:
                return _expired(request)
            except NotFound:
                visits.count_wrong(address)
                return page(request, "portal/unknown.html", status=404)
            except PurveyorError as error:
                return _refused(request, error)

        return guarded


def _expired(request: Request) -> Response:
    token = request.path_params["token"]
    _show_token(request, token)
    return page(request, "portal/expired.html", status=410, token=token)


def _refused(request: Request, error: PurveyorError) -> Response:
    problem = problem_of(error)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if problem.status in (429, 503) else {}
    token = request.path_params["token"]
    read_again = request.method in SAFE_METHODS
    shown: dict[str, Any] = {"problem": problem, "token": token, "read_again": read_again}
    return page(request, "portal/refused.html", status=problem.status, headers=headers, **shown)
