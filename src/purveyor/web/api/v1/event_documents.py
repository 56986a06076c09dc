"""How events look in answers: ids, codes, numbers and digests, in the order in which they were recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from purveyor.core.events.base import Ref
from purveyor.store.events import RecordedEvent
from purveyor.web.api.wire import Wire


class RefOut(Wire):
    """A pointer to one thing: its type word and id."""

    type: str
    id: UUID


class EventOut(Wire):
    """One event of the log. ``hash`` closes the chain of its stream up to here; ``reason`` is absent once it was erased."""

    id: UUID
    stream: RefOut
    position: int
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    actor_kind: str
    actor_id: UUID | None
    on_behalf_of: UUID | None
    source: str
    correlation_id: UUID
    cause_id: UUID | None
    reason: str | None
    policy_set: str | None
    refs: list[RefOut]
    payload: dict[str, Any]
    hash: str


def event_out(event: RecordedEvent) -> EventOut:
    """Return an event for the wire."""
    return EventOut(
        id=event.id,
        stream=_ref(event.stream),
        position=event.position,
        type=event.type,
        schema_version=event.schema,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        on_behalf_of=event.on_behalf_of,
        source=event.source,
        correlation_id=event.correlation_id,
        cause_id=event.cause_id,
        reason=event.reason,
        policy_set=event.policy_set,
        refs=[_ref(ref) for ref in event.refs],
        payload=event.payload,
        hash=event.hash,
    )


def _ref(ref: Ref) -> RefOut:
    return RefOut(type=ref.type, id=ref.id)
