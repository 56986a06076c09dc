"""Exceptions that counts at the dock open and clear: held for a recount, more than ordered, damaged, less than announced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from purveyor.app.cases import clear, open_case
from purveyor.app.posting import PostedCount
from purveyor.app.progress import items_of, units_of
from purveyor.core.cases import ExceptionType, OpenCase, compared
from purveyor.core.finding import Finding
from purveyor.core.ids import ReceiptId
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.core.receiving import ReceivingCode
from purveyor.core.recount import receipt_findings, recount_question
from purveyor.store.db import Tx

TYPES: Final = {
    ReceivingCode.HELD_RECOUNT: (ExceptionType.HELD_RECOUNT, "count_corrected"),
    ReceivingCode.OVER_RECEIPT: (ExceptionType.OVER_RECEIPT, "return_surplus"),
    ReceivingCode.DAMAGED: (ExceptionType.DAMAGED_RECEIPT, "return_goods"),
}


def receipt_key(code: ReceivingCode, receipt_id: ReceiptId, line_no: int) -> str:
    """Return the natural key of the exception about one line of one receipt."""
    return f"{TYPES[code][0].value}:{receipt_id}:{line_no}"


def questions(tx: Tx, order: PurchaseOrder, posted: Iterable[PostedCount]) -> dict[tuple[ReceiptId, int], str]:
    """Return what the dock is asked about each held count, by receipt and number of the count."""
    items = items_of(tx, [order])
    asked = {}
    for each in posted:
        line = order.line(each.count.place.line_no)
        if line is not None and each.judged.held:
            units = units_of(line, items)
            keyed_uom = each.count.keyed_uom or units.base_uom
            question = recount_question(each.count.keyed, keyed_uom, each.judged.open_quantity, line.uom, units)
            asked[(each.receipt.id, each.count.number)] = question
    return asked


def review(tx: Tx, order: PurchaseOrder, posted: Sequence[PostedCount]) -> None:
    """Open an exception for what a person must decide about each count, and clear what is settled by a later document."""
    items = items_of(tx, [order])
    asked = questions(tx, order, posted)
    replaced = {(each.count.recount_of, each.count.place) for each in posted if each.count.recount_of is not None}
    for each in posted:
        line = order.line(each.count.place.line_no)
        assert line is not None
        number = line.line_no
        settled = (each.receipt.id, each.count.place) in replaced
        units = units_of(line, items)
        question = asked.get((each.receipt.id, each.count.number), "")
        found = () if settled else receipt_findings(order, line, each.judged, units, question)
        named = {ReceivingCode(finding.code): finding for finding in found}
        for code in TYPES:
            if code in named:
                _open(tx, order, each, code, named[code])
            else:
                clear(tx, receipt_key(code, each.receipt.id, number))


def _open(tx: Tx, order: PurchaseOrder, each: PostedCount, code: ReceivingCode, finding: Finding) -> None:
    type_, proposed = TYPES[code]
    line = order.line(each.count.place.line_no)
    open_case(
        tx,
        OpenCase(
            type=type_,
            natural_key=receipt_key(code, each.receipt.id, each.count.place.line_no),
            summary=finding.message,
            order_id=order.id,
            line_no=each.count.place.line_no,
            receipt_id=each.receipt.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=None if line is None else line.category,
            exposure=None if finding.exposure is None else Money(finding.exposure, order.currency),
            evidence=(compared("quantity", order=finding.expected, receipt=finding.actual),),
            proposed_resolution=proposed,
        ),
    )
