"""Stock, lead time and duplicates: whether the order fits what is there, what is on its way and what was entered before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from purveyor.core.facts import GatePolicy, KnownLine, LeadTime
from purveyor.core.finding import Finding, Result, Severity
from purveyor.core.gate import check
from purveyor.core.ids import OrderId, SupplierId
from purveyor.core.items import DemandLine
from purveyor.core.order import PurchaseOrder, Schedule
from tests.core.builders import (
    DAYTON,
    NEED_BY,
    NOW,
    RENO,
    SITES,
    TULSA,
    a_fact,
    a_known_line,
    a_line,
    a_price,
    a_stock,
    a_supplier_item,
    an_agreement,
    an_order,
    dec,
    facts_for,
)
from tests.worked import needs_worked_cases, worked_cases, worked_set


def findings_of(order: PurchaseOrder, **facts: Any) -> list[Finding]:
    """Check an order and return its findings."""
    return list(check(order, facts_for(order, **facts), GatePolicy(), NOW).findings)


# --- maximum -------------------------------------------------------------------------------------------------------------------


def test_stock_over_the_maximum_shows_the_arithmetic_and_the_quantity_that_fits() -> None:
    stock = a_stock(on_hand=80, on_order=40, allocated=20, maximum=dec(120))

    [finding] = findings_of(an_order([a_line(quantity=60)]), stock=stock)

    assert (finding.code, finding.severity, finding.section) == ("OVER_MAX", Severity.APPROVE, "inventory")
    assert finding.arithmetic == "80 on hand + 40 on order - 20 demand + 60 ordered = 160 against maximum 120"
    assert finding.suggestion == "20 EA"
    assert finding.exposure == dec("400.00")
    assert [fact.value for fact in finding.facts if fact.name == "stock at DAY"] == [
        "80 on hand, 20 allocated, 40 on order, 6 a day, maximum 120"
    ]


def test_stock_exactly_at_the_maximum_passes() -> None:
    assert findings_of(an_order([a_line(quantity=60)]), stock=a_stock(maximum=dec(160))) == []


def test_open_demand_until_the_need_by_date_counts_once_beside_its_allocations() -> None:
    demand = (DemandLine(dec(70), date(2026, 4, 1), "SO-1"), DemandLine(dec(500), date(2026, 12, 1), "SO-2"))
    stock = a_stock(maximum=dec(120), demand=demand)

    [finding] = findings_of(an_order([a_line(quantity=72)]), stock=stock)

    assert finding.arithmetic == "80 on hand + 40 on order - 70 demand + 72 ordered = 122 against maximum 120"


def test_orders_the_erp_does_not_know_yet_count_as_coming() -> None:
    awaiting = {DAYTON: a_fact(dec(60), source="purveyor")}

    [finding] = findings_of(an_order([a_line(quantity=60)]), stock=a_stock(maximum=dec(160)), awaiting_erp=awaiting)

    assert finding.arithmetic is not None
    assert "+ 60 not in the ERP yet" in finding.arithmetic
    assert any(fact.name == "ordered for DAY, not in the ERP yet" for fact in finding.facts)


@pytest.mark.parametrize(
    ("terms", "fits"),
    [
        (a_supplier_item(multiple=dec(12)), "12 EA"),
        (a_supplier_item(multiple=dec(12), minimum=dec(24)), "0 EA"),
        (a_supplier_item(order_uom="carton"), "12 EA"),
        (a_supplier_item(order_uom="pallet"), "20 EA"),
        (None, "20 EA"),
    ],
)
def test_the_suggestion_is_what_the_supplier_sells_within_the_room_left(terms: Any, fits: str) -> None:
    found = findings_of(
        an_order([a_line(quantity=60)]), stock=a_stock(maximum=dec(120)), supplier_item=a_fact(terms) if terms else None
    )

    assert [finding.suggestion for finding in found if finding.code == "OVER_MAX"] == [fits]


def test_a_site_already_over_its_maximum_needs_nothing() -> None:
    [finding] = findings_of(an_order([a_line(quantity=60)]), stock=a_stock(on_hand=500, maximum=dec(120)))

    assert finding.suggestion == "0 EA"


def test_unknown_stock_is_said_and_never_taken_for_zero() -> None:
    [finding] = findings_of(an_order(), stock={})

    assert (finding.code, finding.result) == ("STOCK_UNKNOWN", Result.NO_DATA)


# --- lead time -----------------------------------------------------------------------------------------------------------------


def test_a_need_by_before_the_90th_percentile_names_sample_median_and_percentile() -> None:
    order = an_order([a_line(need_by=NOW.date() + timedelta(days=13))])

    [finding] = findings_of(order, lead_time=a_fact(LeadTime(12, dec(9), dec(14))))

    assert (finding.code, finding.severity) == ("LEAD_TIME_RISK", Severity.WARN)
    assert "12 receipts in 12 months: median 9 days, 90th percentile 14 days" in finding.message
    assert finding.suggestion == "2026-03-23"


def test_a_need_by_exactly_at_the_lead_time_passes() -> None:
    assert findings_of(an_order([a_line(need_by=NOW.date() + timedelta(days=14))])) == []


@pytest.mark.parametrize(("seen", "said"), [(LeadTime(9, dec(20), dec(40)), "Only 9 receipts"), (None, "Only 0 receipts")])
def test_with_fewer_than_ten_receipts_the_quoted_lead_time_counts_and_that_is_said(seen: LeadTime | None, said: str) -> None:
    order = an_order([a_line(need_by=NOW.date() + timedelta(days=9))])

    [finding] = findings_of(order, lead_time=a_fact(seen) if seen else None)

    assert said in finding.message
    assert "quoted lead time 10 days" in finding.message


@pytest.mark.parametrize("terms", [a_fact(a_supplier_item(lead_time_days=None)), None])
def test_without_any_lead_time_the_gate_says_that_it_cannot_tell(terms: Any) -> None:
    found = findings_of(an_order(), lead_time=None, supplier_item=terms)

    [finding] = [finding for finding in found if finding.section == "inventory"]
    assert (finding.code, finding.result, finding.severity) == ("LEAD_TIME_UNKNOWN", Result.NO_DATA, Severity.INFO)


# --- duplicates ----------------------------------------------------------------------------------------------------------------

DUPLICATES = worked_set("duplicate_order")
WAREHOUSES = {"WH1": DAYTON, "WH2": TULSA, "WH3": RENO}


def _moment(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("duplicate_order"))
def test_a_second_order_for_the_same_purchase_is_held_naming_the_first(case: dict[str, Any]) -> None:
    known, new = case["input"]["known"], case["input"]["new"]
    boxes = int(DUPLICATES["uom_factors_to_base"]["BX"])
    suppliers = {"S1": SupplierId(UUID(int=21)), "S2": SupplierId(UUID(int=22))}
    first = KnownLine(
        OrderId(UUID(int=31)),
        "PV-FIRST",
        1,
        suppliers[known["supplier"]],
        WAREHOUSES[known["ship_to"]],
        dec(known["qty"]) * (boxes if known["uom"] == "BX" else 1),
        date.fromisoformat(known["need_by"]),
        _moment(known["entered"]),
        known.get("cancelled", False),
    )
    line = a_line(
        quantity=new["qty"],
        uom="carton" if new["uom"] == "BX" else "EA",
        ship_to=WAREHOUSES[new["ship_to"]],
        need_by=date.fromisoformat(new["need_by"]),
    )
    order = an_order([line], supplier_id=suppliers[new["supplier"]], created_at=_moment(new["entered"]))

    found = [finding for finding in findings_of(order, known_lines=a_fact((first,))) if finding.code == "PROBABLE_DUPLICATE"]

    assert bool(found) is case["expect"]["held"]
    assert all(finding.related_order == "PV-FIRST" for finding in found)


def test_a_held_duplicate_shows_the_money_and_the_earliest_twin() -> None:
    order = an_order()
    twins = (a_known_line(order, days_before=1, order_ref="PV000008"), a_known_line(order, days_before=2, order_ref="PV000007"))

    [finding] = findings_of(order, known_lines=a_fact(twins))

    assert (finding.related_order, finding.exposure, finding.severity) == ("PV000007", dec("600.00"), Severity.BLOCK)


@pytest.mark.parametrize(
    "other",
    [
        {"cancelled": True},
        {"supplier_id": SupplierId(UUID(int=22))},
        {"ship_to": TULSA},
        {"need_by": date(2026, 4, 11)},
        {"quantity": dec(61)},
        {"entered_at": NOW - timedelta(days=4)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_need_and_a_cancelled_order_hold_nobody(other: dict[str, Any]) -> None:
    order = an_order()
    twin = a_known_line(order, days_before=3)

    assert len(findings_of(order, known_lines=a_fact((twin,)))) == 1
    assert findings_of(order, known_lines=a_fact((replace(twin, **other),))) == []


def test_only_the_later_of_two_orders_is_held() -> None:
    order = an_order()
    later = a_known_line(order, days_before=-1)

    assert findings_of(order, known_lines=a_fact((later,))) == []


def test_of_two_orders_entered_in_the_same_moment_the_higher_number_is_held() -> None:
    order = an_order(number=5)
    lower = a_known_line(order, days_before=0, order_ref="PV000004")
    higher = a_known_line(order, days_before=0, order_ref="PV000006")

    assert len(findings_of(order, known_lines=a_fact((lower,)))) == 1
    assert findings_of(order, known_lines=a_fact((higher,))) == []


def test_an_order_is_no_duplicate_of_itself() -> None:
    order = an_order()

    assert findings_of(order, known_lines=a_fact((a_known_line(order, order_id=order.id),))) == []


def test_the_order_date_stands_in_where_the_moment_of_entry_is_unknown() -> None:
    order = an_order(created_at=None)

    assert len(findings_of(order, known_lines=a_fact((a_known_line(order),)))) == 1


def test_one_schedule_of_a_line_may_be_the_duplicate() -> None:
    parts = (Schedule(1, DAYTON, dec(20), NEED_BY), Schedule(2, TULSA, dec(40), NEED_BY))
    order = an_order([replace(a_line(quantity=60), schedules=parts)])
    twin = a_known_line(order, quantity=40, ship_to=TULSA)

    [finding] = findings_of(order, known_lines=a_fact((twin,)))

    assert finding.exposure == dec("400.00")
    assert "40 EA for TUL" in finding.message


def test_a_duplicate_without_site_or_price_is_still_found() -> None:
    order = an_order([a_line(price=None, ship_to=None)])
    twin = a_known_line(order, ship_to=None)

    [finding] = [finding for finding in findings_of(order, known_lines=a_fact((twin,))) if finding.code == "PROBABLE_DUPLICATE"]

    assert "for no site" in finding.message


def test_a_site_nobody_knows_is_named_by_its_id() -> None:
    others = {site: known for site, known in SITES.items() if site != DAYTON}
    order = an_order()

    [finding] = [finding for finding in findings_of(order, stock={}, sites=others) if finding.code == "STOCK_UNKNOWN"]

    assert str(DAYTON) in finding.message


def test_facts_at_a_site_nobody_knows_are_named_by_its_id() -> None:
    stock = {DAYTON: a_fact(a_stock(maximum=dec(100), daily_demand=None))}

    [finding] = [finding for finding in findings_of(an_order(), stock=stock, sites={}) if finding.code == "OVER_MAX"]

    assert finding.facts[0].name == f"stock at {DAYTON}"


def test_terms_with_a_price_list_show_how_long_it_is() -> None:
    terms = a_fact(a_supplier_item(a_price("L1"), a_price("L2", least=100)))

    [finding] = findings_of(an_order([a_line(price="11.00")]), supplier_item=terms, agreements=(a_fact(an_agreement()),))

    assert any("price list of 2 entries" in fact.value for fact in finding.facts)
