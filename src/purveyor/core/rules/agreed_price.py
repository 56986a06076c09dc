"""Price: the agreed price must match; where nothing was agreed, the last price and the 12-month median are the measure.

Source: domain.md 1, Price at the gate; checklist S5 and S22. Compared are rounded amounts, so that a price no decimal can hold
(10.00 for a dozen, bought by the piece) is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.core.facts import FactKind, PaidPrice
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.pricing import PRICE_AMBIGUOUS, UOM_UNKNOWN, Resolved, Unresolved, round_exact
from purveyor.core.quantity import as_decimal
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import amount, number, percent, price

RULE: Final = Rule("price.agreed", Section.PRICE, "Price equals the agreement, or the usual price", (FactKind.PRICE,))

_WHY_MISSING: Final = {
    "no_entry": "the agreement has no prices",
    "site": "no price for this ship-to site",
    "no_valid_date": "no price is valid on the pricing date",
    "currency": "no price in the currency of the order",
    "below_smallest_break": "the quantity is below the smallest break",
}
_WHY_AMBIGUOUS: Final = {
    "equal_rank": "two entries of equal rank",
    "several_agreements": "several agreements give a price",
    "sites_differ": "the ship-to sites of the line have different prices",
}


def price_matches(at: LineCheck) -> Iterator[Finding]:
    """Yield PRICE_MISMATCH against the one agreed price, why there is none, or a difference to what was paid before."""
    if at.item is None or at.amount is None or at.quantity is None:
        return
    if at.agreed is None:
        yield from _against_paid(at, at.amount, at.quantity)
    elif isinstance(at.agreed, Resolved):
        if at.amount != at.agreed.extended:
            yield from _against_agreed(at, at.amount, at.agreed)
    else:
        yield _unresolved(at, at.amount, at.agreed)


def _against_agreed(at: LineCheck, ordered: Decimal, agreed: Resolved) -> Iterator[Finding]:
    difference = ordered - agreed.extended
    if abs(difference) * 100 <= agreed.extended * at.policy.agreement_tolerance_pct:
        return
    line, currency = at.line, at.order.currency
    typed = (line.unit_price or Decimal(0)) / line.price_per
    expected, actual = price(agreed.unit_price, currency), price(typed, currency)
    source = f"agreement {agreed.agreement.number} version {agreed.agreement.version}" if agreed.agreement else "the price list"
    deviation = percent((typed - agreed.unit_price) / agreed.unit_price * 100) if agreed.unit_price else "from nothing"
    yield at.finding(
        RULE,
        "PRICE_MISMATCH",
        f"Price {actual} instead of {expected} {currency} per {line.uom} ({deviation}) by {source}, entry {agreed.entry.id}.",
        expected=f"{expected} {currency} per {line.uom}",
        actual=f"{actual} {currency} per {line.uom}",
        exposure=abs(difference),
        arithmetic=f"{number(line.quantity)} {line.uom}: {amount(ordered, currency)} - {amount(agreed.extended, currency)}"
        f" = {amount(difference, currency)} ({deviation})",
        suggestion=f"{expected} {currency} per {line.uom}",
    )


def _unresolved(at: LineCheck, ordered: Decimal, answer: Unresolved) -> Finding:
    if answer.code == PRICE_AMBIGUOUS:
        named = ", ".join(answer.entries)
        message = f"More than one agreed price applies: {_WHY_AMBIGUOUS[answer.reason]} ({named})."
        return at.finding(RULE, PRICE_AMBIGUOUS, message, exposure=ordered, actual=named)
    if answer.code == UOM_UNKNOWN:
        message = f"Price entry {', '.join(answer.entries)} is per {answer.reason}, a unit without a conversion for this item."
        return at.finding(RULE, UOM_UNKNOWN, message, result=Result.NO_DATA, actual=answer.reason)
    message = f"No agreed price applies: {_WHY_MISSING[answer.reason]}."
    return at.finding(RULE, answer.code, message, result=Result.NO_DATA, exposure=ordered, actual=answer.reason)


def _against_paid(at: LineCheck, ordered: Decimal, quantity: Decimal) -> Iterator[Finding]:
    paid = at.facts.paid.value if at.facts.paid else None
    if paid is None or paid.currency != at.order.currency:
        message = "There is no agreement and no earlier price to compare with."
        yield at.finding(RULE, "PRICE_MISSING", message, result=Result.NO_DATA, exposure=ordered, actual="no agreement")
    elif _above(at, ordered, quantity, paid.last):
        yield _dearer(at, ordered, quantity, paid, "PRICE_ABOVE_LAST")
    elif _above(at, ordered, quantity, paid.median):
        yield _dearer(at, ordered, quantity, paid, "PRICE_ABOVE_MEDIAN")


def _above(at: LineCheck, ordered: Decimal, quantity: Decimal, per_base: Decimal) -> bool:
    """Say whether the amount is above this price per base unit by more than the tolerance; at the limit passes."""
    usual = round_exact(Fraction(quantity) * Fraction(per_base), at.order.currency)
    return (ordered - usual) * 100 > usual * at.policy.no_agreement_tolerance_pct


def _dearer(at: LineCheck, ordered: Decimal, quantity: Decimal, paid: PaidPrice, code: str) -> Finding:
    currency, uom = at.order.currency, at.base_uom
    reference = paid.last if code == "PRICE_ABOVE_LAST" else paid.median
    usual = round_exact(Fraction(quantity) * Fraction(reference), currency)
    typed = as_decimal(Fraction(ordered) / Fraction(quantity))
    deviation = percent((typed - reference) / reference * 100) if reference else "from nothing"
    last, middle = price(paid.last, currency), price(paid.median, currency)
    return at.finding(
        RULE,
        code,
        f"Price {price(typed, currency)} {currency} per {uom} is {deviation} against "
        f"{'the last price' if code == 'PRICE_ABOVE_LAST' else 'the median of 12 months'}; "
        f"last {last} on {paid.last_on}, median {middle} of {paid.orders} orders.",
        expected=f"{price(reference, currency)} {currency} per {uom}",
        actual=f"{price(typed, currency)} {currency} per {uom}",
        exposure=ordered - usual,
        arithmetic=f"{number(quantity)} {uom}: {amount(ordered, currency)} - {amount(usual, currency)}"
        f" = {amount(ordered - usual, currency)} ({deviation})",
    )
