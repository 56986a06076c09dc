"""Quantities at the gate: minimum and multiple, units and packs, and what is larger than usual."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.facts import GatePolicy
from purveyor.core.finding import Finding, Result, Severity
from purveyor.core.gate import check
from purveyor.core.order import OrderLine, Schedule
from purveyor.core.quantity import UnitTable, as_decimal
from purveyor.core.rules.minimum import PurchaseQuantity, purchase_quantity
from purveyor.core.rules.usual import larger_than_usual, surely_usual
from tests.core.builders import (
    DAYTON,
    NEED_BY,
    NOW,
    TULSA,
    a_fact,
    a_line,
    a_price,
    a_stock,
    a_supplier_item,
    an_agreement,
    an_item,
    an_order,
    dec,
    facts_for,
)
from tests.worked import needs_worked_cases, worked_cases, worked_set

USUAL = worked_set("larger_than_usual")


def findings_of(line: OrderLine, code: str | None = None, **facts: Any) -> list[Finding]:
    """Check an order of one line and return its findings, or those of one code."""
    order = an_order([line])
    found = check(order, facts_for(order, **facts), GatePolicy(), NOW).findings
    return [finding for finding in found if code in (None, finding.code)]


def codes_of(line: OrderLine, **facts: Any) -> set[str]:
    return {finding.code for finding in findings_of(line, **facts)}


# --- minimum and multiple ------------------------------------------------------------------------------------------------------


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("order_quantity"))
def test_a_need_is_rounded_up_to_what_the_supplier_sells(case: dict[str, Any]) -> None:
    given_, expect = case["input"], case["expect"]

    answer = purchase_quantity(
        dec(given_["need_stock_units"]),
        Fraction(given_["stock_units_per_purchase_unit"]),
        minimum=dec(given_["moq"]),
        multiple=dec(given_["multiple"]),
        unit_cost=dec(given_["unit_cost"]),
        daily_demand=dec(given_["daily_demand"]),
        currency="USD",
        maximum=dec(given_["max_order_qty"]) if "max_order_qty" in given_ else None,
    )

    assert answer.ordered == dec(expect["order_qty"])
    assert answer.stock == dec(expect["stock_qty"])
    assert answer.excess == dec(expect["excess"])
    assert str(answer.excess_cost) == expect["excess_cost"]
    assert str(answer.extended) == expect["extended"]
    assert list(answer.notes) == expect["findings"]
    assert answer.days_of_supply is not None
    assert str(as_decimal(answer.days_of_supply).quantize(Decimal("0.1"), ROUND_HALF_UP)) == expect["days_of_supply"]


def _cartons_for(need: int) -> PurchaseQuantity:
    """Cartons of 12 at 9.50: at least four, in threes, at most five at a time; eight pieces are sold a day."""
    return purchase_quantity(
        dec(need),
        Fraction(12),
        minimum=dec(4),
        multiple=dec(3),
        unit_cost=dec("9.50"),
        daily_demand=dec(8),
        currency="USD",
        maximum=dec(5),
    )


def test_thirty_pieces_become_six_cartons_and_every_reason_is_named() -> None:
    answer = _cartons_for(30)

    assert (answer.ordered, answer.stock, answer.excess) == (dec(6), dec(72), dec(42))
    assert (answer.excess_cost, answer.extended, answer.days_of_supply) == (dec("33.25"), dec("57.00"), Fraction(9))
    assert answer.notes == ("RAISED_TO_MOQ", "ROUNDED_TO_MULTIPLE", "ABOVE_MAX_ORDER_QTY")


@pytest.mark.parametrize("need", [0, -5])
def test_whoever_needs_nothing_orders_nothing_not_even_the_minimum(need: int) -> None:
    answer = _cartons_for(need)

    assert (answer.ordered, answer.extended, answer.days_of_supply, answer.notes) == (dec(0), dec(0), Fraction(0), ())


def test_a_need_that_fits_is_ordered_as_it_is() -> None:
    answer = purchase_quantity(
        dec(72), Fraction(12), minimum=dec(4), multiple=dec(3), unit_cost=dec(1), daily_demand=dec(0), currency="USD"
    )

    assert (answer.ordered, answer.excess, answer.notes) == (dec(6), dec(0), ())


def test_without_demand_the_days_of_supply_are_unknown_rather_than_endless() -> None:
    answer = purchase_quantity(
        dec(10), Fraction(1), minimum=dec(1), multiple=dec(1), unit_cost=dec(2), daily_demand=dec(0), currency="USD"
    )

    assert answer.days_of_supply is None


@given(
    st.decimals("0.1", "10000", places=1),
    st.integers(1, 500),
    st.integers(1, 144),
    st.fractions(min_value=Fraction(1, 50), max_value=200, max_denominator=50),
)
def test_the_purchase_quantity_covers_the_need_and_fits_minimum_and_multiple(
    need: Decimal, minimum: int, multiple: int, ratio: Fraction
) -> None:
    answer = purchase_quantity(
        need, ratio, minimum=dec(minimum), multiple=dec(multiple), unit_cost=dec(1), daily_demand=dec(1), currency="USD"
    )

    assert Fraction(answer.ordered) * ratio >= Fraction(need)
    assert answer.ordered >= minimum
    assert answer.ordered % multiple == 0


def _sells(minimum: int = 0, multiple: int = 1, **changes: Any) -> Any:
    return a_fact(a_supplier_item(minimum=dec(minimum), multiple=dec(multiple), **changes))


def test_a_line_below_the_minimum_shows_what_the_minimum_costs() -> None:
    [finding] = findings_of(a_line(quantity=60), supplier_item=_sells(minimum=100, multiple=12))

    assert finding.code == "MOQ"
    assert (finding.expected, finding.actual) == ("108 EA", "60 EA")
    assert finding.exposure == dec("480.00")
    assert finding.suggestion == "108 EA"


def test_a_line_between_two_multiples_is_blocked_with_the_next_one() -> None:
    [finding] = findings_of(a_line(quantity=62), supplier_item=_sells(multiple=12))

    assert (finding.code, finding.severity) == ("MULTIPLE", Severity.BLOCK)
    assert finding.expected == "72 EA"


def test_the_multiple_is_judged_in_the_unit_the_supplier_sells() -> None:
    terms = _sells(multiple=1, order_uom="carton")

    assert findings_of(a_line(quantity=60), supplier_item=terms) == []
    assert [finding.expected for finding in findings_of(a_line(quantity=62), supplier_item=terms)] == ["6 carton"]


def test_a_line_above_the_suppliers_maximum_is_flagged_not_cut() -> None:
    [finding] = findings_of(a_line(quantity=84), supplier_item=_sells(maximum=dec(80)))

    assert (finding.code, finding.exposure) == ("ABOVE_MAX_ORDER_QTY", dec("40.00"))


def test_a_minimum_missed_without_a_price_still_says_the_quantity() -> None:
    [finding] = findings_of(a_line(quantity=60, price=None), "MOQ", supplier_item=_sells(minimum=100))

    assert (finding.expected, finding.exposure) == ("100 EA", None)


def test_an_item_the_supplier_has_no_terms_for_is_said_to_be_unchecked() -> None:
    [finding] = findings_of(a_line(), supplier_item=None)

    assert (finding.code, finding.result) == ("SUPPLIER_ITEM_MISSING", Result.NO_DATA)


def test_terms_in_a_unit_without_conversion_cannot_be_checked() -> None:
    [finding] = findings_of(a_line(), "UOM_UNKNOWN", supplier_item=_sells(order_uom="pallet"))

    assert finding.rule == "quantity.minimum"


# --- units and packs -----------------------------------------------------------------------------------------------------------


def _pumps(cartons: int) -> OrderLine:
    return a_line(quantity=cartons, uom="carton", price="1036.80")


PUMP_PRICES = an_agreement(
    a_price("B1", "1036.80", uom="carton"), a_price("B20", "998.40", least=20, uom="carton"), number="KP-2026"
)
PUMP_FACTS: dict[str, Any] = {
    "agreements": (a_fact(PUMP_PRICES),),
    "supplier_item": a_fact(a_supplier_item(order_uom="carton")),
    "stock": a_stock(on_hand=96, allocated=12, on_order=0),
    "history": tuple(dec(quantity) for quantity in (216, 240, 240, 264, 240, 228)),
}


def test_240_cartons_typed_where_240_pumps_were_meant_are_stopped_with_the_sum_not_spent() -> None:
    [finding] = findings_of(_pumps(240), "PACK_SLIP", **PUMP_FACTS)

    assert finding.severity is Severity.BLOCK
    assert finding.exposure == dec("228096.00")
    assert finding.suggestion == "20 carton"
    assert "248,832.00 USD" in finding.message
    assert "69 weeks of demand at 42 a week" in finding.message
    assert finding.arithmetic is not None
    assert "220 carton x 1,036.80 = 228,096.00 USD" in finding.arithmetic


def test_the_corrected_20_cartons_are_left_with_the_missed_quantity_break_only() -> None:
    [finding] = findings_of(_pumps(20), **PUMP_FACTS)

    assert finding.code == "PRICE_MISMATCH"
    assert finding.expected == "998.40 USD per carton"
    assert finding.exposure == dec("768.00")


def test_demand_alone_reveals_the_slip_when_there_is_no_history() -> None:
    found = findings_of(_pumps(240), "PACK_SLIP", **{**PUMP_FACTS, "history": {}})

    assert [finding.suggestion for finding in found] == ["20 carton"]


def test_history_alone_reveals_the_slip_when_demand_is_not_known() -> None:
    stock = a_stock(daily_demand=None)
    [finding] = findings_of(_pumps(240), "PACK_SLIP", **{**PUMP_FACTS, "stock": stock})

    assert "weeks" not in finding.message


def test_without_history_and_demand_no_slip_is_claimed() -> None:
    assert "PACK_SLIP" not in codes_of(_pumps(240), **{**PUMP_FACTS, "history": {}, "stock": {}})


def test_a_quantity_too_large_in_pieces_too_is_no_pack_slip() -> None:
    assert "PACK_SLIP" not in codes_of(_pumps(5000), **PUMP_FACTS)


def test_pieces_that_fill_no_whole_carton_are_rounded_up_to_cartons_in_the_suppliers_multiple() -> None:
    terms = a_fact(a_supplier_item(order_uom="carton", multiple=dec(5)))
    [finding] = findings_of(_pumps(250), "PACK_SLIP", **{**PUMP_FACTS, "supplier_item": terms})

    assert finding.suggestion == "25 carton"


def test_a_slip_is_named_even_when_the_price_is_missing() -> None:
    line = replace(_pumps(240), unit_price=None)
    [finding] = findings_of(line, "PACK_SLIP", **{**PUMP_FACTS, "supplier_item": None})

    assert (finding.suggestion, finding.exposure) == ("20 carton", None)


def test_a_unit_without_conversion_blocks_and_names_the_units_of_the_item() -> None:
    [finding] = findings_of(a_line(uom="pallet"), "UOM_UNKNOWN")

    assert (finding.expected, finding.actual) == ("EA, carton", "pallet")


def test_a_unit_smaller_than_the_base_unit_is_never_taken_for_a_pack() -> None:
    hoses = an_item(units=UnitTable("roll", {"m": Fraction(1, 25)}))

    assert "PACK_SLIP" not in codes_of(a_line(quantity=90000, uom="m"), item=a_fact(hoses))


# --- larger than usual ---------------------------------------------------------------------------------------------------------


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("larger_than_usual"))
def test_one_rule_says_what_is_larger_than_usual(case: dict[str, Any]) -> None:
    expect = case["expect"]
    history = [dec(quantity) for quantity in USUAL["histories"][case["input"]["history"]]]

    usual = larger_than_usual(history, dec(case["input"]["qty"]), GatePolicy())

    assert usual.orders == expect["orders"]
    assert list(usual.reasons) == expect["reasons"]
    assert expect["result"] == ("REVIEW" if usual.reasons else "PASS" if usual.orders else "NO_HISTORY")
    if "median" in expect:
        assert usual.median == dec(expect["median"])
        assert usual.deviation == dec(expect["deviation"])
        assert usual.limit_largest == dec(expect["limit_largest"])
        assert usual.limit_deviations == (None if expect["limit_deviations"] is None else dec(expect["limit_deviations"]))


@given(st.lists(st.integers(1, 1000).map(Decimal), max_size=15), st.integers(1, 4000).map(Decimal))
def test_the_quick_answer_never_passes_what_the_full_rule_would_review(history: list[Decimal], ordered: Decimal) -> None:
    if surely_usual(history, ordered, GatePolicy()):
        assert larger_than_usual(history, ordered, GatePolicy()).reasons == ()


def test_an_unusual_quantity_cites_stock_orders_on_the_way_demand_and_the_usual_size() -> None:
    history = tuple(dec(quantity) for quantity in (80, 90, 100, 100, 110, 120, 100, 90, 110, 100, 80, 120))
    stock = a_stock(on_hand=250, on_order=0, allocated=0, daily_demand=dec("3.3"))

    [finding] = findings_of(a_line(quantity=1000), "QUANTITY_ANOMALY", history=history, stock=stock)

    assert finding.severity is Severity.APPROVE
    assert "median 100 EA" in finding.message
    assert "On hand 250, on order 0, sells 3.3 a day" in finding.message
    assert finding.exposure == dec("9000.00")
    assert finding.arithmetic is not None
    assert "ABOVE_5_DEVIATIONS, ABOVE_3_TIMES_LARGEST" in finding.arithmetic


def test_an_unusual_quantity_is_found_without_knowing_stock_or_demand() -> None:
    history = tuple(dec(quantity) for quantity in (50, 60, 40))
    blind = findings_of(a_line(quantity=181), "QUANTITY_ANOMALY", history=history, stock={})
    no_demand = findings_of(a_line(quantity=181), "QUANTITY_ANOMALY", history=history, stock=a_stock(daily_demand=None))

    assert "On hand" not in blind[0].message
    assert "sells" not in no_demand[0].message


def test_a_quantity_above_the_largest_order_passes_while_it_keeps_both_limits() -> None:
    history = tuple(dec(quantity) for quantity in (50, 60, 70, 70, 80, 90))

    assert findings_of(a_line(quantity=144), "QUANTITY_ANOMALY", history=history) == []
    assert len(findings_of(a_line(quantity=145), "QUANTITY_ANOMALY", history=history)) == 1


def test_a_first_order_for_a_site_is_only_told() -> None:
    [finding] = findings_of(a_line(), "NO_HISTORY", history=())

    assert (finding.severity, finding.result) == (Severity.INFO, Result.NO_DATA)


def test_each_ship_to_site_is_judged_by_its_own_history() -> None:
    parts = (Schedule(1, DAYTON, dec(30), NEED_BY), Schedule(2, TULSA, dec(300), NEED_BY), Schedule(3, DAYTON, dec(30), NEED_BY))
    line = replace(a_line(quantity=360), schedules=parts)

    found = findings_of(line, "QUANTITY_ANOMALY")

    assert [finding.actual for finding in found] == ["300 EA for TUL"]
