"""What happens to a supplier's invoice: received, matched, decided by a person, told to the ERP, ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class InvoiceReceived(Event):
    """An invoice came in; amounts in its currency."""

    type: ClassVar[str] = "invoice.received"

    number: str
    revision: int
    kind: str
    currency: str
    total: Decimal
    lines: int
    content_digest: str


@dataclass(frozen=True, kw_only=True)
class InvoiceSuspected(Event):
    """The invoice looks like a copy of a known one and is reviewed before anything else; ``layer`` says why."""

    type: ClassVar[str] = "invoice.suspected"

    layer: str
    known: UUID | None
    amount: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoiceMatched(Event):
    """The invoice was compared with orders and receipts; ``mismatches`` are ``line:class``, the exposures beside them."""

    type: ClassVar[str] = "invoice.matched"

    outcome: str
    mismatches: tuple[str, ...]
    exposures: tuple[Decimal, ...]
    currency: str
    wait_until: date | None


@dataclass(frozen=True, kw_only=True)
class MismatchAccepted(Event):
    """A person took a difference as it is; it counts for this invoice only."""

    type: ClassVar[str] = "invoice.mismatch_accepted"

    mismatch: str
    resolution: str


@dataclass(frozen=True, kw_only=True)
class AcceptanceUndone(Event):
    """A difference taken before is open again."""

    type: ClassVar[str] = "invoice.acceptance_undone"

    mismatch: str


@dataclass(frozen=True, kw_only=True)
class PaymentBlocked(Event):
    """The ERP was asked to hold payment."""

    type: ClassVar[str] = "invoice.payment_blocked"

    mismatches: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PaymentReleased(Event):
    """The ERP was asked to post the invoice for payment; ``was_blocked`` when a hold is lifted with it."""

    type: ClassVar[str] = "invoice.payment_released"

    was_blocked: bool
    total: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class InvoicePosted(Event):
    """The ERP has the invoice under a number of its own."""

    type: ClassVar[str] = "invoice.posted"

    erp_external_id: str
    erp_number: str | None


@dataclass(frozen=True, kw_only=True)
class InvoiceRejected(Event):
    """A person sent the invoice back; it counts no more."""

    type: ClassVar[str] = "invoice.rejected"


@dataclass(frozen=True, kw_only=True)
class InvoiceSuperseded(Event):
    """A later revision of the same invoice replaced this one."""

    type: ClassVar[str] = "invoice.superseded"

    by_revision: int
