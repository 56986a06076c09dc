"""What policy says about approvals: escalation levels, re-approval limits and the window for split orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from purveyor.core.policy.answers import decimal_of, integer_of, text_of
from purveyor.core.policy.policy_set import PolicySet


class Escalation(StrEnum):
    """Where an overdue step goes. There is no value for approving: time never approves."""

    BACKUP = "backup"
    PROCESS_OWNER = "process_owner"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class EscalationTerms:
    """The clock of one escalation level, in business hours of whoever holds the step; each level starts a new clock."""

    reminder_hours: Decimal
    due_hours: Decimal
    then: Escalation
    source: str


def escalation_terms(policy: PolicySet, level: int) -> EscalationTerms:
    """Return the terms of an escalation level; the first holder of a step has level 0."""
    answer = policy.require("approval_escalation", {"level": level})
    return EscalationTerms(
        reminder_hours=decimal_of(answer, "reminder_hours"),
        due_hours=decimal_of(answer, "due_hours"),
        then=Escalation(text_of(answer, "then")),
        source=answer.source,
    )


@dataclass(frozen=True, slots=True)
class ReapprovalLimits:
    """How far a change order may raise the total without a new approval: the lower of percent and amount (policy currency).

    ``split_window_days``: orders of one requester, supplier and category inside it are added up for routing.
    """

    increase_pct: Decimal
    increase_abs: Decimal
    split_window_days: int
    source: str


def reapproval_limits(policy: PolicySet) -> ReapprovalLimits:
    """Return the limits for re-approval and for adding up split orders (domain.md 1)."""
    answer = policy.require("reapproval", {})
    return ReapprovalLimits(
        increase_pct=decimal_of(answer, "increase_pct"),
        increase_abs=decimal_of(answer, "increase_abs"),
        split_window_days=integer_of(answer, "split_window_days"),
        source=answer.source,
    )
