"""What every route of the API shares: who calls, versions in headers, answers, and POSTs that may be repeated.

A POST runs in one transaction together with the answer it gave; the same key gives the same answer again, and the same key
with another body is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import SYSTEM, Actor, Permission, Scope
from purveyor.core.errors import StaleVersion
from purveyor.store import idempotency, logins
from purveyor.store.db import Database, Tx
from purveyor.web.api.quota import Quota
from purveyor.web.cursors import LARGEST_PAGE
from purveyor.web.refusals import KeyRefused, KeyRequired, UnknownParameter, VersionRequired

KEY_LENGTH: Final = 200
_ETAG: Final = re.compile(r'"(\d{1,9})"')

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
"""How many rows a page of a list holds at most; declare it as ``limit: Limit = 50``."""


@dataclass(frozen=True)
class Call:
    """One call of a client: who it is, and what makes a repeat of it recognisable."""

    request: Request
    actor: Actor
    key: str | None = None
    digest: str = ""

    @property
    def database(self) -> Database:
        """The database of this installation."""
        database: Database = self.request.app.state.database
        return database

    @property
    def route(self) -> str:
        """Method and path pattern of the route."""
        return f"{self.request.method} {self.request.scope['route'].path}"

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Open a transaction that sees what the client may see and writes nothing."""
        with self.database.read(self.actor, correlation_id=self.request.state.correlation_id, source="api") as tx:
            yield tx


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route answers: a document, its version (sent as ETag) and where it can be found."""

    body: BaseModel
    status: int = 200
    version: int | None = None
    location: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that belong to the document."""
        given = {"ETag": None if self.version is None else f'"{self.version}"', "Location": self.location}
        return {name: value for name, value in given.items() if value is not None}


def api_router(prefix: str, tag: str) -> APIRouter:
    """Return a router below ``/v1``."""
    return APIRouter(prefix=f"/v1{prefix}", tags=[tag])


def client(request: Request) -> Actor:
    """Return the client that the bearer key belongs to; raise KeyRefused, TooManyTries. Cookies count for nothing here."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise KeyRefused
    database: Database = request.app.state.database
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="api") as tx:
        actor = logins.resolve_key(tx, key.strip())
    if actor is None:
        raise KeyRefused
    quota: Quota = request.app.state.quota
    quota.count(actor)
    return actor


async def body_digest(request: Request) -> str:
    """Return the hash of what is asked: address, version and body."""
    parts = (request.url.path, request.url.query, request.headers.get("if-match", ""))
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + await request.body()).hexdigest()


def reads(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route that reads: ``call: Annotated[Call, Depends(reads(Permission.ORDER_READ))]``.

    Raises UnknownParameter for a parameter the route does not declare: a misspelt filter would list what nobody asked for.
    """

    def allowed(request: Request, actor: Annotated[Actor, Depends(client)]) -> Call:
        actor.require(permission)
        declared = _parameters(request.scope["route"].dependant)
        for name in request.query_params:
            if name not in declared:
                raise UnknownParameter(parameter=name, known=", ".join(sorted(declared)))
        return Call(request, actor)

    return allowed


def _parameters(dependant: Dependant) -> frozenset[str]:
    """Return the names of the query parameters that a route and what it depends on declare."""
    own = frozenset(field.alias for field in dependant.query_params)
    return own.union(*(_parameters(each) for each in dependant.dependencies))


def posts(permission: Permission) -> Callable[..., Call]:
    """Return the dependency of a route that changes something; raises KeyRequired without an Idempotency-Key."""

    def allowed(
        request: Request,
        actor: Annotated[Actor, Depends(client)],
        digest: Annotated[str, Depends(body_digest)],
        idempotency_key: Annotated[str | None, Header(max_length=KEY_LENGTH)] = None,
    ) -> Call:
        actor.require(permission)
        if not idempotency_key:
            raise KeyRequired
        return Call(request, actor, idempotency_key, digest)

    return allowed


def seen_version(if_match: Annotated[str | None, Header()] = None) -> int:
    """Return the version the client saw; raise VersionRequired without If-Match, StaleVersion when it is no version of ours."""
    if if_match is None:
        raise VersionRequired
    version = _ETAG.fullmatch(if_match.strip())
    if version is None:
        raise StaleVersion(sent=if_match)
    return int(version.group(1))


SeenVersion = Annotated[int, Depends(seen_version)]
"""The version in If-Match: ``version: SeenVersion``."""


def answer(call: Call, reply: Reply) -> Response:
    """Answer a read; 304 when the client already has this version."""
    tag = reply.headers.get("ETag")
    if tag is not None and tag == call.request.headers.get("if-none-match"):
        return Response(status_code=304, headers=reply.headers)
    return _response(reply.status, reply.headers, reply.body.model_dump_json())


def write(call: Call, work: Callable[[Tx], Reply], scope: Scope | None = None) -> Response:
    """Do the work once for the client's key, in one transaction with the answer that is kept for repeats.

    Raises what ``work`` raises (nothing is kept then), KeyInFlight while the first call runs, KeyReused for another body.
    """
    assert call.key is not None, "routes that write depend on posts()"
    asked = idempotency.RequestKey(client=str(call.actor.id), route=call.route, key=call.key, input_hash=call.digest)
    correlation = call.request.state.correlation_id
    with call.database.transaction(call.actor, scope, correlation, source="api") as tx:
        stored = idempotency.begin(tx, asked)
        if stored is not None:
            return _response(stored.status, {**stored.headers, "Idempotency-Replayed": "true"}, stored.body)
        reply = work(tx)
        body = reply.body.model_dump_json()
        idempotency.remember(tx, asked, idempotency.StoredResponse(reply.status, body, reply.headers))
    return _response(reply.status, reply.headers, body)


def _response(status: int, headers: Mapping[str, str], body: str) -> Response:
    return Response(body, status, headers, media_type="application/json")
