"""Missing data: everything a supplier needs to deliver is on the order, and everything missing is named at once.

Source: checklist S45. The first missing field never hides the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from purveyor.core.facts import FactKind
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.rules.base import LineCheck, OrderCheck, Rule
from purveyor.core.rules.wording import number

ORDER: Final = Rule("policy.order_complete", Section.POLICY, "Order has a supplier, lines and known codes", (FactKind.SUPPLIER,))
LINE: Final = Rule("policy.line_complete", Section.POLICY, "Line has item, quantity, unit, price, ship-to and need-by date")


def order_complete(at: OrderCheck) -> Iterator[Finding]:
    """Yield a finding for an unknown supplier, for an order without lines and for every code nobody has mapped."""
    if at.facts.supplier is None:
        message = f"Supplier {at.order.supplier_code} is not known here."
        yield at.finding(ORDER, "SUPPLIER_UNKNOWN", message, result=Result.NO_DATA, actual=at.order.supplier_code)
    if not any(not line.cancelled for line in at.order.lines):
        yield at.finding(ORDER, "NO_LINES", "The order has no line to buy.", result=Result.NO_DATA)
    for unmapped in sorted(at.facts.unmapped, key=lambda code: (code.entity, code.code, code.erp)):
        message = f"{unmapped.entity.capitalize()} {unmapped.code} of {unmapped.erp} is not mapped to anything here."
        yield at.finding(ORDER, "CODE_UNMAPPED", message, result=Result.NO_DATA, actual=unmapped.code)


def line_complete(at: LineCheck) -> Iterator[Finding]:
    """Yield one finding per missing or impossible field of the line."""
    line = at.line
    if at.item is None:
        message = f"Item {line.item_code} is not known here."
        yield at.finding(LINE, "ITEM_UNKNOWN", message, result=Result.NO_DATA, actual=line.item_code)
    if line.quantity <= 0:
        yield at.finding(LINE, "QUANTITY_INVALID", "The quantity must be more than zero.", actual=number(line.quantity))
    if not line.uom:
        yield at.finding(LINE, "UNIT_MISSING", "The unit of measure is missing.", result=Result.NO_DATA)
    if line.unit_price is None:
        yield at.finding(LINE, "UNIT_PRICE_MISSING", "The price is missing.", result=Result.NO_DATA)
    elif line.unit_price < 0:
        yield at.finding(LINE, "UNIT_PRICE_INVALID", "The price is below zero.", actual=number(line.unit_price))
    if not line.schedules or any(part.ship_to is None for part in line.schedules):
        yield at.finding(LINE, "SHIP_TO_MISSING", "The ship-to site is missing.", result=Result.NO_DATA)
    if not line.schedules or any(part.need_by is None for part in line.schedules):
        yield at.finding(LINE, "NEED_BY_MISSING", "The need-by date is missing.", result=Result.NO_DATA)
    yield from _passed(at)
    planned = _scheduled(at)
    if planned != line.quantity:
        message = "The schedules do not add up to the quantity of the line."
        yield at.finding(LINE, "SCHEDULES_UNEVEN", message, expected=number(line.quantity), actual=number(planned))


def _passed(at: LineCheck) -> Iterator[Finding]:
    """Yield NEED_BY_PAST for the first need-by date before today, as the calendar shows it at the site the goods go to."""
    now = at.whole.now
    for part in at.line.schedules:
        if part.need_by is None or part.need_by > now.date():  # no zone is a whole day ahead of UTC
            continue
        site = None if part.ship_to is None else at.whole.facts.sites.get(part.ship_to)
        today = now.date() if site is None else now.astimezone(ZoneInfo(site.time_zone)).date()
        if part.need_by < today:
            message = f"Needed by {part.need_by}, which has passed: today is {today}."
            yield at.finding(LINE, "NEED_BY_PAST", message, expected=f"{today} or later", actual=str(part.need_by))
            return


def _scheduled(at: LineCheck) -> Decimal:
    """What the schedules add up to; a line without any is named for its missing ship-to and date, not for its sum."""
    schedules = at.line.schedules
    if len(schedules) == 1:
        return schedules[0].quantity
    return sum((part.quantity for part in schedules), Decimal(0)) if schedules else at.line.quantity
