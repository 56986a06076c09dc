"""Messages: everything Purveyor tells other systems, every attempt at it, and what to do with one that was given up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from purveyor.app import outbound
from purveyor.core.access import Permission
from purveyor.core.ids import MessageId
from purveyor.core.messaging import MessageKind
from purveyor.store import messages, orders
from purveyor.store.db import Tx
from purveyor.store.messages import Attempt, Message
from purveyor.web.api.common import Call, Limit, Reply, answer, api_router, write
from purveyor.web.api.v1.doors import house_posts, house_reads
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.paging import listing
from purveyor.web.api.wire import Page, Reason, Wire

router = api_router("/messages", "Messages")


class MessageState(StrEnum):
    """Where a message stands."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    SUPERSEDED = "superseded"


class MessageOut(Wire):
    """A message: what it asks for, of whom, by which channel, and where it stands; its identity stays over every attempt."""

    id: UUID
    kind: MessageKind
    state: MessageState
    subject_type: str
    subject_id: UUID
    order_id: UUID | None
    order_version: int | None
    channel: str
    partner: str
    idempotency_key: str
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    result: dict[str, Any] | None
    correlation_id: UUID
    created_at: datetime
    finished_at: datetime | None


class AttemptOut(Wire):
    """One attempt at a message."""

    number: int
    channel: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error: str | None


class MessageDetail(Wire):
    """A message with every attempt at it."""

    message: MessageOut
    attempts: list[AttemptOut]


class MessageList(Page):
    """Messages, the newest first."""

    items: list[MessageOut]


class SkipIn(Wire):
    """Why a message is not needed any more."""

    reason: Reason


@router.get("", **operation("list_messages", "List messages", Permission.MESSAGE_READ, MessageList, slo=LIST))
def list_messages(
    call: Annotated[Call, Depends(house_reads(Permission.MESSAGE_READ))],
    state: Annotated[tuple[MessageState, ...], Query(max_length=10)] = (),
    kind: Annotated[tuple[MessageKind, ...], Query(max_length=20)] = (),
    order_ref: Annotated[str | None, Query(pattern=r"^[A-Z0-9]{1,12}$")] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """List messages, the newest first; ``state=dead`` are those that were given up and wait for a person."""
    asked = listing(call, "-created")
    position = asked.behind(cursor)
    after = None if position is None else MessageId(UUID(position[0]))
    with call.reading() as tx:
        order_id = None if order_ref is None else orders.by_ref(tx, order_ref).id
        found = messages.listed(tx, state, kind, order_id, after=after, limit=limit)
    more = asked.cursor(str(found[-1].id)) if len(found) == limit else None
    return answer(call, Reply(MessageList(items=[_message(each) for each in found], next_cursor=more)))


@router.get("/{message_id}", **operation("get_message", "Read a message", Permission.MESSAGE_READ, MessageDetail))
def get_message(message_id: UUID, call: Annotated[Call, Depends(house_reads(Permission.MESSAGE_READ))]) -> Response:
    """Read a message with every attempt at it."""
    with call.reading() as tx:
        return answer(call, Reply(_detail(tx, messages.load(tx, MessageId(message_id)))))


@router.post(
    "/{message_id}/replay",
    **operation("replay_message", "Send a message again", Permission.MESSAGE_REPLAY, MessageDetail),
)
def replay_message(message_id: UUID, call: Annotated[Call, Depends(house_posts(Permission.MESSAGE_REPLAY))]) -> Response:
    """Send a message again that was given up, under its old identity: the other side can never act on it twice."""
    return write(call, lambda tx: Reply(_detail(tx, outbound.replay(tx, MessageId(message_id)))))


@router.post("/{message_id}/skip", **operation("skip_message", "Take a message back", Permission.MESSAGE_REPLAY, MessageDetail))
def skip_message(
    message_id: UUID, body: SkipIn, call: Annotated[Call, Depends(house_posts(Permission.MESSAGE_REPLAY))]
) -> Response:
    """Decide that a message is not needed any more; the reason is kept."""

    def work(tx: Tx) -> Reply:
        taken_back = outbound.skip(tx, MessageId(message_id), body.reason)
        return Reply(_detail(tx, messages.load(tx, taken_back.id)))

    return write(call, work)


def _detail(tx: Tx, message: Message) -> MessageDetail:
    return MessageDetail(message=_message(message), attempts=[_attempt(each) for each in messages.attempts_of(tx, message.id)])


def _message(message: Message) -> MessageOut:
    return MessageOut(
        id=message.id,
        kind=MessageKind(message.kind),
        state=MessageState(message.state),
        subject_type=message.subject_type,
        subject_id=message.subject_id,
        order_id=message.about.order_id,
        order_version=message.about.order_version,
        channel=message.channel,
        partner=message.partner_key,
        idempotency_key=message.idempotency_key,
        attempts=message.attempts,
        next_attempt_at=message.next_attempt_at,
        last_error=message.last_error,
        result=None if message.result is None else dict(message.result),
        correlation_id=message.correlation_id,
        created_at=message.created_at,
        finished_at=message.finished_at,
    )


def _attempt(attempt: Attempt) -> AttemptOut:
    return AttemptOut(
        number=attempt.number,
        channel=attempt.channel,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        outcome=attempt.outcome,
        error=attempt.error,
    )
