"""Change orders: who asked, what they change, and when they became the next version. Stream: the order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ChangeProposed(Event):
    """A change order was drawn up against a version of the order."""

    type: ClassVar[str] = "change_order.proposed"

    change_order_id: UUID
    base_version: int
    initiator: str
    lines: tuple[int, ...]
    needs_approval: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ChangeApplied(Event):
    """The change order is the next version of the order and binds us."""

    type: ClassVar[str] = "change_order.applied"

    change_order_id: UUID
    from_version: int
    version: int
    version_hash: str
    changed_lines: tuple[int, ...]
    total_before: Decimal | None
    total_after: Decimal | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class ChangeEnded(Event):
    """The change order was rejected or withdrawn; the order stays as it is."""

    type: ClassVar[str] = "change_order.ended"

    change_order_id: UUID
    status: str
