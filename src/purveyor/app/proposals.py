"""Decide on what a supplier proposed: accepting makes the next version of the order, refusing is told to the supplier.

Inside the policy's window the system decides at once; everything else waits for a buyer.
"""

from __future__ import annotations

from dataclasses import dataclass

from purveyor.app import answer_cases, answering, change, dispatch
from purveyor.app.answering import Answered, Ground
from purveyor.app.cases import clear
from purveyor.core.access import Permission
from purveyor.core.acknowledge import Standing, Verdict
from purveyor.core.cases import ExceptionType
from purveyor.core.change import ChangeStatus, Initiator
from purveyor.core.errors import NotFound, ReasonRequired, StaleVersion
from purveyor.core.events.acknowledgment import ProposalDecided
from purveyor.core.events.base import Ref
from purveyor.core.events.order import order_stream
from purveyor.core.ids import ItemId, OrderId
from purveyor.core.messaging import MessageKind
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.proposal import Proposal, plan_for
from purveyor.core.writing import written
from purveyor.store import acknowledgments, events, orders
from purveyor.store.acknowledgments import Decided
from purveyor.store.changes import KeptChange
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class DecideProposal:
    """Command: our verdict on what is proposed for a line.

    ``version`` is the order version the person saw. A refusal needs a reason. ``substitute`` is our item for an offered one.
    """

    line_no: int
    verdict: Verdict
    version: int
    reason: str = ""
    substitute: ItemId | None = None


@dataclass(frozen=True, slots=True)
class ProposalOutcome:
    """The order afterwards, and the change order when one was needed (it may still wait for an approval)."""

    order: PurchaseOrder
    change: KeptChange | None


def decide(tx: Tx, order_id: OrderId, command: DecideProposal) -> ProposalOutcome:
    """Record a buyer's verdict on a supplier's proposal.

    Raises NotAuthorised, NotFound, StaleVersion, ReasonRequired, ChangePending, BelowReceived.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    order = orders.lock(tx, order_id)
    if order.version != command.version:
        raise StaleVersion(seen=command.version, current=order.version)
    if command.verdict is Verdict.REJECTED and not written(command.reason):
        raise ReasonRequired(action="refuse_change")
    ground = answering.ground_of(tx, order)
    before = answering.load(tx, ground, order)
    line = order.line(command.line_no)
    waiting = () if line is None else answer_cases.proposals_of(ground, before, line, None)
    if line is None or not waiting:
        raise NotFound(order_ref=order.order_ref, line_no=command.line_no, proposal="none is open")
    return _settle(tx, ground, before, line, waiting[-1], command, automatic=False)


def take_acceptable(tx: Tx, ground: Ground, before: Answered, after: Answered) -> PurchaseOrder:
    """Accept what policy takes without a person, line by line; returns the order as it stands then."""
    current = after
    for line in after.order.lines:
        promised = before.ledgers[line.line_no].current_delivery if line.line_no in before.ledgers else None
        known = {item.answer.key for item in before.folds[line.line_no].standing} if line.line_no in before.folds else set()
        for proposal in answer_cases.proposals_of(ground, after, line, promised):
            fresh = proposal.item.answer.key not in known and not change.pending(tx, after.order.id)
            if proposal.acceptable and fresh:
                command = DecideProposal(line.line_no, Verdict.ACCEPTED, current.order.version)
                present = current.order.line(line.line_no) or line
                done = _settle(tx, ground, current, present, proposal, command, automatic=True)
                current = answering.load(tx, ground, done.order)
    return current.order


def _settle(
    tx: Tx, ground: Ground, before: Answered, line: OrderLine, proposal: Proposal, command: DecideProposal, *, automatic: bool
) -> ProposalOutcome:
    order = before.order
    kept = None
    if command.verdict is Verdict.ACCEPTED:
        standing = before.folds[line.line_no].standing
        plan = plan_for(order, line, proposal, standing, command.substitute)
        if plan.actions:
            kept = change.propose(tx, order, plan.actions, Initiator.SUPPLIER, plan.answers)
    waits_for_approval = kept is not None and kept.change.status is ChangeStatus.PENDING_APPROVAL
    if not waits_for_approval:
        _keep_verdict(tx, order, proposal.item, command, automatic, kept)
    events.append(tx, [_decided(order, proposal.item, command, automatic=automatic)])
    if kept is None:
        return ProposalOutcome(_refold(tx, ground, before, command), None)
    if waits_for_approval:
        answer_cases.wait_for_approval(tx, order, line, proposal, kept.needs_approval_for)
        return ProposalOutcome(order, kept)
    clear(tx, answer_cases.case_key(ExceptionType.ACK_CHANGE_PROPOSED, order.id, line.line_no))
    return ProposalOutcome(change.apply(tx, ground, before, kept).order, kept)


def _keep_verdict(
    tx: Tx, order: PurchaseOrder, item: Standing, command: DecideProposal, automatic: bool, kept: KeptChange | None
) -> None:
    assert item.answer.id is not None
    change_id = None if kept is None else kept.change.id
    acknowledgments.save_verdict(tx, order, Decided(item.answer.id, command.line_no, command.verdict, automatic, change_id))


def _refold(tx: Tx, ground: Ground, before: Answered, command: DecideProposal) -> PurchaseOrder:
    """The order itself stays: only a date was accepted, or the proposal was refused and the supplier hears of it."""
    after = answering.load(tx, ground, before.order)
    order = answering.settle(tx, before, after, answer_cases.blocked_lines(tx, before.order.id))
    answer_cases.review(tx, ground, before, after)
    if command.verdict is Verdict.REJECTED:
        dispatch.send_to_suppliers(tx, [order], MessageKind.SUPPLIER_CHANGE)
    return order


def _decided(order: PurchaseOrder, item: Standing, command: DecideProposal, *, automatic: bool) -> ProposalDecided:
    return ProposalDecided(
        stream=order_stream(order.id),
        refs=() if item.answer.id is None else (Ref("acknowledgment", item.answer.id),),
        reason=command.reason or None,
        line_no=command.line_no,
        version=order.version,
        verdict=command.verdict.value,
        automatic=automatic,
    )
