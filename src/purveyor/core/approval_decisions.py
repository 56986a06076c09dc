"""Decide, open, escalate and void approval steps: pure functions over the order and its chain.

An approval binds to the hash of one version, is given by a person, and never comes from time running out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from purveyor.core.access import Actor, ActorKind, Permission
from purveyor.core.approval_chain import (
    ApprovalChain,
    ApprovalStep,
    ChainState,
    Delegation,
    Holder,
    NotYourStep,
    SelfApproval,
    StepClosed,
    StepState,
    Verdict,
    acting_holder,
)
from purveyor.core.errors import NotAuthorised, PurveyorError, ReasonRequired, StaleVersion
from purveyor.core.events.approval import (
    ApprovalVoided,
    OrderApproved,
    StepBreached,
    StepDecided,
    StepEscalated,
    StepOpened,
)
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.order import order_stream
from purveyor.core.ids import StepId, UserId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import PurchaseOrder, advance
from purveyor.core.policy.approval_terms import Escalation
from purveyor.core.writing import written

_STEP_AFTER: Final = {
    Verdict.APPROVE: StepState.APPROVED,
    Verdict.REJECT: StepState.REJECTED,
    Verdict.RETURN: StepState.RETURNED,
}
_VERB: Final = {Verdict.APPROVE: Verb.APPROVE, Verdict.REJECT: Verb.REJECT, Verdict.RETURN: Verb.RETURN}


@dataclass(frozen=True, slots=True)
class DecideStep:
    """Command: one approver's verdict on the version he saw; a no needs a reason."""

    verdict: Verdict
    version: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalDecision:
    """Order and chain after a verdict, and what happened. The next step, if any, still waits to be opened for its holder."""

    order: PurchaseOrder
    chain: ApprovalChain
    step: ApprovalStep
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class ChainChange:
    """A chain after a change that leaves the order as it is, and what happened."""

    chain: ApprovalChain
    events: tuple[Event, ...]


def decide(
    order: PurchaseOrder,
    chain: ApprovalChain,
    step_id: StepId,
    command: DecideStep,
    actor: Actor,
    delegations: tuple[Delegation, ...],
    now: datetime,
) -> ApprovalDecision:
    """Record a verdict; the last yes approves the order, a no takes it back to draft.

    Raises NotAuthorised, StepClosed, StaleVersion, SelfApproval, NotYourStep, ReasonRequired, OrderOnHold.
    """
    step = chain.step(step_id)
    holder, user_id = _check(order, chain, step, command, actor, delegations, now)
    delegated = user_id != holder.user_id
    step = replace(
        step,
        state=_STEP_AFTER[command.verdict],
        decided_at=now,
        decided_by=user_id,
        decided_for=holder.user_id if delegated else None,
        reason=command.reason,
    )
    chain = chain.with_step(step)
    done = command.verdict is Verdict.APPROVE and chain.next_step is None
    order = advance(order, _VERB[command.verdict], _status_after(command.verdict, done))
    if done:
        chain = replace(chain, state=ChainState.APPROVED)
    elif command.verdict is not Verdict.APPROVE:
        chain = _without_waiting(replace(chain, state=ChainState(step.state.value)))
    events: list[Event] = [_decided(chain, step, command, holder, user_id)]
    if done:
        events.append(approved_event(chain, by_policy=None))
    return ApprovalDecision(order, chain, step, tuple(events))


def _check(
    order: PurchaseOrder,
    chain: ApprovalChain,
    step: ApprovalStep,
    command: DecideStep,
    actor: Actor,
    delegations: tuple[Delegation, ...],
    now: datetime,
) -> tuple[Holder, UserId]:
    """Refuse everybody who may not decide this; return the holder of the step and the account that acts."""
    actor.require(Permission.APPROVAL_DECIDE)
    if actor.kind is not ActorKind.USER or actor.id is None or actor.person_key is None:
        raise NotAuthorised(permission=Permission.APPROVAL_DECIDE.value, reason="only a person can approve")
    if chain.state is not ChainState.OPEN or step.state is not StepState.OPEN:
        raise StepClosed(step=step.step_no, state=step.state.value)
    if command.version != order.version or chain.version_hash != order.version_hash():
        raise StaleVersion(seen=command.version, current=order.version)
    if actor.person_key in chain.parties:
        raise SelfApproval(step=step.step_no)
    if step.holder is None or acting_holder(chain, step, delegations, now) != Holder(UserId(actor.id), actor.person_key):
        raise NotYourStep(step=step.step_no, role=step.role)
    if command.verdict is not Verdict.APPROVE and not written(command.reason or ""):
        raise ReasonRequired(field="reason")
    return step.holder, UserId(actor.id)


def _status_after(verdict: Verdict, done: bool) -> Status:
    if verdict is not Verdict.APPROVE:
        return Status.DRAFT
    return Status.APPROVED if done else Status.PENDING_APPROVAL


def _without_waiting(chain: ApprovalChain) -> ApprovalChain:
    """Close every step nobody decided."""
    undecided = (StepState.WAITING, StepState.OPEN)
    return replace(
        chain, steps=tuple(replace(step, state=StepState.VOID) if step.state in undecided else step for step in chain.steps)
    )


def _decided(chain: ApprovalChain, step: ApprovalStep, command: DecideStep, holder: Holder, user_id: UserId) -> StepDecided:
    return StepDecided(
        stream=order_stream(chain.order_id),
        refs=(Ref("approval_chain", chain.id), Ref("user", user_id)),
        reason=command.reason,
        policy_set=chain.policy_set,
        on_behalf_of=step.decided_for,
        chain_id=chain.id,
        step_id=step.id,
        step_no=step.step_no,
        role=step.role,
        verdict=command.verdict.value,
        version=chain.version,
        version_hash=chain.version_hash,
        decided_by=user_id,
        holder=holder.user_id,
    )


def approved_event(chain: ApprovalChain, *, by_policy: str | None) -> OrderApproved:
    """Say that the order is approved; ``by_policy`` names the rows when no person was needed."""
    return OrderApproved(
        stream=order_stream(chain.order_id),
        refs=(Ref("approval_chain", chain.id),),
        policy_set=chain.policy_set,
        chain_id=chain.id,
        version=chain.version,
        version_hash=chain.version_hash,
        by_policy=by_policy,
    )


def open_step(
    chain: ApprovalChain, step: ApprovalStep, holder: Holder | None, due_at: datetime | None, now: datetime
) -> ChainChange:
    """Open a step for its holder; without a holder it waits for somebody to be named."""
    opened = replace(step, state=StepState.OPEN, holder=holder, opened_at=now, level_since=now, due_at=due_at)
    event = StepOpened(
        stream=order_stream(chain.order_id),
        refs=_refs(chain, holder),
        policy_set=chain.policy_set,
        chain_id=chain.id,
        step_id=step.id,
        step_no=step.step_no,
        role=step.role,
        holder=None if holder is None else holder.user_id,
        due_at=due_at,
    )
    return ChainChange(chain.with_step(opened), (event,))


def escalate(
    chain: ApprovalChain, step: ApprovalStep, then: Escalation, to: Holder | None, due_at: datetime, now: datetime
) -> ChainChange:
    """Give an overdue step to the next holder with a new clock; when there is none it stays and the breach is on record.

    Nothing here can approve: an approval always needs a person (domain.md 1, Escalation).
    """
    stream = order_stream(chain.order_id)
    if then is Escalation.STAY or to is None:
        breached = StepBreached(
            stream=stream,
            refs=_refs(chain, step.holder),
            policy_set=chain.policy_set,
            step_id=step.id,
            step_no=step.step_no,
            level=step.level,
            holder=None if step.holder is None else step.holder.user_id,
        )
        return ChainChange(chain, (breached,))
    moved = replace(step, holder=to, level=step.level + 1, level_since=now, due_at=due_at)
    event = StepEscalated(
        stream=stream,
        refs=_refs(chain, to),
        policy_set=chain.policy_set,
        step_id=step.id,
        step_no=step.step_no,
        level=moved.level,
        then=then.value,
        from_holder=None if step.holder is None else step.holder.user_id,
        to_holder=to.user_id,
        due_at=due_at,
    )
    return ChainChange(chain.with_step(moved), (event,))


def void(chain: ApprovalChain, cause: str) -> ChainChange:
    """Void a chain whose version is gone; decided steps stay readable, open ones end. A chain that has ended stays as it is."""
    if chain.state not in (ChainState.OPEN, ChainState.APPROVED):
        return ChainChange(chain, ())
    event = ApprovalVoided(
        stream=order_stream(chain.order_id),
        refs=(Ref("approval_chain", chain.id),),
        policy_set=chain.policy_set,
        chain_id=chain.id,
        version=chain.version,
        version_hash=chain.version_hash,
        cause=cause,
    )
    return ChainChange(_without_waiting(replace(chain, state=ChainState.VOID)), (event,))


def binds(chain: ApprovalChain | None, order: PurchaseOrder) -> bool:
    """Say whether this approval holds for the order exactly as it stands now."""
    return chain is not None and chain.state is ChainState.APPROVED and chain.version_hash == order.version_hash()


class NotApproved(PurveyorError):
    """No approval holds for this order as it stands now; submit it, and let it be decided."""

    code = "not_approved"


def issue(order: PurchaseOrder, chain: ApprovalChain | None) -> PurchaseOrder:
    """Return the order issued: the only way out of the house, and only with an approval of exactly this version.

    A hold that came after the release cannot undo what an ERP has done: it stays, and keeps the supplier from being told.
    Raises NotApproved, IllegalTransition.
    """
    if not binds(chain, order):
        raise NotApproved(order_ref=order.order_ref, version=order.version)
    return replace(advance(replace(order, hold=None), Verb.RELEASE, Status.ISSUED), hold=order.hold)


def _refs(chain: ApprovalChain, holder: Holder | None) -> tuple[Ref, ...]:
    named = (Ref("approval_chain", chain.id),)
    return named if holder is None else (*named, Ref("user", holder.user_id))
