"""Exceptions about drafts the gate blocks: one per order and kind of cause, so that each cause reaches the role it belongs to.

They are opened when a draft is submitted and settle themselves when a later check no longer finds the cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from purveyor.app.approval_steps import dearest_category
from purveyor.app.cases import clear, open_case
from purveyor.core.cases import Evidence, ExceptionType, OpenCase
from purveyor.core.finding import Finding, Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import OrderId
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases
from purveyor.store.db import Tx

PREFIX: Final = "gate:"

_CAUSES: Final[Mapping[str, ExceptionType]] = {
    "PRICE_MISMATCH": ExceptionType.PRICE_MISMATCH,
    "PRICE_AMBIGUOUS": ExceptionType.AGREEMENT_MISMATCH,
    "PROBABLE_DUPLICATE": ExceptionType.PROBABLE_DUPLICATE,
    **dict.fromkeys(("QUANTITY_ANOMALY", "PACK_SLIP", "OVER_MAX", "ABOVE_MAX_ORDER_QTY"), ExceptionType.QUANTITY_ANOMALY),
}
"""Code of a blocking finding -> the type of exception it opens; every other code opens GATE_BLOCKED."""

_OWNED_ELSEWHERE: Final = frozenset({"CODE_UNMAPPED"})
"""Codes whose exception the quarantine opens, once for all orders that wait for the same code."""

_FIRST_THING_TO_DO: Final = {
    ExceptionType.QUANTITY_ANOMALY: "reduce_quantity",
    ExceptionType.PRICE_MISMATCH: "use_expected_price",
}
"""Resolution that is proposed when the gate knows the right figure."""


def gate_key(order_id: OrderId, kind: ExceptionType) -> str:
    """Return the natural key of the exception about one kind of cause on one order."""
    return f"{PREFIX}{order_id}:{kind.value}"


def update_gate_cases(tx: Tx, reports: Sequence[GateReport]) -> None:
    """Open an exception for every kind of cause that blocks one of these orders, and settle those whose cause is gone."""
    standing = {key: case for report in reports for key, case in _wanted(report).items()}
    for key in _known_keys(tx, [report.order.id for report in reports]):
        if key not in standing:
            clear(tx, key)
    for case in standing.values():
        open_case(tx, case)


def clear_gate_cases(tx: Tx, order_id: OrderId) -> None:
    """Settle every exception of the gate about an order that is no longer to be sent."""
    for key in _known_keys(tx, [order_id]):
        clear(tx, key)


def _known_keys(tx: Tx, order_ids: Sequence[OrderId]) -> list[str]:
    """Return the open keys about these orders in one query, whether they are one or many."""
    if not order_ids:
        return []
    wanted = tuple(f"{PREFIX}{order_id}:" for order_id in order_ids)
    found = cases.open_keys(tx, wanted[0] if len(wanted) == 1 else PREFIX)
    return [key for key in found if key.startswith(wanted)]


def _wanted(report: GateReport) -> dict[str, OpenCase]:
    causes: dict[ExceptionType, list[Finding]] = {}
    for finding in report.standing:
        if finding.severity is Severity.BLOCK and finding.code not in _OWNED_ELSEWHERE:
            causes.setdefault(_CAUSES.get(finding.code, ExceptionType.GATE_BLOCKED), []).append(finding)
    return {gate_key(report.order.id, kind): _case(report.order, kind, found) for kind, found in causes.items()}


def _case(order: PurchaseOrder, kind: ExceptionType, found: Sequence[Finding]) -> OpenCase:
    lines = {finding.line_no for finding in found}
    line_no = next(iter(lines)) if len(lines) == 1 else None
    line = None if line_no is None else order.line(line_no)
    return OpenCase(
        type=kind,
        natural_key=gate_key(order.id, kind),
        summary=f"The gate stopped {order.order_ref}: {', '.join(sorted({finding.code for finding in found}))}",
        order_id=order.id,
        line_no=line_no,
        business_unit_id=order.business_unit_id,
        supplier_id=order.supplier_id,
        category=dearest_category(order) if line is None else line.category,
        exposure=_exposure(order, found),
        evidence=tuple(_evidence(finding) for finding in found),
        proposed_resolution=_FIRST_THING_TO_DO.get(kind) if any(finding.suggestion for finding in found) else None,
    )


def _evidence(finding: Finding) -> Evidence:
    name = finding.code if finding.line_no is None else f"line {finding.line_no}: {finding.code}"
    return Evidence(name, (("expected", finding.expected), ("order", finding.actual)), differs=True)


def _exposure(order: PurchaseOrder, found: Sequence[Finding]) -> Money | None:
    """Return the money at stake: the largest exposure of each line, so that no money counts twice."""
    lines: dict[int | None, Decimal] = {}
    for finding in found:
        if finding.exposure is not None:
            lines[finding.line_no] = max(lines.get(finding.line_no, Decimal(0)), finding.exposure)
    return Money(sum(lines.values(), Decimal(0)), order.currency) if lines else None
