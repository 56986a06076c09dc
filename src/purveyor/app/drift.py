"""The question that an ERP record differs from what was agreed: both values side by side, and somebody who owns it.

BYPASSED_GATE: placed in the ERP without our approval; it is not sent. ERP_DRIFT: changed there after it was issued; take the
ERP's change, push ours, or decide otherwise (checklist.md S100).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from purveyor.app.cases import open_case
from purveyor.core.cases import Evidence, ExceptionCase, ExceptionType, OpenCase
from purveyor.core.erp_records import ErpOrder
from purveyor.core.events.base import Ref
from purveyor.core.events.order import ErpDriftFound, order_stream
from purveyor.core.intake import Drift, FieldDifference
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import events
from purveyor.store.db import Tx

_TYPES: Final = {Drift.BYPASSED_GATE: ExceptionType.BYPASSED_GATE, Drift.ERP_DRIFT: ExceptionType.ERP_DRIFT}


def drift_case(tx: Tx, order: PurchaseOrder, meaning: Drift, found: Sequence[FieldDifference]) -> ExceptionCase:
    """Open the exception about an order that differs from its ERP; without differing fields it is gone or placed there."""
    kind = _TYPES[meaning]
    fields = ", ".join(one.path for one in found)
    if meaning is Drift.BYPASSED_GATE:
        said = f"{order.order_ref} was placed in the ERP without approval" + (f"; {fields} differ from ours" if found else "")
    else:
        said = f"{order.order_ref} was changed in the ERP after it was issued: {fields or 'it is gone there'}"
    return open_case(
        tx,
        OpenCase(
            type=kind,
            natural_key=drift_key(order, kind),
            summary=said,
            order_id=order.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            exposure=Money(order.total, order.currency) if order.total is not None else None,
            evidence=tuple(Evidence(one.path, (("purveyor", one.ours), ("erp", one.theirs)), differs=True) for one in found),
        ),
    )


def drift_key(order: PurchaseOrder, kind: ExceptionType) -> str:
    """Return the natural key of the exception: one per order and kind, however often the ERP is read."""
    return f"{kind.value.lower()}:{order.id}"


def drift_event(order: PurchaseOrder, meaning: Drift, found: Sequence[FieldDifference], record: ErpOrder | None) -> ErpDriftFound:
    """Return the event that the ERP's record differs; values stay in the exception."""
    return ErpDriftFound(
        stream=order_stream(order.id),
        refs=(Ref(events.UNIT_REF, order.business_unit_id),),
        code=_TYPES[meaning].value,
        fields=tuple(one.path for one in found),
        erp=order.erp.instance if order.erp else "",
        erp_version=record.version if record else None,
        content_hash=record.content_hash if record else None,
    )
