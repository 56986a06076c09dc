"""Attempts at many messages, read at once for the page of an order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, func, select

from purveyor.store.db import Tx
from purveyor.store.messages import Attempt
from purveyor.store.tables.flow import MESSAGE_ATTEMPT


def attempts_of_many(tx: Tx, message_ids: Collection[UUID]) -> dict[UUID, list[Attempt]]:
    """Return the history of attempts by message, the first one first."""
    columns = MESSAGE_ATTEMPT.c
    query = select(MESSAGE_ATTEMPT).where(columns.message_id == func.any(bindparam("ids")))
    found: dict[UUID, list[Attempt]] = defaultdict(list)
    for row in tx.conn.execute(query.order_by(columns.message_id, columns.number), {"ids": list(message_ids)}):
        attempt = Attempt(row.number, row.channel, row.started_at, row.finished_at, row.outcome, row.error)
        found[row.message_id].append(attempt)
    return dict(found)
