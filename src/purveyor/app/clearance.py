"""The gate and the submission behind it in one step, for every path on which a draft came to be or changed.

A blocked order opens one exception that names its dearest finding; it ends by itself when nothing blocks any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from purveyor.app import advise
from purveyor.app.approval_steps import dearest_category
from purveyor.app.cases import clear, open_case
from purveyor.app.gate import check_orders
from purveyor.app.submit import Checked, submit_checked
from purveyor.core.cases import Evidence, ExceptionType, OpenCase
from purveyor.core.finding import Finding, Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import OrderId
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import case_keys
from purveyor.store.db import Tx

_TYPES: Final = {
    "PRICE_MISMATCH": ExceptionType.PRICE_MISMATCH,
    "PRICE_KEYING": ExceptionType.PRICE_MISMATCH,
    "PROBABLE_DUPLICATE": ExceptionType.PROBABLE_DUPLICATE,
    "PACK_SLIP": ExceptionType.QUANTITY_ANOMALY,
    "QUANTITY_ANOMALY": ExceptionType.QUANTITY_ANOMALY,
    "CODE_UNMAPPED": ExceptionType.UNMAPPED_CODE,
}
"""Type of the exception by the code of the dearest finding that blocks; everything else is GATE_BLOCKED."""


def submit_all(tx: Tx, drafts: Sequence[PurchaseOrder]) -> list[PurchaseOrder]:
    """Check locked drafts and submit those that nothing blocks; returns every order as it stands afterwards.

    Raises what ``submit_checked`` raises.
    """
    reports = check(tx, drafts)
    return submit_checked(tx, [Checked(order, reports[order.id]) for order in drafts]) if drafts else []


def check(tx: Tx, orders: Sequence[PurchaseOrder]) -> dict[OrderId, GateReport]:
    """Check locked orders at the gate; blocked ones open an exception, the others settle theirs; suggestions follow along."""
    reports = check_orders(tx, orders)
    settled = {blocked_key(order.id) for order in orders if not reports[order.id].blocked}
    open_before = case_keys.open_among(tx, settled)
    for order in orders:
        report = reports[order.id]
        if report.blocked:
            open_case(tx, _blocked(order, report))
        elif blocked_key(order.id) in open_before:
            clear(tx, blocked_key(order.id))
    advise.follow(tx, reports)
    return reports


def blocked_key(order_id: OrderId) -> str:
    """Return the natural key of the exception that the gate stops an order."""
    return f"gate_blocked:{order_id}"


def _blocked(order: PurchaseOrder, report: GateReport) -> OpenCase:
    blocking = [finding for finding in report.standing if finding.severity is Severity.BLOCK]
    first = blocking[0]
    exposure = first.exposure
    return OpenCase(
        type=_TYPES.get(first.code, ExceptionType.GATE_BLOCKED),
        natural_key=blocked_key(order.id),
        summary=f"{order.order_ref}: {first.message}",
        order_id=order.id,
        line_no=first.line_no,
        business_unit_id=order.business_unit_id,
        supplier_id=order.supplier_id,
        category=dearest_category(order),
        owner_id=order.buyer_id,
        exposure=None if exposure is None else Money(exposure, first.currency or order.currency),
        evidence=tuple(_evidence(finding) for finding in blocking),
        proposed_resolution=first.suggestion,
    )


def _evidence(finding: Finding) -> Evidence:
    place = finding.code if finding.line_no is None else f"line {finding.line_no} {finding.code}"
    return Evidence(place, (("order", finding.actual), ("expected", finding.expected)), differs=True)
