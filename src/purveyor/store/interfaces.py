"""Interfaces to outside systems: who answers, who owns each, how fresh its data are, and which orders an outage touches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from purveyor.store.condition import interface
from purveyor.store.db import Tx
from purveyor.store.tables.feeds import INTERFACE

MOST_LISTED: Final = 20

_TOUCHED: Final = text(
    """
    SELECT m.channel, CASE m.channel WHEN 'erp' THEN m.partner_key ELSE '' END AS partner, o.order_ref, o.currency,
           coalesce(o.total, 0) AS total, min(m.created_at) AS since
      FROM message m JOIN purchase_order o ON o.id = m.order_id
     WHERE m.state IN ('ready', 'leased', 'dead') GROUP BY 1, 2, 3, 4, 5 ORDER BY since, o.order_ref
    """
)


@dataclass(frozen=True, slots=True)
class Interface:
    """One outside system as a worker last found it; real time. ``problem`` is empty while it answers."""

    name: str
    owner: str
    detail: str
    checked_at: datetime
    answered_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Touched:
    """Orders that wait for an interface: the oldest few by reference, how many, and their totals by currency."""

    orders: tuple[str, ...]
    count: int
    amounts: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a worker found when it asked an outside system."""

    name: str
    owner: str
    detail: str
    reachable: bool


def note(tx: Tx, found: Sequence[Found]) -> None:
    """Write down what was found; the moment of the last answer stays while a system is away."""
    for one in found:
        values: dict[str, object] = {"owner": one.owner, "checked_at": tx.real_now}
        if one.reachable:
            values |= {"detail": one.detail, "answered_at": tx.real_now, "problem": None}
        else:
            values |= {"problem": one.detail or "does not answer"}
        statement = insert(INTERFACE).values(**{"name": one.name, "detail": "", **values})
        tx.conn.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def listed(tx: Tx) -> list[Interface]:
    """Return every interface by name."""
    rows = tx.conn.execute(select(INTERFACE).order_by(INTERFACE.c.name))
    return [Interface(row.name, row.owner, row.detail, row.checked_at, row.answered_at, row.problem) for row in rows]


def touched(tx: Tx) -> dict[str, Touched]:
    """Return, by interface, the orders of the reader's scope whose messages wait there or failed."""
    references: dict[str, list[str]] = {}
    sums: dict[str, dict[str, Decimal]] = {}
    for row in tx.conn.execute(_TOUCHED):
        name = interface(row.channel, row.partner)
        references.setdefault(name, []).append(row.order_ref)
        amounts = sums.setdefault(name, {})
        amounts[row.currency] = amounts.get(row.currency, Decimal(0)) + row.total
    return {
        name: Touched(tuple(found[:MOST_LISTED]), len(found), tuple(sorted(sums[name].items())))
        for name, found in references.items()
    }
