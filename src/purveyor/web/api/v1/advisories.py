"""Suggestions of models: what was said about an order, from which inputs, and what a person does with it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from starlette.responses import Response

from purveyor.app import advise
from purveyor.app.advise import DecideAdvisory
from purveyor.core.access import Permission
from purveyor.core.advisory import Advisory, AdvisoryState, AdvisoryVerdict
from purveyor.core.canonical import plain_decimal
from purveyor.core.ids import AdvisoryId
from purveyor.store import advisories
from purveyor.web.api.common import Call, Reply, answer, api_router, write
from purveyor.web.api.v1.doors import house_posts, house_reads, order_to_read
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.shapes import OrderRef
from purveyor.web.api.wire import Note, Wire

router = api_router("", "Advisories")


class AdvisoryInputsOut(Wire):
    """What the model looked at: quantities in the base unit, the orders of 12 months, and the limits of the policy named."""

    item_id: UUID
    site_id: UUID
    ordered: str
    uom: str
    history: list[str]
    deviations: str
    times_largest: str
    least_orders: int
    least_times_median: str
    policy: str


class AdvisoryOut(Wire):
    """A suggestion: model, inputs and their hash, score against threshold, proposal, reason, and the human action."""

    id: UUID
    order_version: int
    line_no: int
    site: str
    model: str
    model_version: str
    inputs: AdvisoryInputsOut
    inputs_hash: str
    score: str
    threshold: str
    proposal: str
    reason: str
    advised_at: datetime
    state: AdvisoryState
    exception_id: UUID | None
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str | None


class AdvisoryList(Wire):
    """What models said about an order, the earliest first."""

    items: list[AdvisoryOut]


class DecideAdvisoryIn(Wire):
    """What a person does: keep the quantity, which needs a reason, or take the suggestion and then change the order."""

    verdict: AdvisoryVerdict
    reason: Note | None = None


@router.get(
    "/orders/{order_ref}/advisories",
    **operation("list_advisories", "Read what models say about an order", Permission.ORDER_READ, AdvisoryList, slo=LIST),
)
def list_advisories(order_ref: OrderRef, call: Annotated[Call, Depends(house_reads(Permission.ORDER_READ))]) -> Response:
    """Read the suggestions about an order with their inputs, scores and decisions; those below the threshold ask nothing."""
    with order_to_read(call, order_ref) as (tx, order):
        said = advisories.of_orders(tx, [order.id]).get(order.id, ())
    return answer(call, Reply(AdvisoryList(items=[_out(one) for one in said])))


@router.post(
    "/advisories/{advisory_id}/decide",
    **operation("decide_advisory", "Decide about a suggestion", Permission.EXCEPTION_RESOLVE, AdvisoryOut),
)
def decide_advisory(
    advisory_id: UUID, body: DecideAdvisoryIn, call: Annotated[Call, Depends(house_posts(Permission.EXCEPTION_RESOLVE))]
) -> Response:
    """Keep the quantity with a reason, and the order may leave; or take the suggestion, and it stays until it is changed."""
    command = DecideAdvisory(body.verdict, body.reason)
    return write(call, lambda tx: Reply(_out(advise.decide(tx, AdvisoryId(advisory_id), command))))


def _out(one: Advisory) -> AdvisoryOut:
    inputs = one.inputs
    return AdvisoryOut(
        id=one.id,
        order_version=one.order_version,
        line_no=one.line_no,
        site=one.site_code,
        model=one.model,
        model_version=one.model_version,
        inputs=AdvisoryInputsOut(
            item_id=inputs.item_id,
            site_id=inputs.site_id,
            ordered=plain_decimal(inputs.ordered),
            uom=inputs.uom,
            history=[plain_decimal(past) for past in inputs.history],
            deviations=plain_decimal(inputs.deviations),
            times_largest=plain_decimal(inputs.times_largest),
            least_orders=inputs.least_orders,
            least_times_median=plain_decimal(inputs.least_times_median),
            policy=inputs.policy,
        ),
        inputs_hash=one.inputs_hash,
        score=plain_decimal(one.score),
        threshold=plain_decimal(one.threshold),
        proposal=plain_decimal(one.proposal),
        reason=one.reason,
        advised_at=one.advised_at,
        state=one.state,
        exception_id=one.case_id,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        decision_reason=one.decision_reason,
    )
