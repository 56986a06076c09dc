"""What all answers to an order mean for the order as a whole: which can be used, where it stands, what is still to be asked.

Kept apart from the folding of one line because these questions are asked of a whole order.
Source: worked cases AV*; checklist.md S46, S99.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from purveyor.core.acknowledge import (
    NOT_APPLICABLE,
    Acknowledgment,
    AnswerPart,
    ApplyResult,
    LineAnswer,
    LineFold,
    LineState,
    Outcome,
    Reminders,
    Verdicts,
    fold_line,
)
from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.quantity import UnitTable


def validate(answer: Acknowledgment, order: PurchaseOrder) -> None:
    """Refuse an answer that no version of the order could have: raises InvalidInput or UnknownReference, naming the field."""
    if answer.technical:
        return
    if answer.header is None and not answer.lines:
        raise InvalidInput(field="lines", problem="neither the order nor a line is answered")
    if answer.header not in (None, Outcome.ACCEPT, Outcome.REJECT):
        raise InvalidInput(field="header", problem="only accept or reject can answer a whole order")
    if answer.version < 1:
        raise InvalidInput(field="version", problem="versions start at 1")
    repeated = [number for number, times in Counter(item.line_no for item in answer.lines).items() if times > 1]
    if repeated:
        raise InvalidInput(field="lines", problem="a line is answered twice", line_no=repeated[0])
    for item in answer.lines:
        if order.line(item.line_no) is None:
            raise UnknownReference(field="line_no", line_no=item.line_no)
        _validate_parts(item)


def _validate_parts(item: LineAnswer) -> None:
    if not item.parts:
        raise InvalidInput(field="parts", problem="the answer is empty", line_no=item.line_no)
    if sum(part.quantity is None for part in item.parts) > 1:
        raise InvalidInput(field="quantity", problem="only one part may be without a quantity", line_no=item.line_no)
    for part in item.parts:
        if part.quantity is not None and not (part.quantity.is_finite() and part.quantity > 0):
            raise InvalidInput(field="quantity", problem="a quantity must be above zero", line_no=item.line_no)
        if part.unit_price is not None and not (part.unit_price.is_finite() and part.unit_price >= 0):
            raise InvalidInput(field="unit_price", problem="a price must not be negative", line_no=item.line_no)
        if part.outcome is Outcome.SUBSTITUTE and not part.item_code:
            raise InvalidInput(field="item_code", problem="a substitute must be named", line_no=item.line_no)


def in_line_unit(answer: LineAnswer, line: OrderLine, units: UnitTable) -> LineAnswer:
    """Return the answer with every quantity and price in the unit of the line; raises UnknownUnit."""

    def converted(part: AnswerPart) -> AnswerPart:
        if part.uom is None or line.uom is None or part.uom == line.uom:
            return replace(part, uom=line.uom)
        quantity = None if part.quantity is None else units.convert_decimal(part.quantity, part.uom, line.uom)
        price = None if part.unit_price is None else units.convert_decimal(part.unit_price, line.uom, part.uom)
        return replace(part, quantity=quantity, unit_price=price, uom=line.uom)

    return replace(answer, parts=tuple(converted(part) for part in answer.parts))


def fold_order(
    order: PurchaseOrder,
    answers: Sequence[Acknowledgment],
    verdicts: Verdicts | None = None,
    added_in: Mapping[int, int] | None = None,
) -> dict[int, LineFold]:
    """Fold all answers into every line; ``added_in`` names the version that brought a line, the first one unless listed."""
    first = order.first_issued_version or 1
    came_with = added_in or {}
    return {
        line.line_no: fold_line(line, answers, verdicts, added_in=came_with.get(line.line_no, 1), first_sent=first)
        for line in order.lines
    }


def is_answered(folds: Mapping[int, LineFold]) -> bool:
    """Say whether nothing on the order is unanswered; a cancelled line needs no answer."""
    return all(fold.balance.unanswered == 0 for fold in folds.values())


def results_of(folds: Mapping[int, LineFold], place: int) -> dict[int, ApplyResult]:
    """Return what became of one answer, line by line; ``place`` is its position among the folded answers."""
    return {number: result for number, fold in folds.items() if (result := fold.results[place]) is not None}


def overall(results: Mapping[int, ApplyResult]) -> ApplyResult:
    """Return one word for a whole acknowledgment: what could not be applied first, then applied, then duplicate."""
    for word in (*sorted(NOT_APPLICABLE), ApplyResult.APPLIED, ApplyResult.DUPLICATE):
        if word in results.values():
            return word
    return ApplyResult.IGNORED_TECHNICAL


def asks_about(
    order: PurchaseOrder, answer: Acknowledgment, folds: Mapping[int, LineFold], added_in: Mapping[int, int] | None = None
) -> tuple[int, ...]:
    """Return the lines the supplier must be asked about because his answer cites an older version.

    These are the lines changed, removed or added since, unless their present version is answered already.
    """
    if answer.technical or answer.version >= answer.known_version:
        return ()
    came_with = added_in or {}
    return tuple(
        line.line_no
        for line in order.lines
        if max(line.changed_in_version, came_with.get(line.line_no, 1)) > answer.version
        and (folds[line.line_no].state is LineState.CANCELLED or folds[line.line_no].balance.unanswered > 0)
    )


def reminders(fold: LineFold, *, exception_open: bool) -> Reminders:
    """Say whether the supplier is reminded of a line: not when all is answered, not while an answer of his waits for us."""
    if fold.balance.unanswered == 0:
        return Reminders.NONE
    return Reminders.STOPPED if exception_open else Reminders.RUNNING
