"""Documents from outside: each one is kept once, by source, external id and revision, and applied once.

A supplier's command lands here under the supplier's own scope; the product applies it under its own. Duplicates are
recognised whatever channel they come through, as long as the sender's id is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.access import ScopeKind
from purveyor.core.canonical import Json, digest
from purveyor.core.errors import NotFound
from purveyor.store.db import Tx
from purveyor.store.tables.flow import INBOX


@dataclass(frozen=True, slots=True)
class Inbound:
    """A document as it came in. ``source`` names the sender and his system, ``external_id`` is his id for it.

    ``revision`` counts his corrections; ``sent_at`` is his clock.
    """

    source: str
    external_id: str
    kind: str
    payload: Mapping[str, Json]
    revision: int = 0
    sent_at: datetime | None = None
    order_id: UUID | None = None
    business_unit_id: UUID | None = None
    supplier_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a document at the door. ``fresh``: never seen before; ``same_content``: a true duplicate or fresh."""

    id: UUID
    fresh: bool
    same_content: bool


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One document in the inbox; ``applied_at`` is empty until its effect stands in the database."""

    id: UUID
    document: Inbound
    received_at: datetime
    applied_at: datetime | None
    outcome: str | None


def receive(tx: Tx, document: Inbound) -> Received:
    """Keep a document unless it is here already; works under a supplier's scope as well as under the product's."""
    content = digest(document.payload)
    entry_id = tx.new_id()
    values: dict[str, Any] = {
        "id": entry_id,
        "source": document.source,
        "external_id": document.external_id,
        "revision": document.revision,
        "kind": document.kind,
        "content_digest": content,
        "payload": dict(document.payload),
        "sent_at": document.sent_at,
        "received_at": tx.now,
        "order_id": document.order_id,
        "supplier_id": document.supplier_id,
    }
    if tx.scope.kind is not ScopeKind.SUPPLIER:
        values["business_unit_id"] = document.business_unit_id
    added = insert(INBOX).values(**values).on_conflict_do_nothing()
    if tx.conn.execute(added, execution_options={"preserve_rowcount": True}).rowcount == 1:
        return Received(entry_id, fresh=True, same_content=True)
    known = tx.conn.execute(select(INBOX.c.id, INBOX.c.content_digest).where(_same(document))).one_or_none()
    if known is None:  # another supplier's document has this identity: nothing may be told about it
        raise NotFound(external_id=document.external_id)
    return Received(known.id, fresh=False, same_content=known.content_digest == content)


def lock(tx: Tx, entry_id: UUID) -> InboxEntry:
    """Load a document for applying it and hold it until the transaction ends; raises NotFound."""
    row = tx.conn.execute(select(INBOX).where(INBOX.c.id == entry_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(inbox=entry_id)
    return _from_row(row)


def mark_applied(tx: Tx, entry_id: UUID, outcome: str) -> bool:
    """Record that a document took effect (or was refused, with the code); False when that had been recorded before."""
    open_one = and_(INBOX.c.id == entry_id, INBOX.c.applied_at.is_(None))
    return tx.conn.execute(update(INBOX).where(open_one).values(applied_at=tx.now, outcome=outcome)).rowcount == 1


def waiting(tx: Tx, older_than: timedelta = timedelta(0), limit: int = 200) -> list[InboxEntry]:
    """Return documents that were received but not applied, oldest first (a process died in between)."""
    unapplied = and_(INBOX.c.applied_at.is_(None), INBOX.c.received_at <= tx.now - older_than)
    return [_from_row(row) for row in tx.conn.execute(select(INBOX).where(unapplied).order_by(INBOX.c.id).limit(limit))]


def of_order(tx: Tx, order_id: UUID) -> list[InboxEntry]:
    """Return the documents that came in about an order, oldest first."""
    return [_from_row(row) for row in tx.conn.execute(select(INBOX).where(INBOX.c.order_id == order_id).order_by(INBOX.c.id))]


def _same(document: Inbound) -> ColumnElement[bool]:
    return and_(
        INBOX.c.source == document.source,
        INBOX.c.external_id == document.external_id,
        INBOX.c.revision == document.revision,
    )


def _from_row(row: Row[Any]) -> InboxEntry:
    document = Inbound(
        source=row.source,
        external_id=row.external_id,
        kind=row.kind,
        payload=row.payload,
        revision=row.revision,
        sent_at=row.sent_at,
        order_id=row.order_id,
        business_unit_id=row.business_unit_id,
        supplier_id=row.supplier_id,
    )
    return InboxEntry(row.id, document, row.received_at, row.applied_at, row.outcome)
