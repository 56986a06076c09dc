"""Open approval steps for the person whose turn it is, with their clock; used by submitting and by deciding.

Policy and terms are those the order was routed with, so a new policy never changes a document in flight.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from purveyor.app import calendars, cases
from purveyor.core.access import PERMISSIONS, Permission
from purveyor.core.approval_chain import ApprovalChain, ApprovalStep, Holder
from purveyor.core.approval_decisions import ChainChange, open_step
from purveyor.core.calendar import due_after_business_hours
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.errors import NotAuthorised
from purveyor.core.ids import BusinessUnitId, OrderId, StepId
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.approval_terms import EscalationTerms, escalation_terms
from purveyor.core.policy.policy_set import PolicySet
from purveyor.store import approvers, policies, timers
from purveyor.store.approvers import Person
from purveyor.store.db import Tx

REMIND: Final = "approval_remind"
ESCALATE: Final = "approval_escalate"
"""Kinds of the timers of a step and of their jobs; the subject is ("approval_step", step id)."""

SUBJECT: Final = "approval_step"
SECONDS_PER_HOUR: Final = 3600


def policy_of(tx: Tx, chain: ApprovalChain) -> PolicySet:
    """Return the policy set a chain was routed with."""
    return policies.policies_at(tx, chain.opened_at)


def open_next(tx: Tx, order: PurchaseOrder, chain: ApprovalChain) -> ChainChange:
    """Open the first step that was not reached yet, for the first holder of its role who did not ask for the order.

    Without such a person the step waits openly and an exception says so. Nothing is saved here but timers and exceptions.
    """
    step = chain.next_step
    return ChainChange(chain, ()) if step is None else open_for_next_holder(tx, order, chain, step)


def open_for_next_holder(tx: Tx, order: PurchaseOrder, chain: ApprovalChain, step: ApprovalStep) -> ChainChange:
    """Open a step, or open it anew, for the first who may hold it now; nothing is saved here but timers and exceptions."""
    candidates = eligible(tx, order, chain, step.role)
    holder = candidates[0] if candidates else None
    terms = escalation_terms(policy_of(tx, chain), 0)
    due_at = start_clock(tx, order.business_unit_id, step.id, terms)
    if holder is None:
        _miss_holder(tx, order, step)
    return open_step(chain, step, holder, due_at, tx.now)


def eligible(tx: Tx, order: PurchaseOrder, chain: ApprovalChain, role: str) -> list[Holder]:
    """Return who may hold a step: holders of the role for the dearest category of the order, never one who asked for it."""
    found = approvers.holders(tx, order.business_unit_id, role, dearest_category(order))
    return [holder for holder in found if holder.person_key not in chain.parties]


def dearest_category(order: PurchaseOrder) -> str | None:
    """Return the category in which most of the order's money lies."""
    sums: dict[str, Decimal] = {}
    for line in order.lines:
        if line.category is not None and not line.cancelled:
            sums[line.category] = sums.get(line.category, Decimal(0)) + (line.amount(order.currency) or Decimal(0))
    return max(sorted(sums), key=lambda category: sums[category], default=None)


def start_clock(tx: Tx, unit_id: BusinessUnitId, step_id: StepId, terms: EscalationTerms) -> datetime:
    """Set reminder and escalation of a step from now on and return when it is due (UTC)."""
    calendar = calendars.of_unit(tx, unit_id)
    due_at = due_after_business_hours(calendar, tx.now, _hours(terms.due_hours))
    if terms.reminder_hours < terms.due_hours:
        remind_at = due_after_business_hours(calendar, tx.now, _hours(terms.reminder_hours))
        timers.set_timer(tx, REMIND, SUBJECT, step_id, remind_at)
    timers.set_timer(tx, ESCALATE, SUBJECT, step_id, due_at)
    return due_at


def stop_clocks(tx: Tx, steps: Sequence[ApprovalStep]) -> None:
    """Call off reminders and escalations of steps that are over."""
    for step in steps:
        if step.opened_at is not None:
            timers.cancel_timers(tx, SUBJECT, step.id)


def _hours(hours: Decimal) -> timedelta:
    return timedelta(seconds=int(hours * SECONDS_PER_HOUR))


def require_approver(found: Person) -> None:
    """Raise NotAuthorised when the roles of a person do not let him approve."""
    if not any(Permission.APPROVAL_DECIDE in PERMISSIONS[role] for role in found.roles):
        raise NotAuthorised(permission=Permission.APPROVAL_DECIDE.value, user=found.holder.user_id)


def no_holder_key(step_id: StepId) -> str:
    """Return the natural key of the exception that a step has nobody to decide it."""
    return f"approval-no-holder:{step_id}"


def undecidable_key(order_id: OrderId) -> str:
    """Return the natural key of the exception that policy cannot decide an order."""
    return f"approval-undecidable:{order_id}"


def _miss_holder(tx: Tx, order: PurchaseOrder, step: ApprovalStep) -> None:
    cases.open_case(
        tx,
        OpenCase(
            type=ExceptionType.APPROVAL_NO_HOLDER,
            natural_key=no_holder_key(step.id),
            summary=f"Nobody who may decide holds the approval role {step.role}.",
            order_id=order.id,
            step_id=step.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=dearest_category(order),
        ),
    )
