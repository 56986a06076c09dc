"""Which of some exceptions are open: one question for a whole batch, before any of them is settled one by one."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, func, select

from purveyor.core.cases import CaseStatus
from purveyor.core.ids import MessageId
from purveyor.store.db import Tx
from purveyor.store.tables.cases import EXCEPTION_CASE


def open_among(tx: Tx, keys: Collection[str]) -> set[str]:
    """Return those natural keys under which an exception is open."""
    columns = EXCEPTION_CASE.c
    query = select(columns.natural_key).where(
        columns.natural_key == func.any(bindparam("keys")), columns.status != CaseStatus.RESOLVED.value
    )
    return set(tx.conn.scalars(query, {"keys": list(keys)})) if keys else set()


def open_about_messages(tx: Tx, message_ids: Collection[MessageId]) -> list[str]:
    """Return the natural keys of open exceptions about some messages."""
    columns = EXCEPTION_CASE.c
    query = select(columns.natural_key).where(
        columns.message_id == func.any(bindparam("ids")), columns.status != CaseStatus.RESOLVED.value
    )
    return sorted(tx.conn.scalars(query, {"ids": list(message_ids)})) if message_ids else []
