"""Three-way match of one invoice line: what was ordered, what was received, what is billed.

Price and quantity are judged apart, each on this invoice and on the sum over all invoices of the order line, so that a run of
small passes cannot hide a large total. Source: domain.md 1; set tolerance_match in worked-cases.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from purveyor.core.calendar import BusinessCalendar, add_business_days
from purveyor.core.cases import ExceptionType
from purveyor.core.money import round_amount
from purveyor.core.policy.terms import MatchTolerance, PriceMode
from purveyor.core.quantity import UnitTable, as_decimal

_PERCENT: Final = Fraction(1, 100)
_PCT_DIGITS: Final = Decimal("0.0001")
_ZERO: Final = Fraction(0)


class Outcome(StrEnum):
    """What a match says, the weakest first; only MATCHED may be paid, and WAITING_RECEIPT is no exception."""

    MATCHED = "MATCHED"
    WAITING_RECEIPT = "WAITING_RECEIPT"
    REVIEW = "REVIEW"
    EXCEPTION = "EXCEPTION"


class MismatchClass(StrEnum):
    """What does not agree. UNIT: the unit billed cannot be converted; TOTAL: the invoice does not add up in itself."""

    PRICE = "PRICE"
    PRICE_CUMULATIVE = "PRICE_CUMULATIVE"
    PRICE_FAVOURABLE = "PRICE_FAVOURABLE"
    VALUE_CUMULATIVE = "VALUE_CUMULATIVE"
    QUANTITY = "QUANTITY"
    UNIT = "UNIT"
    CURRENCY = "CURRENCY"
    ORDER = "ORDER"
    FREIGHT = "FREIGHT"
    TAX = "TAX"
    TOTAL = "TOTAL"


REVIEWED: Final = frozenset({MismatchClass.PRICE_FAVOURABLE})
"""Classes settled inside the house before payment; every other class is an exception."""

EXCEPTION_TYPE: Final[dict[MismatchClass, ExceptionType]] = {
    MismatchClass.PRICE: ExceptionType.MATCH_PRICE,
    MismatchClass.PRICE_CUMULATIVE: ExceptionType.MATCH_PRICE,
    MismatchClass.PRICE_FAVOURABLE: ExceptionType.MATCH_PRICE_FAVOURABLE,
    MismatchClass.VALUE_CUMULATIVE: ExceptionType.MATCH_VALUE,
    MismatchClass.QUANTITY: ExceptionType.MATCH_QUANTITY,
    MismatchClass.UNIT: ExceptionType.UNMAPPED_CODE,
    MismatchClass.CURRENCY: ExceptionType.MATCH_PRICE,
    MismatchClass.ORDER: ExceptionType.INVOICE_UNKNOWN_ORDER,
    MismatchClass.FREIGHT: ExceptionType.MATCH_FREIGHT,
    MismatchClass.TAX: ExceptionType.MATCH_TAX,
    MismatchClass.TOTAL: ExceptionType.MATCH_VALUE,
}
"""Class -> type of the exception; policy names its owner (price: buyer, quantity: receiver, tax and freight: payables)."""


class Report(StrEnum):
    """A difference that passes and is still told."""

    FAVOURABLE_PRICE = "FAVOURABLE_PRICE"
    SMALL_DIFFERENCE = "SMALL_DIFFERENCE"


def worst(classes: Iterable[MismatchClass], *, waiting: bool) -> Outcome:
    """Return the outcome of a set of classes: EXCEPTION over REVIEW over WAITING_RECEIPT over MATCHED."""
    found = set(classes)
    if found - REVIEWED:
        return Outcome.EXCEPTION
    if found:
        return Outcome.REVIEW
    return Outcome.WAITING_RECEIPT if waiting else Outcome.MATCHED


@dataclass(frozen=True, slots=True)
class Ordered:
    """What the order says: ``quantity`` in ``uom`` at ``unit_price`` per ``price_per`` units; a value line has only ``value``.

    ``units`` converts what is billed in another unit of the item; None knows the unit of the line only.
    """

    currency: str
    quantity: Decimal = Decimal(0)
    uom: str | None = None
    unit_price: Decimal | None = None
    price_per: Decimal = Decimal(1)
    value: Decimal = Decimal(0)
    units: UnitTable | None = None

    @property
    def price(self) -> Fraction:
        """The exact price of one unit of the line."""
        return Fraction(self.unit_price or 0) / Fraction(self.price_per)


@dataclass(frozen=True, slots=True)
class Received:
    """What is in the house of this line, in its unit, net of returns, seen on day ``as_of`` of the site.

    ``expected`` is the promised delivery of what is still to come (without a promise: need-by); None when nothing more is.
    """

    quantity: Decimal
    as_of: date
    expected: date | None = None
    calendar: BusinessCalendar = field(default_factory=BusinessCalendar)


@dataclass(frozen=True, slots=True)
class Billed:
    """One invoice line. ``short_of_receipt`` is what it bills beyond the receipt it cites, in the unit of the order line."""

    quantity: Decimal | None
    uom: str | None
    unit_price: Decimal | None
    price_per: Decimal = Decimal(1)
    amount: Decimal | None = None
    short_of_receipt: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Running:
    """Sums over the live invoices of an order line, exact: quantity and variance in the unit and currency of the order."""

    quantity: Fraction = _ZERO
    variance: Fraction = _ZERO
    value: Fraction = _ZERO

    def plus(self, other: Running) -> Running:
        """Add two sums; the order of adding never matters."""
        return Running(self.quantity + other.quantity, self.variance + other.variance, self.value + other.value)


@dataclass(frozen=True, slots=True)
class LineMatch:
    """The result for one invoice line; amounts in the order currency, quantities in the unit of the order line.

    ``line_limit`` and ``cumulative_limit`` are what the variances were compared with. ``exposure`` is the money at
    stake by class. ``wait_until`` is the last day on which a missing receipt is no exception.
    """

    classes: tuple[MismatchClass, ...]
    outcome: Outcome
    line_variance: Decimal
    line_limit: Decimal
    cumulative_variance: Decimal
    cumulative_limit: Decimal
    cumulative_quantity: Decimal
    cumulative_value: Decimal
    running: Running
    price_variance_pct: Decimal | None = None
    received: Decimal | None = None
    reported: Report | None = None
    wait_until: date | None = None
    exposure: tuple[tuple[MismatchClass, Decimal], ...] = ()


def price_limit(value: Fraction, tolerance: MatchTolerance) -> Fraction:
    """Return how much more than ``value`` may be billed: the lower (or higher, by mode) of percent and amount."""
    share = value * Fraction(tolerance.price_pct) * _PERCENT
    absolute = Fraction(tolerance.price_abs)
    return min(share, absolute) if tolerance.price_mode is PriceMode.LOWER_OF else max(share, absolute)


def floor_of(tolerance: MatchTolerance) -> Decimal:
    """Return the small-difference floor; beside a zero tolerance it counts only when its policy row sets it."""
    zeros = (tolerance.price_pct == 0, tolerance.price_abs == 0)
    is_zero = any(zeros) if tolerance.price_mode is PriceMode.LOWER_OF else all(zeros)
    return tolerance.small_difference_floor if tolerance.small_difference_set or not is_zero else Decimal(0)


def contribution(ordered: Ordered, billed: Billed, *, credit: bool = False) -> Running | None:
    """Return what an invoice line adds to the sums of its order line; None when its unit cannot be converted.

    A credit note takes away what it credits; one without quantity lowers the price paid.
    """
    sign = -1 if credit else 1
    value = Fraction(_amount(billed))
    if ordered.unit_price is None:
        return Running(value=sign * value)
    if billed.quantity is None or billed.unit_price is None:
        return Running(variance=sign * value, value=sign * value)
    ratio = _ratio(ordered, billed)
    if ratio is None:
        return None
    quantity = Fraction(billed.quantity) * ratio
    price = Fraction(billed.unit_price) / Fraction(billed.price_per) / ratio
    return Running(sign * quantity, sign * (price - ordered.price) * quantity, sign * value)


def _ratio(ordered: Ordered, billed: Billed) -> Fraction | None:
    """How many units of the order line are in one billed unit; an invoice without unit bills in that of the line."""
    if billed.uom is None or ordered.uom is None or billed.uom == ordered.uom:
        return Fraction(1)
    units = ordered.units
    if units is None or not units.knows(billed.uom) or not units.knows(ordered.uom):
        return None
    return units.ratio(billed.uom, ordered.uom)


def _amount(billed: Billed) -> Decimal:
    if billed.amount is not None:
        return billed.amount
    return (billed.quantity or Decimal(0)) * (billed.unit_price or Decimal(0)) / billed.price_per


def match_line(
    ordered: Ordered, received: Received, billed: Billed, tolerance: MatchTolerance, earlier: Running | None = None
) -> LineMatch:
    """Match one invoice line against its order line and receipts; ``earlier`` sums the invoices recorded before it."""
    before = earlier or Running()
    added = contribution(ordered, billed)
    if added is None:
        return _unit_unknown(ordered, billed, before)
    if ordered.unit_price is None:
        return _match_value(ordered, added, before, tolerance)
    priced = _match_price(ordered, added, before, tolerance)
    return _match_quantity(priced, ordered, received, billed, tolerance)


def _unit_unknown(ordered: Ordered, billed: Billed, before: Running) -> LineMatch:
    amount = round_amount(_amount(billed), ordered.currency)
    zero = round_amount(Decimal(0), ordered.currency)
    return LineMatch(
        classes=(MismatchClass.UNIT,),
        outcome=Outcome.EXCEPTION,
        line_variance=zero,
        line_limit=zero,
        cumulative_variance=zero,
        cumulative_limit=zero,
        cumulative_quantity=as_decimal(before.quantity),
        cumulative_value=zero,
        running=before,
        exposure=((MismatchClass.UNIT, amount),),
    )


def _match_price(ordered: Ordered, added: Running, before: Running, tolerance: MatchTolerance) -> LineMatch:
    running = before.plus(added)
    variance = _money(added.variance, ordered)
    limit = _money(price_limit(ordered.price * added.quantity, tolerance), ordered)
    total = _money(running.variance, ordered)
    total_limit = _money(price_limit(ordered.price * Fraction(ordered.quantity), tolerance), ordered)
    floor = floor_of(tolerance)
    percent = _percent(ordered, added)
    found: MismatchClass | None = None
    reported: Report | None = None
    at_stake = Decimal(0)
    if variance > limit and variance >= floor:
        found, at_stake = MismatchClass.PRICE, variance
    elif variance > 0 and total > total_limit and total >= floor:
        found, at_stake = MismatchClass.PRICE_CUMULATIVE, total
    elif variance < 0:
        reported = Report.FAVOURABLE_PRICE
        if percent is not None and -percent > Fraction(tolerance.favourable_review_pct) and -variance >= floor:
            found, at_stake = MismatchClass.PRICE_FAVOURABLE, -variance
    elif 0 < variance < floor:
        reported = Report.SMALL_DIFFERENCE
    return LineMatch(
        classes=() if found is None else (found,),
        outcome=worst(() if found is None else (found,), waiting=False),
        line_variance=variance,
        line_limit=limit,
        cumulative_variance=total,
        cumulative_limit=total_limit,
        cumulative_quantity=as_decimal(running.quantity),
        cumulative_value=_money(running.value, ordered),
        running=running,
        price_variance_pct=None if percent is None else as_decimal(percent).quantize(_PCT_DIGITS, ROUND_HALF_UP),
        reported=reported,
        exposure=() if found is None else ((found, at_stake),),
    )


def _percent(ordered: Ordered, added: Running) -> Fraction | None:
    base = ordered.price * added.quantity
    return None if base == 0 else added.variance / base / _PERCENT


def _match_quantity(
    priced: LineMatch, ordered: Ordered, received: Received, billed: Billed, tolerance: MatchTolerance
) -> LineMatch:
    result = replace(priced, received=received.quantity)
    total = priced.running.quantity
    allowed = Fraction(received.quantity) * (1 + Fraction(tolerance.quantity_pct) * _PERCENT)
    if total <= allowed and billed.short_of_receipt <= 0:
        return result
    over = max(total - Fraction(received.quantity), Fraction(billed.short_of_receipt))
    if billed.short_of_receipt <= 0 and total <= Fraction(ordered.quantity) and received.expected is not None:
        until = wait_until(received.expected, tolerance, received.calendar)
        if received.as_of <= until:
            return replace(result, wait_until=until, outcome=worst(priced.classes, waiting=True))
    classes = (*priced.classes, MismatchClass.QUANTITY)
    at_stake = _money(over * ordered.price, ordered)
    return replace(
        result,
        classes=classes,
        outcome=worst(classes, waiting=False),
        exposure=(*priced.exposure, (MismatchClass.QUANTITY, at_stake)),
    )


def wait_until(expected: date, tolerance: MatchTolerance, calendar: BusinessCalendar) -> date:
    """Return the last day an invoice ahead of its goods waits: the expected delivery plus business days of the site."""
    return add_business_days(calendar, expected, tolerance.wait_business_days)


def _match_value(ordered: Ordered, added: Running, before: Running, tolerance: MatchTolerance) -> LineMatch:
    running = before.plus(added)
    over = max(Decimal(0), _money(running.value, ordered) - ordered.value)
    limit = _money(price_limit(Fraction(ordered.value), tolerance), ordered)
    failed = added.value > 0 and over > limit and over >= floor_of(tolerance)
    classes = (MismatchClass.VALUE_CUMULATIVE,) if failed else ()
    return LineMatch(
        classes=classes,
        outcome=worst(classes, waiting=False),
        line_variance=round_amount(over, ordered.currency),
        line_limit=limit,
        cumulative_variance=round_amount(over, ordered.currency),
        cumulative_limit=limit,
        cumulative_quantity=Decimal(0),
        cumulative_value=_money(running.value, ordered),
        running=running,
        reported=Report.SMALL_DIFFERENCE if 0 < over < floor_of(tolerance) else None,
        exposure=((MismatchClass.VALUE_CUMULATIVE, over),) if failed else (),
    )


def _money(value: Fraction, ordered: Ordered) -> Decimal:
    return round_amount(as_decimal(value), ordered.currency)
