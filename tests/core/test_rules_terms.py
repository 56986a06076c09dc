"""Missing data, delivery terms, master data and freshness: what must be in place before an order can leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from purveyor.core.facts import (
    CONNECTED,
    FILES,
    DeliveryTerms,
    Fact,
    FactKind,
    Freshness,
    GatePolicy,
    OrderFacts,
    UnmappedCode,
    reference_time,
    whole_hours,
)
from purveyor.core.finding import Finding, Result, Severity
from purveyor.core.gate import check
from purveyor.core.items import ItemStatus
from purveyor.core.order import PurchaseOrder, Schedule
from purveyor.core.parties import SupplierStatus
from purveyor.core.rules.base import order_check
from purveyor.core.rules.delivery_terms import judge_terms, order_terms
from tests.core.builders import (
    DAYTON,
    NEED_BY,
    NOW,
    RENO,
    SITES,
    a_fact,
    a_line,
    a_site,
    a_stock,
    a_supplier,
    a_supplier_item,
    an_agreement,
    an_item,
    an_order,
    dec,
    facts_for,
)
from tests.worked import needs_worked_cases, worked_cases


def findings_of(order: PurchaseOrder, policy: GatePolicy | None = None, **facts: Any) -> list[Finding]:
    """Check an order and return its findings."""
    return list(check(order, facts_for(order, **facts), policy or GatePolicy(), NOW).findings)


def codes_of(order: PurchaseOrder, **facts: Any) -> set[str]:
    return {finding.code for finding in findings_of(order, **facts)}


# --- missing data --------------------------------------------------------------------------------------------------------------


def test_everything_missing_on_an_order_is_listed_at_once() -> None:
    bare = a_line(uom=None, price=None, ship_to=None, need_by=None)
    order = an_order([bare], freight_term=None, fob_point=None)
    facts = facts_for(order, supplier=a_fact(a_supplier(freight_term=None, fob_point=None)))

    report = check(order, facts, GatePolicy(), NOW)

    codes = {finding.code for finding in report.missing}
    assert codes == {"UNIT_MISSING", "UNIT_PRICE_MISSING", "SHIP_TO_MISSING", "NEED_BY_MISSING", "TERMS_MISSING"}
    assert report.blocked


def test_an_order_nobody_loaded_facts_for_is_blocked_for_what_is_not_known() -> None:
    report = check(an_order(), OrderFacts(), GatePolicy(), NOW)

    assert {"SUPPLIER_UNKNOWN", "ITEM_UNKNOWN"} <= {finding.code for finding in report.missing}


def test_an_order_without_lines_to_buy_is_blocked() -> None:
    assert "NO_LINES" in codes_of(an_order([]))
    assert "NO_LINES" in codes_of(an_order([a_line(cancelled=True)]))


def test_a_line_without_schedules_misses_its_site_and_its_date() -> None:
    assert {"SHIP_TO_MISSING", "NEED_BY_MISSING"} <= codes_of(an_order([replace(a_line(), schedules=())]))


def test_a_code_nobody_mapped_is_named_with_its_system() -> None:
    [finding] = findings_of(an_order(), unmapped=(UnmappedCode("tryton", "unit", "PAL"),))

    assert (finding.code, finding.actual) == ("CODE_UNMAPPED", "PAL")
    assert finding.message == "Unit PAL of tryton is not mapped to anything here."


@pytest.mark.parametrize("quantity", [0, -5])
def test_a_quantity_of_nothing_or_less_is_refused(quantity: int) -> None:
    assert "QUANTITY_INVALID" in codes_of(an_order([a_line(quantity=quantity)]))


def test_a_price_below_zero_is_refused() -> None:
    assert "UNIT_PRICE_INVALID" in codes_of(an_order([a_line(price="-1.00")]))


def test_schedules_that_do_not_add_up_are_named_with_both_sums() -> None:
    one = replace(a_line(), schedules=(Schedule(1, DAYTON, dec(50), NEED_BY),))
    two = replace(a_line(), schedules=(Schedule(1, DAYTON, dec(30), NEED_BY), Schedule(2, RENO, dec(40), NEED_BY)))
    part = replace(a_line(), schedules=(Schedule(1, DAYTON, dec(30), NEED_BY), Schedule(2, None, dec(30), None)))

    [of_one] = [finding for finding in findings_of(an_order([one])) if finding.code == "SCHEDULES_UNEVEN"]
    [of_two] = [finding for finding in findings_of(an_order([two])) if finding.code == "SCHEDULES_UNEVEN"]

    assert (of_one.expected, of_one.actual) == ("60", "50")
    assert (of_two.expected, of_two.actual) == ("60", "70")
    assert codes_of(an_order([part])) == {"SHIP_TO_MISSING", "NEED_BY_MISSING"}


@pytest.mark.parametrize(
    ("hour", "zone", "day", "past"),
    [
        (9, "America/New_York", "2026-03-09", False),
        (9, "America/New_York", "2026-03-08", True),
        (3, "America/New_York", "2026-03-08", False),
        (3, "America/New_York", "2026-03-07", True),
        (12, "Pacific/Auckland", "2026-03-09", True),
        (12, "Pacific/Auckland", "2026-03-10", False),
    ],
)
def test_a_need_by_date_before_today_at_the_site_stops_the_order(hour: int, zone: str, day: str, past: bool) -> None:
    order = an_order([a_line(need_by=date.fromisoformat(day))])
    facts = facts_for(order, sites={DAYTON: a_site(time_zone=zone)})

    report = check(order, facts, GatePolicy(), NOW.replace(hour=hour))

    found = [(finding.severity, finding.actual) for finding in report.findings if finding.code == "NEED_BY_PAST"]
    assert found == ([(Severity.BLOCK, day)] if past else [])


def test_a_date_that_has_passed_is_named_once_and_by_our_own_day_where_the_site_is_not_known() -> None:
    parts = (Schedule(1, None, dec(30), date(2026, 3, 8)), Schedule(2, DAYTON, dec(30), date(2026, 3, 7)))

    found = [one for one in findings_of(an_order([replace(a_line(), schedules=parts)])) if one.code == "NEED_BY_PAST"]

    assert [one.message for one in found] == ["Needed by 2026-03-08, which has passed: today is 2026-03-09."]


# --- delivery terms ------------------------------------------------------------------------------------------------------------


def _terms(row: dict[str, str]) -> DeliveryTerms:
    ceiling = row.get("freight_ceiling")
    return DeliveryTerms(row.get("freight_term"), row.get("fob_point"), row.get("incoterm"), dec(ceiling) if ceiling else None)


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("delivery_terms"))
def test_delivery_terms_are_filled_judged_and_missing_ones_listed_in_full(case: dict[str, Any]) -> None:
    given, expect = case["input"], case["expect"]
    sources = (_terms(given["agreement"]),) if "agreement" in given else ()

    judged = judge_terms(_terms(given["order"]), sources, given["ship_from"], frozenset({given["ship_to"]}))

    codes = (["TERMS_MISSING"] if judged.missing else []) + ([judged.warning] if judged.warning else [])
    assert list(judged.missing) == expect["missing"]
    assert codes == expect["findings"]
    assert list(judged.filled) == expect.get("filled", [])


def test_terms_missing_on_the_order_come_from_the_agreement_before_the_supplier_record() -> None:
    order = an_order(freight_term=None, fob_point=None)
    facts = facts_for(order, agreed_terms=a_fact(DeliveryTerms("collect", "origin")))

    judged = order_terms(order_check(order, facts, GatePolicy(), NOW))

    assert (judged.terms.freight_term, judged.terms.fob_point) == ("collect", "origin")
    assert judged.filled == ("fob_point", "freight_term")


def test_freight_that_the_supplier_adds_needs_a_ceiling() -> None:
    open_ended, limited = (
        judge_terms(DeliveryTerms("prepaid_and_add", "origin", None, ceiling), (), "US", frozenset({"US"}))
        for ceiling in (None, dec("35.00"))
    )

    assert (open_ended.missing, limited.missing) == (("freight_ceiling",), ())


def test_missing_terms_block_and_say_what_was_filled() -> None:
    order = an_order(freight_term=None, fob_point=None)
    terms = a_fact(DeliveryTerms(fob_point="origin"))

    found = findings_of(order, supplier=a_fact(a_supplier(freight_term=None, fob_point=None)), agreed_terms=terms)

    [finding] = found
    assert (finding.code, finding.severity) == ("TERMS_MISSING", Severity.BLOCK)
    assert finding.actual == "missing: freight_term"
    assert "Filled from agreement or supplier: fob_point" in finding.message
    assert any(fact.name == "agreed delivery terms" for fact in finding.facts)


def test_an_incoterm_alone_on_a_domestic_order_warns() -> None:
    order = an_order(freight_term=None, fob_point=None, incoterm="DAP")

    [finding] = findings_of(order, supplier=a_fact(a_supplier(freight_term=None, fob_point=None)))

    assert (finding.code, finding.severity) == ("INCOTERM_ON_DOMESTIC", Severity.WARN)


def test_a_site_that_is_not_known_leaves_the_terms_half_judged() -> None:
    [finding] = [finding for finding in findings_of(an_order(), sites={}) if finding.code == "COUNTRY_UNKNOWN"]

    assert finding.severity is Severity.WARN


def test_one_foreign_ship_to_site_asks_for_an_incoterm() -> None:
    abroad = {**SITES, RENO: a_site(RENO, "REN", country="CA")}
    order = an_order([a_line(1), a_line(2, ship_to=RENO)])

    [finding] = findings_of(order, sites=abroad)

    assert finding.actual == "missing: incoterm"


# --- master data ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [ItemStatus.INACTIVE, ItemStatus.OBSOLETE])
def test_an_item_out_of_use_blocks_with_the_date_of_its_record_and_its_system(status: ItemStatus) -> None:
    item = an_item(status=status, updated_at=datetime(2026, 2, 1, tzinfo=UTC))

    [finding] = findings_of(an_order(), item=a_fact(item, source="tryton"))

    assert (finding.code, finding.severity) == ("ITEM_STALE", Severity.BLOCK)
    assert "record of 2026-02-01 in tryton" in finding.message


def test_an_item_record_older_than_the_limit_warns_and_at_the_limit_passes() -> None:
    old = an_item(updated_at=NOW - timedelta(days=366))
    at_the_limit = an_item(updated_at=NOW - timedelta(days=365))

    [finding] = findings_of(an_order(), item=a_fact(old))

    assert (finding.code, finding.severity, finding.actual) == ("ITEM_STALE", Severity.WARN, "366 days")
    assert "in tryton" in finding.message
    assert findings_of(an_order(), item=a_fact(at_the_limit)) == []


def test_an_item_without_date_is_not_called_old() -> None:
    assert findings_of(an_order(), item=a_fact(an_item(updated_at=None))) == []


@pytest.mark.parametrize(("successor", "said"), [("PUMP-9", "PUMP-9"), (None, "another item")])
def test_a_replaced_item_names_its_successor_to_an_approver(successor: str | None, said: str) -> None:
    item = an_item(superseded_by=an_item(9).id, updated_at=None)

    [finding] = findings_of(an_order(), item=a_fact(item), successor=successor)

    assert (finding.code, finding.severity, finding.expected) == ("ITEM_SUPERSEDED", Severity.APPROVE, said)
    assert "undated record" in finding.message


@pytest.mark.parametrize(
    ("status", "code"), [(SupplierStatus.HOLD_ORDERS, "SUPPLIER_ON_HOLD"), (SupplierStatus.INACTIVE, "SUPPLIER_INACTIVE")]
)
def test_a_supplier_that_may_not_receive_orders_blocks(status: SupplierStatus, code: str) -> None:
    [finding] = findings_of(an_order(), supplier=a_fact(a_supplier(status=status)))

    assert (finding.code, finding.severity, finding.line_no) == (code, Severity.BLOCK, None)


# --- freshness -----------------------------------------------------------------------------------------------------------------


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("freshness"))
def test_a_fact_over_its_limit_is_stale_and_says_its_age_in_whole_hours(case: dict[str, Any]) -> None:
    given, expect = case["input"], case["expect"]
    limit = (CONNECTED if given["source"] == "connected" else FILES)[FactKind(given["fact"])]
    if "policy_effect" in given:
        limit = Freshness(limit.limit_minutes, Severity(given["policy_effect"].lower()))
    export = datetime.fromisoformat(given["export_date"]) if "export_date" in given else None
    now = reference_time(datetime.fromisoformat(given["now"]), export)

    age = Fact("", datetime.fromisoformat(given["true_at"]), "erp").age(now)

    assert age == timedelta(minutes=expect["age_minutes"])
    assert limit.limit_minutes == expect["limit_minutes"]
    assert ("STALE" if limit.is_stale(age) else "FRESH") == expect["result"]
    if limit.is_stale(age):
        assert limit.effect.value.upper() == expect["effect"]
        assert f"data too old ({whole_hours(age)} h)" == expect["screen"]


def test_an_export_is_judged_by_its_own_date_and_a_fact_at_the_limit_is_fresh() -> None:
    exported = NOW - timedelta(days=9)
    stock = Fact("", exported - timedelta(minutes=60), "erp")
    limit = CONNECTED[FactKind.STOCK]

    assert not limit.is_stale(stock.age(reference_time(NOW, exported)))
    assert limit.is_stale(stock.age(reference_time(exported + timedelta(seconds=1))))
    assert whole_hours(stock.age(reference_time(NOW))) == 217


def test_old_stock_blocks_as_stale_with_its_age() -> None:
    order = an_order()
    stale = {DAYTON: a_fact(a_stock(), hours_old="6.5")}

    [finding] = findings_of(order, stock=stale)

    assert (finding.result, finding.severity, finding.code) == (Result.STALE, Severity.BLOCK, "DATA_TOO_OLD")
    assert "data too old (6 h)" in finding.message
    assert check(order, facts_for(order, stock=stale), GatePolicy(), NOW).blocked


def test_stock_at_the_limit_is_fresh() -> None:
    assert findings_of(an_order(), stock={DAYTON: a_fact(a_stock(), hours_old=1)}) == []


def test_old_stock_from_files_only_warns() -> None:
    [finding] = findings_of(an_order(), GatePolicy(freshness=FILES), stock={DAYTON: a_fact(a_stock(), hours_old=37)})

    assert (finding.result, finding.severity) == (Result.STALE, Severity.WARN)


def test_a_check_on_old_facts_still_reports_what_it_sees() -> None:
    stale = {DAYTON: a_fact(a_stock(maximum=dec(120)), hours_old=2)}

    assert codes_of(an_order(), stock=stale) == {"DATA_TOO_OLD", "OVER_MAX"}


@pytest.mark.parametrize(
    "facts",
    [
        {"item": a_fact(an_item(), hours_old=25)},
        {"agreements": (a_fact(an_agreement(), hours_old=25),)},
        {"supplier_item": a_fact(a_supplier_item(), hours_old=25)},
        {"supplier_item": None, "agreements": (a_fact(an_agreement(), hours_old=25),)},
        {"agreements": (), "supplier_item": a_fact(a_supplier_item(), hours_old=25)},
        {"supplier": a_fact(a_supplier(), hours_old=25)},
    ],
)
def test_every_feed_has_its_limit(facts: dict[str, Any]) -> None:
    stale = [finding for finding in findings_of(an_order(), **facts) if finding.code == "DATA_TOO_OLD"]

    assert len(stale) == 1
    assert "data too old (25 h)" in stale[0].message


def test_a_limit_that_is_no_whole_hour_is_written_in_minutes() -> None:
    policy = GatePolicy(freshness={FactKind.STOCK: Freshness(90)})

    [finding] = findings_of(an_order(), policy, stock={DAYTON: a_fact(a_stock(), hours_old=2)})

    assert finding.expected == "stock at most 90 min"


def test_a_policy_without_limits_calls_nothing_old() -> None:
    policy = GatePolicy(freshness={})

    assert findings_of(an_order(), policy, stock={DAYTON: a_fact(a_stock(), hours_old=2000)}) == []
