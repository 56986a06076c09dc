"""An order's approval as it stands: chain, steps, who holds them, and delegations. Values only; deciding is next door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from purveyor.core.approval import Route, RouteResult
from purveyor.core.errors import InvalidInput, PurveyorError, ReasonRequired
from purveyor.core.ids import BusinessUnitId, ChainId, OrderId, StepId, UserId
from purveyor.core.order import PurchaseOrder
from purveyor.core.writing import written


class Verdict(StrEnum):
    """What an approver can say."""

    APPROVE = "approve"
    REJECT = "reject"
    RETURN = "return"


class StepState(StrEnum):
    """Where a step stands; ``waiting`` steps come after the open one."""

    WAITING = "waiting"
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    VOID = "void"


class ChainState(StrEnum):
    """Where a chain stands."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    RETURNED = "returned"
    VOID = "void"


class StepClosed(PurveyorError):
    """This step was already decided, or is not open yet; open the order to see where it stands."""

    code = "step_closed"


class NotYourStep(PurveyorError):
    """This step waits for somebody else; only its holder or an active delegate can decide it."""

    code = "not_your_step"


class SelfApproval(PurveyorError):
    """Nobody approves what he asked for himself, not through a delegation or a second account either."""

    code = "self_approval"


@dataclass(frozen=True, slots=True)
class Holder:
    """A person who holds an approval role; ``person_key`` is the same for all accounts of one human being."""

    user_id: UserId
    person_key: str


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """One decision of a chain. ``level`` counts escalations; ``decided_for`` is the holder when a delegate decided."""

    id: StepId
    step_no: int
    role: str
    state: StepState = StepState.WAITING
    holder: Holder | None = None
    level: int = 0
    opened_at: datetime | None = None
    level_since: datetime | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: UserId | None = None
    decided_for: UserId | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalChain:
    """The decisions one order version needs, bound to its hash; ``parties`` are the person keys of those who asked for it."""

    id: ChainId
    order_id: OrderId
    business_unit_id: BusinessUnitId
    version: int
    version_hash: str
    result: RouteResult
    state: ChainState
    parties: frozenset[str]
    policy_set: str
    sources: tuple[str, ...]
    policy_currency: str
    opened_at: datetime
    steps: tuple[ApprovalStep, ...] = ()
    policy_amount: Decimal | None = None
    routing_amount: Decimal | None = None
    band: str | None = None
    undecided_field: str | None = None
    categories: tuple[str, ...] = ()
    at_suggestion: bool = False

    @property
    def open_step(self) -> ApprovalStep | None:
        """The step that waits for a decision now."""
        return next((step for step in self.steps if step.state is StepState.OPEN), None)

    @property
    def next_step(self) -> ApprovalStep | None:
        """The first step that has not been reached yet."""
        return next((step for step in self.steps if step.state is StepState.WAITING), None)

    def step(self, step_id: StepId) -> ApprovalStep:
        """Return one step of the chain; raise InvalidInput when it belongs to another chain."""
        found = next((step for step in self.steps if step.id == step_id), None)
        if found is None:
            raise InvalidInput(field="step", reason="this step belongs to another chain")
        return found

    def with_step(self, changed: ApprovalStep) -> ApprovalChain:
        """Return the chain with one step replaced."""
        return replace(self, steps=tuple(changed if step.id == changed.id else step for step in self.steps))


@dataclass(frozen=True, slots=True)
class Delegation:
    """Handing over approval steps from ``starts_at`` to before ``ends_at``; no roles means every role of the giver."""

    id: UUID
    business_unit_id: BusinessUnitId
    giver: Holder
    delegate: Holder
    starts_at: datetime
    ends_at: datetime
    reason: str
    roles: frozenset[str] = frozenset()
    ended_at: datetime | None = None

    def covers(self, role: str, moment: datetime) -> bool:
        """Say whether steps of a role go to the delegate at a moment."""
        taken_back = self.ended_at is not None and moment >= self.ended_at
        return self.starts_at <= moment < self.ends_at and not taken_back and (not self.roles or role in self.roles)


def start_chain(
    order: PurchaseOrder, decided: Route, chain_id: ChainId, step_ids: tuple[StepId, ...], parties: frozenset[str], now: datetime
) -> ApprovalChain:
    """Turn a route into a chain bound to this version of the order; without roles it is approved by policy at once."""
    steps = tuple(
        ApprovalStep(step_id, no, role) for no, (step_id, role) in enumerate(zip(step_ids, decided.chain, strict=True), 1)
    )
    return ApprovalChain(
        id=chain_id,
        order_id=order.id,
        business_unit_id=order.business_unit_id,
        version=order.version,
        version_hash=order.version_hash(),
        result=decided.result,
        state=ChainState.OPEN if steps else ChainState.APPROVED,
        parties=parties,
        policy_set=decided.policy_set,
        sources=decided.sources,
        policy_currency=decided.policy_currency,
        opened_at=now,
        steps=steps,
        policy_amount=decided.policy_amount,
        routing_amount=decided.routing_amount,
        band=decided.band,
        undecided_field=decided.field,
        categories=tuple(sorted({line.category for line in order.lines if line.category is not None and not line.cancelled})),
        at_suggestion=decided.at_suggestion,
    )


def acting_holder(
    chain: ApprovalChain, step: ApprovalStep, delegations: tuple[Delegation, ...], moment: datetime
) -> Holder | None:
    """Return who may decide a step: the holder's active delegate, else the holder.

    A delegation reaches one hop only, and never one of the people who asked for the order: then the step stays with its holder.
    """
    if step.holder is None:
        return None
    active = [
        given.delegate
        for given in delegations
        if given.giver.user_id == step.holder.user_id
        and given.covers(step.role, moment)
        and given.delegate.person_key not in chain.parties
    ]
    return active[0] if active else step.holder


def check_delegation(wanted: Delegation, existing: tuple[Delegation, ...]) -> None:
    """Refuse a delegation without reason or length, to oneself, or overlapping another one of the same giver and role.

    Raises InvalidInput and ReasonRequired.
    """
    if not written(wanted.reason):
        raise ReasonRequired(field="reason")
    if wanted.ends_at <= wanted.starts_at:
        raise InvalidInput(field="ends_at", reason="a delegation ends after it starts")
    if wanted.giver.person_key == wanted.delegate.person_key:
        raise InvalidInput(field="delegate", reason="nobody delegates to himself")
    for other in existing:
        shares_role = not wanted.roles or not other.roles or bool(wanted.roles & other.roles)
        end = other.ends_at if other.ended_at is None else min(other.ends_at, other.ended_at)
        if (
            other.giver.user_id == wanted.giver.user_id
            and shares_role
            and wanted.starts_at < end
            and other.starts_at < wanted.ends_at
        ):
            raise InvalidInput(field="starts_at", reason="another delegation of the same steps covers part of this time")
