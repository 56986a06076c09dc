"""PO accuracy: how many issued lines we did not have to correct ourselves afterwards.

Source: domain.md 2, KPI 1; checklist.md S111. Changes that the supplier asked for are shown apart and spoil nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from purveyor.core.change import Initiator
from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.insight.figures import Counted, Period, Result, counts, in_order, share_figure
from purveyor.insight.log import by_stream, numbers, text

CORRECTED: Final = "corrected_by_us"
CHANGED_BY_SUPPLIER: Final = "changed_by_supplier"
RIGHT: Final = "right"


def accuracy(orders: Iterable[MeasuredOrder], rows: Iterable[EventRow], period: Period) -> Result:
    """Return the share of lines issued in the period that we never corrected, and of orders with all their lines right."""
    streams = by_stream(rows)
    issued = [order for order in orders if order.issued_at is not None and period.holds(order.issued_at)]
    counted = [row for order in issued for row in _lines(order, streams.get(order.id, ()))]
    wrong = [row for row in counted if row.why == CORRECTED]
    right_lines, all_lines = len(counted) - len(wrong), len(counted)
    touched = {row.order_id for row in counted}
    right_orders = len(touched) - len({row.order_id for row in wrong})
    return Result(
        numerator=right_lines,
        denominator=all_lines,
        figures=(share_figure("lines_right", right_lines, all_lines), share_figure("orders_right", right_orders, len(touched))),
        rows=in_order(counted),
        beside=counts(row.why for row in counted if row.why != RIGHT),
        provisional=any(order.is_open for order in issued),
    )


def _lines(order: MeasuredOrder, events: Sequence[EventRow]) -> Iterator[Counted]:
    ours, theirs = _changed(events, Initiator.US), _changed(events, Initiator.SUPPLIER)
    for number in sorted(order.issued_lines):
        why = CORRECTED if number in ours else CHANGED_BY_SUPPLIER if number in theirs else RIGHT
        assert order.issued_at is not None
        yield Counted(
            why=why,
            in_numerator=why != CORRECTED,
            at=order.issued_at,
            order_id=order.id,
            order_ref=order.order_ref,
            line_no=number,
            party=order.supplier,
            still_open=order.is_open,
            first=why != RIGHT,
        )


def _changed(events: Sequence[EventRow], initiator: Initiator) -> frozenset[int]:
    """Return the lines that applied change orders of one side changed."""
    asked = {
        text(row, "change_order_id")
        for row in events
        if row.type == "change_order.proposed" and text(row, "initiator") == initiator.value
    }
    applied = [row for row in events if row.type == "change_order.applied" and text(row, "change_order_id") in asked]
    return frozenset(number for row in applied for number in numbers(row, "changed_lines"))
