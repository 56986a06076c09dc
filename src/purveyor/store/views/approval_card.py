"""What an approver wants to know beside the order itself: what became of similar orders, and who could stand in for him."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, exists, func, or_, select

from purveyor.core.access import PERMISSIONS, Permission
from purveyor.core.approval_chain import ChainState
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store.db import Tx
from purveyor.store.tables.approvals import APPROVAL_CHAIN, DELEGATION
from purveyor.store.tables.cases import EXCEPTION_CASE
from purveyor.store.tables.orders import ORDER_LINE, PURCHASE_ORDER
from purveyor.store.tables.parties import APP_USER, USER_ROLE

LOOKED_BACK: Final = timedelta(days=365)
MOST_SHOWN: Final = 5
_DECIDES: Final = sorted(role.value for role, held in PERMISSIONS.items() if Permission.APPROVAL_DECIDE in held)


@dataclass(frozen=True, slots=True)
class SimilarLine:
    """A line of an earlier order for the same item of the same supplier, and what became of that order.

    ``refused``: an approver rejected or returned it at some time; ``exceptions`` counts the questions it raised.
    """

    order_ref: str
    order_date: date
    item_code: str
    quantity: Decimal
    uom: str | None
    unit_price: Decimal | None
    currency: str
    status: Status
    refused: bool
    exceptions: int


def similar_lines(tx: Tx, order: PurchaseOrder) -> list[SimilarLine]:
    """Return the newest lines of the last twelve months for the items of an order, of its supplier, drafts left out."""
    items = {line.item_id for line in order.lines if line.item_id is not None}
    if not items or order.supplier_id is None:
        return []
    line, other, chain, case = ORDER_LINE.c, PURCHASE_ORDER.c, APPROVAL_CHAIN.c, EXCEPTION_CASE.c
    no = (ChainState.REJECTED.value, ChainState.RETURNED.value)
    refused = exists().where(chain.order_id == other.id, chain.state.in_(no)).correlate(PURCHASE_ORDER)
    questions = select(func.count()).where(case.order_id == other.id).correlate(PURCHASE_ORDER).scalar_subquery()
    query = (
        select(
            *(other.order_ref, other.order_date, line.item_code, line.quantity, line.uom, line.unit_price, other.currency),
            *(other.status, refused.label("refused"), questions.label("exceptions")),
        )
        .join_from(ORDER_LINE, PURCHASE_ORDER, other.id == line.order_id)
        .where(
            line.item_id == func.any(bindparam("items")),
            other.supplier_id == order.supplier_id,
            other.id != order.id,
            other.order_date >= order.order_date - LOOKED_BACK,
            or_(other.status != Status.DRAFT.value, refused),
        )
        .order_by(other.order_date.desc(), other.id.desc(), line.line_no)
        .limit(MOST_SHOWN)
    )
    found = tx.conn.execute(query, {"items": sorted(items)}).mappings()
    return [SimilarLine(**{**row, "status": Status(row["status"])}) for row in found]


def names_by_person(tx: Tx, person_keys: Collection[str]) -> dict[str, str]:
    """Return the display name of human beings by their person key."""
    columns = APP_USER.c
    query = select(columns.person_key, func.min(columns.display_name)).where(columns.person_key == func.any(bindparam("keys")))
    return {row[0]: row[1] for row in tx.conn.execute(query.group_by(columns.person_key), {"keys": list(person_keys)})}


@dataclass(frozen=True, slots=True)
class Deputy:
    """Somebody who may approve and so could stand in."""

    user_id: UUID
    name: str


def possible_deputies(tx: Tx, unit_id: UUID) -> list[Deputy]:
    """Return the active people of a business unit who may decide approvals, the actor himself left out, by name."""
    user, held = APP_USER.c, USER_ROLE.c
    may = exists().where(held.user_id == user.id, held.business_unit_id == unit_id, held.role.in_(_DECIDES))
    query = select(user.id, user.display_name).where(user.active, may, user.person_key != (tx.actor.person_key or ""))
    return [Deputy(*row) for row in tx.conn.execute(query.order_by(user.display_name, user.id))]


def delegations_taken(tx: Tx, user_id: UUID) -> list[UUID]:
    """Return the people a person stands in for at this moment."""
    given = DELEGATION.c
    in_time = (given.starts_at <= tx.now, given.ends_at > tx.now, or_(given.ended_at.is_(None), given.ended_at > tx.now))
    query = select(given.giver_id).where(given.delegate_id == user_id, *in_time).distinct()
    return list(tx.conn.scalars(query))
