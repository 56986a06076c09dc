"""Whatever people, the ERP and the clock do to an order, it is issued only with an approval of exactly that version."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from purveyor.core import approval_decisions, change
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.approval import Route, RouteResult
from purveyor.core.approval_chain import ApprovalChain, Holder, Verdict, start_chain
from purveyor.core.approval_decisions import DecideStep, NotApproved
from purveyor.core.change import ChangeOrder, ChangeStatus, ChangeVerb, Initiator, SetQuantity
from purveyor.core.editing import EditOrder, LineEdit, edit
from purveyor.core.errors import PurveyorError
from purveyor.core.ids import ChainId, ChangeOrderId, StepId, UserId
from purveyor.core.intake import take_over
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import Hold, PurchaseOrder, advance
from tests.order_builders import MONDAY, an_order, fresh_id

MARTHA, DEREK, RITA = (Holder(UserId(fresh_id()), key) for key in ("martha", "derek", "rita"))
CENT = Decimal("0.01")


def acting(holder: Holder) -> Actor:
    return Actor(ActorKind.USER, holder.user_id, holder.person_key, frozenset({Role.APPROVER}))


class OneOrder(RuleBasedStateMachine):
    """An order of Rita's with everything that can happen to it; ``licences`` are the versions somebody agreed to."""

    def __init__(self) -> None:
        super().__init__()
        self.order: PurchaseOrder = replace(an_order(), requester="rita")
        self.chain: ApprovalChain | None = None
        self.missing = 0
        self.licences: set[str] = set()
        self.now = MONDAY

    @rule(roles=st.integers(0, 2))
    def is_submitted(self, roles: int) -> None:
        names = ("manager", "director")[:roles]
        result = RouteResult.ROUTED if roles else RouteResult.NO_APPROVAL_NEEDED
        route = Route(result, names, "set", ("approval_matrix:A1@1",), "USD", Decimal(1), Decimal(1), "[0, 5)")
        steps = tuple(StepId(fresh_id()) for _ in names)
        chain = start_chain(self.order, route, ChainId(fresh_id()), steps, frozenset({"rita"}), self.now)
        try:
            self.order = advance(self.order, Verb.SUBMIT, Status.PENDING_APPROVAL if roles else Status.APPROVED)
        except PurveyorError:
            return
        self.chain, self.missing = chain, roles
        self._open_next()
        if not roles:
            self.licences.add(self.order.version_hash())

    def _open_next(self) -> None:
        if self.chain is not None and self.chain.open_step is None and self.chain.next_step is not None:
            opened = approval_decisions.open_step(self.chain, self.chain.next_step, MARTHA, None, self.now)
            self.chain = opened.chain

    @precondition(lambda self: self.chain is not None)
    @rule(
        who=st.sampled_from([acting(MARTHA), acting(DEREK), acting(RITA), SYSTEM]),
        verdict=st.sampled_from(Verdict),
        behind=st.integers(0, 1),
    )
    def is_decided(self, who: Actor, verdict: Verdict, behind: int) -> None:
        assert self.chain is not None
        step = self.chain.open_step or (self.chain.steps[0] if self.chain.steps else None)
        if step is None:
            return
        command = DecideStep(verdict, self.order.version - behind, "because")
        try:
            decided = approval_decisions.decide(self.order, self.chain, step.id, command, who, (), self.now)
        except PurveyorError:
            return
        assert who.id == MARTHA.user_id, "only the holder of the step decides"
        self.order, self.chain = decided.order, decided.chain
        self.missing -= verdict is Verdict.APPROVE
        if verdict is Verdict.APPROVE and self.missing == 0:
            self.licences.add(self.order.version_hash())
        self._open_next()

    def _void(self) -> None:
        if self.chain is not None:
            self.chain = approval_decisions.void(self.chain, "edited").chain

    def _dearer(self) -> Decimal:
        return (self.order.lines[0].unit_price or Decimal(0)) + CENT

    @rule()
    def is_edited_by_one_cent(self) -> None:
        command = EditOrder(self.order.row_version, {1: LineEdit(unit_price=self._dearer())})
        try:
            self.order = edit(self.order, command)
        except PurveyorError:
            return
        self._void()

    @rule(voided=st.booleans())
    def is_edited_in_the_erp(self, voided: bool) -> None:
        """Even when the approval is forgotten to be voided, it does not hold for the new content."""
        theirs = replace(self.order, lines=(replace(self.order.lines[0], unit_price=self._dearer()), *self.order.lines[1:]))
        try:
            self.order = take_over(self.order, theirs)
        except PurveyorError:
            return
        if voided:
            self._void()

    @precondition(lambda self: self.order.status is Status.APPROVED)
    @rule()
    def is_written_past_every_rule(self) -> None:
        """A fault elsewhere changes the content and leaves status, version and approval as they were."""
        first, *others = self.order.lines
        self.order = replace(self.order, lines=(replace(first, unit_price=self._dearer()), *others))

    @rule()
    def is_taken_back_at_the_gate(self) -> None:
        if self.order.status is Status.APPROVED:
            self._void()
            self.order = advance(self.order, Verb.RETURN, Status.DRAFT)

    @rule()
    def is_held_or_let_go(self) -> None:
        hold = Hold("the price list is in doubt", None, self.now) if self.order.hold is None else None
        self.order = replace(self.order, hold=hold)

    @rule()
    def is_released(self) -> None:
        try:
            self.order = approval_decisions.issue(self.order, self.chain)
        except PurveyorError:
            return

    @precondition(lambda self: self.order.status is Status.ISSUED)
    @rule(agreed=st.booleans(), quantity=st.integers(1, 50))
    def is_changed_after_issue(self, agreed: bool, quantity: int) -> None:
        proposed = ChangeOrder(
            ChangeOrderId(fresh_id()), self.order.id, self.order.version, (SetQuantity(1, Decimal(quantity)),), Initiator.US
        )
        waiting = change.move(proposed, ChangeVerb.SUBMIT, ChangeStatus.PENDING_APPROVAL)
        ready = change.move(waiting, ChangeVerb.APPROVE, ChangeStatus.APPROVED) if agreed else waiting
        try:
            self.order, _ = change.apply(self.order, ready)
        except PurveyorError:
            return
        assert agreed, "a change order that waits is never applied"
        self.licences.add(self.order.version_hash())

    @rule()
    def is_cancelled_and_ordered_anew(self) -> None:
        if self.order.status is not Status.CANCELLED and self.now > MONDAY + timedelta(hours=5):
            self.order = advance(self.order, Verb.CANCEL, Status.CANCELLED)

    @invariant()
    def an_issued_order_was_agreed_to_as_it_stands(self) -> None:
        self.now += timedelta(hours=1)
        if self.order.status is Status.ISSUED:
            assert self.order.version_hash() in self.licences


OneOrder.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestNoOrderIsIssuedWithoutAnApprovalOfThatVersion = OneOrder.TestCase


def test_an_order_nobody_decided_about_cannot_be_issued() -> None:
    approved = replace(an_order(), status=Status.APPROVED)

    with pytest.raises(NotApproved):
        approval_decisions.issue(approved, None)


def test_an_approval_of_other_content_lets_nothing_out() -> None:
    machine = OneOrder()
    machine.is_submitted(roles=0)
    machine.is_written_past_every_rule()

    with pytest.raises(NotApproved):
        approval_decisions.issue(machine.order, machine.chain)
