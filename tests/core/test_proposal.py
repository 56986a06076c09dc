"""What a supplier proposes: policy takes it inside the window, else a buyer does, and accepting it makes the next version."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from purveyor.core.acknowledge import Acknowledgment, LineState, fold_line
from purveyor.core.answers import fold_order
from purveyor.core.change import ChangeOrder, ChangeStatus, Initiator, SetItem, SetPrice, SetQuantity, SplitLine, apply
from purveyor.core.ids import ChangeOrderId, ItemId
from purveyor.core.order import OrderLine
from purveyor.core.policy.terms import AcceptanceWindow
from purveyor.core.proposal import Deviation, Plan, Proposal, agreed_answer, plan_for, read_proposal
from tests.core.supplier_side import MONDAY, a_line, a_part, an_answer, an_order, open_days

NOTHING = AcceptanceWindow(Decimal(0), Decimal(10), Decimal(0), 0, before_need_by=True, source="auto_acceptance:1")


def window(price: str = "0", quantity: str = "0", days: int = 0, *, before_need_by: bool = True) -> AcceptanceWindow:
    return AcceptanceWindow(Decimal(price), Decimal(10), Decimal(quantity), days, before_need_by, "auto_acceptance:1")


def read(
    answer: Acknowledgment,
    line: OrderLine | None = None,
    limits: AcceptanceWindow = NOTHING,
    promised: str | None = None,
) -> Proposal:
    line = line or a_line("100", price="10.00")
    item = fold_line(line, [answer]).standing[0]
    before = None if promised is None else date.fromisoformat(promised)
    return read_proposal(an_order(line), line, item, limits, open_days(), before)


def plan(answer: Acknowledgment, substitute: ItemId | None = None) -> Plan:
    line = a_line("100", price="10.00")
    fold = fold_line(line, [answer])
    proposal = read_proposal(an_order(line), line, fold.standing[0], NOTHING, open_days(), None)
    return plan_for(an_order(line), line, proposal, fold.standing, substitute)


def test_zero_percent_lets_no_higher_price_through() -> None:
    proposal = read(an_answer(a_part("change", "100", price="10.01")))

    assert (proposal.deviations, proposal.acceptable) == ((Deviation.PRICE,), False)
    assert proposal.extra_cost == Decimal("1.00")


@pytest.mark.parametrize(("price", "fits"), [("10.20", True), ("10.21", False), ("9.00", True)])
def test_a_price_at_the_limit_passes(price: str, fits: bool) -> None:
    assert read(an_answer(a_part("change", "100", price=price)), limits=window(price="2")).acceptable is fits


@pytest.mark.parametrize(("price", "fits"), [("9.00", True), ("8.99", False), ("1.00", False), ("0", False)])
def test_a_price_that_falls_further_than_policy_believes_is_a_slip_until_a_buyer_says_otherwise(price: str, fits: bool) -> None:
    proposal = read(an_answer(a_part("change", "100", price=price)))

    assert (proposal.deviations, proposal.acceptable) == ((Deviation.PRICE,), fits)


@pytest.mark.parametrize(("quantity", "fits"), [("108", True), ("109", False), ("92", True), ("91", False)])
def test_a_quantity_at_the_limit_passes_up_and_down(quantity: str, fits: bool) -> None:
    assert read(an_answer(a_part("change", quantity)), limits=window(quantity="8")).acceptable is fits


@pytest.mark.parametrize(
    ("delivery", "promised", "limits", "fits"),
    [
        ("2026-03-24", "2026-03-20", window(days=2), True),
        ("2026-03-25", "2026-03-20", window(days=2), False),
        ("2026-03-30", "2026-03-27", window(days=5), False),
        ("2026-03-30", "2026-03-27", window(days=5, before_need_by=False), True),
        ("2026-03-30", None, window(days=1, before_need_by=False), True),
    ],
)
def test_a_later_day_is_counted_in_business_days(
    delivery: str, promised: str | None, limits: AcceptanceWindow, fits: bool
) -> None:
    proposal = read(an_answer(a_part("change", "100", promised_delivery=delivery)), limits=limits, promised=promised)

    assert (proposal.deviations, proposal.acceptable) == ((Deviation.DATE,), fits)


def test_an_earlier_day_is_no_deviation_and_neither_is_a_day_nobody_asked_for() -> None:
    answer = an_answer(a_part("change", "100", promised_delivery="2026-03-20"))

    assert read(answer).deviations == ()
    assert read(answer, a_line("100", need_by=None)).deviations == ()


def test_a_day_is_judged_without_need_by_when_a_promise_exists() -> None:
    answer = an_answer(a_part("change", "100", promised_delivery="2026-03-24"))

    assert read(answer, a_line("100", need_by=None), window(days=2), "2026-03-20").acceptable


def test_a_substitute_is_always_decided_by_a_person() -> None:
    proposal = read(an_answer(a_part("substitute", "100", item_code="B-200")), limits=window("100", "100", 100))

    assert (proposal.outside, proposal.extra_cost) == ((Deviation.ITEM,), Decimal("0.00"))


def test_a_line_without_price_takes_none_by_itself() -> None:
    proposal = read(an_answer(a_part("change", "100", price="10.00")), a_line("100"), window(price="50"))

    assert (proposal.acceptable, proposal.extra_cost) == (False, Decimal("0.00"))


def test_several_parts_pass_only_together() -> None:
    answer = an_answer(
        a_part("change", "50", price="10.10", promised_delivery="2026-03-30"),
        a_part("change", "50", price="10.50", promised_delivery="2026-04-20"),
    )

    assert read(answer, limits=window("2", "0", 5, before_need_by=False)).outside == (Deviation.PRICE, Deviation.DATE)


def test_full_cartons_make_a_larger_order() -> None:
    assert plan(an_answer(a_part("accept", "60"), a_part("change", "48", reason="CASE_PACK"))).actions == (
        SetQuantity(1, Decimal(108)),
    )
    assert plan(an_answer(a_part("change", "90"))).actions == (SetQuantity(1, Decimal(90)),)


def test_an_addition_changes_no_quantity() -> None:
    assert plan(an_answer(a_part("change", "30", price="11"), mode="add")).actions == (
        SplitLine(1, Decimal(30), 2, unit_price=Decimal(11)),
    )


def test_another_price_for_the_whole_line_changes_the_line() -> None:
    assert plan(an_answer(a_part("change", "100", price="10.60"))).actions == (SetPrice(1, Decimal("10.60")),)


def test_only_another_day_changes_nothing_on_the_order() -> None:
    assert plan(an_answer(a_part("change", "100", promised_delivery="2026-04-02"))).actions == ()


def test_a_substitute_for_the_whole_line_brings_its_price() -> None:
    ours = ItemId(UUID(int=5))

    dearer = plan(an_answer(a_part("substitute", "100", item_code="B-200", price="11")), ours)
    same = plan(an_answer(a_part("substitute", "100", item_code="B-200")), ours)

    assert dearer.actions == (SetItem(1, ours, "B-200"), SetPrice(1, Decimal(11)))
    assert same.actions == (SetItem(1, ours, "B-200"),)


def test_parts_with_their_own_price_or_item_get_lines_and_the_supplier_need_not_answer_again() -> None:
    answer = an_answer(
        a_part("accept", "50", promised_delivery="2026-03-20"),
        a_part("change", "30", price="10.60", promised_delivery="2026-03-24"),
        a_part("substitute", "20", item_code="B-200"),
    )
    line = a_line("100", price="10.00")
    order = an_order(line)
    accepted = plan(answer)
    change = ChangeOrder(ChangeOrderId(UUID(int=7)), order.id, 1, accepted.actions, Initiator.SUPPLIER, ChangeStatus.APPROVED)

    after, applied = apply(order, change)
    agreed = agreed_answer(after, applied, accepted.answers, MONDAY)
    folds = fold_order(after, [answer, agreed], added_in={2: 2, 3: 2})

    assert [(line.quantity, str(line.unit_price), line.item_code) for line in after.lines] == [
        (Decimal(50), "10.00", "A-100"),
        (Decimal(30), "10.60", "A-100"),
        (Decimal(20), "10.00", "B-200"),
    ]
    assert {fold.state for fold in folds.values()} == {LineState.ACCEPTED}


def test_what_other_answers_said_about_the_line_goes_on() -> None:
    line = a_line("100", price="10.00")
    first = an_answer(a_part("accept", "60", promised_delivery="2026-03-20"))
    second = an_answer(a_part("change", "48"), name="a2", minutes=1, mode="add")
    fold = fold_line(line, [first, second])
    proposal = read_proposal(an_order(line), line, fold.standing[1], NOTHING, open_days(), None)

    accepted = plan_for(an_order(line), line, proposal, fold.standing)

    assert [part.quantity for part in accepted.answers[0].parts] == [Decimal(60), Decimal(48)]
