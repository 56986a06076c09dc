"""The policies the product ships: complete, without overlaps, and answering in typed terms."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.core.access import Role
from purveyor.core.cases import ExceptionType
from purveyor.core.facts import FactKind
from purveyor.core.finding import Severity
from purveyor.core.policy import answers
from purveyor.core.policy.answers import UnexpectedPolicy
from purveyor.core.policy.approval_terms import Escalation, approval_limits, escalation_terms
from purveyor.core.policy.decide import Decided
from purveyor.core.policy.policy_set import PolicyUndecidable, policy_set
from purveyor.core.policy.proof import prove
from purveyor.core.policy.table import OutputValue, Table
from purveyor.core.policy.terms import (
    FactSource,
    PriceMode,
    acceptance_window,
    acknowledgment_terms,
    exception_owner,
    gate_policy,
    receipt_limits,
    tolerance_for,
)
from tests.policies import shipped_policies, shipped_tables, with_tables

SHIPPED = shipped_policies()


@pytest.mark.parametrize("table", shipped_tables(), ids=lambda table: str(table.key))
def test_every_shipped_table_is_complete_and_free_of_overlaps_and_dead_rows(table: Table) -> None:
    proof = prove(table)

    assert proof.holds, proof


@pytest.mark.parametrize("kind", ExceptionType)
def test_every_type_of_exception_has_an_owner_a_due_time_and_ways_to_end(kind: ExceptionType) -> None:
    rule = exception_owner(SHIPPED, kind, category="pumps/circulators")

    assert rule.owner_role not in rule.route[1:]
    assert rule.due_business_hours > 0
    assert rule.allowed_resolutions
    assert rule.policy.startswith("exception_owners:E")
    assert exception_owner(SHIPPED, kind) == rule


@pytest.mark.parametrize(
    ("kind", "owner"),
    [
        (ExceptionType.MATCH_PRICE, Role.BUYER),
        (ExceptionType.MATCH_QUANTITY, Role.WAREHOUSE),
        (ExceptionType.MATCH_TAX, Role.ACCOUNTS_PAYABLE),
        (ExceptionType.MATCH_FREIGHT, Role.ACCOUNTS_PAYABLE),
        (ExceptionType.AGREEMENT_MISMATCH, Role.CATEGORY_MANAGER),
    ],
)
def test_exceptions_go_to_whom_their_cause_belongs(kind: ExceptionType, owner: Role) -> None:
    assert exception_owner(SHIPPED, kind).owner_role is owner


def test_an_order_nobody_answered_belongs_to_the_category_manager_and_escalates_to_the_approver() -> None:
    assert exception_owner(SHIPPED, ExceptionType.ACK_OVERDUE).route == (Role.CATEGORY_MANAGER, Role.APPROVER)


def test_match_tolerances_are_the_default_unless_a_row_is_more_specific() -> None:
    usual = tolerance_for(SHIPPED, supplier="KELLER", category="pumps/circulators", site="DAY")
    copper = tolerance_for(SHIPPED, supplier="KELLER", category="pipe/copper/coil", site="DAY")

    assert (usual.price_pct, usual.price_abs, usual.price_mode) == (Decimal(2), Decimal(50), PriceMode.LOWER_OF)
    assert (usual.small_difference_floor, usual.small_difference_set, usual.wait_business_days) == (Decimal(1), False, 3)
    assert (copper.price_pct, copper.price_abs, copper.source[:13]) == (Decimal(0), Decimal(0), "tolerances:T1")


def test_a_row_that_sets_the_small_difference_floor_says_so() -> None:
    text = """
key = "tolerances"
purpose = "One row with a floor of its own"
hit = "first"
[outputs.small_difference_floor]
type = "decimal"
unit = "order_currency"
optional = true
"""
    numbers = (
        "price_pct",
        "price_abs",
        "favourable_review_pct",
        "quantity_pct",
        "freight_pct",
        "freight_abs",
        "tax_pct",
        "tax_abs",
    )
    columns = "".join(f'[outputs.{name}]\ntype = "decimal"\nunit = "number"\n' for name in numbers)
    cells = "".join(f'{name} = "0"\n' for name in numbers)
    mode = '[outputs.price_mode]\ntype = "reference"\n'
    row = f'[[rows]]\nid = "X"\nsmall_difference_floor = "0.50"\nprice_mode = "greater_of"\n{cells}'

    tolerance = tolerance_for(with_tables(text + columns + mode + row), supplier=None, category=None, site=None)

    assert (tolerance.small_difference_floor, tolerance.small_difference_set) == (Decimal("0.50"), True)


def test_a_category_nobody_knows_leaves_the_tolerance_to_a_person() -> None:
    with pytest.raises(PolicyUndecidable) as refused:
        tolerance_for(SHIPPED, supplier="KELLER", category=None, site="DAY")

    assert refused.value.fields["field"] == "category"


def test_receipts_of_pipe_may_differ_a_little() -> None:
    pumps = receipt_limits(SHIPPED, item="PUMP-1", supplier="KELLER", category="pumps")
    pipe = receipt_limits(SHIPPED, item="PIPE-1", supplier="KELLER", category="pipe/pex")

    assert (pumps.over_pct, pumps.recount_pct, pumps.short_close_pct) == (Decimal(0), Decimal(120), Decimal(0))
    assert (pipe.over_pct, pipe.short_close_pct) == (Decimal(5), Decimal(5))


def test_confirmations_are_due_in_two_business_days_or_four_hours_when_it_is_a_rush() -> None:
    usual = acknowledgment_terms(SHIPPED, supplier="KELLER", category="pumps")
    rush = acknowledgment_terms(SHIPPED, supplier="KELLER", category="pumps", rush=True)

    assert (usual.due_business_days, usual.due_business_hours) == (2, None)
    assert (rush.due_business_days, rush.due_business_hours) == (None, Decimal(4))
    assert (usual.reminders, usual.escalate_after) == ((Decimal(0), Decimal(8)), Decimal(16))
    assert (rush.reminders, rush.escalate_after) == ((Decimal(0),), Decimal(2))
    assert usual.escalation_role is Role.CATEGORY_MANAGER


def test_the_gate_gets_its_limits_and_the_ages_by_kind_of_erp() -> None:
    live, files = gate_policy(SHIPPED), gate_policy(SHIPPED, source=FactSource.FILE)

    assert live.duplicate_window_days == 3
    assert live.freshness[FactKind.STOCK].limit_minutes == 60
    assert files.freshness[FactKind.STOCK].effect is Severity.WARN
    assert live.freshness[FactKind.PRICE] == files.freshness[FactKind.PRICE]
    assert live.policy.startswith("gate_limits:G0@")


def test_supplier_changes_are_taken_only_when_they_cost_nothing() -> None:
    window = acceptance_window(SHIPPED, supplier="KELLER", category="pumps")

    assert (window.price_up_pct, window.quantity_pct, window.later_business_days) == (Decimal(0), Decimal(0), 2)
    assert (window.price_down_pct, window.before_need_by) == (Decimal(10), True)


def test_escalation_ends_with_staying_and_never_with_an_approval() -> None:
    levels = [escalation_terms(SHIPPED, level).then for level in range(4)]

    assert levels == [Escalation.BACKUP, Escalation.PROCESS_OWNER, Escalation.STAY, Escalation.STAY]
    assert timedelta(hours=int(escalation_terms(SHIPPED, 0).due_hours)) == timedelta(hours=8)
    assert approval_limits(SHIPPED).undecided_chain == ("category_manager",)


def an_answer(value: OutputValue) -> Decided:
    """An answer of a real table with another value put in."""
    answer = SHIPPED.require("approval_limits", {})
    return replace(answer, rows=(replace(answer.rows[0], outputs={"it": value}),))


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (answers.decimal_of, "5"),
        (answers.integer_of, True),
        (answers.integer_of, Decimal(1)),
        (answers.truth_of, 1),
        (answers.text_of, Decimal(1)),
        (answers.texts_of, "a"),
        (answers.decimals_of, "1"),
    ],
)
def test_an_answer_of_another_type_is_refused_by_name(read: object, wrong: OutputValue) -> None:
    assert callable(read)

    with pytest.raises(UnexpectedPolicy):
        read(an_answer(wrong), "it")
    with pytest.raises(UnexpectedPolicy):
        read(an_answer(wrong), "something_else")


def test_optional_answers_may_be_left_out() -> None:
    assert answers.decimal_or_none(an_answer(None), "it") is None
    assert answers.integer_or_none(an_answer(3), "it") == 3
    assert answers.decimals_of(an_answer((Decimal(1),)), "it") == (Decimal(1),)


def test_a_set_without_tables_has_a_hash_of_its_own() -> None:
    assert policy_set([]).hash != SHIPPED.hash
