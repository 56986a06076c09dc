"""What happens to an approval: routed, opened for somebody, decided, escalated, voided; and delegations.

All of them stand in the stream of the order, except delegations, which have a stream of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class OrderSubmitted(Event):
    """The order passed the gate and was routed; ``sources`` name the policy rows, an empty chain means approved by policy."""

    type: ClassVar[str] = "order.submitted"

    chain_id: UUID
    version: int
    version_hash: str
    result: str
    chain: tuple[str, ...]
    policy_amount: Decimal | None
    routing_amount: Decimal | None
    policy_currency: str
    band: str | None
    undecided_field: str | None
    sources: tuple[str, ...]
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SubmitStopped(Event):
    """The gate stopped the order; it stays a draft. ``codes`` are the findings that block."""

    type: ClassVar[str] = "order.submit_stopped"

    version: int
    codes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OrderApproved(Event):
    """The last yes was given, or policy needed none: ``by_policy`` names the row that let it through."""

    type: ClassVar[str] = "order.approved"

    chain_id: UUID
    version: int
    version_hash: str
    by_policy: str | None


@dataclass(frozen=True, kw_only=True)
class StepOpened(Event):
    """A step waits for somebody; without a holder nobody holds the role."""

    type: ClassVar[str] = "approval.step_opened"

    chain_id: UUID
    step_id: UUID
    step_no: int
    role: str
    holder: UUID | None
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class StepDecided(Event):
    """Somebody decided a step; ``holder`` is the original approver when a delegate acted."""

    type: ClassVar[str] = "approval.step_decided"

    chain_id: UUID
    step_id: UUID
    step_no: int
    role: str
    verdict: str
    version: int
    version_hash: str
    decided_by: UUID
    holder: UUID


@dataclass(frozen=True, kw_only=True)
class StepReminded(Event):
    """The holder of a step was reminded."""

    type: ClassVar[str] = "approval.step_reminded"

    step_id: UUID
    step_no: int
    holder: UUID | None
    business_minutes_waiting: int


@dataclass(frozen=True, kw_only=True)
class StepEscalated(Event):
    """The time of a step ran out and the next holder got it with a new clock."""

    type: ClassVar[str] = "approval.step_escalated"

    step_id: UUID
    step_no: int
    level: int
    then: str
    from_holder: UUID | None
    to_holder: UUID | None
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class StepBreached(Event):
    """The last clock of a step ran out; it stays where it is and is never approved by time."""

    type: ClassVar[str] = "approval.step_breached"

    step_id: UUID
    step_no: int
    level: int
    holder: UUID | None


@dataclass(frozen=True, kw_only=True)
class ApprovalVoided(Event):
    """An approval no longer holds, because the version it was given for is gone; ``cause`` is a stable code."""

    type: ClassVar[str] = "approval.voided"

    chain_id: UUID
    version: int
    version_hash: str
    cause: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRefused(Event):
    """Somebody tried to decide a step and was refused; ``code`` is the code of the refusal."""

    type: ClassVar[str] = "approval.refused"

    step_id: UUID
    code: str


@dataclass(frozen=True, kw_only=True)
class ApprovalDelegated(Event):
    """An approver handed steps over for a time."""

    type: ClassVar[str] = "approval.delegated"

    from_user: UUID
    to_user: UUID
    roles: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class DelegationEnded(Event):
    """A delegation was taken back before its end."""

    type: ClassVar[str] = "approval.delegation_ended"

    from_user: UUID
    to_user: UUID
