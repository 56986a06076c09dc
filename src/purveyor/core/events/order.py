"""What happens to a purchase order from its draft to its end: the events of intake, editing, issuing, holding and cancelling.

Routing, deciding and answering have their own modules; all of them write to the order's stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event, Ref
from purveyor.core.ids import OrderId


def order_stream(order_id: OrderId) -> Ref:
    """Return the name of the order's stream."""
    return Ref("order", order_id)


@dataclass(frozen=True, kw_only=True)
class OrderDrafted(Event):
    """A draft came in and became an order of ours; ``content_hash`` is what we read in the ERP."""

    type: ClassVar[str] = "order.drafted"

    order_ref: str
    version: int
    origin: str
    erp: str | None
    erp_number: str | None
    supplier_code: str
    lines: int
    total: Decimal | None
    currency: str
    content_hash: str | None


@dataclass(frozen=True, kw_only=True)
class OrderEdited(Event):
    """The content changed, here or in the ERP; every approval of an earlier version is void."""

    type: ClassVar[str] = "order.edited"

    from_version: int
    version: int
    source: str
    changed_lines: tuple[int, ...]
    total_before: Decimal | None
    total_after: Decimal | None
    currency: str
    approval_voided: bool
    version_hash: str


@dataclass(frozen=True, kw_only=True)
class OrderReleased(Event):
    """The approved version was checked on fresh facts and its confirmation in the ERP was queued."""

    type: ClassVar[str] = "order.released"

    version: int
    version_hash: str
    message_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class ReleaseStopped(Event):
    """The order did not leave after all; ``cause`` is a stable code such as ``gate_block`` or ``erp_conflict``."""

    type: ClassVar[str] = "order.release_stopped"

    version: int
    cause: str
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OrderIssued(Event):
    """The ERP holds the order as confirmed and it goes to the supplier; from here on it binds us."""

    type: ClassVar[str] = "order.issued"

    version: int
    version_hash: str
    erp: str | None
    erp_number: str | None
    adopted: bool
    total: Decimal | None
    currency: str


@dataclass(frozen=True, kw_only=True)
class OrderSent(Event):
    """The supplier's side took the order; ``channel`` says which way."""

    type: ClassVar[str] = "order.sent"

    version: int
    channel: str
    message_id: UUID


@dataclass(frozen=True, kw_only=True)
class OrderHeld(Event):
    """Somebody stopped the order; its status beneath is kept."""

    type: ClassVar[str] = "order.held"

    status: str
    owner: UUID | None


@dataclass(frozen=True, kw_only=True)
class OrderHoldLifted(Event):
    """The hold ended; the order goes on from the status it had."""

    type: ClassVar[str] = "order.hold_lifted"

    status: str


@dataclass(frozen=True, kw_only=True)
class OrderCancelled(Event):
    """The order ended without being bought; ``source`` says whether here or in the ERP."""

    type: ClassVar[str] = "order.cancelled"

    from_status: str
    version: int
    source: str


@dataclass(frozen=True, kw_only=True)
class ErpDriftFound(Event):
    """The ERP's record differs from ours; ``code`` is ERP_DRIFT or BYPASSED_GATE; fields are named, values stay in the case."""

    type: ClassVar[str] = "order.erp_drift_found"

    code: str
    fields: tuple[str, ...]
    erp: str
    erp_version: str | None
    content_hash: str | None
