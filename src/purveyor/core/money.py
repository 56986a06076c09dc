"""Money: decimal amounts in one currency, rounded once, half up, to the minor unit.

Minor units are those of ISO 4217; unit prices are never rounded, only amounts are (domain.md 1, General).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from purveyor.core.errors import PurveyorError

_MINOR_UNITS: Final = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
"""ISO 4217 currencies whose minor unit is not two digits."""


class CurrencyMismatch(PurveyorError):
    """Amounts in different currencies cannot be added or compared; convert one with a dated rate first."""

    code = "currency_mismatch"


def minor_digits(currency: str) -> int:
    """Return how many decimal digits the minor unit of a currency has (ISO 4217; two unless listed)."""
    return _MINOR_UNITS.get(currency, 2)


def round_amount(amount: Decimal, currency: str) -> Decimal:
    """Round an amount once, half up, to the minor unit of its currency."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in one currency (ISO 4217 code)."""

    amount: Decimal
    currency: str

    def rounded(self) -> Money:
        """Return the amount rounded half up to the minor unit."""
        return Money(round_amount(self.amount, self.currency), self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def times(self, factor: Decimal) -> Money:
        """Return the amount multiplied by a factor, unrounded."""
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add amounts of one currency; raise CurrencyMismatch when another one is among them."""
    result = Money(round_amount(Decimal(0), currency), currency)
    for amount in amounts:
        result = result + amount
    return result
