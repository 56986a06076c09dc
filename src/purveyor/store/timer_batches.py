"""Timers by the hundred: the same as setting each, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from purveyor.store.db import Tx
from purveyor.store.tables.flow import TIMER


@dataclass(frozen=True, slots=True)
class NewTimer:
    """A timer to be set for one subject."""

    subject_type: str
    subject_id: UUID
    due_at: datetime
    payload: Mapping[str, str]


def set_timers(tx: Tx, kind: str, wanted: Sequence[NewTimer]) -> None:
    """Set timers of one kind; those that were set before are moved, even if their job is on the way."""
    if not wanted:
        return
    rows = [
        {
            "id": tx.new_id(),
            "kind": kind,
            "subject_type": one.subject_type,
            "subject_id": one.subject_id,
            "due_at": one.due_at,
            "generation": 1,
            "payload": dict(one.payload),
        }
        for one in wanted
    ]
    statement = insert(TIMER)
    moved = {
        "due_at": statement.excluded.due_at,
        "payload": statement.excluded.payload,
        "generation": TIMER.c.generation + 1,
        "promoted_at": None,
    }
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["subject_type", "subject_id", "kind"], set_=moved), rows)
