"""What ends with an order that is cancelled: the questions about it, and what supplier, warehouse and ERP still expect.

No ERP is asked to cancel by us; there an exception names what a person has to do, and ends when the ERP says it is done.
"""

from __future__ import annotations

from purveyor.app import advise, change, dispatch
from purveyor.app.cases import clear, open_case
from purveyor.app.drift import drift_key
from purveyor.app.quarantine import let_go
from purveyor.core.cases import LOST_WITH_ORDER, ExceptionType, OpenCase, compared
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases
from purveyor.store.cases import MOST_LISTED, CaseFilter
from purveyor.store.db import Tx


def end_with_order(tx: Tx, before: PurchaseOrder, cancelled: PurchaseOrder) -> None:
    """Settle the questions a cancelled order leaves without object and tell everybody who knows of the order.

    The caller holds the order's lock and has taken back what was not sent.
    """
    for case in cases.listed(tx, CaseFilter(order_id=cancelled.id), limit=MOST_LISTED):
        if case.type in LOST_WITH_ORDER:
            clear(tx, case.natural_key)
    advise.end_with_order(tx, cancelled.id)
    change.withdraw_open(tx, cancelled)
    let_go(tx, cancelled)
    dispatch.call_off(tx, cancelled)
    if before.status in WITH_SUPPLIER and cancelled.erp is not None:
        _still_placed_in_erp(tx, before, cancelled)


def _still_placed_in_erp(tx: Tx, before: PurchaseOrder, cancelled: PurchaseOrder) -> None:
    number = cancelled.erp.number if cancelled.erp else None
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.ERP_DRIFT,
            natural_key=drift_key(cancelled, ExceptionType.ERP_DRIFT),
            summary=f"{cancelled.order_ref} was cancelled here; cancel {number or 'it'} in the ERP too, it still stands there.",
            order_id=cancelled.id,
            business_unit_id=cancelled.business_unit_id,
            supplier_id=cancelled.supplier_id,
            evidence=(compared("status", purveyor=cancelled.status.value, erp=before.status.value),),
            proposed_resolution="push_ours",
        ),
    )
