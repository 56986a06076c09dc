"""Orders larger than usual: one rule for gate, suggestion and review, robust against single large orders of the past.

Source: domain.md 1, Order larger than usual; cases LU* of the worked set larger_than_usual. Quantities are base units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from purveyor.core.facts import FactKind, GatePolicy
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.ids import SiteId
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import number, quantity

RULE: Final = Rule(
    "quantity.usual",
    Section.QUANTITY,
    "Order is not larger than usual for the item at the site",
    (FactKind.HISTORY, FactKind.STOCK),
)
ROBUST_DEVIATION: Final = Decimal("1.4826")
"""Makes the median distance from the median comparable to a standard deviation of normal data."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at a place and whether a quantity is above it; ``limit_deviations`` is None where that limit does not count.

    ``reasons`` names the limits passed; ``orders`` of zero means that there is no history to judge by.
    """

    orders: int
    median: Decimal | None = None
    deviation: Decimal | None = None
    limit_deviations: Decimal | None = None
    limit_largest: Decimal | None = None
    reasons: tuple[str, ...] = ()


def larger_than_usual(history: Sequence[Decimal], ordered: Decimal, policy: GatePolicy) -> Usual:
    """Judge a quantity against the orders of 12 months; a quantity at a limit passes."""
    if not history:
        return Usual(0)
    rising = sorted(history)
    middle = median(rising)
    deviation = ROBUST_DEVIATION * median(sorted(abs(past - middle) for past in rising))
    counts = deviation > 0 and len(rising) >= policy.usual_least_orders
    by_deviations = middle + policy.usual_deviations * deviation if counts else None
    by_largest = policy.usual_times_largest * rising[-1]
    reasons = []
    if by_deviations is not None and ordered > by_deviations and ordered > policy.usual_least_times_median * middle:
        reasons.append(f"ABOVE_{number(policy.usual_deviations)}_DEVIATIONS")
    if ordered > by_largest:
        reasons.append(f"ABOVE_{number(policy.usual_times_largest)}_TIMES_LARGEST")
    return Usual(len(rising), middle, deviation, by_deviations, by_largest, tuple(reasons))


def median(rising: Sequence[Decimal]) -> Decimal:
    """Return the middle of sorted values, the mean of the two middle ones when their number is even."""
    half = len(rising) // 2
    return rising[half] if len(rising) % 2 else (rising[half - 1] + rising[half]) / 2


def surely_usual(history: Sequence[Decimal], ordered: Decimal, policy: GatePolicy) -> bool:
    """Say quickly that a quantity passes both limits: not above the largest order and not above 1.5 times the median."""
    if not history:
        return False
    rising = sorted(history)
    return ordered <= rising[-1] and ordered <= policy.usual_least_times_median * median(rising)


def quantity_is_usual(at: LineCheck) -> Iterator[Finding]:
    """Yield QUANTITY_ANOMALY per ship-to site where the order is larger than usual, NO_HISTORY where there is no order before."""
    for site, ordered in at.by_site:
        fact = at.facts.history.get(site)
        history = fact.value if fact else ()
        if surely_usual(history, ordered, at.policy):
            continue
        usual = larger_than_usual(history, ordered, at.policy)
        if not usual.orders:
            actual = f"{quantity(ordered, at.base_uom)} for {at.site_code(site)}"
            message = f"{actual} cannot be compared: nothing was ordered there in 12 months."
            yield at.finding(RULE, "NO_HISTORY", message, result=Result.NO_DATA, actual=actual)
        elif usual.reasons:
            yield _anomaly(at, site, ordered, usual)


def _anomaly(at: LineCheck, site: SiteId, ordered: Decimal, usual: Usual) -> Finding:
    assert usual.median is not None
    assert usual.limit_largest is not None
    limits = [f"{number(at.policy.usual_times_largest)} times the largest is {number(usual.limit_largest)}"]
    if usual.limit_deviations is not None:
        limits.insert(0, f"{number(at.policy.usual_deviations)} deviations are {number(usual.limit_deviations)}")
    actual = f"{quantity(ordered, at.base_uom)} for {at.site_code(site)}"
    return at.finding(
        RULE,
        "QUANTITY_ANOMALY",
        f"{actual} is larger than usual: {usual.orders} orders in 12 months, "
        f"median {quantity(usual.median, at.base_uom)}.{_beside(at, site)}",
        expected=f"about {quantity(usual.median, at.base_uom)}",
        actual=actual,
        exposure=at.cost(ordered - usual.median),
        arithmetic=f"{number(ordered)} against median {number(usual.median)}; limits: {', '.join(limits)}; "
        + ", ".join(usual.reasons),
    )


def _beside(at: LineCheck, site: SiteId) -> str:
    """Stock, orders on the way and demand of the site, for the person who decides."""
    fact = at.facts.stock.get(site)
    if fact is None:
        return ""
    stock = fact.value
    sells = f", sells {number(stock.daily_demand)} a day" if stock.daily_demand is not None else ""
    return f" On hand {number(stock.on_hand)}, on order {number(stock.on_order)}{sells}."
