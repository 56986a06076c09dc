"""Who holds which approval role for which category, who stands in for whom, and which approvals wait for a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    all_,
    and_,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.access import PERMISSIONS, ActorKind, Permission, Role
from purveyor.core.approval_chain import Delegation, Holder, StepState
from purveyor.core.errors import NotFound
from purveyor.core.events.approval import OrderApproved
from purveyor.core.events.order import OrderEdited
from purveyor.core.ids import BusinessUnitId, OrderId, StepId, UserId
from purveyor.core.policy.compile import lineage
from purveyor.store.db import Tx
from purveyor.store.tables.approvals import APPROVAL_CHAIN, APPROVAL_HOLDER, APPROVAL_STEP, DELEGATION, EVERY_CATEGORY
from purveyor.store.tables.log import EVENT
from purveyor.store.tables.masters import SUPPLIER
from purveyor.store.tables.orders import PURCHASE_ORDER
from purveyor.store.tables.parties import APP_USER, USER_ROLE

MOST_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Person:
    """A person who could approve: the roles are those in one business unit."""

    holder: Holder
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class WaitingStep:
    """An open approval step as the queue shows it. ``acting_for`` is the holder when the person stands in for him.

    ``may_decide`` is false for a holder whose steps go to a delegate now: he reads them only.
    """

    step_id: StepId
    order_id: OrderId
    order_ref: str
    supplier_code: str
    supplier: str
    version: int
    role: str
    level: int
    policy_amount: Decimal | None
    policy_currency: str
    total: Decimal | None
    currency: str
    opened_at: datetime
    due_at: datetime | None
    holder_id: UserId
    business_unit_id: BusinessUnitId
    acting_for: UserId | None
    may_decide: bool


def set_holder(
    tx: Tx, unit_id: BusinessUnitId, role: str, user_id: UserId, *, category: str | None = None, rank: int = 0
) -> None:
    """Let a person hold an approval role, for one category with its descendants or for all; rank 0 is asked first."""
    key = {"business_unit_id": unit_id, "role": role, "category": category or EVERY_CATEGORY, "user_id": user_id}
    statement = insert(APPROVAL_HOLDER).values(**key, rank=rank)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=list(key), set_={"rank": rank}))


def remove_holder(tx: Tx, unit_id: BusinessUnitId, role: str, user_id: UserId, category: str | None = None) -> None:
    """Take an approval role for one category, or for all, away from a person."""
    held = APPROVAL_HOLDER.c
    mine = and_(held.business_unit_id == unit_id, held.role == role, held.user_id == user_id)
    tx.conn.execute(delete(APPROVAL_HOLDER).where(mine, held.category == (category or EVERY_CATEGORY)))


@dataclass(frozen=True, slots=True)
class ApprovalRole:
    """An approval role of a business unit for one category (None = all): its holders, the first asked first."""

    business_unit_id: BusinessUnitId
    role: str
    category: str | None
    holders: tuple[UserId, ...]


def approval_roles(tx: Tx) -> list[ApprovalRole]:
    """Return every approval role that somebody holds in this scope, by unit, role and category."""
    held = APPROVAL_HOLDER.c
    found: dict[tuple[UUID, str, str], list[UserId]] = defaultdict(list)
    ordered = (held.business_unit_id, held.role, held.category, held.rank, held.user_id)
    for row in tx.conn.execute(select(*ordered).order_by(*ordered)):
        found[(row.business_unit_id, row.role, row.category)].append(UserId(row.user_id))
    return [
        ApprovalRole(BusinessUnitId(unit), role, None if category == EVERY_CATEGORY else category, tuple(people))
        for (unit, role, category), people in found.items()
    ]


def holders(tx: Tx, unit_id: BusinessUnitId, role: str, category: str | None = None) -> list[Holder]:
    """Return those who hold a role and may decide: those of the category first, then of its parents, then of all, by rank."""
    nodes = lineage(category) if category else ()
    held = APPROVAL_HOLDER.c
    query = (
        select(held.user_id, APP_USER.c.person_key)
        .join(APP_USER, APP_USER.c.id == held.user_id)
        .where(
            held.business_unit_id == unit_id,
            held.role == role,
            held.category.in_((EVERY_CATEGORY, *nodes)),
            _decides(unit_id),
        )
        .order_by(func.length(held.category).desc(), held.rank, held.user_id)
    )
    found = (Holder(UserId(row.user_id), row.person_key) for row in tx.conn.execute(query))
    return list(dict.fromkeys(found))


def may_decide(tx: Tx, user_id: UserId, unit_id: BusinessUnitId) -> bool:
    """Say whether a person may sign in and holds a role in this unit that lets him approve."""
    return tx.conn.execute(select(APP_USER.c.id).where(APP_USER.c.id == user_id, _decides(unit_id))).first() is not None


def _decides(unit_id: BusinessUnitId) -> ColumnElement[bool]:
    role = USER_ROLE.c
    approving = [each.value for each, held in PERMISSIONS.items() if Permission.APPROVAL_DECIDE in held]
    mine = and_(role.user_id == APP_USER.c.id, role.business_unit_id == unit_id, role.role.in_(approving))
    return and_(APP_USER.c.active, exists().where(mine).correlate(APP_USER))


def person(tx: Tx, user_id: UserId, unit_id: BusinessUnitId) -> Person:
    """Return an active person with his roles in a business unit; raise NotFound."""
    row = tx.conn.execute(select(APP_USER.c.person_key).where(APP_USER.c.id == user_id, APP_USER.c.active)).first()
    if row is None:
        raise NotFound(user=user_id)
    roles = select(USER_ROLE.c.role).where(USER_ROLE.c.user_id == user_id, USER_ROLE.c.business_unit_id == unit_id)
    return Person(Holder(user_id, row.person_key), frozenset(Role(role) for role in tx.conn.execute(roles).scalars()))


def editors(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, frozenset[str]]:
    """Return the person keys of those who edited each order since its last approval, or since it came to be."""
    approved = EVENT.alias()
    last_approval = (
        select(func.coalesce(func.max(approved.c.position), 0))
        .where(approved.c.stream_type == EVENT.c.stream_type, approved.c.stream_id == EVENT.c.stream_id)
        .where(approved.c.type == OrderApproved.type)
        .scalar_subquery()
    )
    query = (
        select(EVENT.c.stream_id, APP_USER.c.person_key)
        .join(APP_USER, APP_USER.c.id == EVENT.c.actor_id)
        .where(EVENT.c.stream_type == "order", EVENT.c.stream_id == func.any(bindparam("ids")))
        .where(EVENT.c.type == OrderEdited.type, EVENT.c.actor_kind == ActorKind.USER.value, EVENT.c.position > last_approval)
        .distinct()
    )
    found: dict[OrderId, set[str]] = defaultdict(set)
    if order_ids:
        for order_id, person_key in tx.conn.execute(query, {"ids": list(order_ids)}):
            found[OrderId(order_id)].add(person_key)
    return {order_id: frozenset(people) for order_id, people in found.items()}


def add_delegation(tx: Tx, given: Delegation) -> None:
    """Write a new delegation."""
    tx.conn.execute(
        insert(DELEGATION).values(
            id=given.id,
            business_unit_id=given.business_unit_id,
            giver_id=given.giver.user_id,
            giver_person=given.giver.person_key,
            delegate_id=given.delegate.user_id,
            delegate_person=given.delegate.person_key,
            starts_at=given.starts_at,
            ends_at=given.ends_at,
            roles=sorted(given.roles),
            reason=given.reason,
            ended_at=given.ended_at,
        )
    )


def end_delegation(tx: Tx, delegation_id: UUID) -> None:
    """Take a delegation back as of now."""
    tx.conn.execute(update(DELEGATION).where(DELEGATION.c.id == delegation_id).values(ended_at=tx.now))


def delegation(tx: Tx, delegation_id: UUID) -> Delegation:
    """Return one delegation, locked; raise NotFound."""
    row = tx.conn.execute(select(DELEGATION).where(DELEGATION.c.id == delegation_id).with_for_update()).first()
    if row is None:
        raise NotFound(delegation=delegation_id)
    return _delegation(row._mapping)


def delegations_of(tx: Tx, givers: Collection[UserId], unit_id: BusinessUnitId) -> tuple[Delegation, ...]:
    """Return the delegations these people gave that have not run out, in order of their start."""
    columns = DELEGATION.c
    query = select(DELEGATION).where(columns.giver_id.in_(givers), columns.business_unit_id == unit_id, columns.ends_at > tx.now)
    return tuple(_delegation(row._mapping) for row in tx.conn.execute(query.order_by(columns.starts_at, columns.id)))


def waiting_for(tx: Tx, user_id: UserId, person_key: str | None = None, limit: int = MOST_LISTED) -> list[WaitingStep]:
    """Return the open steps a person holds or stands in for, the earliest due first; his own orders are left out."""
    return [_waiting(row._mapping, user_id) for row in tx.conn.execute(_waiting_query(tx, user_id, person_key).limit(limit))]


def _waiting_query(tx: Tx, user_id: UserId, person_key: str | None) -> Select[Any]:
    step, chain, order, given = APPROVAL_STEP.c, APPROVAL_CHAIN.c, PURCHASE_ORDER.c, DELEGATION.c
    in_time = and_(
        given.giver_id == step.holder_id,
        given.business_unit_id == step.business_unit_id,
        given.starts_at <= tx.now,
        given.ends_at > tx.now,
        or_(given.ended_at.is_(None), given.ended_at > tx.now),
        or_(func.cardinality(given.roles) == 0, step.role == any_(given.roles)),
        given.delegate_person != all_(chain.parties),
    )
    delegated = exists().where(in_time).correlate(APPROVAL_STEP, APPROVAL_CHAIN)
    stands_in = exists().where(in_time, given.delegate_id == user_id).correlate(APPROVAL_STEP, APPROVAL_CHAIN)
    own_order = literal(person_key or "") == any_(chain.parties)
    return (
        select(
            *(step.id, step.order_id, step.business_unit_id, step.role, step.level, step.opened_at, step.due_at, step.holder_id),
            *(chain.version, chain.policy_amount, chain.policy_currency),
            *(order.order_ref, order.supplier_code, order.total, order.currency),
            func.coalesce(SUPPLIER.c.name, order.supplier_code).label("supplier"),
            stands_in.label("stands_in"),
            delegated.label("delegated"),
        )
        .join(APPROVAL_CHAIN, chain.id == step.chain_id)
        .join(PURCHASE_ORDER, order.id == step.order_id)
        .outerjoin(SUPPLIER, SUPPLIER.c.id == order.supplier_id)
        .where(step.state == StepState.OPEN.value, or_(step.holder_id == user_id, stands_in), ~own_order)
        .order_by(step.due_at.asc().nulls_last(), chain.policy_amount.desc().nulls_last(), step.id)
    )


def _waiting(row: RowMapping, user_id: UserId) -> WaitingStep:
    stands_in = row["stands_in"] and row["holder_id"] != user_id
    return WaitingStep(
        step_id=StepId(row["id"]),
        order_id=OrderId(row["order_id"]),
        order_ref=row["order_ref"],
        supplier_code=row["supplier_code"],
        supplier=row["supplier"],
        version=row["version"],
        role=row["role"],
        level=row["level"],
        policy_amount=row["policy_amount"],
        policy_currency=row["policy_currency"],
        total=row["total"],
        currency=row["currency"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        holder_id=UserId(row["holder_id"]),
        business_unit_id=BusinessUnitId(row["business_unit_id"]),
        acting_for=UserId(row["holder_id"]) if stands_in else None,
        may_decide=bool(stands_in) or not row["delegated"],
    )


def _delegation(row: RowMapping) -> Delegation:
    return Delegation(
        id=row["id"],
        business_unit_id=BusinessUnitId(row["business_unit_id"]),
        giver=Holder(UserId(row["giver_id"]), row["giver_person"]),
        delegate=Holder(UserId(row["delegate_id"]), row["delegate_person"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        reason=row["reason"],
        roles=frozenset(row["roles"]),
        ended_at=row["ended_at"],
    )
