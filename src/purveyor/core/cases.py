"""Exceptions: open questions with a type, one owner, a due time, evidence, and the resolutions policy allows.

Code says ExceptionCase, screens say exception (a case is a carton to warehouse people). Owner, due time and allowed
resolutions come from one policy row, so nothing can be opened that belongs to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.access import Role
from purveyor.core.canonical import Json
from purveyor.core.errors import NotAuthorised, PurveyorError
from purveyor.core.events.base import Ref
from purveyor.core.finding import Severity
from purveyor.core.ids import (
    BusinessUnitId,
    ExceptionCaseId,
    InvoiceId,
    MessageId,
    OrderId,
    ReceiptId,
    StepId,
    SupplierId,
    UserId,
)
from purveyor.core.money import Money


class ExceptionType(StrEnum):
    """What went wrong; each type has one row in the policy table of exception owners."""

    GATE_BLOCKED = "GATE_BLOCKED"
    PRICE_MISMATCH = "PRICE_MISMATCH"
    AGREEMENT_MISMATCH = "AGREEMENT_MISMATCH"
    PROBABLE_DUPLICATE = "PROBABLE_DUPLICATE"
    QUANTITY_ANOMALY = "QUANTITY_ANOMALY"
    UNMAPPED_CODE = "UNMAPPED_CODE"
    BYPASSED_GATE = "BYPASSED_GATE"
    ERP_DRIFT = "ERP_DRIFT"
    ERP_REJECTED = "ERP_REJECTED"
    ERP_WRITE_FAILED = "ERP_WRITE_FAILED"
    MESSAGE_FAILED = "MESSAGE_FAILED"
    ACK_OVERDUE = "ACK_OVERDUE"
    ACK_CHANGE_PROPOSED = "ACK_CHANGE_PROPOSED"
    ACK_REJECTED = "ACK_REJECTED"
    STALE_VERSION = "STALE_VERSION"
    UNKNOWN_VERSION = "UNKNOWN_VERSION"
    ACKNOWLEDGMENT_EXCEEDS_ORDER = "ACKNOWLEDGMENT_EXCEEDS_ORDER"
    PROMISE_BEYOND_NEED_BY = "PROMISE_BEYOND_NEED_BY"
    STOCKOUT_RISK = "STOCKOUT_RISK"
    OVER_RECEIPT = "OVER_RECEIPT"
    HELD_RECOUNT = "HELD_RECOUNT"
    SHORT_RECEIPT = "SHORT_RECEIPT"
    DAMAGED_RECEIPT = "DAMAGED_RECEIPT"
    MATCH_PRICE = "MATCH_PRICE"
    MATCH_PRICE_FAVOURABLE = "MATCH_PRICE_FAVOURABLE"
    MATCH_QUANTITY = "MATCH_QUANTITY"
    MATCH_VALUE = "MATCH_VALUE"
    MATCH_TAX = "MATCH_TAX"
    MATCH_FREIGHT = "MATCH_FREIGHT"
    DUPLICATE_INVOICE = "DUPLICATE_INVOICE"
    INVOICE_UNKNOWN_ORDER = "INVOICE_UNKNOWN_ORDER"
    APPROVAL_NO_HOLDER = "APPROVAL_NO_HOLDER"
    POLICY_UNDECIDABLE = "POLICY_UNDECIDABLE"


LOST_WITH_ORDER: Final = frozenset(
    {
        ExceptionType.GATE_BLOCKED,
        ExceptionType.PRICE_MISMATCH,
        ExceptionType.AGREEMENT_MISMATCH,
        ExceptionType.PROBABLE_DUPLICATE,
        ExceptionType.QUANTITY_ANOMALY,
        ExceptionType.UNMAPPED_CODE,
        ExceptionType.ERP_REJECTED,
        ExceptionType.ACK_OVERDUE,
        ExceptionType.ACK_CHANGE_PROPOSED,
        ExceptionType.ACK_REJECTED,
        ExceptionType.STALE_VERSION,
        ExceptionType.UNKNOWN_VERSION,
        ExceptionType.ACKNOWLEDGMENT_EXCEEDS_ORDER,
        ExceptionType.PROMISE_BEYOND_NEED_BY,
        ExceptionType.STOCKOUT_RISK,
        ExceptionType.SHORT_RECEIPT,
        ExceptionType.APPROVAL_NO_HOLDER,
        ExceptionType.POLICY_UNDECIDABLE,
    }
)
"""Questions that ask nothing any more once their order is cancelled.

The others stay: goods that came, invoices, messages that failed, and an ERP that says something else.
"""


class CaseStatus(StrEnum):
    """Where an exception stands; one on hold stays in every list, marked."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"


CLEARED: Final = "cleared"
"""The resolution the system itself uses when the cause is gone (the answer arrived, the receipt came in)."""


class CaseClosed(PurveyorError):
    """This exception is already resolved; reopen it first, its resolution is named."""

    code = "exception_closed"


class CaseNotClosed(PurveyorError):
    """Only a resolved exception can be reopened."""

    code = "exception_not_closed"


class NotYourException(NotAuthorised):
    """This exception belongs to another role; ask its owner or have it reassigned."""

    code = "not_your_exception"


@dataclass(frozen=True, slots=True)
class ExceptionRule:
    """What policy says about one type of exception.

    ``route`` is the owner followed by the roles it escalates to; each has ``due_business_hours`` in the owner's calendar.
    ``policy`` is the version of the row.
    """

    route: tuple[Role, ...]
    due_business_hours: Decimal
    allowed_resolutions: tuple[str, ...]
    severity: Severity
    policy: str

    def __post_init__(self) -> None:
        if not self.route or not self.allowed_resolutions:
            raise ValueError("an exception rule needs an owner and at least one resolution")

    @property
    def owner_role(self) -> Role:
        """The role that owns a new exception."""
        return self.route[0]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One value set side by side, by document: ``values`` maps a column (order, receipt, invoice ...) to what stands there."""

    name: str
    values: tuple[tuple[str, str | None], ...]
    differs: bool

    def as_json(self) -> dict[str, Json]:
        """Return the row as JSON for the wire and the database."""
        return {"name": self.name, "values": dict(self.values), "differs": self.differs}


def compared(name: str, **values: str | None) -> Evidence:
    """Set values of several documents side by side and mark the row when those that are known differ."""
    known = {value for value in values.values() if value is not None}
    return Evidence(name, tuple(values.items()), differs=len(known) > 1)


@dataclass(frozen=True, slots=True)
class Subject:
    """What an exception is about; everything that applies is filled."""

    order_id: OrderId | None = None
    line_no: int | None = None
    invoice_id: InvoiceId | None = None
    receipt_id: ReceiptId | None = None
    message_id: MessageId | None = None
    step_id: StepId | None = None

    def refs(self) -> tuple[Ref, ...]:
        """Return the documents as event references."""
        named: Mapping[str, UUID | None] = {
            "order": self.order_id,
            "invoice": self.invoice_id,
            "receipt": self.receipt_id,
            "message": self.message_id,
            "step": self.step_id,
        }
        return tuple(Ref(kind, id_) for kind, id_ in named.items() if id_ is not None)


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Command: something needs a person.

    ``natural_key`` names the problem, not its occurrence: a second occurrence updates the open exception instead of doubling
    it. ``summary`` is one sentence without personal data; ``exposure`` the money at stake.
    """

    type: ExceptionType
    natural_key: str
    summary: str = ""
    order_id: OrderId | None = None
    line_no: int | None = None
    invoice_id: InvoiceId | None = None
    receipt_id: ReceiptId | None = None
    message_id: MessageId | None = None
    step_id: StepId | None = None
    business_unit_id: BusinessUnitId | None = None
    supplier_id: SupplierId | None = None
    category: str | None = None
    owner_id: UserId | None = None
    exposure: Money | None = None
    evidence: tuple[Evidence, ...] = ()
    proposed_resolution: str | None = None

    @property
    def subject(self) -> Subject:
        """What the exception is about."""
        return Subject(self.order_id, self.line_no, self.invoice_id, self.receipt_id, self.message_id, self.step_id)


@dataclass(frozen=True, slots=True)
class ExceptionCase:
    """An open or settled question.

    ``route[: level + 1]`` are the roles the exception has passed; all of them may still act on it. ``override`` says that it was
    settled by a resolution policy does not list. ``version`` counts saves and is what forms send back.
    """

    id: ExceptionCaseId
    type: ExceptionType
    natural_key: str
    subject: Subject
    owner_role: Role
    route: tuple[Role, ...]
    due_at: datetime
    severity: Severity
    allowed_resolutions: tuple[str, ...]
    policy: str
    opened_at: datetime
    summary: str = ""
    business_unit_id: BusinessUnitId | None = None
    supplier_id: SupplierId | None = None
    category: str | None = None
    owner_id: UserId | None = None
    level: int = 0
    exposure: Money | None = None
    evidence: tuple[Evidence, ...] = ()
    proposed_resolution: str | None = None
    status: CaseStatus = CaseStatus.OPEN
    occurrences: int = 1
    opened_by: UUID | None = None
    resolution: str | None = None
    resolved_at: datetime | None = None
    resolved_by: UUID | None = None
    reason: str | None = None
    override: bool = False
    version: int = 1

    @property
    def stream(self) -> Ref:
        """The event stream of this exception."""
        return Ref("exception", self.id)

    @property
    def is_open(self) -> bool:
        """Say whether somebody still has to act; an exception on hold counts."""
        return self.status is not CaseStatus.RESOLVED

    def breached(self, now: datetime) -> bool:
        """Say whether the time is up: now is later than due; due exactly now is in time."""
        return self.is_open and now > self.due_at


AGE_BANDS: Final = ((Decimal(0), "0-1"), (Decimal(1), "1-3"), (Decimal(3), "3-7"), (Decimal(7), "over 7"))
"""Lower limits (included) and names of the ageing bands, in business days (domain.md 2, exception ageing)."""


def age_band(business_days: Decimal) -> str:
    """Return the ageing band of an exception that has been open for so many business days."""
    return [name for lower, name in AGE_BANDS if business_days >= lower][-1]
