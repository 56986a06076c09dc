"""Forgetting: what has served its time is deleted, kind by kind, in small steps. Events are never among it.

What may go is plumbing (answers kept for repeats, ended sessions, dead links, attempts of messages long delivered) and the
bodies of documents whose effect stands in our own tables; the row of such a document stays, so that a repeat is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sqlalchemy import TextClause, text

from purveyor.store.db import Tx

ROWS_AT_ONCE: Final = 5000

_KINDS: Final[Mapping[str, TextClause]] = {
    "answers": text(
        """
        DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency WHERE stored_at < :before LIMIT :rows))
        """
    ),
    "sessions": text(
        """
        DELETE FROM login_session WHERE id = ANY (ARRAY(
            SELECT id FROM login_session WHERE least(ended_at, expires_at) < :before LIMIT :rows))
        """
    ),
    "links": text(
        """
        DELETE FROM supplier_link WHERE id = ANY (ARRAY(
            SELECT id FROM supplier_link WHERE least(revoked_at, expires_at) < :before LIMIT :rows))
        """
    ),
    "attempts": text(
        """
        DELETE FROM message_attempt WHERE (message_id, number) IN (
            SELECT a.message_id, a.number FROM message_attempt a JOIN message m ON m.id = a.message_id
             WHERE a.started_at < :before AND m.state IN ('done', 'superseded') AND m.finished_at < :before LIMIT :rows)
        """
    ),
    "bodies": text(
        """
        UPDATE inbox SET payload = '{}' WHERE id = ANY (ARRAY(
            SELECT id FROM inbox WHERE received_at < :before AND applied_at IS NOT NULL AND payload <> '{}' LIMIT :rows))
        """
    ),
}


KINDS: Final = tuple(_KINDS)
"""What can be forgotten."""


def forget_some(tx: Tx, kind: str, days: int) -> int:
    """Forget rows of one kind that are older than so many days of real time; return how many, at most ROWS_AT_ONCE."""
    values = {"before": tx.real_now - timedelta(days=days), "rows": ROWS_AT_ONCE}
    return tx.conn.execute(_KINDS[kind], values, execution_options={"preserve_rowcount": True}).rowcount
