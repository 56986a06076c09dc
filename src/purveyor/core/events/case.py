"""What happens to an exception: opened, seen again, reassigned, held, escalated, resolved, reopened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ExceptionOpened(Event):
    """An exception was opened with an owner and a due time; exposure is the money at stake."""

    type: ClassVar[str] = "exception.opened"

    exception_type: str
    line_no: int | None
    owner_role: str
    owner_id: UUID | None
    due_at: datetime
    exposure: Decimal | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class ExceptionRecurred(Event):
    """The same problem was seen again with other evidence."""

    type: ClassVar[str] = "exception.recurred"

    occurrences: int
    exposure: Decimal | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class ExceptionReassigned(Event):
    """Somebody gave the exception to another role or person."""

    type: ClassVar[str] = "exception.reassigned"

    from_role: str
    from_id: UUID | None
    to_role: str
    to_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ExceptionHeld(Event):
    """The exception was put on hold until a moment."""

    type: ClassVar[str] = "exception.held"

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ExceptionHoldEnded(Event):
    """The time of a hold is over and nobody is left to escalate to: the last owner has it again."""

    type: ClassVar[str] = "exception.hold_ended"

    owner_role: str


@dataclass(frozen=True, kw_only=True)
class ExceptionEscalated(Event):
    """The due time passed and the next role of the route took over."""

    type: ClassVar[str] = "exception.escalated"

    level: int
    from_role: str
    from_id: UUID | None
    to_role: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ExceptionResolved(Event):
    """The exception was settled; an override used a resolution policy does not list."""

    type: ClassVar[str] = "exception.resolved"

    exception_type: str
    resolution: str
    override: bool
    in_time: bool


@dataclass(frozen=True, kw_only=True)
class ExceptionReopened(Event):
    """A resolution was undone."""

    type: ClassVar[str] = "exception.reopened"

    undone_resolution: str | None
    was_override: bool
    due_at: datetime
