"""Timers: something has to happen at a moment of business time, unless it is called off before.

A waiting order holds one row here and nothing else. Due timers become jobs; the job takes the timer out when it acts, so a
timer that was called off or set anew in the meantime fires nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.store import jobs
from purveyor.store.db import Tx
from purveyor.store.jobs import Job, NewJob
from purveyor.store.tables.flow import TIMER

PROMOTED_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Timer:
    """One timer that was set. ``generation`` grows each time it is set anew; ``kind`` is also the kind of its job."""

    id: UUID
    kind: str
    subject_type: str
    subject_id: UUID
    due_at: datetime
    generation: int
    payload: Mapping[str, str]


def set_timer(
    tx: Tx,
    kind: str,
    subject_type: str,
    subject_id: UUID,
    due_at: datetime,
    payload: Mapping[str, str] | None = None,
) -> None:
    """Set the timer of this kind for this subject; one that was set before is moved, even if its job is on the way."""
    values = {
        "id": tx.new_id(),
        "kind": kind,
        "subject_type": subject_type,
        "subject_id": subject_id,
        "due_at": due_at,
        "generation": 1,
        "payload": dict(payload or {}),
    }
    moved = {
        "due_at": due_at,
        "payload": values["payload"],
        "generation": TIMER.c.generation + 1,
        "promoted_at": None,
    }
    statement = insert(TIMER).values(**values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["subject_type", "subject_id", "kind"], set_=moved))


def cancel_timers(tx: Tx, subject_type: str, subject_id: UUID, kind: str | None = None) -> int:
    """Call off the subject's timers (all kinds, or one), including those whose job is on the way; return how many."""
    chosen = and_(TIMER.c.subject_type == subject_type, TIMER.c.subject_id == subject_id)
    if kind is not None:
        chosen = and_(chosen, TIMER.c.kind == kind)
    return tx.conn.execute(delete(TIMER).where(chosen)).rowcount


def timers_of(tx: Tx, subject_type: str, subject_id: UUID) -> list[Timer]:
    """Return the subject's timers that have not fired, the next one first."""
    chosen = and_(TIMER.c.subject_type == subject_type, TIMER.c.subject_id == subject_id)
    rows = tx.conn.execute(select(TIMER).where(chosen).order_by(TIMER.c.due_at))
    return [Timer(row.id, row.kind, row.subject_type, row.subject_id, row.due_at, row.generation, row.payload) for row in rows]


def promote_due(tx: Tx, limit: int = PROMOTED_AT_ONCE) -> int:
    """Turn timers that are due in business time into jobs; return how many. Any number of workers may do this at once."""
    waiting = and_(TIMER.c.promoted_at.is_(None), TIMER.c.due_at <= tx.now)
    due = select(TIMER.c.id).where(waiting).order_by(TIMER.c.due_at).limit(limit).with_for_update(skip_locked=True)
    promoted = (
        update(TIMER)
        .where(TIMER.c.id.in_(due.scalar_subquery()))
        .values(promoted_at=tx.real_now)
        .returning(TIMER.c.id, TIMER.c.kind, TIMER.c.subject_type, TIMER.c.subject_id, TIMER.c.generation, TIMER.c.payload)
    )
    rows = tx.conn.execute(promoted).all()
    queued = [NewJob(row.kind, str(row.subject_id), row.payload | _timer_payload(row._asdict())) for row in rows]
    jobs.enqueue_many(tx, queued)
    return len(queued)


def fire(tx: Tx, job: Job) -> bool:
    """Take out the timer that queued this job; False means it was called off or set anew, and the task must do nothing.

    Jobs that no timer queued always fire.
    """
    if "timer_id" not in job.payload:
        return True
    current = and_(TIMER.c.id == UUID(job.payload["timer_id"]), TIMER.c.generation == int(job.payload["timer_generation"]))
    return tx.conn.execute(delete(TIMER).where(current)).rowcount == 1


def _timer_payload(row: Mapping[str, object]) -> dict[str, str]:
    return {
        "timer_id": str(row["id"]),
        "timer_generation": str(row["generation"]),
        "subject_type": str(row["subject_type"]),
        "subject_id": str(row["subject_id"]),
    }
