"""Prices at the gate: against the agreement, against what was paid, and slips of the keyboard."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from purveyor.core.facts import GatePolicy
from purveyor.core.finding import Finding, Result, Severity
from purveyor.core.gate import check
from purveyor.core.order import OrderLine, Schedule
from purveyor.core.rules.keying import swapped_digits
from tests.core.builders import (
    DAYTON,
    NEED_BY,
    NOW,
    TULSA,
    a_fact,
    a_line,
    a_price,
    a_supplier_item,
    an_agreement,
    an_order,
    dec,
    facts_for,
    paid,
)

NO_AGREEMENT: dict[str, Any] = {"agreements": ()}


def findings_of(line: OrderLine, policy: GatePolicy | None = None, **facts: Any) -> list[Finding]:
    """Check an order of one line and return its price findings."""
    order = an_order([line])
    report = check(order, facts_for(order, **facts), policy or GatePolicy(), NOW)
    return [finding for finding in report.findings if finding.section == "price"]


def test_a_price_above_the_agreement_shows_both_prices_the_percent_the_money_and_the_agreement() -> None:
    agreement = an_agreement(a_price("P1", "10.00"), number="AG-100", version=3)

    found = findings_of(a_line(quantity=200, price="10.50"), agreements=(a_fact(agreement),))

    [finding] = [finding for finding in found if finding.code == "PRICE_MISMATCH"]
    assert finding.expected == "10.00 USD per EA"
    assert finding.actual == "10.50 USD per EA"
    assert "+5.00 %" in finding.message
    assert finding.exposure == dec("100.00")
    assert finding.currency == "USD"
    assert "agreement AG-100 version 3" in finding.message
    assert any(str(agreement.id) in fact.value for fact in finding.facts)
    assert finding.severity is Severity.BLOCK


def test_a_price_below_the_agreement_does_not_match_either() -> None:
    [finding] = findings_of(a_line(quantity=200, price="9.50"))

    assert (finding.code, finding.exposure) == ("PRICE_MISMATCH", dec("100.00"))
    assert "-5.00 %" in finding.message


def test_the_tolerance_for_agreements_is_kept_and_a_difference_at_the_limit_passes() -> None:
    policy = GatePolicy(agreement_tolerance_pct=dec(5))

    assert findings_of(a_line(quantity=200, price="10.50"), policy) == []
    assert findings_of(a_line(quantity=200, price="10.51"), policy) != []


def test_a_price_no_decimal_can_hold_is_no_difference_when_the_amount_is_right() -> None:
    by_carton = an_agreement(a_price("B1", "10.00", uom="carton"))

    assert findings_of(a_line(quantity=12, price="0.8333"), agreements=(a_fact(by_carton),)) == []


def test_a_price_per_hundred_is_compared_per_unit() -> None:
    line = replace(a_line(quantity=60, price="1000.00"), price_per=dec(100))

    assert findings_of(line) == []


def test_something_agreed_to_be_free_is_not_paid() -> None:
    [finding] = findings_of(a_line(quantity=60), agreements=(a_fact(an_agreement(a_price(price="0"))),))

    assert finding.exposure == dec("600.00")


def test_the_price_list_of_the_supplier_is_named_where_there_is_no_agreement() -> None:
    terms = a_fact(a_supplier_item(a_price("L1", "9.00")))

    [finding] = findings_of(a_line(), agreements=(), supplier_item=terms)

    assert "by the price list, entry L1" in finding.message


@pytest.mark.parametrize(
    ("agreement", "reason"),
    [
        (an_agreement(a_price(valid_to=date(2026, 1, 1))), "no_valid_date"),
        (an_agreement(a_price(currency="EUR")), "currency"),
        (an_agreement(a_price(least=100)), "below_smallest_break"),
        (an_agreement(a_price(site_id=TULSA)), "site"),
    ],
)
def test_an_agreement_without_a_price_for_this_line_says_why(agreement: Any, reason: str) -> None:
    [finding] = findings_of(a_line(), agreements=(a_fact(agreement),))

    assert (finding.code, finding.actual, finding.result) == ("PRICE_MISSING", reason, Result.NO_DATA)
    assert finding.severity is Severity.APPROVE
    assert finding.exposure == dec("600.00")


def test_two_prices_of_equal_rank_go_to_a_person_with_both_named() -> None:
    unclear = an_agreement(a_price("T1", "10.00"), a_price("T2", "9.70"))

    [finding] = findings_of(a_line(), agreements=(a_fact(unclear),))

    assert (finding.code, finding.actual, finding.severity) == ("PRICE_AMBIGUOUS", "T1, T2", Severity.APPROVE)


def test_a_line_for_two_sites_with_different_prices_is_ambiguous() -> None:
    agreement = an_agreement(a_price("DAY", "10.00", site_id=DAYTON), a_price("TUL", "9.00", site_id=TULSA))
    parts = (Schedule(1, DAYTON, dec(30), NEED_BY), Schedule(2, TULSA, dec(30), NEED_BY))

    [finding] = findings_of(replace(a_line(), schedules=parts), agreements=(a_fact(agreement),))

    assert (finding.code, finding.actual) == ("PRICE_AMBIGUOUS", "DAY, TUL")


def test_a_price_entry_in_a_unit_without_conversion_cannot_be_compared() -> None:
    [finding] = findings_of(a_line(), agreements=(a_fact(an_agreement(a_price(uom="pallet"))),))

    assert (finding.code, finding.actual) == ("UOM_UNKNOWN", "pallet")


def test_without_agreement_a_price_near_the_last_one_and_the_median_passes() -> None:
    assert findings_of(a_line(price="10.20"), **NO_AGREEMENT) == []


def test_without_agreement_a_price_above_the_last_one_asks_an_approver() -> None:
    [finding] = findings_of(a_line(price="10.21"), **NO_AGREEMENT)

    assert (finding.code, finding.severity) == ("PRICE_ABOVE_LAST", Severity.APPROVE)
    assert finding.exposure == dec("12.60")
    assert "last 10.00 on 2026-02-09, median 10.00 of 6 orders" in finding.message


def test_a_price_already_paid_last_time_but_above_the_median_only_warns() -> None:
    [finding] = findings_of(a_line(price="11.00"), **NO_AGREEMENT, paid=a_fact(paid(last="11.00", median="10.00")))

    assert (finding.code, finding.severity, finding.expected) == ("PRICE_ABOVE_MEDIAN", Severity.WARN, "10.00 USD per EA")


def test_what_was_free_last_time_is_above_the_last_price() -> None:
    [finding] = findings_of(a_line(price="1.00"), **NO_AGREEMENT, paid=a_fact(paid(last="0", median="0")))

    assert finding.code == "PRICE_ABOVE_LAST"
    assert "from nothing" in finding.message


@pytest.mark.parametrize("known", [None, a_fact(paid(currency="EUR"))])
def test_a_price_nothing_can_be_compared_with_goes_to_an_approver(known: Any) -> None:
    [finding] = findings_of(a_line(), **NO_AGREEMENT, paid=known)

    assert (finding.code, finding.result, finding.severity) == ("PRICE_MISSING", Result.NO_DATA, Severity.APPROVE)


# --- keying slips --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("100.00", "10 times"),
        ("1000.00", "100 times"),
        ("1.00", "a tenth of"),
        ("0.10", "a hundredth of"),
        ("101.50", "10 times"),
    ],
)
def test_a_slipped_decimal_point_is_named(typed: str, said: str) -> None:
    found = findings_of(a_line(quantity=60, price=typed))

    [finding] = [finding for finding in found if finding.code == "PRICE_KEYING"]
    assert said in finding.message
    assert finding.suggestion == "10.00 USD per EA"
    assert finding.severity is Severity.BLOCK


def test_swapped_digits_are_named_with_the_money_they_cost() -> None:
    agreement = an_agreement(a_price("B1", "1036.80", uom="carton"))
    line = a_line(quantity=5, uom="carton", price="1063.80")

    found = findings_of(line, agreements=(a_fact(agreement),))

    [finding] = [finding for finding in found if finding.code == "PRICE_KEYING"]
    assert finding.exposure == dec("135.00")
    assert "two digits swapped" in finding.message


def test_without_agreement_the_last_price_reveals_the_slip() -> None:
    line = a_line(quantity=5, uom="carton", price="1200.00")

    found = findings_of(line, **NO_AGREEMENT)

    assert "PRICE_KEYING" in {finding.code for finding in found}


def test_an_ordinary_rise_is_no_slip() -> None:
    assert {finding.code for finding in findings_of(a_line(price="10.70"))} == {"PRICE_MISMATCH"}


@pytest.mark.parametrize("known", [None, a_fact(paid(currency="EUR")), a_fact(paid(last="0"))])
def test_without_a_known_price_no_slip_is_claimed(known: Any) -> None:
    found = findings_of(a_line(price="100.00"), **NO_AGREEMENT, paid=known)

    assert "PRICE_KEYING" not in {finding.code for finding in found}


def test_a_line_without_price_or_unit_has_no_price_findings() -> None:
    assert findings_of(a_line(price=None)) == []
    assert findings_of(a_line(uom="pallet"), **NO_AGREEMENT) == []


@pytest.mark.parametrize(
    ("typed", "known", "swapped"),
    [
        ("1063.80", "1036.80", True),
        ("0.12", "0.21", True),
        ("12", "21", True),
        ("9.00", "90.00", True),
        ("1036.80", "1036.80", False),
        ("1064.80", "1036.80", False),
        ("6031.80", "1036.80", False),
        ("13.00", "21.00", False),
    ],
)
def test_swapped_digits_are_two_neighbours_that_changed_places(typed: str, known: str, swapped: bool) -> None:
    assert swapped_digits(dec(typed), dec(known)) is swapped
