"""The same request twice has one effect: the answer is stored in the transaction that did the work, and replayed.

A key belongs to one client and one route. While the first request is still at work a second one is told so; a key used for
another input is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, insert, select, text

from purveyor.core.errors import PurveyorError
from purveyor.store.db import Tx
from purveyor.store.tables.flow import IDEMPOTENCY


class KeyInFlight(PurveyorError):
    """A request with this idempotency key is being worked on; ask again in a moment."""

    code = "idempotency_key_in_flight"


class KeyReused(PurveyorError):
    """This idempotency key was used for another request; use a new key for a new request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """One request's identity: who, where, under which key, and the hash of what was sent."""

    client: str
    route: str
    key: str
    input_hash: str


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """An answer as it went out: HTTP status, the headers that matter, the body."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def begin(tx: Tx, request: RequestKey) -> StoredResponse | None:
    """Return the stored answer to repeat, or None when the work is to be done now (then ``remember`` its answer).

    The key is held until the transaction ends. Raises KeyInFlight (409) and KeyReused (422).
    """
    held = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
    name = "\x1f".join(("idempotency", request.client, request.route, request.key))
    if not tx.conn.execute(held, {"key": name}).scalar_one():
        raise KeyInFlight(key=request.key)
    row = tx.conn.execute(select(IDEMPOTENCY).where(_same(request))).one_or_none()
    if row is None:
        return None
    if row.input_hash != request.input_hash:
        raise KeyReused(key=request.key)
    return StoredResponse(row.status, row.body, row.headers)


def remember(tx: Tx, request: RequestKey, response: StoredResponse) -> None:
    """Store the answer beside the work it is about; both are kept or neither."""
    values = {
        "client": request.client,
        "route": request.route,
        "key": request.key,
        "input_hash": request.input_hash,
        "status": response.status,
        "headers": dict(response.headers),
        "body": response.body,
        "stored_at": tx.real_now,
    }
    tx.conn.execute(insert(IDEMPOTENCY).values(**values))


def _same(request: RequestKey) -> ColumnElement[bool]:
    return and_(IDEMPOTENCY.c.client == request.client, IDEMPOTENCY.c.route == request.route, IDEMPOTENCY.c.key == request.key)
