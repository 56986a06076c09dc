"""Proof that the event log is whole: seals over the chain heads, and a verifier that names the first broken row.

A seal fixes the head of every stream that moved since the last seal and chains to it, so cutting off the end of a stream is
noticed even when its head row was cut back as well. Tamper-evident, not tamper-proof: print or export the newest root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text

from purveyor.core.events.base import Ref
from purveyor.store.db import Tx, driver_connection
from purveyor.store.event_chain import GENESIS, ChainRow, chain_hash, reason_digest
from purveyor.store.tables.log import EVENT, EVENT_HEAD, EVENT_SEAL, EVENT_SEAL_HEAD

ROWS_PER_FETCH: Final = 5000


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """The first row that does not fit: its stream, position, and what is wrong with it."""

    stream: str
    position: int
    problem: str

    def __str__(self) -> str:
        return f"{self.stream}, position {self.position}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and the first broken row if there is one; ``root`` is the newest seal as hexadecimal digits."""

    events: int
    streams: int
    seals: int
    root: str | None
    broken: BrokenRow | None


_SEAL_HEADS: Final = text(
    """
    WITH moved AS (
        SELECT stream_type, stream_id FROM event_head WHERE position > sealed_position
         ORDER BY stream_type, stream_id FOR UPDATE SKIP LOCKED
    ), sealed AS (
        UPDATE event_head h SET sealed_position = h.position FROM moved m
         WHERE h.stream_type = m.stream_type AND h.stream_id = m.stream_id
        RETURNING h.stream_type, h.stream_id, h.position, h.hash
    )
    INSERT INTO event_seal_head (number, stream_type, stream_id, position, hash)
    SELECT CAST(:number AS int), stream_type, stream_id, position, hash FROM sealed
    """
)

_COLUMNS: Final = """
    SELECT stream_type, stream_id::text, position, id::text, type, schema,
           to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'),
           to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00'),
           actor_kind, actor_id::text, on_behalf_of::text, source, correlation_id::text, cause_id::text,
           reason_digest, policy_set, business_unit_id::text, refs::text, payload::text, previous_hash, hash
      FROM event
"""
_EVENTS: Final = f"{_COLUMNS} ORDER BY stream_type, stream_id, position"
_ONE_STREAM: Final = f"{_COLUMNS} WHERE stream_type = %s AND stream_id = %s ORDER BY position"

_WRONG_HEADS: Final = text(
    """
    SELECT m.stream_type, CAST(m.stream_id AS text) AS stream_id, m.head, m.last
      FROM (SELECT stream_type, stream_id, coalesce(h.position, 0) AS head, h.hash, coalesce(e.last, 0) AS last
              FROM event_head h
              FULL JOIN (SELECT stream_type, stream_id, max(position) AS last FROM event GROUP BY 1, 2) e
                   USING (stream_type, stream_id)) m
      LEFT JOIN event l ON l.stream_type = m.stream_type AND l.stream_id = m.stream_id AND l.position = m.last
     WHERE m.head <> m.last OR (m.last > 0 AND m.hash IS DISTINCT FROM l.hash)
     ORDER BY m.stream_type, m.stream_id LIMIT 1
    """
)

_WRONG_SEALED_HEADS: Final = text(
    """
    SELECT s.number, s.stream_type, CAST(s.stream_id AS text) AS stream_id, s.position, e.id IS NULL AS gone
      FROM event_seal_head s LEFT JOIN event e USING (stream_type, stream_id, position)
     WHERE e.hash IS DISTINCT FROM s.hash
     ORDER BY s.stream_type, s.stream_id, s.position LIMIT 1
    """
)

_SEALED: Final = """
    SELECT number, stream_type, stream_id::text, position, hash
      FROM event_seal_head ORDER BY number, stream_type, stream_id
"""

_REASONS: Final = """
    SELECT e.stream_type, e.stream_id::text, e.position, e.reason_digest, r.salt, r.reason
      FROM event_reason r JOIN event e ON e.id = r.event_id ORDER BY e.stream_type, e.stream_id, e.position
"""


def seal(tx: Tx) -> str | None:
    """Seal the heads that moved since the last seal; return the new root, or None when nothing moved.

    Streams that somebody is writing to at this moment are left for the next seal.
    """
    tx.conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('purveyor seal'))"))
    last = tx.conn.execute(select(EVENT_SEAL).order_by(EVENT_SEAL.c.number.desc()).limit(1)).one_or_none()
    number, previous = (1, GENESIS) if last is None else (last.number + 1, bytes(last.root))
    streams = tx.conn.execute(_SEAL_HEADS, {"number": number}).rowcount
    if not streams:
        return None
    ours = EVENT_SEAL_HEAD.c.number == number
    ordered = select(EVENT_SEAL_HEAD).where(ours).order_by(EVENT_SEAL_HEAD.c.stream_type, EVENT_SEAL_HEAD.c.stream_id)
    root = hashlib.sha256(previous)
    for row in tx.conn.execute(ordered):
        root.update(_sealed_text(row.stream_type, str(row.stream_id), row.position, bytes(row.hash)))
    values = {"number": number, "sealed_at": tx.real_now, "streams": streams, "previous_root": previous}
    tx.conn.execute(insert(EVENT_SEAL).values(**values, root=root.digest()))
    return root.hexdigest()


def verify(tx: Tx, progress: Callable[[int], None] = lambda events: None) -> Verification:
    """Check every event, chain head, seal and kept reason, streaming; needs the system scope to see everything.

    ``progress`` is told the number of events checked so far. The broken row returned is the first in stream order.
    """
    tx.conn.execute(text("SELECT set_config('statement_timeout', '0', true)"))
    chains = _verify_chains(tx, progress)
    found = (chains.broken, _verify_heads(tx), _verify_sealed_heads(tx), _verify_reasons(tx))
    broken = min((row for row in found if row is not None), key=lambda row: (row.stream, row.position), default=None)
    seals, root, broken_seal = _verify_seals(tx)
    return Verification(chains.events, chains.streams, seals, root, broken or broken_seal)


def verify_stream(tx: Tx, stream: Ref) -> Verification:
    """Check the events of one stream and the end of its chain; needs the system scope. Its seals are left to ``verify``."""
    chains = _verify_chains(tx, lambda events: None, stream)
    return Verification(chains.events, chains.streams, 0, None, chains.broken or _wrong_head(tx, stream, chains.events))


def _wrong_head(tx: Tx, stream: Ref, events: int) -> BrokenRow | None:
    mine = (EVENT_HEAD.c.stream_type == stream.type, EVENT_HEAD.c.stream_id == stream.id)
    head = tx.conn.execute(select(EVENT_HEAD.c.position, EVENT_HEAD.c.hash).where(*mine)).one_or_none()
    last = tx.conn.scalar(
        select(EVENT.c.hash).where(EVENT.c.stream_type == stream.type, EVENT.c.stream_id == stream.id, EVENT.c.position == events)
    )
    if head is not None and head.position == events and head.hash == last:
        return None
    return BrokenRow(f"{stream.type}:{stream.id}", events, "is not where the recorded chain ends")


def knows_root(tx: Tx, root: str) -> bool:
    """Say whether a root that somebody wrote down outside the database is still one of the seals."""
    try:
        wanted = bytes.fromhex(root)
    except ValueError:
        return False
    return tx.conn.execute(select(EVENT_SEAL.c.number).where(EVENT_SEAL.c.root == wanted)).one_or_none() is not None


@dataclass(slots=True)
class _Chains:
    events: int = 0
    streams: int = 0
    broken: BrokenRow | None = None


def _verify_chains(tx: Tx, progress: Callable[[int], None], only: Ref | None = None) -> _Chains:
    """Follow every chain, or only one, from its first event; stop at the first row that does not fit."""
    seen = _Chains()
    stream: tuple[str, str] | None = None
    position, previous = 0, GENESIS
    query, values = (_EVENTS, ()) if only is None else (_ONE_STREAM, (only.type, only.id))
    for row in _stream_rows(tx, "events", query, values):
        if (row[0], row[1]) != stream:
            stream, position, previous = (row[0], row[1]), 0, GENESIS
            seen.streams += 1
        position += 1
        problem = _problem(row, position, previous)
        if problem is not None:
            seen.broken = BrokenRow(f"{row[0]}:{row[1]}", position, problem)
            return seen
        previous = row[20]
        seen.events += 1
        if seen.events % ROWS_PER_FETCH == 0:
            progress(seen.events)
    progress(seen.events)
    return seen


def _problem(row: tuple[Any, ...], position: int, previous: bytes) -> str | None:
    if row[2] != position:
        return f"an event is missing here, the next one is number {row[2]}"
    if row[19] != previous:
        return "does not continue the event before it"
    if chain_hash(ChainRow._make(row[:19]), previous) != row[20]:
        return "the content was changed after it was recorded"
    return None


def _verify_heads(tx: Tx) -> BrokenRow | None:
    """Compare the end of each chain with its head row."""
    row = tx.conn.execute(_WRONG_HEADS).one_or_none()
    if row is None:
        return None
    stream = f"{row.stream_type}:{row.stream_id}"
    if row.head > row.last:
        return BrokenRow(stream, row.last + 1, f"events were cut off the end: the chain had {row.head}")
    if row.head < row.last:
        return BrokenRow(stream, row.head + 1, "stands behind the recorded end of the chain")
    return BrokenRow(stream, row.last, "is not the event the chain head was made from")


def _verify_sealed_heads(tx: Tx) -> BrokenRow | None:
    row = tx.conn.execute(_WRONG_SEALED_HEADS).one_or_none()
    if row is None:
        return None
    problem = f"was sealed (seal {row.number}) and is gone" if row.gone else f"differs from what seal {row.number} fixed"
    return BrokenRow(f"{row.stream_type}:{row.stream_id}", row.position, problem)


def _verify_reasons(tx: Tx) -> BrokenRow | None:
    for stream_type, stream_id, position, expected, salt, reason in _stream_rows(tx, "reasons", _REASONS):
        if reason_digest(reason, salt) != expected:
            return BrokenRow(f"{stream_type}:{stream_id}", position, "the reason is not the one that was given")
    return None


def _verify_seals(tx: Tx) -> tuple[int, str | None, BrokenRow | None]:
    """Rebuild each seal's root from its heads; return the number of seals, the newest root, and the first broken seal."""
    seals = tx.conn.execute(select(EVENT_SEAL).order_by(EVENT_SEAL.c.number)).all()
    heads = _stream_rows(tx, "sealed", _SEALED)
    waiting = next(heads, None)
    previous = GENESIS
    for expected, sealed in enumerate(seals, start=1):
        root = hashlib.sha256(previous)
        while waiting is not None and waiting[0] == sealed.number:
            root.update(_sealed_text(*waiting[1:]))
            waiting = next(heads, None)
        whole = (expected, previous, root.digest()) == (sealed.number, bytes(sealed.previous_root), bytes(sealed.root))
        if not whole:
            return len(seals), None, BrokenRow("seal", expected, "does not fit the seal before it or its own heads")
        previous = root.digest()
    if waiting is not None:
        return len(seals), None, BrokenRow("seal", waiting[0], "is missing, its heads are still there")
    return len(seals), previous.hex() if seals else None, None


def _sealed_text(stream_type: str, stream_id: str, position: int, head: bytes) -> bytes:
    return f"{stream_type}:{stream_id}:{position}:".encode() + head


def _stream_rows(tx: Tx, name: str, query: str, values: tuple[str | UUID, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Run a query through a server-side cursor of the driver: the rows never stand in memory all at once."""
    with driver_connection(tx).cursor(name=f"purveyor_{name}") as cursor:
        cursor.itersize = ROWS_PER_FETCH
        cursor.execute(query, values or None)
        yield from cursor
