"""Approvals: what waits for whom, where a step stands, and verdicts.

Only persons decide: a verdict sent with the key of a program is refused, and the refusal is on the record of the order.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from purveyor.app import approve
from purveyor.core.access import Permission
from purveyor.core.approval_chain import (
    ApprovalChain,
    ApprovalStep,
    ChainState,
    NotYourStep,
    SelfApproval,
    StepState,
    Verdict,
)
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.errors import NotAuthorised, PurveyorError
from purveyor.core.ids import BusinessUnitId, StepId, UserId
from purveyor.store import approvals, approvers, orders
from purveyor.store.approvers import WaitingStep
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Reply, SeenVersion, answer, api_router, write
from purveyor.web.api.v1.doors import house_posts, house_reads
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.shapes import money
from purveyor.web.api.wire import MoneyText, Note, Wire

router = api_router("/approvals", "Approvals")

Reader = Annotated[Call, Depends(house_reads(Permission.APPROVAL_READ))]
"""A client that may read approvals."""


class WaitingOut(Wire):
    """A step that waits for somebody; ``may_decide`` is false for a holder whose steps go to a delegate now."""

    step_id: UUID
    order_ref: str
    order_version: int
    supplier: str
    role: str
    level: int
    total: MoneyText | None
    policy_amount: MoneyText | None
    opened_at: datetime
    due_at: datetime | None
    holder_id: UUID
    acting_for: UUID | None
    may_decide: bool


class WaitingList(Wire):
    """What waits, the earliest due first."""

    items: list[WaitingOut]


class StepOut(Wire):
    """One decision of a chain."""

    id: UUID
    step_no: int
    role: str
    state: StepState
    holder_id: UUID | None
    level: int
    opened_at: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    decided_by: UUID | None
    decided_for: UUID | None


class ApprovalOut(Wire):
    """A step with the chain it belongs to: bound to one version of the order by its hash, decided by named rows of policy."""

    step: StepOut
    steps: list[StepOut]
    order_ref: str
    order_version: int
    version: int
    version_hash: str
    state: ChainState
    policy_set: str
    sources: list[str]
    policy_amount: MoneyText | None
    band: str | None


class VerdictIn(Wire):
    """A verdict; a no needs a reason. The order version that was seen is sent as If-Match."""

    verdict: Verdict
    reason: Note | None = None


@router.get("", **operation("list_approvals", "List what waits for a person", Permission.APPROVAL_READ, WaitingList, slo=LIST))
def list_approvals(
    call: Reader, holder: Annotated[UUID | None, Query(description="A person's id; without it the caller's own.")] = None
) -> Response:
    """List the steps that wait for a person as holder or delegate; orders he asked for himself are left out."""
    with call.reading() as tx:
        found = _waiting(tx, call, holder)
        return answer(call, Reply(WaitingList(items=[_step(each) for each in found])))


def _waiting(tx: Tx, call: Call, holder: UUID | None) -> list[WaitingStep]:
    if holder is None:
        return [line.step for line in approve.waiting_for_actor(tx)]
    unit = BusinessUnitId(min(call.actor.business_units))
    person = approvers.person(tx, UserId(holder), unit).holder
    return approvers.waiting_for(tx, person.user_id, person.person_key)


def _step(each: WaitingStep) -> WaitingOut:
    return WaitingOut(
        step_id=each.step_id,
        order_ref=each.order_ref,
        order_version=each.version,
        supplier=each.supplier_code,
        role=each.role,
        level=each.level,
        total=money(each.total, each.currency),
        policy_amount=money(each.policy_amount, each.policy_currency),
        opened_at=each.opened_at,
        due_at=each.due_at,
        holder_id=each.holder_id,
        acting_for=each.acting_for,
        may_decide=each.may_decide,
    )


@router.get("/{step_id}", **operation("get_approval", "Read an approval step", Permission.APPROVAL_READ, ApprovalOut))
def get_approval(step_id: UUID, call: Reader) -> Response:
    """Read a step with its chain. The ETag is the version of the order that is to be approved."""
    with call.reading() as tx:
        return answer(call, _reply(tx, StepId(step_id)))


@router.post(
    "/{step_id}/decide",
    **operation("decide_approval", "Approve, reject or return an order", Permission.APPROVAL_DECIDE, ApprovalOut, versioned=True),
)
def decide_approval(
    step_id: UUID,
    body: VerdictIn,
    version: SeenVersion,
    call: Annotated[Call, Depends(house_posts(Permission.APPROVAL_DECIDE))],
) -> Response:
    """Record a verdict on the version in If-Match. Only the step's holder or his delegate, as a person, can decide it."""

    def work(tx: Tx) -> Reply:
        approve.decide(tx, StepId(step_id), DecideStep(body.verdict, version, body.reason))
        return _reply(tx, StepId(step_id))

    try:
        return write(call, work)
    except (NotAuthorised, NotYourStep, SelfApproval) as refused:
        _note(call, StepId(step_id), refused)
        raise


def _note(call: Call, step_id: StepId, refused: PurveyorError) -> None:
    with call.database.transaction(call.actor, None, call.request.state.correlation_id, source="api") as tx:
        approve.record_refusal(tx, step_id, refused.code)


def _reply(tx: Tx, step_id: StepId) -> Reply:
    chain = approvals.get_by_step(tx, step_id)
    order = orders.get(tx, chain.order_id)
    return Reply(_shown(chain, chain.step(step_id), order.order_ref, order.version), version=order.version)


def _shown(chain: ApprovalChain, step: ApprovalStep, order_ref: str, order_version: int) -> ApprovalOut:
    return ApprovalOut(
        step=_one(step),
        steps=[_one(each) for each in chain.steps],
        order_ref=order_ref,
        order_version=order_version,
        version=chain.version,
        version_hash=chain.version_hash,
        state=chain.state,
        policy_set=chain.policy_set,
        sources=list(chain.sources),
        policy_amount=money(chain.policy_amount, chain.policy_currency),
        band=chain.band,
    )


def _one(step: ApprovalStep) -> StepOut:
    return StepOut(
        id=step.id,
        step_no=step.step_no,
        role=step.role,
        state=step.state,
        holder_id=None if step.holder is None else step.holder.user_id,
        level=step.level,
        opened_at=step.opened_at,
        due_at=step.due_at,
        decided_at=step.decided_at,
        decided_by=step.decided_by,
        decided_for=step.decided_for,
    )
