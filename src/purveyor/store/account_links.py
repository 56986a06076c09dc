"""Links with which people set their own password: single use, 72 hours, kept as digests only.

The token is made when the mail is sent, so that nothing that waits anywhere could open the account; each attempt at the mail
makes a new one and only the last opens. All times here are real time.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, text, update

from purveyor.core.ids import UserId
from purveyor.store.db import Tx
from purveyor.store.tables.accounts import ACCOUNT_LINK

LIFE: Final = timedelta(hours=72)
TOKEN_BYTES: Final = 32
INVITATION: Final = "invitation"
RESET: Final = "reset"
_RESOLVE: Final = text("SELECT purveyor_resolve_sign_in('account_link', :digest, interval '0')")


@dataclass(frozen=True, slots=True)
class AccountLink:
    """A link that opens now: whose password it sets, and whether as an invitation or a reset."""

    id: UUID
    user_id: UserId
    purpose: str


def add(tx: Tx, user_id: UserId, purpose: str) -> tuple[UUID, datetime]:
    """Make the only open link of a person, without a token yet; return its id and when it ends."""
    close_all(tx, user_id)
    link_id, until = tx.new_id(), tx.real_now + LIFE
    values = {"id": link_id, "user_id": user_id, "purpose": purpose, "created_at": tx.real_now, "expires_at": until}
    tx.conn.execute(insert(ACCOUNT_LINK).values(**values))
    return link_id, until


def give_token(tx: Tx, link_id: UUID) -> str | None:
    """Make the token that opens a link from now on, instead of any earlier one; None when the link is over."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    mine = (ACCOUNT_LINK.c.id == link_id) & _open(tx)
    done = tx.conn.execute(update(ACCOUNT_LINK).where(mine).values(token_hash=_digest(token)))
    return token if done.rowcount else None


def look(tx: Tx, token: str) -> AccountLink | None:
    """Return the link that a token opens, without using it; None when it is unknown, used or over."""
    found = tx.conn.execute(_RESOLVE, {"digest": _digest(token)}).scalar_one()
    return None if found is None else AccountLink(UUID(found["id"]), UserId(UUID(found["user_id"])), found["purpose"])


def use(tx: Tx, link_id: UUID) -> bool:
    """Use a link up; False when somebody was faster."""
    mine = (ACCOUNT_LINK.c.id == link_id) & _open(tx)
    return tx.conn.execute(update(ACCOUNT_LINK).where(mine).values(used_at=tx.real_now)).rowcount == 1


def close_all(tx: Tx, user_id: UUID) -> None:
    """End every open link of a person."""
    mine = (ACCOUNT_LINK.c.user_id == user_id) & _open(tx)
    tx.conn.execute(update(ACCOUNT_LINK).where(mine).values(expires_at=tx.real_now))


def owner(tx: Tx, link_id: UUID) -> AccountLink | None:
    """Return a link that is still open by its id."""
    found = tx.conn.execute(select(ACCOUNT_LINK).where(ACCOUNT_LINK.c.id == link_id, _open(tx))).first()
    return None if found is None else AccountLink(found.id, UserId(found.user_id), found.purpose)


def _open(tx: Tx) -> ColumnElement[bool]:
    return ACCOUNT_LINK.c.used_at.is_(None) & (ACCOUNT_LINK.c.expires_at > tx.real_now)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
