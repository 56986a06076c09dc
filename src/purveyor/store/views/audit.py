"""Search the event log as an auditor does: by order, document, person, type of event, period and correlation id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true

from purveyor.core.errors import NotFound
from purveyor.core.events.base import Ref
from purveyor.store.db import Tx
from purveyor.store.events import Cursor, RecordedEvent, newest
from purveyor.store.tables.goods import SHIP_NOTICE
from purveyor.store.tables.invoices import INVOICE
from purveyor.store.tables.log import EVENT, EVENT_REF
from purveyor.store.tables.parties import APP_USER

THINGS: Final = (
    *("order", "change_order", "approval_chain", "acknowledgment", "ship_notice", "receipt", "movement", "invoice", "exception"),
    *(
        "message",
        "document",
        "quarantine",
        "delegation",
        "supplier",
        "item",
        "site",
        "user",
        "api_client",
        "policy",
        "erp_feed",
        "audit",
    ),
)
"""What streams and references of events are called; naming them all lets their indexes find a bare id."""


@dataclass(frozen=True, slots=True)
class EventSearch:
    """What is searched for; None searches for anything. ``end`` itself does not belong to the period."""

    order_id: UUID | None = None
    documents: tuple[UUID, ...] | None = None
    person_id: UUID | None = None
    type: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    correlation_id: UUID | None = None


def search_events(tx: Tx, wanted: EventSearch, before: Cursor | None = None, limit: int = 50) -> list[RecordedEvent]:
    """Return the events that fit, the newest first, inside the reader's scope."""
    return newest(tx, _condition(wanted), before, limit)


def event_by_id(tx: Tx, event_id: UUID) -> RecordedEvent:
    """Return one event; raise NotFound, also when it is outside the reader's scope."""
    found = newest(tx, EVENT.c.id == event_id, limit=1)
    if not found:
        raise NotFound(event=event_id)
    return found[0]


def neighbour(tx: Tx, stream: Ref, position: int) -> UUID | None:
    """Return the id of the event at a place of a stream, None when nothing is there."""
    return tx.conn.scalar(
        select(EVENT.c.id).where(EVENT.c.stream_type == stream.type, EVENT.c.stream_id == stream.id, EVENT.c.position == position)
    )


def documents_called(tx: Tx, number: str) -> tuple[UUID, ...]:
    """Return the invoices and ship notices with exactly this number."""
    found: list[UUID] = []
    for table in (INVOICE, SHIP_NOTICE):
        found += tx.conn.scalars(select(table.c.id).where(table.c.number == number))
    return tuple(found)


def person_called(tx: Tx, login: str) -> UUID | None:
    """Return the id of the person with this sign-in name, None when there is nobody."""
    return tx.conn.scalar(select(APP_USER.c.id).where(APP_USER.c.login == login))


def _condition(wanted: EventSearch) -> ColumnElement[bool]:
    chosen: list[ColumnElement[bool]] = [true()]
    if wanted.order_id is not None:
        chosen.append(_about(("order",), (wanted.order_id,)))
    if wanted.documents is not None:
        chosen.append(_about(THINGS, wanted.documents))
    if wanted.person_id is not None:
        chosen.append(or_(EVENT.c.actor_id == wanted.person_id, EVENT.c.on_behalf_of == wanted.person_id))
    if wanted.type is not None:
        chosen.append(EVENT.c.type == wanted.type)
    if wanted.start is not None:
        chosen.append(EVENT.c.occurred_at >= wanted.start)
    if wanted.end is not None:
        chosen.append(EVENT.c.occurred_at < wanted.end)
    if wanted.correlation_id is not None:
        chosen.append(EVENT.c.correlation_id == wanted.correlation_id)
    return and_(*chosen)


def _about(types: tuple[str, ...], ids: tuple[UUID, ...]) -> ColumnElement[bool]:
    referring = select(EVENT_REF.c.event_id).where(EVENT_REF.c.ref_type.in_(types), EVENT_REF.c.ref_id.in_(ids))
    return or_(and_(EVENT.c.stream_type.in_(types), EVENT.c.stream_id.in_(ids)), EVENT.c.id.in_(referring))
