"""Second factors: sealed secrets of code generators, the newest code that counted, and digests of recovery codes.

What is sealed here is opened by the web alone, which holds the key; a copy of the database makes no codes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.store.db import Tx
from purveyor.store.tables.accounts import RECOVERY_CODE, SECOND_FACTOR

_DASH: Final = "-"


def sealed_secret(tx: Tx, user_id: UUID) -> bytes | None:
    """Return the sealed secret of a person's code generator, None without a second factor."""
    found = tx.conn.scalar(select(SECOND_FACTOR.c.sealed_secret).where(SECOND_FACTOR.c.user_id == user_id))
    return None if found is None else bytes(found)


def save(tx: Tx, user_id: UUID, sealed: bytes, counter: int, recovery_codes: Sequence[str]) -> None:
    """Give a person this generator, whose code of time step ``counter`` is spent, and these recovery codes; older ones end."""
    values = {"sealed_secret": sealed, "last_counter": counter, "created_at": tx.real_now}
    statement = upsert(SECOND_FACTOR).values(user_id=user_id, **values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    tx.conn.execute(delete(RECOVERY_CODE).where(RECOVERY_CODE.c.user_id == user_id))
    tx.conn.execute(insert(RECOVERY_CODE), [{"user_id": user_id, "code_hash": _digest(code)} for code in recovery_codes])


def spend(tx: Tx, user_id: UUID, counter: int) -> bool:
    """Spend the code of a time step; False when it, or a later one, was spent before."""
    fresh = (SECOND_FACTOR.c.user_id == user_id) & (SECOND_FACTOR.c.last_counter < counter)
    return tx.conn.execute(update(SECOND_FACTOR).where(fresh).values(last_counter=counter)).rowcount == 1


def spend_recovery_code(tx: Tx, user_id: UUID, code: str) -> bool:
    """Spend a recovery code; False when it is none of the person's or was spent before."""
    columns = RECOVERY_CODE.c
    mine = (columns.user_id == user_id) & (columns.code_hash == _digest(code)) & columns.used_at.is_(None)
    return tx.conn.execute(update(RECOVERY_CODE).where(mine).values(used_at=tx.real_now)).rowcount == 1


def recovery_codes_left(tx: Tx, user_id: UUID) -> int:
    """Return how many recovery codes a person has not used."""
    left = select(func.count()).where(RECOVERY_CODE.c.user_id == user_id, RECOVERY_CODE.c.used_at.is_(None))
    return tx.conn.execute(left).scalar_one()


def remove(tx: Tx, user_id: UUID) -> bool:
    """Take the second factor and its recovery codes away; say whether there was one."""
    tx.conn.execute(delete(RECOVERY_CODE).where(RECOVERY_CODE.c.user_id == user_id))
    return tx.conn.execute(delete(SECOND_FACTOR).where(SECOND_FACTOR.c.user_id == user_id)).rowcount == 1


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.replace(_DASH, "").replace(" ", "").upper().encode()).digest()
