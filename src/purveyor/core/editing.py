"""What a buyer may change on an order that has not left, and what accepting the gate's suggestion changes.

Any edit makes a new version, even one cent, so no approval of an earlier one holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from purveyor.core.errors import InvalidInput, NotFound
from purveyor.core.finding import Finding
from purveyor.core.ids import SiteId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule, advance, new_version
from purveyor.core.quantity import UnitTable


@dataclass(frozen=True, slots=True)
class LineEdit:
    """What changes on one line; None leaves a field as it is. ``schedules`` replaces all of them and their sum is the quantity.

    Quantities are in the unit of the line after the edit.
    """

    quantity: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    need_by: date | None = None
    ship_to: SiteId | None = None
    schedules: tuple[Schedule, ...] | None = None
    removed: bool = False


@dataclass(frozen=True, slots=True)
class EditOrder:
    """Command: change lines and header terms of an order; ``row_version`` is what the buyer saw."""

    row_version: int
    lines: Mapping[int, LineEdit] = field(default_factory=dict)
    payment_terms: str | None = None
    freight_term: str | None = None
    fob_point: str | None = None
    incoterm: str | None = None
    freight_ceiling: Decimal | None = None


_QUANTITY: Final = frozenset({"MOQ", "MULTIPLE", "PACK_SLIP", "OVER_MAX", "ABOVE_MAX_ORDER_QTY", "QUANTITY_ANOMALY"})
_PRICE: Final = frozenset({"PRICE_MISMATCH", "PRICE_KEYING"})
_DATE: Final = frozenset({"LEAD_TIME_RISK"})
_TERMS: Final = ("payment_terms", "freight_term", "fob_point", "incoterm", "freight_ceiling")


def edit(order: PurchaseOrder, command: EditOrder) -> PurchaseOrder:
    """Return the order after an edit: a draft in a new version, or unchanged when the edit says what it says already.

    Raises NotFound for an unknown line, InvalidInput for values that cannot be ordered, IllegalTransition after issue.
    """
    for line_no in command.lines:
        if order.line(line_no) is None:
            raise NotFound(order_ref=order.order_ref, line_no=line_no)
    lines = tuple(_edited(line, command.lines[line.line_no]) if line.line_no in command.lines else line for line in order.lines)
    if all(line.cancelled for line in lines):
        raise InvalidInput(field="lines", reason="an order needs at least one line; cancel the order instead")
    terms = {name: getattr(command, name) for name in _TERMS if getattr(command, name) is not None}
    draft = advance(order, Verb.EDIT, Status.DRAFT)
    after = new_version(draft, replace(draft, lines=lines, **terms))
    return order if after.version == order.version else after


def _edited(line: OrderLine, change: LineEdit) -> OrderLine:
    if change.removed:
        return replace(line, cancelled=True)
    if change.unit_price is not None and change.unit_price < 0:
        raise InvalidInput(field="unit_price", line_no=line.line_no, reason="a price cannot be negative")
    schedules = _schedules(line, change)
    return replace(
        line,
        schedules=schedules,
        quantity=sum((part.quantity for part in schedules), Decimal(0)),
        uom=line.uom if change.uom is None else change.uom,
        unit_price=line.unit_price if change.unit_price is None else change.unit_price,
    )


def _schedules(line: OrderLine, change: LineEdit) -> tuple[Schedule, ...]:
    parts = line.schedules if change.schedules is None else change.schedules
    if change.quantity is not None:
        if len(parts) != 1:
            raise InvalidInput(field="quantity", line_no=line.line_no, reason="the line has several schedules; change them")
        parts = (replace(parts[0], quantity=change.quantity),)
    if change.need_by is not None:
        parts = tuple(replace(part, need_by=change.need_by) for part in parts)
    if change.ship_to is not None:
        parts = tuple(replace(part, ship_to=change.ship_to) for part in parts)
    if not parts or any(part.quantity <= 0 for part in parts):
        raise InvalidInput(field="quantity", line_no=line.line_no, reason="a quantity must be above zero")
    return parts


def suggested_edit(line: OrderLine, finding: Finding, units: UnitTable | None) -> LineEdit:
    """Turn the gate's suggestion into the edit that follows it; ``units`` converts one that is in another unit than the line.

    Raises InvalidInput when the finding suggests nothing that can be taken over as it is.
    """
    suggested = (finding.suggestion or "").split()
    try:
        if finding.code in _QUANTITY and len(suggested) == 2:
            return LineEdit(quantity=_in_unit_of(line, _number(suggested[0]), suggested[1], units))
        if finding.code in _PRICE and len(suggested) == 4:
            return LineEdit(unit_price=_number(suggested[0]) * line.price_per)
        if finding.code in _DATE and suggested:
            return LineEdit(need_by=date.fromisoformat(suggested[0]))
    except (InvalidOperation, ValueError) as error:
        raise InvalidInput(field="suggestion", reason=f"{finding.suggestion!r} cannot be read") from error
    raise InvalidInput(field="suggestion", reason=f"{finding.code} suggests nothing that can be taken over")


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


def _in_unit_of(line: OrderLine, quantity: Decimal, uom: str, units: UnitTable | None) -> Decimal:
    if uom == line.uom or line.uom is None:
        return quantity
    if units is None:
        raise InvalidInput(field="uom", reason=f"{uom} cannot be converted to {line.uom}")
    return units.convert_decimal(quantity, uom, line.uom)
