"""Reads and writes advisories: put on record once per version, line, site and model; changed only by a decision."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from purveyor.core.advisory import Advisory, AdvisoryState, inputs_from
from purveyor.core.errors import NotFound
from purveyor.core.ids import AdvisoryId, BusinessUnitId, ExceptionCaseId, OrderId
from purveyor.store.db import Tx
from purveyor.store.tables.advisories import ADVISORY

_PLAIN: Final = (
    *("id", "order_id", "order_version", "business_unit_id", "line_no", "site_code", "model", "model_version", "inputs_hash"),
    *("score", "threshold", "proposal", "reason", "advised_at", "case_id", "decided_by", "decided_at", "decision_reason"),
)


def to_row(advisory: Advisory) -> dict[str, Any]:
    """Write an advisory as a row."""
    plain = {name: getattr(advisory, name) for name in _PLAIN}
    inputs = advisory.inputs
    return {**plain, "site_id": inputs.site_id, "inputs": inputs.as_text(), "state": advisory.state.value}


def from_row(row: RowMapping) -> Advisory:
    """Read an advisory from a row; ``from_row(to_row(advisory)) == advisory``."""
    plain = {name: row[name] for name in _PLAIN}
    typed = {
        "id": AdvisoryId(row["id"]),
        "order_id": OrderId(row["order_id"]),
        "business_unit_id": BusinessUnitId(row["business_unit_id"]),
        "case_id": None if row["case_id"] is None else ExceptionCaseId(row["case_id"]),
    }
    return Advisory(**{**plain, **typed}, inputs=inputs_from(json.loads(row["inputs"])), state=AdvisoryState(row["state"]))


def add(tx: Tx, advisory: Advisory) -> bool:
    """Put an advisory on record unless one about the same version, line, site and model is; say whether it was put there."""
    statement = insert(ADVISORY).values(to_row(advisory)).on_conflict_do_nothing()
    return bool(tx.conn.execute(statement.returning(ADVISORY.c.id)).first())


def save_decision(tx: Tx, advisory: Advisory) -> None:
    """Keep what became of an advisory; what the model said is never written again."""
    row = to_row(advisory)
    decided = {name: row[name] for name in ("state", "decided_by", "decided_at", "decision_reason")}
    tx.conn.execute(update(ADVISORY).where(ADVISORY.c.id == advisory.id).values(decided))


def load(tx: Tx, advisory_id: AdvisoryId) -> Advisory:
    """Load one advisory. Raises NotFound."""
    row = tx.conn.execute(select(ADVISORY).where(ADVISORY.c.id == advisory_id)).mappings().first()
    if row is None:
        raise NotFound(kind="advisory", id=str(advisory_id))
    return from_row(row)


def of_case(tx: Tx, case_id: ExceptionCaseId) -> Advisory | None:
    """Return the advisory an exception asks about; None when it asks about something else."""
    row = tx.conn.execute(select(ADVISORY).where(ADVISORY.c.case_id == case_id)).mappings().first()
    return None if row is None else from_row(row)


def of_orders(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, tuple[Advisory, ...]]:
    """Return all advisories about some orders, the earliest first; orders without any are left out."""
    found: dict[OrderId, tuple[Advisory, ...]] = {}
    if not order_ids:
        return found
    query = select(ADVISORY).where(ADVISORY.c.order_id == func.any(bindparam("ids"))).order_by(ADVISORY.c.id)
    for row in tx.conn.execute(query, {"ids": list(order_ids)}).mappings():
        advisory = from_row(row)
        found[advisory.order_id] = (*found.get(advisory.order_id, ()), advisory)
    return found
