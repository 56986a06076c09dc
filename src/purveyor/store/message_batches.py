"""Outbound messages by the hundred: the same steps as in store/messages, in a fixed number of statements per batch.

For loads and for workers that write to one partner in batches. A batch claims only messages that are the first about their
document to that partner; the others take the single way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.canonical import Json
from purveyor.core.errors import NotFound
from purveyor.core.ids import MessageId
from purveyor.core.messaging import Outbound
from purveyor.spans import traceparent
from purveyor.store import jobs
from purveyor.store.db import Tx
from purveyor.store.jobs import NewJob
from purveyor.store.json_types import dump_json
from purveyor.store.messages import LEASE, About, Claim, LeaseLost, Message, NotReplayable, in_doubt
from purveyor.store.tables.flow import MESSAGE, MESSAGE_ATTEMPT


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to be queued, with ids for its payload and what it belongs to."""

    outbound: Outbound
    payload: Mapping[str, Json]
    about: About


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that is recorded; ``added`` is False when its key was known and nothing was queued."""

    id: MessageId
    added: bool


def queue_many(tx: Tx, new: Sequence[NewMessage]) -> list[Queued]:
    """Record messages and queue the jobs that send them; a key that is known keeps its message. Results in the same order."""
    if not new:
        return []
    rows = [_row(tx, one) for one in new]
    statement = upsert(MESSAGE).on_conflict_do_nothing(index_elements=["idempotency_key"])
    tx.conn.execute(statement, rows)
    by_key = select(MESSAGE.c.idempotency_key, MESSAGE.c.id).where(MESSAGE.c.idempotency_key == func.any(bindparam("keys")))
    found = {row[0]: row[1] for row in tx.conn.execute(by_key, {"keys": [row["idempotency_key"] for row in rows]})}
    jobs.enqueue_many(tx, [sending_job(row["kind"], row["id"]) for row in rows if found[row["idempotency_key"]] == row["id"]])
    return [Queued(MessageId(found[key]), found[key] == row["id"]) for row in rows for key in (row["idempotency_key"],)]


def queue_again(tx: Tx, message_id: MessageId, payload: Mapping[str, Json]) -> bool:
    """Send a message that has ended once more, under its old identity; False when it is still on its way.

    Waits for a worker that is just deciding whether to send it: what he takes back in that moment is queued again here.
    """
    row = tx.conn.execute(select(MESSAGE.c.kind, MESSAGE.c.state).where(MESSAGE.c.id == message_id).with_for_update()).one()
    if row.state in ("ready", "leased"):
        return False
    now = tx.real_now
    fresh = {"state": "ready", "attempts": 0, "payload": dict(payload), "next_attempt_at": now, "queued_at": now}
    tx.conn.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(**fresh, finished_at=None, result=None))
    jobs.enqueue_many(tx, [sending_job(row.kind, message_id)])
    return True


def _row(tx: Tx, one: NewMessage) -> dict[str, Any]:
    outbound, about = one.outbound, one.about
    return {
        "id": tx.new_id(),
        "kind": outbound.kind.value,
        "subject_type": outbound.subject_type,
        "subject_id": outbound.subject_id,
        "order_id": about.order_id,
        "order_version": about.order_version,
        "business_unit_id": about.business_unit_id,
        "supplier_id": about.supplier_id,
        "channel": outbound.channel,
        "partner_key": outbound.target,
        "payload": dict(one.payload),
        "idempotency_key": outbound.idempotency_key,
        "state": "ready",
        "attempts": 0,
        "next_attempt_at": tx.real_now,
        "queued_at": tx.real_now,
        "correlation_id": tx.correlation_id,
        "traceparent": traceparent(),
        "created_at": tx.real_now,
    }


def sending_job(kind: str, message_id: UUID) -> NewJob:
    """Return the job that sends a message."""
    return NewJob(kind, f"message:{message_id}", {"message_id": str(message_id)})


def claim_many(tx: Tx, message_ids: Sequence[MessageId]) -> list[Claim]:
    """Lease the messages of these that are ready and the first of their document to their partner; one attempt each."""
    other = MESSAGE.alias()
    earlier = exists().where(
        other.c.partner_key == MESSAGE.c.partner_key,
        other.c.subject_type == MESSAGE.c.subject_type,
        other.c.subject_id == MESSAGE.c.subject_id,
        other.c.id < MESSAGE.c.id,
        other.c.state.in_(("ready", "leased")),
    )
    ready = and_(
        MESSAGE.c.id == func.any(bindparam("ids")), MESSAGE.c.state == "ready", MESSAGE.c.next_attempt_at <= tx.real_now, ~earlier
    )
    query = select(MESSAGE).where(ready).order_by(MESSAGE.c.id).with_for_update(skip_locked=True)
    rows = tx.conn.execute(query, {"ids": list(message_ids)}).all()
    if not rows:
        return []
    token = tx.new_id()
    changes = {"state": "leased", "lease_token": token, "lease_until": tx.real_now + LEASE, "queued_at": None}
    ids = {"ids": [row.id for row in rows]}
    tx.conn.execute(update(MESSAGE).where(MESSAGE.c.id == func.any(bindparam("ids"))).values(**changes), ids)
    before = {row.message_id: row for row in tx.conn.execute(_EARLIER_ATTEMPTS, ids)}
    numbers = {row.id: before[row.id].number + 1 if row.id in before else 1 for row in rows}
    attempts = [
        {"message_id": row.id, "number": numbers[row.id], "channel": row.channel, "started_at": tx.real_now} for row in rows
    ]
    tx.conn.execute(insert(MESSAGE_ATTEMPT), attempts)
    unsure = {key for key, row in before.items() if row.unsure}
    return [Claim(_message(row), token, numbers[row.id], row.id in unsure) for row in rows]


_EARLIER_ATTEMPTS = (
    select(
        MESSAGE_ATTEMPT.c.message_id,
        func.max(MESSAGE_ATTEMPT.c.number).label("number"),
        func.bool_or(in_doubt()).label("unsure"),
    )
    .where(MESSAGE_ATTEMPT.c.message_id == func.any(bindparam("ids")))
    .group_by(MESSAGE_ATTEMPT.c.message_id)
)

_FINISH = text(
    """
    UPDATE message SET state = 'done', result = given.result, finished_at = :now, last_error = NULL, lease_token = NULL,
                       lease_until = NULL, queued_at = NULL
      FROM unnest(CAST(:ids AS uuid[]), CAST(:tokens AS uuid[]), CAST(:results AS jsonb[])) AS given (id, token, result)
     WHERE message.id = given.id AND message.lease_token = given.token
    """
)
_END_ATTEMPTS = text(
    """
    UPDATE message_attempt SET outcome = 'done', finished_at = :now
      FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS int[])) AS given (id, number)
     WHERE message_attempt.message_id = given.id AND message_attempt.number = given.number
    """
)


def finish_many(tx: Tx, held: Sequence[tuple[Claim, Mapping[str, Json]]]) -> None:
    """Record that the partner has all of these; raises LeaseLost when another worker took one of them over."""
    if not held:
        return
    ids = [claim.message.id for claim, _ in held]
    given = {
        "ids": ids,
        "tokens": [claim.token for claim, _ in held],
        "results": [dump_json(dict(result)) for _, result in held],
        "now": tx.real_now,
    }
    if tx.conn.execute(_FINISH, given).rowcount != len(held):
        raise LeaseLost(messages=len(held))
    tx.conn.execute(_END_ATTEMPTS, {"ids": ids, "numbers": [claim.number for claim, _ in held], "now": tx.real_now})


def skip(tx: Tx, message_id: MessageId) -> Message:
    """Take back a message that was given up or waits; raises NotFound, and NotReplayable when it is being sent or was sent."""
    row = tx.conn.execute(select(MESSAGE).where(MESSAGE.c.id == message_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound(message=message_id)
    if row.state not in ("ready", "dead"):
        raise NotReplayable(message=message_id, state=row.state)
    changes = {"state": "superseded", "finished_at": tx.real_now, "queued_at": None}
    tx.conn.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(**changes))
    return _message(row)


def _message(row: Row[Any]) -> Message:
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
