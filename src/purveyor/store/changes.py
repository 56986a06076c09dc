"""Change orders: what each one does to which version, what the supplier agreed to thereby, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from purveyor.core.acknowledge import LineAnswer
from purveyor.core.canonical import to_json
from purveyor.core.change import (
    Action,
    CancelLine,
    ChangeOrder,
    ChangeStatus,
    Initiator,
    SetItem,
    SetNeedBy,
    SetPrice,
    SetQuantity,
    SplitLine,
)
from purveyor.core.errors import NotFound
from purveyor.core.ids import ChangeOrderId, ItemId, OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.store.acknowledgments import line_answers_from_json
from purveyor.store.db import Tx
from purveyor.store.tables.supplier_side import CHANGE_ORDER

_ACTIONS: Final[Mapping[str, Callable[..., Action]]] = {
    "set_quantity": SetQuantity,
    "set_price": SetPrice,
    "set_item": SetItem,
    "set_need_by": SetNeedBy,
    "cancel_line": CancelLine,
    "split_line": SplitLine,
}
_WORDS: Final[Mapping[object, str]] = {kind: word for word, kind in _ACTIONS.items()}


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change order on the record. ``agreed`` is what the supplier has agreed to by proposing it; reasons are policy words.

    ``proposed_by_person`` is the person key of who drew it up: another person approves it.
    """

    change: ChangeOrder
    agreed: tuple[LineAnswer, ...]
    needs_approval_for: tuple[str, ...]
    proposed_by: UUID | None
    proposed_by_person: str | None
    proposed_at: datetime
    applied_version: int | None = None


def add(tx: Tx, order: PurchaseOrder, kept: KeptChange) -> None:
    """Keep a new change order."""
    row = {
        "id": kept.change.id,
        "order_id": order.id,
        "business_unit_id": order.business_unit_id,
        "supplier_id": order.supplier_id,
        "base_version": kept.change.base_version,
        "applied_version": kept.applied_version,
        "initiator": kept.change.initiator.value,
        "status": kept.change.status.value,
        "actions": [{**_json_of(action), "kind": _WORDS[type(action)]} for action in kept.change.actions],
        "agreed": to_json(kept.agreed),
        "needs_approval_for": list(kept.needs_approval_for),
        "proposed_by": kept.proposed_by,
        "proposed_by_person": kept.proposed_by_person,
        "proposed_at": kept.proposed_at,
    }
    tx.conn.execute(insert(CHANGE_ORDER), row)


def save_status(tx: Tx, change: ChangeOrder, applied_version: int | None = None) -> None:
    """Write where a change order stands."""
    values = {"status": change.status.value, "applied_version": applied_version, "settled_at": tx.now}
    tx.conn.execute(update(CHANGE_ORDER).where(CHANGE_ORDER.c.id == change.id).values(**values))


def load(tx: Tx, change_id: ChangeOrderId) -> KeptChange:
    """Return one change order; raises NotFound. Lock its order first: that also holds the change."""
    row = tx.conn.execute(select(CHANGE_ORDER).where(CHANGE_ORDER.c.id == change_id)).one_or_none()
    if row is None:
        raise NotFound(change_order=change_id)
    return _kept(row)


def of_order(tx: Tx, order_id: OrderId) -> list[KeptChange]:
    """Return the change orders of an order, the first one first."""
    query = select(CHANGE_ORDER).where(CHANGE_ORDER.c.order_id == order_id).order_by(CHANGE_ORDER.c.id)
    return [_kept(row) for row in tx.conn.execute(query)]


def _json_of(action: Action) -> dict[str, Any]:
    return {field.name: to_json(getattr(action, field.name)) for field in fields(action)}


def _kept(row: Row[Any]) -> KeptChange:
    change = ChangeOrder(
        id=ChangeOrderId(row.id),
        order_id=OrderId(row.order_id),
        base_version=row.base_version,
        actions=tuple(_action(action) for action in row.actions),
        initiator=Initiator(row.initiator),
        status=ChangeStatus(row.status),
    )
    return KeptChange(
        change=change,
        agreed=line_answers_from_json(row.agreed),
        needs_approval_for=tuple(row.needs_approval_for),
        proposed_by=row.proposed_by,
        proposed_by_person=row.proposed_by_person,
        proposed_at=row.proposed_at,
        applied_version=row.applied_version,
    )


_READ: Final[Mapping[str, Any]] = {
    "quantity": Decimal,
    "unit_price": Decimal,
    "need_by": date.fromisoformat,
    "item_id": lambda value: ItemId(UUID(value)),
}


def _action(stored: Mapping[str, Any]) -> Action:
    named: Sequence[tuple[str, Any]] = [(name, value) for name, value in stored.items() if name != "kind"]
    read = {name: _READ.get(name, _as_is)(value) if value is not None else None for name, value in named}
    return _ACTIONS[stored["kind"]](**read)


def _as_is(value: Any) -> Any:
    return value
