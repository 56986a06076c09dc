"""Decide, remind, escalate and void approvals; the queue of what waits for a person.

The last yes queues the release. Time running out moves a step to the next person and never approves anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid5

from purveyor.app import approval_steps, calendars, cases
from purveyor.core import approval_decisions
from purveyor.core.accounts import check_may_manage
from purveyor.core.approval_chain import ApprovalChain, ApprovalStep, ChainState, Holder, StepState
from purveyor.core.approval_decisions import ChainChange, DecideStep
from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.events.approval import ApprovalRefused, StepReminded
from purveyor.core.events.base import Ref
from purveyor.core.events.company import ApprovalRoleSet
from purveyor.core.events.order import order_stream
from purveyor.core.ids import BusinessUnitId, StepId, UserId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.approval_terms import Escalation, approval_limits, escalation_terms
from purveyor.store import approvals, approvers, events, jobs, orders, people
from purveyor.store.approvers import WaitingStep
from purveyor.store.db import Tx
from purveyor.store.jobs import NewJob

RELEASE: Final = "release"
"""Kind of the job that sends an approved order on its way; its task calls app.issue."""


def decide(tx: Tx, step_id: StepId, command: DecideStep) -> ApprovalStep:
    """Record one approver's verdict; the last yes approves the order and queues its release, a no takes it back to draft.

    Raises: NotFound, NotAuthorised, StepClosed, StaleVersion, SelfApproval, NotYourStep, ReasonRequired, OrderOnHold.
    """
    order, chain = approvals.lock_by_step(tx, step_id)
    holder = chain.step(step_id).holder
    given = approvers.delegations_of(tx, [holder.user_id], chain.business_unit_id) if holder is not None else ()
    decision = approval_decisions.decide(order, chain, step_id, command, tx.actor, given, tx.now)
    following = _open_following(tx, decision.order, decision.chain)
    orders.save(tx, decision.order)
    approvals.save_chains(tx, [following.chain])
    events.append(tx, (*decision.events, *following.events))
    approval_steps.stop_clocks(tx, [decision.step])
    if decision.order.status is Status.APPROVED:
        queue_release(tx, decision.order)
    if decision.chain.state is not ChainState.OPEN:
        cases.clear(tx, approval_steps.undecidable_key(order.id))
    return decision.step


def _open_following(tx: Tx, order: PurchaseOrder, chain: ApprovalChain) -> ChainChange:
    return approval_steps.open_next(tx, order, chain) if chain.state is ChainState.OPEN else ChainChange(chain, ())


def queue_release(tx: Tx, *approved: PurchaseOrder) -> None:
    """Queue the release of approved orders, one job each."""
    jobs.enqueue_many(tx, [NewJob(RELEASE, str(order.id), {"order_id": str(order.id)}) for order in approved])


def record_refusal(tx: Tx, step_id: StepId, code: str) -> None:
    """Put a refused attempt to decide into the log; the refusal itself rolled its transaction back."""
    chain = approvals.get_by_step(tx, step_id)
    who = () if tx.actor.id is None else (Ref("user", tx.actor.id),)
    refused = ApprovalRefused(
        stream=order_stream(chain.order_id), refs=(Ref("approval_chain", chain.id), *who), step_id=step_id, code=code
    )
    events.append(tx, [refused])


def void_on_edit(tx: Tx, order: PurchaseOrder, cause: str = "edited") -> bool:
    """Void the approval of an order whose version is gone; say whether there was one. The caller holds the order's lock."""
    chain = approvals.in_force(tx, order.id)
    if chain is None:
        return False
    change = approval_decisions.void(chain, cause)
    approvals.save_chains(tx, [change.chain])
    events.append(tx, change.events)
    approval_steps.stop_clocks(tx, chain.steps)
    for step in chain.steps:
        cases.clear(tx, approval_steps.no_holder_key(step.id))
    cases.clear(tx, approval_steps.undecidable_key(order.id))
    return True


def remind(tx: Tx, step_id: StepId) -> bool:
    """Remind the holder of a step that still waits; say whether it does. Called when the reminder timer fires."""
    _, chain = approvals.lock_by_step(tx, step_id)
    step = chain.step(step_id)
    if not _waits(chain, step):
        return False
    reminded = StepReminded(
        stream=order_stream(chain.order_id),
        refs=(Ref("approval_chain", chain.id),),
        policy_set=chain.policy_set,
        step_id=step.id,
        step_no=step.step_no,
        holder=None if step.holder is None else step.holder.user_id,
        business_minutes_waiting=waiting_minutes(tx, chain, step),
    )
    events.append(tx, [reminded])
    return True


def escalate(tx: Tx, step_id: StepId) -> ApprovalStep:
    """Give a step whose time ran out to the backup of its role, then to the process owner, each with a fresh clock.

    Without anybody further it stays where it is and the breach is on record (cases C04 and S28). Called when its timer fires.
    """
    order, chain = approvals.lock_by_step(tx, step_id)
    step = chain.step(step_id)
    if not _waits(chain, step):
        return step
    policy = approval_steps.policy_of(tx, chain)
    then = escalation_terms(policy, step.level).then
    to = _next_holder(tx, order, chain, step, then, approval_limits(policy).process_owner)
    due_at = tx.now
    if to is not None:
        due_at = approval_steps.start_clock(tx, order.business_unit_id, step.id, escalation_terms(policy, step.level + 1))
        cases.clear(tx, approval_steps.no_holder_key(step.id))
    change = approval_decisions.escalate(chain, step, then, to, due_at, tx.now)
    approvals.save_chains(tx, [change.chain])
    events.append(tx, change.events)
    return change.chain.step(step_id)


def _waits(chain: ApprovalChain, step: ApprovalStep) -> bool:
    return chain.state is ChainState.OPEN and step.state is StepState.OPEN


def _next_holder(
    tx: Tx, order: PurchaseOrder, chain: ApprovalChain, step: ApprovalStep, then: Escalation, process_owner: str
) -> Holder | None:
    """Return who gets an overdue step: the next of the role, else the process owner; None when it stays."""
    if then is Escalation.STAY:
        return None
    roles = (step.role, process_owner) if then is Escalation.BACKUP else (process_owner,)
    for role in roles:
        for holder in approval_steps.eligible(tx, order, chain, role):
            if step.holder is None or holder.person_key != step.holder.person_key:
                return holder
    return None


def assign_holder(tx: Tx, unit_id: BusinessUnitId, role: str, user_id: UserId, category: str | None = None, rank: int = 0) -> int:
    """Let a person hold an approval role beside those who do, and give him the steps that waited; return how many those were.

    Raises NotFound for an unknown person and NotAuthorised when his roles do not let him approve, or the actor may not say so.
    """
    _require_may_assign(tx, user_id)
    approval_steps.require_approver(approvers.person(tx, user_id, unit_id))
    approvers.set_holder(tx, unit_id, role, user_id, category=category, rank=rank)
    _tell_holders(tx, unit_id, role, category)
    return _give_waiting(tx, unit_id, role)


def set_holders(tx: Tx, unit_id: BusinessUnitId, role: str, holders: Sequence[UserId], category: str | None = None) -> None:
    """Let exactly these people hold an approval role, the first asked first; steps that waited for somebody get him.

    Steps that are open stay with whom they are; their clocks move them on. Raises what ``assign_holder`` raises.
    """
    before = _holders(tx, unit_id, role, category)
    for user_id in {*before, *holders}:
        _require_may_assign(tx, user_id)
    for user_id in before:
        approvers.remove_holder(tx, unit_id, role, user_id, category)
    for rank, user_id in enumerate(holders):
        approval_steps.require_approver(approvers.person(tx, user_id, unit_id))
        approvers.set_holder(tx, unit_id, role, user_id, category=category, rank=rank)
    _tell_holders(tx, unit_id, role, category)
    _give_waiting(tx, unit_id, role)


def take_holder(tx: Tx, unit_id: BusinessUnitId, role: str, user_id: UserId, category: str | None = None) -> None:
    """Take an approval role away from a person; the others keep it in their order. Raises NotAuthorised, NotFound, OwnRights."""
    _require_may_assign(tx, user_id)
    approvers.remove_holder(tx, unit_id, role, user_id, category)
    _tell_holders(tx, unit_id, role, category)


def _require_may_assign(tx: Tx, user_id: UserId) -> None:
    """Approval roles are given by those who manage people and never by anybody to himself, whichever account he uses."""
    check_may_manage(tx.actor, people.one(tx, user_id).rights)


def _holders(tx: Tx, unit_id: BusinessUnitId, role: str, category: str | None) -> tuple[UserId, ...]:
    wanted = (unit_id, role, category)
    known = {(each.business_unit_id, each.role, each.category): each.holders for each in approvers.approval_roles(tx)}
    return known.get(wanted, ())


def _tell_holders(tx: Tx, unit_id: BusinessUnitId, role: str, category: str | None) -> None:
    told = ApprovalRoleSet(
        stream=Ref("approval_role", uuid5(unit_id, f"{role}/{category or ''}")),
        refs=(Ref(events.UNIT_REF, unit_id),),
        role=role,
        category=category,
        holders=_holders(tx, unit_id, role, category),
    )
    events.append(tx, [told])


def _give_waiting(tx: Tx, unit_id: BusinessUnitId, role: str) -> int:
    return sum(_give_to_holder(tx, step_id) for step_id in approvals.open_steps_without_holder(tx, unit_id, role))


def _give_to_holder(tx: Tx, step_id: StepId) -> bool:
    order, chain = approvals.lock_by_step(tx, step_id)
    step = chain.step(step_id)
    candidates = approval_steps.eligible(tx, order, chain, step.role)
    if not candidates or not _waits(chain, step):
        return False
    due_at = approval_steps.start_clock(
        tx, order.business_unit_id, step.id, escalation_terms(approval_steps.policy_of(tx, chain), step.level)
    )
    change = approval_decisions.open_step(chain, step, candidates[0], due_at, tx.now)
    approvals.save_chains(tx, [change.chain])
    events.append(tx, change.events)
    cases.clear(tx, approval_steps.no_holder_key(step_id))
    return True


def pass_on_steps_of(tx: Tx, user_id: UserId) -> int:
    """Give the open steps that a person may not decide any more to the next of their role; return how many those were.

    Without anybody further a step waits openly and an exception says so.
    """
    return sum(_pass_on(tx, step_id, user_id) for step_id in approvals.open_steps_held_by(tx, user_id))


def _pass_on(tx: Tx, step_id: StepId, user_id: UserId) -> bool:
    order, chain = approvals.lock_by_step(tx, step_id)
    if not _waits(chain, chain.step(step_id)) or approvers.may_decide(tx, user_id, order.business_unit_id):
        return False
    change = approval_steps.open_for_next_holder(tx, order, chain, chain.step(step_id))
    approvals.save_chains(tx, [change.chain])
    events.append(tx, change.events)
    return True


@dataclass(frozen=True, slots=True)
class WaitingApproval:
    """One line of a person's approval queue; ``age_minutes`` are business minutes since the step was opened."""

    step: WaitingStep
    age_minutes: int
    overdue: bool


def waiting_for_actor(tx: Tx) -> list[WaitingApproval]:
    """Return the approvals that wait for the actor, the earliest due first, with their age in business minutes."""
    if tx.actor.id is None:
        return []
    known: dict[BusinessUnitId, BusinessCalendar] = {}
    lines = []
    for step in approvers.waiting_for(tx, UserId(tx.actor.id), tx.actor.person_key):
        if step.business_unit_id not in known:
            known[step.business_unit_id] = calendars.of_unit(tx, step.business_unit_id)
        age = business_minutes(known[step.business_unit_id], step.opened_at, tx.now)
        lines.append(WaitingApproval(step, age, step.due_at is not None and tx.now > step.due_at))
    return lines


def waiting_minutes(tx: Tx, chain: ApprovalChain, step: ApprovalStep) -> int:
    """Return how many business minutes a step has waited since it was opened."""
    return business_minutes(calendars.of_unit(tx, chain.business_unit_id), step.opened_at or tx.now, tx.now)
