"""A small part with one list and one command, as the routes of the API are written; exists only in tests."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import SYSTEM_SCOPE, Permission
from purveyor.core.errors import StaleVersion
from purveyor.store import logins
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Limit, Reply, SeenVersion, answer, api_router, posts, reads, write
from purveyor.web.api.wire import DecimalText, Moment, Name, Page, Wire
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.navigation import Part
from purveyor.web.problems import problem_of
from purveyor.web.refusals import NotSignedIn
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

router = api_router("/samples", "Samples")
pages = page_router("/samples")


class SampleIn(Wire):
    """What a client sends."""

    name: Name
    quantity: DecimalText
    at: Moment | None = None


class Sample(Wire):
    """What a client gets back."""

    name: str
    quantity: DecimalText


class SampleList(Page):
    """Names, in order."""

    items: list[str]


@router.get("")
def list_samples(
    request: Request,
    call: Annotated[Call, Depends(reads(Permission.ORDER_READ))],
    limit: Limit = 2,
    cursor: str | None = None,
    letter: str = "",
) -> Response:
    """List five names by keyset."""
    bound = list_identity(call.actor, request.url.path, "name", {"letter": letter})
    after = unseal(request, bound, cursor)
    names = [name for name in "abcde" if after is None or name > after[0]]
    shown = names[:limit]
    more = seal(request, bound, (shown[-1],)) if len(names) > limit else None
    return answer(call, Reply(SampleList(items=shown, next_cursor=more), version=7))


@router.post("", status_code=201)
def add_sample(body: SampleIn, call: Annotated[Call, Depends(posts(Permission.ORDER_WRITE))]) -> Response:
    """Add a client of that name: an effect that can be counted."""

    def work(tx: Tx) -> Reply:
        logins.add_client(tx, body.name)
        return Reply(Sample(name=body.name, quantity=body.quantity), 201, version=1, location=f"/v1/samples/{body.name}")

    return write(call, work, SYSTEM_SCOPE)


@router.post("/{name}/close")
def close_sample(name: str, version: SeenVersion, call: Annotated[Call, Depends(posts(Permission.ORDER_WRITE))]) -> Response:
    """Close version 3 and no other."""

    def work(tx: Tx) -> Reply:
        if version != 3:
            raise StaleVersion(seen=version, current=3)
        return Reply(Sample(name=name, quantity=Decimal(1)), version=4)

    return write(call, work)


@pages.get("/mine")
def mine(request: Request, actor: SignedIn) -> Response:
    """A page for people who are signed in."""
    actor.require(Permission.ORDER_READ)
    return page(request, "layouts/problem.html", problem=problem_of(NotSignedIn()), trace_id="", back="/")


@pages.get("/broken")
def broken() -> Response:
    """A page with a fault in it."""
    raise ZeroDivisionError


PART: Final = Part("samples", (router, pages))
