"""What measures are made from: event rows, and the few facts about orders and documents that events do not carry.

Rows are read by the store and turned into figures by insight; both see only these values. Times are UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purveyor.core.canonical import Json
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import OPEN, Status


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as measures see it: whose it is, its place in that stream, what it says and when it happened."""

    stream: Ref
    position: int
    type: str
    at: datetime
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class MeasuredOrder:
    """An order as measures see it.

    ``issued_lines`` are the lines of its first issued version, ``lines`` all it ever got; both hold only the lines that the
    reader asked for (a site has its own). ``category`` is the one most of the money lies in.
    """

    id: OrderId
    order_ref: str
    status: Status
    business_unit_id: UUID
    supplier_id: UUID | None = None
    supplier: str = ""
    supplier_code: str = ""
    category: str | None = None
    issued_at: datetime | None = None
    issued_lines: frozenset[int] = frozenset()
    lines: frozenset[int] = frozenset()

    @property
    def is_open(self) -> bool:
        """Say whether something can still happen to the order."""
        return self.status in OPEN


@dataclass(frozen=True, slots=True)
class MeasuredDocument:
    """A message, an invoice or an exception as measures see it.

    ``name`` is what people call it, ``partner`` the other side of a message or the supplier of an invoice. ``counted`` is False
    for what is out by definition (a credit note). ``notes`` are codes that stand beside it, such as differences that passed.
    """

    ref: Ref
    name: str
    order_id: OrderId | None = None
    order_ref: str | None = None
    line_no: int | None = None
    business_unit_id: UUID | None = None
    partner: str = ""
    counted: bool = True
    notes: frozenset[str] = frozenset()
