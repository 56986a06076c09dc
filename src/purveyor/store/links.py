"""Links that open one order for one supplier without an account: only the digest of the token is kept.

Times are real time, like all times of secrets. An expired link is still found, so that its holder can be offered a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update

from purveyor.core.ids import OrderId, SupplierId
from purveyor.store.db import Tx
from purveyor.store.tables.parties import SUPPLIER_LINK

LIFETIME: Final = timedelta(days=14)
TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Link:
    """One link that was sent: the order and supplier it is bound to, and the version it was sent for."""

    id: UUID
    order_id: OrderId
    supplier_id: SupplierId
    order_version: int
    expires_at: datetime
    revoked_at: datetime | None


def add(tx: Tx, order_id: OrderId, supplier_id: SupplierId, order_version: int, purpose: str) -> str:
    """Make a link valid for 14 days and return its token, which is kept nowhere but in what is sent."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "id": tx.new_id(),
        "token_hash": _digest(token),
        "supplier_id": supplier_id,
        "order_id": order_id,
        "order_version": order_version,
        "purpose": purpose,
        "created_at": tx.real_now,
        "expires_at": tx.real_now + LIFETIME,
    }
    tx.conn.execute(insert(SUPPLIER_LINK).values(**values))
    return token


def find(tx: Tx, token: str) -> Link | None:
    """Return the link with this token, expired and revoked ones too; None for a token nobody made. Needs system scope."""
    row = tx.conn.execute(select(SUPPLIER_LINK).where(SUPPLIER_LINK.c.token_hash == _digest(token))).one_or_none()
    if row is None:
        return None
    order_id, supplier_id = OrderId(row.order_id), SupplierId(row.supplier_id)
    return Link(row.id, order_id, supplier_id, row.order_version, row.expires_at, row.revoked_at)


def revoke(tx: Tx, order_id: OrderId) -> int:
    """Revoke every link of an order at once; return how many were in force."""
    ours = (SUPPLIER_LINK.c.order_id == order_id) & SUPPLIER_LINK.c.revoked_at.is_(None)
    return tx.conn.execute(update(SUPPLIER_LINK).where(ours).values(revoked_at=tx.real_now)).rowcount


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
