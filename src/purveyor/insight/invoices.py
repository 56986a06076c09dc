"""Invoice exception rate: how many invoices with an order behind them needed a person, and for which differences.

An invoice with two classes counts once in the rate and in both classes. Waiting for a receipt, small differences and favourable
prices that pass are shown beside. Source: domain.md 2, KPI 6; checklist.md S116.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from purveyor.core.matching import Outcome
from purveyor.core.measured import EventRow, MeasuredDocument
from purveyor.insight.figures import Counted, Figure, Period, Result, Unit, counts, in_order, share_figure
from purveyor.insight.log import by_stream, text, texts

EXCEPTION: Final = "with_exception"
CLEAN: Final = "without_exception"
DUPLICATE: Final = "DUPLICATE"
NOT_COUNTED: Final = "credit_or_without_order"
SUPERSEDED: Final = "replaced_by_a_revision"
WAITED: Final = "waited_for_receipt"

_STOPPED: Final = (Outcome.EXCEPTION.value, Outcome.REVIEW.value)
_PROCESSED: Final = ("invoice.matched", "invoice.suspected")


def invoice_exceptions(invoices: Iterable[MeasuredDocument], rows: Iterable[EventRow], period: Period) -> Result:
    """Return the share of invoices first matched in the period that had an exception, and how many by class."""
    streams = by_stream(rows)
    counted: list[Counted] = []
    classes: list[str] = []
    beside: list[str] = []
    for invoice in invoices:
        events = streams.get(invoice.ref.id, ())
        first = next((row.at for row in events if row.type in _PROCESSED), None)
        if first is None or not period.holds(first):
            continue
        if out := _left_out(invoice, events):
            beside.append(out)
            continue
        found = _classes(events)
        classes += found
        beside += _beside(invoice, events, found)
        counted.append(_row(invoice, first, found))
    wrong, total = sum(row.in_numerator for row in counted), len(counted)
    by_class = tuple(Figure("class", Unit.COUNT, Decimal(number), total, name) for name, number in counts(classes))
    return Result(wrong, total, (share_figure("with_exception", wrong, total), *by_class), in_order(counted), counts(beside))


def _left_out(invoice: MeasuredDocument, events: Sequence[EventRow]) -> str | None:
    if not invoice.counted:
        return NOT_COUNTED
    return SUPERSEDED if any(row.type == "invoice.superseded" for row in events) else None


def _classes(events: Sequence[EventRow]) -> list[str]:
    """Return the classes an invoice ever had an exception for, each once."""
    found: set[str] = set()
    for row in events:
        if row.type == "invoice.suspected":
            found.add(DUPLICATE)
        elif row.type == "invoice.matched" and text(row, "outcome") in _STOPPED:
            found.update(name.partition(":")[2] for name in texts(row, "mismatches"))
    return sorted(found)


def _beside(invoice: MeasuredDocument, events: Sequence[EventRow], found: Sequence[str]) -> list[str]:
    """Return what passed or waited on an invoice without any exception; one with an exception counts there alone."""
    if found:
        return []
    waited = any(text(row, "outcome") == Outcome.WAITING_RECEIPT.value for row in events if row.type == "invoice.matched")
    return [*([WAITED] if waited else []), *sorted(invoice.notes)]


def _row(invoice: MeasuredDocument, first: datetime, found: Sequence[str]) -> Counted:
    return Counted(
        why=EXCEPTION if found else CLEAN,
        in_numerator=bool(found),
        at=first,
        order_id=invoice.order_id,
        order_ref=invoice.order_ref,
        line_no=invoice.line_no,
        document=invoice.ref,
        name=invoice.name,
        party=invoice.partner,
        group=", ".join(found),
        first=bool(found),
    )
