"""An exception always has an owner, ends only by a decision, and every decision is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core import case_decisions
from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission, Role
from purveyor.core.cases import (
    CLEARED,
    CaseClosed,
    CaseNotClosed,
    CaseStatus,
    ExceptionCase,
    ExceptionRule,
    ExceptionType,
    NotYourException,
    OpenCase,
    age_band,
    compared,
)
from purveyor.core.errors import InvalidInput, NotAuthorised, PurveyorError, ReasonRequired, StaleVersion
from purveyor.core.events.case import (
    ExceptionEscalated,
    ExceptionHoldEnded,
    ExceptionOpened,
    ExceptionReassigned,
    ExceptionRecurred,
    ExceptionReopened,
    ExceptionResolved,
)
from purveyor.core.finding import Severity
from purveyor.core.ids import BusinessUnitId, ExceptionCaseId, OrderId, UserId
from purveyor.core.money import Money

MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
DUE = MONDAY + timedelta(hours=8)
LATER = DUE + timedelta(hours=8)
ORDER = OrderId(UUID(int=7))
RULE = ExceptionRule(
    route=(Role.BUYER, Role.CATEGORY_MANAGER),
    due_business_hours=Decimal(8),
    allowed_resolutions=("accept_invoice_price", "dispute_with_supplier"),
    severity=Severity.BLOCK,
    policy="exception_owners:E24@test",
)


def a_person(*roles: Role) -> Actor:
    return Actor(ActorKind.USER, id=uuid4(), roles=frozenset(roles))


BUYER = a_person(Role.BUYER)
MANAGER = a_person(Role.CATEGORY_MANAGER)


def a_price_problem(exposure: str = "460.80", **more: Any) -> OpenCase:
    return OpenCase(
        type=ExceptionType.MATCH_PRICE,
        natural_key="invoice:1:1:PRICE",
        summary="12 cartons at 1,036.80 instead of 998.40",
        order_id=ORDER,
        line_no=1,
        exposure=Money(Decimal(exposure), "USD"),
        evidence=(compared("unit price", order="998.40", invoice="1036.80"),),
        **more,
    )


def an_exception(**more: Any) -> ExceptionCase:
    command = a_price_problem(**more)
    return case_decisions.open_case(command, RULE, ExceptionCaseId(UUID(int=1)), SYSTEM, DUE, MONDAY).case


def test_policy_gives_a_new_exception_its_owner_due_time_and_resolutions() -> None:
    decision = case_decisions.open_case(
        a_price_problem(business_unit_id=BusinessUnitId(UUID(int=3))), RULE, ExceptionCaseId(UUID(int=1)), SYSTEM, DUE, MONDAY
    )

    assert decision.case.owner_role is Role.BUYER
    assert decision.case.due_at == DUE
    assert decision.case.allowed_resolutions == RULE.allowed_resolutions
    assert decision.case.subject.order_id == ORDER
    (event,) = decision.events
    assert isinstance(event, ExceptionOpened)
    assert event.exposure == Decimal("460.80")
    assert {ref.type for ref in event.refs} == {"order", "business_unit"}


def test_an_exception_without_money_says_so() -> None:
    command = OpenCase(ExceptionType.MESSAGE_FAILED, "message:1")

    (event,) = case_decisions.open_case(command, RULE, ExceptionCaseId(UUID(int=1)), SYSTEM, DUE, MONDAY).events

    assert isinstance(event, ExceptionOpened)
    assert event.exposure is None
    assert event.currency is None


def test_a_rule_without_owner_or_resolution_is_refused() -> None:
    with pytest.raises(ValueError, match="owner"):
        ExceptionRule((), Decimal(8), ("x",), Severity.BLOCK, "p")
    with pytest.raises(ValueError, match="resolution"):
        ExceptionRule((Role.BUYER,), Decimal(8), (), Severity.BLOCK, "p")


def test_evidence_marks_what_differs_and_ignores_what_is_not_known() -> None:
    assert compared("price", order="1", invoice="2").differs
    assert not compared("price", order="1", receipt=None, invoice="1").differs
    assert compared("price", order="1", receipt=None).as_json() == {
        "name": "price",
        "values": {"order": "1", "receipt": None},
        "differs": False,
    }


def test_the_same_problem_again_changes_nothing() -> None:
    decision = case_decisions.occur_again(an_exception(), a_price_problem())

    assert decision.case == an_exception()
    assert decision.events == ()


def test_the_same_problem_with_other_money_updates_the_open_exception() -> None:
    decision = case_decisions.occur_again(an_exception(), a_price_problem("921.60"))

    assert decision.case.exposure == Money(Decimal("921.60"), "USD")
    assert decision.case.occurrences == 2
    (event,) = decision.events
    assert isinstance(event, ExceptionRecurred)
    assert event.exposure == Decimal("921.60")


def test_an_occurrence_that_says_less_keeps_what_was_known() -> None:
    bare = OpenCase(ExceptionType.MATCH_PRICE, "invoice:1:1:PRICE", proposed_resolution="dispute_with_supplier")

    decision = case_decisions.occur_again(an_exception(), bare)

    assert decision.case.exposure == Money(Decimal("460.80"), "USD")
    assert decision.case.proposed_resolution == "dispute_with_supplier"


def test_an_exception_that_never_had_money_recurs_without() -> None:
    case = case_decisions.open_case(
        OpenCase(ExceptionType.ACK_OVERDUE, "ack:1"), RULE, ExceptionCaseId(UUID(int=1)), SYSTEM, DUE, MONDAY
    ).case

    (event,) = case_decisions.occur_again(case, OpenCase(ExceptionType.ACK_OVERDUE, "ack:1", summary="two reminders")).events

    assert isinstance(event, ExceptionRecurred)
    assert event.exposure is None


def test_the_owner_settles_an_exception_with_a_resolution_policy_lists() -> None:
    decision = case_decisions.resolve(an_exception(), BUYER, "accept_invoice_price", None, MONDAY)

    assert decision.case.status is CaseStatus.RESOLVED
    assert not decision.case.override
    (event,) = decision.events
    assert isinstance(event, ExceptionResolved)
    assert event.in_time


def test_a_resolution_policy_does_not_list_needs_the_role() -> None:
    with pytest.raises(NotAuthorised):
        case_decisions.resolve(an_exception(), BUYER, "pay_anyway", "the supplier is angry", MONDAY)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_an_override_needs_a_reason(reason: str | None) -> None:
    with pytest.raises(ReasonRequired):
        case_decisions.resolve(an_exception(), MANAGER, "pay_anyway", reason, MONDAY)


def test_a_resolution_in_free_words_is_refused_whoever_says_it() -> None:
    with pytest.raises(InvalidInput):
        case_decisions.resolve(an_exception(), MANAGER, "told joe by phone", "seen", MONDAY, {"pay_anyway"})


def test_an_override_with_role_and_reason_is_done_and_marked() -> None:
    decision = case_decisions.resolve(an_exception(), MANAGER, "pay_anyway", " agreed by phone ", LATER, {"pay_anyway"})

    assert decision.case.override
    assert decision.case.reason == "agreed by phone"
    (event,) = decision.events
    assert isinstance(event, ExceptionResolved)
    assert event.override
    assert not event.in_time
    assert event.reason == "agreed by phone"


def test_another_role_may_not_settle_what_is_not_its_own() -> None:
    with pytest.raises(NotYourException) as refused:
        case_decisions.resolve(an_exception(), a_person(Role.WAREHOUSE), "accept_invoice_price", None, MONDAY)

    assert refused.value.fields["owners"] == "buyer"


def test_an_auditor_may_only_look() -> None:
    with pytest.raises(NotAuthorised):
        case_decisions.resolve(an_exception(), a_person(Role.AUDITOR), "accept_invoice_price", None, MONDAY)


def test_the_person_an_exception_was_given_to_may_settle_it_whatever_the_role() -> None:
    warehouse = a_person(Role.WAREHOUSE)
    assert warehouse.id is not None
    given = case_decisions.reassign(an_exception(), MANAGER, Role.IT, UserId(warehouse.id), "she knows").case

    assert not case_decisions.resolve(given, warehouse, "accept_invoice_price", None, MONDAY).case.is_open


def test_an_api_client_with_the_grant_may_settle() -> None:
    client = Actor(ActorKind.API_CLIENT, id=uuid4(), grants=frozenset({Permission.EXCEPTION_RESOLVE}))

    assert not case_decisions.resolve(an_exception(), client, "accept_invoice_price", None, MONDAY).case.is_open


def test_a_settled_exception_is_not_settled_twice() -> None:
    settled = case_decisions.resolve(an_exception(), BUYER, "accept_invoice_price", None, MONDAY).case

    actions: list[Callable[[], object]] = [
        lambda: case_decisions.resolve(settled, BUYER, "accept_invoice_price", None, MONDAY),
        lambda: case_decisions.clear(settled, SYSTEM, MONDAY),
        lambda: case_decisions.reassign(settled, BUYER, Role.IT, None, "why"),
        lambda: case_decisions.hold(settled, BUYER, LATER, "why"),
    ]
    for action in actions:
        with pytest.raises(CaseClosed):
            action()


def test_when_the_cause_is_gone_the_product_settles_without_override() -> None:
    decision = case_decisions.clear(an_exception(), SYSTEM, MONDAY)

    assert decision.case.resolution == CLEARED
    assert not decision.case.override


def test_a_resolution_can_be_undone_with_a_reason() -> None:
    settled = case_decisions.resolve(an_exception(), MANAGER, "pay_anyway", "phone", MONDAY, {"pay_anyway"}).case

    decision = case_decisions.reopen(settled, MANAGER, "the price was wrong after all", LATER)

    assert decision.case.status is CaseStatus.OPEN
    assert decision.case.due_at == LATER
    assert decision.case.resolution is None
    (event,) = decision.events
    assert isinstance(event, ExceptionReopened)
    assert event.undone_resolution == "pay_anyway"
    assert event.was_override


def test_an_open_exception_cannot_be_reopened() -> None:
    with pytest.raises(CaseNotClosed):
        case_decisions.reopen(an_exception(), MANAGER, "why", LATER)


def test_a_reassignment_keeps_from_to_and_why() -> None:
    decision = case_decisions.reassign(an_exception(), BUYER, Role.ACCOUNTS_PAYABLE, None, "tax, not price")

    assert decision.case.owner_role is Role.ACCOUNTS_PAYABLE
    (event,) = decision.events
    assert isinstance(event, ExceptionReassigned)
    assert (event.from_role, event.to_role, event.reason) == ("buyer", "accounts_payable", "tax, not price")


def test_a_hold_moves_the_due_time_and_never_forward() -> None:
    held = case_decisions.hold(an_exception(), BUYER, LATER, "waits for the credit note").case

    assert held.status is CaseStatus.ON_HOLD
    assert held.is_open
    assert held.due_at == LATER
    assert case_decisions.hold(an_exception(), BUYER, MONDAY, "short").case.due_at == DUE


def test_a_breach_gives_the_exception_to_the_next_role() -> None:
    decision = case_decisions.escalate(an_exception(), LATER, DUE + timedelta(minutes=1))

    assert decision.case.owner_role is Role.CATEGORY_MANAGER
    assert decision.case.due_at == LATER
    (event,) = decision.events
    assert isinstance(event, ExceptionEscalated)
    assert event.from_role == "buyer"


def test_the_first_owner_may_still_settle_after_an_escalation() -> None:
    escalated = case_decisions.escalate(an_exception(), LATER, DUE).case

    assert not case_decisions.resolve(escalated, BUYER, "accept_invoice_price", None, LATER).case.is_open


def test_a_timer_that_fires_early_or_after_the_end_changes_nothing() -> None:
    settled = case_decisions.clear(an_exception(), SYSTEM, MONDAY).case

    assert case_decisions.escalate(an_exception(), LATER, MONDAY).events == ()
    assert case_decisions.escalate(settled, LATER, LATER).events == ()


def test_at_the_end_of_the_route_the_last_role_keeps_it() -> None:
    last = case_decisions.escalate(an_exception(), LATER, DUE).case

    decision = case_decisions.escalate(last, LATER + timedelta(days=1), LATER)

    assert decision.case == last
    assert last.is_open


def test_a_hold_that_is_over_returns_to_the_last_role() -> None:
    last = case_decisions.escalate(an_exception(), LATER, DUE).case
    held = case_decisions.hold(last, MANAGER, LATER + timedelta(days=1), "waits").case

    decision = case_decisions.escalate(held, LATER, LATER + timedelta(days=2))

    assert decision.case.status is CaseStatus.OPEN
    assert isinstance(decision.events[0], ExceptionHoldEnded)


def test_due_exactly_now_is_still_in_time() -> None:
    assert not an_exception().breached(DUE)
    assert an_exception().breached(DUE + timedelta(seconds=1))


def test_a_form_that_shows_an_older_exception_is_refused() -> None:
    case_decisions.require_version(an_exception(), None)
    case_decisions.require_version(an_exception(), 1)
    with pytest.raises(StaleVersion):
        case_decisions.require_version(an_exception(), 2)


@pytest.mark.parametrize(("days", "band"), [("0", "0-1"), ("0.99", "0-1"), ("1", "1-3"), ("3", "3-7"), ("7", "over 7")])
def test_an_age_belongs_to_the_band_whose_lower_limit_it_reaches(days: str, band: str) -> None:
    assert age_band(Decimal(days)) == band


def done(verb: str, case: ExceptionCase, actor: Actor, clock: datetime) -> case_decisions.CaseDecision:
    """One decision of a script."""
    steps: dict[str, Callable[[], case_decisions.CaseDecision]] = {
        "resolve": lambda: case_decisions.resolve(case, actor, "accept_invoice_price", None, clock),
        "override": lambda: case_decisions.resolve(case, actor, "pay_anyway", "phone", clock, {"pay_anyway"}),
        "clear": lambda: case_decisions.clear(case, actor, clock),
        "reopen": lambda: case_decisions.reopen(case, actor, "again", clock),
        "reassign": lambda: case_decisions.reassign(case, actor, Role.IT, None, "theirs"),
        "hold": lambda: case_decisions.hold(case, actor, clock, "wait"),
        "escalate": lambda: case_decisions.escalate(case, clock, clock),
        "again": lambda: case_decisions.occur_again(case, a_price_problem(str(clock.hour))),
    }
    return steps[verb]()


verbs = st.sampled_from(["resolve", "override", "clear", "reopen", "reassign", "hold", "escalate", "again"])


@given(script=st.lists(st.tuples(verbs, st.sampled_from([BUYER, MANAGER, SYSTEM])), max_size=12))
def test_no_sequence_of_decisions_leaves_an_exception_without_owner_or_half_settled(script: list[tuple[str, Actor]]) -> None:
    case, clock = an_exception(), DUE
    for verb, actor in script:
        clock += timedelta(hours=9)
        before = case
        try:
            decision = done(verb, case, actor, clock)
        except PurveyorError:
            assert case == before
            continue
        case = decision.case
        assert case.version == before.version + len(decision.events)

    assert case.owner_role in Role
    assert case.is_open == (case.resolved_at is None)
    assert case.is_open or case.resolution is not None
