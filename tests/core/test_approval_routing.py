"""Who must approve an order, with the worked cases of approval_bands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid5

import pytest

from purveyor.core.approval import (
    EarlierOrder,
    RouteResult,
    RoutingFacts,
    categories_of,
    gross_amount,
    policy_currency,
    reaches_higher_band,
    route,
)
from purveyor.core.finding import Severity
from purveyor.core.ids import OrderId, SupplierId
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.answers import UnexpectedPolicy
from purveyor.core.policy.policy_set import PolicyMissing, PolicyUndecidable, policy_set
from purveyor.core.reapproval import Change, Reason, reapproval
from tests.order_builders import MONDAY, OTHER_SUPPLIER, SUPPLIER, a_line, an_order, fresh_id
from tests.policies import shipped_policies, with_tables, worked_policies
from tests.worked import needs_worked_cases, worked_cases, worked_set

TODAY = MONDAY.date()
KNOWN = RoutingFacts(rate=Decimal(1), entered_on=TODAY)


def worth(*amounts: str | None, category: str | None = "pumps", **given: Any) -> PurchaseOrder:
    """An order with one line per amount."""
    lines = [a_line(no, quantity=1, price=amount, category=category) for no, amount in enumerate(amounts, 1)]
    return an_order(*lines, requester="R1", **given)


def supplier_named(name: str) -> SupplierId:
    return SUPPLIER if name == "S1" else SupplierId(uuid5(OTHER_SUPPLIER, name))


def earlier(amount: str, days_ago: int = 2, **given: Any) -> EarlierOrder:
    """An order of the same requester, supplier and category some days ago."""
    order = EarlierOrder(
        order_id=OrderId(fresh_id()),
        order_ref="PV000007",
        requester="R1",
        supplier_id=SUPPLIER,
        categories=frozenset({"pumps"}),
        entered_on=TODAY - timedelta(days=days_ago),
        policy_amount=Decimal(amount),
    )
    return replace(order, **given)


def facts_of(case: dict[str, Any]) -> RoutingFacts:
    given = case["input"]
    rate = worked_set("approval_bands")["rates_to_policy_currency"].get(given["currency"])
    others = tuple(
        earlier(
            other["amount"],
            other["days_ago"],
            requester=other.get("requester", "R1"),
            supplier_id=supplier_named(other.get("supplier", "S1")),
            categories=frozenset({other.get("category", "C1")}),
            at_suggestion=other.get("at_suggestion", False),
        )
        for other in given.get("earlier_orders", [])
    )
    return RoutingFacts(
        rate=None if rate is None else Decimal(rate),
        entered_on=TODAY,
        over_budget=given["over_budget"],
        at_suggestion=given.get("order", {}).get("at_suggestion", False),
        earlier_orders=others,
    )


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("approval_bands", "routing"))
def test_orders_are_routed_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    order = worth(*given["line_amounts"], category="C1", currency=given["currency"])

    routed = route(order, worked_policies(), facts_of(case))

    assert routed.result.value == expected["result"]
    if routed.result is RouteResult.UNDECIDABLE:
        assert routed.field == expected["field"]
        assert routed.chain == ("category_manager",)
        return
    assert (str(routed.policy_amount), str(routed.routing_amount)) == (expected["policy_amount"], expected["routing_amount"])
    assert routed.band == expected["band"]
    assert list(routed.chain) == expected["chain"]
    assert [finding.code for finding in routed.findings] == ([expected["finding"]] if "finding" in expected else [])


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("approval_bands", "reapproval"))
def test_changes_are_approved_again_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    changes = frozenset(Change(name) for name in given["changed_fields"])

    answer = reapproval(worked_policies(), Decimal(given["approved_total"]), Decimal(given["new_total"]), ("C1",), changes)

    assert (str(answer.increase), str(answer.limit)) == (expected["increase"], expected["limit"])
    assert (answer.needed, [reason.value for reason in answer.reasons]) == (expected["reapprove"], expected["reasons"])
    assert (answer.finding, list(answer.notify)) == (expected.get("finding"), expected.get("notify", []))


def test_other_currency_and_terms_are_approved_again() -> None:
    changes = frozenset({Change.CURRENCY, Change.TERMS})

    answer = reapproval(shipped_policies(), Decimal(100), Decimal(100), ("pumps",), changes)

    assert answer.reasons == (Reason.CURRENCY_CHANGED, Reason.TERMS_CHANGED)


@pytest.mark.parametrize(
    ("approved", "new", "reasons"),
    [
        ("6000.00", "6500.00", ()),
        ("6000.00", "6500.01", (Reason.AMOUNT_UP,)),
        ("700.00", "770.00", ()),
        ("700.00", "770.01", (Reason.AMOUNT_UP,)),
        ("4800.00", "5000.00", (Reason.BAND_CROSSED,)),
        ("4900.00", "5500.00", (Reason.AMOUNT_UP, Reason.BAND_CROSSED)),
        ("5500.00", "4900.00", ()),
    ],
)
def test_a_total_is_approved_again_above_ten_percent_or_500_and_in_a_higher_band(
    approved: str, new: str, reasons: tuple[Reason, ...]
) -> None:
    answer = reapproval(shipped_policies(), Decimal(approved), Decimal(new), ("pumps",), frozenset({Change.NEED_BY_EARLIER}))

    assert answer.reasons == reasons
    assert answer.needed is bool(reasons)


def test_a_promise_after_the_need_is_told_to_buyer_and_planner_and_needs_no_approval() -> None:
    answer = reapproval(
        shipped_policies(), Decimal(700), Decimal(700), ("pumps",), frozenset({Change.PROMISE_AFTER_NEED_BY, Change.DATE})
    )

    assert not answer.needed
    assert (answer.finding, answer.notify) == ("PROMISE_BEYOND_NEED_BY", ("buyer", "planner"))


@needs_worked_cases
@pytest.mark.parametrize(
    ("amount", "chain", "row"),
    [
        ("9999.00", ["line_manager"], "B2"),
        ("9999.99", ["line_manager"], "B2"),
        ("10000.00", ["line_manager", "category_manager"], "B3"),
        ("10001.00", ["line_manager", "category_manager"], "B3"),
    ],
)
def test_s17_the_band_decides_the_chain_and_the_trace_names_row_and_version(amount: str, chain: list[str], row: str) -> None:
    policies = worked_policies()

    routed = route(worth(amount), policies, KNOWN)

    assert list(routed.chain) == chain
    version = policies.tables["approval_matrix"].table.version
    assert routed.sources == (f"approval_matrix:{row}@{version[:12]}",)
    assert routed.policy_set == policies.hash


def test_dangerous_goods_need_their_category_manager_however_small_the_order() -> None:
    routed = route(worth("12.00", category="chemicals/solvents"), shipped_policies(), KNOWN)

    assert (routed.result, routed.chain) == (RouteResult.ROUTED, ("category_manager",))


def test_an_order_over_several_categories_needs_the_chains_of_all_in_order_of_seniority() -> None:
    lines = (a_line(1, 1, "4000.00", category="chemicals"), a_line(2, 1, "4000.00", category="pumps"))

    routed = route(an_order(*lines), shipped_policies(), KNOWN)

    assert routed.chain == ("line_manager", "category_manager")
    assert len(routed.sources) == 2


def test_a_clean_small_order_is_approved_by_a_named_policy_row() -> None:
    routed = route(worth("4999.99"), shipped_policies(), KNOWN)

    assert (routed.result, routed.chain) == (RouteResult.NO_APPROVAL_NEEDED, ())
    assert routed.sources[0].startswith("approval_matrix:A1@")


def test_a_finding_that_asks_for_approval_adds_an_approver_whatever_the_amount() -> None:
    asks = route(worth("10.00"), shipped_policies(), replace(KNOWN, severity=Severity.APPROVE))
    warns = route(worth("10.00"), shipped_policies(), replace(KNOWN, severity=Severity.WARN))

    assert asks.chain == ("line_manager",)
    assert asks.sources[-1].startswith("approval_additions:B2@")
    assert warns.chain == ()


@pytest.mark.parametrize(
    ("order", "facts", "field"),
    [
        (worth("10.00", category=None), KNOWN, "category"),
        (worth("10.00"), replace(KNOWN, over_budget=None), "over_budget"),
        (worth("10.00", currency="CHF"), replace(KNOWN, rate=None), "exchange_rate"),
        (an_order(lines=()), KNOWN, "amount"),
    ],
)
def test_what_is_not_known_goes_to_a_person_and_never_into_the_lowest_band(
    order: PurchaseOrder, facts: RoutingFacts, field: str
) -> None:
    routed = route(order, shipped_policies(), facts)

    assert (routed.result, routed.field, routed.chain) == (RouteResult.UNDECIDABLE, field, ("category_manager",))


def test_a_sum_the_matrix_cannot_place_goes_to_a_person() -> None:
    capped = """
key = "approval_matrix"
purpose = "A matrix that ends at 100"
hit = "unique"
[inputs.amount]
type = "money"
currency = "USD"
[outputs.chain]
type = "references"
[[rows]]
id = "C1"
amount = { below = "100" }
chain = []
"""
    policies = with_tables(capped)

    routed = route(worth("60.00"), policies, replace(KNOWN, earlier_orders=(earlier("60.00"),)))

    assert (routed.result, routed.field) == (RouteResult.UNDECIDABLE, "no_row")
    with pytest.raises(PolicyUndecidable):
        reaches_higher_band(policies, ("pumps",), Decimal(60), Decimal(160))


def test_a_negative_line_does_not_lower_the_amount_and_freight_we_may_pay_raises_it() -> None:
    order = an_order(a_line(1, 1, "5000.00", category="pumps"), a_line(2, 1, "-4000.00", category="pumps"))
    with_freight = replace(worth("4900.00"), freight_term="prepaid_and_add", freight_ceiling=Decimal("150.00"))

    assert gross_amount(order) == Decimal("5000.00")
    assert route(with_freight, shipped_policies(), KNOWN).chain == ("line_manager",)


def test_cancelled_lines_and_their_categories_do_not_count() -> None:
    order = an_order(a_line(1, 1, "10.00", category="pumps"), a_line(2, 1, "90000.00", category="chemicals", cancelled=True))

    assert gross_amount(order) == Decimal("10.00")
    assert categories_of(order) == ("pumps",)


def test_an_order_nobody_asked_for_cannot_be_a_split() -> None:
    planned = replace(worth("3000.00"), requester=None)

    routed = route(planned, shipped_policies(), replace(KNOWN, earlier_orders=(earlier("3000.00", requester=None),)))

    assert routed.routing_amount == Decimal("3000.00")


def test_an_order_is_not_added_to_itself_nor_to_later_ones() -> None:
    order = worth("3000.00")
    others = (earlier("3000.00", order_id=order.id), earlier("3000.00", days_ago=-1))

    routed = route(order, shipped_policies(), replace(KNOWN, earlier_orders=others))

    assert (routed.routing_amount, routed.findings) == (Decimal("3000.00"), ())


def test_the_split_finding_shows_its_sum_and_the_other_order() -> None:
    routed = route(worth("3000.00"), shipped_policies(), replace(KNOWN, earlier_orders=(earlier("2500.00"),)))

    finding = routed.findings[0]
    assert (finding.arithmetic, finding.related_order, finding.exposure) == ("3000 + 2500 = 5500", "PV000007", Decimal("5500.00"))


def test_without_an_approval_matrix_nothing_is_routed() -> None:
    without_amount = """
key = "approval_matrix"
purpose = "No amount"
hit = "first"
[outputs.chain]
type = "references"
[[rows]]
id = "C1"
chain = []
"""
    with pytest.raises(PolicyMissing):
        policy_currency(policy_set([]))
    with pytest.raises(UnexpectedPolicy):
        route(worth("1.00"), with_tables(without_amount), KNOWN)


def test_a_matrix_may_leave_the_amount_open() -> None:
    open_amount = """
key = "approval_matrix"
purpose = "Everything needs one person"
hit = "first"
[inputs.amount]
type = "money"
currency = "USD"
[outputs.chain]
type = "references"
[[rows]]
id = "C1"
amount = "any"
chain = ["anybody"]
"""
    routed = route(worth("1.00"), with_tables(open_amount), KNOWN)

    assert (routed.chain, routed.band) == (("anybody",), "[0, unlimited)")
