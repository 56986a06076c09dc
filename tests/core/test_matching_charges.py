"""Freight follows the freight term, tax the tax codes, and an invoice adds up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from purveyor.core.match_charges import FreightTerms, match_freight, match_tax, match_total
from purveyor.core.matching import MismatchClass, Outcome
from tests.core.matching_cases import a_tolerance
from tests.worked import needs_worked_cases, worked_cases


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("delivery_terms", "freight_billed"))
def test_each_worked_freight_charge_is_allowed_or_not(case: dict[str, Any]) -> None:
    terms = case["input"]
    ceiling = terms.get("freight_ceiling")
    order = FreightTerms(terms["freight_term"], None if ceiling is None else Decimal(ceiling))

    result = match_freight([order], Decimal(terms["freight_billed"]), "USD", a_tolerance())

    assert case["expect"] == {
        "allowed": str(result.allowed),
        "over": str(result.over),
        "outcome": result.outcome.value,
        "classes": [each.value for each in result.classes],
    }


def test_an_order_without_freight_term_allows_a_small_share_of_its_goods() -> None:
    order = FreightTerms(None, goods=Decimal("200.00"))

    assert match_freight([order], Decimal("10.00"), "USD", a_tolerance()).classes == ()
    assert match_freight([order], Decimal("10.01"), "USD", a_tolerance()).over == Decimal("0.01")
    assert match_freight([order], Decimal("10.00"), "USD").classes == (MismatchClass.FREIGHT,)


def test_the_ceilings_of_several_orders_on_one_invoice_add_up() -> None:
    orders = [FreightTerms("prepaid_and_add", Decimal("40")), FreightTerms("prepaid"), FreightTerms("prepaid_and_add")]

    assert match_freight(orders, Decimal("40"), "USD").outcome is Outcome.MATCHED


@pytest.mark.parametrize(("billed", "off"), [("8.00", "0.00"), ("8.40", "0.00"), ("8.41", "0.41"), ("7.50", "0.50")])
def test_tax_off_in_either_direction_is_a_difference(billed: str, off: str) -> None:
    result = match_tax(Decimal("8.00"), Decimal(billed), "USD", a_tolerance())

    assert result.over == Decimal(off)
    assert (result.classes == (MismatchClass.TAX,)) == (off != "0.00")


def test_tax_nobody_can_expect_goes_to_a_person_unless_none_is_billed() -> None:
    assert match_tax(None, Decimal("0"), "USD", a_tolerance()).classes == ()
    assert match_tax(None, Decimal("3.10"), "USD", a_tolerance()).over == Decimal("3.10")


def test_an_invoice_that_does_not_add_up_is_stopped_but_for_rounding() -> None:
    lines = [Decimal("10.00"), Decimal("5.00")]

    assert match_total(lines, Decimal(2), Decimal(1), Decimal("18.02"), "USD").classes == ()
    stopped = match_total(lines, Decimal(2), Decimal(1), Decimal("28.00"), "USD")
    assert stopped.classes == (MismatchClass.TOTAL,)
    assert stopped.over == Decimal("10.00")
