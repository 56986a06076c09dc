"""Which of our people stands behind a subject of the company's own sign-in; mail addresses only help to find him once."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, insert, select

from purveyor.core.ids import UserId
from purveyor.store.db import Tx
from purveyor.store.tables.accounts import PROVIDER_IDENTITY
from purveyor.store.tables.parties import APP_USER


def whose(tx: Tx, issuer: str, subject: str) -> UserId | None:
    """Return the person linked to a subject, None when nobody is."""
    columns = PROVIDER_IDENTITY.c
    found: UUID | None = tx.conn.scalar(select(columns.user_id).where(columns.issuer == issuer, columns.subject == subject))
    return None if found is None else UserId(found)


def link(tx: Tx, issuer: str, subject: str, user_id: UserId) -> None:
    """Link a subject to a person."""
    values = {"issuer": issuer, "subject": subject, "user_id": user_id, "linked_at": tx.real_now}
    tx.conn.execute(insert(PROVIDER_IDENTITY).values(**values))


def unlinked_by_mail(tx: Tx, issuer: str, mail: str) -> UserId | None:
    """Return the one person in force with this mail address and no subject of this provider yet; None for none or several."""
    linked = select(PROVIDER_IDENTITY.c.user_id).where(PROVIDER_IDENTITY.c.issuer == issuer)
    same = (func.lower(APP_USER.c.mail) == mail.lower()) & APP_USER.c.active & APP_USER.c.id.not_in(linked)
    found = tx.conn.execute(select(APP_USER.c.id).where(same).limit(2)).scalars().all()
    return UserId(found[0]) if len(found) == 1 else None
