"""The demo's own page and what its strip asks for. Outside the demo none of these addresses exists."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound
from purveyor.store import demo_requests, logins
from purveyor.store.db import Database
from purveyor.store.demo_requests import DemoVerb
from purveyor.web.demo_bar.bar import BAR, VERBS, is_demo, read_demo
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext
from purveyor.web.navigation import Part
from purveyor.web.refusals import NotSignedIn
from purveyor.web.security import SignedIn, begin_session, check_form, own_address, page_router, signed_in
from purveyor.web.templating import page


def only_in_demo(request: Request) -> None:
    """Raise NotFound where there is no demo, before anything else is looked at."""
    if not is_demo(request):
        raise NotFound(path=request.url.path)


def _router() -> APIRouter:
    router = page_router("/demo")
    router.dependencies[:] = [Depends(only_in_demo), Depends(check_form)]
    return router


router = _router()


@router.get("")
def who_to_be(request: Request) -> Response:
    """Show the people a visitor may become, signed in or not."""
    with suppress(NotSignedIn):
        signed_in(request)
    return page(request, "demo_bar/demo.html", demo=read_demo(request))


@router.get("/bar")
def strip(request: Request, actor: SignedIn) -> Response:
    """Draw the strip alone while something is under way; when nothing is any more, the whole page is loaded again."""
    shown = read_demo(request)
    return page(request, "demo_bar/bar.html", demo=shown, headers=None if shown.waiting else {"HX-Refresh": "true"})


@router.post("/become")
def become(request: Request, login: Annotated[str, Form(max_length=200)]) -> Response:
    """Sign in as somebody of the demo without a password."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        wanted = next((one for one in demo_requests.sign_ins(tx) if one.login == login), None)
        account = logins.account(tx, login)
    if wanted is None or account is None:
        raise NotFound(login=login)
    response = go_to(request, "/", _("You are %(name)s now.") % {"name": wanted.name}, "info")
    begin_session(request, response, account.user_id)
    return response


@router.post("/next-morning")
def next_morning(request: Request) -> Response:
    """Ask for the next working day."""
    return _ask(request, DemoVerb.NEXT_MORNING)


@router.post("/unplug")
def unplug(request: Request) -> Response:
    """Ask to take the ERP off the network."""
    return _ask(request, DemoVerb.UNPLUG)


@router.post("/plug")
def plug(request: Request) -> Response:
    """Ask to connect the ERP again."""
    return _ask(request, DemoVerb.PLUG)


@router.post("/reset")
def reset(request: Request) -> Response:
    """Ask for a fresh start, and show a page that waits for it."""
    return go_to(request, f"/demo/reset/{_requested(request, DemoVerb.RESET)}")


@router.get("/reset/{request_id}")
def wait_for_reset(request: Request, request_id: UUID) -> Response:
    """Wait until the database that knows the request is gone, then go to the demo's page."""
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        if demo_requests.known(tx, request_id):
            return page(request, "demo_bar/anew.html", request_id=request_id)
    if request.headers.get("HX-Request") == "true":
        return Response(headers={"HX-Redirect": "/demo"})
    return go_to(request, "/demo")


def _ask(request: Request, verb: DemoVerb) -> Response:
    _ = gettext(request.state.viewer.locale)
    _requested(request, verb)
    back = own_address(urlsplit(request.headers.get("referer", "/")).path)
    return go_to(request, back, _("Asked for: %(what)s.") % {"what": _(VERBS[verb])}, "info")


def _requested(request: Request, verb: DemoVerb) -> UUID:
    database: Database = request.app.state.database
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        return demo_requests.ask(tx, verb)


PART: Final = Part("demo", (router,), bar=BAR)
