"""What a count says to people: the findings of a receipt, and the question that asks for a recount in the unit of the order.

Somebody who keys pieces where cartons are counted is asked "12 CT (144 EA)?" before anything is posted.
Source: domain.md 1, "Over-receipt"; worked cases OR06, OR14-OR17.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.core.canonical import plain_decimal
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.money import round_amount
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.quantity import UnitTable, as_decimal
from purveyor.core.receiving import Judged, ReceivingCode

_SEVERITY: Final = {
    ReceivingCode.HELD_RECOUNT: Severity.BLOCK,
    ReceivingCode.OVER_RECEIPT: Severity.APPROVE,
    ReceivingCode.DAMAGED: Severity.WARN,
}


def in_words(base_quantity: Decimal, uom: str | None, units: UnitTable) -> str:
    """Write a base quantity in a unit and, in brackets, in base units: ``12 CT (144 EA)``."""
    base = f"{plain_decimal(base_quantity)} {units.base_uom}"
    if uom is None or uom == units.base_uom or not units.knows(uom):
        return base
    return f"{plain_decimal(units.convert_decimal(base_quantity, units.base_uom, uom))} {uom} ({base})"


def likely_meant(number: Decimal, keyed_uom: str, wanted: Decimal, line_uom: str | None, units: UnitTable) -> Decimal | None:
    """Return the quantity (base units) that was probably counted when the unit was mistaken, None when no reading fits.

    A reading of the number in another unit of the item fits when it is whole units of the line and no more than is wanted;
    of several the largest is meant.
    """
    others = ({units.base_uom} | set(units.factors)) - {keyed_uom}
    readings = [units.convert(number, uom, units.base_uom) for uom in others]
    line_unit = units.ratio(line_uom, units.base_uom) if line_uom is not None and units.knows(line_uom) else Fraction(1)
    fitting = [reading for reading in readings if 0 < reading <= wanted and (reading / line_unit).denominator == 1]
    return as_decimal(max(fitting)) if fitting else None


def recount_question(number: Decimal, keyed_uom: str, wanted: Decimal, line_uom: str | None, units: UnitTable) -> str:
    """Return the question for the person at the dock, in the unit of the order.

    ``number`` and ``keyed_uom`` are what was keyed, ``wanted`` is what is still open, in base units.
    """
    meant = likely_meant(number, keyed_uom, wanted, line_uom, units)
    if meant is not None:
        return f"{in_words(meant, line_uom, units)}?"
    keyed = in_words(units.convert_decimal(number, keyed_uom, units.base_uom), line_uom, units)
    return f"{keyed} counted, {in_words(wanted, line_uom, units)} still to come. Count again?"


def receipt_findings(
    order: PurchaseOrder, line: OrderLine, judged: Judged, units: UnitTable, question: str, policy: str | None = None
) -> tuple[Finding, ...]:
    """Return what a person must decide about one judged count; exposure is the affected quantity at the order price."""
    amounts = {
        ReceivingCode.HELD_RECOUNT: (judged.held, question),
        ReceivingCode.OVER_RECEIPT: (
            judged.excess,
            "More came than may be accepted: accept the rest with a reason, or return it.",
        ),
        ReceivingCode.DAMAGED: (judged.rejected, "Damaged goods: ask for a replacement or for a credit note."),
    }
    return tuple(
        Finding(
            order_number=order.order_ref,
            line_no=line.line_no,
            rule="receiving",
            code=code.value,
            result=Result.FAIL,
            severity=_SEVERITY[code],
            section=Section.QUANTITY,
            message=amounts[code][1],
            expected=in_words(judged.open_quantity, line.uom, units),
            actual=in_words(amounts[code][0], line.uom, units),
            exposure=_value(amounts[code][0], line, order.currency, units),
            currency=order.currency,
            policy=policy,
        )
        for code in judged.codes
    )


def _value(base_quantity: Decimal, line: OrderLine, currency: str, units: UnitTable) -> Decimal | None:
    if line.uom is None or line.unit_price is None:
        return None
    quantity = units.convert_decimal(base_quantity, units.base_uom, line.uom)
    return round_amount(quantity * line.unit_price / line.price_per, currency)
