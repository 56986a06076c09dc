"""What a supplier typed about each line, and the answer it comes to.

Entries keep the words as they were typed, so that a page with a mistake on it can be drawn again with everything still there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from starlette.datastructures import FormData

from purveyor.core.acknowledge import AnswerPart, LineAnswer, Outcome
from purveyor.core.order import OrderLine
from purveyor.store.views.supplier_view import LineStanding
from purveyor.web.entries import Unreadable, day_in, number_in
from purveyor.web.formats import number_text
from purveyor.web.i18n import marked

FEWEST_DELIVERIES: Final = 2
MOST_DELIVERIES: Final = 20
REASONS: Final[dict[str, str]] = {
    "out_of_stock": marked("Out of stock"),
    "discontinued": marked("No longer made"),
    "price": marked("Price no longer valid"),
    "minimum": marked("Below our minimum"),
    "other": marked("Another reason"),
}


class Choice(StrEnum):
    """What a supplier can say about a line; later and keep say nothing."""

    ACCEPT = "accept"
    DATES = "dates"
    CHANGE = "change"
    BACKORDER = "backorder"
    REJECT = "reject"
    LATER = "later"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One of several deliveries, as typed."""

    quantity: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class LineEntry:
    """Everything typed about a line; only what belongs to the choice counts. ``problem`` is what is wrong with it."""

    choice: Choice
    deliveries: tuple[Delivery, ...] = (Delivery(),) * FEWEST_DELIVERIES
    quantity: str = ""
    price: str = ""
    day: str = ""
    expected: str = ""
    reason: str = ""
    problem: str | None = None

    @property
    def touched(self) -> bool:
        """Say whether the supplier chose something else than what the page proposes."""
        return self.choice not in (Choice.ACCEPT, Choice.KEEP) or self.problem is not None


def proposed_entry(standing: LineStanding) -> LineEntry:
    """Return what the page proposes for a line: accept what waits, keep what was answered."""
    return LineEntry(Choice.ACCEPT if standing.waits_for_supplier else Choice.KEEP)


def read_entry(form: FormData, line_no: int, standing: LineStanding) -> LineEntry:
    """Read what was typed about a line; a line that is not on the form stays as the page proposes it."""

    def typed(name: str) -> str:
        value = form.get(f"line-{line_no}-{name}", "")
        return value[:100] if isinstance(value, str) else ""

    chosen = form.get(f"line-{line_no}")
    if chosen not in set(Choice):
        return proposed_entry(standing)
    count = FEWEST_DELIVERIES
    while count < MOST_DELIVERIES and f"line-{line_no}-quantity-{count + 1}" in form:
        count += 1
    deliveries = tuple(Delivery(typed(f"quantity-{number}"), typed(f"day-{number}")) for number in range(1, count + 1))
    return LineEntry(
        choice=Choice(str(chosen)),
        deliveries=deliveries,
        quantity=typed("new-quantity"),
        price=typed("new-price"),
        day=typed("new-day"),
        expected=typed("expected"),
        reason=typed("reason"),
    )


def with_another_delivery(entry: LineEntry) -> LineEntry:
    """Return the entry with room for one delivery more."""
    room = entry.deliveries if len(entry.deliveries) >= MOST_DELIVERIES else (*entry.deliveries, Delivery())
    return replace(entry, choice=Choice.DATES, deliveries=room)


class EntryProblem(ValueError):
    """What was typed about a line cannot be an answer; the text says why."""


def line_answer(line: OrderLine, entry: LineEntry, dates_are: str, _: Callable[[str], str]) -> LineAnswer | None:
    """Return the answer an entry comes to, None when it says nothing; raise EntryProblem.

    ``dates_are`` says what typed days mean: "delivery" (arrival at the ship-to site) or "ship".
    """
    readers: Mapping[Choice, Callable[[], tuple[AnswerPart, ...]]] = {
        Choice.ACCEPT: lambda: (AnswerPart(Outcome.ACCEPT),),
        Choice.DATES: lambda: _deliveries(line, entry, dates_are, _),
        Choice.CHANGE: lambda: (_change(line, entry, dates_are, _),),
        Choice.BACKORDER: lambda: (_dated(Outcome.BACKORDER, _read_day(entry.expected, _), dates_are),),
        Choice.REJECT: lambda: (AnswerPart(Outcome.REJECT, reason=entry.reason if entry.reason in REASONS else None),),
    }
    if entry.choice not in readers:
        return None
    return LineAnswer(line.line_no, readers[entry.choice]())


def _deliveries(line: OrderLine, entry: LineEntry, dates_are: str, _: Callable[[str], str]) -> tuple[AnswerPart, ...]:
    filled = [each for each in entry.deliveries if each.quantity.strip() or each.day.strip()]
    if not filled:
        raise EntryProblem(_("Enter a date, or a quantity and a date for each delivery."))
    parts = []
    for each in filled:
        quantity, day = _read_quantity(each.quantity, _), _read_day(each.day, _)
        if quantity is None and len(filled) > 1:
            raise EntryProblem(_("Enter the quantity of each delivery."))
        parts.append(_dated(Outcome.ACCEPT, day, dates_are, quantity))
    total = sum((part.quantity for part in parts if part.quantity is not None), Decimal(0))
    if total > line.quantity:
        raise EntryProblem(
            _("%(total)s confirmed, but only %(ordered)s ordered. To offer more, choose another quantity or price.")
            % {"total": number_text(total), "ordered": number_text(line.quantity)}
        )
    return tuple(parts)


def _change(line: OrderLine, entry: LineEntry, dates_are: str, _: Callable[[str], str]) -> AnswerPart:
    quantity, day = _read_quantity(entry.quantity, _), _read_day(entry.day, _)
    try:
        price = number_in(entry.price)
    except Unreadable as error:
        raise EntryProblem(_("This is no price: %(typed)s. Write it like 1036.80.") % {"typed": entry.price}) from error
    changed = quantity not in (None, line.quantity) or price not in (None, line.unit_price)
    if not changed and day is None:
        raise EntryProblem(_("Enter the quantity, the price or the date that you offer instead."))
    outcome = Outcome.CHANGE if changed else Outcome.ACCEPT
    return replace(_dated(outcome, day, dates_are, quantity), unit_price=price if price != line.unit_price else None)


def _dated(outcome: Outcome, day: date | None, dates_are: str, quantity: Decimal | None = None) -> AnswerPart:
    if dates_are == "ship":
        return AnswerPart(outcome, quantity, promised_ship=day)
    return AnswerPart(outcome, quantity, promised_delivery=day)


def _read_quantity(typed: str, _: Callable[[str], str]) -> Decimal | None:
    try:
        quantity = number_in(typed)
    except Unreadable as error:
        raise EntryProblem(_("This is no quantity: %(typed)s. Write it like 12 or 12.5.") % {"typed": typed}) from error
    if quantity == 0:
        raise EntryProblem(_("A quantity must be above zero. To deliver nothing, choose reject or not available now."))
    return quantity


def _read_day(typed: str, _: Callable[[str], str]) -> date | None:
    try:
        return day_in(typed)
    except Unreadable as error:
        raise EntryProblem(_("This is no date: %(typed)s. Write it like 2026-03-31.") % {"typed": typed}) from error
