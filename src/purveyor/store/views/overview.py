"""What was stopped, saved and waits: each figure is one query whose rows are its proof, and the number is the sum of those rows.

The queries see the reader's scope like all others. Amounts are in the currency of the order or invoice; nothing is converted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, func, select, text

from purveyor.store.db import Tx
from purveyor.store.tables.log import EVENT_HEAD
from purveyor.store.views.overview_sql import (
    APPROVALS,
    CLOSED,
    DUPLICATE_INVOICES,
    DUPLICATE_ORDERS,
    EXCEPTIONS,
    MATCHED,
    OVERBILLED,
    PRICES,
    QUANTITIES,
    RECEIVED,
    SENT,
    STOPPED,
)

MOST_LISTED: Final = 500


class Figure(StrEnum):
    """One number of the overview; the value is how its proof is addressed."""

    STOPPED = "stopped"
    QUANTITIES = "quantities"
    PRICES = "prices"
    DUPLICATE_ORDERS = "duplicate-orders"
    DUPLICATE_INVOICES = "duplicate-invoices"
    OVERBILLED = "overbilled"
    EXCEPTIONS = "exceptions"
    APPROVALS = "approvals"
    SENT = "sent"
    RECEIVED = "received"
    MATCHED = "matched"
    CLOSED = "closed"


SAVED: Final = (Figure.QUANTITIES, Figure.PRICES, Figure.DUPLICATE_ORDERS, Figure.DUPLICATE_INVOICES, Figure.OVERBILLED)
"""The figures that add up to what was saved; no order line or invoice line counts in two of them."""

_ROWS: Final[dict[Figure, str]] = {
    Figure.STOPPED: STOPPED,
    Figure.QUANTITIES: QUANTITIES,
    Figure.PRICES: PRICES,
    Figure.DUPLICATE_ORDERS: DUPLICATE_ORDERS,
    Figure.DUPLICATE_INVOICES: DUPLICATE_INVOICES,
    Figure.OVERBILLED: OVERBILLED,
    Figure.EXCEPTIONS: EXCEPTIONS,
    Figure.APPROVALS: APPROVALS,
    Figure.SENT: SENT,
    Figure.RECEIVED: RECEIVED,
    Figure.MATCHED: MATCHED,
    Figure.CLOSED: CLOSED,
}


OWNED: Final = frozenset({Figure.EXCEPTIONS, Figure.APPROVALS})
"""What waits belongs to somebody: these figures are added up by owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One order, invoice, exception or approval step behind a figure; what does not apply is None.

    ``before`` and ``after`` are quantities in ``unit`` and ``unit_after``, or unit prices. ``owner`` is a role or a person's
    name, ``topic`` the type of an exception, ``note`` its sentence, the item, or the number of the first invoice.
    """

    id: UUID
    order_ref: str | None
    party: str | None
    amount: Decimal | None
    currency: str | None
    at: datetime | None
    still_open: bool
    invoice_number: str | None = None
    line_no: int | None = None
    topic: str | None = None
    note: str | None = None
    before: Decimal | None = None
    after: Decimal | None = None
    unit: str | None = None
    unit_after: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a figure in one currency (None: rows without money) and, for what waits, of one owner."""

    owner: str | None
    currency: str | None
    count: int
    still_open: int
    amount: Decimal | None
    oldest: datetime | None


def proof(tx: Tx, figure: Figure, owner: str | None = None) -> list[ProofRow]:
    """Return the rows behind a figure, the most money first; of one owner when named. At most MOST_LISTED of them."""
    order = "ORDER BY amount DESC NULLS LAST, at, id LIMIT :most"
    found = tx.conn.execute(_from_rows("SELECT *", figure, owner, order), {"owner": owner, "most": MOST_LISTED})
    return [ProofRow(**row) for row in found.mappings()]


def totals(tx: Tx, figure: Figure, owner: str | None = None) -> list[Total]:
    """Add up the rows of a figure by owner and currency, the most money first."""
    named = "owner" if figure in OWNED else "CAST(NULL AS text)"
    columns = f"SELECT {named}, currency, count(*), count(*) FILTER (WHERE still_open), sum(amount), min(at)"
    rest = "GROUP BY 1, 2 ORDER BY 5 DESC NULLS LAST, 1, 2"
    return [Total(*row) for row in tx.conn.execute(_from_rows(columns, figure, owner, rest), {"owner": owner})]


def _from_rows(columns: str, figure: Figure, owner: str | None, rest: str) -> TextClause:
    """Read from the rows of a figure: its number and its proof have one source. Every part is a constant of this package."""
    condition = "WHERE owner = :owner" if owner is not None and figure in OWNED else "WHERE CAST(:owner AS text) IS NULL"
    return text(" ".join((columns, "FROM (", _ROWS[figure], ") AS figure", condition, rest)))


@dataclass(frozen=True, slots=True)
class Streams:
    """How many event streams of one type there are, and how many events they hold."""

    type: str
    streams: int
    events: int


def streams(tx: Tx) -> list[Streams]:
    """Count event streams and events by type of stream, by name."""
    head = EVENT_HEAD.c
    query = select(head.stream_type, func.count(), func.sum(head.position)).where(head.position > 0)
    rows = tx.conn.execute(query.group_by(head.stream_type).order_by(head.stream_type))
    return [Streams(*row) for row in rows]
