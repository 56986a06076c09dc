"""Reads and writes exceptions: open once per natural key, lists sorted by due time and money, the override report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, literal_column, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.access import Role
from purveyor.core.cases import CaseStatus, Evidence, ExceptionCase, ExceptionType, Subject
from purveyor.core.errors import NotFound
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
from purveyor.store.db import Tx
from purveyor.store.tables.cases import EXCEPTION_CASE as CASE
from purveyor.store.tables.parties import APP_USER, USER_ROLE

MOST_LISTED: Final = 200
_NOTHING: Final = Decimal(0)
_OPEN: Final = CASE.c.status != literal_column("'resolved'")
_EXPOSURE: Final = func.coalesce(CASE.c.exposure, _NOTHING)


def to_row(case: ExceptionCase) -> dict[str, object]:
    """Write an exception as a row."""
    return {
        "id": case.id,
        "type": case.type.value,
        "natural_key": case.natural_key,
        "summary": case.summary,
        "status": case.status.value,
        "order_id": case.subject.order_id,
        "line_no": case.subject.line_no,
        "invoice_id": case.subject.invoice_id,
        "receipt_id": case.subject.receipt_id,
        "message_id": case.subject.message_id,
        "step_id": case.subject.step_id,
        "business_unit_id": case.business_unit_id,
        "supplier_id": case.supplier_id,
        "category": case.category,
        "owner_role": case.owner_role.value,
        "owner_id": case.owner_id,
        "route": [role.value for role in case.route],
        "level": case.level,
        "due_at": case.due_at,
        "severity": case.severity.value,
        "exposure": None if case.exposure is None else case.exposure.amount,
        "currency": None if case.exposure is None else case.exposure.currency,
        "evidence": [row.as_json() for row in case.evidence],
        "proposed_resolution": case.proposed_resolution,
        "allowed_resolutions": list(case.allowed_resolutions),
        "policy": case.policy,
        "occurrences": case.occurrences,
        "opened_at": case.opened_at,
        "opened_by": case.opened_by,
        "resolution": case.resolution,
        "resolved_at": case.resolved_at,
        "resolved_by": case.resolved_by,
        "reason": case.reason,
        "override": case.override,
        "version": case.version,
    }


def from_row(row: RowMapping) -> ExceptionCase:
    """Read an exception from a row; ``from_row(to_row(case)) == case``."""
    return ExceptionCase(
        id=ExceptionCaseId(row["id"]),
        type=ExceptionType(row["type"]),
        natural_key=row["natural_key"],
        summary=row["summary"],
        status=CaseStatus(row["status"]),
        subject=_subject(row),
        business_unit_id=_as(BusinessUnitId, row["business_unit_id"]),
        supplier_id=_as(SupplierId, row["supplier_id"]),
        category=row["category"],
        owner_role=Role(row["owner_role"]),
        owner_id=_as(UserId, row["owner_id"]),
        route=tuple(Role(role) for role in row["route"]),
        level=row["level"],
        due_at=row["due_at"],
        severity=Severity(row["severity"]),
        exposure=None if row["exposure"] is None else Money(row["exposure"], row["currency"]),
        evidence=tuple(_evidence(item) for item in row["evidence"]),
        proposed_resolution=row["proposed_resolution"],
        allowed_resolutions=tuple(row["allowed_resolutions"]),
        policy=row["policy"],
        occurrences=row["occurrences"],
        opened_at=row["opened_at"],
        opened_by=row["opened_by"],
        resolution=row["resolution"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolved_by"],
        reason=row["reason"],
        override=row["override"],
        version=row["version"],
    )


def _subject(row: RowMapping) -> Subject:
    return Subject(
        order_id=_as(OrderId, row["order_id"]),
        line_no=row["line_no"],
        invoice_id=_as(InvoiceId, row["invoice_id"]),
        receipt_id=_as(ReceiptId, row["receipt_id"]),
        message_id=_as(MessageId, row["message_id"]),
        step_id=_as(StepId, row["step_id"]),
    )


def _evidence(item: Mapping[str, Any]) -> Evidence:
    return Evidence(item["name"], tuple(item["values"].items()), item["differs"])


def _as(kind: Any, value: UUID | None) -> Any:
    return None if value is None else kind(value)


def insert_open(tx: Tx, case: ExceptionCase) -> bool:
    """Insert an exception unless one with its natural key is open; say whether it was inserted."""
    statement = insert(CASE).values(to_row(case))
    statement = statement.on_conflict_do_nothing(index_elements=["natural_key"], index_where=_OPEN)
    return bool(tx.conn.execute(statement.returning(CASE.c.id)).first())


def save(tx: Tx, case: ExceptionCase) -> None:
    """Save a changed exception; the row is locked by its load."""
    tx.conn.execute(update(CASE).where(CASE.c.id == case.id).values(to_row(case)))


def load(tx: Tx, case_id: ExceptionCaseId, *, for_update: bool = False) -> ExceptionCase:
    """Load one exception, locked when it is about to change. Raises NotFound."""
    statement = select(CASE).where(CASE.c.id == case_id)
    row = tx.conn.execute(statement.with_for_update() if for_update else statement).mappings().first()
    if row is None:
        raise NotFound(kind="exception", id=str(case_id))
    return from_row(row)


def find_open(tx: Tx, natural_key: str) -> ExceptionCase | None:
    """Return the open exception with this natural key, locked, or None."""
    statement = select(CASE).where(CASE.c.natural_key == natural_key, _OPEN).with_for_update()
    row = tx.conn.execute(statement).mappings().first()
    return None if row is None else from_row(row)


def open_keys(tx: Tx, *prefixes: str) -> list[str]:
    """Return the natural keys of open exceptions that begin with one of ``prefixes``, sorted."""
    wanted = or_(*(CASE.c.natural_key.startswith(prefix, autoescape=True) for prefix in prefixes))
    statement = select(CASE.c.natural_key).where(wanted, _OPEN)
    return sorted(tx.conn.execute(statement).scalars())


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which exceptions to list; everything that is given must hold. ``owner_roles`` empty means any role."""

    owner_roles: frozenset[Role] = frozenset()
    owner_id: UserId | None = None
    types: frozenset[ExceptionType] = frozenset()
    order_id: OrderId | None = None
    invoice_id: InvoiceId | None = None
    supplier_id: SupplierId | None = None
    category: str | None = None
    status: CaseStatus | None = None
    include_resolved: bool = False
    due_before: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the SQL conditions of this filter; a category includes its descendants."""
        asked: list[ColumnElement[bool]] = []
        if self.status is not None:
            asked.append(CASE.c.status == self.status.value)
        elif not self.include_resolved:
            asked.append(_OPEN)
        if self.owner_roles:
            asked.append(CASE.c.owner_role.in_(sorted(role.value for role in self.owner_roles)))
        if self.types:
            asked.append(CASE.c.type.in_(sorted(kind.value for kind in self.types)))
        if self.category is not None:
            below = CASE.c.category.startswith(self.category + "/", autoescape=True)
            asked.append(or_(CASE.c.category == self.category, below))
        if self.due_before is not None:
            asked.append(CASE.c.due_at < self.due_before)
        same = ("owner_id", "order_id", "invoice_id", "supplier_id")
        return asked + [CASE.c[name] == getattr(self, name) for name in same if getattr(self, name) is not None]


def listed(
    tx: Tx, wanted: CaseFilter | None = None, *, after: ExceptionCase | None = None, limit: int = 50
) -> list[ExceptionCase]:
    """List exceptions: soonest due first, of those the most money first. ``after`` continues behind the last one seen."""
    statement: Select[Any] = select(CASE).where(*(wanted or CaseFilter()).conditions())
    if after is not None:
        exposure = _NOTHING if after.exposure is None else after.exposure.amount
        behind = tuple_(-_EXPOSURE, CASE.c.id) > tuple_(-exposure, after.id)
        statement = statement.where(or_(CASE.c.due_at > after.due_at, and_(CASE.c.due_at == after.due_at, behind)))
    statement = statement.order_by(CASE.c.due_at, _EXPOSURE.desc(), CASE.c.id).limit(min(limit, MOST_LISTED))
    return [from_row(row) for row in tx.conn.execute(statement).mappings()]


def cases_without_owner(tx: Tx) -> list[ExceptionCase]:
    """List open exceptions that nobody can act on: the role has no active holder there and no active person is named."""
    holder = (
        select(USER_ROLE.c.user_id)
        .join(APP_USER, APP_USER.c.id == USER_ROLE.c.user_id)
        .where(APP_USER.c.active, USER_ROLE.c.role == CASE.c.owner_role)
        .where(or_(CASE.c.business_unit_id.is_(None), USER_ROLE.c.business_unit_id == CASE.c.business_unit_id))
    )
    named = select(APP_USER.c.id).where(APP_USER.c.active, APP_USER.c.id == CASE.c.owner_id)
    statement = select(CASE).where(_OPEN, ~exists(holder), ~exists(named)).order_by(CASE.c.due_at, CASE.c.id)
    return [from_row(row) for row in tx.conn.execute(statement).mappings()]


def overrides(tx: Tx, since: datetime, limit: int = MOST_LISTED) -> list[ExceptionCase]:
    """List exceptions settled against policy since a moment, the latest first: the override report."""
    statement = select(CASE).where(CASE.c.override, CASE.c.resolved_at >= since)
    statement = statement.order_by(CASE.c.resolved_at.desc(), CASE.c.id).limit(min(limit, MOST_LISTED))
    return [from_row(row) for row in tx.conn.execute(statement).mappings()]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits on one role in one currency (None: exceptions without money): how many, how much, how many are overdue."""

    owner_role: Role
    currency: str | None
    count: int
    overdue: int
    exposure: Decimal
    next_due: datetime


def waiting_by_owner(tx: Tx, wanted: CaseFilter | None = None) -> list[Waiting]:
    """Add up open exceptions per role and currency, the role with the soonest due time first."""
    next_due = func.min(CASE.c.due_at)
    columns = (
        CASE.c.owner_role,
        CASE.c.currency,
        func.count(),
        func.count().filter(CASE.c.due_at < tx.now),
        func.sum(_EXPOSURE),
        next_due,
    )
    query = select(*columns).where(*(wanted or CaseFilter()).conditions()).group_by(CASE.c.owner_role, CASE.c.currency)
    rows = tx.conn.execute(query.order_by(next_due, CASE.c.owner_role))
    return [Waiting(Role(role), *rest) for role, *rest in rows]


@dataclass(frozen=True, slots=True)
class Age:
    """When an open exception was opened, and whose it is."""

    type: ExceptionType
    owner_role: Role
    opened_at: datetime
    status: CaseStatus


def ages(tx: Tx) -> list[Age]:
    """Return the age of every open exception, the oldest first; those on hold stay in."""
    columns = (CASE.c.type, CASE.c.owner_role, CASE.c.opened_at, CASE.c.status)
    rows = tx.conn.execute(select(*columns).where(_OPEN).order_by(CASE.c.opened_at, CASE.c.id))
    return [Age(ExceptionType(kind), Role(role), opened_at, CaseStatus(status)) for kind, role, opened_at, status in rows]
