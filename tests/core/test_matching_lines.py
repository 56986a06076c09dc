"""Price and quantity of an invoice line against order and receipts: every worked case, and what must hold for all."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.matching import (
    Billed,
    LineMatch,
    MismatchClass,
    Ordered,
    Outcome,
    Report,
    Running,
    contribution,
    match_line,
    worst,
)
from purveyor.core.quantity import UnitTable
from tests.core.matching_cases import (
    a_bill,
    a_tolerance,
    a_value_bill,
    a_value_line,
    an_order_line,
    easter_calendar,
    in_the_house,
    matched_in_turn,
)
from tests.worked import needs_worked_cases, worked_cases, worked_set

CARTONS = UnitTable("EA", {"CT": Fraction(12)})
HOLIDAYS = worked_set("tolerance_match").get("holidays", [])


def said(result: LineMatch, expect: dict[str, Any]) -> dict[str, Any]:
    """What a match says, in the words of the worked case; only the figures the case asks for."""
    words: dict[str, Any] = {
        "price_variance_pct": str(result.price_variance_pct),
        "line_variance": str(result.line_variance),
        "line_limit": str(result.line_limit),
        "cumulative_variance": str(result.cumulative_variance),
        "cumulative_limit": str(result.cumulative_limit),
        "cumulative_qty": format(result.cumulative_quantity, "f"),
        "cumulative_value": str(result.cumulative_value),
        "over_po_value": str(result.line_variance),
        "limit": str(result.line_limit),
        "outcome": result.outcome.value,
        "classes": [each.value for each in result.classes],
    }
    told = {name: words[name] for name in expect if name in words}
    if result.reported is not None:
        told["reported"] = result.reported.value
    if result.wait_until is not None:
        told["wait_until"] = result.wait_until.isoformat()
    return told


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("tolerance_match"))
def test_each_worked_invoice_gets_its_outcome_and_figures(case: dict[str, Any]) -> None:
    given_ = case["input"]
    tolerance = a_tolerance(
        given_["tolerance_pct"], given_["tolerance_abs"], given_["mode"], given_.get("small_difference_floor")
    )
    if "po_value" in given_:
        ordered, bills = a_value_line(given_["po_value"]), [a_value_bill(amount) for amount in given_["value_invoices"]]
        received = in_the_house("0")
    else:
        ordered = an_order_line(given_["po_qty"], given_["po_price"])
        bills = [a_bill(bill["qty"], bill["price"]) for bill in given_["invoices"]]
        received = in_the_house(
            given_["received_qty"],
            given_.get("expected_receipt"),
            given_.get("as_of", "2026-03-16"),
            calendar=easter_calendar(HOLIDAYS),
        )

    results = matched_in_turn(ordered, received, bills, tolerance)

    assert [said(result, expect) for result, expect in zip(results, case["expect"], strict=True)] == case["expect"]


def test_the_pump_invoice_at_the_old_price_is_460_80_over() -> None:
    ordered = an_order_line("20", "998.40", uom="CT")

    result = match_line(ordered, in_the_house("12"), a_bill("12", "1036.80", "CT"), a_tolerance())

    assert result.outcome is Outcome.EXCEPTION
    assert result.classes == (MismatchClass.PRICE,)
    assert result.line_variance == Decimal("460.80")
    assert result.exposure == ((MismatchClass.PRICE, Decimal("460.80")),)


def test_an_invoice_in_pieces_matches_an_order_in_cartons_exactly() -> None:
    ordered = an_order_line("20", "998.40", uom="CT", units=CARTONS)

    result = match_line(ordered, in_the_house("12"), a_bill("144", "83.20", "EA"), a_tolerance())

    assert result.outcome is Outcome.MATCHED
    assert result.cumulative_quantity == 12


def test_a_price_per_hundred_is_compared_per_piece() -> None:
    ordered = an_order_line("1000", "8.35", price_per=Decimal(100))

    result = match_line(ordered, in_the_house("1000"), a_bill("1000", "0.0835"), a_tolerance())

    assert result.line_variance == 0


@pytest.mark.parametrize("units", [None, UnitTable("EA", {}), UnitTable("PC", {"BX": Fraction(10)})])
def test_a_unit_nobody_knows_is_a_unit_exception_and_counts_nothing(units: UnitTable | None) -> None:
    result = match_line(an_order_line(units=units), in_the_house(), a_bill("5", "20.00", "BX"), a_tolerance())

    assert result.classes == (MismatchClass.UNIT,)
    assert result.outcome is Outcome.EXCEPTION
    assert result.exposure == ((MismatchClass.UNIT, Decimal("100.00")),)
    assert result.running == Running()


def test_an_invoice_without_unit_bills_in_the_unit_of_the_order() -> None:
    result = match_line(an_order_line(), in_the_house(), a_bill(uom=None), a_tolerance())

    assert result.outcome is Outcome.MATCHED


def test_more_than_the_cited_receipt_does_not_wait_for_another_one() -> None:
    bill = a_bill("60", short_of_receipt=Decimal(20))

    result = match_line(an_order_line(), in_the_house("100", expected="2026-03-20"), bill, a_tolerance())

    assert result.classes == (MismatchClass.QUANTITY,)
    assert result.exposure == ((MismatchClass.QUANTITY, Decimal("200.00")),)


def test_a_free_line_that_is_billed_is_a_price_exception_without_a_percentage() -> None:
    result = match_line(an_order_line(price="0"), in_the_house(), a_bill(price="1.00"), a_tolerance())

    assert result.price_variance_pct is None
    assert result.classes == (MismatchClass.PRICE,)


def test_a_negative_price_on_a_free_line_is_reported_and_passes() -> None:
    result = match_line(an_order_line(price="0"), in_the_house(), a_bill(price="-1.00"), a_tolerance())

    assert result.outcome is Outcome.MATCHED
    assert result.reported is Report.FAVOURABLE_PRICE


def test_small_rises_on_one_order_line_are_stopped_when_their_sum_passes_the_limit() -> None:
    ordered = an_order_line("1200", "5.00")
    bills_in_turn = [a_bill("400", "5.09"), a_bill("400", "5.09")]

    first, second = matched_in_turn(ordered, in_the_house("1200"), bills_in_turn, a_tolerance())

    assert (first.outcome, first.line_variance, first.line_limit) == (Outcome.MATCHED, Decimal("36.00"), Decimal("40.00"))
    assert (second.classes, second.outcome) == ((MismatchClass.PRICE_CUMULATIVE,), Outcome.EXCEPTION)
    assert second.cumulative_limit == Decimal("50.00")
    assert second.exposure == ((MismatchClass.PRICE_CUMULATIVE, Decimal("72.00")),)


def test_a_price_far_below_the_order_is_reviewed_and_one_at_ten_percent_is_only_told() -> None:
    far, near = (
        match_line(an_order_line("40", "25.00"), in_the_house("40"), a_bill("40", price), a_tolerance())
        for price in ("22.00", "22.50")
    )

    assert (far.outcome, far.exposure) == (Outcome.REVIEW, ((MismatchClass.PRICE_FAVOURABLE, Decimal("120.00")),))
    assert (near.outcome, near.classes, near.reported) == (Outcome.MATCHED, (), Report.FAVOURABLE_PRICE)


def test_a_difference_of_cents_passes_above_the_percentage_and_is_told() -> None:
    cents = match_line(an_order_line("20", "1.00"), in_the_house("20"), a_bill("20", "1.03"), a_tolerance())

    assert (cents.line_variance, cents.line_limit) == (Decimal("0.60"), Decimal("0.40"))
    assert (cents.outcome, cents.reported) == (Outcome.MATCHED, Report.SMALL_DIFFERENCE)


def test_an_invoice_ahead_of_its_goods_waits_three_business_days_and_not_a_fourth() -> None:
    ordered, bill = an_order_line("50", "4.00"), a_bill("50", "4.00")

    last_day, too_late = (
        match_line(ordered, in_the_house("30", expected="2026-03-06", as_of=day), bill, a_tolerance())
        for day in ("2026-03-11", "2026-03-12")
    )

    assert (last_day.outcome, last_day.wait_until) == (Outcome.WAITING_RECEIPT, date(2026, 3, 11))
    assert (too_late.outcome, too_late.wait_until) == (Outcome.EXCEPTION, None)
    assert too_late.exposure == ((MismatchClass.QUANTITY, Decimal("80.00")),)


def test_a_line_without_unit_price_is_matched_by_the_sum_of_its_amounts() -> None:
    bills_in_turn = [a_value_bill("600.00"), a_value_bill("310.00"), a_value_bill("20.00")]

    first, second, third = matched_in_turn(a_value_line("900.00"), in_the_house("0"), bills_in_turn, a_tolerance())

    assert (first.outcome, first.line_variance) == (Outcome.MATCHED, Decimal("0.00"))
    assert (second.outcome, second.line_variance, second.line_limit) == (Outcome.MATCHED, Decimal("10.00"), Decimal("18.00"))
    assert (third.classes, third.outcome) == ((MismatchClass.VALUE_CUMULATIVE,), Outcome.EXCEPTION)
    assert third.exposure == ((MismatchClass.VALUE_CUMULATIVE, Decimal("30.00")),)
    assert third.cumulative_value == Decimal("930.00")


def test_cents_above_the_value_of_a_line_pass_and_are_told() -> None:
    over = match_line(a_value_line("30.00"), in_the_house("0"), a_value_bill("30.80"), a_tolerance())

    assert (over.line_limit, over.outcome, over.reported) == (Decimal("0.60"), Outcome.MATCHED, Report.SMALL_DIFFERENCE)


def test_a_credit_note_takes_its_quantity_and_variance_back() -> None:
    ordered = an_order_line()
    billed = contribution(ordered, a_bill("100", "11.00"))
    credited = contribution(ordered, a_bill("100", "11.00"), credit=True)

    assert billed is not None
    assert credited is not None
    assert billed.plus(credited) == Running()


def test_a_credit_without_quantity_lowers_the_price_paid() -> None:
    credited = contribution(an_order_line(), a_value_bill("40.00"), credit=True)

    assert credited == Running(variance=Fraction(-40), value=Fraction(-40))


def test_the_owner_of_every_class_is_an_exception_type() -> None:
    assert worst([MismatchClass.PRICE_FAVOURABLE], waiting=True) is Outcome.REVIEW
    assert worst([], waiting=True) is Outcome.WAITING_RECEIPT
    assert worst([MismatchClass.PRICE_FAVOURABLE, MismatchClass.TAX], waiting=False) is Outcome.EXCEPTION


bills = st.builds(
    lambda quantity, price, uom: a_bill(str(quantity), str(price), uom),
    st.integers(1, 50),
    st.decimals("0.01", "20", places=3),
    st.sampled_from(["EA", "CT"]),
)


@given(some=st.lists(bills, min_size=1, max_size=6).flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_sums_of_an_order_line_do_not_depend_on_the_order_of_its_invoices(
    some: tuple[list[Billed], list[Billed]],
) -> None:
    ordered: Ordered = an_order_line(units=CARTONS)
    sums = [matched_in_turn(ordered, in_the_house(), each, a_tolerance())[-1] for each in some]

    assert sums[0].running == sums[1].running
    assert sums[0].cumulative_variance == sums[1].cumulative_variance


@given(bill=bills, received=st.integers(0, 200), expected=st.sampled_from([None, "2026-03-10", "2026-03-20"]))
def test_a_match_is_deterministic_and_never_payable_beyond_what_was_received(
    bill: Billed, received: int, expected: str | None
) -> None:
    ordered = an_order_line(units=CARTONS)
    house = in_the_house(str(received), expected)

    first, second = (match_line(ordered, house, bill, a_tolerance()) for _ in range(2))

    assert first == second
    if first.outcome is Outcome.MATCHED:
        assert first.cumulative_quantity <= received
    if first.outcome is Outcome.WAITING_RECEIPT:
        assert first.wait_until is not None
        assert first.wait_until >= date(2026, 3, 16)
