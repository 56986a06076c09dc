"""Exchange rates by day: what one unit of a currency was worth in another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select

from purveyor.store.db import Tx
from purveyor.store.masters import merge_rows
from purveyor.store.tables.masters import EXCHANGE_RATE


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of ``from_currency`` is ``rate`` units of ``to_currency`` on that day."""

    from_currency: str
    to_currency: str
    valid_on: date
    rate: Decimal
    source: str


def save_rates(tx: Tx, rates: Sequence[ExchangeRate]) -> None:
    """Write exchange rates."""
    merge_rows(tx, EXCHANGE_RATE, [asdict(rate) for rate in rates])


def rate_on(tx: Tx, from_currency: str, to_currency: str, day: date) -> ExchangeRate | None:
    """Return the newest rate that was known on a day, None when there is none; the same currency has the rate 1."""
    if from_currency == to_currency:
        return ExchangeRate(from_currency, to_currency, day, Decimal(1), "same currency")
    columns = EXCHANGE_RATE.c
    query = select(EXCHANGE_RATE).where(
        columns.from_currency == from_currency, columns.to_currency == to_currency, columns.valid_on <= day
    )
    row = tx.conn.execute(query.order_by(columns.valid_on.desc()).limit(1)).first()
    return None if row is None else ExchangeRate(**row._mapping)
