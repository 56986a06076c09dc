"""Reads and writes approval chains with their steps, and the earlier orders routing has to compare with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Date, Row, RowMapping, cast, func, select
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.approval import EarlierOrder, RouteResult
from purveyor.core.approval_chain import ApprovalChain, ApprovalStep, ChainState, Holder, StepState
from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, ChainId, OrderId, StepId, SupplierId, UserId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import orders
from purveyor.store.db import Tx
from purveyor.store.tables.approvals import APPROVAL_CHAIN as CHAIN
from purveyor.store.tables.approvals import APPROVAL_STEP as STEP
from purveyor.store.tables.orders import PURCHASE_ORDER

_IN_FORCE: Final = (ChainState.OPEN.value, ChainState.APPROVED.value)
_CHAIN_PLAIN: Final = (
    *("id", "order_id", "business_unit_id", "version", "version_hash", "policy_set", "policy_currency"),
    *("policy_amount", "routing_amount", "band", "undecided_field", "at_suggestion", "opened_at"),
)
_STEP_PLAIN: Final = (
    *(
        "id",
        "step_no",
        "role",
        "level",
        "opened_at",
        "level_since",
        "due_at",
        "decided_at",
        "decided_by",
        "decided_for",
        "reason",
    ),
)


def save_chains(tx: Tx, chains: Sequence[ApprovalChain]) -> None:
    """Write chains with all their steps; those that no longer hold are written before new ones."""
    for holding in (False, True):
        rows = [_chain_row(chain) for chain in chains if (chain.state.value in _IN_FORCE) is holding]
        if rows:
            _upsert(tx, CHAIN, rows)
    steps = [_step_row(chain, step) for chain in chains for step in chain.steps]
    if steps:
        _upsert(tx, STEP, steps)


def in_force(tx: Tx, order_id: OrderId) -> ApprovalChain | None:
    """Return the chain that is open or approved for an order, None when there is none."""
    return in_force_many(tx, [order_id]).get(order_id)


def in_force_many(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, ApprovalChain]:
    """Return the chains in force by order."""
    rows = tx.conn.execute(select(CHAIN).where(CHAIN.c.order_id.in_(order_ids), CHAIN.c.state.in_(_IN_FORCE)))
    return {chain.order_id: chain for chain in _with_steps(tx, rows)}


def history(tx: Tx, order_id: OrderId) -> list[ApprovalChain]:
    """Return every chain an order had, the first one first."""
    rows = tx.conn.execute(select(CHAIN).where(CHAIN.c.order_id == order_id).order_by(CHAIN.c.opened_at, CHAIN.c.id))
    return _with_steps(tx, rows)


def get_by_step(tx: Tx, step_id: StepId) -> ApprovalChain:
    """Return the chain a step belongs to; raise NotFound."""
    chain_id = select(STEP.c.chain_id).where(STEP.c.id == step_id).scalar_subquery()
    found = _with_steps(tx, tx.conn.execute(select(CHAIN).where(CHAIN.c.id == chain_id)))
    if not found:
        raise NotFound(step=step_id)
    return found[0]


def lock_by_step(tx: Tx, step_id: StepId) -> tuple[PurchaseOrder, ApprovalChain]:
    """Return the order, locked, and the chain a step belongs to as it stands under that lock; raise NotFound."""
    order_id = tx.conn.execute(select(STEP.c.order_id).where(STEP.c.id == step_id)).scalar()
    if order_id is None:
        raise NotFound(step=step_id)
    order = orders.lock(tx, OrderId(order_id))
    return order, get_by_step(tx, step_id)


def earlier_orders(tx: Tx, wanted: Iterable[PurchaseOrder], window_days: int, today: date) -> tuple[EarlierOrder, ...]:
    """Return routed orders of the same requesters and suppliers entered in the window, for the search for split orders."""
    compared = [order for order in wanted if order.requester is not None and order.supplier_id is not None]
    if not compared:
        return ()
    order = PURCHASE_ORDER.c
    entered = func.coalesce(cast(order.created_at, Date), order.order_date)
    query = (
        select(CHAIN, order.order_ref, order.requester, order.supplier_id, entered.label("entered_on"))
        .join(PURCHASE_ORDER, order.id == CHAIN.c.order_id)
        .where(
            CHAIN.c.state.in_(_IN_FORCE),
            CHAIN.c.policy_amount.is_not(None),
            order.requester.in_({one.requester for one in compared}),
            order.supplier_id.in_({one.supplier_id for one in compared}),
            order.status != Status.CANCELLED.value,
            entered >= today - timedelta(days=window_days),
        )
        .order_by(order.order_ref)
    )
    return tuple(
        EarlierOrder(
            order_id=OrderId(row.order_id),
            order_ref=row.order_ref,
            requester=row.requester,
            supplier_id=SupplierId(row.supplier_id),
            categories=frozenset(row.categories),
            entered_on=row.entered_on,
            policy_amount=row.policy_amount,
            at_suggestion=row.at_suggestion,
        )
        for row in tx.conn.execute(query)
    )


def open_steps_without_holder(tx: Tx, unit_id: BusinessUnitId, role: str) -> list[StepId]:
    """Return the open steps of a role that wait for somebody to be named."""
    columns = STEP.c
    unheld = select(columns.id).where(
        columns.business_unit_id == unit_id,
        columns.role == role,
        columns.state == StepState.OPEN.value,
        columns.holder_id.is_(None),
    )
    return [StepId(step) for step in tx.conn.execute(unheld.order_by(columns.id)).scalars()]


def open_steps_held_by(tx: Tx, user_id: UserId) -> list[StepId]:
    """Return the open steps that wait for a person."""
    columns = STEP.c
    held = select(columns.id).where(columns.holder_id == user_id, columns.state == StepState.OPEN.value)
    return [StepId(step) for step in tx.conn.execute(held.order_by(columns.id)).scalars()]


def _upsert(tx: Tx, table: Any, rows: list[dict[str, Any]]) -> None:
    statement = insert(table).values(rows)
    changed = {name: statement.excluded[name] for name in rows[0] if name != "id"}
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def _chain_row(chain: ApprovalChain) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(chain, name) for name in _CHAIN_PLAIN}
    row.update(
        result=chain.result.value,
        state=chain.state.value,
        parties=sorted(chain.parties),
        sources=list(chain.sources),
        categories=list(chain.categories),
    )
    return row


def _step_row(chain: ApprovalChain, step: ApprovalStep) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(step, name) for name in _STEP_PLAIN}
    row.update(
        chain_id=chain.id,
        order_id=chain.order_id,
        business_unit_id=chain.business_unit_id,
        state=step.state.value,
        holder_id=None if step.holder is None else step.holder.user_id,
        holder_person=None if step.holder is None else step.holder.person_key,
    )
    return row


def _with_steps(tx: Tx, rows: Iterable[Row[Any]]) -> list[ApprovalChain]:
    chains = list(rows)
    if not chains:
        return []
    query = select(STEP).where(STEP.c.chain_id.in_([row.id for row in chains])).order_by(STEP.c.chain_id, STEP.c.step_no)
    steps: dict[object, list[ApprovalStep]] = {}
    for row in tx.conn.execute(query):
        steps.setdefault(row.chain_id, []).append(_step(row._mapping))
    return [_chain(row._mapping, tuple(steps.get(row.id, ()))) for row in chains]


def _chain(row: RowMapping, steps: tuple[ApprovalStep, ...]) -> ApprovalChain:
    plain: dict[str, Any] = {name: row[name] for name in _CHAIN_PLAIN}
    plain["id"], plain["order_id"] = ChainId(row["id"]), OrderId(row["order_id"])
    return ApprovalChain(
        **plain,
        result=RouteResult(row["result"]),
        state=ChainState(row["state"]),
        parties=frozenset(row["parties"]),
        sources=tuple(row["sources"]),
        categories=tuple(row["categories"]),
        steps=steps,
    )


def _step(row: RowMapping) -> ApprovalStep:
    plain: dict[str, Any] = {name: row[name] for name in _STEP_PLAIN}
    holder = None if row["holder_id"] is None else Holder(UserId(row["holder_id"]), row["holder_person"])
    return ApprovalStep(**plain, state=StepState(row["state"]), holder=holder)
