"""What a late receipt costs: days and units short at a site, and the sales that hang on them.

Other receipts that are due earlier count as available; one due on the same day does not.
Source: domain.md 1, "Shortage from a late receipt"; worked cases RP08-RP16; checklist.md S9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from purveyor.core.money import round_amount

_TWO_PLACES: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class DueReceipt:
    """Goods on their way to a site: in how many calendar days, and how much in base units."""

    in_days: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Shortage:
    """What is missing until a late receipt comes: stock that counts as available, days and base units short (two decimals)."""

    available: Decimal
    days_short: Decimal
    units_short: Decimal

    @property
    def is_short(self) -> bool:
        """Say whether anything is missing at all."""
        return self.units_short > 0

    def sales_at_risk(self, sales_price: Decimal | None, currency: str) -> Decimal | None:
        """Return the units short at the sales price per base unit, rounded once; None when no price is known."""
        return None if sales_price is None else round_amount(self.units_short * sales_price, currency)


def shortage_until(
    receipt_in_days: Decimal, stock: Decimal, daily_demand: Decimal, others: Iterable[DueReceipt] = ()
) -> Shortage:
    """Return the shortage before a receipt in N days: days = min(N, max(0, N - cover)), units = max(0, N x demand - available).

    ``stock`` is on hand minus allocated, in base units; without demand only a negative availability is short.
    """
    available = stock + sum((other.quantity for other in others if other.in_days < receipt_in_days), Decimal(0))
    units = max(Decimal(0), receipt_in_days * daily_demand - available)
    if daily_demand == 0:
        days = receipt_in_days if available < 0 else Decimal(0)
    else:
        days = min(receipt_in_days, max(Decimal(0), receipt_in_days - available / daily_demand))
    return Shortage(available, _two(days), _two(units))


def _two(value: Decimal) -> Decimal:
    return value.quantize(_TWO_PLACES, rounding=ROUND_HALF_UP)
