"""Positions of ERP feeds: where the next reading starts, when a feed was last read to its end, what went wrong since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from purveyor.store.db import Tx
from purveyor.store.tables.feeds import FEED


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed of one ERP. ``read_at`` is when it was last read to its end, ``problem`` what failed after that; real time."""

    erp: str
    entity: str
    position: str
    read_at: datetime | None
    failed_at: datetime | None
    problem: str | None


def position(tx: Tx, erp: str, entity: str) -> str:
    """Return where the next reading starts; empty for a feed that was never read."""
    found = tx.conn.scalar(select(FEED.c.position).where(FEED.c.erp == erp, FEED.c.entity == entity))
    return found or ""


def move(tx: Tx, erp: str, entity: str, to: str, *, complete: bool) -> None:
    """Note how far a feed was read, in the transaction that took its records over."""
    changes: dict[str, object] = {"position": to, "failed_at": None, "problem": None}
    if complete:
        changes["read_at"] = tx.real_now
    _write(tx, erp, entity, to, changes)


def failed(tx: Tx, erp: str, entity: str, problem: str) -> None:
    """Note that a reading failed; the position stays."""
    _write(tx, erp, entity, "", {"failed_at": tx.real_now, "problem": problem})


def all_feeds(tx: Tx) -> list[Feed]:
    """Return every feed, by ERP and entity."""
    rows = tx.conn.execute(select(FEED).order_by(FEED.c.erp, FEED.c.entity))
    return [Feed(row.erp, row.entity, row.position, row.read_at, row.failed_at, row.problem) for row in rows]


def _write(tx: Tx, erp: str, entity: str, start: str, changes: dict[str, object]) -> None:
    values = {"erp": erp, "entity": entity, "position": start, **changes}
    tx.conn.execute(insert(FEED).values(**values).on_conflict_do_update(index_elements=["erp", "entity"], set_=changes))
