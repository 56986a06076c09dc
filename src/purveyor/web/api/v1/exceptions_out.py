"""How exceptions look in answers: briefly beside a document, in full on their own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purveyor.core.access import Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType
from purveyor.core.finding import Severity
from purveyor.core.ids import InvoiceId, OrderId
from purveyor.store import cases
from purveyor.store.cases import MOST_LISTED, CaseFilter
from purveyor.store.db import Tx
from purveyor.web.api.v1.shapes import money
from purveyor.web.api.wire import MoneyText, Wire


class ExceptionRef(Wire):
    """An open exception beside the document that caused it."""

    id: UUID
    type: ExceptionType
    summary: str
    owner_role: Role
    due_at: datetime
    exposure: MoneyText | None
    receipt_id: UUID | None
    line_no: int | None


class EvidenceRow(Wire):
    """One value set side by side, by document."""

    name: str
    values: dict[str, str | None]
    differs: bool


class ExceptionOut(Wire):
    """An exception: what is open, whose it is, by when, what is at stake, and how it may be settled."""

    id: UUID
    type: ExceptionType
    status: CaseStatus
    severity: Severity
    summary: str
    order_id: UUID | None
    line_no: int | None
    invoice_id: UUID | None
    receipt_id: UUID | None
    message_id: UUID | None
    owner_role: Role
    owner_id: UUID | None
    opened_at: datetime
    due_at: datetime
    exposure: MoneyText | None
    evidence: list[EvidenceRow]
    proposed_resolution: str | None
    allowed_resolutions: list[str]
    occurrences: int
    resolution: str | None
    resolved_at: datetime | None
    override: bool
    policy: str
    version: int


def brief(case: ExceptionCase) -> ExceptionRef:
    """Return an exception as it stands beside a document."""
    return ExceptionRef(
        id=case.id,
        type=case.type,
        summary=case.summary,
        owner_role=case.owner_role,
        due_at=case.due_at,
        exposure=_exposure(case),
        receipt_id=case.subject.receipt_id,
        line_no=case.subject.line_no,
    )


def in_full(case: ExceptionCase) -> ExceptionOut:
    """Return an exception with its evidence."""
    return ExceptionOut(
        id=case.id,
        type=case.type,
        status=case.status,
        severity=case.severity,
        summary=case.summary,
        order_id=case.subject.order_id,
        line_no=case.subject.line_no,
        invoice_id=case.subject.invoice_id,
        receipt_id=case.subject.receipt_id,
        message_id=case.subject.message_id,
        owner_role=case.owner_role,
        owner_id=case.owner_id,
        opened_at=case.opened_at,
        due_at=case.due_at,
        exposure=_exposure(case),
        evidence=[EvidenceRow(name=row.name, values=dict(row.values), differs=row.differs) for row in case.evidence],
        proposed_resolution=case.proposed_resolution,
        allowed_resolutions=list(case.allowed_resolutions),
        occurrences=case.occurrences,
        resolution=case.resolution,
        resolved_at=case.resolved_at,
        override=case.override,
        policy=case.policy,
        version=case.version,
    )


def open_exceptions(tx: Tx, *, order_id: OrderId | None = None, invoice_id: InvoiceId | None = None) -> list[ExceptionRef]:
    """Return the open exceptions of an order or an invoice, soonest due first."""
    return [brief(case) for case in cases.listed(tx, CaseFilter(order_id=order_id, invoice_id=invoice_id), limit=MOST_LISTED)]


def _exposure(case: ExceptionCase) -> MoneyText | None:
    return None if case.exposure is None else money(case.exposure.amount, case.exposure.currency)
