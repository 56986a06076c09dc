"""Builders for matching: an order line, what came in, what is billed, and the tolerance of a policy row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from purveyor.core.calendar import BusinessCalendar
from purveyor.core.matching import Billed, LineMatch, Ordered, Received, Running, match_line
from purveyor.core.policy.terms import MatchTolerance, PriceMode


def a_tolerance(pct: str = "2", absolute: str = "50.00", mode: str = "lower_of", floor: str | None = None) -> MatchTolerance:
    """The product's default tolerances; ``floor`` is what the policy row itself sets."""
    return MatchTolerance(
        price_pct=Decimal(pct),
        price_abs=Decimal(absolute),
        price_mode=PriceMode(mode),
        small_difference_floor=Decimal("1.00" if floor is None else floor),
        small_difference_set=floor is not None,
        favourable_review_pct=Decimal(10),
        quantity_pct=Decimal(0),
        wait_business_days=3,
        freight_pct=Decimal(5),
        freight_abs=Decimal("25.00"),
        tax_pct=Decimal(5),
        tax_abs=Decimal("25.00"),
        source="tolerances:default@test",
    )


def an_order_line(quantity: str = "100", price: str = "10.00", **more: Any) -> Ordered:
    """An order line in pieces, in dollars."""
    values: dict[str, Any] = {"currency": "USD", "uom": "EA", **more}
    return Ordered(quantity=Decimal(quantity), unit_price=Decimal(price), **values)


def a_value_line(value: str) -> Ordered:
    """An order line without unit price."""
    return Ordered("USD", value=Decimal(value))


def in_the_house(quantity: str = "100", expected: str | None = None, as_of: str = "2026-03-16", **more: Any) -> Received:
    """What was received by a day, and when the rest is expected."""
    day = None if expected is None else date.fromisoformat(expected)
    return Received(Decimal(quantity), date.fromisoformat(as_of), day, **more)


def a_bill(quantity: str = "100", price: str = "10.00", uom: str | None = "EA", **more: Any) -> Billed:
    """One invoice line in pieces."""
    return Billed(Decimal(quantity), uom, Decimal(price), **more)


def a_value_bill(amount: str) -> Billed:
    """An invoice line that states an amount only."""
    return Billed(None, None, None, amount=Decimal(amount))


def matched_in_turn(ordered: Ordered, received: Received, bills: list[Billed], tolerance: MatchTolerance) -> list[LineMatch]:
    """Match the invoices of one order line one after the other, each with the sums of those before it."""
    results: list[LineMatch] = []
    running = Running()
    for bill in bills:
        results.append(match_line(ordered, received, bill, tolerance, running))
        running = results[-1].running
    return results


def easter_calendar(holidays: list[str]) -> BusinessCalendar:
    """Monday to Friday with the holidays of the worked cases."""
    return BusinessCalendar(holidays=frozenset(date.fromisoformat(day) for day in holidays))
