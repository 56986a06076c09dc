"""A supplier's proposal: what it changes, whether policy takes it without a buyer, and the change order it would become.

Zero percent means zero: a window of zero lets nothing through on that side, and no window is ever guessed.
Source: domain.md 1, "Auto-accept of supplier changes"; checklist.md S19.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.acknowledge import PROPOSALS, ZERO, Acknowledgment, AnswerPart, LineAnswer, Outcome, Standing
from purveyor.core.calendar import BusinessCalendar, business_days_between
from purveyor.core.change import Action, ChangeOrder, SetItem, SetPrice, SetQuantity, SplitLine
from purveyor.core.ids import ItemId
from purveyor.core.money import round_amount
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.parties import AnswerMode
from purveyor.core.policy.terms import AcceptanceWindow

AGREED_CHANNEL: Final = "change_order"
"""Channel of the answer we write ourselves when an order becomes what its supplier proposed."""


class Deviation(StrEnum):
    """What a proposal changes."""

    PRICE = "price"
    QUANTITY = "quantity"
    DATE = "date"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal read: what deviates and what of it is outside the window; quantities in the unit of the line.

    ``extra_cost`` is what it costs above the order (below zero when it saves), in the currency of the order.
    """

    line_no: int
    item: Standing
    deviations: tuple[Deviation, ...]
    outside: tuple[Deviation, ...]
    total_quantity: Decimal
    extra_cost: Decimal

    @property
    def acceptable(self) -> bool:
        """Say whether policy takes the proposal without a person."""
        return not self.outside


def read_proposal(
    order: PurchaseOrder,
    line: OrderLine,
    item: Standing,
    window: AcceptanceWindow,
    calendar: BusinessCalendar,
    promised: date | None,
) -> Proposal:
    """Compare a proposal with the line; ``promised`` is the delivery promised before it, if any."""
    parts = _proposed(item)
    total = _total(line, item)
    found: dict[Deviation, bool] = {}
    for part in parts:
        if part.outcome is Outcome.SUBSTITUTE:
            found[Deviation.ITEM] = False
        if part.unit_price is not None and part.unit_price != line.unit_price:
            found[Deviation.PRICE] = found.get(Deviation.PRICE, True) and _price_fits(line, part.unit_price, window)
        if part.promised_delivery is not None and _is_later(line, part.promised_delivery, promised):
            fits = _date_fits(line, part.promised_delivery, promised, window, calendar)
            found[Deviation.DATE] = found.get(Deviation.DATE, True) and fits
    if total != line.quantity:
        found[Deviation.QUANTITY] = abs(total - line.quantity) * 100 <= line.quantity * window.quantity_pct
    return Proposal(
        line_no=line.line_no,
        item=item,
        deviations=tuple(found),
        outside=tuple(kind for kind, fits in found.items() if not fits),
        total_quantity=total,
        extra_cost=_extra_cost(order, line, parts, total),
    )


def _proposed(item: Standing) -> tuple[AnswerPart, ...]:
    return tuple(part for part in item.parts if part.outcome in PROPOSALS)


def _total(line: OrderLine, item: Standing) -> Decimal:
    """What would be ordered: more than now when a change asks for it, less only when the whole answer is a change."""
    total = sum((part.quantity or ZERO for part in item.parts), ZERO)
    only_changes = all(part.outcome is Outcome.CHANGE for part in item.parts)
    restated = only_changes and item.answer.mode is AnswerMode.REPLACE
    return total if restated else max(total, line.quantity) if item.answer.mode is AnswerMode.REPLACE else line.quantity


def _price_fits(line: OrderLine, price: Decimal, window: AcceptanceWindow) -> bool:
    if line.unit_price is None:
        return False
    change = (price - line.unit_price) * 100
    return -line.unit_price * window.price_down_pct <= change <= line.unit_price * window.price_up_pct


def _is_later(line: OrderLine, delivery: date, promised: date | None) -> bool:
    baseline = promised or line.need_by
    return baseline is not None and delivery > baseline


def _date_fits(
    line: OrderLine, delivery: date, promised: date | None, window: AcceptanceWindow, calendar: BusinessCalendar
) -> bool:
    if window.before_need_by and line.need_by is not None and delivery > line.need_by:
        return False
    baseline = promised or line.need_by or delivery
    return business_days_between(calendar, baseline, delivery) <= window.later_business_days


def _extra_cost(order: PurchaseOrder, line: OrderLine, parts: Iterable[AnswerPart], total: Decimal) -> Decimal:
    if line.unit_price is None:
        return round_amount(ZERO, order.currency)
    price = line.unit_price
    dearer = sum(((part.unit_price - price) * (part.quantity or ZERO) for part in parts if part.unit_price is not None), ZERO)
    return round_amount((dearer + (total - line.quantity) * price) / line.price_per, order.currency)


@dataclass(frozen=True, slots=True)
class Plan:
    """What accepting a proposal does to the order, and what the supplier has thereby agreed to, line by line."""

    actions: tuple[Action, ...]
    answers: tuple[LineAnswer, ...]


def plan_for(
    order: PurchaseOrder, line: OrderLine, proposal: Proposal, standing: Iterable[Standing], substitute: ItemId | None = None
) -> Plan:
    """Return the change that accepting a proposal makes; without actions only a date differs and the order stays as it is.

    A price or item that holds for a part of the line gives that part a line of its own. ``standing`` are all answers in force;
    ``substitute`` is our item for what the supplier offers instead.
    """
    actions: list[Action] = []
    if proposal.total_quantity != line.quantity:
        actions.append(SetQuantity(line.line_no, proposal.total_quantity))
    agreed: dict[int, list[AnswerPart]] = {
        line.line_no: [part for item in standing if item is not proposal.item for part in item.parts]
    }
    remaining = proposal.total_quantity
    next_no = max(known.line_no for known in order.lines) + 1
    for part in proposal.item.parts:
        target = line.line_no
        quantity = part.quantity or ZERO
        if _is_special(part, line):
            if quantity < remaining:
                actions.append(_split(part, line, next_no, substitute))
                target, next_no, remaining = next_no, next_no + 1, remaining - quantity
            else:
                actions.extend(_whole(part, line, substitute))
        agreed.setdefault(target, []).append(_agreed(part))
    return Plan(tuple(actions), tuple(LineAnswer(number, tuple(parts)) for number, parts in agreed.items() if parts))


def _is_special(part: AnswerPart, line: OrderLine) -> bool:
    if part.outcome is Outcome.SUBSTITUTE:
        return True
    return part.outcome is Outcome.CHANGE and part.unit_price not in (None, line.unit_price)


def _split(part: AnswerPart, line: OrderLine, number: int, substitute: ItemId | None) -> SplitLine:
    other_item = part.outcome is Outcome.SUBSTITUTE
    return SplitLine(
        line_no=line.line_no,
        quantity=part.quantity or ZERO,
        new_line_no=number,
        unit_price=part.unit_price,
        item_id=substitute if other_item else None,
        item_code=part.item_code if other_item else None,
    )


def _whole(part: AnswerPart, line: OrderLine, substitute: ItemId | None) -> Iterable[Action]:
    if part.outcome is Outcome.SUBSTITUTE and part.item_code is not None:
        yield SetItem(line.line_no, substitute, part.item_code)
    if part.unit_price is not None and part.unit_price != line.unit_price:
        yield SetPrice(line.line_no, part.unit_price)


def _agreed(part: AnswerPart) -> AnswerPart:
    if part.outcome not in PROPOSALS:
        return part
    return AnswerPart(Outcome.ACCEPT, part.quantity, promised_ship=part.promised_ship, promised_delivery=part.promised_delivery)


def agreed_answer(
    after: PurchaseOrder, change: ChangeOrder, answers: tuple[LineAnswer, ...], agreed_at: datetime
) -> Acknowledgment:
    """Return the answer that stands once the order says what the supplier proposed: he need not be asked again."""
    return Acknowledgment(
        source="purveyor",
        channel=AGREED_CHANNEL,
        external_id=str(change.id),
        sent_at=agreed_at,
        version=after.version,
        known_version=after.version,
        lines=answers,
    )
