"""The ERP is unplugged for half an hour: buyers correct, approvers decide; when it is back, each order is placed there once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from purveyor.app import approve, cancel, edit
from purveyor.core.approval_chain import StepState, Verdict
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.erp_records import Entity, ErpOrder, ErpOrderStatus
from purveyor.core.events.base import Ref
from purveyor.core.ids import StepId
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.demo.story.cast import Cast
from purveyor.demo.story.drafts import CLEAN
from purveyor.demo.story.morning import found
from purveyor.demo.story.steps import Figure, Step
from purveyor.store import approvals, events

ADOPTED_CALL = "model.purchase.purchase.confirm"
"""The call whose answer the cable loses once, after Tryton has acted."""


def steps(cast: Cast) -> Sequence[Step]:
    """Return the steps of the outage."""
    return (
        Step("The ERP is unplugged: checks and automatic approvals went on", lambda: _waiting(cast)),
        Step("The buyer takes over 20 cartons; the quantity break is found", lambda: _break_found(cast)),
        Step("The buyer takes the break; two planted errors are settled", lambda: _corrected(cast)),
        Step("The approver is away: his delegate decides", lambda: _delegate_decides(cast)),
        Step("One cent more after approval voids it", lambda: _one_cent(cast)),
        Step("Half an hour later the ERP is back: each order is placed once", lambda: _back(cast)),
        Step("A lost answer was adopted by our reference, not written again", lambda: _adopted(cast)),
    )


def _waiting(cast: Cast) -> Figure:
    names = [draft.name for draft in CLEAN]
    by_policy = [name for name in names if cast.order(name).status in (Status.APPROVED, Status.ISSUED)]
    return Figure("20 approved by policy", f"{len(by_policy)} approved by policy")


def _break_found(cast: Cast) -> Figure:
    with cast.acting("marcus") as tx:
        command = edit.AcceptSuggestion(cast.order("pumps").row_version, 1, "PACK_SLIP")
        edit.accept_suggestion(tx, cast.ids["pumps"], command)
    order = cast.order("pumps")
    price = next(one.finding for one in found(cast, "pumps") if one.finding.code == "PRICE_MISMATCH")
    return Figure(
        "20 CTN12 for 20736.00; expected 998.40, saves 768.00",
        f"{order.lines[0].quantity:f} {order.lines[0].uom} for {order.total}; "
        f"expected {str(price.expected).partition(' ')[0]}, saves {price.exposure:.2f}",
    )


def _corrected(cast: Cast) -> Figure:
    with cast.acting("marcus") as tx:
        edit.accept_suggestion(tx, cast.ids["pumps"], edit.AcceptSuggestion(cast.order("pumps").row_version, 1, "PRICE_MISMATCH"))
    _submit(cast, "marcus", "pumps")
    with cast.acting("diane") as tx:
        command = edit.AcceptSuggestion(cast.order("old-price").row_version, 1, "PRICE_MISMATCH")
        edit.accept_suggestion(tx, cast.ids["old-price"], command)
    _submit(cast, "diane", "old-price")
    with cast.acting("marcus") as tx:
        twice = cancel.CancelOrder(cast.order("typed-twice").row_version, "typed twice, the first one stands")
        cancel.cancel(tx, cast.ids["typed-twice"], twice)
    pumps, price, copy = (cast.order(name) for name in ("pumps", "old-price", "typed-twice"))
    return Figure(
        "19968.00 pending_approval; 540.00 approved; cancelled",
        f"{pumps.total} {pumps.status}; {price.total} {price.status}; {copy.status}",
    )


def _submit(cast: Cast, login: str, name: str) -> None:
    order = cast.order(name)
    if order.status is Status.DRAFT:
        with cast.acting(login) as tx:
            edit.submit(tx, order.id, order.row_version)


def _delegate_decides(cast: Cast) -> Figure:
    step_id = _waiting_step(cast, "pumps")
    with cast.at_the_desk("priya") as page:
        page.open("/approvals")
        page.taps = 0
        page.open(f"/approvals/{step_id}")  # one tap: the order in the queue
        page.send(f"/approvals/{step_id}", {"verdict": "approve"})  # two taps: choose, confirm
        taps = page.taps + 1
    with cast.reading() as tx:
        chain = approvals.history(tx, cast.ids["pumps"])[-1]
    step = chain.steps[0]
    holder = step.holder.person_key if step.holder else None
    acted = "by a delegate" if step.decided_for is not None and step.decided_by != step.decided_for else "by the holder"
    return Figure(
        "tom's step decided by a delegate in 3 taps, order approved",
        f"{holder}'s step decided {acted} in {taps} taps, order {cast.order('pumps').status}",
    )


def _waiting_step(cast: Cast, name: str) -> StepId:
    with cast.reading() as tx:
        chain = approvals.in_force(tx, cast.ids[name])
    assert chain is not None
    return next(step for step in chain.steps if step.state is StepState.OPEN).id


def approve_order(cast: Cast, login: str, name: str) -> None:
    """Approve the open step of an order as somebody who may."""
    order = cast.order(name)
    step_id = _waiting_step(cast, name)
    with cast.acting(login) as tx:
        approve.decide(tx, step_id, DecideStep(Verdict.APPROVE, order.version))


def _one_cent(cast: Cast) -> Figure:
    name = "pipe-for-approval"
    approve_order(cast, "priya", name)
    before = cast.order(name)
    dearer = before.lines[0].unit_price
    assert dearer is not None
    with cast.acting("marcus") as tx:
        edit.edit(tx, before.id, EditOrder(before.row_version, {1: LineEdit(unit_price=dearer + Decimal("0.01"))}))
    after = cast.order(name)
    with cast.acting("marcus") as tx:
        again = edit.edit(tx, before.id, EditOrder(after.row_version, {1: LineEdit(unit_price=dearer)}))
    _submit(cast, "marcus", name)
    approve_order(cast, "priya", name)
    return Figure(
        "approved -> draft, approved anew as version 3",
        f"{before.status} -> {after.status}, {cast.order(name).status} anew as version {again.order.version}",
    )


def _back(cast: Cast) -> Figure:
    approved = [name for name in cast.ids if cast.order(name).status is Status.APPROVED]
    cast.world.suppliers.down.add("KEYSTONE")
    cast.move_to(cast.world.now() + timedelta(minutes=30))
    cast.world.cable.lose_answer_to = ADOPTED_CALL
    cast.world.cable.plugged = True
    cast.wait("every approved order issued", lambda: all(cast.order(name).status is Status.ISSUED for name in approved), 180)
    placed = Counter(order.order_ref for order in _placed_in_erp(cast))
    refs = [cast.order(name).order_ref for name in cast.ids if cast.order(name).status is Status.ISSUED]
    once = sum(placed[ref] == 1 for ref in refs)
    return Figure(f"{len(refs)} issued, {len(refs)} placed once", f"{len(refs)} issued, {once} placed once")


def _placed_in_erp(cast: Cast) -> list[ErpOrder]:
    orders = [record for record in cast.world.ask_erp(Entity.ORDER) if isinstance(record, ErpOrder)]
    return [order for order in orders if order.order_ref and order.status is not ErpOrderStatus.DRAFT]


def _adopted(cast: Cast) -> Figure:
    adopted = 0
    with cast.reading() as tx:
        for order_id in cast.ids.values():
            adopted += sum(
                1
                for event in events.read_stream(tx, Ref("order", order_id))
                if event.type == "order.issued" and event.payload.get("adopted") is True
            )
    lost = len(cast.world.cable.lost)
    states = set(cast.message_states(MessageKind.ERP_CONFIRM))
    clean = "nothing left over" if not states & {"ready", "leased", "dead"} else f"left over: {sorted(states)}"
    found_again = "found again by our reference" if adopted >= lost else f"{adopted} found again"
    return Figure("1 answer lost, found again by our reference, nothing left over", f"{lost} answer lost, {found_again}, {clean}")
