"""Exceptions as lists show them: with the names of order, supplier and owner, and what is open in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import bindparam, func, select

from purveyor.core.access import Role
from purveyor.core.cases import ExceptionCase
from purveyor.core.ids import ItemId, OrderId
from purveyor.store import masters, stock
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Tx
from purveyor.store.tables.cases import EXCEPTION_CASE
from purveyor.store.tables.orders import PURCHASE_ORDER
from purveyor.store.tables.parties import APP_USER, USER_ROLE
from purveyor.store.views import names


@dataclass(frozen=True, slots=True)
class ListedCase:
    """An exception with the names around it; what has no name is absent."""

    case: ExceptionCase
    order_ref: str | None
    supplier: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class CaseTotal:
    """How many exceptions fit a filter in one currency, what is at stake, how many are late, since when the oldest is open."""

    currency: str | None
    count: int
    exposure: Decimal | None
    late: int
    oldest: datetime


def with_names(tx: Tx, cases: Sequence[ExceptionCase]) -> list[ListedCase]:
    """Put the names of orders, suppliers and owners beside exceptions, in three queries however many there are."""
    refs = order_refs(tx, [case.subject.order_id for case in cases if case.subject.order_id is not None])
    suppliers = names.supplier_names(tx, [case.supplier_id for case in cases if case.supplier_id is not None])
    owners = names.people(tx, [case.owner_id for case in cases if case.owner_id is not None])
    return [
        ListedCase(
            case,
            refs.get(case.subject.order_id) if case.subject.order_id else None,
            suppliers.get(case.supplier_id) if case.supplier_id else None,
            owners.get(case.owner_id) if case.owner_id else None,
        )
        for case in cases
    ]


def order_refs(tx: Tx, order_ids: Sequence[OrderId]) -> dict[UUID, str]:
    """Return our references of orders by id."""
    columns = PURCHASE_ORDER.c
    query = select(columns.id, columns.order_ref).where(columns.id == func.any(bindparam("ids")))
    return {row.id: row.order_ref for row in tx.conn.execute(query, {"ids": list(order_ids)})}


def totals(tx: Tx, wanted: CaseFilter) -> list[CaseTotal]:
    """Count the exceptions that fit a filter, by currency."""
    case = EXCEPTION_CASE.c
    late = func.count().filter(case.due_at < tx.now, case.status != "resolved")
    query = select(case.currency, func.count(), func.sum(case.exposure), late, func.min(case.opened_at))
    return [
        CaseTotal(*row)
        for row in tx.conn.execute(query.where(*wanted.conditions()).group_by(case.currency).order_by(case.currency))
    ]


def people_of_role(tx: Tx, role: Role, unit_id: UUID | None) -> list[tuple[UUID, str]]:
    """Return id and name of the active people who hold a role, in one business unit when it is given, by name."""
    user, held = APP_USER.c, USER_ROLE.c
    query = (
        select(user.id, user.display_name).join(USER_ROLE, held.user_id == user.id).where(user.active, held.role == role.value)
    )
    if unit_id is not None:
        query = query.where(held.business_unit_id == unit_id)
    return [(row[0], row[1]) for row in tx.conn.execute(query.distinct().order_by(user.display_name, user.id))]


@dataclass(frozen=True, slots=True)
class StockElsewhere:
    """Base units of an item that a site could give, and how old the figure is."""

    site: str
    available: Decimal
    as_of: datetime


def stock_elsewhere(tx: Tx, item_id: ItemId) -> list[StockElsewhere]:
    """Return what every site holds of an item beyond what is allocated, the most first."""
    known = stock.stock(tx, [item_id])
    sites = masters.sites(tx, [site for _, site in known])
    found = [
        StockElsewhere(sites[site].name, fact.value.on_hand - fact.value.allocated, fact.as_of)
        for (_, site), fact in known.items()
        if site in sites
    ]
    return sorted(found, key=lambda each: (-each.available, each.site))
