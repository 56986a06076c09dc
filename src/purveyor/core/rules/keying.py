"""Price keying slips: a shifted decimal point or two digits swapped look like a price, and cost like a mistake.

The typed price is compared with the agreed one, else with the last price paid. A factor of 10 or 100 counts within the tolerance
for prices without an agreement, because the slip is made on today's price, not on ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Section
from purveyor.core.money import round_amount
from purveyor.core.pricing import Resolved
from purveyor.core.quantity import as_decimal
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import amount, price

RULE: Final = Rule("price.keying", Section.PRICE, "Price is not keyed with a slipped point or swapped digits", (FactKind.PRICE,))
_SHIFTS: Final = (
    (Decimal(10), "10 times"),
    (Decimal(100), "100 times"),
    (Decimal("0.1"), "a tenth of"),
    (Decimal("0.01"), "a hundredth of"),
)


def price_keying(at: LineCheck) -> Iterator[Finding]:
    """Yield PRICE_KEYING when the typed price is the known one with its point shifted by one or two places, or digits swapped."""
    typed = at.line.unit_price
    if typed is None or at.quantity is None:
        return
    known = _known_price(at)
    if known is None or known == typed or known <= 0:
        return
    slip = _slip(typed, known, at.policy.no_agreement_tolerance_pct)
    if slip is None:
        return
    currency, uom = at.order.currency, at.line.uom
    per = f"{currency} per {uom}"
    difference = round_amount(at.line.quantity * (typed - known) / at.line.price_per, currency)
    yield at.finding(
        RULE,
        "PRICE_KEYING",
        f"Price {price(typed, currency)} {slip} {price(known, currency)} {per}: probably keyed wrongly.",
        expected=f"{price(known, currency)} {per}",
        actual=f"{price(typed, currency)} {per}",
        exposure=abs(difference),
        arithmetic=f"{price(typed, currency)} - {price(known, currency)} = {price(typed - known, currency)} per {uom},"
        f" {amount(difference, currency)} on the line",
        suggestion=f"{price(known, currency)} {per}",
    )


def _known_price(at: LineCheck) -> Decimal | None:
    """The agreed price, else the last price paid, written per ``price_per`` units of the line as it was typed."""
    if isinstance(at.agreed, Resolved):
        return at.agreed.unit_price * at.line.price_per
    paid = at.facts.paid.value if at.facts.paid else None
    if paid is None or paid.currency != at.order.currency or at.item is None or at.line.uom is None:
        return None
    per_unit = Fraction(paid.last) * at.item.units.ratio(at.line.uom, at.base_uom)
    return as_decimal(per_unit * Fraction(at.line.price_per))


def _slip(typed: Decimal, known: Decimal, tolerance_pct: Decimal) -> str | None:
    for factor, words in _SHIFTS:
        shifted = known * factor
        if abs(typed - shifted) * 100 <= shifted * tolerance_pct:
            return f"is {words}"
    return "has two digits swapped against" if swapped_digits(typed, known) else None


def swapped_digits(typed: Decimal, known: Decimal) -> bool:
    """Say whether exchanging two neighbouring digits of one price gives the other: 1063.80 for 1036.80."""
    places = max(-int(typed.as_tuple().exponent), -int(known.as_tuple().exponent), 0)
    left, right = (str(int(value.scaleb(places))) for value in (typed, known))
    width = max(len(left), len(right))
    left, right = left.rjust(width, "0"), right.rjust(width, "0")
    differing = [place for place in range(width) if left[place] != right[place]]
    if len(differing) != 2 or differing[1] - differing[0] != 1:
        return False
    first, second = differing
    return left[first] == right[second] and left[second] == right[first]
