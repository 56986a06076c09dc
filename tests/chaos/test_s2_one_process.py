"""S2: one order from draft to closed is one process on one timeline; what is skipped says why and by whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from purveyor.app import cancel, edit, receipt_decisions
from purveyor.app.cancel import CancelOrder
from purveyor.app.receive import CountedLine
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.errors import PurveyorError
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import events, logins, orders
from purveyor.store.db import Tx
from purveyor.store.events import RecordedEvent
from tests.chaos.flow import Flow, a_clean_draft, an_invoice
from tests.order_builders import UNIT

pytestmark = pytest.mark.postgres

STAGES = (
    "order.drafted",
    "order.checked",
    "order.edited",
    "order.submitted",
    "approval.step_decided",
    "order.approved",
    "order.issued",
    "order.sent",
    "acknowledgment.received",
    "order.acknowledged",
    "goods.counted",
    "invoice.received",
    "invoice.matched",
    "order.closed",
)


@pytest.fixture
def rita(flow: Flow) -> Actor:
    """The buyer."""
    with flow.database.transaction(SYSTEM) as tx:
        user = logins.add_user(tx, "rita", "Rita", person_key="rita")
        logins.set_roles(tx, user, [Role.BUYER], [UNIT])
    return Actor(ActorKind.USER, user, "rita", frozenset({Role.BUYER}), frozenset({UNIT}))


def the_timeline(flow: Flow, order: PurchaseOrder) -> list[RecordedEvent]:
    """What the order's page and API tell about it, in order."""
    with flow.database.read(SYSTEM) as tx:
        return events.read_about(tx, Ref("order", order.id))


def test_s2_create_revise_approve_acknowledge_receive_and_bill_stand_on_one_timeline(flow: Flow, rita: Actor) -> None:
    [drafted] = flow.takes_in(a_clean_draft(1, cartons=5))
    assert drafted.status is Status.PENDING_APPROVAL
    with flow.database.transaction(rita) as tx:
        more = EditOrder(drafted.row_version, {1: LineEdit(quantity=Decimal(6))})
        revised = edit.edit(tx, drafted.id, more).order
    with flow.database.transaction(rita) as tx:
        submitted = edit.submit(tx, revised.id, revised.row_version)
    flow.approves(submitted)
    flow.works()
    flow.answers(flow.order("d1"))
    flow.receives(flow.order("d1"))
    flow.works()
    flow.bills(flow.order("d1"))
    flow.works()

    told = the_timeline(flow, drafted)
    revised_at = next(i for i, each in enumerate(told) if each.type == "order.edited")
    after = [each.type for each in told[:2]] + [each.type for each in told[revised_at:]]
    assert sorted(STAGES, key=after.index) == list(STAGES)
    assert flow.order("d1").status is Status.CLOSED
    approval = next(each for each in told if each.type == "approval.step_decided")
    assert (approval.actor_id, approval.payload["verdict"]) == (flow.martha.id, "approve")
    assert [each.payload["version"] for each in told if each.type == "order.submitted"] == [1, 2]


def test_s2_an_approval_that_was_not_needed_names_the_rule_that_said_so(flow: Flow) -> None:
    [order] = flow.takes_in(a_clean_draft(1))

    told = the_timeline(flow, order)

    assert not [each for each in told if each.type.startswith("approval.step")]
    skipped = next(each for each in told if each.type == "order.submitted")
    assert skipped.payload["result"] == "NO_APPROVAL_NEEDED"
    assert skipped.payload["sources"], "the policy rows are named"
    assert skipped.policy_set


def test_s2_goods_that_were_given_up_say_who_gave_them_up_and_why(flow: Flow, rita: Actor) -> None:
    [order] = flow.takes_in(a_clean_draft(1))
    flow.answers(order)
    flow.receives(order, lines=(CountedLine(1, order.lines[0].quantity - 1),))
    flow.works()
    with flow.database.transaction(rita) as tx:
        receipt_decisions.close_short(tx, order.id, 1, "the supplier is out of this pump")
    flow.bills(order, lines=_one_less(flow, order))
    flow.works()

    assert flow.order("d1").status is Status.CLOSED
    skipped = next(each for each in the_timeline(flow, order) if each.type == "line.closed_short")
    assert (skipped.actor_id, skipped.reason) == (rita.id, "the supplier is out of this pump")


def _one_less(flow: Flow, order: PurchaseOrder) -> tuple[Any, ...]:
    from_order = an_invoice(order, "bill").lines[0]
    return (replace(from_order, quantity=order.lines[0].quantity - 1),)


@pytest.mark.parametrize(
    "step",
    [
        lambda tx, order: edit.edit(tx, order.id, EditOrder(order.row_version, {1: LineEdit(quantity=Decimal(1))})),
        lambda tx, order: edit.submit(tx, order.id, order.row_version),
        lambda tx, order: cancel.cancel(tx, order.id, CancelOrder(order.row_version, "changed my mind")),
    ],
    ids=["edit", "submit", "cancel"],
)
def test_s2_nothing_can_be_done_to_a_closed_order_that_its_stage_does_not_allow(
    flow: Flow, rita: Actor, step: Callable[[Tx, PurchaseOrder], object]
) -> None:
    [order] = flow.takes_in(a_clean_draft(1))
    flow.finishes(order)
    closed = flow.order("d1")
    assert closed.status is Status.CLOSED

    with pytest.raises(PurveyorError) as refused, flow.database.transaction(rita) as tx:
        step(tx, closed)

    assert refused.value.code == "illegal_transition"
    with flow.database.read(SYSTEM) as tx:
        assert orders.get(tx, order.id) == closed
