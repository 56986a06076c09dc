"""Change orders: drawn up against one version, approved again when policy says so, applied as the next version and sent.

The ERP keeps the old version until somebody takes the change over there; an exception says so and belongs to the buyer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from purveyor.app import answer_cases, answer_clock, answering, dispatch, policy
from purveyor.app.answering import Answered, Ground
from purveyor.app.cases import open_case
from purveyor.app.drift import drift_key
from purveyor.app.progress import progress_of_loaded
from purveyor.core import change as changes_core
from purveyor.core.access import Actor, ActorKind, Permission
from purveyor.core.acknowledge import LineAnswer
from purveyor.core.approval import categories_of, gross_amount, policy_currency
from purveyor.core.approval_chain import SelfApproval
from purveyor.core.cases import ExceptionType, OpenCase, compared
from purveyor.core.change import CHANGE_TRANSITIONS, Action, ChangeOrder, ChangeStatus, ChangeVerb, Initiator, move
from purveyor.core.errors import NotAuthorised, NotFound, PurveyorError, ReasonRequired
from purveyor.core.events.base import Ref
from purveyor.core.events.change import ChangeApplied, ChangeEnded, ChangeProposed
from purveyor.core.events.order import order_stream
from purveyor.core.ids import AcknowledgmentId, ChangeOrderId, OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.money import round_amount
from purveyor.core.order import PurchaseOrder, content_changes
from purveyor.core.policy.policy_set import PolicySet, PolicyUndecidable
from purveyor.core.proposal import agreed_answer
from purveyor.core.reapproval import Change, reapproval
from purveyor.core.writing import written
from purveyor.store import changes, events, orders, rates
from purveyor.store.changes import KeptChange
from purveyor.store.db import Tx

UNDECIDABLE: Final = "UNDECIDABLE"
"""Reason of an approval that policy could not do without: a price, a rate or a category is missing."""


class ChangePending(PurveyorError):
    """A change order of this order waits for an approval; it has to be approved or refused first."""

    code = "change_pending"


def propose(
    tx: Tx,
    order: PurchaseOrder,
    actions: Sequence[Action],
    initiator: Initiator,
    agreed: tuple[LineAnswer, ...] = (),
) -> KeptChange:
    """Draw up a change order against a locked order; it is approved at once unless policy asks for a person.

    Raises ChangePending, BelowReceived, UnknownReference, InvalidInput.
    """
    if pending(tx, order.id):
        raise ChangePending(order_ref=order.order_ref)
    after = changes_core.preview(order, actions, _received(tx, order))
    reasons = _reasons(tx, order, after)
    change = ChangeOrder(ChangeOrderId(tx.new_id()), order.id, order.version, tuple(actions), initiator)
    status = ChangeStatus.PENDING_APPROVAL if reasons else ChangeStatus.APPROVED
    change = move(change, ChangeVerb.SUBMIT, status)
    kept = KeptChange(change, agreed, reasons, tx.actor.id, tx.actor.person_key, tx.now)
    changes.add(tx, order, kept)
    proposed = ChangeProposed(
        stream=order_stream(order.id),
        refs=(Ref("change_order", change.id),),
        change_order_id=change.id,
        base_version=order.version,
        initiator=initiator.value,
        lines=tuple(sorted({action.line_no for action in actions})),
        needs_approval=bool(reasons),
        reasons=reasons,
    )
    events.append(tx, [proposed])
    return kept


def apply(tx: Tx, ground: Ground, before: Answered, kept: KeptChange) -> Answered:
    """Apply an approved change order to a locked order: next version saved, answers folded anew, supplier and sites told.

    Raises StaleVersion, IllegalTransition, BelowReceived.
    """
    order = before.order
    after, change = changes_core.apply(order, kept.change, _received(tx, order))
    saved = orders.save(tx, after)
    changes.save_status(tx, change, saved.version)
    folded = answering.load(tx, ground, saved)
    if kept.agreed:
        answer = replace(agreed_answer(saved, change, kept.agreed, tx.now), id=AcknowledgmentId(tx.new_id()))
        folded = answering.with_answer(tx, ground, folded, answer)
    blocked = answer_cases.report_unusable(tx, before, folded)
    settled = answering.settle(tx, before, folded, blocked)
    answer_cases.review(tx, ground, before, folded)
    events.append(tx, [_applied(order, settled, change)])
    _tell(tx, order, settled)
    return answering.load(tx, ground, settled)


def approve(tx: Tx, change_id: ChangeOrderId, row_version: int | None = None) -> PurchaseOrder:
    """Approve a change order that needed a person and apply it; returns the order in its next version.

    Raises NotAuthorised, SelfApproval, NotFound, StaleVersion, IllegalTransition.
    """
    order, kept = _to_decide(tx, change_id, row_version)
    change = move(kept.change, ChangeVerb.APPROVE, ChangeStatus.APPROVED)
    ground = answering.ground_of(tx, order)
    return apply(tx, ground, answering.load(tx, ground, order), replace(kept, change=change)).order


def reject(tx: Tx, change_id: ChangeOrderId, reason: str, row_version: int | None = None) -> PurchaseOrder:
    """Refuse a change order that needed a person; the order stays as it is and is returned.

    Raises NotAuthorised, SelfApproval, ReasonRequired, NotFound, StaleVersion, IllegalTransition.
    """
    if not written(reason):
        raise ReasonRequired(action="reject")
    order, kept = _to_decide(tx, change_id, row_version)
    _end(tx, order, move(kept.change, ChangeVerb.REJECT, ChangeStatus.REJECTED), reason)
    return order


def withdraw_open(tx: Tx, order: PurchaseOrder) -> None:
    """End the change orders of a locked order that nobody decided about: there is nothing to change any more."""
    for kept in changes.of_order(tx, order.id):
        if (kept.change.status, ChangeVerb.WITHDRAW) in CHANGE_TRANSITIONS:
            _end(tx, order, move(kept.change, ChangeVerb.WITHDRAW, ChangeStatus.WITHDRAWN), None)


def may_decide(actor: Actor, order: PurchaseOrder, kept: KeptChange) -> bool:
    """Say whether somebody can approve or refuse a change order: a person with the right, who asked for none of it."""
    waits = kept.change.status is ChangeStatus.PENDING_APPROVAL
    person = actor.person_key if actor.kind is ActorKind.USER and actor.may(Permission.APPROVAL_DECIDE) else None
    return waits and person is not None and person not in (kept.proposed_by_person, order.requester)


def _end(tx: Tx, order: PurchaseOrder, change: ChangeOrder, reason: str | None) -> None:
    changes.save_status(tx, change)
    ended = ChangeEnded(
        stream=order_stream(order.id),
        refs=(Ref("change_order", change.id),),
        reason=reason,
        change_order_id=change.id,
        status=change.status.value,
    )
    events.append(tx, [ended])


def pending(tx: Tx, order_id: OrderId) -> bool:
    """Say whether a change order of an order waits for an approval."""
    return any(kept.change.status is ChangeStatus.PENDING_APPROVAL for kept in changes.of_order(tx, order_id))


def of_order(tx: Tx, order_id: OrderId) -> list[KeptChange]:
    """Return the change orders of an order, the first one first."""
    return changes.of_order(tx, order_id)


def _to_decide(tx: Tx, change_id: ChangeOrderId, row_version: int | None) -> tuple[PurchaseOrder, KeptChange]:
    """Lock the order of a change for a verdict: a person gives it, and nobody on what he asked for himself."""
    tx.actor.require(Permission.APPROVAL_DECIDE)
    if tx.actor.kind is not ActorKind.USER or tx.actor.person_key is None:
        raise NotAuthorised(permission=Permission.APPROVAL_DECIDE.value, reason="only a person can approve")
    order = orders.lock(tx, changes.load(tx, change_id).change.order_id, row_version)
    kept = changes.load(tx, change_id)
    if order.supplier_id is None:
        raise NotFound(change_order=change_id)
    if tx.actor.person_key in (kept.proposed_by_person, order.requester):
        raise SelfApproval(change_order=change_id)
    return order, kept


def _received(tx: Tx, order: PurchaseOrder) -> dict[int, Decimal]:
    return {line.line_no: line.accepted for line in progress_of_loaded(tx, {order.id: order})[order.id]}


def _reasons(tx: Tx, before: PurchaseOrder, after: PurchaseOrder) -> tuple[str, ...]:
    """Why the change must be approved again, in words of the policy; nothing when it need not."""
    policies = policy.current(tx)
    amounts = (_in_policy_currency(tx, policies, before), _in_policy_currency(tx, policies, after))
    if amounts[0] is None or amounts[1] is None:
        return (UNDECIDABLE,)
    try:
        found = reapproval(policies, amounts[0], amounts[1], categories_of(after), _kinds(before, after))
    except PolicyUndecidable:
        return (UNDECIDABLE,)
    return tuple(reason.value for reason in found.reasons)


def _in_policy_currency(tx: Tx, policies: PolicySet, order: PurchaseOrder) -> Decimal | None:
    amount = gross_amount(order)
    currency = policy_currency(policies)
    rate = rates.rate_on(tx, order.currency, currency, order.order_date)
    return None if amount is None or rate is None else round_amount(amount * rate.rate, currency)


def _kinds(before: PurchaseOrder, after: PurchaseOrder) -> frozenset[Change]:
    """What a change does besides the total, in the words of the policy."""
    found: set[Change] = set()
    for line in after.lines:
        known = before.line(line.line_no)
        if known is None:
            found.add(Change.NEW_LINE)
            continue
        days = {part.schedule_no: part.need_by for part in known.schedules}
        for part in line.schedules:
            day = days.get(part.schedule_no)
            if day is not None and part.need_by is not None and part.need_by != day:
                found.add(Change.NEED_BY_LATER if part.need_by > day else Change.NEED_BY_EARLIER)
    return frozenset(found)


def _applied(before: PurchaseOrder, after: PurchaseOrder, change: ChangeOrder) -> ChangeApplied:
    return ChangeApplied(
        stream=order_stream(after.id),
        refs=(Ref("change_order", change.id),),
        change_order_id=change.id,
        from_version=before.version,
        version=after.version,
        version_hash=after.version_hash(),
        changed_lines=tuple(sorted(content_changes(before, after))),
        total_before=before.total,
        total_after=after.total,
        currency=after.currency,
    )


def _tell(tx: Tx, order: PurchaseOrder, changed: PurchaseOrder) -> None:
    """Send the new version to supplier and sites, start the clock of what is open, and have the ERP's record taken care of."""
    dispatch.send_to_suppliers(tx, [changed], MessageKind.SUPPLIER_CHANGE)
    dispatch.announce_to_sites(tx, [changed])
    if changed.status is not Status.ACKNOWLEDGED:
        answer_clock.start(tx, [changed])
    if changed.erp is None:
        return
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.ERP_DRIFT,
            natural_key=drift_key(changed, ExceptionType.ERP_DRIFT),
            summary=f"Version {changed.version} was agreed with the supplier; the ERP still holds version {order.version}.",
            order_id=changed.id,
            business_unit_id=changed.business_unit_id,
            supplier_id=changed.supplier_id,
            evidence=(compared("total", ours=str(changed.total), erp=str(order.total)),),
            proposed_resolution="push_ours",
        ),
    )
