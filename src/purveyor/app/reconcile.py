"""Compare what an ERP holds with what we hold, record by record, without taking anything over.

Runs over everything now and then, beside the feeds: what no feed told, for example a deletion or a change under an old stamp, is
found here and becomes an exception that names both values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from purveyor.app.cases import clear
from purveyor.app.drift import drift_case, drift_event, drift_key
from purveyor.app.erp_names import load_names
from purveyor.core.cases import ExceptionType
from purveyor.core.erp_records import ErpOrder
from purveyor.core.ids import ErpInstance, OrderId
from purveyor.core.intake import Drift, ErpState, FieldDifference, NewOrder, decide, differences, erp_state, order_from_record
from purveyor.core.lifecycle import Status
from purveyor.store import events, orders
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class Difference:
    """One order that differs, and how."""

    order_id: OrderId
    order_ref: str
    meaning: Drift
    fields: tuple[FieldDifference, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found: ``agreed`` orders say the same, ``unknown`` are ERP ids we hold nothing for."""

    agreed: int
    differing: tuple[Difference, ...]
    unknown: tuple[str, ...]


def compare(tx: Tx, erp: ErpInstance, records: Sequence[ErpOrder]) -> Comparison:
    """Compare ERP records with our orders; one that drifted opens an exception, one that agrees again settles it."""
    ids = orders.ids_by_erp(tx, erp, [record.external_id for record in records])
    known = orders.lock_many(tx, list(ids.values()))
    names = load_names(tx, erp, records)
    agreed, differing = 0, []
    for record in records:
        order = known.get(ids[record.external_id]) if record.external_id in ids else None
        mapped = names.mapped(record)
        if order is None or mapped is None:
            continue
        theirs = order_from_record(record, erp, mapped, NewOrder(order.id, order.order_ref, tx.now))
        meaning = decide(order, record, theirs)
        if meaning in (Drift.UNCHANGED, Drift.IGNORED):
            agreed += 1
            if order.status is not Status.CANCELLED or erp_state(record) is ErpState.GONE:
                clear(tx, drift_key(order, ExceptionType.ERP_DRIFT))
            continue
        found = differences(order, theirs)
        differing.append(Difference(order.id, order.order_ref, meaning, found))
        if meaning in (Drift.BYPASSED_GATE, Drift.ERP_DRIFT):
            drift_case(tx, order, meaning, found)
            events.append(tx, [drift_event(order, meaning, found, record)])
    unknown = tuple(record.external_id for record in records if record.external_id not in ids)
    return Comparison(agreed, tuple(differing), unknown)
