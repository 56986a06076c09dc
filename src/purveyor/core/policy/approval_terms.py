"""What policy says about approvals: escalation levels, re-approval limits and the window for split orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from purveyor.core.policy.answers import decimal_of, integer_of, text_of, texts_of
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
class ApprovalLimits:
    """How far a change order may raise the total without a new approval: the lower of percent and amount (policy currency).

    ``split_window_days``: orders of one requester, supplier and category inside it are added up for routing. ``undecided_chain``
    are the roles that decide when the matrix cannot; ``process_owner`` is the role an escalation ends with.
    """

    increase_pct: Decimal
    increase_abs: Decimal
    split_window_days: int
    undecided_chain: tuple[str, ...]
    process_owner: str
    source: str


def approval_limits(policy: PolicySet) -> ApprovalLimits:
    """Return the limits for re-approval and split orders, and the roles that decide what the matrix cannot (domain.md 1)."""
    answer = policy.require("approval_limits", {})
    return ApprovalLimits(
        increase_pct=decimal_of(answer, "increase_pct"),
        increase_abs=decimal_of(answer, "increase_abs"),
        split_window_days=integer_of(answer, "split_window_days"),
        undecided_chain=texts_of(answer, "undecided_chain"),
        process_owner=text_of(answer, "process_owner"),
        source=answer.source,
    )
