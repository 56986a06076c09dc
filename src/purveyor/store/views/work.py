"""What waits for a person besides approvals: exceptions, drafts, held orders, silent suppliers, messages that failed.

Five queries with the same columns make one list, so that it is sorted and limited in the database. A question that already has an
exception is not listed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from purveyor.core.access import Actor, Permission, Role
from purveyor.core.cases import CaseStatus, ExceptionType
from purveyor.core.finding import Severity
from purveyor.core.lifecycle import WITH_SUPPLIER, Status
from purveyor.store.db import Tx
from purveyor.store.tables.cases import EXCEPTION_CASE
from purveyor.store.tables.findings import FINDING, GATE_CHECK
from purveyor.store.tables.flow import MESSAGE, TIMER
from purveyor.store.tables.masters import SUPPLIER
from purveyor.store.tables.orders import PURCHASE_ORDER

MOST_LISTED: Final = 200
AT_GATE: Final = "gate_blocked:"
FAILED_MESSAGE: Final = "message_failed:"
"""What the natural keys of exceptions begin with that the gate and failed messages open (app.clearance, app.outbound)."""

ANSWER_DUE: Final = "acknowledgment_due"
"""Kind of the timer that runs while an order waits for its supplier's answer (set by app.answer_clock)."""

_CASE, _ORDER, _CHECK, _MESSAGE, _TIMER = EXCEPTION_CASE.c, PURCHASE_ORDER.c, GATE_CHECK.c, MESSAGE.c, TIMER.c
_OPEN: Final = _CASE.status != CaseStatus.RESOLVED.value


class WorkKind(StrEnum):
    """Why something waits for a person."""

    EXCEPTION = "exception"
    STOPPED = "stopped"
    DRAFT = "draft"
    HELD = "held"
    UNANSWERED = "unanswered"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One thing that waits. ``code`` is the exception's type, the message's kind or the status of the order.

    ``amount`` is the money at stake, None when it is not known; ``note`` a sentence or code that says more.
    """

    kind: WorkKind
    id: UUID
    code: str
    note: str | None
    order_ref: str | None
    supplier: str | None
    amount: Decimal | None
    currency: str | None
    since: datetime
    due_at: datetime | None
    unit_id: UUID | None
    paused: bool


@dataclass(frozen=True, slots=True)
class WorkTotal:
    """How much waits in one currency and business unit; a currency of None counts what has no amount."""

    currency: str | None
    unit_id: UUID | None
    count: int
    amount: Decimal | None
    oldest: datetime
    late: int


@dataclass(frozen=True, slots=True)
class WaitingWork:
    """The most urgent of what waits, and how much waits in all."""

    rows: tuple[WorkRow, ...] = ()
    totals: tuple[WorkTotal, ...] = ()


def waiting_work(tx: Tx, limit: int = MOST_LISTED) -> WaitingWork:
    """Return what waits for the actor of the transaction: earliest due first, then most money at stake, at most ``limit`` rows.

    The totals count everything by currency and business unit.
    """
    parts = _parts(tx)
    if not parts:
        return WaitingWork()
    work = union_all(*parts).subquery()
    first = select(work).order_by(work.c.due_at.asc().nulls_last(), work.c.amount.desc().nulls_last(), work.c.since, work.c.id)
    late = func.count().filter(work.c.due_at < tx.now)
    totals = select(work.c.currency, work.c.unit_id, func.count(), func.sum(work.c.amount), func.min(work.c.since), late)
    grouped = totals.group_by(work.c.currency, work.c.unit_id).order_by(work.c.currency, work.c.unit_id)
    return WaitingWork(
        tuple(WorkRow(WorkKind(kind), *rest) for kind, *rest in tx.conn.execute(first.limit(min(limit, MOST_LISTED)))),
        tuple(WorkTotal(*row) for row in tx.conn.execute(grouped)),
    )


def _parts(tx: Tx) -> list[Select[Any]]:
    """Return the queries of everything the actor's roles make his: orders for buyers, messages for who may replay them."""
    actor = tx.actor
    parts = [_exceptions(actor)] if actor.may(Permission.EXCEPTION_READ) else []
    if Role.BUYER in actor.roles:
        parts += [_drafts(actor), _held(actor), _unanswered(tx, actor)]
    if Role.IT in actor.roles:
        parts.append(_messages())
    return parts


def _columns(kind: ColumnElement[Any], values: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    names = ("id", "code", "note", "order_ref", "supplier", "amount", "currency", "since", "due_at", "unit_id", "paused")
    kinds = (Uuid, Text, Text, Text, Text, Numeric, Text, DateTime(timezone=True), DateTime(timezone=True), Uuid, None)
    typed = [value if of is None else cast(value, of) for value, of in zip(values, kinds, strict=True)]
    return [kind.label("kind"), *(value.label(name) for name, value in zip(names, typed, strict=True))]


def _mine(actor: Actor) -> ColumnElement[bool]:
    """An exception is his who is named, else everybody's who holds its role."""
    roles = sorted(role.value for role in actor.roles)
    return or_(_CASE.owner_id == actor.id, and_(_CASE.owner_id.is_(None), _CASE.owner_role.in_(roles)))


def _blocking() -> tuple[ColumnElement[bool], ...]:
    of_order = FINDING.c.order_id == _ORDER.id
    return (of_order, FINDING.c.severity == Severity.BLOCK.value, FINDING.c.overridden.is_(False))


def _worst_finding() -> ColumnElement[str | None]:
    """The sentence of the finding that puts most money at stake among those that stop the order."""
    return select(FINDING.c.message).where(*_blocking()).order_by(FINDING.c.place).limit(1).scalar_subquery()


def _exceptions(actor: Actor) -> Select[Any]:
    """Open exceptions; those the gate or a failed message opened are told as what they are, so that the page leads there."""
    at_gate = _CASE.natural_key.startswith(AT_GATE)
    failed = _CASE.natural_key.startswith(FAILED_MESSAGE)
    kind = case((at_gate, WorkKind.STOPPED.value), (failed, WorkKind.MESSAGE.value), else_=WorkKind.EXCEPTION.value)
    note = func.coalesce(case((at_gate, _worst_finding())), _CASE.summary)
    values = (
        *(_CASE.id, _CASE.type, note, _ORDER.order_ref, func.coalesce(SUPPLIER.c.name, _ORDER.supplier_code)),
        *(_CASE.exposure, _CASE.currency, _CASE.opened_at, _CASE.due_at, _CASE.business_unit_id),
        _CASE.status == CaseStatus.ON_HOLD.value,
    )
    return (
        select(*_columns(kind, values))
        .select_from(EXCEPTION_CASE)
        .outerjoin(PURCHASE_ORDER, _ORDER.id == _CASE.order_id)
        .outerjoin(SUPPLIER, SUPPLIER.c.id == _CASE.supplier_id)
        .where(_OPEN, _mine(actor))
    )


def _orders(
    kind: ColumnElement[Any],
    note: ColumnElement[Any],
    amount: ColumnElement[Any],
    since: ColumnElement[Any],
    due_at: ColumnElement[Any],
) -> Select[Any]:
    values = (
        *(_ORDER.id, _ORDER.status, note, _ORDER.order_ref, func.coalesce(SUPPLIER.c.name, _ORDER.supplier_code)),
        *(amount, _ORDER.currency, since, due_at, _ORDER.business_unit_id, literal(value=False)),
    )
    return select(*_columns(kind, values)).select_from(PURCHASE_ORDER).outerjoin(SUPPLIER, SUPPLIER.c.id == _ORDER.supplier_id)


def _of_buyer(actor: Actor) -> ColumnElement[bool]:
    """An order without a buyer belongs to every buyer of its unit."""
    return or_(_ORDER.buyer_id.is_(None), _ORDER.buyer_id == actor.id)


def _drafts(actor: Actor) -> Select[Any]:
    """Drafts wait for their buyer: stopped by the gate, returned by an approver, or edited and not submitted yet.

    A stopped draft whose exception belongs to somebody else (a price to the category manager) is due when that exception is.
    """
    blocked = exists().where(*_blocking()).correlate(PURCHASE_ORDER)
    checks = select(_CHECK.at_stake).where(_CHECK.order_id == _ORDER.id).order_by(_CHECK.id.desc()).limit(1)
    first = select(func.min(_CHECK.checked_at)).where(_CHECK.order_id == _ORDER.id, _CHECK.order_version == _ORDER.version)
    kind = case((blocked, WorkKind.STOPPED.value), else_=WorkKind.DRAFT.value)
    amount = case((blocked, checks.scalar_subquery()), else_=_ORDER.total)
    since = func.coalesce(first.scalar_subquery(), _ORDER.created_at)
    waiting = (_ORDER.status == Status.DRAFT.value, _ORDER.hold_since.is_(None), since.is_not(None))
    at_gate = (_CASE.order_id == _ORDER.id, _OPEN, _CASE.natural_key.startswith(AT_GATE))
    due_at = case((blocked, select(func.min(_CASE.due_at)).where(*at_gate).correlate(PURCHASE_ORDER).scalar_subquery()))
    told = exists().where(*at_gate, _mine(actor))
    query = _orders(kind, _worst_finding(), amount, since, due_at)
    return query.where(*waiting, _of_buyer(actor), ~told.correlate(PURCHASE_ORDER))


def _held(actor: Actor) -> Select[Any]:
    """An order on hold waits for who stopped it; its reason says why."""
    query = _orders(literal(WorkKind.HELD.value), _ORDER.hold_reason, _ORDER.total, _ORDER.hold_since, null())
    return query.where(_ORDER.hold_since.is_not(None), _ORDER.hold_owner == actor.id)


def _unanswered(tx: Tx, actor: Actor) -> Select[Any]:
    """Orders whose answer is overdue and whose reminders still run; after the last one they are an exception."""
    due_at = cast(func.coalesce(_TIMER.payload["due_at"].astext, cast(_TIMER.due_at, Text)), DateTime(timezone=True))
    escalated = exists().where(_CASE.order_id == _ORDER.id, _OPEN, _CASE.type == ExceptionType.ACK_OVERDUE.value)
    return (
        _orders(literal(WorkKind.UNANSWERED.value), null(), _ORDER.total, _ORDER.issued_at, due_at)
        .join(TIMER, and_(_TIMER.subject_type == "order", _TIMER.subject_id == _ORDER.id, _TIMER.kind == ANSWER_DUE))
        .where(_ORDER.status.in_([status.value for status in WITH_SUPPLIER]), _ORDER.issued_at.is_not(None))
        .where(due_at < tx.now, ~escalated.correlate(PURCHASE_ORDER), _of_buyer(actor))
    )


def _messages() -> Select[Any]:
    """Messages that were given up and about which no exception is open."""
    known = exists().where(_CASE.message_id == _MESSAGE.id, _OPEN).correlate(MESSAGE)
    values = (
        *(_MESSAGE.id, _MESSAGE.kind, _MESSAGE.last_error, _ORDER.order_ref),
        *(func.coalesce(SUPPLIER.c.name, _ORDER.supplier_code), _ORDER.total, _ORDER.currency, _MESSAGE.finished_at, null()),
        *(_MESSAGE.business_unit_id, literal(value=False)),
    )
    return (
        select(*_columns(literal(WorkKind.MESSAGE.value), values))
        .select_from(MESSAGE)
        .outerjoin(PURCHASE_ORDER, _ORDER.id == _MESSAGE.order_id)
        .outerjoin(SUPPLIER, SUPPLIER.c.id == _MESSAGE.supplier_id)
        .where(_MESSAGE.state == "dead", ~known)
    )
