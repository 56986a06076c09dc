"""Outbound messages: the business record of every send, and the lease under which one worker makes it.

claim (one transaction) -> call the partner (no transaction) -> finish or fail (one transaction, only with the lease's own
token). Waits and leases use real time. What follows a failure is decided in core.messaging; here it is written down.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.canonical import Json
from purveyor.core.errors import NotFound, PurveyorError
from purveyor.core.ids import MessageId
from purveyor.core.messaging import AfterFailure, Step
from purveyor.store import jobs
from purveyor.store.db import Tx
from purveyor.store.jobs import NewJob
from purveyor.store.tables.flow import MESSAGE, MESSAGE_ATTEMPT

LEASE: Final = timedelta(seconds=30)
PROMOTED_AT_ONCE: Final = 500
QUEUED_TOO_LONG: Final = timedelta(minutes=5)
TURN_WAIT: Final = timedelta(seconds=1)
UNSURE: Final = ("lost", "unknown")


class LeaseLost(PurveyorError):
    """Another worker has taken this message over; its outcome counts, not yours."""

    code = "lease_lost"


class NotReplayable(PurveyorError):
    """Only a message that was given up can be sent again by hand."""

    code = "not_replayable"


@dataclass(frozen=True, slots=True)
class About:
    """What a message belongs to, so that pages and row security find it."""

    order_id: UUID | None = None
    order_version: int | None = None
    business_unit_id: UUID | None = None
    supplier_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One outbound message. ``attempts`` counts the failures on the present channel; times are real time."""

    id: MessageId
    kind: str
    subject_type: str
    subject_id: UUID
    about: About
    channel: str
    partner_key: str
    payload: Mapping[str, Json]
    idempotency_key: str
    state: str
    attempts: int
    next_attempt_at: datetime
    last_error: str | None
    result: Mapping[str, Json] | None
    correlation_id: UUID
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to make one attempt. ``unsure``: an earlier attempt may have reached the partner; look it up first."""

    message: Message
    token: UUID
    number: int
    unsure: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a message, for its history.

    ``outcome`` is done, retry, next_channel, dead, postponed, withdrawn, lost or unknown.
    """

    number: int
    channel: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error: str | None


def claim(tx: Tx, message_id: MessageId, *, lease: timedelta = LEASE, at_once: int | None = None) -> Claim | None:
    """Lease a message that is ready for one attempt; None when it is not its turn (done, leased, waiting, superseded).

    A message waits for earlier ones about the same document to the same partner, and while ``at_once`` others are leased
    for that partner; the timer loop brings it back.
    """
    ready = and_(MESSAGE.c.id == message_id, MESSAGE.c.state == "ready", MESSAGE.c.next_attempt_at <= tx.real_now)
    row = tx.conn.execute(select(MESSAGE).where(ready).with_for_update(skip_locked=True)).one_or_none()
    if row is None:
        return None
    if _must_wait(tx, row, at_once):
        _set(tx, message_id, queued_at=None, next_attempt_at=tx.real_now + TURN_WAIT)
        return None
    token = tx.new_id()
    _set(tx, message_id, state="leased", lease_token=token, lease_until=tx.real_now + lease, queued_at=None)
    number, unsure = _begin_attempt(tx, message_id, row.channel)
    return Claim(_from_row(row), token, number, unsure)


def renew(tx: Tx, held: Claim, lease: timedelta = LEASE) -> None:
    """Keep the lease while the partner is slow; raises LeaseLost."""
    _settle(tx, held, lease_until=tx.real_now + lease)


def finish(tx: Tx, held: Claim, result: Mapping[str, Json] | None = None) -> None:
    """Record that the partner has it; raises LeaseLost when another worker took over (then its outcome counts)."""
    _settle(tx, held, state="done", result=dict(result or {}), finished_at=tx.real_now, last_error=None, **_RELEASED)
    _end_attempt(tx, held, "done", None)


def fail(tx: Tx, held: Claim, decision: AfterFailure, error: str, *, unknown: bool = False) -> None:
    """Record a failed attempt and what follows: wait, the next channel, or dead (a person's).

    ``unknown``: the answer was lost, so the next attempt must look our reference up first. Raises LeaseLost.
    """
    match decision.step:
        case Step.RETRY:
            later = tx.real_now + decision.wait
            changes: dict[str, Any] = {"state": "ready", "attempts": MESSAGE.c.attempts + 1, "next_attempt_at": later}
        case Step.NEXT_CHANNEL:
            changes = {"state": "ready", "attempts": 0, "channel": decision.channel, "next_attempt_at": tx.real_now}
        case Step.DEAD:
            changes = {"state": "dead", "attempts": MESSAGE.c.attempts + 1, "finished_at": tx.real_now}
    _settle(tx, held, last_error=error, **changes, **_RELEASED)
    _end_attempt(tx, held, "unknown" if unknown else decision.step.value, error)


def withdraw(tx: Tx, held: Claim) -> None:
    """Take a claimed message back unsent, because nobody wants it any more. Raises LeaseLost."""
    _settle(tx, held, state="superseded", finished_at=tx.real_now, **_RELEASED)
    _end_attempt(tx, held, "withdrawn", None)


def postpone(tx: Tx, held: Claim, wait: timedelta, reason: str) -> None:
    """Give the message back without counting an attempt, because the partner is known to be away. Raises LeaseLost."""
    _settle(tx, held, state="ready", next_attempt_at=tx.real_now + wait, last_error=reason, **_RELEASED)
    _end_attempt(tx, held, "postponed", reason)


def kill(tx: Tx, message_id: MessageId, error: str) -> None:
    """Give a message up whoever holds it, for example when it took its worker down again and again."""
    open_one = and_(MESSAGE.c.id == message_id, MESSAGE.c.state.in_(("ready", "leased")))
    changes = {"state": "dead", "last_error": error, "finished_at": tx.real_now, **_RELEASED}
    tx.conn.execute(update(MESSAGE).where(open_one).values(**changes))


def replay(tx: Tx, message_id: MessageId) -> Message:
    """Send a message again that was given up, under its old idempotency key; raises NotFound and NotReplayable."""
    row = tx.conn.execute(select(MESSAGE).where(MESSAGE.c.id == message_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(message=message_id)
    if row.state != "dead":
        raise NotReplayable(message=message_id, state=row.state)
    now = tx.real_now
    _set(tx, message_id, state="ready", attempts=0, next_attempt_at=now, queued_at=now, finished_at=None)
    jobs.enqueue_many(tx, [_sending_job(row.kind, message_id)])
    return load(tx, message_id)


def supersede(tx: Tx, order_id: UUID, kinds: Sequence[str], before_version: int) -> list[MessageId]:
    """Take back messages about older versions of an order that nobody is sending at this moment; return which.

    One whose answer was lost keeps its turn, so that the partner is asked what it holds; nothing old is written then.
    """
    older = and_(MESSAGE.c.order_id == order_id, MESSAGE.c.kind.in_(kinds), MESSAGE.c.order_version < before_version)
    doubtful = exists(select(MESSAGE_ATTEMPT.c.message_id).where(MESSAGE_ATTEMPT.c.message_id == MESSAGE.c.id, in_doubt()))
    waiting = and_(older, or_(MESSAGE.c.state == "dead", and_(MESSAGE.c.state == "ready", ~doubtful)))
    taken = update(MESSAGE).where(waiting).values(state="superseded", finished_at=tx.real_now)
    return [MessageId(found) for found in tx.conn.scalars(taken.returning(MESSAGE.c.id))]


def promote_due(tx: Tx, limit: int = PROMOTED_AT_ONCE) -> int:
    """Queue the jobs of messages whose wait is over; return how many."""
    waiting = and_(MESSAGE.c.state == "ready", MESSAGE.c.queued_at.is_(None), MESSAGE.c.next_attempt_at <= tx.real_now)
    due = select(MESSAGE.c.id).where(waiting).order_by(MESSAGE.c.next_attempt_at).limit(limit)
    locked = due.with_for_update(skip_locked=True).scalar_subquery()
    taken = update(MESSAGE).where(MESSAGE.c.id.in_(locked)).values(queued_at=tx.real_now)
    rows = tx.conn.execute(taken.returning(MESSAGE.c.kind, MESSAGE.c.id, MESSAGE.c.traceparent)).all()
    jobs.enqueue_many(tx, [_sending_job(row.kind, row.id, row.traceparent) for row in sorted(rows, key=lambda row: row.id)])
    return len(rows)


def free_expired(tx: Tx) -> int:
    """Take back messages whose worker let its lease run out, and those whose job got lost; return how many leases."""
    expired = and_(MESSAGE.c.state == "leased", MESSAGE.c.lease_until < tx.real_now)
    why = "the worker that was sending this is gone"
    back = {"state": "ready", "attempts": MESSAGE.c.attempts + 1, "last_error": why, "next_attempt_at": tx.real_now}
    freed = tx.conn.execute(update(MESSAGE).where(expired).values(**back, **_RELEASED).returning(MESSAGE.c.id)).all()
    open_attempts = and_(MESSAGE_ATTEMPT.c.message_id.in_([row.id for row in freed]), MESSAGE_ATTEMPT.c.outcome.is_(None))
    lost = {"outcome": "lost", "finished_at": tx.real_now, "error": why}
    tx.conn.execute(update(MESSAGE_ATTEMPT).where(open_attempts).values(**lost))
    forgotten = and_(MESSAGE.c.state == "ready", MESSAGE.c.queued_at < tx.real_now - QUEUED_TOO_LONG)
    tx.conn.execute(update(MESSAGE).where(forgotten).values(queued_at=None))
    return len(freed)


def load(tx: Tx, message_id: MessageId) -> Message:
    """Return one message; raises NotFound."""
    row = tx.conn.execute(select(MESSAGE).where(MESSAGE.c.id == message_id)).one_or_none()
    if row is None:
        raise NotFound(message=message_id)
    return _from_row(row)


def of_order(tx: Tx, order_id: UUID) -> list[Message]:
    """Return an order's messages, oldest first."""
    return _list(tx, MESSAGE.c.order_id == order_id)


def of_subject(tx: Tx, subject_type: str, subject_id: UUID) -> list[Message]:
    """Return the messages about one document, oldest first."""
    return _list(tx, and_(MESSAGE.c.subject_type == subject_type, MESSAGE.c.subject_id == subject_id))


def dead(tx: Tx, limit: int = 200) -> list[Message]:
    """Return messages that were given up and wait for a person, oldest first."""
    return _list(tx, MESSAGE.c.state == "dead", limit)


def listed(
    tx: Tx,
    states: Collection[str] = (),
    kinds: Collection[str] = (),
    order_id: UUID | None = None,
    *,
    supplier_id: UUID | None = None,
    after: MessageId | None = None,
    limit: int = 50,
) -> list[Message]:
    """Return messages of this scope, the newest first; ``after`` continues behind the last one seen."""
    asked: list[ColumnElement[bool]] = [] if after is None else [MESSAGE.c.id < after]
    asked += [MESSAGE.c.state.in_(sorted(states))] if states else []
    asked += [MESSAGE.c.kind.in_(sorted(kinds))] if kinds else []
    asked += [MESSAGE.c.order_id == order_id] if order_id is not None else []
    asked += [MESSAGE.c.supplier_id == supplier_id] if supplier_id is not None else []
    query = select(MESSAGE).where(*asked).order_by(MESSAGE.c.id.desc()).limit(limit)
    return [_from_row(row) for row in tx.conn.execute(query)]


def attempts_of(tx: Tx, message_id: MessageId) -> list[Attempt]:
    """Return the history of attempts at a message."""
    query = select(MESSAGE_ATTEMPT).where(MESSAGE_ATTEMPT.c.message_id == message_id).order_by(MESSAGE_ATTEMPT.c.number)
    return [
        Attempt(row.number, row.channel, row.started_at, row.finished_at, row.outcome, row.error)
        for row in tx.conn.execute(query)
    ]


def waiting_by_partner(tx: Tx) -> dict[str, int]:
    """Return how many messages are ready or being sent, by partner."""
    still_open = MESSAGE.c.state.in_(("ready", "leased"))
    query = select(MESSAGE.c.partner_key, func.count()).where(still_open).group_by(MESSAGE.c.partner_key)
    return {row[0]: row[1] for row in tx.conn.execute(query)}


_RELEASED: Final[dict[str, None]] = {"lease_token": None, "lease_until": None, "queued_at": None}


def _must_wait(tx: Tx, row: Row[Any], at_once: int | None) -> bool:
    """Say whether an earlier message goes first or the partner has enough at once."""
    earlier = and_(
        MESSAGE.c.partner_key == row.partner_key,
        MESSAGE.c.subject_type == row.subject_type,
        MESSAGE.c.subject_id == row.subject_id,
        MESSAGE.c.id < row.id,
        MESSAGE.c.state.in_(("ready", "leased")),
    )
    leased = and_(MESSAGE.c.partner_key == row.partner_key, MESSAGE.c.state == "leased", MESSAGE.c.lease_until > tx.real_now)
    in_use = select(func.count()).select_from(MESSAGE).where(leased).scalar_subquery()
    blocked: ColumnElement[bool] = exists(select(MESSAGE.c.id).where(earlier))
    if at_once is not None:
        blocked = or_(blocked, in_use >= at_once)
    return bool(tx.conn.execute(select(blocked)).scalar_one())


def _begin_attempt(tx: Tx, message_id: MessageId, channel: str) -> tuple[int, bool]:
    """Write the attempt down; return its number and whether any before it may have reached the partner unnoticed.

    Doubt stays until the message ends: a try that was postponed or refused in between has answered nothing.
    """
    ours = MESSAGE_ATTEMPT.c.message_id == message_id
    doubtful = func.coalesce(func.bool_or(in_doubt()), False)
    before = tx.conn.execute(select(func.coalesce(func.max(MESSAGE_ATTEMPT.c.number), 0), doubtful).where(ours)).one()
    number, unsure = before[0] + 1, before[1]
    values = {"message_id": message_id, "number": number, "channel": channel, "started_at": tx.real_now}
    tx.conn.execute(insert(MESSAGE_ATTEMPT).values(**values))
    return number, unsure


def in_doubt() -> ColumnElement[bool]:
    """The condition of an attempt whose outcome nobody knows: its answer was lost, or its worker."""
    return or_(MESSAGE_ATTEMPT.c.outcome.is_(None), MESSAGE_ATTEMPT.c.outcome.in_(UNSURE))


def _end_attempt(tx: Tx, held: Claim, outcome: str, error: str | None) -> None:
    ours = and_(MESSAGE_ATTEMPT.c.message_id == held.message.id, MESSAGE_ATTEMPT.c.number == held.number)
    values = {"outcome": outcome, "finished_at": tx.real_now, "error": error}
    tx.conn.execute(update(MESSAGE_ATTEMPT).where(ours).values(**values))


def _settle(tx: Tx, held: Claim, **changes: Any) -> None:
    """Change a leased message, but only under the claim's own token (fencing)."""
    ours = and_(MESSAGE.c.id == held.message.id, MESSAGE.c.lease_token == held.token)
    if tx.conn.execute(update(MESSAGE).where(ours).values(**changes)).rowcount != 1:
        raise LeaseLost(message=held.message.id)


def _set(tx: Tx, message_id: MessageId, **changes: Any) -> None:
    tx.conn.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(**changes))


def _sending_job(kind: str, message_id: UUID, first_asked: str | None = None) -> NewJob:
    return NewJob(kind, f"message:{message_id}", {"message_id": str(message_id)}, looks_back_to=first_asked)


def _list(tx: Tx, chosen: ColumnElement[bool], limit: int = 1000) -> list[Message]:
    return [_from_row(row) for row in tx.conn.execute(select(MESSAGE).where(chosen).order_by(MESSAGE.c.id).limit(limit))]


def _from_row(row: Row[Any]) -> Message:
    return Message(
        id=MessageId(row.id),
        kind=row.kind,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        about=About(row.order_id, row.order_version, row.business_unit_id, row.supplier_id),
        channel=row.channel,
        partner_key=row.partner_key,
        payload=row.payload,
        idempotency_key=row.idempotency_key,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        result=row.result,
        correlation_id=row.correlation_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
