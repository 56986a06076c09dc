"""The robust quantity check: is a line far above what the item usually sees at the site?

The rule is the one of the gate (median and median distance, or the largest order), so that gate, suggestion and review never
disagree; this model turns it into a score that says how far above. Source: domain.md 1, Order larger than usual.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, localcontext
from fractions import Fraction
from typing import Final

from purveyor.core.advisory import QuantityInputs, QuantityQuestion, Suggestion
from purveyor.core.canonical import digest
from purveyor.core.facts import GatePolicy
from purveyor.core.rules.usual import Usual, larger_than_usual
from purveyor.core.rules.wording import number, quantity

MODEL: Final = "quantity.usual"
VERSION: Final = "1"
THRESHOLD: Final = Decimal(1)
"""A score above 1 is above the limit of the rule; exactly at the limit passes."""

_PLACES: Final = Decimal("0.0001")


def advise(question: QuantityQuestion) -> Suggestion:
    """Return the suggestion for one line and site; raises ValueError without any order to compare with."""
    usual = _usual(question.inputs)
    assert usual.median is not None
    return Suggestion(
        question=question,
        model=MODEL,
        model_version=VERSION,
        inputs_hash=digest(question.inputs),
        score=score(question.inputs),
        threshold=THRESHOLD,
        proposal=usual.median,
        reason=_reason(question, usual),
    )


def score(inputs: QuantityInputs) -> Decimal:
    """Return the ordered quantity as a multiple of the limit it is nearest to passing.

    The larger of: ordered over 3 times the largest order; and the smaller of ordered over the median plus 5 deviations and
    ordered over 1.5 times the median, where that limit counts. Four decimals, rounded up, so that whatever is above the limit
    by the exact rule is above 1 too. Raises ValueError without history.
    """
    usual = _usual(inputs)
    assert usual.median is not None
    assert usual.limit_largest is not None
    ordered = Fraction(inputs.ordered)
    shares = [ordered / Fraction(usual.limit_largest)]
    if usual.limit_deviations is not None:
        steady = Fraction(inputs.least_times_median) * Fraction(usual.median)
        shares.append(min(ordered / Fraction(usual.limit_deviations), ordered / steady))
    return _rounded_up(max(shares))


def _usual(inputs: QuantityInputs) -> Usual:
    limits = GatePolicy(
        policy=inputs.policy,
        usual_deviations=inputs.deviations,
        usual_times_largest=inputs.times_largest,
        usual_least_orders=inputs.least_orders,
        usual_least_times_median=inputs.least_times_median,
    )
    usual = larger_than_usual(inputs.history, inputs.ordered, limits)
    if not usual.orders:
        raise ValueError("nothing was ordered there before")
    return usual


def _rounded_up(value: Fraction) -> Decimal:
    """Return the smallest number of four decimals that is not below a value."""
    steps = -(-value.numerator * 10_000 // value.denominator)
    with localcontext() as context:
        context.prec = max(28, len(str(steps)))
        return (Decimal(steps) * _PLACES).quantize(_PLACES, ROUND_CEILING)


def _reason(question: QuantityQuestion, usual: Usual) -> str:
    """Write what was compared with what, as a person would check it."""
    inputs = question.inputs
    assert usual.median is not None
    assert usual.limit_largest is not None
    said = [
        f"{quantity(inputs.ordered, inputs.uom)} for {question.site_code}; {usual.orders} orders in 12 months, "
        f"median {quantity(usual.median, inputs.uom)}, largest {number(max(inputs.history))}"
    ]
    if usual.limit_deviations is not None:
        said.append(f"median plus {number(inputs.deviations)} robust deviations is {number(usual.limit_deviations)}")
    said.append(f"{number(inputs.times_largest)} times the largest is {number(usual.limit_largest)}")
    return "; ".join(said) + "."
