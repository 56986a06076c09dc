"""Freight, tax and the sum of an invoice: checked apart from the goods, with limits of their own, owned by accounts payable.

Freight follows the freight term of the order: none with prepaid or collect, up to the ceiling with prepaid-and-add.
Source: domain.md 1, "Freight and tax in matching"; cases DF* of the set delivery_terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from purveyor.core.matching import MismatchClass, Outcome, worst
from purveyor.core.money import minor_digits, round_amount
from purveyor.core.policy.terms import MatchTolerance

PREPAID_AND_ADD: Final = "prepaid_and_add"
_NOTHING: Final = Decimal(0)
_PERCENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class FreightTerms:
    """What one order says about freight; ``ceiling`` counts with prepaid-and-add only, ``goods`` is what is billed on it."""

    term: str | None
    ceiling: Decimal | None = None
    goods: Decimal = _NOTHING


@dataclass(frozen=True, slots=True)
class ChargeMatch:
    """What was billed beside the goods, what is allowed, and how far it is over (for tax: off)."""

    billed: Decimal
    allowed: Decimal
    over: Decimal
    classes: tuple[MismatchClass, ...]

    @property
    def outcome(self) -> Outcome:
        """EXCEPTION when a class was found, else MATCHED."""
        return worst(self.classes, waiting=False)


def match_freight(
    orders: Sequence[FreightTerms], billed: Decimal, currency: str, tolerance: MatchTolerance | None = None
) -> ChargeMatch:
    """Compare the freight on an invoice with what its orders allow; at the limit passes.

    The term decides without tolerance on top. An order without a freight term allows the lower of percent (of its goods) and
    amount from policy; without policy nothing.
    """
    allowed = sum((_allowed(order, tolerance) for order in orders), _NOTHING)
    return _charge(MismatchClass.FREIGHT, billed, round_amount(allowed, currency), currency)


def _allowed(order: FreightTerms, tolerance: MatchTolerance | None) -> Decimal:
    if order.term == PREPAID_AND_ADD:
        return order.ceiling or _NOTHING
    if order.term is None and tolerance is not None:
        return min(order.goods * tolerance.freight_pct * _PERCENT, tolerance.freight_abs)
    return _NOTHING


def match_tax(expected: Decimal | None, billed: Decimal, currency: str, tolerance: MatchTolerance) -> ChargeMatch:
    """Compare tax with what the tax codes of the order give; off in either direction is a difference.

    Without a known expectation (None) no tax billed passes and any tax goes to a person.
    """
    if expected is None:
        return _charge(MismatchClass.TAX, billed, round_amount(_NOTHING, currency), currency)
    limit = min(expected * tolerance.tax_pct * _PERCENT, tolerance.tax_abs)
    off = abs(billed - expected)
    allowed = round_amount(expected, currency)
    if off <= round_amount(limit, currency):
        return ChargeMatch(billed, allowed, round_amount(_NOTHING, currency), ())
    return ChargeMatch(billed, allowed, round_amount(off, currency), (MismatchClass.TAX,))


def match_total(lines: Sequence[Decimal], freight: Decimal, tax: Decimal, total: Decimal, currency: str) -> ChargeMatch:
    """Check that an invoice adds up: lines, freight and tax make its total, but for one minor unit of rounding a line."""
    added = round_amount(sum(lines, _NOTHING) + freight + tax, currency)
    off = abs(total - added)
    slack = Decimal(len(lines)).scaleb(-minor_digits(currency))
    if off <= slack:
        return ChargeMatch(total, added, round_amount(_NOTHING, currency), ())
    return ChargeMatch(total, added, off, (MismatchClass.TOTAL,))


def _charge(kind: MismatchClass, billed: Decimal, allowed: Decimal, currency: str) -> ChargeMatch:
    over = round_amount(max(_NOTHING, billed - allowed), currency)
    return ChargeMatch(billed, allowed, over, (kind,) if over > 0 else ())
