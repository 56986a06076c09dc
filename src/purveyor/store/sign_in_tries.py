"""Wrong passwords and codes in a row, counted for each account in the database, so that every process sees the same number.

Ten in a row let the account rest for a quarter of an hour; it opens by itself, so that nobody can lock a person out for good.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from purveyor.store.db import Tx
from purveyor.store.tables.accounts import ACCOUNT_LOCK

MOST_IN_A_ROW: Final = 10
REST: Final = timedelta(minutes=15)


def count_wrong(tx: Tx, user_id: UUID) -> datetime | None:
    """Count one wrong try; return until when the account rests if this one was too many."""
    lock = ACCOUNT_LOCK.c
    again = func.coalesce(lock.locked_until, tx.real_now) < tx.real_now
    tries = case((again, 1), else_=lock.wrong_tries + 1)
    until = case((tries >= MOST_IN_A_ROW, tx.real_now + REST), else_=None)
    first = insert(ACCOUNT_LOCK).values(user_id=user_id, wrong_tries=1, locked_until=None)
    counted = first.on_conflict_do_update(index_elements=["user_id"], set_={"wrong_tries": tries, "locked_until": until})
    found: datetime | None = tx.conn.execute(counted.returning(lock.locked_until)).scalar_one()
    return found


def resting(tx: Tx, user_id: UUID) -> bool:
    """Say whether an account rests now."""
    until = select(ACCOUNT_LOCK.c.locked_until).where(
        ACCOUNT_LOCK.c.user_id == user_id, ACCOUNT_LOCK.c.locked_until > tx.real_now
    )
    return tx.conn.execute(until).first() is not None


def forget(tx: Tx, user_id: UUID) -> bool:
    """Start counting anew; say whether there was anything to forget."""
    return tx.conn.execute(delete(ACCOUNT_LOCK).where(ACCOUNT_LOCK.c.user_id == user_id)).rowcount == 1
