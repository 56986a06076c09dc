"""Exceptions: what needs a person, sorted by due time and money, and what may be decided about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import Field
from starlette.responses import Response

from purveyor.app import cases as deciding
from purveyor.app import resolve as settling
from purveyor.app.settle import settle
from purveyor.core.access import Permission, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType
from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.ids import ExceptionCaseId, SupplierId, UserId
from purveyor.core.money import Money
from purveyor.store import cases, masters, orders
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Tx
from purveyor.store.views.names import people
from purveyor.web.api.common import Call, Limit, Reply, SeenVersion, answer, api_router, write
from purveyor.web.api.v1.doors import house_posts, house_reads
from purveyor.web.api.v1.exceptions_out import ExceptionOut, in_full
from purveyor.web.api.v1.operations import LIST, operation
from purveyor.web.api.v1.paging import listing
from purveyor.web.api.v1.shapes import At
from purveyor.web.api.wire import Name, Note, Page, Reason, Wire

router = api_router("/exceptions", "Exceptions")

Resolver = Annotated[Call, Depends(house_posts(Permission.EXCEPTION_RESOLVE))]
"""A client that may decide about exceptions."""


class ExceptionList(Page):
    """Exceptions, the soonest due first, of those the most money first."""

    items: list[ExceptionOut]


class ResolveIn(Wire):
    """How an exception is settled; what policy does not list is an override and needs a reason.

    "assign_order" asks for the order reference, "map_code" for our own code: the one of the item (its SKU), supplier, site,
    unit or business unit that the ERP's code stands for.
    """

    resolution: Annotated[str, Field(min_length=1, max_length=60)]
    reason: Note | None = None
    order_ref: Name | None = None
    own_code: Name | None = None


class ReassignIn(Wire):
    """To whom an exception goes, and why."""

    role: Role
    reason: Reason
    person: UUID | None = None


class HoldIn(Wire):
    """Until when an exception rests, and why; then it is due."""

    until: At
    reason: Reason


class UndoIn(Wire):
    """Why a resolution is undone."""

    reason: Reason


@router.get("", **operation("list_exceptions", "List exceptions", Permission.EXCEPTION_READ, ExceptionList, slo=LIST))
def list_exceptions(
    call: Annotated[Call, Depends(house_reads(Permission.EXCEPTION_READ))],
    owner_role: Annotated[tuple[Role, ...], Query(max_length=10)] = (),
    kinds: Annotated[tuple[ExceptionType, ...], Query(alias="type", max_length=50)] = (),
    status: CaseStatus | None = None,
    order_ref: Annotated[str | None, Query(pattern=r"^[A-Z0-9]{1,12}$")] = None,
    supplier: Annotated[str | None, Query(max_length=64)] = None,
    category: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """List exceptions; resolved ones only when that status is asked for."""
    asked = listing(call, "due")
    position = asked.behind(cursor)
    with call.reading() as tx:
        wanted = CaseFilter(
            owner_roles=frozenset(owner_role),
            types=frozenset(kinds),
            order_id=None if order_ref is None else orders.by_ref(tx, order_ref).id,
            supplier_id=None if supplier is None else _supplier(tx, supplier),
            category=category,
            status=status,
        )
        found = cases.listed(tx, wanted, after=None if position is None else _after(tx, position), limit=limit)
    more = asked.cursor(*_position(found[-1])) if len(found) == limit else None
    return answer(call, Reply(ExceptionList(items=[in_full(case) for case in found], next_cursor=more)))


def _supplier(tx: Tx, code: str) -> SupplierId:
    found = masters.ids_by_code(tx, "supplier", [code])
    if code not in found:
        raise UnknownReference(field="supplier", supplier=code)
    return SupplierId(found[code])


def _position(case: ExceptionCase) -> tuple[str, ...]:
    return (str(case.id), case.due_at.isoformat(), "0" if case.exposure is None else str(case.exposure.amount))


def _after(tx: Tx, position: tuple[str, ...]) -> ExceptionCase:
    """Return the last exception of the page before, as it stood then: what is due later now must not make the list skip."""
    last, due_at, exposure = position
    seen = cases.load(tx, ExceptionCaseId(UUID(last)))
    return replace(seen, due_at=datetime.fromisoformat(due_at), exposure=Money(Decimal(exposure), ""))


@router.get(
    "/{exception_id}",
    **operation("get_exception", "Read an exception", Permission.EXCEPTION_READ, ExceptionOut, versioned=True),
)
def get_exception(exception_id: UUID, call: Annotated[Call, Depends(house_reads(Permission.EXCEPTION_READ))]) -> Response:
    """Read an exception with its evidence; the ETag is for If-Match."""
    with call.reading() as tx:
        return answer(call, _reply(cases.load(tx, ExceptionCaseId(exception_id))))


@router.post(
    "/{exception_id}/resolve",
    **operation("resolve_exception", "Settle an exception", Permission.EXCEPTION_RESOLVE, ExceptionOut, versioned=True),
)
def resolve_exception(exception_id: UUID, body: ResolveIn, version: SeenVersion, call: Resolver) -> Response:
    """Settle an exception with its consequences (a difference taken as it is, an order assigned, a code mapped, goods kept)."""
    command = settling.Resolve(body.resolution, body.reason, version, body.order_ref, body.own_code)
    return write(call, lambda tx: _reply(settle(tx, ExceptionCaseId(exception_id), command)))


@router.post(
    "/{exception_id}/undo",
    **operation("undo_resolution", "Undo a resolution", Permission.EXCEPTION_RESOLVE, ExceptionOut, versioned=True),
)
def undo_resolution(exception_id: UUID, body: UndoIn, version: SeenVersion, call: Resolver) -> Response:
    """Open a settled exception again, where that is still possible."""
    command = settling.Undo(body.reason, version)
    return write(call, lambda tx: _reply(settling.undo(tx, ExceptionCaseId(exception_id), command)))


@router.post(
    "/{exception_id}/reassign",
    **operation("reassign_exception", "Give an exception away", Permission.EXCEPTION_RESOLVE, ExceptionOut, versioned=True),
)
def reassign_exception(exception_id: UUID, body: ReassignIn, version: SeenVersion, call: Resolver) -> Response:
    """Give an exception to another role, and to one person of it when named."""

    def work(tx: Tx) -> Reply:
        if body.person is not None and body.person not in people(tx, [body.person]):
            raise UnknownReference(field="person", person=body.person)
        person = None if body.person is None else UserId(body.person)
        command = deciding.Reassign(body.role, body.reason, person, version)
        return _reply(deciding.reassign(tx, ExceptionCaseId(exception_id), command))

    return write(call, work)


@router.post(
    "/{exception_id}/hold",
    **operation("hold_exception", "Let an exception rest", Permission.EXCEPTION_RESOLVE, ExceptionOut, versioned=True),
)
def hold_exception(exception_id: UUID, body: HoldIn, version: SeenVersion, call: Resolver) -> Response:
    """Put an exception on hold until a moment; it stays in every list and is due then."""

    def work(tx: Tx) -> Reply:
        if body.until <= tx.now:
            raise InvalidInput(field="until", reason="must be in the future")
        command = deciding.Hold(body.until, body.reason, version)
        return _reply(deciding.hold(tx, ExceptionCaseId(exception_id), command))

    return write(call, work)


def _reply(case: ExceptionCase) -> Reply:
    return Reply(in_full(case), version=case.version)
