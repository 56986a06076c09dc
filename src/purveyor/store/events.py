"""The event log: append inside the caller's transaction, read by stream, by thing or since a cursor.

Each stream is a chain of hashes whose head row is locked while it grows, so two writers can never fork it. A person's reason
stands erasable beside its event; only a salted digest is in the chain.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal_column, or_, select, text, tuple_

from purveyor.core.canonical import Json, canonical_json
from purveyor.core.events.base import Event, Ref
from purveyor.store.db import Tx
from purveyor.store.event_chain import GENESIS, ChainRow, chain_hash, moment_text, reason_digest
from purveyor.store.tables.log import EVENT, EVENT_REASON, EVENT_REF

UNIT_REF: Final = "business_unit"
"""A reference of this type gives the stream its business unit; later events of the stream inherit it."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the whole log; events behind it are settled, none can appear before it any more."""

    txid: int = 0
    seq: int = 0


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """One event as it stands in the log, with its reason unless that was erased."""

    id: UUID
    cursor: Cursor
    stream: Ref
    position: int
    type: str
    schema: int
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
    refs: tuple[Ref, ...]
    payload: dict[str, Json]
    previous_hash: str
    hash: str


@dataclass(slots=True)
class _Head:
    """The end of one chain while it is being extended."""

    position: int
    hash: bytes
    business_unit_id: UUID | None


_LOCK_HEADS: Final = text(
    """
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:types AS text[]), CAST(:ids AS uuid[])) AS w (stream_type, stream_id)
    ), fresh AS (
        INSERT INTO event_head (stream_type, stream_id, position, hash, sealed_position)
        SELECT stream_type, stream_id, 0, CAST(:genesis AS bytea), 0 FROM wanted
        ON CONFLICT DO NOTHING
        RETURNING stream_type, stream_id, position, hash, business_unit_id
    ), held AS (
        SELECT h.stream_type, h.stream_id, h.position, h.hash, h.business_unit_id
          FROM event_head h JOIN wanted w ON h.stream_type = w.stream_type AND h.stream_id = w.stream_id
         ORDER BY h.stream_type, h.stream_id FOR UPDATE OF h
    )
    SELECT * FROM fresh UNION ALL SELECT * FROM held
    """
)

_APPEND: Final = text(
    """
    WITH heads AS (
        UPDATE event_head h SET position = n.position, hash = n.hash, business_unit_id = n.unit
          FROM unnest(CAST(:head_types AS text[]), CAST(:head_ids AS uuid[]), CAST(:head_positions AS int[]),
                      CAST(:head_hashes AS bytea[]), CAST(:head_units AS uuid[]))
               AS n (stream_type, stream_id, position, hash, unit)
         WHERE h.stream_type = n.stream_type AND h.stream_id = n.stream_id
    )
    INSERT INTO event (txid, stream_type, stream_id, position, id, type, schema, occurred_at, recorded_at, actor_kind,
                       actor_id, on_behalf_of, source, correlation_id, cause_id, reason_digest, policy_set,
                       business_unit_id, refs, payload, previous_hash, hash)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint) + (SELECT txid_base FROM log_base),
           stream_type, stream_id, position, id, type, schema, occurred_at, :recorded_at, :actor_kind,
           :actor_id, on_behalf_of, :source, :correlation_id, :cause_id, reason_digest, policy_set,
           unit, refs, payload, previous_hash, hash
      FROM ROWS FROM (
               unnest(CAST(:stream_types AS text[]), CAST(:stream_ids AS uuid[]), CAST(:positions AS int[]),
                      CAST(:event_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:schemas AS smallint[]),
                      CAST(:occurred AS timestamptz[]), CAST(:on_behalf_of AS uuid[]), CAST(:reasons AS text[]),
                      CAST(:policy_sets AS text[]), CAST(:units AS uuid[]), CAST(:previous_hashes AS bytea[]),
                      CAST(:hashes AS bytea[])),
               json_array_elements(CAST(:refs AS json)), json_array_elements(CAST(:payloads AS json))
           ) WITH ORDINALITY AS e (stream_type, stream_id, position, id, type, schema, occurred_at, on_behalf_of,
                                   reason_digest, policy_set, unit, previous_hash, hash, refs, payload, number)
     ORDER BY number
    """
)

_APPEND_REFS: Final = text(
    """
    INSERT INTO event_ref (ref_type, ref_id, event_id)
    SELECT * FROM unnest(CAST(:types AS text[]), CAST(:ids AS uuid[]), CAST(:events AS uuid[]))
    ON CONFLICT DO NOTHING
    """
)

_APPEND_REASONS: Final = text(
    """
    INSERT INTO event_reason (event_id, salt, reason)
    SELECT * FROM unnest(CAST(:events AS uuid[]), CAST(:salts AS bytea[]), CAST(:reasons AS text[]))
    """
)


def append(tx: Tx, events: Iterable[Event]) -> list[UUID]:
    """Write events at the end of their streams and return their ids; two or three round trips, however many events.

    ``occurred_at`` defaults to business time. Locks each stream's head until the transaction ends.
    """
    batch = list(events)
    if not batch:
        return []
    heads = _lock_heads(tx, {event.stream for event in batch})
    columns: dict[str, Any] = {name: [] for name in _COLUMNS}
    reasons: list[tuple[UUID, bytes, str]] = []
    for event in batch:
        salt = os.urandom(16) if event.reason is not None else b""
        row = _extend(tx, heads[event.stream], event, salt)
        if event.reason is not None:
            reasons.append((row["event_ids"], salt, event.reason))
        for name, value in row.items():
            columns[name].append(value)
    documents = {name: f"[{','.join(columns[name])}]" for name in ("refs", "payloads")}
    tx.conn.execute(_APPEND, columns | documents | _head_columns(heads) | _common(tx))
    ids: list[UUID] = columns["event_ids"]
    _append_refs(tx, [(ref, event_id) for event, event_id in zip(batch, ids, strict=True) for ref in event.refs])
    if reasons:
        event_ids, salts, words = zip(*reasons, strict=True)
        tx.conn.execute(_APPEND_REASONS, {"events": list(event_ids), "salts": list(salts), "reasons": list(words)})
    return ids


_COLUMNS: Final = (
    *("stream_types", "stream_ids", "positions", "event_ids", "kinds", "schemas", "occurred", "on_behalf_of", "reasons"),
    *("policy_sets", "units", "refs", "payloads", "previous_hashes", "hashes"),
)


def _lock_heads(tx: Tx, streams: set[Ref]) -> dict[Ref, _Head]:
    """Lock the heads of these chains in one order for everybody; a chain that somebody just began is read again."""
    missing = streams
    heads: dict[Ref, _Head] = {}
    while missing:
        ordered = sorted(missing, key=lambda stream: (stream.type, stream.id))
        wanted = {"types": [s.type for s in ordered], "ids": [s.id for s in ordered], "genesis": GENESIS}
        for row in tx.conn.execute(_LOCK_HEADS, wanted):
            heads[Ref(row.stream_type, row.stream_id)] = _Head(row.position, bytes(row.hash), row.business_unit_id)
        missing = streams - heads.keys()
    return heads


def _extend(tx: Tx, head: _Head, event: Event, salt: bytes) -> dict[str, Any]:
    """Move the head one event further and return the columns of the new row."""
    head.position += 1
    head.business_unit_id = next((ref.id for ref in event.refs if ref.type == UNIT_REF), head.business_unit_id)
    occurred_at = event.occurred_at or tx.now
    on_behalf_of = event.on_behalf_of or tx.actor.on_behalf_of
    words = None if event.reason is None else reason_digest(event.reason, salt)
    refs = canonical_json([{"id": ref.id, "type": ref.type} for ref in event.refs]).decode("utf-8")
    payload = canonical_json(event.payload()).decode("utf-8")
    event_id = tx.new_id()
    row = ChainRow(
        stream_type=event.stream.type,
        stream_id=str(event.stream.id),
        position=head.position,
        id=str(event_id),
        type=event.type,
        schema=event.schema,
        occurred_at=moment_text(occurred_at),
        recorded_at=moment_text(tx.real_now),
        actor_kind=tx.actor.kind.value,
        actor_id=_id_text(tx.actor.id),
        on_behalf_of=_id_text(on_behalf_of),
        source=tx.source,
        correlation_id=str(tx.correlation_id),
        cause_id=_id_text(tx.cause_id),
        reason_digest=words,
        policy_set=event.policy_set,
        business_unit_id=_id_text(head.business_unit_id),
        refs=refs,
        payload=payload,
    )
    previous_hash, head.hash = head.hash, chain_hash(row, head.hash)
    values = (
        *(event.stream.type, event.stream.id, head.position, event_id, event.type, event.schema, occurred_at),
        *(on_behalf_of, words, event.policy_set, head.business_unit_id, refs, payload, previous_hash, head.hash),
    )
    return dict(zip(_COLUMNS, values, strict=True))


def _id_text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _head_columns(heads: dict[Ref, _Head]) -> dict[str, list[Any]]:
    return {
        "head_types": [stream.type for stream in heads],
        "head_ids": [stream.id for stream in heads],
        "head_positions": [head.position for head in heads.values()],
        "head_hashes": [head.hash for head in heads.values()],
        "head_units": [head.business_unit_id for head in heads.values()],
    }


def _common(tx: Tx) -> dict[str, Any]:
    return {
        "recorded_at": tx.real_now,
        "actor_kind": tx.actor.kind.value,
        "actor_id": tx.actor.id,
        "source": tx.source,
        "correlation_id": tx.correlation_id,
        "cause_id": tx.cause_id,
    }


def _append_refs(tx: Tx, refs: Sequence[tuple[Ref, UUID]]) -> None:
    if refs:
        columns = {
            "types": [ref.type for ref, _ in refs],
            "ids": [ref.id for ref, _ in refs],
            "events": [event_id for _, event_id in refs],
        }
        tx.conn.execute(_APPEND_REFS, columns)


def read_stream(tx: Tx, stream: Ref, after: int = 0, limit: int = 1000) -> list[RecordedEvent]:
    """Return a stream's events behind a position, in order."""
    chosen = and_(EVENT.c.stream_type == stream.type, EVENT.c.stream_id == stream.id, EVENT.c.position > after)
    return _load(tx, _events(chosen).order_by(EVENT.c.position).limit(limit))


def read_about(tx: Tx, thing: Ref, limit: int = 1000) -> list[RecordedEvent]:
    """Return the newest events of a thing's own stream and of every stream that refers to it, oldest of them first."""
    referring = select(EVENT_REF.c.event_id).where(EVENT_REF.c.ref_type == thing.type, EVENT_REF.c.ref_id == thing.id)
    own = and_(EVENT.c.stream_type == thing.type, EVENT.c.stream_id == thing.id)
    newest = _events(or_(own, EVENT.c.id.in_(referring))).order_by(EVENT.c.seq.desc()).limit(limit)
    return _load(tx, newest)[::-1]


def read_since(tx: Tx, cursor: Cursor, limit: int = 1000) -> list[RecordedEvent]:
    """Return settled events of all streams behind a cursor, in a fixed order; the last one's cursor continues.

    Events of transactions that are still open somewhere, or newer than one that is, wait until they are settled: a reader
    never misses one. Restoring a dump into another server must raise ``log_base.txid_base`` above the highest txid.
    """
    settled: ColumnElement[int] = literal_column(
        "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) + (SELECT txid_base FROM log_base)"
    )
    behind = tuple_(EVENT.c.txid, EVENT.c.seq) > tuple_(cursor.txid, cursor.seq)
    query = _events(and_(behind, EVENT.c.txid < settled)).order_by(EVENT.c.txid, EVENT.c.seq)
    return _load(tx, query.limit(limit))


def newest(tx: Tx, condition: ColumnElement[bool], before: Cursor | None = None, limit: int = 50) -> list[RecordedEvent]:
    """Return the events that fit a condition on ``EVENT``, the newest first; ``before`` goes on behind a place."""
    chosen = condition if before is None else and_(condition, tuple_(EVENT.c.txid, EVENT.c.seq) < tuple_(before.txid, before.seq))
    return _load(tx, _events(chosen).order_by(EVENT.c.txid.desc(), EVENT.c.seq.desc()).limit(limit))


def erase_reasons(tx: Tx, event_ids: Sequence[UUID]) -> int:
    """Erase the words people gave as reasons; the chain stays whole. Returns how many were erased."""
    return tx.conn.execute(EVENT_REASON.delete().where(EVENT_REASON.c.event_id.in_(event_ids))).rowcount


def count_events(tx: Tx) -> int:
    """Return how many events the log holds (for progress displays)."""
    return tx.conn.execute(select(func.count()).select_from(EVENT)).scalar_one()


def _events(condition: ColumnElement[bool]) -> Select[Any]:
    joined = EVENT.outerjoin(EVENT_REASON, EVENT_REASON.c.event_id == EVENT.c.id)
    return select(EVENT, EVENT_REASON.c.reason).select_from(joined).where(condition)


def _load(tx: Tx, query: Select[Any]) -> list[RecordedEvent]:
    return [_from_row(row) for row in tx.conn.execute(query)]


def _from_row(row: Row[Any]) -> RecordedEvent:
    return RecordedEvent(
        id=row.id,
        cursor=Cursor(row.txid, row.seq),
        stream=Ref(row.stream_type, row.stream_id),
        position=row.position,
        type=row.type,
        schema=row.schema,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        on_behalf_of=row.on_behalf_of,
        source=row.source,
        correlation_id=row.correlation_id,
        cause_id=row.cause_id,
        reason=row.reason,
        policy_set=row.policy_set,
        refs=tuple(Ref(ref["type"], UUID(ref["id"])) for ref in row.refs),
        payload=row.payload,
        previous_hash=bytes(row.previous_hash).hex(),
        hash=bytes(row.hash).hex(),
    )
