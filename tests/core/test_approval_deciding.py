"""Deciding approvals: one person, one version, one verdict; delegation and escalation never approve by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission, Role
from purveyor.core.approval import Route, RouteResult, RoutingFacts, route
from purveyor.core.approval_chain import (
    ApprovalChain,
    ChainState,
    Delegation,
    Holder,
    NotYourStep,
    SelfApproval,
    StepClosed,
    StepState,
    Verdict,
    acting_holder,
    check_delegation,
    start_chain,
)
from purveyor.core.approval_decisions import (
    ApprovalDecision,
    DecideStep,
    NotApproved,
    binds,
    decide,
    escalate,
    issue,
    open_step,
    void,
)
from purveyor.core.errors import InvalidInput, NotAuthorised, PurveyorError, ReasonRequired, StaleVersion
from purveyor.core.ids import ChainId, StepId, UserId
from purveyor.core.lifecycle import OrderOnHold, Status
from purveyor.core.order import Hold, PurchaseOrder, new_version
from purveyor.core.policy.approval_terms import Escalation
from tests.order_builders import MONDAY, UNIT, a_line, an_order, fresh_id
from tests.policies import shipped_policies

YES = Verdict.APPROVE
TUESDAY = MONDAY + timedelta(days=1)


def a_person(key: str) -> Holder:
    return Holder(UserId(fresh_id()), key)


MARTHA, DEREK, PAULA, RITA = (a_person(key) for key in ("martha", "derek", "paula", "rita"))


def acting(holder: Holder, *roles: Role) -> Actor:
    return Actor(ActorKind.USER, holder.user_id, holder.person_key, frozenset(roles or {Role.APPROVER}))


def pending(*roles: str, first: Holder | None = MARTHA, **given: Any) -> tuple[PurchaseOrder, ApprovalChain]:
    """An order asked for by Rita that waits for these roles, the first step open for Martha."""
    order = replace(an_order(), status=Status.PENDING_APPROVAL, requester="rita", **given)
    routed = Route(
        RouteResult.ROUTED, roles, "set", ("approval_matrix:A2@1",), "USD", Decimal(20736), Decimal(20736), "[5000, 25000)"
    )
    chain = start_chain(order, routed, ChainId(fresh_id()), ids(len(roles)), frozenset({"rita"}), MONDAY)
    step = chain.next_step
    assert step is not None
    return order, open_step(chain, step, first, MONDAY + timedelta(hours=8), MONDAY).chain


def ids(count: int) -> tuple[StepId, ...]:
    return tuple(StepId(fresh_id()) for _ in range(count))


def say(
    order: PurchaseOrder,
    chain: ApprovalChain,
    verdict: Verdict = YES,
    by: Holder | Actor = MARTHA,
    *,
    step: int = 1,
    version: int = 1,
    reason: str | None = None,
    delegations: tuple[Delegation, ...] = (),
    now: datetime = MONDAY,
) -> ApprovalDecision:
    actor = acting(by) if isinstance(by, Holder) else by
    return decide(order, chain, chain.steps[step - 1].id, DecideStep(verdict, version, reason), actor, delegations, now)


def a_delegation(giver: Holder = MARTHA, delegate: Holder = DEREK, **given: Any) -> Delegation:
    """Martha's steps go to Derek on Monday and Tuesday."""
    made = Delegation(UUID(int=1), UNIT, giver, delegate, MONDAY, MONDAY + timedelta(days=2), "on holiday")
    return replace(made, **given)


def test_the_last_yes_approves_the_order_and_binds_to_its_version() -> None:
    order, chain = pending("line_manager")

    decided = say(order, chain)

    assert decided.order.status is Status.APPROVED
    assert decided.chain.state is ChainState.APPROVED
    assert (decided.step.decided_by, decided.step.decided_for) == (MARTHA.user_id, None)
    assert [event.type for event in decided.events] == ["approval.step_decided", "order.approved"]
    assert binds(decided.chain, decided.order)


def test_the_second_approver_comes_after_the_first_and_not_before() -> None:
    order, chain = pending("line_manager", "category_manager")
    with pytest.raises(StepClosed):
        say(order, chain, by=PAULA, step=2)

    first = say(order, chain)
    following = first.chain.next_step
    assert following is not None
    opened = open_step(first.chain, following, PAULA, TUESDAY, MONDAY)
    second = say(first.order, opened.chain, by=PAULA, step=2)

    assert first.order.status is Status.PENDING_APPROVAL
    assert opened.events[0].type == "approval.step_opened"
    assert opened.chain.open_step == opened.chain.steps[1]
    assert second.order.status is Status.APPROVED


@pytest.mark.parametrize(("verdict", "state"), [(Verdict.REJECT, StepState.REJECTED), (Verdict.RETURN, StepState.RETURNED)])
def test_a_no_takes_the_order_back_to_draft_and_needs_a_reason(verdict: Verdict, state: StepState) -> None:
    order, chain = pending("line_manager", "category_manager")

    with pytest.raises(ReasonRequired):
        say(order, chain, verdict, reason=" ")
    decided = say(order, chain, verdict, reason="too many")

    assert decided.order.status is Status.DRAFT
    assert [step.state for step in decided.chain.steps] == [state, StepState.VOID]
    assert decided.chain.state.value == state.value
    assert not binds(decided.chain, decided.order)


def test_an_edit_by_one_cent_makes_the_verdict_stale() -> None:
    order, chain = pending("line_manager")
    dearer = new_version(order, replace(order, lines=(a_line(price="1036.81"),)))

    with pytest.raises(StaleVersion):
        say(dearer, chain, version=1)
    with pytest.raises(StaleVersion):
        say(dearer, chain, version=2)
    assert not binds(replace(chain, state=ChainState.APPROVED), dearer)
    assert not binds(None, order)


def test_of_two_approvers_who_race_one_is_recorded() -> None:
    order, chain = pending("line_manager")

    first = say(order, chain)

    with pytest.raises(StepClosed):
        say(first.order, first.chain)


def test_s66_being_named_is_not_enough_without_the_role() -> None:
    order, chain = pending("line_manager")

    with pytest.raises(NotAuthorised):
        say(order, chain, by=acting(MARTHA, Role.BUYER))


@pytest.mark.parametrize(
    "actor",
    [
        SYSTEM,
        Actor(ActorKind.ADVISORY),
        Actor(ActorKind.API_CLIENT, MARTHA.user_id, grants=frozenset({Permission.APPROVAL_DECIDE})),
        Actor(ActorKind.USER, None, "martha", frozenset({Role.APPROVER})),
        Actor(ActorKind.USER, MARTHA.user_id, None, frozenset({Role.APPROVER})),
    ],
)
def test_only_a_known_person_can_approve(actor: Actor) -> None:
    order, chain = pending("line_manager")

    with pytest.raises(NotAuthorised):
        say(order, chain, by=actor)


def test_somebody_elses_step_and_a_step_without_holder_are_refused() -> None:
    order, chain = pending("line_manager")
    nobodys, unheld = pending("line_manager", first=None)

    with pytest.raises(NotYourStep):
        say(order, chain, by=DEREK)
    with pytest.raises(NotYourStep):
        say(nobodys, unheld)
    assert acting_holder(unheld, unheld.steps[0], (), MONDAY) is None


def test_nobody_approves_his_own_order_through_a_second_account_either() -> None:
    order, chain = pending("line_manager", first=RITA)
    second_account = Holder(UserId(fresh_id()), "rita")

    with pytest.raises(SelfApproval):
        say(order, chain, by=RITA)
    with pytest.raises(SelfApproval):
        say(order, chain, by=second_account, delegations=(a_delegation(RITA, second_account),))


def test_a_delegate_acts_in_his_time_and_both_names_are_recorded() -> None:
    order, chain = pending("line_manager")

    decided = say(order, chain, by=DEREK, delegations=(a_delegation(),), now=TUESDAY)

    assert (decided.step.decided_by, decided.step.decided_for) == (DEREK.user_id, MARTHA.user_id)
    assert decided.events[0].on_behalf_of == MARTHA.user_id


@pytest.mark.parametrize(
    "delegation",
    [
        a_delegation(ends_at=TUESDAY),
        a_delegation(starts_at=TUESDAY + timedelta(minutes=1)),
        a_delegation(roles=frozenset({"cfo"})),
        a_delegation(ended_at=MONDAY),
        a_delegation(giver=PAULA),
    ],
)
def test_a_delegate_outside_his_time_or_scope_is_refused(delegation: Delegation) -> None:
    order, chain = pending("line_manager")

    with pytest.raises(NotYourStep):
        say(order, chain, by=DEREK, delegations=(delegation,), now=TUESDAY)
    assert say(order, chain, delegations=(delegation,), now=TUESDAY).order.status is Status.APPROVED


def test_while_a_delegation_holds_the_giver_only_reads() -> None:
    order, chain = pending("line_manager")

    with pytest.raises(NotYourStep):
        say(order, chain, delegations=(a_delegation(roles=frozenset({"line_manager"})),))


def test_a_delegation_never_leads_back_to_the_requester_nor_on_to_a_third_person() -> None:
    order, chain = pending("line_manager")
    to_rita = a_delegation(delegate=RITA)
    onwards = (a_delegation(), a_delegation(DEREK, PAULA))

    assert acting_holder(chain, chain.steps[0], (to_rita,), MONDAY) == MARTHA
    with pytest.raises(NotYourStep):
        say(order, chain, by=PAULA, delegations=onwards)


def test_a_delegation_needs_a_reason_a_length_and_another_person() -> None:
    with pytest.raises(ReasonRequired):
        check_delegation(a_delegation(reason=" "), ())
    with pytest.raises(InvalidInput):
        check_delegation(a_delegation(ends_at=MONDAY), ())
    with pytest.raises(InvalidInput):
        check_delegation(a_delegation(delegate=Holder(UserId(fresh_id()), "martha")), ())


def test_delegations_of_the_same_steps_do_not_overlap() -> None:
    cfo_only = a_delegation(roles=frozenset({"cfo"}))

    with pytest.raises(InvalidInput):
        check_delegation(a_delegation(), (cfo_only,))
    with pytest.raises(InvalidInput):
        check_delegation(cfo_only, (a_delegation(roles=frozenset({"cfo", "line_manager"})),))
    check_delegation(a_delegation(roles=frozenset({"line_manager"})), (cfo_only,))
    check_delegation(a_delegation(), (a_delegation(ended_at=MONDAY), a_delegation(giver=PAULA)))
    check_delegation(a_delegation(starts_at=TUESDAY + timedelta(days=1), ends_at=TUESDAY + timedelta(days=2)), (a_delegation(),))


def test_s28_an_idle_approver_loses_the_step_to_his_backup_with_a_fresh_clock() -> None:
    order, chain = pending("line_manager")

    moved = escalate(chain, chain.steps[0], Escalation.BACKUP, PAULA, TUESDAY, MONDAY + timedelta(hours=9))

    step = moved.chain.steps[0]
    assert (step.holder, step.level, step.due_at, step.state) == (PAULA, 1, TUESDAY, StepState.OPEN)
    assert step.opened_at == MONDAY
    assert moved.events[0].type == "approval.step_escalated"
    with pytest.raises(NotYourStep):
        say(order, moved.chain)
    assert say(order, moved.chain, by=PAULA).order.status is Status.APPROVED


@pytest.mark.parametrize(("then", "to"), [(Escalation.STAY, PAULA), (Escalation.BACKUP, None)])
def test_the_last_breach_is_recorded_and_changes_nothing(then: Escalation, to: Holder | None) -> None:
    _, chain = pending("line_manager")

    stayed = escalate(chain, chain.steps[0], then, to, TUESDAY, TUESDAY)

    assert stayed.chain == chain
    assert stayed.events[0].type == "approval.step_breached"


def test_a_step_nobody_held_can_be_escalated_to_somebody() -> None:
    _, chain = pending("line_manager", first=None)

    given_to = escalate(chain, chain.steps[0], Escalation.PROCESS_OWNER, PAULA, TUESDAY, TUESDAY)
    stayed = escalate(chain, chain.steps[0], Escalation.STAY, None, TUESDAY, TUESDAY)

    assert given_to.chain.steps[0].holder == PAULA
    assert len(stayed.events) == 1


def test_voiding_keeps_what_was_decided_and_ends_what_was_not() -> None:
    order, chain = pending("line_manager", "category_manager")
    chain = say(order, chain).chain

    voided = void(chain, "edited")
    again = void(voided.chain, "edited")

    assert [step.state for step in voided.chain.steps] == [StepState.APPROVED, StepState.VOID]
    assert voided.events[0].type == "approval.voided"
    assert voided.chain.open_step is None
    assert again.events == ()


def test_an_approved_order_is_issued_and_a_hold_that_came_later_stays() -> None:
    decided = say(*pending("line_manager"))
    hold = Hold("price talk", None, TUESDAY)

    issued = issue(replace(decided.order, hold=hold), decided.chain)

    assert (issued.status, issued.hold) == (Status.ISSUED, hold)


def test_an_order_dearer_than_the_one_approved_is_not_issued() -> None:
    decided = say(*pending("line_manager"))
    dearer = replace(decided.order, lines=(a_line(price="1036.81"),))

    with pytest.raises(NotApproved):
        issue(dearer, decided.chain)


def test_an_order_on_hold_cannot_be_approved() -> None:
    order, chain = pending("line_manager", hold=Hold("price talk", None, MONDAY))

    with pytest.raises(OrderOnHold):
        say(order, chain)


def test_an_order_that_needs_nobody_starts_approved() -> None:
    order = an_order(a_line(1, 1, "10.00", category="pumps"))
    routed = route(order, shipped_policies(), RoutingFacts(Decimal(1), MONDAY.date()))

    chain = start_chain(order, routed, ChainId(fresh_id()), (), frozenset(), MONDAY)

    assert (chain.state, chain.steps, chain.categories) == (ChainState.APPROVED, (), ("pumps",))


def test_a_step_of_another_chain_is_refused() -> None:
    _, chain = pending("line_manager")

    with pytest.raises(InvalidInput):
        chain.step(StepId(fresh_id()))


PEOPLE = (MARTHA, DEREK, PAULA, RITA, Holder(UserId(fresh_id()), "rita"))
attempts = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(Verdict), st.integers(1, 3), st.integers(1, 2), st.booleans())


@given(st.lists(attempts, max_size=12))
def test_whatever_people_try_an_approved_order_has_a_yes_of_the_right_person_for_every_step(
    tries: list[tuple[Holder, Verdict, int, int, bool]],
) -> None:
    order, chain = pending("line_manager", "category_manager", "cfo")
    delegations = (a_delegation(PAULA, RITA), a_delegation(DEREK, MARTHA))
    holders = {2: PAULA, 3: DEREK}

    for person, verdict, step, version, with_role in tries:
        actor = acting(person, Role.APPROVER if with_role else Role.BUYER)
        try:
            decided = say(order, chain, verdict, actor, step=step, version=version, reason="because", delegations=delegations)
        except PurveyorError:
            continue
        order, chain = decided.order, decided.chain
        following = chain.next_step
        if following is not None and chain.open_step is None:
            chain = open_step(chain, following, holders[following.step_no], TUESDAY, MONDAY).chain

    if order.status is Status.APPROVED:
        deciders = [step.decided_by for step in chain.steps]
        assert deciders == [MARTHA.user_id, PAULA.user_id, MARTHA.user_id]
        assert chain.steps[2].decided_for == DEREK.user_id
    assert order.status is not Status.APPROVED or chain.state is ChainState.APPROVED
